//! From inputs to scores, for one place or for all.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use uuid::Uuid;

use super::inputs::{self, Everywhere, Inputs, Recovered, Span};
use super::{Score, at_risk, leakage, recovery, store, velocity, visibility};
use crate::settings::Rules;

/// The scores of one place (none: the whole organisation) as of an instant.
pub(crate) async fn calculate(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    as_of: DateTime<Utc>,
) -> anyhow::Result<Vec<Score>> {
    let rules = Rules::load(tx).await?;
    let mut all = inputs::load(tx, &rules, as_of).await?;
    let place = location.unwrap_or_else(Uuid::nil);
    win_back(tx, &rules, as_of, &mut all, &[place]).await?;
    Ok(of_place(&all, place))
}

/// The scores of some places as of an instant.
pub(crate) async fn all_places(
    tx: &mut OrgTx,
    rules: &Rules,
    as_of: DateTime<Utc>,
    places: &[Uuid],
) -> anyhow::Result<Vec<(Uuid, Vec<Score>)>> {
    let mut all = inputs::load(tx, rules, as_of).await?;
    win_back(tx, rules, as_of, &mut all, places).await?;
    Ok(places.iter().map(|place| (*place, of_place(&all, *place))).collect())
}

fn of_place(all: &Everywhere, place: Uuid) -> Vec<Score> {
    let (Some(inputs), Some(whole)) = (all.get(&place), all.get(&Uuid::nil())) else { return Vec::new() };
    let location_id = (!place.is_nil()).then(|| LocationId::from_uuid(place));
    five(inputs, whole).into_iter().map(|score| Score { location_id, ..score }).collect()
}

/// The five scores, in the order of [`super::ScoreType::ALL`].
fn five(inputs: &Inputs, whole: &Inputs) -> [Score; 5] {
    [
        recovery::score(inputs),
        leakage::score(inputs, whole),
        at_risk::score(inputs, whole),
        velocity::score(inputs, whole),
        visibility::score(inputs),
    ]
}

/// Reads what plays won back, and what was at risk when the window began.
async fn win_back(
    tx: &mut OrgTx,
    rules: &Rules,
    as_of: DateTime<Utc>,
    all: &mut Everywhere,
    places: &[Uuid],
) -> anyhow::Result<()> {
    let span = Span::of(rules, as_of);
    let from = rules.whole.instant(span.first, 0);
    // A place has won nothing back that the whole has not.
    let whole = recovered(tx, None, from, as_of).await?;
    for place in places {
        let Some(inputs) = all.get_mut(place) else { continue };
        inputs.recoverable = store::at_risk_on(tx, *place, span.first).await?;
        inputs.recovered = match whole {
            Some(_) if !place.is_nil() => recovered(tx, Some(*place), from, as_of).await?,
            whole => whole,
        };
    }
    Ok(())
}

async fn recovered(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> anyhow::Result<Option<Recovered>> {
    let found = crate::plays::recovered(tx, location, from, to).await?;
    Ok(found.map(|found| Recovered {
        treated: found.treated_minor as f64,
        baseline: found.baseline_minor as f64,
        low: found.low_minor as f64,
        high: found.high_minor as f64,
    }))
}
