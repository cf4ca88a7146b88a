//! Reading by days: a run goes from the last day that had data, less the days that may still change, to today, in slices, each in
//! pages. The cursor advances only with data: a system that says nothing for a week is asked for that week again.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::source::{Cursor, Reading, Rejection, SourceError};
use crate::wire::fingerprint;

/// How far a stream of days was read, and where the run under way stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Walk {
    /// The last day that had data, of runs that ended.
    pub through: Option<NaiveDate>,
    /// The last day that had data in the run under way.
    seen: Option<NaiveDate>,
    /// The slice under way, both days included.
    slice: Option<(NaiveDate, NaiveDate)>,
    /// The last day of the run under way.
    until: Option<NaiveDate>,
    /// Where in the slice: the source's own.
    pub page: Value,
    /// Digests of the slice's first page and of its last one read.
    prints: Vec<String>,
    /// The account's time zone, once it was told.
    pub zone: Option<String>,
}

/// How a stream is walked.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to each name")]
pub struct Stride {
    /// Days before the last one with data that are read again.
    pub late_days: u32,
    /// Days of a slice.
    pub slice_days: u32,
    /// Days back from today beyond which the system refuses.
    pub oldest_days: Option<u32>,
}

impl Walk {
    /// Reads a cursor.
    pub fn open(cursor: &Cursor) -> Result<Self, SourceError> {
        read_cursor(cursor)
    }

    /// The slice to read: the one under way, or the first of a new run.
    pub fn slice(&mut self, reading: &Reading<'_>, stride: Stride) -> (NaiveDate, NaiveDate) {
        if let Some(slice) = self.slice {
            return slice;
        }
        let zone = self.zone();
        let (today, since) = (day_in(zone, reading.now), day_in(zone, reading.since));
        let late = self.through.map(|day| day - Days::new(u64::from(stride.late_days)));
        let oldest = stride.oldest_days.map(|days| today - Days::new(u64::from(days)));
        let from = late.map_or(since, |day| day.max(since));
        let from = oldest.map_or(from, |day| day.max(from)).min(today);
        let slice = (from, (from + Days::new(u64::from(stride.slice_days.max(1)) - 1)).min(today));
        (self.slice, self.until, self.page, self.seen) = (Some(slice), Some(today), Value::Null, None);
        self.prints.clear();
        slice
    }

    /// Notes a page that was read: the days its records are of, and that it is not one read before.
    pub fn note(&mut self, records: &[Value], day: impl Fn(&Value) -> Option<NaiveDate>) -> Result<(), SourceError> {
        let newest = records.iter().filter_map(day).max();
        self.seen = self.seen.max(newest);
        new_page(&mut self.prints, records)
    }

    /// Goes on with the next page of the slice.
    pub fn turn(&mut self, page: Value) {
        self.page = page;
    }

    /// Goes back to the first page of the slice.
    pub fn again(&mut self) {
        self.page = Value::Null;
        self.prints.clear();
    }

    /// Ends the slice; true when it was the last one of the run.
    pub fn end_slice(&mut self, stride: Stride) -> bool {
        self.page = Value::Null;
        self.prints.clear();
        let (Some((_, to)), Some(until)) = (self.slice, self.until) else { return true };
        if to < until {
            let from = to + Days::new(1);
            self.slice = Some((from, (to + Days::new(u64::from(stride.slice_days.max(1)))).min(until)));
            return false;
        }
        self.through = self.through.max(self.seen);
        (self.slice, self.until, self.seen) = (None, None, None);
        true
    }

    /// The account's time zone.
    pub fn zone(&self) -> Option<Tz> {
        self.zone.as_deref().and_then(|name| name.parse().ok())
    }

    /// As a cursor.
    pub fn cursor(&self) -> Result<Cursor, SourceError> {
        write_cursor(self)
    }
}

/// Reads a cursor; `null` is the beginning.
pub fn read_cursor<T: Default + for<'de> Deserialize<'de>>(cursor: &Cursor) -> Result<T, SourceError> {
    if cursor.0.is_null() {
        return Ok(T::default());
    }
    T::deserialize(&cursor.0)
        .map_err(|error| SourceError::Malformed(format!("the stored cursor cannot be read: {error}")))
}

/// Writes a cursor.
pub fn write_cursor(state: &impl Serialize) -> Result<Cursor, SourceError> {
    let value = serde_json::to_value(state);
    value.map(Cursor).map_err(|error| SourceError::Malformed(format!("the cursor cannot be written: {error}")))
}

