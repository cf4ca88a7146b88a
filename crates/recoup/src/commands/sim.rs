//! `recoup sim`: what is promised of the statistics, measured on made-up worlds by the code that runs in production.

use std::time::Instant;

use revenue::plays::assign::{Arm, Assigner, stratum};
use revenue::plays::experiment::LEVEL;
use stats::Chance;
use stats::backtest;
use stats::experiment::{TooFew, Unit, incremental};
use uuid::Uuid;

/// What to simulate.
#[derive(clap::Subcommand)]
pub enum Sim {
    /// A play with a true lift: how often the interval covers it, how often an increase is claimed.
    Revenue(Revenue),
    /// Labelled faults in daily metrics: how many are found, at how many false alarms.
    Anomalies(Anomalies),
}

/// A play in made-up worlds.
#[derive(clap::Args)]
pub struct Revenue {
    /// By what share treated leads pay more often than they would alone: 0.3 is 30 %.
    #[arg(long, default_value_t = 0.0, value_name = "L")]
    true_lift: f64,
    /// Leads in a world.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    n: usize,
    /// Seeds; each makes several worlds, so that chance in this measurement is small beside what it measures.
    #[arg(long, default_value_t = 200, value_name = "S")]
    seeds: u64,
    /// The share held back, per cent.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(5..=50), value_name = "PERCENT")]
    holdout: i32,
}

/// Made-up metrics.
#[derive(clap::Args)]
pub struct Anomalies {
    /// Series of each kind of noise.
    #[arg(long, default_value_t = 10, value_name = "N")]
    series: usize,
    /// The seed.
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    seed: u64,
}

/// Worlds a seed makes.
const WORLDS: u64 = 5;
/// Draws of the bootstrap; what is promised does not depend on more.
const ROUNDS: usize = 300;

impl Sim {
    /// Measures, prints, and fails outside of what is promised.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Revenue(revenue) => revenue.run(),
            Self::Anomalies(anomalies) => anomalies.run(),
        }
    }
}

/// What the readings of many worlds came to.
#[derive(Default)]
struct Tally {
    read: u64,
    covered: u64,
    claimed: u64,
    too_few: u64,
}

