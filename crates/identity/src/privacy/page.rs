//! `/settings/privacy`, and the card beside a contact: what is asked for, how long it still takes, what is kept how long.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ErasureId, HoldId, UserId};
use serde::Deserialize;
use shell::auth::permission::{ErasePersonalData, Export, View};
use shell::{Allowed, AppError, Form, Frame, Path, Permission, Toast, show};

use super::consents::{self, ConsentOut};
use super::exports::{self, ExportOut, Format};
use super::retention::{self, Rules};
use super::{erasures, holds, run};
use crate::Identity;
use crate::origin::Origin;

/// Requests of each kind on the page; the API lists all.
const MOST: i64 = 50;

#[derive(Template)]
#[template(path = "privacy/show.html")]
struct PrivacyPage {
    frame: Frame,
    may_erase: bool,
    erasures: Vec<ErasureRow>,
    exports: Vec<ExportRow>,
    holds: Vec<HoldRow>,
    rules: Rules,
}

struct ErasureRow {
    id: ErasureId,
    contact: String,
    by: String,
    at: DateTime<Utc>,
    state: String,
    /// For a hidden one: how long it can still be taken back.
    left: String,
    held: bool,
    rows: String,
    certified: bool,
    ended_at: Option<DateTime<Utc>>,
}

struct ExportRow {
    contact: String,
    by: String,
    at: DateTime<Utc>,
    state: String,
    format: String,
    link: String,
    left: String,
    size: String,
    error: String,
}

struct HoldRow {
    id: HoldId,
    contact: String,
    reason: String,
    by: String,
    at: DateTime<Utc>,
}

/// The page.
pub(crate) async fn get(State(identity): State<Identity>, by: Allowed<Export>) -> Result<Response, AppError> {
    let may_erase = by.may(Permission::ErasePersonalData);
    let vault = by.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let erased = if may_erase { erasures::rows(&mut tx, None, MOST).await? } else { Vec::new() };
    let exported = exports::rows(&mut tx, None, MOST).await?;
    let held = if may_erase { holds::rows(&mut tx, None, MOST, true).await? } else { Vec::new() };
    let contacts: Vec<ContactId> =
        exported.iter().map(|row| row.contact_id).chain(held.iter().map(|row| row.contact_id)).collect();
    let names = identity.holders().names(&mut tx, &contacts).await.map_err(AppError::internal)?;
    let people = people(&mut tx).await?;
    let rules = retention::load(&mut tx).await?;
    let now = by.now();
    let page = PrivacyPage {
        may_erase,
        erasures: erased.into_iter().map(|row| erasure_row(row, &people, now)).collect(),
        exports: exported
            .into_iter()
            .map(|row| export_row(row.shown(&vault, by.actor()), &names, &people, now))
            .collect(),
        holds: held
            .into_iter()
            .map(|row| HoldRow {
                id: row.id,
                contact: name_of(&names, row.contact_id),
                reason: row.reason,
                by: who(&people, &row.placed_by),
                at: row.placed_at,
            })
            .collect(),
        rules,
        frame: by.frame("Privacy"),
    };
    Ok(show(&page)?.into_response())
}

fn erasure_row(row: erasures::ErasureOut, people: &HashMap<String, String>, now: DateTime<Utc>) -> ErasureRow {
    ErasureRow {
        id: row.id,
        contact: short(row.contact_id),
        by: who(people, &row.by),
        at: row.at,
        left: time_left(row.due_at, now),
        held: row.held,
        rows: shell::page::count(row.removed.iter().flatten().map(|one| one.rows).sum::<u64>() as i64),
        certified: row.certified,
        ended_at: row.erased_at.or(row.cancelled_at),
        state: row.state,
    }
}

fn export_row(
    row: ExportOut,
    names: &HashMap<ContactId, String>,
    people: &HashMap<String, String>,
    now: DateTime<Utc>,
) -> ExportRow {
    ExportRow {
        contact: name_of(names, row.contact_id),
        by: who(people, &row.by),
        at: row.at,
        left: row.link_until.map(|until| time_left(until, now)).unwrap_or_default(),
        link: row.link.unwrap_or_default(),
        size: row.size.map(|size| shell::page::bytes_size(size.unsigned_abs())).unwrap_or_default(),
        error: row.error.unwrap_or_default(),
        state: row.state,
        format: row.format,
    }
}

