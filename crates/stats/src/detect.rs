//! Whether a day is out of the ordinary: season-aware, robust, and never judged by itself.
//!
//! The days up to a week before the one in question are taken apart into trend and weekly season by robust STL (Cleveland,
//! Cleveland, `McRae` and Terpenning 1990); trend and season are carried on over the last seven days, and what those days are off
//! is measured in robust standard deviations of what STL left over. One day off by much counts, and so do two, three, five or
//! seven days in a row that are off by less: the sum of z over √days is judged. Counts and money are taken apart on the scale of
//! square roots (Anscombe 1948), where their spread does not grow with their size. What falls short is measured on it too; what
//! is in excess is measured as it is, since roots would hide how far many are from few.
//!
//! With a year of history a day is also compared with the same date a year before: what was as much off then (a holiday) is
//! not news.
//!
//! The thresholds were chosen on [`crate::backtest`], which measures what they promise.

use stlrs::params;

use crate::order::{median, robust_spread};

/// Days that trend and season are carried on over: none of them takes part in what is expected of them.
const AHEAD: usize = 7;
/// Days that trend and season are learnt from.
const LEARNT: usize = 182;
/// Days before the judged week that must hold values.
pub const HISTORY_MIN: usize = 42;
/// Days in a row, and how many robust standard deviations their sum must be off, over √days.
const THRESHOLDS: [(usize, f64); 5] = [(1, 4.4), (2, 3.3), (3, 3.1), (5, 3.4), (7, 3.7)];
/// A day that was off by this a year before is remembered.
const REMEMBERED: f64 = 3.5;
/// What one-step errors are larger than what STL leaves over.
const INFLATION: f64 = 1.1;

/// What kind of numbers a series holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Counts of events: never surer than a Poisson process lets one be.
    Count,
    /// Sums of money; negative ones are judged as they are.
    Amount,
    /// Means and shares: judged as they are.
    Ratio,
}

/// A day against what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The value.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// The lower end of what one day may be without being noticed.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// By how many robust standard deviations the last `days` are off together, over √days; positive: more than expected.
    pub z: f64,
    /// How many days in a row that is measured over: 1, 2, 3, 5 or 7.
    pub days: usize,
    /// How far that is beyond the threshold: from 1 on it is out of the ordinary.
    pub beyond: f64,
}

impl Judgement {
    /// Whether it is out of the ordinary.
    pub fn anomalous(&self) -> bool {
        self.beyond >= 1.0
    }
}

/// What can be said of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It was judged.
    Judged(Judgement),
    /// Too few days before it hold a value: so many do, [`HISTORY_MIN`] are needed.
    Short {
        /// Days that hold a value.
        known: usize,
    },
    /// The day itself holds no value.
    Missing,
    /// What was before does not vary at all, or is an amount that is zero on most days: nothing can be measured against it.
    Flat,
}

/// Judges the day at a place of a daily series; the values after it are not looked at. A day without a value is a gap, not zero.
pub fn judge(series: &[Option<f64>], at: usize, kind: Kind) -> Verdict {
    let Some(value) = series.get(at).copied().flatten() else { return Verdict::Missing };
    let (known, forecast) = Forecast::of(series, at, kind);
    let Some(forecast) = forecast else {
        return if known < HISTORY_MIN { Verdict::Short { known } } else { Verdict::Flat };
    };
    let mut off = forecast.off(series, at);
    let mut memory = [0.0; AHEAD];
    let (mut z, mut days, mut beyond) = strongest(&off);
    if beyond >= 1.0 && at >= 366 {
        for back in 0..AHEAD {
            let place = AHEAD - 1 - back;
            if at >= 366 + back {
                memory[place] = remembered(series, at - back, off[place], kind);
                off[place] -= memory[place];
            }
        }
        (z, days, beyond) = strongest(&off);
    }
    let last = AHEAD - 1;
    let room = THRESHOLDS[0].1;
    let ends = [room, -room].map(|z| forecast.value(last, z));
    let as_before = forecast.value(last, memory[last] + room.copysign(memory[last]));
    let (low, high) = (ends[1], ends[0]);
    Verdict::Judged(Judgement {
        value,
        expected: forecast.value(last, 0.0),
        low: if memory[last] < 0.0 { low.min(as_before) } else { low },
        high: if memory[last] > 0.0 { high.max(as_before) } else { high },
        z,
        days,
        beyond,
    })
}

