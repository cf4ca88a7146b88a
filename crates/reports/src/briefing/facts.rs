//! What a briefing knows.

use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use kernel::ids::LocationId;

use super::window;
use crate::figures::{Action, Anomaly, Ask, Experiment, Figures, Leaks, Metric, Reading, Score, ScoreDay, Split, Sum};
use crate::organisation;
use crate::period::Period;
use crate::readings::Readings;

/// What a briefing of a day knows.
pub(crate) struct Facts {
    pub org: String,
    pub currency: String,
    /// The day it is read; the figures end with the day before.
    pub day: NaiveDate,
    /// The place it is about; none for the whole organisation.
    pub place: Option<String>,
    pub scores: Vec<Score>,
    /// The same scores a week before.
    pub before: Vec<Score>,
    pub history: Vec<ScoreDay>,
    pub metrics: Vec<Metric>,
    /// Daily sums of the last 28 days.
    pub readings: Readings,
    pub leaks: Leaks,
    pub anomalies: Vec<Anomaly>,
    pub experiments: Vec<Experiment>,
    pub actions: Vec<Action>,
}

impl Facts {
    pub(crate) async fn gather(
        tx: &mut OrgTx,
        figures: &dyn Figures,
        day: NaiveDate,
        place: Option<LocationId>,
    ) -> anyhow::Result<Self> {
        let org = organisation::of(tx).await?;
        let places = figures.places(tx).await?;
        let name = place.and_then(|id| places.iter().find(|place| place.id == id)).map(|place| place.name.clone());
        let (window, week) = (window(day), Period::ending(day - Days::new(1), 7));
        let metrics = figures.metrics();
        let ask = Ask { metrics: keys_of(&metrics), period: window, split: Split::Whole, place, source: None };
        let sums: Vec<Sum> = figures.sums(tx, &ask).await?;
        Ok(Self {
            org: org.name,
            currency: figures.currency(tx).await?,
            day,
            place: name,
            scores: figures.scores(tx, day, place).await?,
            before: figures.scores(tx, day - Days::new(7), place).await?,
            history: figures.history(tx, Period { from: window.from, to: day }, place).await?,
            metrics,
            readings: Readings::new(sums),
            leaks: figures.leaks(tx, week, place, 12).await?,
            anomalies: figures.anomalies(tx, week, place).await?,
            experiments: figures.experiments(tx, window).await?,
            actions: figures.actions(tx, day, place).await?,
        })
    }

    /// A score of a week before.
    pub(super) fn earlier(&self, kind: &str) -> Option<&Score> {
        self.before.iter().find(|score| score.kind == kind)
    }

    /// The last full day.
    pub(super) fn yesterday(&self) -> Period {
        Period::ending(self.day - Days::new(1), 1)
    }

    /// The last seven full days.
    pub(super) fn week(&self) -> Period {
        Period::ending(self.day - Days::new(1), 7)
    }
}

/// The sums that metrics are read from, each once.
pub(crate) fn keys_of(metrics: &[Metric]) -> Vec<String> {
    let mut keys: Vec<String> = metrics.iter().map(|metric| metric.key.clone()).collect();
    keys.extend(metrics.iter().filter_map(|metric| match &metric.reading {
        Reading::ShareOf(other) => Some(other.clone()),
        _ => None,
    }));
    keys.sort();
    keys.dedup();
    keys
}
