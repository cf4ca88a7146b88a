//! What was measured of a business. It counts instead of what somebody said about the same area.

use serde::{Deserialize, Serialize};
use shell::Detail;
use utoipa::ToSchema;

use super::answers::{Given, first};
use super::model::{Dimension, SaidSo};
use crate::ports::{Figure, Figures};

/// The fewest cases of which a figure of an organisation's own is made, so that it counts instead of what somebody said.
pub(crate) const FEWEST: u64 = 20;

/// Measured figures; each may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AuditObserved)]
pub(crate) struct Observed {
    /// Minutes until the first answer that helps: the median.
    #[schema(example = 45)]
    pub answer_minutes: Option<u32>,
    /// Calls, messages and forms that nobody answered, in percent.
    #[schema(example = 12)]
    pub missed_percent: Option<u32>,
    /// Appointments that nobody came to, in percent.
    pub no_show_percent: Option<u32>,
    /// Open quotes and leads that were followed up within a week, in percent.
    pub followed_up_percent: Option<u32>,
    /// Reviews that were answered, in percent.
    pub reviews_answered_percent: Option<u32>,
}

/// One of the figures.
pub(crate) struct Fact {
    /// Its name in forms and in the API.
    pub key: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    dimension: Dimension,
    most: u32,
    /// What levels 1 to 4 need; where less is better, at most that.
    needs: [u32; 4],
    less_is_better: bool,
    read: fn(&Observed) -> Option<u32>,
    write: fn(&mut Observed, u32),
    /// The same among the figures of an organisation.
    among: fn(&Figures) -> &Figure,
}

/// All of them. What a level needs is our assumption, and stands beside the field.
pub(crate) static FACTS: [Fact; 5] = [
    Fact {
        key: "answerMinutes",
        label: "Minutes to the first answer, the median",
        unit: "minutes",
        dimension: Dimension::Response,
        most: 1_000_000,
        needs: [1_440, 240, 60, 5],
        less_is_better: true,
        read: |of| of.answer_minutes,
        write: |of, value| of.answer_minutes = Some(value),
        among: |figures| &figures.answer_minutes,
    },
    Fact {
        key: "missedPercent",
        label: "Calls and messages nobody answered",
        unit: "%",
        dimension: Dimension::LeadCapture,
        most: 100,
        needs: [30, 15, 5, 2],
        less_is_better: true,
        read: |of| of.missed_percent,
        write: |of, value| of.missed_percent = Some(value),
        among: |figures| &figures.missed_percent,
    },
    Fact {
        key: "noShowPercent",
        label: "Appointments nobody came to",
        unit: "%",
        dimension: Dimension::Scheduling,
        most: 100,
        needs: [20, 10, 5, 2],
        less_is_better: true,
        read: |of| of.no_show_percent,
        write: |of, value| of.no_show_percent = Some(value),
        among: |figures| &figures.no_show_percent,
    },
    Fact {
        key: "followedUpPercent",
        label: "Open quotes and leads followed up within a week",
        unit: "%",
        dimension: Dimension::FollowUp,
        most: 100,
        needs: [25, 50, 75, 95],
        less_is_better: false,
        read: |of| of.followed_up_percent,
        write: |of, value| of.followed_up_percent = Some(value),
        among: |figures| &figures.followed_up_percent,
    },
    Fact {
        key: "reviewsAnsweredPercent",
        label: "Reviews that were answered",
        unit: "%",
        dimension: Dimension::Reputation,
        most: 100,
        needs: [25, 50, 75, 95],
        less_is_better: false,
        read: |of| of.reviews_answered_percent,
        write: |of, value| of.reviews_answered_percent = Some(value),
        among: |figures| &figures.reviews_answered_percent,
    },
];

impl Fact {
    /// The figure that an area is measured by; none where there is none.
    pub(crate) fn about(dimension: Dimension) -> Option<&'static Self> {
        FACTS.iter().find(|fact| fact.dimension == dimension)
    }

    /// What an organisation measures of it.
    pub(crate) fn of<'a>(&self, figures: &'a Figures) -> &'a Figure {
        (self.among)(figures)
    }

    /// A value with its unit.
    pub(crate) fn in_words(&self, value: u32) -> String {
        let unit = if value == 1 { self.unit.trim_end_matches('s') } else { self.unit };
        format!("{} {unit}", shell::page::count(i64::from(value)))
    }

    fn level(&self, value: u32) -> u8 {
        let meets = |need: &&u32| if self.less_is_better { value <= **need } else { value >= **need };
        u8::try_from(self.needs.iter().filter(meets).count()).unwrap_or(4)
    }

    /// What its levels need, in words.
    pub(crate) fn hint(&self) -> String {
        let [one, two, three, four] = self.needs.map(|need| shell::page::count(i64::from(need)));
        let bound = if self.less_is_better { "at most" } else { "at least" };
        format!("Levels 1 to 4 need {bound} {one}, {two}, {three} and {four} {}: our assumption.", self.unit)
    }

    fn bounds(&self) -> String {
        format!("is a whole number from 0 to {}", shell::page::count(i64::from(self.most)))
    }
}

impl Observed {
    /// Whether nothing was measured.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The level of an area that was measured.
    pub(crate) fn level(&self, dimension: Dimension) -> Option<u8> {
        let fact = Fact::about(dimension)?;
        (fact.read)(self).map(|value| fact.level(value))
    }

    /// What an organisation measures, as far as each figure is made of enough.
    pub(crate) fn of_figures(figures: &Figures) -> Self {
        let mut observed = Self::default();
        for fact in &FACTS {
            if let Some(value) = fact.of(figures).enough() {
                (fact.write)(&mut observed, value.min(fact.most));
            }
        }
        observed
    }

