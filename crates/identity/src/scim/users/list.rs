//! `GET /scim/v2/Users` and `POST /scim/v2/Users/.search`.

use axum::extract::State;
use kernel::db::OrgTx;
use kernel::ids::{MemberId, TeamId};
use serde_json::Value;
use shell::Allowed;
use shell::auth::permission::Scim;

use super::{columns, resource};
use crate::scim::answer::{self, Answer, Object};
use crate::scim::filter::{self, Filter};
use crate::scim::query::Query;
use crate::scim::schema::USERS;
use crate::scim::sql::{self, Candidates, Cond};
use crate::scim::{Base, ScimError};
use crate::store::provisioned::{self, Provisioned};
use crate::store::teams;

/// More members than this are not looked through in memory.
const MOST: usize = 20_000;

pub(crate) async fn get(State(base): State<Base>, by: Allowed<Scim>, query: Query) -> Answer {
    answered(&base, &by, &query).await
}

pub(crate) async fn search(State(base): State<Base>, by: Allowed<Scim>, Object(body): Object) -> Answer {
    answered(&base, &by, &Query::of_body(&body)?).await
}

async fn answered(base: &Base, by: &Allowed<Scim>, query: &Query) -> Answer {
    if let Some(filter) = &query.filter {
        filter::check(filter, &USERS)?;
    }
    let mut tx = by.tx().await?;
    let (total, users) = page(&mut tx, query, query.skip, query.count, base).await?;
    Ok(answer::list(total, query.skip, &users))
}

/// How many users fit, and those of them in a window, cut to what was asked for.
pub(crate) async fn page(
    tx: &mut OrgTx,
    query: &Query,
    skip: usize,
    count: usize,
    base: &Base,
) -> Result<(i64, Vec<Value>), ScimError> {
    let candidates = match &query.filter {
        Some(filter) => sql::candidates(filter, &columns::atom),
        None => Candidates::exactly(Cond::Always),
    };
    let (total, users) = match &query.filter {
        Some(filter) if !candidates.exact => {
            let fitting = chosen(tx, &candidates.cond, filter, base).await?;
            (fitting.len() as i64, fitting.into_iter().skip(skip).take(count).collect())
        }
        _ => {
            let rows = provisioned::list(tx, &candidates.cond, skip, count).await?;
            // A first page with room left is all there is.
            let whole = skip == 0 && rows.len() < count;
            let total = if whole { rows.len() as i64 } else { provisioned::count(tx, &candidates.cond).await? };
            (total, render_all(tx, &rows, base).await?)
        }
    };
    Ok((total, users.into_iter().map(|user| query.projection.cut(user, &USERS)).collect()))
}

/// Decides in memory about the candidates of the database.
async fn chosen(tx: &mut OrgTx, cond: &Cond, filter: &Filter, base: &Base) -> Result<Vec<Value>, ScimError> {
    let rows = provisioned::list(tx, cond, 0, MOST + 1).await?;
    if rows.len() > MOST {
        return Err(ScimError::bad("tooMany", "this filter would look through more than 20,000 users; narrow it"));
    }
    let mut users = render_all(tx, &rows, base).await?;
    users.retain(|user| filter::matches(filter, user, &USERS));
    Ok(users)
}

async fn render_all(tx: &mut OrgTx, rows: &[Provisioned], base: &Base) -> Result<Vec<Value>, ScimError> {
    let ids: Vec<MemberId> = rows.iter().map(|row| row.id).collect();
    let mut groups = teams::of_members(tx, &ids).await?;
    groups.sort_by_key(|(member, team, _)| (*member, *team));
    let of = |id: MemberId| -> Vec<(TeamId, &str)> {
        let begin = groups.partition_point(|(member, ..)| *member < id);
        let of_them = groups[begin..].iter().take_while(|(member, ..)| *member == id);
        of_them.map(|(_, team, name)| (*team, name.as_str())).collect()
    };
    Ok(rows.iter().map(|row| resource::render(row, &of(row.id), base.as_str())).collect())
}
