//! Reading the calendars of an account, whoever keeps them: a page of one calendar after the other.
//!
//! A system forgets its tokens and the pages it gave. Then the calendar is read whole again; a system that forgets even while it is
//! read whole is not followed.

use async_trait::async_trait;
use serde_json::Value;

use super::entry::{Entry, calendar_of, gone_signals};
use super::place::{Ask, Place, Told};
use super::{Calendar, Config};
use crate::signal::Signal;
use crate::source::{Page, Reading, Rejection, SourceError, Stream};

/// What is read of calendars.
const STREAM: &str = "appointments";

/// A system that keeps calendars: what one of them asks and says unlike the others.
#[async_trait]
pub(crate) trait Keeper: Send + Sync {
    /// The source's name on its signals.
    const NAME: &'static str;

    /// How the account's calendars are read.
    fn config(&self) -> &Config;

    /// The calendars to read, in a stable order.
    async fn calendars(&self) -> Result<Vec<Calendar>, SourceError>;

    /// A page of a calendar; none where what it was asked from is forgotten.
    async fn events(&self, calendar: &Calendar, ask: &Ask) -> Result<Option<Told>, SourceError>;

    /// Reads an entry; none where only the name of a removed one is left.
    fn entry(record: &Value) -> Result<Option<Entry>, Rejection>;
}

/// The one stream of calendars, with the names of a record's fields.
pub(crate) fn streams<const N: usize>(fields: [&str; N]) -> Vec<Stream> {
    vec![Stream {
        name: STREAM.to_owned(),
        title: "Appointments of calendars".to_owned(),
        fields: fields.map(str::to_owned).into(),
        incremental: true,
    }]
}

/// One page.
pub(crate) async fn read<K: Keeper>(keeper: &K, reading: &Reading<'_>) -> Result<Page, SourceError> {
    if reading.stream != STREAM {
        return Err(SourceError::Refused(format!("there is no stream {}", reading.stream)));
    }
    let mut place = Place::open(reading.cursor)?;
    if place.is_new() {
        place.begin(keeper.calendars().await?);
    }
    let Some(calendar) = place.calendar() else {
        return Err(SourceError::Refused("the account has no calendar that is to be read".to_owned()));
    };
    let ask = place.ask(&calendar, reading, keeper.config());
    let told = match keeper.events(&calendar, &ask).await {
        // A page may have been forgotten between runs.
        Ok(None) | Err(SourceError::Refused(_)) if !matches!(ask, Ask::Whole(_)) => {
            place.forgotten(&calendar);
            let ask = place.ask(&calendar, reading, keeper.config());
            keeper.events(&calendar, &ask).await?
        }
        told => told?,
    };
    let told =
        told.ok_or_else(|| SourceError::Malformed("a calendar was forgotten while it was read whole".to_owned()))?;
    place.take(&calendar, told, reading, keeper.config(), K::entry)
}

/// The signals of one record.
pub(crate) fn map<K: Keeper>(keeper: &K, record: &Value) -> Result<Vec<Signal>, Rejection> {
    if let Some(gone) = gone_signals(K::NAME, keeper.config(), record) {
        return gone;
    }
    let entry = K::entry(record)?;
    Ok(entry.map(|entry| entry.signals(K::NAME, keeper.config(), &calendar_of(record))).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::*;
    use crate::source::Cursor;

    type Answer = Result<Option<Told>, SourceError>;

    /// One calendar that gives its answers one after the other, and what it was asked.
    struct Scripted {
        config: Config,
        answers: Mutex<Vec<Answer>>,
        asked: Mutex<Vec<Ask>>,
    }

    #[async_trait]
    impl Keeper for Scripted {
        const NAME: &'static str = "scripted";

        fn config(&self) -> &Config {
            &self.config
        }

        async fn calendars(&self) -> Result<Vec<Calendar>, SourceError> {
            Ok(vec![Calendar { id: "c1".into(), name: "Front desk".into(), owner: "front@acme.example".into() }])
        }

        async fn events(&self, _calendar: &Calendar, ask: &Ask) -> Result<Option<Told>, SourceError> {
            self.asked.lock().expect("the questions").push(ask.clone());
            self.answers.lock().expect("the answers").remove(0)
        }

        fn entry(_record: &Value) -> Result<Option<Entry>, Rejection> {
            Ok(None)
        }
    }

    fn scripted(answers: Vec<Answer>) -> Scripted {
        Scripted { config: Config::default(), answers: Mutex::new(answers), asked: Mutex::default() }
    }

    fn told(token: &str) -> Told {
        Told { token: Some(token.to_owned()), ..Told::default() }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    async fn turn(keeper: &Scripted, stream: &str, cursor: &Cursor) -> Result<Page, SourceError> {
        let (since, now) = (at("2026-07-01T00:00:00Z"), at("2026-10-01T08:00:00Z"));
        read(keeper, &Reading { stream, cursor, since, now }).await
    }

    #[tokio::test]
    async fn what_is_forgotten_is_read_whole_again() {
        for forgotten in [Ok(None), Err(SourceError::Refused("no such page".into()))] {
            let keeper = scripted(vec![Ok(Some(told("t1"))), forgotten, Ok(Some(told("t2")))]);
            let first = turn(&keeper, STREAM, &Cursor::default()).await.expect("a page");
            turn(&keeper, STREAM, &first.next).await.expect("the calendar, whole");
            let asked = keeper.asked.lock().expect("the questions");
            assert!(matches!(&asked[..], [Ask::Whole(_), Ask::Changes(t1), Ask::Whole(_)] if t1 == "t1"), "{asked:?}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_system_is_not_asked_again() {
        let keeper = scripted(vec![Ok(Some(told("t1"))), Err(SourceError::Unavailable("down".into()))]);
        let first = turn(&keeper, STREAM, &Cursor::default()).await.expect("a page");
        let away = turn(&keeper, STREAM, &first.next).await.expect_err("it is down");
        assert!(matches!(away, SourceError::Unavailable(_)), "{away:?}");
        let lost = turn(&scripted(vec![Ok(None)]), STREAM, &Cursor::default()).await.expect_err("forgotten at once");
        assert!(matches!(lost, SourceError::Malformed(_)), "{lost:?}");
    }

    #[tokio::test]
    async fn there_is_one_stream() {
        let keeper = scripted(Vec::new());
        let refused = turn(&keeper, "contacts", &Cursor::default()).await.expect_err("no such stream");
        assert!(matches!(refused, SourceError::Refused(_)), "{refused:?}");
        assert!(keeper.asked.lock().expect("the questions").is_empty());
        assert_eq!(streams(["start"])[0].name, STREAM);
    }

    #[test]
    fn an_entry_that_is_gone_is_told_by_the_keeper_s_name() {
        let keeper = scripted(Vec::new());
        let record = super::super::entry::gone("e1", at("2026-10-05T14:00:00Z"), at("2026-10-03T08:00:00Z"));
        let told = map(&keeper, &record).expect("readable");
        assert_eq!(told.iter().map(|one| one.source.as_str()).collect::<Vec<_>>(), ["scripted"]);
        assert_eq!(map(&keeper, &json!({"id": "e2"})), Ok(Vec::new()));
    }
}
