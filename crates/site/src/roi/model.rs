//! What answering everybody would be worth. Pure; `site-roi.js` computes the same in the browser.
//!
//! Every sum grows with each benefit and falls with each cost, in floating point too: only products and sums of what is not
//! negative, and one difference at the end. That is why low ≤ base ≤ high always.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::inputs::{INPUTS, Input, UNSURE_FIRST};

/// The year that is looked at.
const YEAR: u8 = 12;
/// A payback later than this is none.
const LONGEST: u8 = 120;
/// What a month discounts: the twelfth root of 1.1, for 10 % a year.
const MONTH: f64 = 1.007_974_140_428_903_8;
/// How far the figures with the most influence are moved for low and high.
const SPREAD: f64 = 0.25;

/// What a forecast rests on. Shares are 0 to 1, money is in major units of the site's currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RoiAssumptions)]
pub(crate) struct Assumptions {
    /// Calls, messages and forms a month.
    pub inquiries_month: f64,
    /// Of those, answered too late or never.
    pub missed_share: f64,
    /// Of those, reached after all.
    pub recovery_share: f64,
    /// Of those, become customers.
    pub close_rate: f64,
    /// Of a first sale.
    pub value: f64,
    /// What is left of a sale after its own costs.
    pub margin: f64,
    pub hours_saved_month: f64,
    /// What an hour of work costs, with everything.
    pub loaded_rate: f64,
    /// Of saved hours, put to use.
    pub realisation: f64,
    pub running_cost_month: f64,
    /// Once.
    pub setup_cost: f64,
    /// Until the effect is whole; it grows evenly until then.
    pub ramp_months: u8,
}

/// What one set of assumptions comes to. Money is rounded to hundredths, percentages and months to tenths.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoiCase)]
pub(crate) struct Case {
    /// Margin of sales won back, a month at full effect.
    pub recovered_margin_month: f64,
    /// Of saved hours, a month at full effect.
    pub hours_value_month: f64,
    /// Both, less the running cost.
    pub net_month: f64,
    /// The first twelve months, with the ramp-up and after the cost of setting up.
    pub net_year: f64,
    /// Of the first twelve months' costs; none where it costs nothing.
    pub roi_percent: Option<f64>,
    /// Until what was spent has come back; none where it takes more than ten years.
    pub payback_months: Option<f64>,
    /// The same, with what comes later counting for less: 10 % a year.
    pub payback_discounted_months: Option<f64>,
    /// Net present value of the first twelve months at 10 % a year.
    pub npv: f64,
}

/// A forecast: the three figures with the most influence 25 % worse, as assumed, and 25 % better.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoiForecast)]
pub(crate) struct Forecast {
    pub low: Case,
    pub base: Case,
    pub high: Case,
    pub assumptions: Assumptions,
    /// Which figures were moved: names of fields of the assumptions.
    #[schema(value_type = Vec<String>)]
    pub largest: [&'static str; 3],
}

/// Where nobody said anything: a small business with calls and messages. The sources stand with [`INPUTS`].
pub(crate) fn usual() -> Assumptions {
    Assumptions {
        inquiries_month: 200.0,
        missed_share: 0.23,
        recovery_share: 0.25,
        close_rate: 0.25,
        value: 300.0,
        margin: 0.5,
        hours_saved_month: 30.0,
        loaded_rate: 35.0,
        realisation: 0.6,
        running_cost_month: 150.0,
        setup_cost: 1_400.0,
        ramp_months: 3,
    }
}

impl Assumptions {
    /// The same within the bounds of each figure; what is no number is 0.
    pub(crate) fn clamped(mut self) -> Self {
        for input in INPUTS {
            let value = bounded((input.read)(&self), input.most);
            (input.write)(&mut self, value);
        }
        self
    }

    /// With one figure moved by a factor, within its bounds.
    fn moved(&self, input: &Input, factor: f64) -> Self {
        let mut moved = self.clone();
        (input.write)(&mut moved, bounded((input.read)(self) * factor, input.most));
        moved
    }

