//! Handing an audit in: its result is made once, and stays as it was shown.

use std::collections::BTreeMap;

use kernel::db::OrgTx;
use kernel::ids::{MaturityId, encode};
use kernel::ledger::{Actor, Event, Fact, Subject};
use ring::rand::{SecureRandom, SystemRandom};
use shell::AppError;

use super::model::{
    Answers, Config, Dimension, DimensionScore, Finding, Kind, Named, Outcome, Part, Peers, Presets, SaidSo, Source,
    SourceOf,
};
use super::observed::Observed;
use super::score::{FORMULA, Scored, score};
use super::store::Audit;
use super::{config, store, words};
use crate::core::Core;
use crate::inquiries::{self, NewInquiry, guard};
use crate::ports::Person;
use crate::roi::model::Assumptions;
use crate::tally::{self, Reach};
use crate::visit::Visit;

/// Where a figure is from that the visitor gave.
const OWN_FIGURE: &str = "What you entered.";

/// Who wants to hear of the result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contact {
    pub person: Person,
    /// Whether they want letters; none where they were not asked.
    pub letters: Option<bool>,
    /// What the form's guard brought back; none where it comes from no form of ours.
    pub guard: Option<guard::Given>,
}

/// An audit that was handed in.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// What its address carries: whoever has it may read it.
    pub token: String,
    pub outcome: Outcome,
}

/// A token nobody guesses.
///
/// # Errors
/// When the machine has no randomness.
pub(crate) fn token() -> Result<String, AppError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AppError::internal(anyhow::anyhow!("no randomness")))?;
    Ok(encode(u128::from_be_bytes(bytes)))
}

/// Hands a whole audit in that was answered elsewhere: by a form on somebody's own site, or in a conversation.
///
/// # Errors
/// When too little was answered for a score; what is wrong with the contact.
pub(crate) async fn whole(
    core: &Core,
    visit: &Visit,
    answers: &Answers,
    contact: Option<Contact>,
) -> Result<Done, AppError> {
    let token = token()?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&token)).await?;
    let (version, config) = config::current(&mut tx).await?;
    let outcome = outcome(&config, version, answers, &visit.site.settings.currency).ok_or_else(too_little)?;
    let id = store::begin(&mut tx, &token, version, &tally::source(visit)).await?;
    store::keep(&mut tx, id, answers, last_step(&config)).await?;
    let known = contact.is_some();
    if let Some(contact) = contact {
        make_known(core, visit, &mut tx, (id, &token, &outcome), contact).await?;
    }
    hand_in(core, &mut tx, id, &outcome).await?;
    tx.commit().await?;
    core.tally().reached(visit, if known { Reach::Contact } else { Reach::Result });
    Ok(Done { token, outcome })
}

/// Writes a result down, says so in the ledger, and has it worded. Handed in once, it changes nothing: whether it was this call.
pub(crate) async fn hand_in(core: &Core, tx: &mut OrgTx, id: MaturityId, outcome: &Outcome) -> Result<bool, AppError> {
    if !store::finish(tx, id, outcome).await? {
        return Ok(false);
    }
    let fact = Fact::AuditDone { audit: id, score: i32::from(outcome.total) };
    tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
    words::enqueue(core, tx, id);
    Ok(true)
}

/// Keeps who it was, as an inquiry about this result.
///
/// # Errors
/// What is wrong with which field.
pub(crate) async fn make_known(
    core: &Core,
    visit: &Visit,
    tx: &mut OrgTx,
    (id, token, outcome): (MaturityId, &str, &Outcome),
    contact: Contact,
) -> Result<(), AppError> {
    let new = NewInquiry {
        kind: inquiries::Kind::Audit,
        topic: format!("Maturity audit: {} of 100", outcome.total),
        person: contact.person,
        // The letter's way to the result: of the token itself nothing else is kept.
        message: format!("/audit/results/{token}"),
        letters: contact.letters,
        audit: Some(id),
        guard: contact.guard,
        source: tally::source(visit),
    };
    let kept = inquiries::keep(core, visit, tx, new).await?;
    store::belongs(tx, id, kept.id).await?;
    Ok(())
}

