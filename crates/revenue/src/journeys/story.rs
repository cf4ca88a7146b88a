//! Signals as a rebuild reads them, lead by lead: each lead is folded behind its last signal, and nothing of it is kept.
//!
//! A rule a newcomer would break: a lead is folded with whom its first contact speaks of. Only where something happened that names
//! that contact and no lead does it have to wait for it: those few are noted here and read once more, contact by contact.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::circle::{Names, interned};
use super::tally::Tally;
use super::{Journey, Told, fold};
use crate::settings::Rules;
use crate::signals::stored::Row;

/// So many signals are read once more at a time, unless one contact has more.
const TOGETHER: i64 = 20_000;

/// What a rebuild knows of the signals that it read.
pub(super) struct Story {
    rules: Rules,
    names: Names,
    sources: HashMap<String, Arc<str>>,
    /// The signals of the lead that is being read.
    under_way: Vec<Told>,
    circles: Circles,
    /// The sums so far.
    pub(super) tally: Tally,
    /// Signals read.
    pub(super) signals: u64,
}

/// Who is to be read once more.
#[derive(Default)]
struct Circles {
    /// Contacts, by the name that counts for them, of whom signals speak that name no lead.
    contacts: HashSet<Uuid>,
    /// Each of them with a name that signals have for them, or a lead of theirs; and how many signals that is.
    members: Vec<(Uuid, Member, i64)>,
    /// Signals that have to be found again.
    signals: u64,
}

#[derive(Clone, Copy)]
enum Member {
    Contact(Uuid),
    Lead(Uuid),
}

/// Whole circles that are read once more together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Their leads.
    pub(super) leads: Vec<Uuid>,
    /// The names of their contacts, for signals that name no lead.
    pub(super) contacts: Vec<Uuid>,
}

impl Story {
    /// Before the first signal. `alone`: contacts that signals name without a lead, and how many signals.
    pub(super) fn new(rules: Rules, names: Names, alone: Vec<(Uuid, i64)>) -> Self {
        let mut circles = Circles::default();
        for (contact, signals) in alone {
            let name = names.name(contact);
            circles.contacts.insert(name);
            circles.members.push((name, Member::Contact(contact), signals));
        }
        Self {
            rules,
            names,
            sources: HashMap::new(),
            under_way: Vec::new(),
            circles,
            tally: Tally::default(),
            signals: 0,
        }
    }

    /// Reads on: every signal once, those of a lead one behind the other. Gives the journeys of leads that ended.
    pub(super) fn read(&mut self, rows: Vec<Row>) -> Vec<Journey> {
        let mut journeys = Vec::new();
        for signal in rows.into_iter().filter_map(Row::into_stored) {
            self.signals += 1;
            self.tally.signal(&signal, &self.rules);
            if let Some(told) = Told::of(&signal, |source| interned(&mut self.sources, source)) {
                self.hear(told, &mut journeys);
            }
        }
        journeys
    }

    fn hear(&mut self, mut told: Told, journeys: &mut Vec<Journey>) {
        told.contact = told.contact.map(|contact| self.names.name(contact));
        if told.lead.is_none() {
            // Whoever names nobody is in no story.
            self.circles.signals += u64::from(told.contact.is_some());
            return;
        }
        if self.under_way.last().is_some_and(|last| last.lead != told.lead) {
            journeys.extend(self.end());
        }
        self.under_way.push(told);
    }

    /// Ends the lead under way: its journey, or nothing where it waits for its contact.
    pub(super) fn end(&mut self) -> Vec<Journey> {
        let told = std::mem::take(&mut self.under_way);
        let Some(lead) = told.first().and_then(|told| told.lead) else { return Vec::new() };
        let first = told.iter().filter(|told| told.contact.is_some()).min_by_key(|told| (told.at, told.id));
        match first.and_then(|told| told.contact).filter(|contact| self.circles.contacts.contains(contact)) {
            Some(contact) => {
                self.circles.members.push((contact, Member::Lead(lead), told.len() as i64));
                self.circles.signals += told.len() as u64;
                Vec::new()
            }
            None => self.fold(&told),
        }
    }

    /// What has to be read once more, and how many signals must be found; behind the last signal.
    pub(super) fn parts(&mut self) -> (Vec<Part>, u64) {
        let Circles { mut members, signals, .. } = std::mem::take(&mut self.circles);
        members.sort_unstable_by_key(|(contact, ..)| *contact);
        let (mut parts, mut part, mut weight) = (Vec::new(), Part::default(), 0);
        for circle in members.chunk_by(|one, other| one.0 == other.0) {
            for (_, member, signals) in circle {
                weight += signals;
                match member {
                    Member::Contact(contact) => part.contacts.push(*contact),
                    Member::Lead(lead) => part.leads.push(*lead),
                }
            }
            if weight >= TOGETHER {
                parts.push(std::mem::take(&mut part));
                weight = 0;
            }
        }
        if part != Part::default() {
            parts.push(part);
        }
        (parts, signals)
    }

    /// The journeys of a part, from everything that names somebody in it.
    pub(super) fn read_again(&mut self, mut told: Vec<Told>) -> Vec<Journey> {
        for one in &mut told {
            one.contact = one.contact.map(|contact| self.names.name(contact));
        }
        self.fold(&told)
    }

