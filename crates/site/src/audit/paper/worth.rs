//! What the advice is worth, on paper.

use pdf::{Block, Fact, Facts, Table};

use super::{column, in_words, number_column};
use crate::audit::model::Outcome;
use crate::roi::inputs::{INPUTS, Input};
use crate::roi::model::{Case, Forecast};
use crate::roi::{listed, money, months, percentage, said};

/// What answering everybody would be worth, and what that rests on.
pub(super) fn value(outcome: &Outcome, worth: &Forecast) -> Vec<Block> {
    let currency = outcome.currency.as_str();
    let rows = vec![
        case_row(worth, "Margin won back, a month", |case| money(case.recovered_margin_month, currency)),
        case_row(worth, "Time put to use, a month", |case| money(case.hours_value_month, currency)),
        case_row(worth, "Net a month, at full effect", |case| money(case.net_month, currency)),
        case_row(worth, "Net in the first year", |case| money(case.net_year, currency)),
        case_row(worth, "Return on cost, first year", |case| percentage(case.roi_percent)),
        case_row(worth, "Paid back after", |case| months(case.payback_months)),
        case_row(worth, "Paid back, discounted at 10 % a year", |case| months(case.payback_discounted_months)),
        case_row(worth, "Net present value, 12 months at 10 %", |case| money(case.npv, currency)),
    ];
    let (names, share) = (["Low", "Base", "High"], 18.0);
    let columns = std::iter::once(column("", 40.0)).chain(names.map(|name| number_column(name, share))).collect();
    let assumption = |input: &&'static Input| Fact {
        label: input.label.to_owned(),
        value: said(input, &worth.assumptions, currency),
        note: source_of(outcome, input),
    };
    vec![
        Block::Heading("What it would be worth".to_owned()),
        Block::Table(Table { caption: String::new(), columns, rows }),
        Block::Note(format!(
            "Low and high move the three figures with the most influence by 25 %: {}. The effect grows evenly over the first months.",
            listed(&worth.largest)
        )),
        Block::Facts(Facts {
            caption: "The figures it rests on".to_owned(),
            facts: INPUTS.iter().map(assumption).collect(),
        }),
    ]
}

fn case_row(worth: &Forecast, name: &str, of: impl Fn(&Case) -> String) -> Vec<String> {
    vec![name.to_owned(), of(&worth.low), of(&worth.base), of(&worth.high)]
}

fn source_of(outcome: &Outcome, input: &Input) -> String {
    let known = outcome.sources.iter().find(|source| source.of == input.key);
    let text = known.map_or_else(|| input.source.to_owned(), |known| in_words(&known.source));
    without_asking(&text)
}

/// A source without the words that ask a reader of the page to change the figure: paper cannot be edited.
fn without_asking(text: &str) -> String {
    text.replace("Edit it, or measure it", "Measure it")
        .replace(", edit it", "")
        .replace("Edit it.", "")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::paper::sample;

    #[test]
    fn no_figure_on_paper_asks_to_be_edited() {
        let mut outcome = sample();
        for _ in 0..2 {
            for input in INPUTS {
                let told = source_of(&outcome, input);
                assert!(!told.is_empty() && !told.to_lowercase().contains("edit it"), "{told}");
            }
            // Then the calculator's own sources.
            outcome.sources.clear();
        }
        assert_eq!(without_asking("Our assumption, edit it: one."), "Our assumption: one.");
        assert_eq!(
            without_asking("One in four. Edit it, or measure it with a group."),
            "One in four. Measure it with a group."
        );
        assert_eq!(without_asking("For the size. Edit it."), "For the size.");
    }
}
