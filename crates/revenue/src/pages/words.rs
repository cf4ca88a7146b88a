//! How scores and their figures read.

use kernel::money::Currency;
use shell::chart::{Dial, Tone};
use shell::page::{count, percent};

use crate::scores::{Score, ScoreType};

/// Money from minor units of a currency: `$12,480`; cents below a hundred.
pub(crate) fn money(minor: f64, code: &str) -> String {
    let digits = Currency::from_code(code).map_or(2, Currency::digits);
    let unit = 10_f64.powi(digits as i32);
    let whole = if minor.abs() >= 100.0 * unit { (minor / unit).round() * unit } else { minor.round() };
    shell::page::amount(whole as i64, code)
}

/// The same in at most seven characters: `$38.2K`.
pub(crate) fn money_short(minor: f64, code: &str) -> String {
    let digits = Currency::from_code(code).map_or(2, Currency::digits);
    let major = minor / 10_f64.powi(digits as i32);
    let sign = match code {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        _ => "",
    };
    let (over, letter) = match major.abs() {
        m if m >= 999_500_000.0 => (1e9, "B"),
        m if m >= 999_500.0 => (1e6, "M"),
        m if m >= 1_000.0 => (1e3, "K"),
        _ => (1.0, ""),
    };
    let scaled = major.abs() / over;
    let number = if letter.is_empty() || scaled >= 100.0 { format!("{scaled:.0}") } else { format!("{scaled:.1}") };
    format!("{}{sign}{number}{letter}", if major < 0.0 { "−" } else { "" })
}

/// Minor units as the whole units a chart shows.
pub(crate) fn major(minor: f64, code: &str) -> f64 {
    minor / 10_f64.powi(Currency::from_code(code).map_or(2, Currency::digits) as i32)
}

/// A figure in a unit of a score: `points`, a currency, or one of the figures beside a score.
pub(crate) fn figure(value: f64, unit: &str, currency: &str) -> String {
    match unit {
        "points" => points(value),
        "share" => percent(value),
        "seconds" => crate::centre::spoken(value),
        "count" => count(value.round() as i64),
        "ratio" => format!("{value:.2}×"),
        "stars" => format!("{value:.2} ★"),
        "money" => money(value, currency),
        code => money(value, code),
    }
}

fn points(value: f64) -> String {
    if value.abs() < 10.0 && value.fract().abs() > 0.05 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A change against the value before: its words and their tone.
pub(crate) fn change(score: &Score) -> (String, &'static str) {
    let (Some(value), Some(previous)) = (score.value, score.previous) else { return (String::new(), "") };
    changed(value, previous, &score.unit, score.kind.higher_is_better())
}

/// A change between two values of a unit.
pub(crate) fn changed(value: f64, previous: f64, unit: &str, higher_is_better: bool) -> (String, &'static str) {
    let gone = value - previous;
    let said = figure(gone.abs(), unit, unit);
    if said == figure(0.0, unit, unit) {
        return ("±0".to_owned(), "");
    }
    let tone = if (gone > 0.0) == higher_is_better { "won" } else { "risk" };
    (format!("{}{said}", if gone > 0.0 { "+" } else { "−" }), tone)
}

/// The value of a score; empty when there is none.
pub(crate) fn value(score: &Score) -> String {
    score.value.map(|value| figure(value, &score.unit, &score.unit)).unwrap_or_default()
}

/// Its band: `41 to 63`; empty when there is none.
pub(crate) fn band(score: &Score) -> String {
    match (score.low, score.high) {
        (Some(low), Some(high)) if score.value.is_some() => {
            format!("{} to {}", figure(low, &score.unit, &score.unit), figure(high, &score.unit, &score.unit))
        }
        _ => String::new(),
    }
}

/// The dial of a score. Money goes round by what it is of the value of leads.
pub(crate) fn dial(score: &Score) -> Dial {
    let name = score.kind.title().to_owned();
    let Some(value) = score.value else { return Dial { name, share: None, text: String::new(), tone: Tone::Quiet } };
    let (share, text) = if score.unit == "points" {
        (value / 100.0, format!("{value:.0}"))
    } else {
        let pipeline = score.beside.iter().find(|beside| beside.key.contains("pipeline"));
        let share =
            pipeline.and_then(|beside| beside.value.map(|v| if beside.unit == "points" { v / 100.0 } else { v }));
        (share.unwrap_or(0.0), money_short(value, &score.unit))
    };
    let good = if score.kind.higher_is_better() { share } else { 1.0 - share };
    let tone = match good {
        0.7.. => Tone::Won,
        0.4.. => Tone::Wait,
        _ => Tone::Risk,
    };
    Dial { name, share: Some(share), text, tone }
}

/// What a score says, in a sentence.
pub(crate) fn meaning(kind: ScoreType) -> &'static str {
    match kind {
        ScoreType::RevenueRecovery => {
            "How much of the money that was at risk your plays won back, against leads that were left alone."
        }
        ScoreType::LeadLeakage => {
            "The share of leads that were lost on the way: never answered, never reached, never followed up."
        }
        ScoreType::RevenueAtRisk => "What leaks and late answers cost in a month, from your own rates and values.",
        ScoreType::ResponseVelocity => "How fast people who ask get a meaningful answer, around the clock.",
        ScoreType::CompetitiveVisibility => "How you stand beside your three strongest rivals wherever customers look.",
    }
}