/// Hands the answers of an audit in once more, with what was measured in place of what was said: a result of its own, so that the one
/// before stays as it was shown.
pub(crate) async fn anew(core: &Core, visit: &Visit, audit: &Audit, observed: Observed) -> Result<Done, AppError> {
    let token = token()?;
    let answers = Answers { observed, ..audit.answers.clone() };
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&token)).await?;
    let config = config::read(&mut tx, audit.config_version).await?.ok_or_else(|| AppError::not_found("audit"))?;
    let outcome = outcome(&config, audit.config_version, &answers, &visit.site.settings.currency);
    let outcome = outcome.ok_or_else(too_little)?;
    let id = store::begin(&mut tx, &token, audit.config_version, &tally::source(visit)).await?;
    store::keep(&mut tx, id, &answers, last_step(&config)).await?;
    hand_in(core, &mut tx, id, &outcome).await?;
    tx.commit().await?;
    Ok(Done { token, outcome })
}

/// The complaint about an audit without answers that a score can be made of.
pub(crate) fn too_little() -> AppError {
    AppError::unprocessable(
        "too little was answered for a score: say which systems are in use, what hurts, or how something is done today",
    )
}

/// The number of pages.
pub(crate) fn last_step(config: &Config) -> i16 {
    i16::try_from(config.steps.len()).unwrap_or(1)
}

/// What answers come to; none where nothing was answered that a score can be made of. The same answers always come to the same.
pub(crate) fn outcome(config: &Config, version: i32, answers: &Answers, currency: &str) -> Option<Outcome> {
    let Scored { dimensions, answered_weight, total, band, top, all } = score(config, answers);
    if answered_weight == 0 {
        return None;
    }
    let industry = named(config, answers, Part::Industry);
    let size = named(config, answers, Part::CompanySize);
    let (assumptions, sources) = assumptions(config, answers, (&industry.id, &size.id), &dimensions);
    Some(Outcome {
        formula: FORMULA,
        config_version: version,
        said: said(config, answers),
        answered_weight,
        total,
        band,
        bands: config.bands.clone(),
        peers: peers(config, &industry.id, &dimensions),
        currency: currency.to_owned(),
        assumptions,
        sources,
        top,
        all,
        dimensions,
        industry,
        size,
    })
}

fn named(config: &Config, answers: &Answers, part: Part) -> Named {
    match answers.of_part(config, part) {
        Some(choice) => Named { id: choice.id.clone(), name: choice.label.clone() },
        None => Named { id: "other".to_owned(), name: "Not said".to_owned() },
    }
}

fn said(config: &Config, answers: &Answers) -> Vec<SaidSo> {
    let of = |question: &super::model::Question| {
        let chosen = answers.chosen.get(&question.id).map(Vec::as_slice).unwrap_or_default();
        let labels =
            question.choices.iter().filter(|choice| chosen.contains(&choice.id)).map(|choice| choice.label.clone());
        let number = answers.numbers.get(&question.id).map(|number| shell::page::count(i64::from(*number)));
        let own = answers.own.get(&question.id).into_iter().flatten().cloned();
        let answers: Vec<String> = labels.chain(number).chain(own).collect();
        (!answers.is_empty()).then(|| SaidSo { question: question.label.clone(), answers })
    };
    config.questions().filter_map(of).chain(answers.observed.said()).collect()
}

