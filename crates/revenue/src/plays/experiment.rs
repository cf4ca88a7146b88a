//! Reading a play: what it brought in more than the holdout says would have come anyway.

use anyhow::Context;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use stats::experiment::{Effect, Unit, incremental};
use uuid::Uuid;

use super::{Recipe, store};

/// Draws of the bootstrap.
pub const ROUNDS: usize = 1_000;
/// The level of every interval.
pub const LEVEL: f64 = 0.95;
/// The seed of every reading, so that the same rows read the same.
pub const SEED: u64 = 0x5ec0_4e9d;

/// Reads the leads of a play, of one place or of all, that were enrolled from one instant and before another. Amounts are minor
/// units.
pub(super) async fn read(
    tx: &mut OrgTx,
    play: Recipe,
    location: Option<Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> anyhow::Result<Effect> {
    effect(store::units(tx, play, location, from, to).await?.into_iter().map(unit).collect()).await
}

async fn effect(units: Vec<Unit>) -> anyhow::Result<Effect> {
    tokio::task::spawn_blocking(move || incremental(&units, SEED, ROUNDS, LEVEL)).await.context("reading a play")
}

fn unit(row: store::UnitRow) -> Unit {
    Unit {
        treated: row.treated,
        stratum: row.stratum.unsigned_abs(),
        outcome: row.outcome_minor as f64,
        before: row.before_minor as f64,
    }
}

/// What plays recovered, in minor units of the organisation's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// What treated leads paid within their windows.
    pub treated_minor: i64,
    /// What they would have paid anyway, by the holdout. Recovered is the difference, which can be negative.
    pub baseline_minor: i64,
    /// The lower end of the 95 % interval of the difference.
    pub low_minor: i64,
    /// The upper end.
    pub high_minor: i64,
    /// Plays that were read.
    pub plays: usize,
    /// Plays with enrolments but too few to read: their leads are in no figure here.
    pub too_few: usize,
}

impl Recovered {
    /// What came in because of the plays.
    pub fn recovered_minor(&self) -> i64 {
        self.treated_minor - self.baseline_minor
    }
}

/// What all plays recovered of leads enrolled from one instant and before another, of one place or of all; none when no play has
/// enough leads in both arms to be read.
///
/// The plays draw apart from one another, so the distances of their intervals' ends from the middle add up as squares.
pub async fn recovered(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> anyhow::Result<Option<Recovered>> {
    let mut sum = Recovered::default();
    let (mut total, mut below, mut above) = (0.0, 0.0, 0.0);
    // One question for all plays: this is asked of every place whenever its scores are made.
    let rows = store::all_units(tx, location, from, to).await?;
    for play in Recipe::ALL {
        let units: Vec<Unit> = rows.iter().filter(|row| row.play == play.as_str()).map(|row| unit(row.unit)).collect();
        if units.is_empty() {
            continue;
        }
        let effect = effect(units).await?;
        let Ok(known) = effect.known else {
            sum.too_few += 1;
            continue;
        };
        sum.plays += 1;
        sum.treated_minor += effect.treated.total.round() as i64;
        total += known.total;
        below += (known.total - known.low).powi(2);
        above += (known.high - known.total).powi(2);
    }
    if sum.plays == 0 {
        return Ok(None);
    }
    sum.baseline_minor = sum.treated_minor - total.round() as i64;
    sum.low_minor = (total - f64::sqrt(below)).round() as i64;
    sum.high_minor = (total + f64::sqrt(above)).round() as i64;
    Ok(Some(sum))
}
