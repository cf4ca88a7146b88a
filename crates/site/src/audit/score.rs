//! From answers to levels, the score, and what to do first.
//!
//! Whole numbers only: the same answers give the same score on every machine. What was not answered does not count as bad: the score
//! is of the part that was, and says how large that part is.

use std::cmp::Reverse;

use super::model::{Advice, Answers, Band, Config, Dimension, DimensionScore, Kind, Part, Question, Recommendation};

/// The version of what this file computes.
pub(crate) const FORMULA: u16 = 1;
/// The best level a tool alone brings: it takes people to integrate and to improve.
const BY_TOOLS: u8 = 3;
/// What is worth doing this quarter.
const TOP: usize = 3;

/// What answers amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scored {
    /// In the order of [`Dimension::ALL`].
    pub dimensions: Vec<DimensionScore>,
    /// The weight of what was answered, in hundredths; 0: nothing was, and the score means nothing.
    pub answered_weight: u32,
    /// 0 to 100.
    pub total: u8,
    pub band: Band,
    /// The three for this quarter.
    pub top: Vec<Advice>,
    /// All that apply.
    pub all: Vec<Advice>,
}

/// Scores answers; those that the configuration does not know say nothing.
pub(crate) fn score(config: &Config, answers: &Answers) -> Scored {
    let levels = Dimension::ALL.map(|dimension| level(config, answers, dimension));
    let dimensions: Vec<DimensionScore> = Dimension::ALL
        .into_iter()
        .zip(levels)
        .map(|(dimension, level)| of_dimension(config, dimension, level))
        .collect();
    let (answered_weight, total) = total(dimensions.iter().map(|one| (one.weight, one.level)));
    let all = advice(config, answers, &dimensions);
    Scored { answered_weight, total, band: band(&config.bands, total), top: for_this_quarter(&all), all, dimensions }
}

/// The weight of what has a level, and 100 · Σ weight · level / (4 · Σ weight), rounded half up.
pub(crate) fn total(parts: impl Iterator<Item = (u32, Option<u8>)>) -> (u32, u8) {
    let (mut weights, mut sum) = (0_u32, 0_u32);
    for (weight, level) in parts {
        if let Some(level) = level {
            weights += weight;
            sum += weight * u32::from(level);
        }
    }
    // At most 100, since no level is over 4.
    let points = if weights == 0 { 0 } else { (200 * sum + 4 * weights) / (8 * weights) };
    (weights, u8::try_from(points).unwrap_or(100))
}

/// The range that a score is in.
pub(crate) fn band(bands: &[Band], total: u8) -> Band {
    let found = bands.iter().find(|band| (band.from..=band.to).contains(&total)).or_else(|| bands.last());
    found.cloned().unwrap_or_else(|| Band { from: 0, to: 100, name: String::new(), meaning: String::new() })
}

/// What the answers say about one dimension.
#[derive(Default)]
struct Evidence {
    /// Levels that answers stand for.
    levels: Vec<u32>,
    lifted: bool,
    lowered: bool,
}

/// The level of a dimension: the mean of the answers that stand for one, a step up for a tool in use, a step down for a pain that was
/// named; none where nothing speaks of it.
fn level(config: &Config, answers: &Answers, dimension: Dimension) -> Option<u8> {
    let mut evidence = Evidence::default();
    for question in config.steps.iter().flat_map(|step| &step.questions) {
        hear(question, answers, dimension, &mut evidence);
    }
    let Evidence { levels, lifted, lowered } = evidence;
    let Ok(count @ 1..) = u32::try_from(levels.len()) else {
        // Only tools and pains: a tool is the second level, a pain the first.
        return match (lifted, lowered) {
            (_, true) => Some(1),
            (true, false) => Some(2),
            (false, false) => None,
        };
    };
    let mean = (2 * levels.iter().sum::<u32>() + count) / (2 * count);
    let mean = u8::try_from(mean).unwrap_or(4).min(4);
    let lifted = if lifted && mean < BY_TOOLS { mean + 1 } else { mean };
    Some(lifted.saturating_sub(u8::from(lowered)))
}