/// What is left until an instant, in the largest unit that tells it; begun ones count.
fn time_left(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = until - now;
    let (number, unit) = match left.num_minutes() {
        ..1 => return "any moment".to_owned(),
        minutes @ 1..120 => (minutes, "minute"),
        minutes @ 120..2880 => ((minutes + 59) / 60, "hour"),
        minutes => ((minutes + 1439) / 1440, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A contact whose name is not to be shown.
fn short(contact: ContactId) -> String {
    let text = contact.to_string();
    format!("Contact …{}", &text[text.len() - 6..])
}

fn name_of(names: &HashMap<ContactId, String>, contact: ContactId) -> String {
    names.get(&contact).cloned().unwrap_or_else(|| short(contact))
}

/// The organisation's people by the actor's text.
async fn people(tx: &mut OrgTx) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows: Vec<(UserId, String)> =
        sqlx::query_as("select u.id, u.name from members m join users u on u.id = m.user_id where m.org_id = $1")
            .bind(tx.org())
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

fn who(people: &HashMap<String, String>, actor: &str) -> String {
    people.get(actor).cloned().unwrap_or_else(|| match actor {
        "system" => "the operator".to_owned(),
        key if key.starts_with("key_") => "an API key".to_owned(),
        contact if contact.starts_with("contact_") => "the contact".to_owned(),
        _ => "a former member".to_owned(),
    })
}

/// The card beside a contact.
#[derive(Template)]
#[template(path = "privacy/_card.html")]
struct Card {
    csrf: String,
    id: ContactId,
    consents: Vec<ConsentRow>,
    may_export: bool,
    may_erase: bool,
    held: bool,
}

struct ConsentRow {
    what: String,
    granted: bool,
    source: String,
    at: DateTime<Utc>,
}

/// What the card shows, for whoever may see the contact.
pub(crate) async fn card(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<ContactId>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let holders = identity.holders();
    if !holders.know(&mut tx, id).await.map_err(AppError::internal)? {
        return Err(AppError::not_found("contact"));
    }
    let records = consents::rows(&mut tx, id, None, 10).await?;
    let traces = holders.gather(&mut tx, id).await.map_err(AppError::internal)?;
    let held = run::held(&mut tx, &traces).await?;
    let card = Card {
        csrf: by.frame("").csrf,
        id,
        consents: records.into_iter().map(consent_row).collect(),
        may_export: by.may(Permission::Export),
        may_erase: by.may(Permission::ErasePersonalData),
        held,
    };
    Ok(show(&card)?.into_response())
}

fn consent_row(record: ConsentOut) -> ConsentRow {
    let what = match record.kind.as_str() {
        "messages" => "Messages",
        "marketing" => "Offers",
        "processing" => "Data",
        _ => "Recordings",
    };
    let channel = record.channel.map(|channel| format!(" on {channel}")).unwrap_or_default();
    let source = if record.source == "opt_out_word" { "their own words".to_owned() } else { record.source };
    ConsentRow { what: format!("{what}{channel}"), granted: record.granted, source, at: record.at }
}

#[derive(Deserialize)]
pub(crate) struct ContactForm {
    contact_id: ContactId,
}

/// "Export data" on a contact.
pub(crate) async fn export(
    State(identity): State<Identity>,
    by: Allowed<Export>,
    origin: Origin,
    Form(form): Form<ContactForm>,
) -> Result<Response, AppError> {
    exports::ask(&identity, &by, form.contact_id, Format::Zip, &origin).await?;
    Ok(back(Toast::done("The export is being made; its link works for a day")))
}

/// "Erase" on a contact.
pub(crate) async fn erase(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Form(form): Form<ContactForm>,
) -> Result<Response, AppError> {
    by.fresh()?;
    let mut tx = by.tx().await?;
    run::request(&identity, &mut tx, form.contact_id, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(back(Toast::done("The contact is hidden everywhere and goes for good in 30 days")))
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// "Take back" on an erasure.
pub(crate) async fn undo(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Path(id): Path<ErasureId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    run::cancel(&identity, &mut tx, id, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(back(Toast::done("Everything of the contact is back")))
}

#[derive(Deserialize)]
pub(crate) struct HoldForm {
    contact_id: ContactId,
    reason: String,
}

/// "Hold" on a contact.
pub(crate) async fn hold(
    State(identity): State<Identity>,
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Form(form): Form<HoldForm>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    holds::place(&identity, &mut tx, form.contact_id, &form.reason, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(back(Toast::done("The contact is kept while the hold lasts")))
}

/// "Release" on a hold.
pub(crate) async fn release(
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Path(id): Path<HoldId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    holds::end(&mut tx, id, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(back(Toast::done("The hold is released")))
}

/// The form of the retention rules.
pub(crate) async fn keep(
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Form(rules): Form<Rules>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    retention::save(&mut tx, rules, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(back(Toast::done("Saved: what is older goes within the hour")))
}

fn back(toast: Toast) -> Response {
    (toast.on_next_page(), Redirect::to("/settings/privacy")).into_response()
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn what_is_left_is_told_in_one_unit() {
        let now = DateTime::UNIX_EPOCH;
        let told = |left: Duration| time_left(now + left, now);
        assert_eq!(told(Duration::days(30)), "30 days");
        assert_eq!(told(Duration::hours(24)), "24 hours");
        assert_eq!(told(Duration::minutes(61)), "61 minutes");
        assert_eq!(told(Duration::minutes(1)), "1 minute");
        assert_eq!(told(Duration::minutes(-5)), "any moment");
    }
}