/// What a day was off a year before, where that was much and in the same direction; never more than `off` itself.
fn remembered(series: &[Option<f64>], day: usize, off: f64, kind: Kind) -> f64 {
    let then = [364, 365, 366].iter().filter_map(|back| day.checked_sub(*back));
    let same = then
        .filter_map(|day| Some(Forecast::of(series, day, kind).1?.off(series, day)[AHEAD - 1]))
        .filter(|then| then.abs() > REMEMBERED && then.signum() == off.signum());
    let most = same.fold(0.0, |most: f64, then| most.max(then.abs()));
    most.min(off.abs()).copysign(off)
}

/// The run of days up to the last that is furthest beyond its threshold: its z, its days, and how far beyond (1: at it).
fn strongest(off: &[f64; AHEAD]) -> (f64, usize, f64) {
    let mut best = (0.0, 1, f64::NEG_INFINITY);
    for (days, threshold) in THRESHOLDS {
        let z = off[AHEAD - days..].iter().sum::<f64>() / (days as f64).sqrt();
        if z.abs() / threshold > best.2 {
            best = (z, days, z.abs() / threshold);
        }
    }
    best
}

/// Trend and season carried on over a week.
struct Forecast {
    /// Expected, on the scale that is judged on.
    expected: [f64; AHEAD],
    spread: f64,
    rooted: bool,
}

impl Forecast {
    /// The forecast of the week that ends with a day, and how many days before it hold values.
    fn of(series: &[Option<f64>], at: usize, kind: Kind) -> (usize, Option<Self>) {
        let end = (at + 1).saturating_sub(AHEAD).min(series.len());
        let learnt = &series[end.saturating_sub(LEARNT)..end];
        let known: Vec<f64> = learnt.iter().copied().flatten().collect();
        if known.len() < HISTORY_MIN {
            return (known.len(), None);
        }
        // Amounts of rare events (refunds) have no spread of their own: each would be far from a median of nothing.
        let rare = kind == Kind::Amount && known.iter().filter(|value| **value == 0.0).count() * 2 > known.len();
        if rare {
            return (known.len(), None);
        }
        let rooted = kind != Kind::Ratio && known.iter().all(|value| *value >= 0.0);
        let scaled: Vec<Option<f64>> = learnt.iter().map(|value| value.map(|value| scale(value, rooted))).collect();
        // What came before the first value is not a gap.
        let first = scaled.iter().position(Option::is_some).unwrap_or(0);
        let whole = without_gaps(&scaled[first..]);
        if whole.len() < HISTORY_MIN {
            return (whole.len(), None);
        }
        let fit = params()
            .robust(true)
            .inner_loops(1)
            .outer_loops(3)
            .seasonal_length(35)
            .seasonal_degree(1)
            .seasonal_jump(2)
            .trend_length(73)
            .trend_degree(1)
            .trend_jump(3)
            .low_pass_jump(1)
            .fit(&whole, 7);
        let Ok(fit) = fit else { return (known.len(), None) };
        let (trend, season, rest) = (fit.trend(), fit.seasonal(), fit.remainder());
        let lately = &rest[rest.len().saturating_sub(91)..];
        let mean_square = lately.iter().map(|rest| rest * rest).sum::<f64>() / lately.len() as f64;
        // More than half of the days the same (a shop that sells little) has no median deviation; a part of the usual one stands
        // in for it, so that the first sale is not an alarm.
        let mut spread = INFLATION * robust_spread(lately).unwrap_or(0.0).max(0.5 * mean_square.sqrt());
        if kind == Kind::Count && rooted {
            spread = spread.max(1.0);
        }
        let level = trend.last().copied().unwrap_or(0.0);
        if spread.is_nan() || spread <= 1e-9 * level.abs().max(1e-6) {
            return (known.len(), None);
        }
        let expected = std::array::from_fn(|ahead| {
            let expected = level + season[season.len() - 7 + ahead];
            if rooted { expected.max(0.0) } else { expected }
        });
        (known.len(), Some(Self { expected, spread, rooted }))
    }

    /// By how many spreads each of the days up to `at` is off; a gap is not off.
    fn off(&self, series: &[Option<f64>], at: usize) -> [f64; AHEAD] {
        std::array::from_fn(|place| {
            let value = (at + 1 + place).checked_sub(AHEAD).and_then(|day| series.get(day).copied().flatten());
            value.map_or(0.0, |value| {
                let below = (scale(value, self.rooted) - self.expected[place]) / self.spread;
                let above = (value - self.value(place, 0.0)) / self.spread_as_is(place);
                if self.rooted && above > 0.0 { above } else { below }
            })
        })
    }

    /// The spread of a day on the scale of its values, by the slope of the root.
    fn spread_as_is(&self, place: usize) -> f64 {
        if self.rooted { self.spread * self.expected[place].max(1.5) / 2.0 } else { self.spread }
    }