    /// With figures moved to the worse side or the better one.
    fn turned(&self, inputs: &[&'static Input; 3], better: bool) -> Self {
        inputs.iter().fold(self.clone(), |moved, input| {
            let factor = if better == input.costs { 1.0 - SPREAD } else { 1.0 + SPREAD };
            moved.moved(input, factor)
        })
    }
}

/// The forecast. Assumptions out of bounds are brought into them first.
pub(crate) fn forecast(assumptions: &Assumptions) -> Forecast {
    let base = assumptions.clone().clamped();
    let largest = largest(&base);
    Forecast {
        low: case(&base.turned(&largest, false)),
        base: case(&base),
        high: case(&base.turned(&largest, true)),
        largest: largest.map(|input| input.key),
        assumptions: base,
    }
}

/// The three figures whose change moves the first year most. Of equals (figures that are multiplied with one another move it alike)
/// the least certain comes first.
fn largest(assumptions: &Assumptions) -> [&'static Input; 3] {
    let swing = |input: &'static Input| {
        let year = |factor: f64| net_year(&assumptions.moved(input, factor));
        (input, (year(1.0 + SPREAD) - year(1.0 - SPREAD)).abs())
    };
    let mut left: Vec<(&'static Input, f64)> = UNSURE_FIRST.iter().copied().map(swing).collect();
    [(); 3].map(|()| {
        let mut best = 0;
        for (place, (_, swing)) in left.iter().enumerate() {
            // More than what rounding makes of equal swings.
            if *swing > left[best].1 * (1.0 + 1e-9) {
                best = place;
            }
        }
        left.remove(best).0
    })
}

fn case(a: &Assumptions) -> Case {
    let (recovered, hours) = (recovered(a), hours_value(a));
    let costs = a.running_cost_month * f64::from(YEAR) + a.setup_cost;
    let benefits: f64 = (1..=YEAR).map(|month| benefit(a, month)).sum();
    let npv = flows(a, YEAR, MONTH).last().map_or(-a.setup_cost, |(_, sum)| sum);
    Case {
        recovered_margin_month: rounded(recovered, 100.0),
        hours_value_month: rounded(hours, 100.0),
        net_month: rounded(recovered + hours - a.running_cost_month, 100.0),
        net_year: rounded(net_year(a), 100.0),
        roi_percent: (costs >= 1.0).then(|| rounded((benefits / costs - 1.0) * 100.0, 10.0)),
        payback_months: payback(a, 1.0),
        payback_discounted_months: payback(a, MONTH),
        npv: rounded(npv, 100.0),
    }
}

fn recovered(a: &Assumptions) -> f64 {
    a.inquiries_month * a.missed_share * a.recovery_share * a.close_rate * a.value * a.margin
}

fn hours_value(a: &Assumptions) -> f64 {
    a.hours_saved_month * a.loaded_rate * a.realisation
}

/// How much of the full effect a month brings: it grows evenly, and a month counts with its middle.
fn reached(month: u8, ramp: u8) -> f64 {
    if month > ramp { 1.0 } else { (f64::from(month) - 0.5) / f64::from(ramp) }
}

fn benefit(a: &Assumptions, month: u8) -> f64 {
    (recovered(a) + hours_value(a)) * reached(month, a.ramp_months)
}

fn net_year(a: &Assumptions) -> f64 {
    flows(a, YEAR, 1.0).last().map_or(-a.setup_cost, |(_, sum)| sum)
}

/// What has come in after each month, less what went out: discounted by a factor a month, at the end of each.
fn flows(a: &Assumptions, months: u8, factor: f64) -> impl Iterator<Item = (u8, f64)> {
    let (mut sum, mut discount) = (-a.setup_cost, 1.0);
    (1..=months).map(move |month| {
        discount *= factor;
        sum += (benefit(a, month) - a.running_cost_month) / discount;
        (month, sum)
    })
}

/// When the sum stops being negative, in months. The months only get better, so that this happens once or never.
fn payback(a: &Assumptions, factor: f64) -> Option<f64> {
    let mut before = -a.setup_cost;
    let mut back = (before >= 0.0).then_some(0.0);
    for (month, sum) in flows(a, LONGEST, factor) {
        if sum < 0.0 {
            back = None;
        } else if back.is_none() {
            back = Some(f64::from(month - 1) + before / (before - sum));
        }
        before = sum;
    }
    back.map(|months| rounded(months, 10.0))
}

fn bounded(value: f64, most: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, most) }
}