fn hear(question: &Question, answers: &Answers, dimension: Dimension, evidence: &mut Evidence) {
    let given = answers.chosen.get(&question.id).map(Vec::as_slice).unwrap_or_default();
    let mut chosen = question.choices.iter().filter(|choice| given.contains(&choice.id));
    let chosen: Vec<_> = match question.kind {
        Kind::One => chosen.next().into_iter().collect(),
        Kind::Many => chosen.collect(),
        Kind::Number => Vec::new(),
    };
    evidence
        .levels
        .extend(chosen.iter().filter_map(|choice| choice.levels.get(&dimension)).max().map(|level| u32::from(*level)));
    evidence.lifted |= chosen.iter().any(|choice| choice.lifts.contains(&dimension));
    evidence.lowered |= chosen.iter().any(|choice| choice.lowers.contains(&dimension));
    let Some(counted) = question.counted.as_ref().filter(|counted| counted.dimension == dimension) else { return };
    let own = answers.own.get(&question.id).map_or(0, Vec::len);
    if chosen.is_empty() && own == 0 {
        return;
    }
    let number = chosen.iter().filter(|choice| !choice.none).count() + own;
    let reached = counted.at.iter().filter(|at| number >= usize::from(**at)).count();
    evidence.levels.push(u32::try_from(reached).unwrap_or(4));
}

fn of_dimension(config: &Config, dimension: Dimension, level: Option<u8>) -> DimensionScore {
    let measure = config.dimensions.iter().find(|measure| measure.dimension == dimension);
    let text = |level: usize| measure.and_then(|measure| measure.levels.get(level)).cloned().unwrap_or_default();
    DimensionScore {
        dimension,
        name: measure.map_or_else(|| dimension.word().to_owned(), |measure| measure.name.clone()),
        weight: measure.map_or(0, |measure| measure.weight),
        level,
        meaning: level.map(|level| text(level.into())).unwrap_or_default(),
        next: level.map(|level| text(usize::from(level) + 1)).unwrap_or_default(),
    }
}

/// The recommendations that apply, the most effect for the least effort first. Between equals: the larger effect, the weightier
/// dimension, the order of the catalogue.
fn advice(config: &Config, answers: &Answers, dimensions: &[DimensionScore]) -> Vec<Advice> {
    let pains = pains(config, answers);
    let mut found: Vec<(Advice, u32)> = config
        .recommendations
        .iter()
        .filter_map(|one| {
            let of = dimensions.iter().find(|score| score.dimension == one.dimension)?;
            let applies = (one.levels[0]..=one.levels[1]).contains(&of.level?);
            applies.then(|| (advise(one, one.answers.iter().any(|pain| pains.contains(&pain.as_str()))), of.weight))
        })
        .collect();
    // The sort is stable: what is equal in all keeps the order of the catalogue.
    found.sort_by(|(a, a_weight), (b, b_weight)| {
        let ratio = |one: &Advice, other: &Advice| u32::from(one.effect) * u32::from(other.effort_days.max(1));
        ratio(b, a)
            .cmp(&ratio(a, b))
            .then_with(|| (Reverse(a.effect), Reverse(a_weight)).cmp(&(Reverse(b.effect), Reverse(b_weight))))
    });
    found.into_iter().map(|(advice, _)| advice).collect()
}

/// The pains that were named, as choices.
fn pains<'a>(config: &Config, answers: &'a Answers) -> Vec<&'a str> {
    let questions = config.steps.iter().flat_map(|step| &step.questions);
    let named = questions.filter(|question| question.part == Some(Part::PainPoints));
    named.filter_map(|question| answers.chosen.get(&question.id)).flatten().map(String::as_str).collect()
}

fn advise(one: &Recommendation, named: bool) -> Advice {
    Advice {
        id: one.id.clone(),
        title: one.title.clone(),
        why: one.why.clone(),
        first: one.first.clone(),
        effort_days: one.effort_days,
        effect: (one.effect + u8::from(named)).min(5),
        moves: one.moves,
        dimension: one.dimension,
        feature: one.feature.clone(),
        named,
    }
}

/// The first three of different dimensions; where there are fewer dimensions, the next ones fill up.
fn for_this_quarter(all: &[Advice]) -> Vec<Advice> {
    let mut top: Vec<&Advice> = Vec::with_capacity(TOP);
    for one in all {
        if top.len() < TOP && top.iter().all(|taken| taken.dimension != one.dimension) {
            top.push(one);
        }
    }
    for one in all {
        if top.len() < TOP && top.iter().all(|taken| taken.id != one.id) {
            top.push(one);
        }
    }
    top.into_iter().cloned().collect()
}
