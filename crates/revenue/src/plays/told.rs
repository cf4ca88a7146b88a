//! Plays for those who tell of them: what each brought in, as far as its holdout can say.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use uuid::Uuid;

use super::{Recipe, experiment, words};
use crate::brief::ReadOut;
use crate::read;

/// The reading of every play that met a lead enrolled from one instant and before another, of one place or of all.
pub(crate) async fn read_outs(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> anyhow::Result<Vec<ReadOut>> {
    let currency = read::currency(tx).await?;
    let mut told = Vec::new();
    for play in Recipe::ALL {
        let effect = experiment::read(tx, play, location, from, to).await?;
        if effect.treated.units + effect.held.units == 0 {
            continue;
        }
        let whole = |value: f64| value.round() as i64;
        let known = effect.known.as_ref().ok();
        told.push(ReadOut {
            play,
            treated: effect.treated.units,
            held: effect.held.units,
            incremental_minor: known.map(|known| whole(known.total)),
            interval_minor: known.map(|known| (whole(known.low), whole(known.high))),
            sentence: words::sentence(&effect, currency.code()),
        });
    }
    Ok(told)
}
