//! The reading of an experiment: what it must never say, and how often its interval is right.

use stats::Chance;
use stats::experiment::{ARM_MIN, Effect, TooFew, Unit, incremental};

/// Leads of whom a fifth pays a skewed amount, a tenth held back; `lift` is the relative increase of the chance to pay.
/// Returns them with what the play truly brought in, in expectation.
fn world(chance: &mut Chance, n: usize, lift: f64) -> (Vec<Unit>, f64) {
    let mut truth = 0.0;
    let units = (0..n)
        .map(|_| {
            let value = 200.0 * chance.normal().exp();
            let is_back = chance.unit() < 0.4;
            let before = if is_back { value * (0.5 * chance.normal()).exp() } else { 0.0 };
            let base = if is_back { 0.3 } else { 0.12 };
            let treated = chance.unit() >= 0.1;
            let pays = if treated { base * (1.0 + lift) } else { base };
            truth += if treated { base * lift * value } else { 0.0 };
            let outcome = if chance.unit() < pays { value } else { 0.0 };
            Unit { treated, stratum: (value / 25.0).max(1.0).log2() as u32, outcome, before }
        })
        .collect();
    (units, truth)
}

fn read(units: &[Unit], seed: u64) -> Effect {
    incremental(units, seed, 400, 0.95)
}

#[test]
fn the_order_of_the_units_changes_nothing_and_the_seed_repeats_it() {
    let (mut units, _) = world(&mut Chance::new(1), 1_500, 0.2);
    let told = read(&units, 7);
    units.reverse();
    units.swap(3, 900);
    assert_eq!(told, read(&units, 7));
    let known = told.known.expect("enough leads");
    assert!(known.low < known.total && known.total < known.high, "{known:?}");
    assert!(known.strata > 3 && known.theta > 0.0, "{known:?}");
}

#[test]
fn too_little_says_so() {
    let (units, _) = world(&mut Chance::new(2), 60, 0.5);
    assert!(units.iter().filter(|unit| !unit.treated).count() < ARM_MIN);
    assert_eq!(read(&units, 1).known, Err(TooFew::Units));
    let unit = |treated| Unit { treated, stratum: 0, outcome: 0.0, before: 0.0 };
    let nobody: Vec<Unit> = (0..400).map(|i| unit(i % 10 != 0)).collect();
    assert_eq!(read(&nobody, 1).known, Err(TooFew::Payers));
    let everybody: Vec<Unit> = nobody.iter().map(|unit| Unit { outcome: 5.0, ..*unit }).collect();
    assert_eq!(read(&everybody, 1).known, Err(TooFew::Spread));
    assert_eq!(read(&[], 1).known, Err(TooFew::Units));
}

#[test]
fn money_before_narrows_the_interval() {
    let mut chance = Chance::new(3);
    let units: Vec<Unit> = (0..3_000)
        .map(|i| {
            let before = 100.0 * chance.normal().exp();
            Unit { treated: i % 5 != 0, stratum: 0, outcome: before * (0.2 * chance.normal()).exp(), before }
        })
        .collect();
    let blind: Vec<Unit> = units.iter().map(|unit| Unit { before: 0.0, ..*unit }).collect();
    let error = |units: &[Unit]| read(units, 1).known.map_or(f64::NAN, |known| known.standard_error);
    assert!(error(&units) < 0.5 * error(&blind), "{} {}", error(&units), error(&blind));
}

#[test]
fn it_covers_the_truth_and_claims_nothing_that_is_not_there() {
    let mut chance = Chance::new(5);
    for lift in [0.0, 0.3] {
        let (mut covered, mut claimed, worlds) = (0, 0, 300);
        for seed in 0..worlds {
            let (units, truth) = world(&mut chance, 2_000, lift);
            let known = read(&units, seed).known.expect("enough leads");
            covered += i32::from(known.low <= truth && truth <= known.high);
            claimed += i32::from(known.is_increase());
        }
        // Three standard errors around 95 % of 300.
        assert!((274..=296).contains(&covered), "lift {lift}: {covered} of {worlds}");
        assert!(lift > 0.0 || claimed <= 15, "{claimed} of {worlds} claim what is not there");
    }
}

#[test]
fn power_grows_with_the_effect() {
    let (units, _) = world(&mut Chance::new(6), 2_000, 0.0);
    let known = read(&units, 1).known.expect("enough leads");
    assert!((known.power(known.detectable) - 0.8).abs() < 0.01);
    assert!(known.power(0.0) < known.power(known.detectable / 2.0));
}