/// What similar businesses look like, over the same part of the audit that was answered.
fn peers(config: &Config, industry: &str, dimensions: &[DimensionScore]) -> Option<Peers> {
    let own = config.benchmarks.iter().find(|one| one.industry.as_deref() == Some(industry));
    let benchmark = own.or_else(|| config.benchmarks.iter().find(|one| one.industry.is_none()))?;
    let points = |dimension: Dimension| benchmark.scores.get(&dimension).copied().unwrap_or(0);
    let answered = dimensions.iter().filter(|one| one.level.is_some());
    let (weights, sum) = answered.fold((0_u32, 0_u32), |(weights, sum), one| {
        (weights + one.weight, sum + one.weight * u32::from(points(one.dimension)))
    });
    let total = if weights == 0 { 0 } else { (2 * sum + weights) / (2 * weights) };
    let fits = |finding: &&Finding| finding.industries.is_empty() || finding.industries.iter().any(|id| id == industry);
    Some(Peers {
        scores: dimensions.iter().map(|one| points(one.dimension)).collect(),
        total: u8::try_from(total).unwrap_or(100),
        of_industry: own.is_some(),
        source: benchmark.source.clone(),
        findings: config.findings.iter().filter(fits).cloned().collect(),
    })
}

/// What the forecast begins with, and where each figure is from.
fn assumptions(
    config: &Config,
    answers: &Answers,
    (industry, size): (&str, &str),
    dimensions: &[DimensionScore],
) -> (Assumptions, Vec<SourceOf>) {
    let Presets { industries, sizes, missed_by_level, recovery_share, realisation, ramp_months, sources } =
        &config.assumptions;
    let of_industry = industries.iter().find(|one| one.industry.as_deref() == Some(industry));
    let of_industry = of_industry.or_else(|| industries.iter().find(|one| one.industry.is_none()));
    let of_size = sizes.iter().find(|one| one.size.as_deref() == Some(size));
    let of_size = of_size.or_else(|| sizes.iter().find(|one| one.size.is_none()));
    let response = dimensions.iter().find(|one| one.dimension == Dimension::Response).and_then(|one| one.level);
    // Where nothing was said of it, the figure that was published.
    let missed = missed_by_level[usize::from(response.unwrap_or(1).min(4))];
    let measured = answers.observed.missed_percent.map(|percent| f64::from(percent) / 100.0);
    let volume = volume(config, answers);
    let assumptions = Assumptions {
        inquiries_month: volume.map(f64::from).or(of_size.map(|one| one.inquiries_month)).unwrap_or_default(),
        missed_share: measured.unwrap_or(missed),
        recovery_share: *recovery_share,
        close_rate: of_industry.map(|one| one.close_rate).unwrap_or_default(),
        value: of_industry.map(|one| one.value).unwrap_or_default(),
        margin: of_industry.map(|one| one.margin).unwrap_or_default(),
        hours_saved_month: of_size.map(|one| one.hours_saved_month).unwrap_or_default(),
        loaded_rate: of_size.map(|one| one.loaded_rate).unwrap_or_default(),
        realisation: *realisation,
        running_cost_month: of_size.map(|one| one.running_cost_month).unwrap_or_default(),
        setup_cost: of_size.map(|one| one.setup_cost).unwrap_or_default(),
        ramp_months: *ramp_months,
    };
    let own = [("inquiriesMonth", volume.is_some()), ("missedShare", measured.is_some())];
    (assumptions.clamped(), told(sources, own))
}

fn told(sources: &BTreeMap<String, Source>, own: [(&str, bool); 2]) -> Vec<SourceOf> {
    let tell = |(of, source): (&String, &Source)| {
        let source = if own.iter().any(|(name, given)| *given && *name == of.as_str()) {
            Source { text: OWN_FIGURE.to_owned(), year: source.year, assumed: false }
        } else {
            source.clone()
        };
        SourceOf { of: of.clone(), source }
    };
    sources.iter().map(tell).collect()
}

