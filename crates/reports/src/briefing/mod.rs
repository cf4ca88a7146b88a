//! The daily briefing: what changed, why, what to do, money first. The first page is read in a minute, the second is the evidence.
//!
//! Every sentence is made from figures by a rule, so it says nothing that is not in them; a figure that is not known is said to be
//! missing, never taken for zero. Scores are compared with those of a week before, sums of the day before with the same weekday.

mod evidence;
mod facts;
mod words;

use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::LocationId;

pub(crate) use facts::{Facts, keys_of};

use crate::figures::Figures;
use crate::period::Period;
use crate::sheet::{Part, Point, Points, Sheet};

/// The briefing of a day.
pub(crate) async fn briefing(
    tx: &mut OrgTx,
    figures: &dyn Figures,
    day: NaiveDate,
    place: Option<LocationId>,
) -> anyhow::Result<Sheet> {
    Ok(written(&Facts::gather(tx, figures, day, place).await?))
}

/// The briefing that facts make.
pub(crate) fn written(facts: &Facts) -> Sheet {
    let mut parts = vec![Part::Lead(words::headline(facts))];
    let figures = words::figures(facts);
    if !figures.is_empty() {
        parts.push(Part::Figures(figures));
    }
    section(&mut parts, "What changed", words::changes(facts), false);
    section(&mut parts, "Why", words::reasons(facts), false);
    section(&mut parts, "What to do", words::steps(facts), true);
    let missing = words::missing(facts);
    if !missing.is_empty() {
        parts.push(Part::Note(missing));
    }
    let evidence = evidence::parts(facts);
    if !evidence.is_empty() {
        parts.push(Part::Break);
        parts.extend(evidence);
    }
    let day = facts.day.format("%A, %-d %B %Y");
    let place = facts.place.as_ref().map_or(String::new(), |name| format!(" · {name}"));
    Sheet {
        title: "Daily briefing".to_owned(),
        org: facts.org.clone(),
        note: format!("{day} · {}{place}", facts.org),
        currency: facts.currency.clone(),
        day: facts.day,
        parts,
    }
}

fn section(parts: &mut Vec<Part>, head: &str, items: Vec<Point>, numbered: bool) {
    if !items.is_empty() {
        parts.push(Part::Heading(head.to_owned()));
        parts.push(Part::Points(Points { numbered, items }));
    }
}

/// The days a briefing looks back over.
pub(crate) fn window(day: NaiveDate) -> Period {
    Period::ending(day.pred_opt().unwrap_or(day), 28)
}
