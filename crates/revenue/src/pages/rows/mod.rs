//! `/revenue/scores/{type}/rows`: the leads, reviews or payments behind a figure; `/revenue/leads/{id}`: one lead's story, for the
//! drawer.

mod lead;
mod look;

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, LocationId};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Frame, Listed, Page, Path, Query, Tab, show};
use uuid::Uuid;

use self::look::{class_of, reached};
use super::store::{self, LeadRow, Leads};
use super::{placed, words};
use crate::journeys::Stage;
use crate::people::People;
use crate::read;
use crate::scores::ScoreType;
use crate::settings::Rules;

pub(crate) use lead::detail;
pub(crate) use look::Look;

#[derive(Template)]
#[template(path = "revenue/rows.html")]
struct RowsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    title: String,
    back: String,
    about: Vec<String>,
    leads: Vec<Shown>,
    signals: Vec<Told>,
    of_leads: bool,
    more: String,
}

/// A lead in the table.
struct Shown {
    id: String,
    name: String,
    place: String,
    source: String,
    arrived_at: DateTime<Utc>,
    waited: String,
    state: String,
    tone: &'static str,
    value: String,
}

/// A signal in the table.
struct Told {
    what: String,
    place: String,
    source: String,
    at: DateTime<Utc>,
    value: String,
    note: String,
}

pub(crate) async fn page(
    by: Allowed<View>,
    State(people): State<Arc<dyn People>>,
    Path(kind): Path<String>,
    page: Page<(String, Uuid)>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let kind = ScoreType::named(&kind).ok_or_else(|| AppError::not_found("score"))?;
    let place = placed(&look.location)?;
    let mut tx = by.tx().await?;
    let rules = Rules::load(&mut tx).await?;
    let rule = rules.of(place.map(LocationId::uuid));
    let (from, to) = look.days(rule.day(by.now()), rule.settings.window_days)?;
    let places: HashMap<Uuid, String> =
        read::locations(&mut tx).await?.into_iter().map(|place| (place.id.uuid(), place.name)).collect();
    let of_leads = !matches!(kind, ScoreType::CompetitiveVisibility | ScoreType::RevenueRecovery);
    let mut found = RowsPage {
        frame: by.frame("Rows"),
        tabs: super::tabs("/revenue"),
        title: title(kind, &look),
        back: match place {
            Some(id) => format!("/revenue/scores/{}?location={id}", kind.as_str()),
            None => format!("/revenue/scores/{}", kind.as_str()),
        },
        about: about(&look, (from, to), place.and_then(|id| places.get(&id.uuid()))),
        leads: Vec::new(),
        signals: Vec::new(),
        of_leads,
        more: String::new(),
    };
    let source = look.source(kind);
    let currency = rules.whole.settings.currency;
    let next = if of_leads {
        let (waited, unanswered) = look.waited(kind)?;
        let wanted = Leads {
            stage: look.stage(kind)?,
            waited,
            unanswered,
            reached: reached(&look.reached)?,
            location: place.map(LocationId::uuid),
            source,
            from,
            to,
        };
        let rows = store::leads(&mut tx, &wanted, cursor(page.after.as_ref())?, page.fetch()).await?;
        let listed = Listed::new(&page, rows, |row| (row.day.to_string(), row.id))?;
        let names = names(&mut tx, people.as_ref(), listed.data.iter().filter_map(|row| row.contact)).await?;
        let now = by.now();
        found.leads = listed.data.iter().map(|row| shown(row, &names, &places, currency.code(), now)).collect();
        listed.next_cursor
    } else {
        let component = Some(look.component.as_str()).filter(|name| !name.is_empty());
        let filter = read::RowFilter {
            location: place.map(LocationId::uuid),
            source,
            from: Some(from),
            to: Some(to),
            ..read::RowFilter::behind(kind, component)
        };
        let rows = read::rows(&mut tx, &filter, cursor(page.after.as_ref())?, page.fetch()).await?;
        let listed = Listed::new(&page, rows, |row| (row.at.to_rfc3339(), row.id))?;
        found.signals = listed.data.iter().map(|row| told(row, &places, currency.code())).collect();
        listed.next_cursor
    };
    let join = if look.href(kind).ends_with('?') { "" } else { "&" };
    found.more = next.map(|next| format!("{}{join}cursor={next}", look.href(kind))).unwrap_or_default();
    show(&found)
}

/// A cursor of days or of instants.
fn cursor<T: std::str::FromStr>(after: Option<&(String, Uuid)>) -> Result<Option<(T, Uuid)>, AppError> {
    let Some((text, id)) = after else { return Ok(None) };
    let refuse = |_| AppError::field("cursor", "is not a cursor of this list; start again without one");
    text.parse().map(|at| Some((at, *id))).map_err(refuse)
}

fn title(kind: ScoreType, look: &Look) -> String {
    let word = if look.stage.is_empty() { &look.component } else { &look.stage };
    match Stage::ALL.iter().find(|stage| stage.as_str() == word) {
        Some(stage) => stage.title().to_owned(),
        None => match kind {
            ScoreType::LeadLeakage => "Leads that leaked".to_owned(),
            ScoreType::CompetitiveVisibility => "Reviews".to_owned(),
            ScoreType::RevenueRecovery => "Payments".to_owned(),
            ScoreType::RevenueAtRisk | ScoreType::ResponseVelocity => "Leads".to_owned(),
        },
    }
}