/// The definition of a score, in words.
pub(crate) fn formula(kind: ScoreType) -> &'static [&'static str] {
    match kind {
        ScoreType::RevenueRecovery => &[
            "100 × (recovered − baseline) / recoverable.",
            "Recovered is what leads paid that a play treated, within 30 days of it. Baseline is what leads paid that were held \
             out at random. Recoverable is the revenue at risk when the window began.",
            "The ratio before it is cut to 0–100 stands beside it.",
        ],
        ScoreType::LeadLeakage => &[
            "100 × leaked leads / leads. Lower is better.",
            "A lead leaks at the first of these: a call that nobody answered and nobody returned in time; a message or form \
             without an answer in time; never reached, with too few attempts; a quote that nobody followed up; a missed booking \
             that was not booked anew; a booking that was not paid, where that is watched.",
            "Acknowledgements by a machine are no answers.",
        ],
        ScoreType::RevenueAtRisk => &[
            "For each stage: leads that leaked × the rate at which such leads close × their value × (1 − the share that comes \
             back unaided).",
            "For each class of delay: leads × (the close rate of the fastest class − the close rate of this one, at least 0) × value.",
            "The sum is capped by the capacity of the location where that is known. Low and high come from drawing the data again.",
        ],
        ScoreType::ResponseVelocity => &[
            "Each lead gets 100 points for an answer within 5 minutes, 0 after a day or never, and between them \
             100 × (1 − ln(t/5) / ln(288)) for t minutes.",
            "The score is the mean over leads. It counts around the clock; opening hours alone stand beside it.",
        ],
        ScoreType::CompetitiveVisibility => &[
            "The weighted mean of what is measured; the weights of what is not are shared among the rest.",
            "Each group is 100 × yours / the median of your three strongest rivals, at most 100.",
            "Reviews are the mean of the rating (drawn to the middle while there are few), their number, how recent they are, and \
             how many were answered.",
        ],
    }
}

/// What to connect so that a score comes about: words, where, and the name of the button.
pub(crate) fn teaches(kind: ScoreType) -> (&'static str, &'static str, &'static str) {
    match kind {
        ScoreType::RevenueRecovery => (
            "Start a play. One lead in ten is left alone by chance, so that what is won is known and not guessed.",
            "/revenue/plays",
            "See the plays",
        ),
        ScoreType::CompetitiveVisibility => (
            "Connect your business profile for reviews, or enter what you know of you and your rivals.",
            "/revenue/competitors",
            "Enter what you know",
        ),
        ScoreType::RevenueAtRisk => (
            "Connect where leads and payments are: a CRM, a booking system, a till, or a file.",
            "/ingestion",
            "Connect a source",
        ),
        ScoreType::LeadLeakage | ScoreType::ResponseVelocity => (
            "Connect where people ask: a channel of the inbox, your telephone system, a CRM, or a file of leads.",
            "/settings/channels",
            "Connect a channel",
        ),
    }
}

/// Where a value comes from, and its tone.
pub(crate) fn origin(origin: crate::scores::Origin) -> (&'static str, &'static str) {
    match origin {
        crate::scores::Origin::Measured => ("measured", "won"),
        crate::scores::Origin::Benchmark => ("benchmark", "accent"),
        crate::scores::Origin::Assumed => ("assumed", "wait"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_in_its_currency_and_fits_a_dial() {
        assert_eq!((money(1_248_000.0, "USD"), money(1_250.0, "EUR")), ("$12,480".to_owned(), "€12.50".to_owned()));
        assert_eq!((money(1_500.0, "JPY"), money(12_345.0, "KWD")), ("1,500 JPY".to_owned(), "12.345 KWD".to_owned()));
        let short = [0.0, 48_000.0, 3_820_000.0, 124_000_000.0, -99_940_000.0].map(|minor| money_short(minor, "USD"));
        assert_eq!(short, ["$0", "$480", "$38.2K", "$1.2M", "−$999K"]);
    }

    #[test]
    fn a_change_is_good_or_bad_by_what_it_is_of() {
        assert_eq!(changed(62.0, 50.0, "points", true), ("+12".to_owned(), "won"));
        assert_eq!(changed(62.0, 50.0, "points", false), ("+12".to_owned(), "risk"));
        assert_eq!(changed(50.0, 50.0, "points", true).0, "±0");
        assert_eq!(changed(100_000.0, 250_000.0, "USD", false), ("−$1,500".to_owned(), "won"));
    }
}
