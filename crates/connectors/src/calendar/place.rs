//! How far the calendars of an account were read: one after the other, each whole at first and then only what changed.
//!
//! A system tells changes from a token on, and forgets its tokens. Then a calendar is read whole again, and what was told as standing
//! and is there no more was removed meanwhile. So the appointments ahead are kept with the token: the id of each and when it begins,
//! nothing of who comes.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entry::{Entry, ahead, gone, mark};
use super::{Calendar, Config};
use crate::source::{Cursor, Page, Reading, Rejection, SourceError};
use crate::walk::{new_page, read_cursor, write_cursor};
use crate::wire;

/// The most appointments ahead that are kept of a calendar.
const MOST_AHEAD: usize = 5_000;

/// Appointments ahead: ids and when they begin, in seconds.
type Ahead = BTreeMap<String, i64>;

/// Where a calendar goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    token: Option<String>,
    /// When it was begun to be read whole.
    begun: DateTime<Utc>,
    ahead: Ahead,
}

/// How far everything was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    kept: BTreeMap<String, Kept>,
    /// Of the run under way: calendars still to be read, the first one in part.
    todo: Vec<Calendar>,
    /// The next page of the first one.
    page: Option<String>,
    /// The stretch in which the first one is being read whole; none while only its changes are read.
    whole: Option<Stretch>,
    /// What stands of it, as far as it was read whole.
    found: Ahead,
    prints: Vec<String>,
}

/// A stretch of time, and when it was begun to be read.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    begun: DateTime<Utc>,
}

/// What is asked of a calendar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    /// The first page of all there is in a stretch of time.
    Whole(Stretch),
    /// The first page of what changed since a token.
    Changes(String),
    /// A further page, of all there is (with its stretch) or of what changed since a token.
    Page { page: String, whole: Option<Stretch>, since: Option<String> },
}

/// What a calendar answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub entries: Vec<Value>,
    /// The next page.
    pub page: Option<String>,
    /// After the last page: where changes are told from.
    pub token: Option<String>,
}

impl Place {
    pub fn open(cursor: &Cursor) -> Result<Self, SourceError> {
        read_cursor(cursor)
    }

    /// Whether a run begins, and calendars are to be listed.
    pub fn is_new(&self) -> bool {
        self.todo.is_empty()
    }

    /// Begins a run over calendars; what was kept of others is forgotten.
    pub fn begin(&mut self, calendars: Vec<Calendar>) {
        self.kept.retain(|id, _| calendars.iter().any(|one| one.id == *id));
        self.todo = calendars;
        self.first();
    }

    /// The calendar that is being read.
    pub fn calendar(&self) -> Option<Calendar> {
        self.todo.first().cloned()
    }

    fn first(&mut self) {
        (self.page, self.whole) = (None, None);
        self.found.clear();
        self.prints.clear();
    }

    /// What to ask of it.
    pub fn ask(&mut self, calendar: &Calendar, reading: &Reading<'_>, config: &Config) -> Ask {
        if let Some(page) = &self.page {
            let since =
                self.kept.get(&calendar.id).filter(|_| self.whole.is_none()).and_then(|kept| kept.token.clone());
            return Ask::Page { page: page.clone(), whole: self.whole, since };
        }
        let again = Duration::days(config.round_days.clamp(1, 365));
        let kept = self.kept.get(&calendar.id).filter(|kept| kept.begun + again > reading.now);
        if let Some(token) = kept.and_then(|kept| kept.token.clone()) {
            return Ask::Changes(token);
        }
        let stretch = Stretch { from: reading.since, to: ahead(reading.now, config.ahead_days), begun: reading.now };
        self.whole = Some(stretch);
        Ask::Whole(stretch)
    }

    /// Its token or page is forgotten there: it is read whole, from the first page.
    pub fn forgotten(&mut self, calendar: &Calendar) {
        if let Some(kept) = self.kept.get_mut(&calendar.id) {
            kept.token = None;
        }
        self.first();
    }

