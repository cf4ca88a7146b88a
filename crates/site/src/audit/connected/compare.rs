//! What was said beside what is measured: pure, from answers and figures.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::store::Kept;
use crate::audit::model::{Advice, Answers, Band, Dimension, DimensionScore};
use crate::audit::observed::{FEWEST, Fact, Observed};
use crate::audit::score::{FORMULA, Scored, score};
use crate::ports::{Figure, Figures};

/// A result that was taken over, with what is measured of the same areas.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Maturity)]
pub(super) struct Comparison {
    /// When the audit was handed in.
    pub done_at: DateTime<Utc>,
    /// When the result was taken over.
    pub taken_at: DateTime<Utc>,
    /// The version of the questions on the site; 0 is the program's own.
    pub config_version: i32,
    /// The version of the formula.
    pub formula: u16,
    /// The score of the answers alone.
    pub before: Total,
    /// The score with what is measured in place of what was said.
    pub after: Total,
    /// Cases of which a figure is made at least, so that it counts.
    pub fewest: u64,
    pub areas: Vec<Area>,
    /// The three for this quarter, with what is measured.
    pub this_quarter: Vec<Advice>,
    /// All that apply, the most effect for the least effort first.
    pub recommendations: Vec<Advice>,
}

/// A score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MaturityTotal)]
pub(super) struct Total {
    /// 0 to 100.
    pub score: u8,
    pub band: Band,
    /// How much of the audit it is of, in hundredths.
    pub weight: u32,
}

/// An area of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MaturityArea)]
pub(super) struct Area {
    pub dimension: Dimension,
    pub name: String,
    /// In hundredths.
    pub weight: u32,
    /// What was said; null where nothing was.
    pub said: Option<Level>,
    /// What is measured; null where no figure speaks of the area.
    pub measured: Option<Reading>,
    pub counts: Counting,
}

/// A level and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MaturityLevel)]
pub(super) struct Level {
    /// 0 to 4.
    pub level: u8,
    pub meaning: String,
}

/// A figure of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MaturityReading)]
pub(super) struct Reading {
    /// Its name, such as `answerMinutes`.
    pub key: &'static str,
    pub label: &'static str,
    /// `minutes` or `%`.
    pub unit: &'static str,
    /// Null where no source tells it.
    pub value: Option<u32>,
    /// The level it stands for; null where it is made of too few cases to count.
    pub level: Option<Level>,
    /// Of how many leads, appointments, quotes or reviews it is made.
    pub cases: u64,
    /// What was counted.
    pub how: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// The page that says more about it.
    pub page: &'static str,
}

/// Which of the two counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MaturityCounts)]
pub(super) enum Counting {
    Measured,
    Said,
    /// Nothing was said and nothing is measured: the area is left out of the score.
    Nothing,
}

impl Comparison {
    /// The answers as they were given, and with what the figures say.
    pub(super) fn of(taken: &Kept, figures: &Figures) -> Self {
        let Kept { config, answers, .. } = taken;
        let measured = Observed::of_figures(figures);
        let with_figures = Answers { observed: measured.or(answers.observed), ..answers.clone() };
        let (before, after) = (score(config, answers), score(config, &with_figures));
        let pairs = before.dimensions.iter().zip(&after.dimensions);
        Self {
            done_at: taken.done_at,
            taken_at: taken.taken_at,
            config_version: taken.config_version,
            formula: FORMULA,
            before: Total::of(&before),
            after: Total::of(&after),
            fewest: FEWEST,
            areas: pairs.map(|(said, now)| Area::of(said, now, measured, figures)).collect(),
            this_quarter: after.top,
            recommendations: after.all,
        }
    }

    /// How many areas count as they are measured.
    pub(super) fn measured(&self) -> usize {
        self.areas.iter().filter(|area| area.counts == Counting::Measured).count()
    }
}

impl Total {
    fn of(scored: &Scored) -> Self {
        Self { score: scored.total, band: scored.band.clone(), weight: scored.answered_weight }
    }
}

impl Area {
    fn of(said: &DimensionScore, now: &DimensionScore, measured: Observed, figures: &Figures) -> Self {
        let dimension = said.dimension;
        let counts = measured.level(dimension).is_some();
        let reading = |fact: &'static Fact| {
            let Figure { value, cases, how, from, to, href } = fact.of(figures).clone();
            let level = Level::of(now).filter(|_| counts);
            Reading {
                key: fact.key,
                label: fact.label,
                unit: fact.unit,
                value,
                level,
                cases,
                how,
                from,
                to,
                page: href,
            }
        };
        Self {
            dimension,
            name: said.name.clone(),
            weight: said.weight,
            said: Level::of(said),
            measured: Fact::about(dimension).map(reading),
            counts: match (counts, said.level) {
                (true, _) => Counting::Measured,
                (false, Some(_)) => Counting::Said,
                (false, None) => Counting::Nothing,
            },
        }
    }
}

