//! The fold: signals of people who know one another become journeys. Pure; neither order nor repetition of signals matters.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use connectors::signal::SignalKind;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::told::Told;
use crate::settings::{Place, Rules};

/// Clocks of two systems differ, and a lead of ours is made a moment after the message that it is made of.
const GRACE: Duration = Duration::minutes(10);

/// Where a lead leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A call that nobody answered and nobody returned.
    Answer,
    /// A message or form without an answer.
    Respond,
    /// Never reached, with too few attempts.
    Reach,
    /// Quoted, and nothing followed.
    Book,
    /// Missed or cancelled, and not booked anew.
    Show,
    /// Booked and not paid.
    Pay,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 6] = [Self::Answer, Self::Respond, Self::Reach, Self::Book, Self::Show, Self::Pay];

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Respond => "respond",
            Self::Reach => "reach",
            Self::Book => "book",
            Self::Show => "show",
            Self::Pay => "pay",
        }
    }

    /// The stage of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Answer => "Calls nobody returned",
            Self::Respond => "Messages without an answer",
            Self::Reach => "Leads never reached",
            Self::Book => "Quotes without follow-up",
            Self::Show => "Missed bookings not booked anew",
            Self::Pay => "Bookings not paid",
        }
    }
}

/// How a lead came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// By telephone.
    Call,
    /// By message or form.
    Message,
}

impl Opening {
    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Message => "message",
        }
    }

    /// The opening of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Call, Self::Message].into_iter().find(|opening| opening.as_str() == name)
    }
}

/// What became of a lead; fields are the columns of `journeys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// The lead.
    pub id: Uuid,
    /// Whose it is.
    pub contact: Option<Uuid>,
    /// The place.
    pub location_id: Option<Uuid>,
    /// Where it came from.
    pub source: String,
    /// How it came.
    pub opening: Opening,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// Seconds until the first meaningful answer; none: never yet.
    pub answered_after_s: Option<i64>,
    /// The same in opening hours.
    pub answered_after_business_s: Option<i64>,
    /// How often the business tried to reach it.
    pub attempts: i32,
    /// When it was reached.
    pub reached_at: Option<DateTime<Utc>>,
    /// When it got its first price.
    pub quoted_at: Option<DateTime<Utc>>,
    /// When it first booked.
    pub booked_at: Option<DateTime<Utc>>,
    /// When it first did not come, or cancelled.
    pub no_show_at: Option<DateTime<Utc>>,
    /// When it first paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When somebody said that it is won or lost.
    pub closed_at: Option<DateTime<Utc>>,
    /// What it is worth: paid, else as told by booking, quote or lead.
    pub value_minor: i64,
    /// Payments less refunds.
    pub paid_minor: i64,
    /// Whether it came back unaided after it had leaked.
    pub returned: bool,
    /// Where it leaks first.
    pub leak_stage: Option<Stage>,
    /// When that falls due.
    pub leaks_at: Option<DateTime<Utc>>,
    /// The day of arrival at the place.
    pub day: NaiveDate,
    /// The day of the leak at the place.
    pub leaks_day: Option<NaiveDate>,
}

impl Journey {
    /// Whether it became business.
    pub fn is_closed(&self) -> bool {
        self.booked_at.is_some() || self.paid_at.is_some()
    }

    /// Whether it had leaked by an instant.
    pub fn has_leaked(&self, by: DateTime<Utc>) -> bool {
        self.leaks_at.is_some_and(|at| at <= by)
    }
}

/// Folds the signals of one circle of leads and contacts: everything that any of them names must be among them. Contacts stand
/// under one name each. Journeys come in the order of their ids.
pub fn fold<'a>(signals: impl IntoIterator<Item = &'a Told>, rules: &Rules) -> Vec<Journey> {
    let mut sorted: Vec<&Told> = signals.into_iter().collect();
    sorted.sort_by_key(|told| (told.at, told.id));
    let mut seen = BTreeSet::new();
    sorted.retain(|told| seen.insert(told.id));
    let mut circle = Circle::default();
    for told in sorted.iter().filter(|told| told.lead.is_some()) {
        circle.take(told);
    }
    circle.index();
    for told in sorted.iter().filter(|told| told.lead.is_none()) {
        circle.attach(told, rules);
    }
    circle.leads.into_iter().filter_map(|(id, lead)| lead.journey(id, rules)).collect()
}

