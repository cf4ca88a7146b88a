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
        .map(|(dimension, level)| DimensionScore {
            observed: answers.observed.level(dimension).is_some(),
            ..of_dimension(config, dimension, level)
        })
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
/// named; none where nothing speaks of it. What was measured counts instead of all that.
fn level(config: &Config, answers: &Answers, dimension: Dimension) -> Option<u8> {
    if let Some(measured) = answers.observed.level(dimension) {
        return Some(measured);
    }
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
        observed: false,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, subsequence};

    use super::*;
    use crate::audit::config::built_in;

    /// The questions that ask how something is done.
    const HOW: [&str; 5] = ["answering", "booking", "afterwards", "kpis", "rules"];

    fn choose(answers: &mut Answers, id: &str, chosen: &[&str]) {
        answers.chosen.insert(id.to_owned(), chosen.iter().map(|one| (*one).to_owned()).collect());
    }

    /// Every question of how something is done, answered with the choice at a place.
    fn how(place: impl Fn(usize, usize) -> usize) -> Answers {
        let (config, mut answers) = (built_in(), Answers::default());
        for (n, id) in HOW.iter().enumerate() {
            let question = config.questions().find(|one| one.id == *id).expect("it is asked");
            let choice = &question.choices[place(n, question.choices.len())];
            choose(&mut answers, id, &[choice.id.as_str()]);
        }
        answers
    }

    fn levels(answers: &Answers) -> Vec<Option<u8>> {
        score(&built_in(), answers).dimensions.iter().map(|one| one.level).collect()
    }

    #[test]
    fn all_by_hand_is_0_and_all_measured_is_100() {
        let mut none = how(|_, _| 0);
        choose(&mut none, "kpis", &["none"]);
        let scored = score(&built_in(), &none);
        assert_eq!((scored.total, scored.answered_weight, scored.band.name.as_str()), (0, 100, "By hand"));
        let mut best = how(|_, choices| choices - 1);
        choose(&mut best, "kpis", &["inquiries", "response_time", "missed", "conversion", "no_shows", "reviews"]);
        let scored = score(&built_in(), &best);
        assert_eq!((scored.total, scored.band.name.as_str()), (100, "Measured and improving"));
        assert_eq!(scored.top.len(), 3, "there is always something to do");
    }

    #[test]
    fn what_was_not_answered_does_not_count_as_bad() {
        let mut answers = Answers::default();
        assert_eq!((score(&built_in(), &answers).answered_weight, levels(&answers)), (0, vec![None; 8]));
        choose(&mut answers, "rules", &["reviewed"]);
        let scored = score(&built_in(), &answers);
        assert_eq!((scored.total, scored.answered_weight), (100, 7));
    }

    #[test]
    fn a_tool_lifts_to_the_third_level_and_a_pain_lowers() {
        let mut answers = Answers::default();
        choose(&mut answers, "systems", &["crm"]);
        assert_eq!(levels(&answers)[0], Some(2), "a tool alone");
        choose(&mut answers, "pains", &["missed_calls"]);
        assert_eq!(levels(&answers)[0], Some(1), "a pain outweighs it");
        choose(&mut answers, "answering", &["noted"]);
        assert_eq!(levels(&answers)[0], Some(1), "1, a step up, a step down");
        choose(&mut answers, "pains", &["none"]);
        choose(&mut answers, "systems", &["crm", "call_list"]);
        assert_eq!(levels(&answers)[0], Some(2), "one step, however many tools");
        choose(&mut answers, "answering", &["measured"]);
        assert_eq!(levels(&answers)[0], Some(4));
        choose(&mut answers, "answering", &["chance"]);
        choose(&mut answers, "pains", &["missed_calls"]);
        choose(&mut answers, "systems", &["paper"]);
        assert_eq!(levels(&answers)[0], Some(0), "not below the lowest");
    }

    #[test]
    fn figures_that_are_looked_at_are_counted_own_words_too() {
        let mut answers = Answers::default();
        for (chosen, level) in [(&["none"][..], 0), (&["missed"][..], 1), (&["missed", "reviews"][..], 2)] {
            choose(&mut answers, "kpis", chosen);
            assert_eq!(levels(&answers)[6], Some(level), "{chosen:?}");
        }
        answers.own.insert("kpis".to_owned(), vec!["margin".to_owned(), "churn".to_owned()]);
        assert_eq!(levels(&answers)[6], Some(3));
    }

    #[test]
    fn the_three_are_the_most_for_the_least_of_different_areas() {
        let mut answers = how(|_, _| 0);
        choose(&mut answers, "pains", &["missed_calls", "no_shows"]);
        let scored = score(&built_in(), &answers);
        let ids: Vec<&str> = scored.top.iter().map(|one| one.id.as_str()).collect();
        // An effect of 4, one more since missed calls were named, for a day: nothing gives more for less.
        assert_eq!(ids[0], "text_back");
        assert_eq!((scored.top[0].effect, scored.top[0].named), (5, true));
        let areas: std::collections::BTreeSet<_> = scored.top.iter().map(|one| one.dimension).collect();
        assert_eq!(areas.len(), 3);
        let place = |id: &str| scored.all.iter().position(|one| one.id == id).expect("it applies");
        assert!(place("missed_list") < place("remind"), "a weightier area first among equals");
    }

    #[test]
    fn what_was_measured_counts_instead_of_what_was_said() {
        let mut answers = how(|_, choices| choices - 1);
        choose(&mut answers, "pains", &["slow_replies"]);
        assert_eq!(levels(&answers)[1], Some(3), "said: the best, with a pain");
        answers.observed.answer_minutes = Some(600);
        answers.observed.no_show_percent = Some(2);
        let scored = score(&built_in(), &answers);
        assert_eq!((scored.dimensions[1].level, scored.dimensions[1].observed), (Some(1), true));
        assert_eq!((scored.dimensions[2].level, scored.dimensions[0].observed), (Some(4), false));
        let measured = Answers { observed: answers.observed, ..Answers::default() };
        assert_eq!(score(&built_in(), &measured).answered_weight, 32, "it is enough for a score");
    }

    #[test]
    fn choices_that_nobody_offers_say_nothing() {
        let mut answers = Answers::default();
        choose(&mut answers, "answering", &["<script>", "best"]);
        choose(&mut answers, "nothing", &["x"]);
        assert_eq!(score(&built_in(), &answers).answered_weight, 0);
    }

    fn some_of(id: &'static str) -> impl Strategy<Value = Vec<String>> {
        let config = built_in();
        let question = config.questions().find(|one| one.id == id).expect("it is asked");
        let ids: Vec<String> = question.choices.iter().filter(|one| !one.none).map(|one| one.id.clone()).collect();
        let most = ids.len();
        subsequence(ids, 0..=most)
    }

    proptest! {
        #[test]
        fn a_score_is_within_its_bounds_and_its_parts_add_up_to_it(
            places in prop::array::uniform5(any::<Index>()),
            systems in some_of("systems"),
            pains in some_of("pains"),
            left_out in subsequence(HOW.to_vec(), 0..=4),
        ) {
            let mut answers = how(|n, choices| places[n].index(choices));
            for id in left_out {
                answers.chosen.remove(id);
            }
            answers.chosen.insert("systems".to_owned(), systems.clone());
            answers.chosen.insert("pains".to_owned(), pains);
            let scored = score(&built_in(), &answers);
            let known = scored.dimensions.iter().filter_map(|one| Some((one.weight, one.level?)));
            let (weights, sum) = known.fold((0, 0), |(w, s), (weight, level)| (w + weight, s + weight * u32::from(level)));
            prop_assert_eq!(weights, scored.answered_weight);
            prop_assert!((f64::from(scored.total) - f64::from(25 * sum) / f64::from(weights)).abs() <= 0.5);
            prop_assert!((scored.band.from..=scored.band.to).contains(&scored.total));
            let ratios: Vec<f64> = scored.all.iter().map(|one| f64::from(one.effect) / f64::from(one.effort_days)).collect();
            prop_assert!(ratios.is_sorted_by(|a, b| a >= b));
            prop_assert!(scored.top.iter().all(|one| scored.all.contains(one)));
            let turned: Vec<String> = systems.into_iter().rev().collect();
            answers.chosen.insert("systems".to_owned(), turned);
            prop_assert_eq!(score(&built_in(), &answers), scored, "the order of answers means nothing");
        }

        #[test]
        fn a_tool_never_costs_points_and_a_pain_never_brings_any(
            places in prop::array::uniform5(any::<Index>()),
            systems in some_of("systems"),
            pains in some_of("pains"),
        ) {
            let mut answers = how(|n, choices| places[n].index(choices));
            let before = score(&built_in(), &answers).total;
            answers.chosen.insert("systems".to_owned(), systems);
            let with_tools = score(&built_in(), &answers).total;
            prop_assert!(with_tools >= before);
            answers.chosen.insert("pains".to_owned(), pains);
            prop_assert!(score(&built_in(), &answers).total <= with_tools);
        }
    }
}
