//! What a play earned: a randomised holdout, read.
//!
//! The estimate is the difference of means between the treated and the held, each stratum weighted by its treated, times the
//! number of the treated; before that, what was known before the experiment is taken out (CUPED). The interval is a symmetric
//! studentised bootstrap. Two things make it hold its level on money, which is skewed and mostly zero, when only a tenth is held:
//!
//! - Amounts are drawn from the payers of both arms together, and only their share is each arm's own, drawn half-way to the
//!   common one. A small arm's own amounts tell its mean and its spread by the same few payers, and an arm that missed the large
//!   ones would look both poor and certain.
//! - Each draw's standard error is made by the same rule as the estimate's.
//!
//! `recoup sim revenue` measures coverage and false claims of exactly this code.

use crate::binomial::Binomial;
use crate::bootstrap::{commonest, reach};
use crate::chance::Chance;
use crate::cuped::slope_within;
use crate::power::{detectable_with, power_with};

/// Fewer units in an arm of a stratum, and it is read together with its neighbour.
const CELL_MIN: usize = 20;
/// Fewer units in an arm, and no interval is told.
pub const ARM_MIN: usize = 20;
/// Fewer payers in both arms, and no interval is told.
pub const PAYERS_MIN: usize = 10;
/// How much of its own share of payers an arm is drawn with; the rest is the common one.
const OWN_SHARE: f64 = 0.5;

/// One lead in the experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Whether the play acted, rather than held back.
    pub treated: bool,
    /// The class of value it was known to have before; classes are in order.
    pub stratum: u32,
    /// What it paid within the window.
    pub outcome: f64,
    /// What it had paid in as long a time before.
    pub before: f64,
}

/// One side of the experiment, as it was observed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Arm {
    /// Leads.
    pub units: usize,
    /// Leads whose outcome is not zero.
    pub payers: usize,
    /// Sum of outcomes.
    pub total: f64,
}

impl Arm {
    /// Outcome a lead; zero of none.
    pub fn mean(&self) -> f64 {
        if self.units == 0 { 0.0 } else { self.total / self.units as f64 }
    }
}

/// Why there is no interval.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TooFew {
    /// An arm has fewer than [`ARM_MIN`] leads.
    Units,
    /// Fewer than [`PAYERS_MIN`] paid, in both arms together.
    Payers,
    /// Every outcome is the same.
    Spread,
}

/// How far an effect is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// What the treated brought in more than without the play, adjusted; in the unit of the outcomes.
    pub total: f64,
    /// The interval of `total`.
    pub low: f64,
    /// And its upper end.
    pub high: f64,
    /// The standard error of `total`.
    pub standard_error: f64,
    /// The smallest true total that an experiment of this size finds with a probability of 80 %.
    pub detectable: f64,
    /// The slope that was taken out for what was before.
    pub theta: f64,
    /// Strata that were read, after small ones joined their neighbours.
    pub strata: usize,
}

impl Known {
    /// Whether an increase may be claimed: the whole interval lies above zero.
    pub fn is_increase(&self) -> bool {
        self.low > 0.0
    }

    /// The probability that a true total of this size would have been found.
    pub fn power(&self, total: f64) -> f64 {
        power_with(self.standard_error, total)
    }
}

/// An experiment as it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Those the play acted on.
    pub treated: Arm,
    /// Those held back.
    pub held: Arm,
    /// The effect, or why nothing can be said of it yet.
    pub known: Result<Known, TooFew>,
}

/// Reads an experiment. The order of the units does not matter; the same units and seed give the same answer.
pub fn incremental(units: &[Unit], seed: u64, rounds: usize, level: f64) -> Effect {
    // Sums of floating numbers depend on their order, so one order is made first.
    let mut units = units.to_vec();
    units.sort_by(|a, b| {
        (a.stratum, a.treated)
            .cmp(&(b.stratum, b.treated))
            .then(a.outcome.total_cmp(&b.outcome))
            .then(a.before.total_cmp(&b.before))
    });
    let arm = |treated: bool| {
        let side = units.iter().filter(|unit| unit.treated == treated);
        side.fold(Arm::default(), |arm, unit| Arm {
            units: arm.units + 1,
            payers: arm.payers + usize::from(unit.outcome != 0.0),
            total: arm.total + unit.outcome,
        })
    };
    let (treated, held) = (arm(true), arm(false));
    let known = if treated.units.min(held.units) < ARM_MIN {
        Err(TooFew::Units)
    } else if treated.payers + held.payers < PAYERS_MIN {
        Err(TooFew::Payers)
    } else {
        known(&units, treated.units as f64, seed, rounds, level)
    };
    Effect { treated, held, known }
}