    /// These, and where one is missing the other one's.
    #[must_use]
    pub(crate) fn or(mut self, other: Self) -> Self {
        for fact in &FACTS {
            if let (None, Some(value)) = ((fact.read)(&self), (fact.read)(&other)) {
                (fact.write)(&mut self, value);
            }
        }
        self
    }

    /// What is out of bounds.
    pub(crate) fn wrong(&self) -> Vec<Detail> {
        let over = |fact: &&Fact| (fact.read)(self).is_some_and(|value| value > fact.most);
        FACTS.iter().filter(over).map(|fact| Detail::new(format!("observed.{}", fact.key), fact.bounds())).collect()
    }

    /// What a form says was measured.
    ///
    /// # Errors
    /// What is wrong with which field; when nothing was entered.
    pub(crate) fn of_form(given: &Given) -> Result<Self, Vec<Detail>> {
        let (mut observed, mut wrong) = (Self::default(), Vec::new());
        for fact in &FACTS {
            let text = first(given, fact.key).trim();
            if text.is_empty() {
                continue;
            }
            match text.parse::<u32>() {
                Ok(value) if value <= fact.most => (fact.write)(&mut observed, value),
                _ => wrong.push(Detail::new(fact.key, format!("This {}.", fact.bounds()))),
            }
        }
        if wrong.is_empty() && observed.is_empty() {
            wrong.push(Detail::new(FACTS[0].key, "Put in at least one figure."));
        }
        if wrong.is_empty() { Ok(observed) } else { Err(wrong) }
    }

    /// What was measured, in words.
    pub(crate) fn said(&self) -> impl Iterator<Item = SaidSo> {
        let own = *self;
        FACTS.iter().filter_map(move |fact| {
            let value = (fact.read)(&own)?;
            let answer = format!("{}, measured", fact.in_words(value));
            Some(SaidSo { question: fact.label.to_owned(), answers: vec![answer] })
        })
    }
}

impl Figure {
    /// Its value, where it is made of enough cases to count.
    pub(crate) fn enough(&self) -> Option<u32> {
        self.value.filter(|_| self.cases >= FEWEST)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use chrono::NaiveDate;

    use super::*;

    /// A figure of so many cases.
    pub(crate) fn figure(value: Option<u32>, cases: u64) -> Figure {
        let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).expect("a day");
        let how = "What was counted.".to_owned();
        Figure { value, cases, how, from: day(8, 28), to: day(11, 25), href: "/revenue" }
    }

    /// Figures of which nothing is known.
    pub(crate) fn nothing() -> Figures {
        let none = || figure(None, 0);
        Figures {
            answer_minutes: none(),
            missed_percent: none(),
            no_show_percent: none(),
            followed_up_percent: none(),
            reviews_answered_percent: none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Given {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect()
    }

    #[test]
    fn a_figure_is_a_level_and_a_better_one_is_never_a_lower() {
        let level =
            |minutes| Observed { answer_minutes: Some(minutes), ..Observed::default() }.level(Dimension::Response);
        let found = [5, 6, 60, 61, 240, 1_440, 1_441].map(level);
        assert_eq!(found, [4, 3, 3, 2, 2, 1, 0].map(Some));
        let follow_up = Observed { followed_up_percent: Some(75), ..Observed::default() };
        assert_eq!((follow_up.level(Dimension::FollowUp), follow_up.level(Dimension::Response)), (Some(3), None));
        for fact in &FACTS {
            for value in 0..100 {
                let (here, next) = (fact.level(value), fact.level(value + 1));
                assert!(if fact.less_is_better { here >= next } else { here <= next }, "{} {value}", fact.key);
            }
        }
    }

    #[test]
    fn a_form_is_read_strictly() {
        let read = Observed::of_form(&form(&[("answerMinutes", " 45 "), ("missedPercent", "12")])).expect("figures");
        assert_eq!((read.answer_minutes, read.missed_percent, read.no_show_percent), (Some(45), Some(12), None));
        assert_eq!(read.said().count(), 2);
        for (key, text) in [("missedPercent", "101"), ("missedPercent", "-1"), ("noShowPercent", "1e1"), ("x", "1")] {
            assert_eq!(Observed::of_form(&form(&[(key, text)])).expect_err("refused").len(), 1, "{key} {text}");
        }
        let over = Observed { missed_percent: Some(101), ..Observed::default() };
        assert_eq!(over.wrong()[0].field, "observed.missedPercent");
    }

    #[test]
    fn a_figure_of_too_few_is_none_and_what_is_measured_goes_before_what_was_entered() {
        let mut figures = testing::nothing();
        figures.answer_minutes = testing::figure(Some(300), FEWEST);
        figures.missed_percent = testing::figure(Some(3), FEWEST - 1);
        figures.no_show_percent = testing::figure(Some(400), 1_000);
        let measured = Observed::of_figures(&figures);
        assert_eq!((measured.answer_minutes, measured.missed_percent), (Some(300), None));
        assert_eq!(measured.no_show_percent, Some(100), "a share is one of a hundred at most");
        let entered = Observed { answer_minutes: Some(2), missed_percent: Some(9), ..Observed::default() };
        let both = measured.or(entered);
        assert_eq!((both.answer_minutes, both.missed_percent), (Some(300), Some(9)));
        assert_eq!(Observed::default().or(entered), entered);
    }

    #[test]
    fn one_minute_is_one() {
        let words = |value| Fact::about(Dimension::Response).map(|fact| fact.in_words(value));
        assert_eq!((words(1).as_deref(), words(1_440).as_deref()), (Some("1 minute"), Some("1,440 minutes")));
        assert!(Fact::about(Dimension::Data).is_none());
    }
}