    /// Takes a page in. `entry` reads an entry; none where only its name is left. One that cannot be read is a record all the same:
    /// it is refused when it is mapped, with its reason.
    pub fn take(
        mut self,
        calendar: &Calendar,
        told: Told,
        reading: &Reading<'_>,
        config: &Config,
        entry: impl Fn(&Value) -> Result<Option<Entry>, Rejection>,
    ) -> Result<Page, SourceError> {
        if told.page.is_some() && told.page == self.page {
            return Err(SourceError::Malformed("the same page came again".to_owned()));
        }
        new_page(&mut self.prints, &told.entries)?;
        let now = reading.now;
        let mut kept = self.kept.remove(&calendar.id).unwrap_or_default();
        let mut records = Vec::new();
        for mut record in told.entries {
            let Some(id) = wire::id(&record["id"]) else { continue };
            let before = kept.ahead.remove(&id).and_then(|at| DateTime::from_timestamp(at, 0));
            match entry(&record) {
                Ok(None) => {
                    records.extend(removed(calendar, &id, before, now));
                    continue;
                }
                // It comes again once a stretch reaches to it.
                Ok(Some(read)) if read.starts > ahead(now, config.ahead_days) => continue,
                Ok(Some(read)) => {
                    if let Some(starts) = read.stands(config, calendar).filter(|starts| *starts > now) {
                        let standing = if self.whole.is_some() { &mut self.found } else { &mut kept.ahead };
                        standing.insert(id, starts.timestamp());
                    }
                }
                Err(_) => {}
            }
            mark(&mut record, calendar);
            records.push(record);
        }
        self.page = told.page;
        if self.page.is_none() {
            if let Some(Stretch { begun, .. }) = self.whole {
                let missing = std::mem::replace(&mut kept.ahead, std::mem::take(&mut self.found));
                for (id, starts) in missing {
                    records.extend(removed(calendar, &id, DateTime::from_timestamp(starts, 0), now));
                }
                kept.begun = begun;
            }
            kept.token = told.token;
            kept.ahead.retain(|_, starts| *starts > now.timestamp());
            bound(&mut kept.ahead);
            self.todo.remove(0);
            self.first();
        }
        self.kept.insert(calendar.id.clone(), kept);
        Ok(Page { records, done: self.todo.is_empty(), next: self.cursor()?, total: None })
    }

    pub fn cursor(&self) -> Result<Cursor, SourceError> {
        write_cursor(self)
    }
}

