//! `/revenue/scores/{type}/rows`: the leads, reviews or payments behind a figure; `/revenue/leads/{id}`: one lead's story, for the
//! drawer.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, LeadId, LocationId};
use serde::Deserialize;
use shell::auth::permission::View;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Frame, Listed, Page, Path, Query, Tab, known_day, show};
use uuid::Uuid;

use super::store::{self, LeadRow, Leads};
use super::{placed, words};
use crate::journeys::Stage;
use crate::people::People;
use crate::read;
use crate::scores::ScoreType;
use crate::settings::Rules;

/// The source of signals that are made from the ledger.
const OURS: &str = crate::native::SOURCE;
/// Answers within this many seconds are quick.
const QUICK_S: i64 = 300;

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    /// A component of the score.
    pub(crate) component: String,
    /// Leaked at this stage; `any` for every leak.
    pub(crate) stage: String,
    /// One day alone.
    pub(crate) day: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) location: String,
    pub(crate) source: String,
    /// Seconds until an answer: `300-900`, or `never`.
    pub(crate) waited: String,
    /// `reached`, `quoted`, `booked` or `paid`.
    pub(crate) reached: String,
}

impl Look {
    /// The address of the rows of a score, without a cursor.
    pub(crate) fn href(&self, kind: ScoreType) -> String {
        let pairs = [
            ("component", &self.component),
            ("stage", &self.stage),
            ("day", &self.day),
            ("from", &self.from),
            ("to", &self.to),
            ("location", &self.location),
            ("source", &self.source),
            ("waited", &self.waited),
            ("reached", &self.reached),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let text: Vec<String> = given.map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        format!("/revenue/scores/{}/rows?{}", kind.as_str(), text.join("&"))
    }

    fn days(&self, today: NaiveDate, window: u32) -> Result<(NaiveDate, NaiveDate), AppError> {
        let read = |field: &str, text: &str| {
            let day = text.parse::<NaiveDate>();
            day.map_err(|_| AppError::field(field, "is not a day such as 2026-03-31"))
                .and_then(|day| known_day(field, day))
        };
        if !self.day.is_empty() {
            let day = read("day", &self.day)?;
            return Ok((day, day));
        }
        let to = if self.to.is_empty() { today } else { read("to", &self.to)? };
        let from = if self.from.is_empty() {
            to - Days::new(u64::from(window.saturating_sub(1)))
        } else {
            read("from", &self.from)?
        };
        if from > to { Err(AppError::field("from", "comes after the last day")) } else { Ok((from, to)) }
    }

    /// The stage that is asked for, by itself or as a component of leakage or of revenue at risk.
    fn stage(&self, kind: ScoreType) -> Result<Option<String>, AppError> {
        let known = |word: &str| Stage::ALL.iter().any(|stage| stage.as_str() == word);
        if self.stage == "any" {
            return Ok(Some(String::new()));
        }
        if !self.stage.is_empty() {
            let fine = known(&self.stage);
            return if fine { Ok(Some(self.stage.clone())) } else { Err(AppError::field("stage", "is not a stage")) };
        }
        let leaks = matches!(kind, ScoreType::LeadLeakage | ScoreType::RevenueAtRisk);
        Ok(match self.component.as_str() {
            word if leaks && known(word) => Some(word.to_owned()),
            "" if kind == ScoreType::LeadLeakage => Some(String::new()),
            _ => None,
        })
    }

    /// The class of waits that is asked for, or that there was no answer.
    fn waited(&self, kind: ScoreType) -> Result<(Option<(i64, i64)>, bool), AppError> {
        match self.waited.as_str() {
            // What an answer after the fastest class costs.
            "" if kind == ScoreType::RevenueAtRisk && self.component == "delay" => {
                Ok((Some((QUICK_S, i64::MAX)), false))
            }
            "" => Ok((None, false)),
            "never" => Ok((None, true)),
            text => match class_of(text) {
                Some(class) => Ok((Some(class), false)),
                None => Err(AppError::field("waited", "is never, or two numbers of seconds such as 300-900")),
            },
        }
    }

    /// The source that is asked for: response velocity is made of sources.
    fn source(&self, kind: ScoreType) -> Option<String> {
        let by_component = kind == ScoreType::ResponseVelocity && !matches!(self.component.as_str(), "other" | "prior");
        let word = if self.source.is_empty() && by_component { &self.component } else { &self.source };
        Some(word.clone()).filter(|word| !word.is_empty())
    }
}

/// `300-900` as seconds: at least, less than.
fn class_of(text: &str) -> Option<(i64, i64)> {
    let (least, below) = text.split_once('-')?;
    Some((least.parse().ok()?, below.parse().ok()?))
}

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

fn reached(word: &str) -> Result<Option<&'static str>, AppError> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = ["reached", "quoted", "booked", "paid"].into_iter().find(|known| *known == word);
    known.map(Some).ok_or_else(|| AppError::field("reached", "is reached, quoted, booked or paid"))
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

#[derive(Template)]
#[template(path = "revenue/_lead.html")]
struct Detail {
    /// On a page of its own, where no drawer is to be closed.
    alone: bool,
    name: String,
    href: String,
    state: String,
    tone: &'static str,
    facts: Vec<(&'static str, String)>,
    story: Vec<Told>,
}

/// The same as a page: a task leads to it.
#[derive(Template)]
#[template(path = "revenue/lead.html")]
struct LeadPage {
    frame: Frame,
    part: Detail,
}

/// One lead's story: for the drawer, or as a page.
pub(crate) async fn detail(
    by: Allowed<View>,
    State(people): State<Arc<dyn People>>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let row = store::lead(&mut tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let currency = read::currency(&mut tx).await?;
    let places: HashMap<Uuid, String> =
        read::locations(&mut tx).await?.into_iter().map(|place| (place.id.uuid(), place.name)).collect();
    let names = names(&mut tx, people.as_ref(), row.contact.into_iter()).await?;
    let story = store::story(&mut tx, &row).await?;
    let (state, tone) = state(&row, by.now());
    let facts = vec![
        ("Source", row.source.clone()),
        ("Location", row.location_id.and_then(|id| places.get(&id)).cloned().unwrap_or_else(|| "not named".to_owned())),
        ("Came by", if row.opening == "call" { "telephone" } else { "message" }.to_owned()),
        ("First answer", row.answered_after_s.map_or_else(|| "never".to_owned(), |s| crate::centre::spoken(s as f64))),
        ("Worth", value(&row, currency.code())),
    ];
    let alone = !by.request().fragment;
    let part = Detail {
        alone,
        name: name_of(&row, &names),
        href: if row.source == OURS { format!("/leads/{}", LeadId::from_uuid(row.id)) } else { String::new() },
        state,
        tone,
        facts,
        story: story
            .into_iter()
            .map(|told| Told {
                what: kind_word(&told.kind).to_owned(),
                place: String::new(),
                source: told.source,
                at: told.at,
                value: told.minor.map(|minor| words::money(minor as f64, currency.code())).unwrap_or_default(),
                note: note(&told.kind, told.data.as_ref()),
            })
            .collect(),
    };
    if alone { show(&LeadPage { frame: by.frame(part.name.clone()), part }) } else { show(&part) }
}

/// What else is worth saying of a signal.
fn note(kind: &str, data: Option<&serde_json::Value>) -> String {
    let is = |name: &str| data.and_then(|data| data.get(name)).and_then(serde_json::Value::as_bool);
    let word = |name: &str| data.and_then(|data| data.get(name)).and_then(|value| value.as_str());
    match kind {
        "call" => match (word("direction"), is("answered")) {
            (Some("outbound"), _) => "made by you",
            (_, Some(false)) => "nobody answered",
            _ => "",
        },
        "response" if is("meaningful") == Some(false) => "an acknowledgement",
        "response" if word("writer") == Some("bot") => "by Recoup",
        "booking" if is("cancelled") == Some(true) => "cancelled",
        _ => "",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_names_its_rows_and_what_does_not_read_is_refused() {
        let stage = |kind, component: &str| {
            Look { component: component.to_owned(), ..Look::default() }.stage(kind).expect("it reads")
        };
        assert_eq!(stage(ScoreType::RevenueAtRisk, "respond"), Some("respond".to_owned()));
        assert_eq!(stage(ScoreType::LeadLeakage, ""), Some(String::new()));
        assert_eq!(stage(ScoreType::RevenueAtRisk, "delay"), None);
        let look = Look { waited: "300-900".to_owned(), ..Look::default() };
        assert_eq!(look.waited(ScoreType::LeadLeakage).expect("it reads"), (Some((300, 900)), false));
        let wrong = Look { waited: "soon".to_owned(), ..Look::default() };
        assert!(wrong.waited(ScoreType::LeadLeakage).is_err());
        let of = |component: &str| {
            Look { component: component.to_owned(), ..Look::default() }.source(ScoreType::ResponseVelocity)
        };
        assert_eq!((of("callrail"), of("prior")), (Some("callrail".to_owned()), None));
        let today = NaiveDate::from_ymd_opt(2026, 3, 31).expect("a day");
        let days = Look::default().days(today, 28).expect("days");
        assert_eq!((days.1 - days.0).num_days(), 27);
        assert!(
            Look { from: "2026-04-02".into(), to: "2026-04-01".into(), ..Look::default() }.days(today, 28).is_err()
        );
        assert!(Look { to: "-262143-01-01".into(), ..Look::default() }.days(today, 28).is_err());
    }
}
