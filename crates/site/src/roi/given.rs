//! Figures in an address: what a form without script sends, and how a forecast is handed on with the figures somebody put in.

use std::collections::BTreeMap;

use shell::Detail;

use super::inputs::{INPUTS, Input};
use super::model::Assumptions;
use crate::visit::Visit;

/// The longest text of a figure that is looked at.
const LONGEST: usize = 32;
/// What is no more than rounding.
const SAME: f64 = 1e-9;

/// Figures with those of an address.
pub(crate) struct Given {
    /// What was there, with what could be used.
    pub assumptions: Assumptions,
    /// As it was typed, by the names of the figures.
    pub typed: BTreeMap<&'static str, String>,
    /// What could not be used.
    pub wrong: Vec<Detail>,
}

impl Given {
    /// The figures of the address over those that stand without one; other values (such as those of campaigns) are nobody's
    /// business here.
    pub(crate) fn of(visit: &Visit, own: &Assumptions) -> Self {
        let value = |input: &&'static Input| Some((input.key, visit.query_value(input.key)?));
        Self::read(own, INPUTS.iter().filter_map(value).collect())
    }

    fn read(own: &Assumptions, typed: BTreeMap<&'static str, String>) -> Self {
        let (mut assumptions, mut wrong) = (own.clone(), Vec::new());
        for input in INPUTS {
            let Some(text) = typed.get(input.key) else { continue };
            if let Some(value) = number(text).map(|shown| input.of_form(shown)).filter(|value| input.takes(*value)) {
                (input.write)(&mut assumptions, value);
            } else {
                let bounds = input.bounds(input.most_shown());
                wrong.push(Detail::new(input.key, format!("This is {bounds}, without spaces or commas.")));
            }
        }
        Self { assumptions, typed, wrong }
    }

    /// The figures that are others than those that stand without an address.
    pub(crate) fn changed(&self, own: &Assumptions) -> Vec<&'static Input> {
        let is_other = |input: &&&'static Input| ((input.read)(&self.assumptions) - (input.read)(own)).abs() > SAME;
        INPUTS.iter().filter(is_other).copied().collect()
    }

    /// The changed figures as an address carries them, with its question mark; empty where there are none.
    pub(crate) fn query(&self, own: &Assumptions) -> String {
        let pairs: Vec<String> = self
            .changed(own)
            .into_iter()
            .map(|input| format!("{}={}", input.key, input.shown(&self.assumptions)))
            .collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

/// Digits and a point: what else is a number for a program (`inf`, `1e9` and their like) is a slip of a person.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roi::model::usual;

    fn read(pairs: &[(&'static str, &str)]) -> Given {
        Given::read(&usual(), pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect())
    }

    #[test]
    fn typed_figures_replace_the_usual_ones_and_percentages_become_shares() {
        let Given { assumptions: made, wrong, .. } =
            read(&[("missedShare", "40"), ("value", " 1250.50 "), ("rampMonths", "0")]);
        assert!(wrong.is_empty());
        assert!((made.missed_share - 0.4).abs() < 1e-12 && (made.value - 1_250.5).abs() < 1e-12);
        assert_eq!((made.ramp_months, made.clone().clamped()), (0, made));
    }

    #[test]
    fn slips_are_named_and_the_usual_figure_stands_meanwhile() {
        for text in ["", "abc", "-1", "1e5", "inf", "NaN", "12,5", "101", "<script>", "9".repeat(40).as_str()] {
            let Given { assumptions, wrong, .. } = read(&[("closeRate", text)]);
            assert_eq!((assumptions, wrong.len()), (usual(), 1), "{text}");
        }
        let wrong = read(&[("rampMonths", "1.5")]).wrong;
        assert!(wrong[0].reason.contains("whole number from 0 to 12"), "{}", wrong[0].reason);
    }

    #[test]
    fn what_was_changed_and_nothing_else_is_in_the_address_it_is_handed_on_by() {
        let given = read(&[("missedShare", "40"), ("value", "1250.5"), ("margin", "50"), ("closeRate", "abc")]);
        let query = given.query(&usual());
        assert_eq!(query, "?missedShare=40&value=1250.5");
        let names: Vec<&str> = given.changed(&usual()).iter().map(|input| input.key).collect();
        assert_eq!(names, ["missedShare", "value"]);
        let pairs: Vec<(&str, &str)> = query[1..].split('&').filter_map(|pair| pair.split_once('=')).collect();
        let again =
            pairs.into_iter().map(|(key, value)| (crate::roi::inputs::named(key).expect("a figure").key, value));
        assert_eq!(read(&again.collect::<Vec<_>>()).assumptions, given.assumptions);
        assert_eq!(read(&[]).query(&usual()), "");
    }
}
