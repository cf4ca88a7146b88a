//! One entry of a calendar, and the booking that it is.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{Calendar, Config};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// Hosts where everybody may have an address: two people there are no colleagues.
const PUBLIC: [&str; 16] = [
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "web.de",
    "yahoo.com",
    "ymail.com",
];
/// Addresses below this host are calendars and rooms, nobody.
const NOBODY: &str = "calendar.google.com";

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// In lower case.
    pub address: String,
    pub declined: bool,
}

/// An entry, whoever keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: String,
    /// When it was written down.
    pub made: DateTime<Utc>,
    /// When it was changed last.
    pub changed: DateTime<Utc>,
    pub starts: DateTime<Utc>,
    pub title: String,
    pub whole_days: bool,
    pub private: bool,
    pub cancelled: bool,
    pub tentative: bool,
    /// The organiser first, without rooms.
    pub people: Vec<Person>,
}

impl Entry {
    /// Whether it is an appointment of a customer.
    fn counts(&self, config: &Config, calendar: &Calendar) -> bool {
        if self.whole_days || self.private {
            return false;
        }
        let title = self.title.to_lowercase();
        let named = || config.words.iter().any(|word| title.contains(&word.to_lowercase()));
        config.is_whole(calendar) || named() || self.people.iter().any(|one| is_outside(config, calendar, &one.address))
    }

    /// Whether it will not take place, or did not: it was cancelled before it began, or all of one side declined.
    fn is_off(&self, config: &Config, calendar: &Calendar) -> bool {
        let (mut outside, mut ours) = (Vec::new(), Vec::new());
        for one in &self.people {
            let side = if is_outside(config, calendar, &one.address) { &mut outside } else { &mut ours };
            side.push(one.declined);
        }
        let all = |side: &[bool]| !side.is_empty() && side.iter().all(|declined| *declined);
        (self.cancelled && self.changed <= self.starts) || all(&outside) || all(&ours)
    }

    /// When it begins, where it is an appointment that stands.
    pub fn stands(&self, config: &Config, calendar: &Calendar) -> Option<DateTime<Utc>> {
        (self.counts(config, calendar) && !self.is_off(config, calendar)).then_some(self.starts)
    }

    /// The booking that it is; none where it is no appointment.
    pub fn signals(&self, source: &str, config: &Config, calendar: &Calendar) -> Vec<Signal> {
        if !self.counts(config, calendar) {
            return Vec::new();
        }
        let mut outside = self.people.iter().filter(|one| is_outside(config, calendar, &one.address));
        let guests = outside.clone().count();
        let key = wire::key("booking", &[&self.id]);
        let mut booked = Signal::new(source, key.clone(), SignalKind::Booking, self.made);
        booked.contact = outside.next().map(|one| one.address.clone());
        booked.location = config.place_of(calendar);
        booked.lead = Some(key);
        booked.data.insert("starts_at".to_owned(), json!(self.starts.to_rfc3339()));
        booked.data.insert("cancelled".to_owned(), json!(self.is_off(config, calendar)));
        if self.tentative {
            booked.data.insert("tentative".to_owned(), json!(true));
        }
        if guests > 1 {
            booked.data.insert("guests".to_owned(), json!(guests));
        }
        vec![booked]
    }
}

/// Whether an address is that of a customer: not of the owner's house.
fn is_outside(config: &Config, calendar: &Calendar, address: &str) -> bool {
    let owner = calendar.owner.to_lowercase();
    let host = |address: &str| address.rsplit_once('@').map(|(_, host)| host.to_owned()).unwrap_or_default();
    let (theirs, ours) = (host(address), host(&owner));
    let same = theirs == ours && !PUBLIC.contains(&theirs.as_str());
    let named = config.domains.iter().any(|domain| theirs == domain.trim_start_matches('@').to_lowercase());
    !(same || named || address == owner || calendar.id.eq_ignore_ascii_case(address))
}

/// People by their addresses, each once; who comes twice, as organiser and as guest, declined only as a guest.
pub(crate) fn people(all: impl Iterator<Item = (String, bool)>) -> Vec<Person> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut people: Vec<Person> = Vec::new();
    for (address, declined) in all {
        if address.ends_with(NOBODY) {
            continue;
        }
        if let Some(&at) = places.get(&address) {
            people[at].declined |= declined;
        } else {
            places.insert(address.clone(), people.len());
            people.push(Person { address, declined });
        }
    }
    people
}