impl Revenue {
    fn run(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.true_lift.is_finite() && (0.0..=2.0).contains(&self.true_lift),
            "a lift lies between 0 and 2"
        );
        let begun = Instant::now();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
        let tallies: Vec<Tally> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..cores)
                .map(|core| {
                    scope.spawn(move || {
                        (core..self.seeds).step_by(cores as usize).map(|seed| self.seed(seed)).collect::<Vec<Tally>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        let sum = tallies.iter().fold(Tally::default(), |sum, one| Tally {
            read: sum.read + one.read,
            covered: sum.covered + one.covered,
            claimed: sum.claimed + one.claimed,
            too_few: sum.too_few + one.too_few,
        });
        anyhow::ensure!(tallies.len() as u64 == self.seeds, "a part of the simulation broke off");
        println!(
            "worlds: {} ({} seeds, {} leads each, {} % held back)",
            sum.read + sum.too_few,
            self.seeds,
            self.n,
            self.holdout
        );
        if sum.too_few > 0 {
            println!("too_few: {}", sum.too_few);
        }
        anyhow::ensure!(sum.read > 0, "no world has enough leads to be read: raise --n");
        let share = |count: u64| count as f64 / sum.read as f64;
        let (coverage, claims) = (share(sum.covered), share(sum.claimed));
        println!("coverage: {coverage:.3}");
        if self.true_lift > 0.0 {
            println!("power: {claims:.3}");
        } else {
            println!("false_claims: {claims:.3}");
        }
        println!("seconds: {:.1}", begun.elapsed().as_secs_f64());
        if self.true_lift > 0.0 {
            anyhow::ensure!((0.93..=0.97).contains(&coverage), "coverage {coverage:.3} is not within 0.93 and 0.97");
        } else {
            anyhow::ensure!(claims <= 0.05, "{claims:.3} of the worlds without a lift claim one; 0.05 is promised");
        }
        Ok(())
    }

    fn seed(&self, seed: u64) -> Tally {
        let mut tally = Tally::default();
        for world in 0..WORLDS {
            let (units, truth) = self.world(seed, world);
            match incremental(&units, seed, ROUNDS, LEVEL).known {
                Ok(known) => {
                    tally.read += 1;
                    tally.covered += u64::from(known.low <= truth && truth <= known.high);
                    tally.claimed += u64::from(known.is_increase());
                }
                Err(TooFew::Units | TooFew::Payers | TooFew::Spread) => tally.too_few += 1,
            }
        }
        tally
    }

    /// Leads with skewed values, two fifths of them customers already, who pay more often; and what the play truly brought in, in
    /// expectation over who pays. The arm is what production would choose.
    fn world(&self, seed: u64, world: u64) -> (Vec<Unit>, f64) {
        let mut chance = Chance::new(seed.wrapping_mul(1_000_003) ^ (world << 40) ^ self.true_lift.to_bits());
        let assigner = Assigner::new(&[seed.to_be_bytes(), world.to_be_bytes()].concat());
        let mut truth = 0.0;
        let units = (0..self.n)
            .map(|_| {
                let lead = Uuid::from_u64_pair(chance.bits(), chance.bits());
                let treated = assigner.arm("sim", lead, self.holdout) == Arm::Treated;
                // Minor units: the middle value is 200, one in a hundred is above 2,000.
                let value = 20_000.0 * chance.normal().exp();
                let is_customer = chance.unit() < 0.4;
                let before = if is_customer { (value * (0.5 * chance.normal()).exp()).round() } else { 0.0 };
                let alone = if is_customer { 0.3 } else { 0.12 };
                let pays = f64::min(if treated { alone * (1.0 + self.true_lift) } else { alone }, 1.0);
                truth += if treated { (pays - alone) * value } else { 0.0 };
                // What is paid differs from what the lead was worth by a tenth, up or down.
                let paid = (value * (0.9 + 0.2 * chance.unit())).round();
                let outcome = if chance.unit() < pays { paid } else { 0.0 };
                Unit { treated, stratum: stratum(value.round() as i64), outcome, before }
            })
            .collect();
        (units, truth)
    }
}

impl Anomalies {
    fn run(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.series > 0, "at least one series of each kind is needed");
        let begun = Instant::now();
        let mut sum = backtest::Found::default();
        for noise in backtest::Noise::ALL {
            let found = backtest::run_noise(noise, self.series, self.seed);
            println!(
                "{noise:?}: recall {:.2}, false alarms a metric and quarter {:.2}",
                found.recall(),
                found.false_alarms_per_metric_quarter()
            );
            sum = sum.and(found);
        }
        let (recall, alarms) = (sum.recall(), sum.false_alarms_per_metric_quarter());
        println!("recall: {recall:.3}");
        println!("false_alarms_per_metric_quarter: {alarms:.3}");
        println!("seconds: {:.1}", begun.elapsed().as_secs_f64());
        anyhow::ensure!(recall >= 0.9, "{recall:.3} of the faults were found; 0.9 is promised");
        anyhow::ensure!(alarms <= 1.0, "{alarms:.3} false alarms a metric and quarter; 1 is promised");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_repeat_themselves_and_hold_back_the_share() {
        let sim = Revenue { true_lift: 0.2, n: 4_000, seeds: 1, holdout: 10 };
        let (units, truth) = sim.world(3, 1);
        assert_eq!((units.clone(), truth), sim.world(3, 1));
        assert_ne!(units, sim.world(4, 1).0);
        let held = units.iter().filter(|unit| !unit.treated).count();
        assert!((320..=480).contains(&held) && truth > 0.0, "{held} {truth}");
    }
}