    fn fold(&mut self, told: &[Told]) -> Vec<Journey> {
        let journeys = fold(told, &self.rules);
        for journey in &journeys {
            self.tally.journey(journey);
        }
        journeys
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, Duration};
    use connectors::signal::SignalKind;
    use proptest::prelude::*;

    use super::*;

    fn contact(number: u128) -> Uuid {
        Uuid::from_u128(50_000 + number)
    }

    fn told(id: u128, kind: SignalKind, minutes: i64, lead: Option<u128>, of: Option<u128>) -> Told {
        let at = DateTime::from_timestamp(1_770_000_000, 0).unwrap_or_default() + Duration::minutes(minutes);
        Told {
            id: Uuid::from_u128(id),
            at,
            kind,
            source: "web".into(),
            location: None,
            lead: lead.map(Uuid::from_u128),
            contact: of.map(contact),
            minor: minutes,
            inbound: kind == SignalKind::Call && minutes % 2 == 0,
            spoken: minutes % 3 == 0,
            meaningful: kind == SignalKind::Response,
            reached: None,
            cancelled: minutes % 5 == 0 && kind == SignalKind::Booking,
            waited_s: None,
            starts_at: None,
            closes: false,
        }
    }

    /// Journeys of signals as a rebuild comes to them.
    fn rebuilt(signals: &[Told], names: Names) -> BTreeMap<Uuid, Journey> {
        let mut alone: BTreeMap<Uuid, i64> = BTreeMap::new();
        for contact in signals.iter().filter(|told| told.lead.is_none()).filter_map(|told| told.contact) {
            *alone.entry(contact).or_default() += 1;
        }
        let mut story = Story::new(Rules::default(), names, alone.into_iter().collect());
        let mut by_lead = signals.to_vec();
        by_lead.sort_by_key(|told| (told.lead.is_none(), told.lead));
        let mut journeys = Vec::new();
        for told in by_lead {
            story.hear(told, &mut journeys);
        }
        journeys.extend(story.end());
        let (parts, expected) = story.parts();
        let mut found = 0;
        for part in parts {
            let is_in = |told: &&Told| match (told.lead, told.contact) {
                (Some(lead), _) => part.leads.contains(&lead),
                (None, contact) => contact.is_some_and(|contact| part.contacts.contains(&contact)),
            };
            let told: Vec<Told> = signals.iter().filter(is_in).cloned().collect();
            found += told.len() as u64;
            journeys.extend(story.read_again(told));
        }
        assert_eq!(found, expected, "what is read once more is counted before");
        let count = journeys.len();
        let journeys: BTreeMap<Uuid, Journey> = journeys.into_iter().map(|one| (one.id, one)).collect();
        assert_eq!(journeys.len(), count, "each once");
        journeys
    }

    proptest! {
        #[test]
        fn lead_by_lead_is_all_at_once(
            given in proptest::collection::vec(
                (proptest::sample::select(SignalKind::ALL[..8].to_vec()), 0_i64..50_000, proptest::option::of(1_u128..9), proptest::option::of(1_u128..7)),
                1..80,
            ),
        ) {
            let signals: Vec<Told> = given
                .into_iter()
                .enumerate()
                .map(|(n, (kind, minutes, lead, contact))| {
                    let id = 1_000 + n as u128;
                    let opens = kind == SignalKind::Lead;
                    told(id, kind, minutes, lead.or(opens.then_some(id)), contact)
                })
                .collect();
            // One of the contacts has another name.
            let names = Names::of(vec![(contact(6), contact(1))]);
            let renamed: Vec<Told> = signals
                .iter()
                .map(|told| Told { contact: told.contact.map(|contact| names.name(contact)), ..told.clone() })
                .collect();
            let at_once: BTreeMap<Uuid, Journey> =
                fold(&renamed, &Rules::default()).into_iter().map(|one| (one.id, one)).collect();
            prop_assert_eq!(rebuilt(&signals, names), at_once);
        }
    }

    #[test]
    fn a_lead_waits_only_for_a_contact_of_whom_something_else_is_told() {
        let call = told(3, SignalKind::Call, 30, None, Some(2));
        let mut story = Story::new(Rules::default(), Names::default(), vec![(contact(2), 1)]);
        let mut journeys = Vec::new();
        story.hear(told(1, SignalKind::Lead, 10, Some(1), Some(1)), &mut journeys);
        story.hear(told(2, SignalKind::Lead, 20, Some(2), Some(2)), &mut journeys);
        assert_eq!(journeys.len(), 1, "the first lead ended");
        story.hear(call, &mut journeys);
        assert!(story.end().is_empty(), "the second waits");
        let part = Part { leads: vec![Uuid::from_u128(2)], contacts: vec![contact(2)] };
        assert_eq!(story.parts(), (vec![part], 2));
    }

    #[test]
    fn parts_are_whole_circles() {
        let mut story = Story::new(
            Rules::default(),
            Names::of(vec![(contact(9), contact(1))]),
            vec![(contact(1), TOGETHER - 1), (contact(2), TOGETHER), (contact(3), 1), (contact(9), 1)],
        );
        let (parts, _) = story.parts();
        let contacts: Vec<usize> = parts.iter().map(|part| part.contacts.len()).collect();
        assert_eq!(contacts, [2, 1, 1]);
    }
}
