//! Revenue at risk: what leaked and what was slow, at the organisation's own rates and values, as money a month.
//!
//! No published odds are multiplied into money: every rate is this organisation's. The loss of a slow answer is never above that
//! of no answer, so that mending a leak, even late, lowers the risk at the same rates.

use std::collections::BTreeMap;

use super::inputs::{Counts, Inputs, Window};
use super::{Beside, Component, ENOUGH, FEWEST, Lever, Origin, Score, ScoreType};
use crate::journeys::Stage;
use crate::journeys::sums::BINS;
use crate::metrics as m;

/// The mean length of a month in days.
const MONTH: f64 = 30.4375;
/// Rounds of the bootstrap.
const ROUNDS: usize = 400;

/// Low, middle, high.
type Three = [f64; 3];

/// What leaked and what was slow in a window, by source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exposure {
    /// Leaks by source and stage.
    pub leaked: BTreeMap<(String, Stage), i64>,
    /// Slow answers by source and bin.
    pub slow: BTreeMap<(String, &'static str), i64>,
}

impl Exposure {
    /// Of a window.
    pub(crate) fn of(window: &Window) -> Self {
        let mut exposure = Self::default();
        for (source, counts) in &window.sources {
            for stage in Stage::ALL {
                let n = counts.leaked(stage).max(0);
                if n > 0 {
                    exposure.leaked.insert((source.clone(), stage), n);
                }
            }
            for (_, bin) in &BINS[1..] {
                let n = counts.n(&format!("{}{bin}", m::DELAY));
                if n > 0 {
                    exposure.slow.insert((source.clone(), *bin), n);
                }
            }
        }
        exposure
    }
}

/// Rates and values of an organisation.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    sources: BTreeMap<String, OfSource>,
    whole: OfSource,
    /// The share of leaked leads that come back unaided.
    pub returned: f64,
    /// Where the values come from.
    pub origin: Origin,
}

#[derive(Clone, Debug, Default)]
struct OfSource {
    close: BTreeMap<Stage, Three>,
    bins: BTreeMap<&'static str, Three>,
    value: Three,
}

impl Rates {
    /// From the longer window; none where there is no value to go by.
    pub(crate) fn of(inputs: &Inputs, seed: u64) -> Option<Self> {
        let all = &inputs.rates.all;
        let (mean, origin) = mean_value(inputs)?;
        let spread = spread(&inputs.paid, seed);
        let whole = OfSource::of(all, None, [mean * spread[0], mean, mean * spread[2]]);
        let sources = inputs
            .rates
            .sources
            .keys()
            .chain(inputs.now.sources.keys())
            .map(|name| {
                let counts = inputs.rates.sources.get(name).cloned().unwrap_or_default();
                let (n, paid) = (counts.n(m::PAID), counts.amount(m::PAID) as f64);
                let own = if n >= ENOUGH {
                    paid / n as f64
                } else {
                    (paid + ENOUGH as f64 * mean) / (n as f64 + ENOUGH as f64)
                };
                (name.clone(), OfSource::of(&counts, Some(&whole), [own * spread[0], own, own * spread[2]]))
            })
            .collect();
        let (back, leaked) = (all.n(m::RETURNED) as f64, all.n(m::LEAKED).max(0) as f64);
        let returned =
            if leaked >= ENOUGH as f64 { back / leaked } else { stats::shrink(back, leaked, 0.0, ENOUGH as f64) };
        Some(Self { sources, whole, returned: returned.clamp(0.0, 1.0), origin })
    }

    fn source(&self, name: &str) -> &OfSource {
        self.sources.get(name).unwrap_or(&self.whole)
    }

    /// What one leak costs, before it is put on a month.
    fn leak(&self, source: &str, stage: Stage) -> Three {
        let of = self.source(source);
        let close = of.close.get(&stage).copied().unwrap_or_default();
        [0, 1, 2].map(|at| close[at] * of.value[at] * (1.0 - self.returned))
    }

    /// What one slow answer costs: at most what none would.
    fn delay(&self, source: &str, bin: &str) -> Three {
        let of = self.source(source);
        let (fast, slow) =
            (of.bins.get("0_5").copied().unwrap_or_default(), of.bins.get(bin).copied().unwrap_or_default());
        let most = self.leak(source, Stage::Respond);
        // The low end takes the least of the fast rate and the most of the slow one.
        let lost = [fast[0] - slow[2], fast[1] - slow[1], fast[2] - slow[0]];
        [0, 1, 2].map(|at| (lost[at].max(0.0) * of.value[at]).min(most[at]))
    }
}