/// When an entry was written down. One that was imported may have a date long before there were calendars: then its last change
/// counts.
pub(crate) fn made(created: &Value, changed: DateTime<Utc>) -> DateTime<Utc> {
    record::moment(created).filter(|at| at.timestamp() > 946_684_800).unwrap_or(changed)
}

/// A moment with an offset, or of the clock of `zone`.
pub(crate) fn moment(value: &Value, zone: &Value, field: &str) -> Result<DateTime<Utc>, Rejection> {
    let Some(wall) = record::local(value) else {
        return record::moment(value).ok_or_else(|| rejected(field, "the entry does not say when it begins"));
    };
    let zone = zone.as_str().unwrap_or("UTC");
    let known = zone
        .parse::<chrono_tz::Tz>()
        .map_err(|_| rejected(field, format!("the time zone {zone} is not one we know")))?;
    Ok(crate::walk::local(wall, Some(known)))
}

/// The calendar that a record is of, as [`mark`] wrote it.
pub(crate) fn calendar_of(record: &Value) -> Calendar {
    serde_json::from_value(record["_calendar"].clone()).unwrap_or_default()
}

/// Writes the calendar into a record.
pub(crate) fn mark(record: &mut Value, calendar: &Calendar) {
    record["_calendar"] = json!(calendar);
}

/// An entry of which only the name is left: it was removed before it began.
pub(crate) fn gone(id: &str, starts: DateTime<Utc>, seen: DateTime<Utc>) -> Value {
    json!({ "id": id, "_gone": { "starts": starts, "seen": seen } })
}

/// What an entry says of which only the name is left: the booking stays as it was told, with its person, and came to nothing.
pub(crate) fn gone_signals(source: &str, config: &Config, record: &Value) -> Option<Result<Vec<Signal>, Rejection>> {
    let left = record.get("_gone")?;
    let told = || {
        let id = wire::id(&record["id"]).ok_or_else(|| rejected("id", "the record has no id"))?;
        let (starts, seen) = (record::moment_in(left, "starts")?, record::moment_in(left, "seen")?);
        let mut off = Signal::new(source, wire::key("booking", &[&id, "cancelled"]), SignalKind::Booking, seen);
        off.location = config.place_of(&calendar_of(record));
        off.lead = Some(wire::key("booking", &[&id]));
        off.data.insert("starts_at".to_owned(), json!(starts.to_rfc3339()));
        off.data.insert("cancelled".to_owned(), json!(true));
        Ok::<_, Rejection>(vec![off])
    };
    Some(told())
}

