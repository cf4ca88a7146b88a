//! What an assessment amounts to, in a few sentences; the rest is on its page.

use super::{Flow, Known, Run, Saying, menu};
use crate::audit::Outcome;
use crate::audit::model::DimensionScore;
use crate::roi::model::forecast;
use crate::roi::money;

/// From this level on, what is done by hand is done well enough to be handed to a machine.
const READY: u8 = 2;

/// The result, told; `href` is where all of it is.
pub(in crate::assistant) fn result(
    run: Run,
    flow: &Flow,
    outcome: &Outcome,
    href: &str,
    known: &Known<'_>,
) -> Vec<Saying> {
    let mut lines = match run {
        Run::Assessment => assessment(outcome),
        Run::Readiness => vec![Saying::new(readiness(outcome))],
    };
    let mut last = Saying::new(
        "All of it is on a page of its own, with the figures you can change. Keep the link: whoever has it sees it.",
    )
    .linking("Open the result", href)
    .linking("As a PDF", &format!("{href}/report.pdf"))
    .offering(menu(flow, known));
    if known.booking {
        last = last.linking("Talk it over", "/book");
    }
    lines.push(last);
    lines
}

fn assessment(outcome: &Outcome) -> Vec<Saying> {
    let Outcome { total, band, answered_weight, currency, assumptions, top, .. } = outcome;
    if *answered_weight == 0 {
        return vec![Saying::new("Too little was answered to score anything. The page says what could not be said.")];
    }
    let partly = if *answered_weight < 100 { " It is the score of what you answered." } else { "" };
    let score = format!("You score {total} of 100: {}. {}{partly}", band.name, band.meaning.trim_end());
    let cases = forecast(assumptions);
    let [low, base, high] = [&cases.low, &cases.base, &cases.high].map(|case| money(case.net_year, currency));
    let worth = format!(
        "Winning back what is lost would come to about {base} in the first year after all costs, between {low} and {high}. That is an \
         estimate from your answers and from assumptions that you see and can change."
    );
    let mut lines = vec![Saying::new(score), Saying::new(worth)];
    if !top.is_empty() {
        let days = |days: u8| if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        let things: Vec<String> = top
            .iter()
            .enumerate()
            .map(|(place, one)| {
                format!("{}. {} ({})", place + 1, one.title.trim_end_matches('.'), days(one.effort_days))
            })
            .collect();
        lines.push(Saying::new(format!("For this quarter:\n{}", things.join("\n"))));
    }
    lines
}

/// What can be handed over now, and what to prepare: by the levels that the answers stand for.
fn readiness(outcome: &Outcome) -> String {
    let of = |wanted: fn(u8) -> bool| -> Vec<&DimensionScore> {
        outcome.dimensions.iter().filter(|one| one.level.is_some_and(wanted)).collect()
    };
    let (ready, not_yet) = (of(|level| level >= READY), of(|level| level < READY));
    let names =
        |list: &[&DimensionScore]| list.iter().map(|one| one.name.to_lowercase()).collect::<Vec<_>>().join(", ");
    let mut text = match (ready.is_empty(), not_yet.is_empty()) {
        (true, true) => return "Too little was answered to say how ready you are.".to_owned(),
        (false, true) => format!("You can hand over now: {}.", names(&ready)),
        (true, false) => {
            "Nothing is ready to be handed over as it is done today; that is usual, and the order matters.".to_owned()
        }
        (false, false) => format!("You can hand over now: {}. Prepare first: {}.", names(&ready), names(&not_yet)),
    };
    if let Some(first) = not_yet.iter().max_by_key(|one| (one.weight, std::cmp::Reverse(one.dimension)))
        && !first.next.is_empty()
    {
        text = format!("{text} Begin with {}. The next step there: {}", first.name.to_lowercase(), first.next);
    }
    text
}
