//! `PATCH /scim/v2/Groups/{id}`: all operations or none. Each goes to the database as it is, so that adding one member to a
//! group of 10,000 reads none of them.
//!
//! Entra wants 204 and lists the members it removes; Okta sends `{id, displayName}` without a path with every change.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use kernel::db::OrgTx;
use kernel::ids::{MemberId, TeamId};
use serde_json::Value;
use shell::auth::permission::Scim;
use shell::{Allowed, Path as Id};

use super::{Tally, draft, finish, known, lock, resource};
use crate::origin::Origin;
use crate::scim::answer::{self, Answer, Object};
use crate::scim::etag::Versions;
use crate::scim::filter::{self, Filter, Literal, Op, Path};
use crate::scim::patch::{self, Operation, Verb};
use crate::scim::projection::Projection;
use crate::scim::schema::{Attr, GROUPS, Place};
use crate::scim::{Base, ScimError};
use crate::store::teams::{self, Named};

pub(crate) async fn patch(
    State(base): State<Base>,
    by: Allowed<Scim>,
    Id(id): Id<String>,
    (origin, versions, projection): (Origin, Versions, Projection),
    Object(body): Object,
) -> Answer {
    let mut tx = by.tx().await?;
    let before = lock(&mut tx, &id, &versions).await?;
    let mut change = Change {
        team: before.id,
        name: before.name.clone(),
        external_id: before.external_id.clone(),
        tally: Tally::default(),
        base: base.as_str(),
    };
    for op in patch::operations(&body)? {
        change.apply(&mut tx, op).await?;
    }
    let Change { name, external_id, mut tally, .. } = change;
    tally.named = name != before.name || external_id != before.external_id;
    finish(&mut tx, &before, (&name, external_id.as_deref()), tally, by.actor(), &origin).await?;
    if !projection.is_asked() {
        tx.commit().await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let team = teams::find(&mut tx, before.id).await?.ok_or_else(|| ScimError::missing("group"))?;
    let members = if projection.gives("members") { Some(teams::named(&mut tx, team.id).await?) } else { None };
    tx.commit().await?;
    let group = resource::render(&team, members.as_deref(), base.as_str());
    Ok(answer::cut(StatusCode::OK, group, &projection, &GROUPS))
}

/// A group while operations are applied to it.
struct Change<'a> {
    team: TeamId,
    name: String,
    external_id: Option<String>,
    tally: Tally,
    base: &'a str,
}

impl Change<'_> {
    async fn apply(&mut self, tx: &mut OrgTx, op: Operation) -> Result<(), ScimError> {
        let Operation { verb, path, value } = op;
        if let Some(path) = path {
            return self.at(tx, &path, verb, &value, true).await;
        }
        let Value::Object(fields) = value else { return Ok(()) };
        for (key, value) in &fields {
            if let Ok(path) = filter::path(key) {
                self.at(tx, &path, verb, value, false).await?;
            }
        }
        Ok(())
    }

    async fn at(
        &mut self,
        tx: &mut OrgTx,
        path: &Path,
        verb: Verb,
        value: &Value,
        named: bool,
    ) -> Result<(), ScimError> {
        let nowhere = || ScimError::bad("invalidPath", format!("there is no attribute {path} to change"));
        let attr = match GROUPS.place(path.schema.as_deref(), &path.name) {
            Some(Place::Core(attr)) => attr,
            None if named => return Err(nowhere()),
            Some(_) | None => return Ok(()),
        };
        match (attr.name, &path.filter, &path.sub) {
            ("displayName", None, None) => match verb {
                Verb::Remove => return Err(ScimError::bad("mutability", "displayName is required")),
                Verb::Add | Verb::Replace => self.name = draft::name(value)?,
            },
            ("externalId", None, None) => match verb {
                Verb::Remove => self.external_id = None,
                Verb::Add | Verb::Replace => self.external_id = draft::external_id(value)?,
            },
            ("members", None, None) => self.members(tx, verb, value).await?,
            ("members", Some(filter), None) if verb == Verb::Remove => {
                let chosen = self.chosen(tx, filter, attr).await?;
                self.tally.removed += teams::take(tx, self.team, &chosen).await?;
            }
            ("members", ..) => {
                return Err(ScimError::bad("mutability", "a member is put in or taken out, not changed"));
            }
            ("id" | "schemas" | "meta", ..) if named => {
                return Err(ScimError::bad("mutability", format!("{path} is read-only")));
            }
            ("id" | "schemas" | "meta", ..) => {}
            _ => return Err(nowhere()),
        }
        Ok(())
    }

    async fn members(&mut self, tx: &mut OrgTx, verb: Verb, value: &Value) -> Result<(), ScimError> {
        if verb == Verb::Remove && value.is_null() {
            self.tally.removed += teams::keep_only(tx, self.team, &[]).await?;
            return Ok(());
        }
        let named = draft::members(value)?;
        let listed = draft::ids(&named);
        if verb == Verb::Remove {
            self.tally.removed += teams::take(tx, self.team, &listed).await?;
            return Ok(());
        }
        known(tx, &listed).await?;
        if verb == Verb::Replace {
            self.tally.removed += teams::keep_only(tx, self.team, &listed).await?;
        }
        self.tally.added += teams::put_named(tx, self.team, &named, verb == Verb::Replace).await?;
        Ok(())
    }

    /// The members that a filter in brackets chooses; for ids alone nobody is read.
    async fn chosen(&self, tx: &mut OrgTx, filter: &Filter, attr: &'static Attr) -> Result<Vec<MemberId>, ScimError> {
        if let Some(ids) = ids(filter) {
            return Ok(ids);
        }
        let all = teams::named(tx, self.team).await?;
        let fits = |named: &&Named| filter::matches_element(filter, &resource::member(named, self.base), attr);
        Ok(all.iter().filter(fits).map(|named| named.member).collect())
    }
}

/// The ids of `value eq "…" or value eq "…"`; none for another filter.
fn ids(filter: &Filter) -> Option<Vec<MemberId>> {
    match filter {
        Filter::Or(left, right) => {
            let mut all = ids(left)?;
            all.extend(ids(right)?);
            Some(all)
        }
        Filter::Compare(path, Op::Eq, Literal::Text(text)) if is_value(path) => {
            // An id that does not read is nobody's.
            Some(text.parse().map_or_else(|_| Vec::new(), |id| vec![id]))
        }
        _ => None,
    }
}

fn is_value(path: &Path) -> bool {
    path.schema.is_none() && path.filter.is_none() && path.sub.is_none() && path.name.eq_ignore_ascii_case("value")
}