    /// The value that a day would have at so many spreads from what is expected.
    fn value(&self, place: usize, z: f64) -> f64 {
        let scaled = self.expected[place] + z.min(0.0) * self.spread;
        let at_most = if self.rooted { (scaled.max(0.0).powi(2) / 4.0 - 0.375).max(0.0) } else { scaled };
        at_most + z.max(0.0) * self.spread_as_is(place)
    }
}

fn scale(value: f64, rooted: bool) -> f64 {
    if rooted { 2.0 * (value.max(0.0) + 0.375).sqrt() } else { value }
}

/// Gaps filled with the median of the same day of the week, or of all where a day of the week never had a value.
fn without_gaps(values: &[Option<f64>]) -> Vec<f64> {
    if values.iter().all(Option::is_some) {
        return values.iter().copied().flatten().collect();
    }
    let all: Vec<f64> = values.iter().copied().flatten().collect();
    let middle = median(&all).unwrap_or(0.0);
    let usual: [f64; 7] = std::array::from_fn(|day| {
        let same: Vec<f64> = values.iter().skip(day).step_by(7).copied().flatten().collect();
        median(&same).unwrap_or(middle)
    });
    values.iter().enumerate().map(|(n, value)| value.unwrap_or(usual[n % 7])).collect()
}

#[cfg(test)]
mod tests {
    use super::{HISTORY_MIN, Judgement, Kind, Verdict, judge};
    use crate::Chance;

    fn week(day: usize) -> f64 {
        [30.0, 40.0, 42.0, 41.0, 50.0, 70.0, 12.0][day % 7]
    }

    fn quiet(days: usize, seed: u64) -> Vec<Option<f64>> {
        let mut chance = Chance::new(seed);
        (0..days).map(|day| Some(chance.poisson(week(day)))).collect()
    }

    fn judged(series: &[Option<f64>], at: usize) -> Judgement {
        match judge(series, at, Kind::Count) {
            Verdict::Judged(judgement) => judgement,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_day_itself_and_what_comes_after_do_not_change_what_is_expected() {
        let series = quiet(200, 1);
        let usual = judged(&series, 150);
        let mut changed = series.clone();
        changed[150] = Some(5_000.0);
        for value in &mut changed[151..] {
            *value = None;
        }
        let absurd = judged(&changed, 150);
        assert_eq!((usual.expected, usual.low, usual.high), (absurd.expected, absurd.low, absurd.high));
        assert!(absurd.anomalous() && absurd.z > 10.0 && absurd.days == 1, "{absurd:?}");
        assert!(!usual.anomalous(), "{usual:?}");
    }

    #[test]
    fn the_season_of_the_week_is_expected() {
        let series = quiet(140, 2);
        for day in 120..140 {
            let told = judged(&series, day);
            assert!((told.expected - week(day)).abs() < 0.35 * week(day) + 3.0, "{day}: {told:?}");
            assert!(told.low < told.expected && told.expected < told.high, "{told:?}");
        }
    }

    #[test]
    fn a_little_history_says_so_and_a_gap_is_no_zero() {
        let mut series = quiet(HISTORY_MIN + 5, 3);
        assert_eq!(judge(&series, HISTORY_MIN + 4, Kind::Count), Verdict::Short { known: HISTORY_MIN - 2 });
        series[HISTORY_MIN] = None;
        assert_eq!(judge(&series, HISTORY_MIN, Kind::Count), Verdict::Missing);
        assert_eq!(judge(&series, 9_999, Kind::Count), Verdict::Missing);
        let mut gappy = quiet(200, 4);
        for day in (100..170).step_by(9) {
            gappy[day] = None;
        }
        assert!(!judged(&gappy, 199).anomalous());
    }

    #[test]
    fn what_never_varies_is_not_measured_and_the_first_of_something_is_counted() {
        let flat = vec![Some(0.25); 120];
        assert_eq!(judge(&flat, 119, Kind::Ratio), Verdict::Flat);
        let mut zeros = vec![Some(0.0); 120];
        zeros[119] = Some(1.0);
        assert!(!judged(&zeros, 119).anomalous(), "one after none is what chance does");
        zeros[119] = Some(40.0);
        assert!(judged(&zeros, 119).anomalous());
    }

    #[test]
    fn a_holiday_is_news_once() {
        let mut series = quiet(560, 5);
        for day in [180, 180 + 365] {
            series[day] = Some(0.0);
        }
        assert!(judged(&series, 180).anomalous());
        let again = judged(&series, 545);
        assert!(!again.anomalous() && again.low <= 0.5, "{again:?}");
    }
}
