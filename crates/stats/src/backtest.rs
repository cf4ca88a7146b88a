//! What the detector promises, measured: labelled faults in made-up series, and how many of them it finds at how many false alarms.
//!
//! Each series has a trend, a season of the week and of the year, holidays, and one of six kinds of noise; in its second year three
//! faults of three standard deviations of the noise at that day's level: a rise of three days, a fall of three days, and a level that
//! stays. A
//! single day that is off by three standard deviations is not among them: at one false alarm a quarter no detector finds more
//! than seven of ten of those.

use crate::chance::Chance;
use crate::detect::{Kind, Verdict, judge};

/// Days of a series.
const DAYS: usize = 760;
/// The first day that is judged.
const FROM: usize = 400;
/// Holidays, as days of the year.
const HOLIDAYS: [usize; 10] = [0, 5, 120, 121, 184, 274, 305, 358, 359, 364];
/// How large a fault is, in standard deviations of the noise.
const SIGMA: f64 = 3.0;
/// Alarms in a row with no more days between them are one.
const QUIET: usize = 7;

/// The kind of noise of a series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Noise {
    /// Normal, growing with the square root of the level.
    Normal,
    /// Counts around 40 a day.
    Many,
    /// Counts around 5 a day.
    Few,
    /// Student's t with five degrees of freedom.
    Heavy,
    /// Normal, each day a fifth of the one before.
    Lasting,
    /// Money: lognormal, a fifth of the level.
    Money,
}

impl Noise {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Normal, Self::Many, Self::Few, Self::Heavy, Self::Lasting, Self::Money];

    fn level(self) -> f64 {
        match self {
            Self::Many => 40.0,
            Self::Few => 5.0,
            Self::Money => 3_000.0,
            Self::Normal | Self::Heavy | Self::Lasting => 100.0,
        }
    }

    fn kind(self) -> Kind {
        if matches!(self, Self::Many | Self::Few) { Kind::Count } else { Kind::Amount }
    }

    fn spread(self, level: f64) -> f64 {
        match self {
            Self::Many | Self::Few => level.sqrt(),
            Self::Money => 0.2 * level,
            Self::Normal | Self::Heavy | Self::Lasting => 0.8 * level.sqrt(),
        }
    }
}

/// What a backtest found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// Faults that were made.
    pub faults: usize,
    /// Of them, those an alarm told of: within their three days and the one after, or within a week of a level that stays.
    pub found: usize,
    /// Alarms outside every fault; those in a row count once.
    pub false_alarms: usize,
    /// Quarters that were judged, over all series.
    pub quarters: f64,
}

impl Found {
    /// The share of faults that were found.
    pub fn recall(&self) -> f64 {
        self.found as f64 / self.faults.max(1) as f64
    }

    /// False alarms a metric and quarter.
    pub fn false_alarms_per_metric_quarter(&self) -> f64 {
        if self.quarters > 0.0 { self.false_alarms as f64 / self.quarters } else { 0.0 }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            faults: self.faults + other.faults,
            found: self.found + other.found,
            false_alarms: self.false_alarms + other.false_alarms,
            quarters: self.quarters + other.quarters,
        }
    }
}

/// Runs the detector over `series` series of each kind of noise.
pub fn run(series: usize, seed: u64) -> Found {
    Noise::ALL.iter().fold(Found::default(), |sum, noise| sum.and(run_noise(*noise, series, seed)))
}

/// Runs it over one kind of noise.
pub fn run_noise(noise: Noise, series: usize, seed: u64) -> Found {
    (0..series).fold(Found::default(), |sum, n| {
        let mut chance = Chance::new(seed ^ ((n as u64 + 1) << 8) ^ noise as u64);
        sum.and(Made::new(noise, [0.0, 0.3, -0.2][n % 3], &mut chance).judged(noise.kind()))
    })
}

/// A fault: its first day, the last on which it may be found, the last that alarms are its own.
struct Fault {
    from: usize,
    found_by: usize,
    until: usize,
}

/// By how many standard deviations a day is shifted.
#[derive(Clone, Copy, Default)]
struct Shift {
    stays: f64,
    passes: f64,
}

struct Made {
    values: Vec<Option<f64>>,
    faults: Vec<Fault>,
}

