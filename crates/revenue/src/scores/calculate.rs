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
    let at_risk = store::at_risk_on(tx, places, span.first).await?;
    for place in places {
        let Some(inputs) = all.get_mut(place) else { continue };
        inputs.recoverable = at_risk.get(place).copied();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{inputs, lead, leaking, paying};
    use super::*;
    use crate::journeys::{Journey, Stage};

    fn any_journey() -> impl Strategy<Value = Journey> {
        let answered = (0_usize..500, proptest::option::of(0_i64..200_000)).prop_map(|(n, after)| lead(n, after));
        let leaked =
            (0_usize..500, proptest::sample::select(Stage::ALL.to_vec())).prop_map(|(n, stage)| leaking(n, stage));
        let paid =
            (0_usize..500, 0_i64..90_000, 1_i64..1_000_000).prop_map(|(n, after, minor)| paying(n, after, minor));
        prop_oneof![3 => answered, 2 => leaked, 2 => paid]
    }

    proptest! {
        #[test]
        fn components_add_up_and_bands_hold_the_value(
            of_place in proptest::collection::vec(any_journey(), 0..60),
            others in proptest::collection::vec(any_journey(), 0..200),
            capacity in proptest::option::of(0_i32..100),
        ) {
            let whole = inputs(of_place.iter().chain(&others).cloned());
            let mut place = inputs(of_place.iter().cloned());
            place.place.capacity = capacity;
            for (inputs, whole) in [(&place, &whole), (&whole, &whole)] {
                for score in five(inputs, whole) {
                    let Some(base) = score.base else {
                        prop_assert!(score.value.is_none() && score.missing.is_some());
                        continue;
                    };
                    let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
                    prop_assert!((sum - base).abs() <= 1e-6 * base.abs().max(1.0), "{:?}", score);
                    prop_assert!(score.low.is_none_or(|low| low <= base + 1e-9) && score.high.is_none_or(|high| high >= base - 1e-9));
                    prop_assert!(score.unit != "points" || score.value.is_some_and(|value| (0.0..=100.0).contains(&value)));
                    prop_assert!(score.value.is_some_and(|value| value.is_finite() && value >= 0.0));
                    prop_assert!((0.0..=1.0).contains(&score.coverage));
                }
            }
        }

        #[test]
        fn order_changes_no_score(journeys in proptest::collection::vec(any_journey(), 5..80)) {
            let forward = inputs(journeys.iter().cloned());
            let backward = Inputs { paid: forward.paid.clone(), ..inputs(journeys.iter().rev().cloned()) };
            prop_assert_eq!(five(&forward, &forward), five(&backward, &backward));
        }
    }
}
