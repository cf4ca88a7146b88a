//! What scores are made of: sums of windows, put right for the instant, reviews, facts of visibility.
//!
//! Days are read as sums. In those of the last days before the instant, leads that stood otherwise at that instant are counted as
//! they stood; and leaks that fall due after it are taken away.

mod edge;
mod load;
mod window;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::facts::VisibilityFact;
use crate::settings::{Place, Rules};

pub(crate) use load::load;
pub(crate) use window::{Counts, OPEN, Window};

/// Reviews of a business.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// How many.
    pub n: i64,
    /// Their ratings in hundredths.
    pub stars: i64,
    /// How many of the last 90 days.
    pub recent: i64,
    /// How many the owner answered.
    pub replied: i64,
}

/// What plays won back in a window, as an experiment found it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Recovered {
    /// Revenue of the treated, in minor units.
    pub treated: f64,
    /// What the holdout says they would have brought anyway.
    pub baseline: f64,
    /// The low end of the difference.
    pub low: f64,
    /// The high end.
    pub high: f64,
}

/// Everything the scores of a place are made of.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    /// The instant.
    pub as_of: DateTime<Utc>,
    /// What holds at the place.
    pub place: Place,
    /// The window.
    pub now: Window,
    /// The one before.
    pub before: Window,
    /// The longer one that rates and values are taken from.
    pub rates: Window,
    /// What leads paid lately, in minor units.
    pub paid: Vec<f64>,
    /// Our reviews.
    pub reviews: Seen,
    /// The reviews of each rival.
    pub rivals: BTreeMap<String, Seen>,
    /// Facts of visibility besides reviews.
    pub facts: Vec<VisibilityFact>,
    /// What plays won back in the window.
    pub recovered: Option<Recovered>,
    /// Revenue at risk when the window began, in minor units a month.
    pub recoverable: Option<f64>,
}

impl Inputs {
    pub(crate) fn empty(as_of: DateTime<Utc>, place: Place) -> Self {
        Self {
            as_of,
            place,
            now: Window::default(),
            before: Window::default(),
            rates: Window::default(),
            paid: Vec::new(),
            reviews: Seen::default(),
            rivals: BTreeMap::new(),
            facts: Vec::new(),
            recovered: None,
            recoverable: None,
        }
    }
}

/// The inputs of the whole organisation (nil) and of every place.
pub(crate) type Everywhere = BTreeMap<Uuid, Inputs>;

/// The days of the windows, the same for every place: days differ by one at most, and the last ones are put right for the instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// The day of the instant.
    pub day: NaiveDate,
    /// The first day of the window.
    pub first: NaiveDate,
    /// The first day of the window before.
    pub before: NaiveDate,
    /// The first day that rates are taken from.
    pub rates: NaiveDate,
    /// The first of the last days, in which leads count as they stood at the instant.
    pub edge: NaiveDate,
}

impl Span {
    pub(crate) fn of(rules: &Rules, as_of: DateTime<Utc>) -> Self {
        let day = rules.whole.day(as_of);
        let window = u64::from(rules.whole.settings.window_days);
        let back = |days: u64| day - Days::new(days);
        Self {
            day,
            first: back(window - 1),
            before: back(2 * window - 1),
            rates: back(u64::from(rules.whole.settings.rate_days) - 1),
            edge: back(1),
        }
    }
}