/// To a fraction, halves away from zero; never a negative zero.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts + 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            Just(-1.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::MIN_POSITIVE),
            0.0..1.0_f64,
            0.0..2_000.0_f64,
            any::<f64>(),
        ]
    }

    fn any_assumptions() -> impl Strategy<Value = Assumptions> {
        (proptest::collection::vec(any_number(), 11), any::<u8>()).prop_map(|(values, ramp)| {
            let mut made = usual();
            for (input, value) in INPUTS.iter().zip(values) {
                (input.write)(&mut made, value);
            }
            made.ramp_months = ramp;
            made
        })
    }

    fn figures(case: &Case) -> [f64; 5] {
        [case.recovered_margin_month, case.hours_value_month, case.net_month, case.net_year, case.npv]
    }

    #[test]
    fn the_usual_business_comes_to_what_the_formula_says() {
        let base = forecast(&usual()).base;
        // 200 · 23 % · 25 % · 25 % · 300 · 50 % = 431.25; 30 · 35 · 60 % = 630; less 150 a month.
        assert!((base.recovered_margin_month - 431.25).abs() < 1e-9 && (base.hours_value_month - 630.0).abs() < 1e-9);
        assert!((base.net_month - 911.25).abs() < 1e-9);
        // The ramp-up of three months costs one and a half of them: 10.5 · 1,061.25 − 12 · 150 − 1,400.
        assert!((base.net_year - 7_943.13).abs() < 1e-9, "{}", base.net_year);
        assert_eq!(base.roi_percent, Some(248.2));
        // After three months 1.5 · 1,061.25 − 3 · 150 − 1,400 = −258.13 is missing, and a month brings 911.25.
        assert_eq!(base.payback_months, Some(3.3));
        assert!(base.payback_discounted_months >= base.payback_months && base.npv < base.net_year);
    }

    #[test]
    fn of_figures_with_the_same_influence_the_least_certain_are_moved() {
        let mut sales = usual();
        sales.hours_saved_month = 0.0;
        assert_eq!(forecast(&sales).largest, ["recoveryShare", "missedShare", "closeRate"]);
        let mut time = usual();
        time.inquiries_month = 0.0;
        assert_eq!(forecast(&time).largest, ["realisation", "hoursSavedMonth", "loadedRate"]);
        let mut costly = usual();
        costly.setup_cost = 1e6;
        assert_eq!(forecast(&costly).largest[0], "setupCost");
    }

    #[test]
    fn nothing_earned_is_never_paid_back_and_nothing_spent_always_is() {
        let mut idle = usual();
        (idle.inquiries_month, idle.hours_saved_month) = (0.0, 0.0);
        let base = forecast(&idle).base;
        assert_eq!((base.payback_months, base.payback_discounted_months), (None, None));
        assert_eq!(base.roi_percent, Some(-100.0));
        let mut free = usual();
        (free.setup_cost, free.running_cost_month) = (0.0, 0.0);
        let base = forecast(&free).base;
        assert_eq!((base.payback_months, base.roi_percent), (Some(0.0), None));
    }

    #[test]
    fn without_a_ramp_the_first_month_is_whole() {
        let mut at_once = usual();
        at_once.ramp_months = 0;
        assert!((forecast(&at_once).base.net_year - (12.0 * 911.25 - 1_400.0)).abs() < 1e-9);
        assert!((reached(1, 4) - 0.125).abs() < 1e-12 && (reached(5, 4) - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn every_input_gives_numbers_in_order(assumptions in any_assumptions()) {
            let Forecast { low, base, high, assumptions: used, .. } = forecast(&assumptions);
            for input in INPUTS {
                prop_assert!((0.0..=input.most).contains(&(input.read)(&used)), "{}", input.key);
            }
            for case in [&low, &base, &high] {
                prop_assert!(figures(case).iter().all(|value| value.is_finite()), "{case:?}");
                let rest = [case.roi_percent, case.payback_months, case.payback_discounted_months];
                prop_assert!(rest.iter().flatten().all(|value| value.is_finite()), "{case:?}");
                prop_assert!(rest[1..].iter().flatten().all(|value| (0.0..=120.0).contains(value)), "{case:?}");
            }
            for ((low, base), high) in figures(&low).into_iter().zip(figures(&base)).zip(figures(&high)) {
                prop_assert!(low <= base && base <= high, "{low} {base} {high}");
            }
            if let (Some(low), Some(base), Some(high)) = (low.roi_percent, base.roi_percent, high.roi_percent) {
                prop_assert!(low <= base && base <= high);
            }
            let late = |case: &Case| case.payback_months.unwrap_or(f64::INFINITY);
            prop_assert!(late(&low) >= late(&base) && late(&base) >= late(&high));
            prop_assert!(base.payback_discounted_months.unwrap_or(f64::INFINITY) >= late(&base));
        }

        #[test]
        fn more_of_a_benefit_is_never_worth_less(assumptions in any_assumptions(), factor in 1.0..10.0_f64) {
            let base = assumptions.clamped();
            let before = forecast(&base).base;
            for input in INPUTS {
                let after = forecast(&base.moved(input, factor)).base;
                let (worse, better) = if input.costs { (&after, &before) } else { (&before, &after) };
                prop_assert!(worse.net_year <= better.net_year && worse.net_month <= better.net_month, "{}", input.key);
                prop_assert!(worse.npv <= better.npv, "{}", input.key);
            }
        }

        #[test]
        fn the_same_is_forecast_again_from_what_is_kept(assumptions in any_assumptions()) {
            let first = forecast(&assumptions);
            prop_assert_eq!(forecast(&first.assumptions), first);
        }
    }
}
