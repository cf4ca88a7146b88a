//! The form of an experiment, and what it means.

use serde::Deserialize;
use serde_json::{Map, Value};
use shell::{AppError, Detail};
use stats::observations_needed;

use crate::content::{Kind, builtin};
use crate::tally::{self, Variant};

/// What can be wanted: its word and its name.
pub(super) const GOALS: [(&str, &str); 3] =
    [("audit_begun", "Begin the audit"), ("audit_done", "Finish the audit"), ("contact", "Make themselves known")];

const LONGEST_NAME: usize = 80;
const LONGEST_WORDS: usize = 600;

/// What the form shows and sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub name: String,
    pub page: String,
    pub goal: String,
    /// In percent.
    pub baseline: String,
    /// In percentage points.
    pub effect: String,
    pub name_1: String,
    pub words_1: String,
    pub name_2: String,
    pub words_2: String,
    pub name_3: String,
    pub words_3: String,
}

/// An experiment as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub name: String,
    pub page: String,
    pub goal: String,
    pub variants: Vec<Variant>,
    pub baseline: f64,
    pub effect: f64,
    pub needed: u64,
}

impl Typed {
    /// What a kept experiment looks like in the form.
    pub(super) fn of(plan: &Plan) -> Self {
        let other = |place: usize| {
            let variant = plan.variants.get(place);
            (variant.map(|variant| variant.name.clone()).unwrap_or_default(), variant.map(lines).unwrap_or_default())
        };
        let ((name_1, words_1), (name_2, words_2), (name_3, words_3)) = (other(1), other(2), other(3));
        Self {
            name: plan.name.clone(),
            page: plan.page.clone(),
            goal: plan.goal.clone(),
            baseline: hundredths(plan.baseline),
            effect: hundredths(plan.effect),
            name_1,
            words_1,
            name_2,
            words_2,
            name_3,
            words_3,
        }
    }

    /// What it means, or everything that is wrong with it.
    pub(super) fn read(&self) -> Result<Plan, AppError> {
        let mut wrong: Vec<Detail> = Vec::new();
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            wrong.push(Detail::new("name", format!("has 1 to {LONGEST_NAME} characters")));
        }
        if let Err(error) = tally::check_page(&self.page) {
            wrong.extend(error.details().iter().cloned());
        }
        if !GOALS.iter().any(|(goal, _)| *goal == self.goal) {
            wrong.push(Detail::new("goal", "is not a goal that is counted"));
        }
        let baseline = share("baseline", &self.baseline, &mut wrong);
        let effect = share("effect", &self.effect, &mut wrong);
        let mut variants = vec![Variant { name: "As it is".to_owned(), weight: 1, fields: Value::Null }];
        let given =
            [(1, &self.name_1, &self.words_1), (2, &self.name_2, &self.words_2), (3, &self.name_3, &self.words_3)];
        for (place, name, words) in given {
            if place == 1 || !name.trim().is_empty() || !words.trim().is_empty() {
                variants.extend(variant(place, name, words, &self.page, &mut wrong));
            }
        }
        let comparisons = variants.len().saturating_sub(1) as u32;
        let needed = observations_needed(baseline, effect, comparisons);
        if needed.is_none() && wrong.is_empty() {
            wrong.push(Detail::new("effect", "and the usual rate together lie between 0 and 100 %"));
        }
        match needed {
            Some(needed) if wrong.is_empty() => {
                Ok(Plan { name, page: self.page.clone(), goal: self.goal.clone(), variants, baseline, effect, needed })
            }
            _ => Err(AppError::fields(wrong)),
        }
    }
}

/// A share that was typed in percent.
fn share(field: &str, text: &str, wrong: &mut Vec<Detail>) -> f64 {
    let number = text.trim().trim_end_matches('%').trim().replace(',', ".").parse::<f64>();
    if let Some(number) = number.ok().filter(|number| *number > 0.0 && *number < 100.0) {
        number / 100.0
    } else {
        wrong.push(Detail::new(field, "is a number of percent above 0 and below 100"));
        0.5
    }
}

