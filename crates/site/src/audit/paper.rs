//! A result on paper: what a business hands to its board. The same answers on the same day give the same bytes: nothing in it is of one
//! audit alone, such as its address.

mod end;
mod radar;
mod worth;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Datelike, Utc};
use pdf::{Align, Block, Column, Ink, KeyFigure, Table};
use serde_json::Value;
use shell::{AppError, Path};

use super::model::{Advice, DimensionScore, Outcome, Source};
use super::{store, words};
use crate::core::Core;
use crate::inquiries::rate;
use crate::roi::model::{Forecast, forecast};
use crate::roi::{Given as Figures, money, months};
use crate::sites::Site;
use crate::visit::Visit;

pub(crate) use radar::radar;

/// Files an hour and address: one is made anew each time.
const AN_HOUR: u32 = 120;

/// What stands for the source of a figure that somebody put in.
pub(crate) const CHANGED: &str = "Put in by hand, in place of the audit's own figure.";

/// The file of a result.
pub(super) fn routes() -> Router<Core> {
    Router::new().route("/audit/results/{token}/report.pdf", get(download))
}

async fn download(visit: Visit, State(core): State<Core>, Path(token): Path<String>) -> Result<Response, AppError> {
    rate::check(&core, &visit, "report", AN_HOUR).await?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&token)).await?;
    let audit = store::by_token(&mut tx, &token).await?;
    drop(tx);
    let audit = audit.ok_or_else(|| AppError::not_found("result"))?;
    let (Some(outcome), Some(done_at)) = (audit.outcome, audit.done_at) else {
        return Err(AppError::not_found("result"));
    };
    let outcome = with_figures(outcome, &visit);
    let (site, link) = (visit.site.clone(), format!("{}/audit", visit.base));
    let make = move || pdf(&site, &outcome, audit.words.as_ref(), done_at, &link);
    let bytes = tokio::task::spawn_blocking(make).await.map_err(AppError::internal)??;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"maturity-audit.pdf\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    Ok((headers, bytes).into_response())
}

/// The result with the figures of the address in place of its own: what somebody worked out is what they hand on.
fn with_figures(mut outcome: Outcome, visit: &Visit) -> Outcome {
    let figures = Figures::of(visit, &outcome.assumptions);
    for input in figures.changed(&outcome.assumptions) {
        for told in outcome.sources.iter_mut().filter(|told| told.of == input.key) {
            told.source = Source { text: CHANGED.to_owned(), year: told.source.year, assumed: true };
        }
    }
    outcome.assumptions = figures.assumptions;
    outcome
}

/// The file: `words` are the audit's, where a model wrote them; `link` is where everybody can take the audit.
pub(crate) fn pdf(
    site: &Site,
    outcome: &Outcome,
    words: Option<&Value>,
    done_at: DateTime<Utc>,
    link: &str,
) -> anyhow::Result<Vec<u8>> {
    let document = pdf::Document {
        title: "Maturity audit".to_owned(),
        author: site.name.clone(),
        language: "en".to_owned(),
        date: pdf::Date {
            year: u16::try_from(done_at.year()).unwrap_or_default(),
            month: done_at.month() as u8,
            day: done_at.day() as u8,
        },
        paper: pdf::Paper::A4,
        footer: format!("{} · Maturity audit · {}", site.name, done_at.format("%-d %B %Y")),
        blocks: blocks(site, outcome, words, done_at, link),
    };
    Ok(document.render()?)
}

