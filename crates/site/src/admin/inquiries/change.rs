//! What the desk does with an inquiry.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{InquiryId, MemberId};
use kernel::ledger::Actor;
use kernel::vault::OrgVault;
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Form, Patch, Path, Toast, known_day};

use super::store::{self, Row};
use crate::admin::content::site;
use crate::booking::slots::zone_of;
use crate::core::Core;
use crate::inquiries::desk;

const LONGEST_NOTE: usize = 4_000;
/// When on its day somebody is reminded.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine in the morning");

/// A change; what is absent stays.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub state: Option<String>,
    pub assignee: Patch<MemberId>,
    pub follow_up_at: Patch<DateTime<Utc>>,
}

/// Changes an inquiry and writes down that it was changed.
///
/// # Errors
/// 404; a state that it cannot be in; somebody who is no member.
pub(super) async fn change(
    tx: &mut OrgTx,
    vault: &OrgVault,
    (id, by): (InquiryId, Actor),
    change: Change,
) -> Result<Row, AppError> {
    let mut row = store::held(tx, vault, id).await?.ok_or_else(|| AppError::not_found("inquiry"))?;
    let before = told(&row);
    if let Some(state) = change.state.filter(|state| *state != row.state) {
        may_become(&row.state, &state)?;
        store::note(tx, id, "state", &format!("{} → {}", super::badge(&row.state).0, super::badge(&state).0), by)
            .await?;
        row.state = state;
    }
    if let Patch::Value(member) = change.assignee
        && store::members(tx).await?.iter().all(|known| known.id != member)
    {
        return Err(AppError::field("assignee", "is not a member of this organisation"));
    }
    row.assignee = change.assignee.or(row.assignee);
    row.follow_up_at = change.follow_up_at.or(row.follow_up_at);
    let after = told(&row);
    if before != after {
        store::update(tx, &row).await?;
        let entry = AuditEntry::new(by, "site.inquiry_changed").about(id).change(before, after);
        audit::record(tx, entry).await?;
    }
    Ok(row)
}

fn told(row: &Row) -> Value {
    json!({ "state": row.state, "assignee": row.assignee, "follow_up_at": row.follow_up_at })
}

/// Whether an inquiry may go from one state to another.
fn may_become(from: &str, to: &str) -> Result<(), AppError> {
    if !matches!(to, "new" | "open" | "answered" | "closed" | "spam") {
        return Err(AppError::field("state", "is new, open, answered, closed or spam"));
    }
    match (from, to) {
        ("spam", _) => Err(AppError::field("state", "cannot change while it is spam; say first that it is none")),
        ("unconfirmed", "new" | "open" | "answered") => {
            Err(AppError::field("state", "changes when the address is confirmed by the link in the letter"))
        }
        _ => Ok(()),
    }
}

/// What the page of an inquiry sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    state: String,
    assignee: String,
    follow_up: String,
}

/// `POST /admin/inquiries/{id}`
pub(super) async fn save(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<InquiryId>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let zone = zone_of(&site(&mut tx).await?);
    let asked = Change {
        state: Some(typed.state).filter(|state| !state.is_empty()),
        assignee: match typed.assignee.as_str() {
            "" => Patch::Null,
            member => {
                Patch::Value(member.parse().map_err(|_| AppError::field("assignee", "is not the id of a member"))?)
            }
        },
        follow_up_at: match typed.follow_up.as_str() {
            "" => Patch::Null,
            day => Patch::Value(morning(day, zone)?),
        },
    };
    change(&mut tx, &vault, (id, by.actor()), asked).await?;
    tx.commit().await?;
    Ok((Toast::done("Kept").on_next_page(), Redirect::to(&address(id))).into_response())
}

/// The morning of a day, where the site is.
fn morning(day: &str, zone: Tz) -> Result<DateTime<Utc>, AppError> {
    let day: NaiveDate = day.parse().map_err(|_| AppError::field("follow_up", "is a day such as 2026-11-27"))?;
    let local = zone.from_local_datetime(&known_day("follow_up", day)?.and_time(MORNING)).earliest();
    local
        .map(|at| at.with_timezone(&Utc))
        .ok_or_else(|| AppError::field("follow_up", "is a day that has no morning there"))
}

/// What somebody noted.
#[derive(Debug, Deserialize)]
pub(super) struct Noted {
    body: String,
}

/// `POST /admin/inquiries/{id}/notes`
pub(super) async fn note(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<InquiryId>,
    Form(noted): Form<Noted>,
) -> Result<Response, AppError> {
    let body = noted.body.trim();
    if body.is_empty() || body.chars().count() > LONGEST_NOTE {
        return Err(AppError::field("body", format!("has 1 to {LONGEST_NOTE} characters")));
    }
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    store::held(&mut tx, &vault, id).await?.ok_or_else(|| AppError::not_found("inquiry"))?;
    store::note(&mut tx, id, "note", body, by.actor()).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "site.inquiry_noted").about(id)).await?;
    tx.commit().await?;
    Ok((Toast::done("Noted").on_next_page(), Redirect::to(&address(id))).into_response())
}

/// `POST /admin/inquiries/{id}/not-spam`: it becomes what it would have become at once.
pub(super) async fn not_spam(by: Allowed<Reply>, Path(id): Path<InquiryId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    if !desk::not_spam(&mut tx, id).await? {
        return Err(AppError::not_found("inquiry in the spam"));
    }
    store::note(&mut tx, id, "state", "spam → new", by.actor()).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "site.inquiry_not_spam").about(id)).await?;
    tx.commit().await?;
    let said = Toast::done("Taken back; its contact and lead are made now").on_next_page();
    Ok((said, Redirect::to(&address(id))).into_response())
}

fn address(id: InquiryId) -> String {
    format!("/admin/inquiries/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spam_and_what_is_not_confirmed_go_no_other_way() {
        assert!(may_become("new", "answered").is_ok() && may_become("closed", "open").is_ok());
        assert!(may_become("unconfirmed", "closed").is_ok() && may_become("open", "spam").is_ok());
        for (from, to) in [("spam", "open"), ("unconfirmed", "open"), ("new", "unconfirmed"), ("new", "gone")] {
            assert!(may_become(from, to).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn a_day_begins_where_the_site_is() {
        let at = morning("2026-03-29", Tz::Europe__Berlin).expect("a day");
        assert_eq!(at.to_rfc3339(), "2026-03-29T07:00:00+00:00");
        assert!(morning("soon", Tz::UTC).is_err());
    }
}