fn known(units: &[Unit], treated: f64, seed: u64, rounds: usize, level: f64) -> Result<Known, TooFew> {
    let groups = strata(units);
    let cells: Vec<Vec<(f64, f64)>> = groups
        .iter()
        .flat_map(|group| [true, false].map(|arm| group.iter().filter(|u| u.treated == arm).map(pair).collect()))
        .collect();
    let theta = slope_within(cells.iter().map(Vec::as_slice));
    let strata: Vec<Stratum> = groups.iter().map(|group| Stratum::new(group, theta, treated)).collect();
    let observed: Vec<[Sums; 2]> = strata.iter().map(|stratum| stratum.observed).collect();
    let weights: Vec<f64> = strata.iter().map(|stratum| stratum.weight).collect();
    let (difference, error) = (difference(&observed, &weights), standard_error(&observed, &weights));
    if error.is_nan() || error <= 0.0 {
        return Err(TooFew::Spread);
    }
    let own = own_shares(&observed);
    let sources: Vec<[Source<'_>; 2]> =
        strata.iter().map(|stratum| [0, 1].map(|arm| Source::new(stratum, arm, own[arm]))).collect();
    let expected: f64 =
        sources.iter().zip(&weights).map(|([treated, held], weight)| weight * (treated.mean - held.mean)).sum();
    let mut again = observed.clone();
    let reach = reach(rounds, level, &mut Chance::new(seed), |chance| {
        for (sums, sources) in again.iter_mut().zip(&sources) {
            *sums = [sources[0].draw(chance), sources[1].draw(chance)];
        }
        (self::difference(&again, &weights) - expected, standard_error(&again, &weights))
    });
    Ok(Known {
        total: difference * treated,
        low: (difference - reach * error) * treated,
        high: (difference + reach * error) * treated,
        standard_error: error * treated,
        detectable: detectable_with(error * treated),
        theta,
        strata: strata.len(),
    })
}

fn pair(unit: &Unit) -> (f64, f64) {
    (unit.outcome, unit.before)
}

/// The units by stratum; a stratum with too few in an arm joins the next, the last one the one before.
fn strata(units: &[Unit]) -> Vec<Vec<Unit>> {
    let enough = |group: &[Unit]| {
        let treated = group.iter().filter(|unit| unit.treated).count();
        treated.min(group.len() - treated) >= CELL_MIN
    };
    let mut groups: Vec<Vec<Unit>> = Vec::new();
    for class in units.chunk_by(|a, b| a.stratum == b.stratum) {
        let joins = groups.last().is_some_and(|group| !enough(group));
        match groups.last_mut() {
            Some(group) if joins => group.extend_from_slice(class),
            _ => groups.push(class.to_vec()),
        }
    }
    if groups.len() > 1 && groups.last().is_some_and(|group| !enough(group)) {
        let rest = groups.pop().unwrap_or_default();
        if let Some(group) = groups.last_mut() {
            group.extend(rest);
        }
    }
    groups
}

/// What the arithmetic needs of one arm of a stratum. Outcomes are adjusted, less the base of the stratum.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    units: f64,
    payers: f64,
    paid: f64,
    paid_squares: f64,
    other: f64,
    other_squares: f64,
}

impl Sums {
    fn mean(&self) -> f64 {
        (self.paid + self.other) / self.units
    }
}

/// A stratum: what its units gave, to count and to draw from.
struct Stratum {
    /// Its share of the treated.
    weight: f64,
    /// Payers of both arms, less the base.
    payers: Vec<f64>,
    /// Those who did not pay and are not at the base.
    others: Vec<f64>,
    /// How many did not pay and are at the base.
    at_base: usize,
    /// The treated, the held.
    observed: [Sums; 2],
}

impl Stratum {
    fn new(group: &[Unit], theta: f64, treated: f64) -> Self {
        let adjusted = |unit: &Unit| unit.outcome - theta * unit.before;
        let unpaid: Vec<f64> = group.iter().filter(|unit| unit.outcome == 0.0).map(adjusted).collect();
        let base = commonest(&unpaid).unwrap_or(0.0);
        let mut observed = [Sums::default(); 2];
        for unit in group {
            let sums = &mut observed[usize::from(!unit.treated)];
            let value = adjusted(unit) - base;
            sums.units += 1.0;
            if unit.outcome == 0.0 {
                sums.other += value;
                sums.other_squares += value * value;
            } else {
                sums.payers += 1.0;
                sums.paid += value;
                sums.paid_squares += value * value;
            }
        }
        let payers = group.iter().filter(|unit| unit.outcome != 0.0).map(|unit| adjusted(unit) - base).collect();
        let others: Vec<f64> = unpaid.iter().map(|value| value - base).filter(|value| *value != 0.0).collect();
        let at_base = unpaid.len() - others.len();
        Self { weight: observed[0].units / treated, payers, others, at_base, observed }
    }
}