/// The last instant of a stretch of days from now.
pub(crate) fn ahead(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    // Nobody keeps bookings of more than three years.
    now + Duration::days(days.clamp(1, 3 * 365))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn calendar() -> Calendar {
        Calendar { id: "c1".into(), name: "Front desk".into(), owner: "Front@acme.example".into() }
    }

    fn entry(people: &[(&str, bool)]) -> Entry {
        Entry {
            id: "e1".into(),
            made: at("2026-10-01T08:00:00Z"),
            changed: at("2026-10-02T08:00:00Z"),
            starts: at("2026-10-05T14:00:00Z"),
            title: "Check-up".into(),
            whole_days: false,
            private: false,
            cancelled: false,
            tentative: false,
            people: self::people(people.iter().map(|(address, declined)| ((*address).to_owned(), *declined))),
        }
    }

    fn told(config: &Config, entry: &Entry) -> Option<Signal> {
        entry.signals("test_calendar", config, &calendar()).pop()
    }

    #[test]
    fn a_guest_from_outside_makes_an_appointment() {
        let config = Config::default();
        let booked = told(&config, &entry(&[("front@acme.example", false), ("ana@example.com", false)])).expect("one");
        assert_eq!((booked.kind, booked.contact.as_deref()), (SignalKind::Booking, Some("ana@example.com")));
        assert_eq!((booked.external_id.as_str(), booked.lead.as_deref()), ("booking:e1", Some("booking:e1")));
        assert_eq!((booked.at, booked.value), (at("2026-10-01T08:00:00Z"), None));
        assert_eq!(booked.data["starts_at"], "2026-10-05T14:00:00+00:00");
        assert_eq!((&booked.data["cancelled"], booked.data.len()), (&json!(false), 2), "no title, no text");
        assert!(told(&config, &entry(&[("front@acme.example", false), ("lee@acme.example", false)])).is_none());
        assert!(told(&config, &entry(&[])).is_none());
        let two = told(&config, &entry(&[("ana@example.com", false), ("bo@example.com", false)])).expect("one");
        assert_eq!(two.data["guests"], 2);
    }

    #[test]
    fn colleagues_are_known_by_domain_but_not_at_a_public_host() {
        let more = Config { domains: vec!["@Branch.Example".into()], ..Config::default() };
        assert!(told(&more, &entry(&[("lee@branch.example", false)])).is_none());
        let private = Calendar { owner: "practice@gmail.com".into(), ..calendar() };
        let entry = entry(&[("practice@gmail.com", false), ("ana@gmail.com", false)]);
        let booked = entry.signals("t", &Config::default(), &private).pop().expect("a guest");
        assert_eq!(booked.contact.as_deref(), Some("ana@gmail.com"));
    }

    #[test]
    fn words_and_calendars_of_their_own_need_no_guest() {
        let words = Config { words: vec!["check-UP".into()], ..Config::default() };
        assert_eq!(told(&words, &entry(&[])).expect("a word").contact, None);
        let whole = Config { whole: vec!["front desk".into()], location: "Main".into(), ..Config::default() };
        assert_eq!(told(&whole, &entry(&[])).expect("its calendar").location.as_deref(), Some("Main"));
        for odd in [Entry { whole_days: true, ..entry(&[]) }, Entry { private: true, ..entry(&[]) }] {
            assert!(told(&whole, &odd).is_none(), "{odd:?}");
        }
    }

    #[test]
    fn what_is_off_is_told_as_cancelled() {
        let config = Config::default();
        let off = |entry: &Entry| told(&config, entry).expect("an appointment").data["cancelled"] == true;
        let (us, ana, bo) = ("front@acme.example", "ana@example.com", "bo@example.com");
        assert!(off(&Entry { cancelled: true, ..entry(&[(ana, false)]) }));
        assert!(off(&entry(&[(us, false), (ana, true)])) && off(&entry(&[(ana, false), (us, true)])));
        assert!(!off(&entry(&[(us, false), (ana, true), (bo, false)])), "one of them comes");
        assert!(!off(&entry(&[(us, false), ("lee@acme.example", true), (ana, false)])), "one of us is there");
        let cleared = Entry { cancelled: true, changed: at("2026-10-06T08:00:00Z"), ..entry(&[(ana, false)]) };
        assert!(!off(&cleared), "it was removed after it took place");
        assert_eq!(cleared.stands(&config, &calendar()), Some(at("2026-10-05T14:00:00Z")));
    }

    #[test]
    fn rooms_are_nobody_and_who_comes_twice_is_one() {
        let all = ["room@resource.calendar.google.com", "ana@example.com", "ana@example.com"];
        let all = all.into_iter().zip([false, false, true]).map(|(address, declined)| (address.to_owned(), declined));
        assert_eq!(people(all), [Person { address: "ana@example.com".into(), declined: true }]);
    }

    #[test]
    fn times_are_of_their_zone() {
        let moment = |text: &str, zone: Value| moment(&json!(text), &zone, "start").map(|at| at.to_rfc3339());
        let utc = Ok("2026-10-05T14:00:00+00:00".to_owned());
        assert_eq!(moment("2026-10-05T09:00:00-05:00", Value::Null), utc);
        assert_eq!(moment("2026-10-05T09:00:00", json!("America/Chicago")), utc);
        assert_eq!(moment("2026-10-05T14:00:00.0000000", json!("UTC")), utc);
        assert!(moment("2026-10-05T14:00:00", json!("Mars")).is_err() && moment("soon", Value::Null).is_err());
        assert_eq!(made(&json!("1970-01-01T00:00:00Z"), at("2026-10-02T08:00:00Z")), at("2026-10-02T08:00:00Z"));
    }

    #[test]
    fn an_entry_that_is_gone_leaves_its_booking_and_calls_it_off() {
        let record = gone("e1", at("2026-10-05T14:00:00Z"), at("2026-10-03T08:00:00Z"));
        let told = gone_signals("t", &Config::default(), &record).expect("gone").expect("readable").remove(0);
        assert_eq!((told.external_id.as_str(), told.lead.as_deref()), ("booking:e1:cancelled", Some("booking:e1")));
        assert_eq!((told.at, &told.data["cancelled"]), (at("2026-10-03T08:00:00Z"), &json!(true)));
        assert!(gone_signals("t", &Config::default(), &json!({"id": "e1"})).is_none());
    }
}