fn hundredths(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A wording from its lines `field: words`.
fn variant(place: u8, name: &str, words: &str, page: &str, wrong: &mut Vec<Detail>) -> Option<Variant> {
    let before = wrong.len();
    let field = format!("words_{place}");
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        wrong.push(Detail::new(format!("name_{place}"), format!("has 1 to {LONGEST_NAME} characters")));
    }
    let known = wordings(page);
    let mut fields = Map::new();
    for line in words.lines().filter(|line| !line.trim().is_empty()) {
        let Some((key, said)) = line.split_once(':').map(|(key, said)| (key.trim(), said.trim())) else {
            wrong.push(Detail::new(&field, "has one line for each text, such as headline: Other words"));
            break;
        };
        if !known.iter().any(|(name, _)| name == key) {
            wrong.push(Detail::new(
                &field,
                format!("names “{key}”, which this page does not have; its texts are listed below"),
            ));
            break;
        }
        if said.is_empty() || said.chars().count() > LONGEST_WORDS {
            wrong.push(Detail::new(&field, format!("has 1 to {LONGEST_WORDS} characters for each text")));
            break;
        }
        fields.insert(key.to_owned(), Value::String(said.to_owned()));
    }
    if fields.is_empty() && wrong.len() == before {
        wrong.push(Detail::new(&field, "changes nothing; write at least one text"));
    }
    (wrong.len() == before).then(|| Variant { name: name.trim().to_owned(), weight: 1, fields: Value::Object(fields) })
}

fn lines(variant: &Variant) -> String {
    let fields = variant.fields.as_object().into_iter().flatten();
    let lines: Vec<String> = fields.filter_map(|(key, said)| Some(format!("{key}: {}", said.as_str()?))).collect();
    lines.join("\n")
}

/// The texts of a page that can be worded differently, as the program brings them.
pub(super) fn wordings(page: &str) -> Vec<(String, String)> {
    let Some(page) = builtin::page(Kind::Page, page) else { return Vec::new() };
    let own = [("title", &page.title), ("summary", &page.summary)];
    let own = own.into_iter().map(|(name, said)| (name.to_owned(), said.clone()));
    let others = page.fields.as_object().into_iter().flatten();
    own.chain(others.filter_map(|(name, said)| Some((name.clone(), said.as_str()?.to_owned())))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        Typed {
            name: "Shorter headline".to_owned(),
            page: "home".to_owned(),
            goal: "audit_begun".to_owned(),
            baseline: "10".to_owned(),
            effect: "5,5 %".to_owned(),
            name_1: "Short".to_owned(),
            words_1: "headline: Fewer words: better\n\nbutton: Go".to_owned(),
            ..Typed::default()
        }
    }

    #[test]
    fn a_plan_reads_and_shows_again_as_it_was_typed() {
        let plan = typed().read().expect("it reads");
        assert_eq!(plan.variants.len(), 2);
        assert_eq!(plan.variants[1].fields["headline"], "Fewer words: better");
        assert!((plan.effect - 0.055).abs() < 1e-12 && plan.needed > 100);
        let again = Typed::of(&plan);
        assert_eq!((again.baseline.as_str(), again.effect.as_str()), ("10", "5.5"));
        assert_eq!(again.read().expect("it reads again"), plan);
    }

    #[test]
    fn more_wordings_need_more_visitors() {
        let one = typed().read().expect("it reads").needed;
        let more = Typed { name_2: "Other".to_owned(), words_2: "lead: Other".to_owned(), ..typed() };
        assert!(more.read().expect("it reads").needed > one);
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let field = |typed: Typed| typed.read().expect_err("refused").details()[0].field.clone();
        assert_eq!(field(Typed { page: "terms".to_owned(), ..typed() }), "page");
        assert_eq!(field(Typed { goal: "money".to_owned(), ..typed() }), "goal");
        assert_eq!(field(Typed { baseline: "0".to_owned(), ..typed() }), "baseline");
        assert_eq!(field(Typed { baseline: "99".to_owned(), ..typed() }), "effect");
        assert_eq!(field(Typed { words_1: "nothing: x".to_owned(), ..typed() }), "words_1");
        assert_eq!(field(Typed { words_1: String::new(), ..typed() }), "words_1");
        assert_eq!(field(Typed { name_3: "Third".to_owned(), ..typed() }), "words_3");
    }
}
