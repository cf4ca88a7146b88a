//! Which rows are asked for, as an address says it.

use chrono::{Days, NaiveDate};
use serde::Deserialize;
use shell::page::url_encoded;
use shell::{AppError, known_day};

use crate::journeys::Stage;
use crate::scores::ScoreType;

/// Answers within this many seconds are quick.
const QUICK_S: i64 = 300;

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    /// A component of the score.
    pub(crate) component: String,
    /// Leaked at this stage; `any` for every leak.
    pub(crate) stage: String,
    /// One day alone.
    pub(crate) day: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) location: String,
    pub(crate) source: String,
    /// Seconds until an answer: `300-900`, or `never`.
    pub(crate) waited: String,
    /// `reached`, `quoted`, `booked` or `paid`.
    pub(crate) reached: String,
}

impl Look {
    /// The address of the rows of a score, without a cursor.
    pub(crate) fn href(&self, kind: ScoreType) -> String {
        let pairs = [
            ("component", &self.component),
            ("stage", &self.stage),
            ("day", &self.day),
            ("from", &self.from),
            ("to", &self.to),
            ("location", &self.location),
            ("source", &self.source),
            ("waited", &self.waited),
            ("reached", &self.reached),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let text: Vec<String> = given.map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        format!("/revenue/scores/{}/rows?{}", kind.as_str(), text.join("&"))
    }

    pub(super) fn days(&self, today: NaiveDate, window: u32) -> Result<(NaiveDate, NaiveDate), AppError> {
        let read = |field: &str, text: &str| {
            let day = text.parse::<NaiveDate>();
            day.map_err(|_| AppError::field(field, "is not a day such as 2026-03-31"))
                .and_then(|day| known_day(field, day))
        };
        if !self.day.is_empty() {
            let day = read("day", &self.day)?;
            return Ok((day, day));
        }
        let to = if self.to.is_empty() { today } else { read("to", &self.to)? };
        let from = if self.from.is_empty() {
            to - Days::new(u64::from(window.saturating_sub(1)))
        } else {
            read("from", &self.from)?
        };
        if from > to { Err(AppError::field("from", "comes after the last day")) } else { Ok((from, to)) }
    }

    /// The stage that is asked for, by itself or as a component of leakage or of revenue at risk.
    pub(super) fn stage(&self, kind: ScoreType) -> Result<Option<String>, AppError> {
        let known = |word: &str| Stage::ALL.iter().any(|stage| stage.as_str() == word);
        if self.stage == "any" {
            return Ok(Some(String::new()));
        }
        if !self.stage.is_empty() {
            let fine = known(&self.stage);
            return if fine { Ok(Some(self.stage.clone())) } else { Err(AppError::field("stage", "is not a stage")) };
        }
        let leaks = matches!(kind, ScoreType::LeadLeakage | ScoreType::RevenueAtRisk);
        Ok(match self.component.as_str() {
            word if leaks && known(word) => Some(word.to_owned()),
            "" if kind == ScoreType::LeadLeakage => Some(String::new()),
            _ => None,
        })
    }

    /// The class of waits that is asked for, or that there was no answer.
    pub(super) fn waited(&self, kind: ScoreType) -> Result<(Option<(i64, i64)>, bool), AppError> {
        match self.waited.as_str() {
            // What an answer after the fastest class costs.
            "" if kind == ScoreType::RevenueAtRisk && self.component == "delay" => {
                Ok((Some((QUICK_S, i64::MAX)), false))
            }
            "" => Ok((None, false)),
            "never" => Ok((None, true)),
            text => match class_of(text) {
                Some(class) => Ok((Some(class), false)),
                None => Err(AppError::field("waited", "is never, or two numbers of seconds such as 300-900")),
            },
        }
    }

    /// The source that is asked for: response velocity is made of sources.
    pub(super) fn source(&self, kind: ScoreType) -> Option<String> {
        let by_component = kind == ScoreType::ResponseVelocity && !matches!(self.component.as_str(), "other" | "prior");
        let word = if self.source.is_empty() && by_component { &self.component } else { &self.source };
        Some(word.clone()).filter(|word| !word.is_empty())
    }
}

/// `300-900` as seconds: at least, less than.
pub(super) fn class_of(text: &str) -> Option<(i64, i64)> {
    let (least, below) = text.split_once('-')?;
    Some((least.parse().ok()?, below.parse().ok()?))
}

pub(super) fn reached(word: &str) -> Result<Option<&'static str>, AppError> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = ["reached", "quoted", "booked", "paid"].into_iter().find(|known| *known == word);
    known.map(Some).ok_or_else(|| AppError::field("reached", "is reached, quoted, booked or paid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_names_its_rows_and_what_does_not_read_is_refused() {
        let stage = |kind, component: &str| {
            Look { component: component.to_owned(), ..Look::default() }.stage(kind).expect("it reads")
        };
        assert_eq!(stage(ScoreType::RevenueAtRisk, "respond"), Some("respond".to_owned()));
        assert_eq!(stage(ScoreType::LeadLeakage, ""), Some(String::new()));
        assert_eq!(stage(ScoreType::RevenueAtRisk, "delay"), None);
        let look = Look { waited: "300-900".to_owned(), ..Look::default() };
        assert_eq!(look.waited(ScoreType::LeadLeakage).expect("it reads"), (Some((300, 900)), false));
        let wrong = Look { waited: "soon".to_owned(), ..Look::default() };
        assert!(wrong.waited(ScoreType::LeadLeakage).is_err());
        let of = |component: &str| {
            Look { component: component.to_owned(), ..Look::default() }.source(ScoreType::ResponseVelocity)
        };
        assert_eq!((of("callrail"), of("prior")), (Some("callrail".to_owned()), None));
        let today = NaiveDate::from_ymd_opt(2026, 3, 31).expect("a day");
        let days = Look::default().days(today, 28).expect("days");
        assert_eq!((days.1 - days.0).num_days(), 27);
        assert!(
            Look { from: "2026-04-02".into(), to: "2026-04-01".into(), ..Look::default() }.days(today, 28).is_err()
        );
        assert!(Look { to: "-262143-01-01".into(), ..Look::default() }.days(today, 28).is_err());
    }
}
