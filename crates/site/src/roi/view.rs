//! A forecast as pages show it: three cases, the figures it rests on in a form, and the formula in words and numbers.
//!
//! Without script the form asks for the page anew; `site-roi.js` adds sliders to its fields and computes as they move.

use std::collections::BTreeMap;

use askama::Template;
use kernel::money::Currency;
use shell::FieldErrors;

use super::inputs::{INPUTS, Input, Unit, named};
use super::model::{Assumptions, Case, Forecast};

/// The partial `site/_forecast.html`: `{{ forecast|safe }}` in a page that has one.
#[derive(Template)]
#[template(path = "site/_forecast.html")]
pub(crate) struct ForecastView {
    cases: [Shown; 3],
    groups: Vec<Group>,
    assumptions: Assumptions,
    recovered: String,
    hours: String,
    net: String,
    npv: String,
    largest: String,
    currency: String,
    digits: u32,
    /// Where the form asks for the page anew.
    action: String,
}

/// A case in words.
struct Shown {
    key: &'static str,
    name: &'static str,
    about: &'static str,
    year: String,
    month: String,
    roi: String,
    payback: String,
    discounted: String,
    npv: String,
}

/// Fields that belong together.
struct Group {
    legend: &'static str,
    fields: Vec<Field>,
}

/// One figure in the form.
struct Field {
    input: &'static Input,
    value: String,
    unit: String,
    most: String,
    source: String,
    error: String,
}

impl ForecastView {
    /// The partial of a forecast, its form for `action`.
    pub(crate) fn new(forecast: &Forecast, currency: &str, action: String) -> Self {
        let Forecast { low, base, high, assumptions, largest } = forecast;
        let cases = [
            Shown::of("low", "Low", "the three figures below that count most, 25 % worse", low, currency),
            Shown::of("base", "Base", "as assumed below", base, currency),
            Shown::of("high", "High", "the same three 25 % better", high, currency),
        ];
        let fields = |range: std::ops::Range<usize>| {
            INPUTS[range].iter().map(|input| Field::of(input, assumptions, currency)).collect()
        };
        Self {
            cases,
            groups: vec![
                Group { legend: "Inquiries and sales", fields: fields(0..6) },
                Group { legend: "Time", fields: fields(6..9) },
                Group { legend: "Cost and start", fields: fields(9..12) },
            ],
            assumptions: assumptions.clone(),
            recovered: money(base.recovered_margin_month, currency),
            hours: money(base.hours_value_month, currency),
            net: money(base.net_month, currency),
            npv: money(base.npv, currency),
            largest: listed(largest),
            currency: currency.to_owned(),
            digits: digits(currency),
            action,
        }
    }

    /// With where figures come from, by their names, where that is known better than in general.
    #[must_use]
    pub(crate) fn with_sources<'a>(mut self, sources: impl Iterator<Item = (&'a str, String)>) -> Self {
        for (name, source) in sources {
            if let Some(field) = self.fields().find(|field| plain(field.input.key) == plain(name)) {
                field.source = source;
            }
        }
        self
    }

    /// With what was typed and what is wrong with it.
    #[must_use]
    pub(crate) fn with_errors(mut self, typed: &BTreeMap<&'static str, String>, errors: &FieldErrors) -> Self {
        for field in self.fields() {
            field.error = errors.on(field.input.key).to_owned();
            if let Some(value) = typed.get(field.input.key).filter(|_| !field.error.is_empty()) {
                field.value.clone_from(value);
            }
        }
        self
    }

    fn fields(&mut self) -> impl Iterator<Item = &mut Field> {
        self.groups.iter_mut().flat_map(|group| &mut group.fields)
    }

    /// A figure of the formula as it is read.
    fn said(&self, key: &str) -> String {
        named(key).map_or_else(String::new, |input| said(input, &self.assumptions, &self.currency))
    }
}

impl Shown {
    fn of(key: &'static str, name: &'static str, about: &'static str, case: &Case, currency: &str) -> Self {
        Self {
            key,
            name,
            about,
            year: money(case.net_year, currency),
            month: money(case.net_month, currency),
            roi: percentage(case.roi_percent),
            payback: months(case.payback_months),
            discounted: months(case.payback_discounted_months),
            npv: money(case.npv, currency),
        }
    }
}

impl Field {
    fn of(input: &'static Input, assumptions: &Assumptions, currency: &str) -> Self {
        let unit = match input.unit {
            Unit::Count => "",
            Unit::Share => "%",
            Unit::Money => currency,
            Unit::Hours => "hours",
            Unit::Months => "months",
        };
        Self {
            input,
            value: input.shown(assumptions).to_string(),
            unit: unit.to_owned(),
            most: input.most_shown().to_string(),
            source: input.source.to_owned(),
            error: String::new(),
        }
    }