/// The signals of one lead, in order.
#[derive(Default)]
struct Lead<'a> {
    signals: Vec<&'a Told>,
    contact: Option<Uuid>,
    opened_at: Option<DateTime<Utc>>,
}

#[derive(Default)]
struct Circle<'a> {
    leads: BTreeMap<Uuid, Lead<'a>>,
    /// Openings of each contact's leads, in order.
    of_contact: BTreeMap<Uuid, BTreeSet<(DateTime<Utc>, Uuid)>>,
}

impl<'a> Circle<'a> {
    fn take(&mut self, told: &'a Told) {
        let Some(id) = told.lead else { return };
        let lead = self.leads.entry(id).or_default();
        lead.signals.push(told);
        lead.contact = lead.contact.or(told.contact);
        if told.opens() && lead.opened_at.is_none() {
            lead.opened_at = Some(told.at);
        }
    }

    fn index(&mut self) {
        for (id, lead) in &self.leads {
            if let (Some(contact), Some(at)) = (lead.contact, lead.opened_at) {
                self.of_contact.entry(contact).or_default().insert((at, *id));
            }
        }
    }

    /// A signal that names only a contact belongs to the latest lead of that contact before it. A call long after opens a new one.
    fn attach(&mut self, told: &'a Told, rules: &Rules) {
        let Some(contact) = told.contact else { return };
        let leads = self.of_contact.entry(contact).or_default();
        let before = leads.range(..=(told.at, Uuid::max())).next_back().copied();
        let chosen = if told.inbound {
            let reopen = Duration::days(rules.of(told.location).settings.reopen_days);
            before.filter(|(at, _)| told.at - *at <= reopen)
        } else if let Some(waited) = told.waited_s {
            // Our own answer says what it answers, also when the lead was seen a moment later.
            let asked = told.at - Duration::seconds(waited);
            leads.range((asked, Uuid::nil())..=(told.at + GRACE, Uuid::max())).next_back().copied().or(before)
        } else {
            before
        };
        let id = match chosen {
            Some((_, id)) => id,
            None if told.inbound => {
                leads.insert((told.at, told.id));
                let lead = Lead { contact: Some(contact), opened_at: Some(told.at), ..Lead::default() };
                self.leads.insert(told.id, lead);
                told.id
            }
            None => return,
        };
        if let Some(lead) = self.leads.get_mut(&id) {
            lead.signals.push(told);
        }
    }
}

impl Lead<'_> {
    fn journey(mut self, id: Uuid, rules: &Rules) -> Option<Journey> {
        self.signals.sort_by_key(|told| (told.at, told.id));
        let opening = *self.signals.iter().find(|told| told.opens())?;
        let location_id = opening.location.or_else(|| self.signals.iter().find_map(|told| told.location));
        let place = rules.of(location_id);
        let arrived_at = self.arrived(opening.at);
        let after: Vec<&Told> = self.signals.iter().copied().filter(|told| told.at + GRACE >= arrived_at).collect();
        let spoken_at_once = opening.inbound && opening.spoken;
        let touch = after.iter().find(|told| told.touches()).map(|told| told.at.max(arrived_at));
        let spoken = after.iter().find(|told| told.inbound && told.spoken).map(|told| told.at.max(arrived_at));
        let answered_at = if spoken_at_once { Some(arrived_at) } else { [touch, spoken].into_iter().flatten().min() };
        let first = |is: fn(&Told) -> bool| after.iter().find(|told| is(told)).map(|told| told.at);
        let paid_minor = after.iter().map(|told| told.paid()).sum();
        let mut journey = Journey {
            id,
            contact: self.contact,
            location_id,
            source: opening.source.to_string(),
            opening: if opening.inbound { Opening::Call } else { Opening::Message },
            arrived_at,
            answered_after_s: answered_at.map(|at| (at - arrived_at).num_seconds()),
            answered_after_business_s: answered_at.map(|at| place.business_seconds(arrived_at, at)),
            attempts: after.iter().filter(|told| told.is_attempt()).count() as i32,
            reached_at: first(Told::reaches),
            quoted_at: first(|told| told.kind == SignalKind::Quote),
            booked_at: first(Told::books),
            no_show_at: first(Told::fails),
            paid_at: first(|told| told.kind == SignalKind::Payment),
            closed_at: first(|told| told.closes),
            value_minor: value(&after, paid_minor),
            paid_minor,
            returned: false,
            leak_stage: None,
            leaks_at: None,
            day: place.day(arrived_at),
            leaks_day: None,
        };
        if let Some((at, stage)) = leak(&journey, answered_at, &after, place) {
            journey.leak_stage = Some(stage);
            journey.leaks_at = Some(at);
            journey.leaks_day = Some(place.day(at));
            journey.returned = returned(&after, at);
        }
        Some(journey)
    }

    /// The instant of arrival: an answer of ours that came at the same time tells when the question was asked.
    fn arrived(&self, opened_at: DateTime<Utc>) -> DateTime<Utc> {
        let asked = self.signals.iter().filter(|told| told.at + GRACE >= opened_at).filter_map(|told| {
            let asked = told.at - Duration::seconds(told.waited_s?);
            (asked < opened_at).then_some(asked)
        });
        asked.min().unwrap_or(opened_at)
    }
}