fn blocks(site: &Site, outcome: &Outcome, texts: Option<&Value>, done_at: DateTime<Utc>, link: &str) -> Vec<Block> {
    let worth = forecast(&outcome.assumptions);
    let mut blocks = cover(site, outcome, &worth, done_at);
    blocks.push(Block::Heading("Where the business stands".to_owned()));
    blocks.push(Block::Chart { caption: String::new(), drawing: radar::drawing(outcome) });
    blocks.push(areas(outcome));
    blocks.push(Block::Heading("Three things for this quarter".to_owned()));
    blocks.push(three(&words::told(&outcome.top, texts)));
    if words::are_there(texts) {
        let note = "A model worded these recommendations for this business from the facts of the audit; every figure was checked \
            against them.";
        blocks.push(Block::Note(note.to_owned()));
    }
    blocks.extend(worth::value(outcome, &worth));
    blocks.extend(end::others(&words::told(&outcome.all, texts), outcome));
    blocks.extend(end::method(outcome));
    blocks.push(Block::Link {
        text: "The page this file is from has figures that can be moved. The audit itself, for anybody:".to_owned(),
        address: link.to_owned(),
    });
    blocks
}

/// For whom, how it came out, and what it is worth.
fn cover(site: &Site, outcome: &Outcome, worth: &Forecast, done_at: DateTime<Utc>) -> Vec<Block> {
    let business: Vec<&str> = [outcome.industry.name.as_str(), outcome.size.name.as_str()]
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    let note = format!("{} · {} · by {}", business.join(", "), done_at.format("%-d %B %Y"), site.name);
    let note = note.trim_start_matches(" · ").to_owned();
    let money = |value: f64| money(value, &outcome.currency);
    let mut figures = vec![figure("Maturity", format!("{} of 100", outcome.total), outcome.band.name.clone())];
    figures.extend(outcome.peers.as_ref().map(|peers| {
        let note = if peers.source.assumed { "our assumption" } else { "published; source at the end" };
        figure("Similar businesses", format!("{} of 100", peers.total), note.to_owned())
    }));
    figures.push(figure(
        "Net in the first year",
        money(worth.base.net_year),
        format!("between {} and {}", money(worth.low.net_year), money(worth.high.net_year)),
    ));
    figures.push(figure("Paid back after", months(worth.base.payback_months), "in the base case".to_owned()));
    let mut blocks = vec![
        Block::Title { text: "Maturity audit".to_owned(), note },
        Block::Lead(format!("{} of 100: {}. {}", outcome.total, outcome.band.name, outcome.band.meaning)),
        Block::Figures(figures),
    ];
    if outcome.answered_weight < 100 {
        blocks.push(Block::Note(format!(
            "The score rests on {} % of the weights: areas nothing was answered about are left out and count neither way.",
            outcome.answered_weight
        )));
    }
    blocks
}

fn figure(label: &str, value: String, note: String) -> KeyFigure {
    KeyFigure { label: label.to_owned(), value, change: String::new(), tone: Ink::Soft, note }
}

fn column(name: &str, share: f32) -> Column {
    Column { name: name.to_owned(), align: Align::Left, share }
}

fn number_column(name: &str, share: f32) -> Column {
    Column { name: name.to_owned(), align: Align::Right, share }
}

fn areas(outcome: &Outcome) -> Block {
    let peers = outcome.peers.as_ref();
    let level = |of: &DimensionScore| match (of.level, of.observed) {
        (None, _) => "–".to_owned(),
        (Some(level), false) => format!("{level} of 4"),
        (Some(level), true) => format!("{level} of 4, measured"),
    };
    let peer = |n: usize| {
        let points = peers.and_then(|peers| peers.scores.get(n));
        points.map_or_else(|| "–".to_owned(), |points| format!("{:.1}", f64::from(*points) / 25.0))
    };
    let row = |(n, of): (usize, &DimensionScore)| {
        let meaning = if of.level.is_none() { "Nothing was answered about it." } else { of.meaning.as_str() };
        let next = if of.level == Some(4) { "The highest level." } else { of.next.as_str() };
        vec![of.name.clone(), level(of), peer(n), format!("{} %", of.weight), meaning.to_owned(), next.to_owned()]
    };
    let (answered, open): (Vec<_>, Vec<_>) =
        outcome.dimensions.iter().enumerate().partition(|(_, of)| of.level.is_some());
    let mut rows: Vec<Vec<String>> = if open.len() > answered.len() {
        answered.into_iter().map(row).collect()
    } else {
        outcome.dimensions.iter().enumerate().map(row).collect()
    };
    // Where most were left open, they share a row.
    if rows.len() < outcome.dimensions.len() {
        let names: Vec<&str> = open.iter().map(|(_, of)| of.name.as_str()).collect();
        let weight: u32 = open.iter().map(|(_, of)| of.weight).sum();
        let (weight, names) = (format!("{weight} %"), names.join(", "));
        rows.push(vec!["Not answered".to_owned(), "–".to_owned(), String::new(), weight, names, String::new()]);
    }
    Block::Table(Table {
        caption: String::new(),
        columns: vec![
            column("Area", 15.0),
            number_column("Level", 11.0),
            number_column("Others", 8.0),
            number_column("Weight", 8.0),
            column("What it looks like today", 37.0),
            column("The next level", 37.0),
        ],
        rows,
    })
}