impl OfSource {
    fn of(counts: &Counts, whole: Option<&Self>, value: Three) -> Self {
        let mut of = Self { value, ..Self::default() };
        for stage in Stage::ALL {
            let (closed, n) = closing(counts, stage);
            of.close.insert(stage, rate(closed, n, whole.and_then(|whole| whole.close.get(&stage)).copied()));
        }
        for (_, bin) in &BINS {
            let metric = format!("{}{bin}", m::DELAY);
            let prior = whole.and_then(|whole| whole.bins.get(bin)).copied();
            // A bin of the organisation itself with few leads is drawn to its rate over all answers.
            let overall = rate(counts.amount_of_answered(), counts.n(m::ANSWERED_IN_TIME), None);
            of.bins.insert(*bin, rate(counts.amount(&metric), counts.n(&metric), prior.or(Some(overall))));
        }
        of
    }
}

impl Counts {
    /// How many of those answered in time closed.
    fn amount_of_answered(&self) -> i64 {
        self.n(m::ANSWERED_CLOSED)
    }
}

/// How many closed of those who got past a stage.
fn closing(counts: &Counts, stage: Stage) -> (i64, i64) {
    match stage {
        Stage::Answer | Stage::Respond => (counts.n(m::ANSWERED_CLOSED), counts.n(m::ANSWERED_IN_TIME)),
        Stage::Reach => (counts.amount(m::REACHED), counts.n(m::REACHED)),
        Stage::Book => (counts.n(m::QUOTED_CLOSED), counts.n(m::QUOTED)),
        Stage::Show => (counts.n(m::BOOKED) - counts.n(m::MISSED), counts.n(m::BOOKED)),
        Stage::Pay => (counts.amount(m::BOOKED), counts.n(m::BOOKED)),
    }
}

/// A rate with its band; with fewer than thirty it is drawn to the prior.
fn rate(successes: i64, n: i64, prior: Option<Three>) -> Three {
    let (n, successes) = (n.max(0), successes.clamp(0, n.max(0)));
    let (low, high) = if n > 0 { stats::wilson(successes as u64, n as u64, 1.96) } else { (0.0, 1.0) };
    match prior {
        Some(prior) if n < ENOUGH => {
            let drawn = |own: f64, prior: f64| stats::shrink(own * n as f64, n as f64, prior, ENOUGH as f64);
            let base = stats::shrink(successes as f64, n as f64, prior[1], ENOUGH as f64);
            [drawn(low, prior[0]).min(base), base, drawn(if n > 0 { high } else { prior[2] }, prior[2]).max(base)]
        }
        _ if n == 0 => [0.0; 3],
        _ => {
            let base = successes as f64 / n as f64;
            [low.min(base), base, high.max(base)]
        }
    }
}

/// What a lead that closes is worth on average: paid, told, or assumed.
fn mean_value(inputs: &Inputs) -> Option<(f64, Origin)> {
    let all = &inputs.rates.all;
    let mean = |amount: i64, n: i64| (n > 0 && amount > 0).then(|| amount as f64 / n as f64);
    if let Some(paid) = mean(all.amount(m::PAID), all.n(m::PAID)) {
        return Some((paid, Origin::Measured));
    }
    if let Some(told) = mean(all.amount(m::LEAD_VALUE), all.n(m::LEAD_VALUE)) {
        return Some((told, Origin::Measured));
    }
    inputs.place.settings.assumed_value_minor.filter(|minor| *minor > 0).map(|minor| (minor as f64, Origin::Assumed))
}

/// The ends of the band of a mean, as parts of it.
fn spread(paid: &[f64], seed: u64) -> Three {
    let mean = paid.iter().sum::<f64>() / paid.len().max(1) as f64;
    if paid.len() < FEWEST as usize || mean <= 0.0 {
        return [0.75, 1.0, 1.25];
    }
    let (low, high) = stats::bootstrap_mean_interval(paid, seed, ROUNDS, 0.95);
    [(low / mean).clamp(0.0, 1.0), 1.0, (high / mean).max(1.0)]
}