impl Told {
    fn paid(&self) -> i64 {
        match self.kind {
            SignalKind::Payment => self.minor,
            SignalKind::Refund => -self.minor,
            _ => 0,
        }
    }
}

/// What a lead is worth: what it paid, else the last told by a booking, a quote, the lead itself.
fn value(signals: &[&Told], paid: i64) -> i64 {
    if paid > 0 {
        return paid;
    }
    let told = |kind: SignalKind| {
        signals.iter().rev().find(|told| told.kind == kind && told.minor > 0 && !told.cancelled).map(|told| told.minor)
    };
    [SignalKind::Booking, SignalKind::Quote, SignalKind::Lead].into_iter().find_map(told).unwrap_or(0)
}

/// The first leak and when it falls due.
fn leak(
    journey: &Journey,
    answered_at: Option<DateTime<Utc>>,
    signals: &[&Told],
    place: &Place,
) -> Option<(DateTime<Utc>, Stage)> {
    let settings = &place.settings;
    let (arrived, mut found) = (journey.arrived_at, Vec::new());
    let by = |at: Option<DateTime<Utc>>, due: DateTime<Utc>| at.is_some_and(|at| at <= due);
    let (wait, stage) = match journey.opening {
        Opening::Call => (Duration::minutes(settings.call_minutes), Stage::Answer),
        Opening::Message => (Duration::hours(settings.answer_hours), Stage::Respond),
    };
    let due = arrived + wait;
    // Who booked or paid meanwhile has got what they asked for.
    if !(by(answered_at, due) || by(journey.booked_at, due) || by(journey.paid_at, due) || by(journey.quoted_at, due)) {
        found.push((due, stage));
    }
    let due = arrived + Duration::days(settings.reach_days);
    let attempts = signals.iter().filter(|told| told.is_attempt() && told.at <= due).count();
    if !by(journey.reached_at, due) && (attempts as i64) < i64::from(settings.reach_attempts) {
        found.push((due, Stage::Reach));
    }
    for (place, told) in signals.iter().enumerate() {
        let rest = &signals[place + 1..];
        let within = |due: DateTime<Utc>, is: fn(&Told) -> bool| rest.iter().any(|later| later.at <= due && is(later));
        if told.kind == SignalKind::Quote {
            let due = told.at + Duration::days(settings.quote_days);
            if !within(due, |later| later.is_attempt() || later.comes_back() || later.kind == SignalKind::Quote) {
                found.push((due, Stage::Book));
            }
        }
        if told.fails() {
            let due = told.at + Duration::days(settings.rebook_days);
            if !within(due, |later| later.books() || later.kind == SignalKind::Payment) {
                found.push((due, Stage::Show));
            }
        }
        if let (true, Some(days)) = (told.books(), settings.pay_days) {
            let due = told.starts_at.unwrap_or(told.at).max(told.at) + Duration::days(days);
            // A payment in advance is one too.
            let paid = signals.iter().any(|other| other.kind == SignalKind::Payment && other.at <= due);
            if !paid && !within(due, |later| later.fails() || later.books()) {
                found.push((due, Stage::Pay));
            }
        }
    }
    found.retain(|(due, _)| journey.closed_at.is_none_or(|closed| closed > *due));
    found.into_iter().min()
}

/// Whether the lead came by itself after a leak, before the business turned to it.
fn returned(signals: &[&Told], leaked_at: DateTime<Utc>) -> bool {
    let later = signals.iter().filter(|told| told.at > leaked_at);
    let mut told = later.filter(|told| told.comes_back() || told.is_attempt());
    told.next().is_some_and(|first| first.comes_back())
}

#[cfg(test)]
mod tests;