/// An appointment that was told as standing and is gone, unless it began meanwhile: then it took place.
fn removed(calendar: &Calendar, id: &str, starts: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Value> {
    let mut record = gone(id, starts.filter(|starts| *starts > now)?, now);
    mark(&mut record, calendar);
    Some(record)
}

/// Keeps those that begin first.
fn bound(all: &mut Ahead) {
    if all.len() > MOST_AHEAD {
        let mut starts: Vec<i64> = all.values().copied().collect();
        starts.sort_unstable();
        let last = starts[MOST_AHEAD];
        all.retain(|_, starts| *starts < last);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn calendar(id: &str) -> Calendar {
        Calendar { id: id.into(), name: id.into(), owner: "front@acme.example".into() }
    }

    /// An entry with a guest, which begins on a day of October.
    fn event(id: &str, day: u32) -> Value {
        json!({ "id": id, "day": day })
    }

    fn entry(record: &Value) -> Option<Entry> {
        let day = record["day"].as_u64()?;
        let made = at("2026-09-01T08:00:00Z");
        Some(Entry {
            id: record["id"].as_str()?.to_owned(),
            made,
            changed: made,
            starts: at(&format!("2026-10-{day:02}T14:00:00Z")),
            title: String::new(),
            whole_days: false,
            private: false,
            cancelled: false,
            tentative: false,
            people: super::super::entry::people([("ana@example.com".to_owned(), false)].into_iter()),
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape a calendar's own reader has")]
    fn read(record: &Value) -> Result<Option<Entry>, Rejection> {
        Ok(entry(record))
    }

    fn turn(place: &mut Place, now: &str, calendars: &[&str], told: Told) -> (Ask, Vec<Value>, bool) {
        let cursor = Cursor::default();
        let reading =
            Reading { stream: "appointments", cursor: &cursor, since: at("2026-07-01T00:00:00Z"), now: at(now) };
        let config = Config::default();
        if place.is_new() {
            place.begin(calendars.iter().map(|id| calendar(id)).collect());
        }
        let one = place.calendar().expect("a calendar");
        let ask = place.ask(&one, &reading, &config);
        let page = place.clone().take(&one, told, &reading, &config, read).expect("a page");
        *place = Place::open(&page.next).expect("its own cursor");
        (ask, page.records, page.done)
    }

    fn told(entries: &[Value], page: Option<&str>, token: Option<&str>) -> Told {
        Told { entries: entries.to_vec(), page: page.map(str::to_owned), token: token.map(str::to_owned) }
    }

    const FIRST: &str = "2026-10-01T08:00:00Z";

    #[test]
    fn each_calendar_is_read_whole_and_then_by_its_changes() {
        let mut place = Place::default();
        let (ask, records, done) = turn(&mut place, FIRST, &["a", "b"], told(&[event("1", 5)], Some("p2"), None));
        assert!(matches!(ask, Ask::Whole(stretch) if stretch.from == at("2026-07-01T00:00:00Z")), "{ask:?}");
        assert_eq!((records[0]["_calendar"]["id"].as_str(), done), (Some("a"), false));
        let (ask, ..) = turn(&mut place, FIRST, &[], told(&[event("2", 6)], None, Some("t1")));
        assert!(matches!(ask, Ask::Page { page, whole: Some(_), since: None } if page == "p2"));
        let (.., done) = turn(&mut place, FIRST, &[], told(&[], None, Some("t2")));
        assert!(done);
        let (ask, records, done) = turn(&mut place, "2026-10-02T08:00:00Z", &["a", "b"], told(&[], None, Some("t3")));
        assert_eq!((ask, records.len(), done), (Ask::Changes("t1".into()), 0, false));
        turn(&mut place, "2026-10-02T08:00:00Z", &[], told(&[], None, Some("t4")));
        let (ask, ..) = turn(&mut place, "2026-10-09T08:00:00Z", &["b"], told(&[], None, None));
        assert!(matches!(ask, Ask::Whole(_)), "after a week the stretch ahead moves on: {ask:?}");
        assert!(!place.kept.contains_key("a"), "a calendar that is not read any more is forgotten");
        let (ask, ..) = turn(&mut place, "2026-10-09T09:00:00Z", &["b"], told(&[], None, None));
        assert!(matches!(ask, Ask::Whole(_)), "no token came: {ask:?}");
    }

    #[test]
    fn what_is_removed_before_it_begins_is_told_and_what_was_over_is_not() {
        let mut place = Place::default();
        turn(&mut place, FIRST, &["a"], told(&[event("1", 2), event("2", 9), event("3", 9)], None, Some("t1")));
        let gone = [json!({ "id": "1" }), json!({ "id": "2" }), json!({ "id": "never seen" })];
        let (_, records, _) = turn(&mut place, "2026-10-03T08:00:00Z", &["a"], told(&gone, None, Some("t2")));
        let ids: Vec<_> = records.iter().map(|record| record["id"].as_str()).collect();
        assert_eq!(ids, [Some("2")], "{records:?}");
        let (_, again, _) = turn(&mut place, "2026-10-03T09:00:00Z", &["a"], told(&gone, None, Some("t3")));
        assert!(again.is_empty(), "once: {again:?}");
        // The token is forgotten, and meanwhile another was removed.
        place.begin(vec![calendar("a")]);
        place.forgotten(&calendar("a"));
        let (ask, records, _) =
            turn(&mut place, "2026-10-04T08:00:00Z", &["a"], told(&[event("4", 8)], None, Some("t4")));
        assert!(matches!(ask, Ask::Whole(_)));
        let ids: Vec<_> = records.iter().map(|record| (record["id"].as_str(), record["_gone"].is_null())).collect();
        assert_eq!(ids, [(Some("4"), true), (Some("3"), false)]);
    }

    #[test]
    fn pages_that_come_again_are_noticed() {
        let reading_of = |place: Place, told: Told| {
            let cursor = Cursor::default();
            let reading = Reading { stream: "", cursor: &cursor, since: at(FIRST), now: at(FIRST) };
            place.take(&calendar("a"), told, &reading, &Config::default(), read)
        };
        let mut place = Place::default();
        turn(&mut place, FIRST, &["a"], told(&[event("1", 5)], Some("p2"), None));
        assert!(reading_of(place.clone(), told(&[event("1", 5)], Some("p3"), None)).is_err());
        assert!(reading_of(place.clone(), told(&[event("2", 5)], Some("p2"), None)).is_err());
        assert!(reading_of(place, told(&[event("2", 5)], Some("p3"), None)).is_ok());
    }

    #[test]
    fn only_so_many_appointments_ahead_are_kept() {
        let mut all: Ahead =
            (0..i64::try_from(MOST_AHEAD).expect("it fits") + 10).map(|n| (n.to_string(), n)).collect();
        bound(&mut all);
        assert_eq!((all.len(), all.values().max()), (MOST_AHEAD, Some(&4_999)));
    }
}