/// What was asked for, in words.
fn about(look: &Look, (from, to): (NaiveDate, NaiveDate), place: Option<&String>) -> Vec<String> {
    let mut said = vec![if from == to {
        format!("arrived on {}", from.format("%-d %B %Y"))
    } else {
        format!("{} to {}", from.format("%-d %b %Y"), to.format("%-d %b %Y"))
    }];
    said.extend(place.cloned());
    if !look.source.is_empty() {
        said.push(format!("from {}", look.source));
    }
    match look.waited.as_str() {
        "" => {}
        "never" => said.push("never answered".to_owned()),
        class => {
            if let Some((least, below)) = class_of(class) {
                let spoken = |seconds: i64| crate::centre::spoken(seconds as f64);
                said.push(format!("answered after {} to {}", spoken(least), spoken(below)));
            }
        }
    }
    if !look.reached.is_empty() {
        said.push(look.reached.clone());
    }
    said
}

async fn names(
    tx: &mut OrgTx,
    people: &dyn People,
    contacts: impl Iterator<Item = Uuid>,
) -> Result<HashMap<ContactId, String>, AppError> {
    let mut contacts: Vec<ContactId> = contacts.map(ContactId::from_uuid).collect();
    contacts.sort_unstable();
    contacts.dedup();
    people.names(tx, &contacts).await.map_err(AppError::internal)
}

/// Who a lead is; of an outside system's lead only the system knows.
fn name_of(row: &LeadRow, names: &HashMap<ContactId, String>) -> String {
    let known = row.contact.and_then(|id| names.get(&ContactId::from_uuid(id))).cloned();
    known.unwrap_or_else(|| format!("A lead of {}", row.source))
}

fn shown(
    row: &LeadRow,
    names: &HashMap<ContactId, String>,
    places: &HashMap<Uuid, String>,
    currency: &str,
    now: DateTime<Utc>,
) -> Shown {
    let (state, tone) = state(row, now);
    Shown {
        id: row.id.to_string(),
        name: name_of(row, names),
        place: row.location_id.and_then(|id| places.get(&id)).cloned().unwrap_or_default(),
        source: row.source.clone(),
        arrived_at: row.arrived_at,
        waited: row.answered_after_s.map_or_else(|| "never".to_owned(), |s| crate::centre::spoken(s as f64)),
        state,
        tone,
        value: value(row, currency),
    }
}

fn value(row: &LeadRow, currency: &str) -> String {
    match (row.paid_minor, row.value_minor) {
        (0, 0) => "–".to_owned(),
        (0, told) => words::money(told as f64, currency),
        (paid, _) => words::money(paid as f64, currency),
    }
}

/// How far a lead came, or where it leaked.
fn state(row: &LeadRow, now: DateTime<Utc>) -> (String, &'static str) {
    if row.leaks_at.is_some_and(|at| at < now) {
        let stage = Stage::ALL.iter().find(|stage| Some(stage.as_str()) == row.leak_stage.as_deref());
        return (stage.map_or_else(String::new, |stage| stage.title().to_owned()), "risk");
    }
    let steps = [
        (row.paid_at.is_some(), "paid", "won"),
        (row.no_show_at.is_some(), "did not come", "wait"),
        (row.booked_at.is_some(), "booked", "won"),
        (row.quoted_at.is_some(), "quoted", "accent"),
        (row.reached_at.is_some(), "reached", "accent"),
        (row.answered_after_s.is_some(), "answered", ""),
    ];
    let step = steps.into_iter().find(|(is, _, _)| *is);
    step.map_or_else(|| ("open".to_owned(), "wait"), |(_, word, tone)| (word.to_owned(), tone))
}

fn told(row: &read::SignalRow, places: &HashMap<Uuid, String>, currency: &str) -> Told {
    let field = |name: &str| row.data.as_ref().and_then(|data| data.get(name));
    let rating = field("rating").and_then(serde_json::Value::as_f64).map(|rating| format!("{rating:.1} ★"));
    let rival = field("rival").and_then(|rival| rival.as_str()).map(|rival| format!("of {rival}"));
    let replied = field("replied_at").is_some().then(|| "answered".to_owned());
    Told {
        what: kind_word(&row.kind).to_owned(),
        place: row.location_id.and_then(|id| places.get(&id)).cloned().unwrap_or_default(),
        source: row.source.clone(),
        at: row.at,
        value: rating.or_else(|| row.minor.map(|minor| words::money(minor as f64, currency))).unwrap_or_default(),
        note: [rival, replied].into_iter().flatten().collect::<Vec<_>>().join(", "),
    }
}

/// A kind of signal, in words.
fn kind_word(kind: &str) -> &str {
    match kind {
        "lead" => "Asked",
        "response" => "Was answered",
        "call" => "Call",
        "quote" => "Quote",
        "booking" => "Booking",
        "no_show" => "Did not come",
        "payment" => "Payment",
        "refund" => "Refund",
        "review" => "Review",
        other => other,
    }
}
