//! The end of a result on paper: what else applies, and how it was made.

use pdf::{Block, Fact, Facts};

use super::{days, in_words};
use crate::audit::model::{Advice, Outcome, Peers};

/// How many of the others are told with their first step; the names of the rest follow.
const TOLD: usize = 6;

/// What applies besides the three.
pub(super) fn others(all: &[Advice], outcome: &Outcome) -> Vec<Block> {
    let others: Vec<&Advice> =
        all.iter().filter(|advice| outcome.top.iter().all(|told| told.id != advice.id)).collect();
    if others.is_empty() {
        return Vec::new();
    }
    let (next, later) = others.split_at(TOLD.min(others.len()));
    let fact = |advice: &&Advice| Fact {
        label: advice.title.clone(),
        value: format!("{}, {} of 5", days(advice.effort_days), advice.effect),
        note: advice.first.clone(),
    };
    let mut blocks = vec![
        Block::Heading("What else applies".to_owned()),
        Block::Note("The most effect for the least effort first; beside each, its effort and its effect.".to_owned()),
        Block::Facts(Facts { caption: String::new(), facts: next.iter().map(fact).collect() }),
    ];
    if !later.is_empty() {
        let names: Vec<&str> = later.iter().map(|advice| advice.title.as_str()).collect();
        blocks.push(Block::Note(format!("After these: {}.", names.join("; "))));
    }
    blocks
}

/// How the figures were made, and from what.
pub(super) fn method(outcome: &Outcome) -> Vec<Block> {
    let bands: Vec<String> =
        outcome.bands.iter().map(|band| format!("{}–{} {}", band.from, band.to, band.name)).collect();
    let mut items = vec![
        format!(
            "Score: 100 times the sum of weight times level, divided by 4 times the sum of the weights, over the areas that were \
             answered. A level is what the answers say, or what was measured where it was. Bands: {}. {}.",
            bands.join(", "),
            outcome.versions()
        ),
        "Worth: margin won back is inquiries × not answered in time × reached after all × become customers × value × margin; \
         time is hours × cost of an hour × share put to use; net is both less the running cost; the first year is twelve months \
         of it with the ramp-up, less setting up."
            .to_owned(),
    ];
    if let Some(Peers { source, findings, of_industry, .. }) = &outcome.peers {
        let whom = if *of_industry { "in your line of business" } else { "of all kinds" };
        items.push(format!("Similar businesses, {whom}: {}", in_words(source)));
        items.extend(findings.iter().map(|finding| format!("{} {}", finding.text, in_words(&finding.source))));
    }
    vec![Block::Heading("How it was made".to_owned()), Block::FinePrint(pdf::List { numbered: false, items })]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::paper::sample;

    #[test]
    fn everything_that_applies_is_named_and_nothing_of_the_three_again() {
        let outcome = sample();
        let written = format!("{:?}", others(&outcome.all, &outcome));
        for advice in &outcome.all {
            let of_the_three = outcome.top.iter().any(|told| told.id == advice.id);
            assert_eq!(written.contains(&advice.title), !of_the_three, "{}", advice.title);
        }
        assert!(others(&outcome.top, &outcome).is_empty());
    }
}