/// How many inquiries a month they say they get; 0 is no figure.
fn volume(config: &Config, answers: &Answers) -> Option<u32> {
    let asked = config.questions().find(|one| one.part == Some(Part::Volume) && one.kind == Kind::Number)?;
    answers.numbers.get(&asked.id).copied().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::config::built_in;

    fn answered(pairs: &[(&str, &[&str])]) -> Answers {
        let chosen = pairs.iter().map(|(id, chosen)| {
            ((*id).to_owned(), chosen.iter().map(|one| (*one).to_owned()).collect::<Vec<String>>())
        });
        Answers { chosen: chosen.collect(), ..Answers::default() }
    }

    fn some() -> Answers {
        let mut answers = answered(&[
            ("industry", &["dentist"]),
            ("company_size", &["6_20"]),
            ("answering", &["noted"]),
            ("pains", &["missed_calls", "no_shows"]),
        ]);
        answers.own.insert("pains".to_owned(), vec!["<script>alert(1)</script>".to_owned()]);
        answers
    }

    #[test]
    fn the_same_answers_come_to_the_same() {
        let (config, answers) = (built_in(), some());
        let once = outcome(&config, 0, &answers, "USD").expect("a result");
        assert_eq!(outcome(&config, 0, &answers, "USD").as_ref(), Some(&once));
        let stored = serde_json::to_value(&once).expect("it is an object");
        assert_eq!(serde_json::from_value::<Outcome>(stored).expect("it reads"), once);
    }

    #[test]
    fn nothing_answered_is_no_result() {
        let config = built_in();
        assert_eq!(outcome(&config, 0, &answered(&[("industry", &["dentist"])]), "USD"), None);
        assert!(outcome(&config, 0, &answered(&[("systems", &["crm"])]), "USD").is_some());
    }

    #[test]
    fn the_forecast_begins_with_what_is_known_and_says_from_where() {
        let config = built_in();
        let mut answers = some();
        let assumed = outcome(&config, 0, &answers, "USD").expect("a result");
        assert!((assumed.assumptions.inquiries_month - 250.0).abs() < 1e-9);
        assert!((assumed.assumptions.value - 900.0).abs() < 1e-9);
        assert!((assumed.assumptions.missed_share - 0.23).abs() < 1e-9, "the level of response is 1");
        let source = |outcome: &Outcome| {
            outcome.sources.iter().find(|one| one.of == "inquiriesMonth").map(|one| one.source.assumed)
        };
        assert_eq!(source(&assumed), Some(true));
        answers.numbers.insert("volume".to_owned(), 320);
        let given = outcome(&config, 0, &answers, "USD").expect("a result");
        assert!((given.assumptions.inquiries_month - 320.0).abs() < 1e-9);
        assert_eq!((source(&given), given.total), (Some(false), assumed.total));
        let fields = serde_json::to_value(&given.assumptions).expect("an object");
        for one in &given.sources {
            assert!(fields.get(&one.of).is_some(), "{}", one.of);
        }
        assert_eq!(given.sources.len(), 12);
    }

    #[test]
    fn peers_are_weighed_over_what_was_answered() {
        let outcome = outcome(&built_in(), 0, &some(), "USD").expect("a result");
        let peers = outcome.peers.expect("a benchmark");
        // Capture 45 · 15, response 40 · 20, scheduling 60 · 12: pains speak of scheduling too.
        assert_eq!((outcome.answered_weight, peers.total), (47, 47));
        assert!(peers.of_industry && peers.source.assumed && peers.scores.len() == 8);
        assert!(peers.findings.iter().all(|finding| finding.industries.is_empty()));
    }

    #[test]
    fn what_was_said_is_in_words_and_in_the_order_of_the_questions() {
        let outcome = outcome(&built_in(), 0, &some(), "USD").expect("a result");
        let questions: Vec<&str> = outcome.said.iter().map(|one| one.question.as_str()).collect();
        assert_eq!(questions.len(), 4);
        assert_eq!(outcome.said[0].answers, ["Dentist"]);
        assert_eq!(
            outcome.said[3].answers,
            ["Missed calls", "No-shows and late cancellations", "<script>alert(1)</script>"]
        );
    }
}