/// The difference of means, each stratum by its weight.
fn difference(strata: &[[Sums; 2]], weights: &[f64]) -> f64 {
    strata.iter().zip(weights).map(|([treated, held], weight)| weight * (treated.mean() - held.mean())).sum()
}

/// By how much each arm pays more often than its strata do together, half-way drawn to one.
fn own_shares(strata: &[[Sums; 2]]) -> [f64; 2] {
    [0, 1].map(|arm| {
        let expected: f64 = strata.iter().map(|cells| cells[arm].units * common_share(cells)).sum();
        let paid: f64 = strata.iter().map(|cells| cells[arm].payers).sum();
        if expected > 0.0 { 1.0 + OWN_SHARE * (paid / expected - 1.0) } else { 1.0 }
    })
}

fn common_share(cells: &[Sums; 2]) -> f64 {
    (cells[0].payers + cells[1].payers) / (cells[0].units + cells[1].units)
}

/// The share of payers that an arm is taken to have.
fn share(cells: &[Sums; 2], own: f64) -> f64 {
    let common = common_share(cells);
    if common >= 1.0 { 1.0 } else { (common * own).min(1.0) }
}

/// The standard error of the difference: amounts common to both arms, shares half-way each arm's own.
fn standard_error(strata: &[[Sums; 2]], weights: &[f64]) -> f64 {
    let own = own_shares(strata);
    let mut variance = 0.0;
    for (cells, weight) in strata.iter().zip(weights) {
        let payers = (cells[0].payers + cells[1].payers).max(1.0);
        let others = (cells[0].units + cells[1].units - cells[0].payers - cells[1].payers).max(1.0);
        let (paid, paid_squares) =
            ((cells[0].paid + cells[1].paid) / payers, (cells[0].paid_squares + cells[1].paid_squares) / payers);
        let (other, other_squares) =
            ((cells[0].other + cells[1].other) / others, (cells[0].other_squares + cells[1].other_squares) / others);
        for arm in [0, 1] {
            let share = share(cells, own[arm]);
            let mean = share * paid + (1.0 - share) * other;
            let spread = share * paid_squares + (1.0 - share) * other_squares - mean * mean;
            variance += weight * weight * spread.max(0.0) / cells[arm].units;
        }
    }
    variance.sqrt()
}

/// Where the draws of one arm of a stratum come from.
struct Source<'a> {
    payers: &'a [f64],
    others: &'a [f64],
    units: f64,
    /// How many are not at the base.
    count: Binomial,
    /// Of those, the share that paid.
    paying: f64,
    mean: f64,
}

impl<'a> Source<'a> {
    fn new(stratum: &'a Stratum, arm: usize, own: f64) -> Self {
        let share = share(&stratum.observed, own);
        let unpaid = (stratum.others.len() + stratum.at_base).max(1) as f64;
        let off_base = (1.0 - share) * stratum.others.len() as f64 / unpaid;
        let units = stratum.observed[arm].units;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        Self {
            payers: &stratum.payers,
            others: &stratum.others,
            units,
            count: Binomial::new(units as usize, share + off_base),
            paying: if share + off_base > 0.0 { share / (share + off_base) } else { 0.0 },
            mean: share * mean(&stratum.payers) + off_base * mean(&stratum.others),
        }
    }

    fn draw(&self, chance: &mut Chance) -> Sums {
        let mut sums = Sums { units: self.units, ..Sums::default() };
        for _ in 0..self.count.at(chance.unit()) {
            // One number chooses the kind and, by its place within the kind, the value.
            let place = chance.unit();
            if place < self.paying {
                let value = pick(self.payers, place / self.paying);
                sums.payers += 1.0;
                sums.paid += value;
                sums.paid_squares += value * value;
            } else {
                let value = pick(self.others, (place - self.paying) / (1.0 - self.paying));
                sums.other += value;
                sums.other_squares += value * value;
            }
        }
        sums
    }
}

fn pick(values: &[f64], place: f64) -> f64 {
    let index = ((place * values.len() as f64) as usize).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or(0.0)
}