    /// What kind of figure it is, for the script.
    fn kind(&self) -> &'static str {
        match self.input.unit {
            Unit::Count => "count",
            Unit::Share => "share",
            Unit::Money => "money",
            Unit::Hours => "hours",
            Unit::Months => "months",
        }
    }
}

/// A figure as it is read: `23 %`, `$300`, `1,200`.
pub(crate) fn said(input: &Input, assumptions: &Assumptions, currency: &str) -> String {
    let value = input.shown(assumptions);
    match input.unit {
        Unit::Count | Unit::Months => number(value),
        Unit::Share => format!("{} %", number(value)),
        Unit::Money => money(value, currency),
        Unit::Hours => format!("{} h", number(value)),
    }
}

/// An amount in major units: `$1,240`.
pub(crate) fn money(value: f64, currency: &str) -> String {
    let unit = 10_f64.powi(digits(currency) as i32);
    shell::page::amount((value * unit).round() as i64, currency)
}

/// A percentage, of 100: `248 %`.
pub(crate) fn percentage(value: Option<f64>) -> String {
    value.map_or_else(|| "no cost".to_owned(), |value| format!("{} %", shell::page::count(value.round() as i64)))
}

/// A time in months: `3.3 months`.
pub(crate) fn months(value: Option<f64>) -> String {
    match value {
        None => "not within ten years".to_owned(),
        Some(0.0) => "at once".to_owned(),
        Some(1.0) => "1 month".to_owned(),
        Some(months) => format!("{months} months"),
    }
}

/// The names of figures in a sentence.
pub(crate) fn listed(keys: &[&'static str; 3]) -> String {
    let [one, two, three] = keys.map(|key| named(key).map_or(key, |input| input.name));
    format!("{one}, {two} and {three}")
}

/// Without needless digits, and grouped: `1,200`, `12.5`.
fn number(value: f64) -> String {
    let (whole, rest) = (value.trunc(), value.fract());
    let grouped = shell::page::count(whole as i64);
    if rest == 0.0 {
        return grouped;
    }
    let rest = format!("{:.2}", rest.abs());
    format!("{grouped}{}", rest.trim_start_matches('0').trim_end_matches('0'))
}

fn digits(currency: &str) -> u32 {
    Currency::from_code(currency).map_or(2, Currency::digits)
}

/// A name without what differs between writing systems: `missed_share` and `missedShare` are one.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roi::model::{forecast, usual};

    fn view() -> ForecastView {
        ForecastView::new(&forecast(&usual()), "USD", "/roi".to_owned())
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        for (value, text) in [(0.0, "0"), (1_200.0, "1,200"), (12.5, "12.5"), (1_000.25, "1,000.25"), (0.05, "0.05")] {
            assert_eq!(number(value), text);
        }
        assert_eq!((money(7_943.13, "USD"), money(-1_500.4, "JPY")), ("$7,943".to_owned(), "−1,500 JPY".to_owned()));
        assert_eq!(
            (months(Some(3.3)), months(Some(0.0)), months(None)),
            ("3.3 months".to_owned(), "at once".to_owned(), "not within ten years".to_owned())
        );
    }

    #[test]
    fn the_partial_shows_cases_formula_and_every_figure_with_its_source() {
        let html = view().render().expect("it renders");
        for input in INPUTS {
            assert!(html.contains(&format!("name=\"{}\"", input.key)), "{}", input.key);
        }
        assert!(html.contains("$7,943") && html.contains("248 %") && html.contains("3.3 months"), "{html}");
        assert!(html.contains("Harvard Business Review"));
        assert!(!html.contains(" style=") && !html.contains("<script") && !html.contains("NaN"));
    }

    #[test]
    fn what_was_typed_and_what_is_wrong_with_it_stand_at_the_field() {
        let errors = FieldErrors::from(vec![shell::Detail::new("value", "is a number from 0 to 10,000,000")]);
        let typed = BTreeMap::from([("value", "<b>much</b>".to_owned()), ("margin", "60".to_owned())]);
        let html = view().with_errors(&typed, &errors).render().expect("it renders");
        assert!(html.contains("is a number from 0 to 10,000,000") && html.contains("aria-invalid=\"true\""));
        assert!(html.contains("much") && !html.contains("<b>much"));
    }

    #[test]
    fn a_better_known_source_is_shown_instead() {
        let sources = [("missed_share", "Counted in March".to_owned()), ("nothing", "x".to_owned())];
        let html = view().with_sources(sources.into_iter()).render().expect("it renders");
        assert!(html.contains("Counted in March") && !html.contains("Harvard Business Review"));
    }
}