/// The risk of an exposure at given rates, by component: each stage, and `delay`. In minor units of the window.
pub(crate) fn risk(exposure: &Exposure, rates: &Rates) -> BTreeMap<&'static str, Three> {
    let mut parts: BTreeMap<&'static str, Three> = BTreeMap::new();
    let mut add = |key: &'static str, n: i64, cost: Three| {
        let part = parts.entry(key).or_default();
        for (sum, each) in part.iter_mut().zip(cost) {
            *sum += n as f64 * each;
        }
    };
    for ((source, stage), n) in &exposure.leaked {
        add(stage.as_str(), *n, rates.leak(source, *stage));
    }
    for ((source, bin), n) in &exposure.slow {
        add("delay", *n, rates.delay(source, bin));
    }
    parts
}

/// The score of a place; a place without values of its own goes by the organisation's.
pub(crate) fn score(inputs: &Inputs, whole: &Inputs) -> Score {
    let unit = inputs.place.settings.currency.code().to_owned();
    let missing = |why: String| Score::missing(ScoreType::RevenueAtRisk, &unit, inputs.as_of, why);
    let n = inputs.now.all.n(m::LEADS);
    if n < FEWEST {
        return missing(format!("{n} leads arrived in the window; {FEWEST} are needed. Connect a source of leads."));
    }
    let seed = inputs.as_of.timestamp().unsigned_abs() / 86_400;
    let Some(rates) = Rates::of(inputs, seed).or_else(|| Rates::of(whole, seed)) else {
        return missing(
            "No payment and no value of a lead is known. Connect payments, or enter an average value.".to_owned(),
        );
    };
    let days = f64::from(inputs.place.settings.window_days);
    let (parts, scale) = monthly(inputs, &inputs.now, &rates, days);
    let before = (inputs.before.all.n(m::LEADS) >= FEWEST).then(|| monthly(inputs, &inputs.before, &rates, days).0);
    let total = |parts: &BTreeMap<&'static str, Three>, at: usize| parts.values().map(|part| part[at]).sum::<f64>();
    let base = total(&parts, 1);
    let components: Vec<Component> = parts
        .iter()
        .map(|(key, part)| Component {
            key: (*key).to_owned(),
            title: title(key).to_owned(),
            weight: if base > 0.0 { part[1] / base } else { 0.0 },
            value: Some(part[1]),
            contribution: part[1],
            previous: before.as_ref().map(|before| before.get(key).map_or(0.0, |part| part[1])),
            n: counted(&inputs.now, key),
            source: rates.origin,
        })
        .collect();
    let closed = inputs.now.all.n(m::CLOSED) as f64 * rates.whole.value[1] * MONTH / days;
    let pipeline = (base + closed > 0.0).then(|| base / (base + closed));
    Score {
        value: Some(base),
        low: Some(total(&parts, 0).min(base)),
        base: Some(base),
        high: Some(total(&parts, 2).max(base)),
        lever: lever(&components),
        beside: vec![
            Beside::new("pipeline", "Share of what could be earned", pipeline, "share", None),
            Beside::new("average_value", "Average value of a customer", Some(rates.whole.value[1]), "money", None),
            Beside::new("self_return", "Come back unaided", Some(rates.returned), "share", None),
            Beside::new("capacity", "Left by the capacity of the place", Some(scale), "share", None),
        ],
        components,
        previous: before.as_ref().map(|before| total(before, 1)),
        coverage: if rates.origin == Origin::Measured { 1.0 } else { 0.5 },
        missing: None,
        ..missing(String::new())
    }
}

/// The risk put on a month, and cut to what the place could take in; says what was left by the cut.
fn monthly(inputs: &Inputs, window: &Window, rates: &Rates, days: f64) -> (BTreeMap<&'static str, Three>, f64) {
    let mut parts = risk(&Exposure::of(window), rates);
    let month = MONTH / days;
    let base: f64 = parts.values().map(|part| part[1] * month).sum();
    let scale = match inputs.place.capacity {
        Some(capacity) if base > 0.0 => {
            let free = (f64::from(capacity) - window.all.n(m::BOOKINGS) as f64 * month).max(0.0);
            (free * rates.whole.value[1] / base).min(1.0)
        }
        _ => 1.0,
    };
    for part in parts.values_mut() {
        *part = part.map(|money| money * month * scale);
    }
    (parts, scale)
}

