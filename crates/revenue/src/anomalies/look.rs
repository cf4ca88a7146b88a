//! Looking at the days of a place that have closed: each is judged once, and what is out of the ordinary is written down with what
//! explains it.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::AnomalyId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use ring::digest;
use serde_json::json;
use stats::detect::{Judgement, Verdict, judge};
use uuid::Uuid;

use super::evidence::{Evidence, EvidenceDay, EvidencePart};
use super::series::{self, Series};
use super::store::{self, Found};
use crate::metrics::Metric;
use crate::settings::Rules;

/// A day is looked at this long after its midnight, so that what is told late is in it.
const SETTLES: Duration = Duration::hours(3);
/// Days before the last closed one that are looked at when none was before.
const CATCH_UP: u64 = 7;
/// Days in evidence.
const SHOWN: usize = 60;
/// Parts in evidence.
const PARTS: usize = 5;

/// How far beyond the threshold a single place must be: the false alarms that a metric is promised not to exceed are shared by its
/// places.
const AT_PLACES: f64 = 1.35;

/// The last day that is over at a place, or everywhere for the whole organisation.
pub(super) fn closed_day(rules: &Rules, place: Option<Uuid>, now: DateTime<Utc>) -> NaiveDate {
    let at = now - SETTLES;
    let day = match place {
        Some(_) => rules.of(place).day(at),
        None => rules.places.values().map(|place| place.day(at)).fold(rules.whole.day(at), NaiveDate::min),
    };
    day - Days::new(1)
}

/// Looks at every day of a place that closed since the last look. Returns the anomalies that are new.
pub async fn look(
    tx: &mut OrgTx,
    rules: &Rules,
    place: Option<Uuid>,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<AnomalyId>> {
    let closed = closed_day(rules, place, now);
    let mark = store::mark(tx, place).await?;
    if mark.is_some_and(|day| day >= closed) {
        return Ok(Vec::new());
    }
    let earliest = closed - Days::new(CATCH_UP);
    let begins = mark.map_or(earliest, |day| (day + Days::new(1)).max(earliest));
    let series = Series::read(tx, place, closed).await?;
    let mut new = Vec::new();
    for metric in series::watched() {
        let Some(values) = series.values.get(metric.name) else { continue };
        for day in begins.iter_days().take_while(|day| *day <= closed) {
            let at = (day - series.from).num_days().unsigned_abs() as usize;
            let Verdict::Judged(told) = judge(values, at, series::kind(metric)) else { continue };
            let enough = if place.is_some() { AT_PLACES } else { 1.0 };
            if told.beyond >= enough
                && let Some(id) = write(tx, &series, metric, place, day, &told, now).await?
            {
                new.push(id);
            }
        }
    }
    store::set_mark(tx, place, closed).await?;
    Ok(new)
}

/// Writes an anomaly, or lets one that lasts go on. Returns the id of a new one.
async fn write(
    tx: &mut OrgTx,
    series: &Series,
    metric: &'static Metric,
    place: Option<Uuid>,
    day: NaiveDate,
    told: &Judgement,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<AnomalyId>> {
    let evidence = evidence(tx, series, metric, place, day).await?;
    let found = Found {
        id: id(metric.name, place, day),
        metric: metric.name,
        place: place.unwrap_or_else(Uuid::nil),
        day,
        told: *told,
        evidence: serde_json::to_value(&evidence)?,
        now,
    };
    if store::lasts(tx, &found).await? || !store::insert(tx, &found).await? {
        return Ok(None);
    }
    let fact = Fact::AnomalyFound {
        anomaly: found.id,
        metric: metric.name.to_owned(),
        place: found.place,
        day: day.to_string(),
    };
    tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
    Ok(Some(found.id))
}

/// The id of an anomaly: the same whenever it is found.
fn id(metric: &str, place: Option<Uuid>, day: NaiveDate) -> AnomalyId {
    let key = json!([metric, place, day]).to_string();
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    AnomalyId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The days up to one with what was expected of each, and the parts that differ most.
async fn evidence(
    tx: &mut OrgTx,
    series: &Series,
    metric: &'static Metric,
    place: Option<Uuid>,
    day: NaiveDate,
) -> anyhow::Result<Evidence> {
    let values = &series.values[metric.name];
    let last = (day - series.from).num_days().unsigned_abs() as usize;
    let days = (last.saturating_sub(SHOWN - 1)..=last)
        .map(|at| {
            let on = series.from + Days::new(at as u64);
            match judge(values, at, series::kind(metric)) {
                Verdict::Judged(told) => EvidenceDay {
                    day: on,
                    value: Some(told.value),
                    expected: Some(told.expected),
                    low: Some(told.low),
                    high: Some(told.high),
                },
                _ => EvidenceDay { day: on, value: values[at], expected: None, low: None, high: None },
            }
        })
        .collect();
    let mut parts: Vec<EvidencePart> = series::parts(tx, metric.name, place, day)
        .await?
        .iter()
        .map(|part| EvidencePart::of(metric, part))
        .filter(|part| (part.value - part.usual).abs() > f64::EPSILON)
        .collect();
    parts.sort_by(|a, b| (b.value - b.usual).abs().total_cmp(&(a.value - a.usual).abs()));
    parts.truncate(PARTS);
    Ok(Evidence { days, parts })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::settings::Place;

    #[test]
    fn a_day_closes_by_the_clock_of_its_place_and_the_whole_with_the_last() {
        let (auckland, honolulu) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let at = |zone: Tz| Place { zone, ..Place::default() };
        let mut rules = Rules { whole: at(Tz::UTC), ..Rules::default() };
        rules.places.insert(auckland, at(Tz::Pacific__Auckland));
        rules.places.insert(honolulu, at(Tz::Pacific__Honolulu));
        let now: DateTime<Utc> = "2026-07-10T15:00:00Z".parse().expect("an instant");
        let day = |text: &str| -> NaiveDate { text.parse().expect("a day") };
        // Three o'clock in Auckland on the 11th: the 10th is over. In Honolulu the 10th has just begun.
        assert_eq!(closed_day(&rules, Some(auckland), now), day("2026-07-10"));
        assert_eq!(closed_day(&rules, Some(honolulu), now), day("2026-07-09"));
        assert_eq!(closed_day(&rules, None, now), day("2026-07-09"));
        assert_eq!(closed_day(&rules, None, now - Duration::hours(4)), day("2026-07-08"));
    }

    #[test]
    fn an_anomaly_has_one_id() {
        let day: NaiveDate = "2026-07-10".parse().expect("a day");
        assert_eq!(id("leads", None, day), id("leads", None, day));
        assert_ne!(id("leads", None, day), id("calls", None, day));
        assert_ne!(id("leads", None, day), id("leads", Some(Uuid::nil()), day));
    }
}
