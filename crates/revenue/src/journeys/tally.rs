//! The sums of very many signals and journeys: a name is copied when it comes for the first time, not with each of a million.

use std::collections::HashMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::fold::Journey;
use super::sums;
use crate::metrics as m;
use crate::settings::Rules;
use crate::signals::StoredSignal;
use crate::signals::sums::{Sums, each};

/// Counts and amounts by metric.
type Metrics = HashMap<String, (i64, i64)>;

/// Sums by day and place, then by source, then by metric.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<(NaiveDate, Uuid), HashMap<String, Metrics>>);

impl Tally {
    /// Adds what a signal counts by itself.
    pub(super) fn signal(&mut self, signal: &StoredSignal, rules: &Rules) {
        let day = rules.of(signal.location).day(signal.at);
        let place = signal.location.unwrap_or_else(Uuid::nil);
        self.at(day, place, &signal.source, |metrics| {
            each(signal, |metric, n, amount| add(metrics, metric, n, amount));
        });
    }

    /// Adds a journey, as [`sums::count`] does.
    pub(super) fn journey(&mut self, journey: &Journey) {
        let place = journey.location_id.unwrap_or_else(Uuid::nil);
        self.at(journey.day, place, &journey.source, |metrics| {
            sums::each(journey, |metric, n, amount| add(metrics, metric, n, amount));
        });
        if let Some(day) = journey.leaks_day {
            self.at(day, place, &journey.source, |metrics| add(metrics, m::LEAKS, 1, journey.value_minor));
        }
    }

    /// The sums, those that are zero too.
    pub(super) fn into_sums(self) -> Sums {
        let mut sums = Sums::default();
        for ((day, place), sources) in self.0 {
            for (source, metrics) in sources {
                for (metric, (n, amount)) in metrics {
                    sums.add((day, place, source.clone(), metric), n, amount);
                }
            }
        }
        sums
    }

    fn at(&mut self, day: NaiveDate, place: Uuid, source: &str, tell: impl FnOnce(&mut Metrics)) {
        let sources = self.0.entry((day, place)).or_default();
        match sources.get_mut(source) {
            Some(metrics) => tell(metrics),
            None => tell(sources.entry(source.to_owned()).or_default()),
        }
    }
}

fn add(metrics: &mut Metrics, metric: &str, n: i64, amount: i64) {
    if let Some(sum) = metrics.get_mut(metric) {
        *sum = (sum.0 + n, sum.1.saturating_add(amount));
    } else {
        metrics.insert(metric.to_owned(), (n, amount));
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};
    use connectors::signal::SignalKind;
    use serde_json::json;

    use super::super::circle::interned;
    use super::super::{Told, fold};
    use super::*;

    #[test]
    fn a_tally_comes_to_the_same_sums() {
        let rules = Rules::default();
        let (mut tally, mut one_by_one) = (Tally::default(), Sums::default());
        let (mut told, mut sources) = (Vec::new(), HashMap::new());
        for number in 0..400_u128 {
            let kind = SignalKind::ALL[(number * 7 % 11) as usize];
            let at =
                DateTime::from_timestamp(1_770_000_000, 0).expect("an instant") + Duration::hours(number as i64 * 5);
            let rival = if number % 4 == 0 { "Them" } else { "" };
            let signal = StoredSignal {
                id: Uuid::from_u128(number),
                at,
                kind,
                source: ["web", "till"][(number % 2) as usize].to_owned(),
                external_id: String::new(),
                location: (number % 3 > 0).then(|| Uuid::from_u128(number % 3)),
                lead: Some(Uuid::from_u128(1_000 + number % 40)),
                contact: None,
                minor: Some(number as i64 * 100),
                original: None,
                data: Some(json!({ "rating": 4, "cancelled": number % 5 == 0, "clicks": 3, "rival": rival })),
            };
            tally.signal(&signal, &rules);
            one_by_one.count(&signal, &rules, 1);
            told.extend(Told::of(&signal, |source| interned(&mut sources, source)));
        }
        let journeys = fold(&told, &rules);
        assert!(journeys.len() > 10 && journeys.iter().any(|journey| journey.leaks_day.is_some()));
        for journey in &journeys {
            tally.journey(journey);
            sums::count(&mut one_by_one, journey, 1);
        }
        assert_eq!(tally.into_sums().trimmed(), one_by_one.trimmed());
    }
}