fn three(top: &[Advice]) -> Block {
    let row = |(n, advice): (usize, &Advice)| {
        let Advice { title, why, first, effort_days, effect, moves, feature, .. } = advice;
        let with = if feature.is_empty() { "no tool is needed".to_owned() } else { format!("Recoup: {feature}") };
        vec![
            format!("{}. {title}", n + 1),
            format!("{why} First: {first}"),
            days(*effort_days),
            format!("{effect} of 5, on {}", moves.name()),
            with,
        ]
    };
    Block::Table(Table {
        caption: String::new(),
        columns: vec![
            column("What", 24.0),
            column("Why, and what to do first", 44.0),
            number_column("Effort", 10.0),
            column("Effect", 16.0),
            column("With", 16.0),
        ],
        rows: top.iter().enumerate().map(row).collect(),
    })
}

fn days(days: u8) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// A source as it is read: a published one with its year, a sentence (what we assume, what somebody entered) as it stands.
pub(crate) fn in_words(source: &Source) -> String {
    if source.assumed || source.text.ends_with('.') {
        source.text.clone()
    } else {
        format!("{}, {}", source.text, source.year)
    }
}

#[cfg(test)]
pub(super) fn sample() -> Outcome {
    use super::config;
    use super::model::{Answers, Named, Peers, SaidSo, SourceOf};
    use super::score::{FORMULA, Scored, score};

    let built_in = config::built_in();
    let mut answers = Answers::default();
    for question in built_in.questions() {
        let chosen = question.choices.iter().take(2).map(|choice| choice.id.clone()).collect();
        answers.chosen.insert(question.id.clone(), chosen);
    }
    let Scored { dimensions, answered_weight, total, band, top, all } = score(&built_in, &answers);
    let benchmark = &built_in.benchmarks[0];
    let peers = Peers {
        scores: dimensions.iter().map(|of| benchmark.scores.get(&of.dimension).copied().unwrap_or_default()).collect(),
        total: 38,
        of_industry: false,
        source: benchmark.source.clone(),
        findings: built_in.findings.clone(),
    };
    let sources = built_in.assumptions.sources.iter();
    Outcome {
        formula: FORMULA,
        config_version: 0,
        industry: Named { id: "dentist".to_owned(), name: "Dental practice".to_owned() },
        size: Named { id: "6_20".to_owned(), name: "6 to 20 people".to_owned() },
        said: vec![SaidSo { question: "What hurts?".to_owned(), answers: vec!["Missed calls".to_owned()] }],
        dimensions,
        answered_weight,
        total,
        band,
        bands: built_in.bands.clone(),
        peers: Some(peers),
        currency: "USD".to_owned(),
        assumptions: crate::roi::model::usual(),
        sources: sources.map(|(of, source)| SourceOf { of: of.clone(), source: source.clone() }).collect(),
        top,
        all,
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrgId;
    use serde_json::json;

    use super::*;
    use crate::sites::{Flags, Look, Settings};

    fn site() -> Site {
        Site {
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            name: "Brightfield".to_owned(),
            tagline: String::new(),
            domain: None,
            published: true,
            version: 1,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        }
    }

    fn made(outcome: &Outcome, words: Option<&Value>) -> Vec<u8> {
        let done_at = DateTime::from_timestamp(1_900_000_000, 0).expect("an instant");
        pdf(&site(), outcome, words, done_at, "https://audit.test/audit").expect("a file")
    }

    fn pages_and_text(bytes: &[u8]) -> (usize, String) {
        let file = lopdf::Document::load_mem(bytes).expect("a PDF");
        let pages: Vec<u32> = file.get_pages().keys().copied().collect();
        (pages.len(), file.extract_text(&pages).expect("text").split_whitespace().collect())
    }

    #[test]
    fn the_same_result_gives_the_same_bytes() {
        let outcome = sample();
        let first = made(&outcome, None);
        assert!(first.starts_with(b"%PDF") && first == made(&outcome, None));
        assert_eq!(first, made(&outcome, Some(&json!({ "nonsense": 1 }))), "words that cannot be read change nothing");
    }

    #[test]
    fn it_says_what_a_board_asks() {
        let outcome = sample();
        let (pages, text) = pages_and_text(&made(&outcome, None));
        assert!((2..=4).contains(&pages), "{pages} pages");
        assert!(!text.contains("Editit") && text.contains("https://audit.test/audit"), "{text}");
        for part in [
            "Maturity audit",
            "Dental practice",
            "Brightfield",
            "Three things for this quarter",
            "Harvard",
            "the program's own",
        ] {
            assert!(text.contains(&part.replace(' ', "")), "{part} is missing: {text}");
        }
        assert!(text.contains(&format!("{}of100", outcome.total)) && text.contains("$7,943"));
    }

    #[test]
    fn where_most_areas_were_left_open_they_share_a_row() {
        let mut outcome = sample();
        let rows = |outcome: &Outcome| match areas(outcome) {
            Block::Table(table) => table.rows,
            other => panic!("{other:?}"),
        };
        assert_eq!(rows(&outcome).len(), outcome.dimensions.len());
        for of in outcome.dimensions.iter_mut().skip(1) {
            of.level = None;
        }
        outcome.dimensions[0].level = Some(1);
        let few = rows(&outcome);
        assert_eq!((few.len(), few[1][0].as_str()), (2, "Not answered"));
        assert!(outcome.dimensions[1..].iter().all(|of| few[1][4].contains(&of.name)), "{few:?}");
    }

    #[test]
    fn the_address_opens() {
        let file = lopdf::Document::load_mem(&made(&sample(), None)).expect("a PDF");
        let uri = |object: &lopdf::Object| {
            let action = object.as_dict().ok()?.get(b"A").ok()?.as_dict().ok()?;
            action.get(b"URI").and_then(lopdf::Object::as_str).ok().map(<[u8]>::to_vec)
        };
        let found: Vec<Vec<u8>> = file.objects.values().filter_map(uri).collect();
        assert_eq!(found, [b"https://audit.test/audit".to_vec()]);
    }

    #[test]
    fn what_nobody_answered_and_what_everybody_can_type_makes_no_file_fail() {
        let mut outcome = sample();
        for of in &mut outcome.dimensions {
            (of.level, of.meaning, of.next) = (None, String::new(), String::new());
        }
        (outcome.answered_weight, outcome.total, outcome.peers) = (0, 0, None);
        (outcome.top, outcome.all) = (Vec::new(), Vec::new());
        outcome.industry.name = "<script>alert(1)</script> \u{0} \u{202e} 𝔘 مرحبا".repeat(20);
        outcome.currency = "no currency".to_owned();
        outcome.assumptions.value = f64::INFINITY;
        assert!(made(&outcome, None).starts_with(b"%PDF"));
    }
}