/// Refuses a page that is the first one or the last one again, which would go on for ever or skip what belongs there.
pub fn new_page(prints: &mut Vec<String>, records: &[Value]) -> Result<(), SourceError> {
    if records.is_empty() {
        return Ok(());
    }
    let print = fingerprint(&Value::from(records).to_string());
    if prints.contains(&print) {
        return Err(SourceError::Malformed("the same page came again".to_owned()));
    }
    prints.truncate(1);
    prints.push(print);
    Ok(())
}

/// Whether another page is asked for: always after a full one, whatever total is told, and never after an empty one.
pub fn goes_on(count: usize, size: usize, told_more: bool) -> bool {
    count > 0 && (count >= size || told_more)
}

/// The day an instant is on.
pub fn day_in(zone: Option<Tz>, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive()
}

/// Noon of a day: figures of a day are told as of noon, so that neighbours in time zone see them on the same day.
pub fn noon(day: NaiveDate, zone: Option<Tz>) -> DateTime<Utc> {
    let noon = day.and_time(NaiveTime::MIN) + chrono::TimeDelta::hours(12);
    local(noon, zone)
}

/// A local time in a zone; where the clocks jump, the earlier instant, or the same hours of UTC where there is none.
pub fn local(at: chrono::NaiveDateTime, zone: Option<Tz>) -> DateTime<Utc> {
    let zoned = zone.unwrap_or(Tz::UTC).from_local_datetime(&at).earliest();
    zoned.map_or_else(|| at.and_utc(), |at| at.with_timezone(&Utc))
}

/// A day as `2026-10-01` or `20261001`.
pub fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(text, "%Y%m%d")).ok()
}

/// A record without what every signal needs.
pub fn lacks(field: &str) -> Rejection {
    Rejection { field: Some(field.to_owned()), reason: format!("the record has no readable {field}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn date(text: &str) -> NaiveDate {
        day(text).expect("a day")
    }

    fn run(walk: &mut Walk, now: &str, stride: Stride, data: &[&str]) -> Vec<(NaiveDate, NaiveDate)> {
        let cursor = Cursor::default();
        let at = |text: &str| noon(date(text), None);
        let reading = Reading { stream: "s", cursor: &cursor, since: at("2026-09-01"), now: at(now) };
        let mut slices = Vec::new();
        loop {
            let slice = walk.slice(&reading, stride);
            slices.push(slice);
            let within = |text: &&&str| (slice.0..=slice.1).contains(&date(text));
            let records: Vec<Value> = data.iter().filter(within).map(|text| json!(text)).collect();
            walk.note(&records, |record| day(record.as_str()?)).expect("a new page");
            if walk.end_slice(stride) {
                return slices;
            }
        }
    }

    #[test]
    fn slices_cover_every_day_once_and_late_days_again() {
        let stride = Stride { late_days: 3, slice_days: 10, oldest_days: None };
        let mut walk = Walk::default();
        let slices = run(&mut walk, "2026-09-25", stride, &["2026-09-02", "2026-09-20"]);
        assert_eq!(slices.first().map(|slice| slice.0), Some(date("2026-09-01")));
        assert_eq!(slices.last().map(|slice| slice.1), Some(date("2026-09-25")));
        assert!(slices.windows(2).all(|pair| pair[0].1 + Days::new(1) == pair[1].0), "{slices:?}");
        assert_eq!(walk.through, Some(date("2026-09-20")), "as far as there was data, no further");
        let again = run(&mut walk, "2026-09-26", stride, &[]);
        assert_eq!(again, [(date("2026-09-17"), date("2026-09-26"))]);
        assert_eq!(walk.through, Some(date("2026-09-20")), "nothing came, nothing moved");
        let limited = Stride { oldest_days: Some(5), ..stride };
        assert_eq!(
            run(&mut Walk::default(), "2026-09-25", limited, &[]).first().map(|slice| slice.0),
            Some(date("2026-09-20"))
        );
    }

    #[test]
    fn a_page_that_comes_again_is_noticed() {
        let mut prints = Vec::new();
        let page = |n: i64| vec![json!({ "id": n })];
        for n in [1, 2, 3] {
            new_page(&mut prints, &page(n)).expect("new");
        }
        assert!(new_page(&mut prints, &page(3)).is_err() && new_page(&mut prints, &page(1)).is_err());
        assert!(new_page(&mut prints, &[]).is_ok());
        assert!(goes_on(10, 10, false) && goes_on(3, 10, true) && !goes_on(3, 10, false) && !goes_on(0, 10, true));
    }

    #[test]
    fn noon_is_the_zones_own() {
        assert_eq!(noon(date("2026-07-01"), "America/Chicago".parse().ok()).to_rfc3339(), "2026-07-01T17:00:00+00:00");
        assert_eq!(noon(date("20261201"), None).to_rfc3339(), "2026-12-01T12:00:00+00:00");
    }
}