impl Level {
    fn of(score: &DimensionScore) -> Option<Self> {
        score.level.map(|level| Self { level, meaning: score.meaning.clone() })
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::MaturityId;
    use proptest::prelude::*;

    use super::*;
    use crate::audit::config::built_in;
    use crate::audit::observed::testing::{figure, nothing};

    fn taken(choices: &[(&str, &str)]) -> Kept {
        let mut answers = Answers::default();
        for (question, choice) in choices {
            answers.chosen.entry((*question).to_owned()).or_default().push((*choice).to_owned());
        }
        let at = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let audit = MaturityId::from_uuid(uuid::Uuid::nil());
        Kept { audit, config_version: 0, config: built_in().as_ref().clone(), answers, done_at: at, taken_at: at }
    }

    fn best() -> Kept {
        taken(&[("answering", "measured"), ("rules", "reviewed")])
    }

    fn area(found: &Comparison, dimension: Dimension) -> &Area {
        found.areas.iter().find(|area| area.dimension == dimension).expect("the area")
    }

    #[test]
    fn what_is_measured_counts_instead_of_what_was_said() {
        let mut figures = nothing();
        figures.answer_minutes = figure(Some(600), 40);
        figures.no_show_percent = figure(Some(2), 40);
        let found = Comparison::of(&best(), &figures);
        let response = area(&found, Dimension::Response);
        assert_eq!(response.counts, Counting::Measured);
        let (said, measured) = (response.said.as_ref(), response.measured.as_ref().and_then(|one| one.level.as_ref()));
        assert_eq!((said.map(|one| one.level), measured.map(|one| one.level)), (Some(4), Some(1)));
        assert_ne!(said.map(|one| &one.meaning), measured.map(|one| &one.meaning));
        assert!(found.after.score < found.before.score, "{} and {}", found.after.score, found.before.score);
        // Nobody was asked about appointments: what is measured makes the score one of more.
        let scheduling = area(&found, Dimension::Scheduling);
        assert_eq!((scheduling.said.is_none(), scheduling.counts), (true, Counting::Measured));
        assert_eq!(found.after.weight, found.before.weight + scheduling.weight);
        assert_eq!((area(&found, Dimension::Governance).counts, found.measured()), (Counting::Said, 2));
        assert_eq!(area(&found, Dimension::Payments).counts, Counting::Nothing);
        assert!(area(&found, Dimension::Payments).measured.is_none() && levels_of_none(&found));
        assert!(found.recommendations.iter().any(|advice| advice.dimension == Dimension::Response));
    }

    /// Areas that do not count as measured have no level of their own figure.
    fn levels_of_none(found: &Comparison) -> bool {
        let others = found.areas.iter().filter(|area| area.counts != Counting::Measured);
        others.filter_map(|area| area.measured.as_ref()).all(|reading| reading.level.is_none())
    }

    #[test]
    fn too_few_cases_change_nothing_and_are_shown() {
        let mut figures = nothing();
        figures.answer_minutes = figure(Some(600), FEWEST - 1);
        let found = Comparison::of(&best(), &figures);
        assert_eq!((found.after.clone(), found.measured()), (found.before.clone(), 0));
        let response = area(&found, Dimension::Response);
        let reading = response.measured.as_ref().expect("a figure");
        assert_eq!((response.counts, reading.value, reading.cases), (Counting::Said, Some(600), FEWEST - 1));
        assert!(reading.level.is_none());
    }

    #[test]
    fn what_somebody_entered_of_their_own_gives_way_to_what_is_measured() {
        let mut entered = best();
        entered.answers.observed.answer_minutes = Some(1);
        entered.answers.observed.missed_percent = Some(40);
        let mut figures = nothing();
        figures.answer_minutes = figure(Some(10_000), FEWEST);
        let found = Comparison::of(&entered, &figures);
        let level = |area: &Area| area.measured.as_ref().and_then(|one| one.level.as_ref()).map(|one| one.level);
        assert_eq!(level(area(&found, Dimension::Response)), Some(0));
        let missed = area(&found, Dimension::LeadCapture);
        assert_eq!((missed.counts, missed.said.as_ref().map(|one| one.level)), (Counting::Said, Some(0)));
    }

    proptest! {
        #[test]
        fn the_score_moves_only_with_what_counts(minutes in prop::option::of(0_u32..20_000), cases in 0_u64..60) {
            let mut figures = nothing();
            figures.answer_minutes = figure(minutes, cases);
            let found = Comparison::of(&best(), &figures);
            if found.measured() == 0 {
                prop_assert_eq!(&found.before, &found.after);
            }
            prop_assert_eq!(found.measured() == 1, minutes.is_some() && cases >= FEWEST);
            prop_assert!(levels_of_none(&found));
        }
    }
}