impl Made {
    fn new(noise: Noise, growth: f64, chance: &mut Chance) -> Self {
        let week: [f64; 7] = std::array::from_fn(|_| chance.normal());
        let middle = week.iter().sum::<f64>() / 7.0;
        let widest = week.iter().fold(1e-9_f64, |most, day| most.max((day - middle).abs()));
        let begins = chance.below(365);
        let levels: Vec<f64> = (0..DAYS)
            .map(|day| {
                let date = (day + begins) % 365;
                let year = 1.0 + 0.15 * (std::f64::consts::TAU * date as f64 / 365.0).sin();
                let trend = 1.0 + growth * day as f64 / 365.0;
                let season = 1.0 + 0.33 * (week[day % 7] - middle) / widest;
                noise.level() * trend * season * year * if HOLIDAYS.contains(&date) { 0.4 } else { 1.0 }
            })
            .collect();
        let (shifts, faults) = faults(noise, chance);
        let mut before = 0.0;
        let values = levels
            .iter()
            .zip(shifts)
            .map(|(level, shift)| {
                // A rise after a level that stays is measured by the noise of that level.
                let stays = (level + shift.stays * noise.spread(*level)).max(0.0);
                let spread = noise.spread(stays);
                let level = (stays + shift.passes * spread).max(0.0);
                before = 0.2 * before + 0.96_f64.sqrt() * chance.normal();
                Some(drawn(noise, level, spread, before, chance).max(0.0))
            })
            .collect();
        Self { values, faults }
    }

    fn judged(&self, kind: Kind) -> Found {
        let (mut alarms, mut false_alarms) = (Vec::new(), 0);
        let mut last: Option<(usize, bool)> = None;
        for day in FROM..DAYS {
            let Verdict::Judged(told) = judge(&self.values, day, kind) else { continue };
            if !told.anomalous() {
                continue;
            }
            let is_new = last.is_none_or(|(before, rose)| day - before > QUIET || rose != (told.z > 0.0));
            let is_own = self.faults.iter().any(|fault| (fault.from..=fault.until).contains(&day));
            false_alarms += usize::from(is_new && !is_own);
            alarms.push(day);
            last = Some((day, told.z > 0.0));
        }
        let found = |fault: &&Fault| alarms.iter().any(|day| (fault.from..=fault.found_by).contains(day));
        Found {
            faults: self.faults.len(),
            found: self.faults.iter().filter(found).count(),
            false_alarms,
            quarters: (DAYS - FROM) as f64 / 91.25,
        }
    }
}

/// By how many standard deviations each day is shifted, and the faults that say so: a rise, a fall and a level that stays, in any
/// order. Few a day cannot fall by three standard deviations; there every fault is a rise.
fn faults(noise: Noise, chance: &mut Chance) -> (Vec<Shift>, Vec<Fault>) {
    let mut shifts = vec![Shift::default(); DAYS];
    let only_up = noise == Noise::Few;
    let turn = chance.below(3);
    let faults = (0..3)
        .map(|n| {
            let from = FROM + 20 + n * 110 + chance.below(40);
            let kind = (n + turn) % 3;
            let is_up = only_up || kind == 0 || (kind == 2 && chance.below(2) == 0);
            let lasts = if kind == 2 { DAYS - from } else { 3 };
            for shift in &mut shifts[from..from + lasts] {
                *(if kind == 2 { &mut shift.stays } else { &mut shift.passes }) += if is_up { SIGMA } else { -SIGMA };
            }
            let (found_by, own) = if kind == 2 { (from + 7, 38) } else { (from + 3, 13) };
            Fault { from, found_by, until: from + own }
        })
        .collect();
    (shifts, faults)
}

fn drawn(noise: Noise, level: f64, spread: f64, lasting: f64, chance: &mut Chance) -> f64 {
    match noise {
        Noise::Normal => level + spread * chance.normal(),
        Noise::Many | Noise::Few => chance.poisson(level),
        Noise::Heavy => {
            let squares: f64 = (0..5).map(|_| chance.normal().powi(2)).sum();
            level + spread * chance.normal() / (squares / 5.0).sqrt() / (5.0_f64 / 3.0).sqrt()
        }
        Noise::Lasting => level + spread * lasting,
        Noise::Money => level * (0.2 * chance.normal() - 0.02).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, run};

    #[test]
    fn nine_of_ten_faults_are_found_at_one_false_alarm_a_metric_and_quarter() {
        let found = run(10, 1);
        assert_eq!(found.faults, 6 * 10 * 3);
        assert!(found.recall() >= 0.9, "{found:?}: {}", found.recall());
        let alarms = found.false_alarms_per_metric_quarter();
        assert!(alarms <= 1.0, "{found:?}: {alarms}");
    }

    #[test]
    fn nothing_run_finds_nothing() {
        assert_eq!(run(0, 1), Found::default());
    }
}