fn title(key: &str) -> &'static str {
    Stage::ALL.into_iter().find(|stage| stage.as_str() == key).map_or("Slow answers", Stage::title)
}

fn counted(window: &Window, key: &str) -> i64 {
    match Stage::ALL.into_iter().find(|stage| stage.as_str() == key) {
        Some(stage) => window.all.leaked(stage),
        None => BINS[1..].iter().map(|(_, bin)| window.all.n(&format!("{}{bin}", m::DELAY))).sum(),
    }
}

fn lever(components: &[Component]) -> Option<Lever> {
    let most = components.iter().max_by(|a, b| a.contribution.total_cmp(&b.contribution))?;
    let advice = match most.key.as_str() {
        "answer" => "Text back every missed call at once.",
        "respond" => "Let every message and form get an answer within the hour.",
        "reach" => "Try six times before giving a lead up.",
        "book" => "Follow up every quote after a day.",
        "show" => "Remind before a booking, and offer a new time after a missed one.",
        "pay" => "Ask for payment when the visit is booked.",
        _ => "Answer within five minutes.",
    };
    (most.contribution >= 1.0).then(|| Lever {
        key: most.key.clone(),
        advice: advice.to_owned(),
        gain: most.contribution,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{inputs, lead, leaking, paying};
    use super::*;

    #[test]
    fn removing_a_leak_never_raises_it_whatever_becomes_of_the_lead() {
        let all = inputs(
            (0..120)
                .map(|n| lead(n, Some(60 + 400 * n as i64 % 80_000)))
                .chain((120..180).map(|n| paying(n, 90, 50_000)))
                .chain((180..260).map(|n| leaking(n, Stage::ALL[n % 6]))),
        );
        let rates = Rates::of(&all, 7).expect("payments are told");
        let exposure = Exposure::of(&all.now);
        let total = |exposure: &Exposure, at: usize| risk(exposure, &rates).values().map(|part| part[at]).sum::<f64>();
        for key in exposure.leaked.keys() {
            for bin in [None, Some("5_15"), Some("15_60"), Some("60_240"), Some("240_1440")] {
                let mut less = exposure.clone();
                *less.leaked.get_mut(key).expect("a leak") -= 1;
                if let (Some(bin), Stage::Answer | Stage::Respond) = (bin, key.1) {
                    *less.slow.entry((key.0.clone(), bin)).or_default() += 1;
                }
                for at in 0..3 {
                    assert!(total(&less, at) <= total(&exposure, at) + 1e-6, "{key:?} {bin:?} {at}");
                }
            }
        }
    }

    #[test]
    fn it_adds_up_and_its_band_holds_it() {
        let all = inputs((0..60).map(|n| paying(n, 60, 10_000)).chain((60..100).map(|n| leaking(n, Stage::Respond))));
        let score = super::score(&all, &all);
        let base = score.base.expect("a base");
        let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
        assert!((sum - base).abs() < 1e-6 && base > 0.0);
        assert!(score.low.expect("low") <= base && base <= score.high.expect("high"));
        assert_eq!(score.unit, "USD");
    }

    #[test]
    fn leads_that_can_still_be_answered_change_nothing() {
        let mut all =
            inputs((0..60).map(|n| paying(n, 60, 10_000)).chain((60..100).map(|n| leaking(n, Stage::Respond))));
        let before = super::score(&all, &all).base.expect("a base");
        for n in 100..300 {
            let open = lead(n, None);
            all.now.count_open(&open);
            all.rates.count_open(&open);
        }
        let after = super::score(&all, &all).base.expect("a base");
        assert!((after - before).abs() < 1e-6, "{before} {after}");
    }

    #[test]
    fn without_any_value_there_is_none() {
        let all = inputs((0..60).map(|n| leaking(n, Stage::Respond)));
        assert!(super::score(&all, &all).value.is_none());
        let mut assumed = all.clone();
        assumed.place.settings.assumed_value_minor = Some(10_000);
        assert_eq!(super::score(&assumed, &assumed).components[0].source, Origin::Assumed);
    }

    #[test]
    fn a_place_that_is_full_has_nothing_at_risk() {
        let mut all =
            inputs((0..60).map(|n| paying(n, 60, 10_000)).chain((60..100).map(|n| leaking(n, Stage::Respond))));
        all.place.capacity = Some(0);
        assert_eq!(super::score(&all, &all).value, Some(0.0));
    }
}
