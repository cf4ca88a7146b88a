//! The form of an experiment, and what it means.

use serde::Deserialize;
use serde_json::{Map, Value};
use shell::{AppError, Detail};
use stats::observations_needed;

use super::{pages, shares};
use crate::tally::Variant;

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
    /// In whole percents: who sees the page as it is, and who sees each wording. All empty: all alike.
    pub share_0: String,
    pub name_1: String,
    pub words_1: String,
    pub share_1: String,
    pub name_2: String,
    pub words_2: String,
    pub share_2: String,
    pub name_3: String,
    pub words_3: String,
    pub share_3: String,
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
        let percents = plan.percents();
        // All alike stays so when a wording is added.
        let is_even = percents == shares::even(percents.len());
        let mut shares = percents.into_iter().filter(|_| !is_even).map(|share| share.to_string());
        let [share_0, share_1, share_2, share_3] = [(); 4].map(|()| shares.next().unwrap_or_default());
        Self {
            name: plan.name.clone(),
            page: plan.page.clone(),
            goal: plan.goal.clone(),
            baseline: hundredths(plan.baseline),
            effect: hundredths(plan.effect),
            share_0,
            name_1,
            words_1,
            share_1,
            name_2,
            words_2,
            share_2,
            name_3,
            words_3,
            share_3,
        }
    }

    /// What it means, or everything that is wrong with it.
    pub(super) fn read(&self) -> Result<Plan, AppError> {
        let mut wrong: Vec<Detail> = Vec::new();
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            wrong.push(Detail::new("name", format!("has 1 to {LONGEST_NAME} characters")));
        }
        if let Err(error) = pages::check(&self.page) {
            wrong.extend(error.details().iter().cloned());
        }
        if !GOALS.iter().any(|(goal, _)| *goal == self.goal) {
            wrong.push(Detail::new("goal", "is not a goal that is counted"));
        }
        let baseline = share("baseline", &self.baseline, &mut wrong);
        let effect = share("effect", &self.effect, &mut wrong);
        let variants = self.variants(&mut wrong);
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

    /// The page as it is, and the wordings that were typed; each with its share of the visitors.
    fn variants(&self, wrong: &mut Vec<Detail>) -> Vec<Variant> {
        let given = [
            (1, &self.name_1, &self.words_1, &self.share_1),
            (2, &self.name_2, &self.words_2, &self.share_2),
            (3, &self.name_3, &self.words_3, &self.share_3),
        ];
        let typed = given.into_iter().filter(|(place, name, words, share)| {
            *place == 1 || [name, words, share].iter().any(|text| !text.trim().is_empty())
        });
        let typed: Vec<_> = typed.collect();
        let texts = typed.iter().map(|(place, _, _, share)| (*place, share.as_str()));
        let texts: Vec<(u8, &str)> = std::iter::once((0, self.share_0.as_str())).chain(texts).collect();
        let mut weights = shares::read(&texts, wrong).into_iter();
        let mut weight = || weights.next().unwrap_or_default();
        let mut variants = vec![Variant { name: "As it is".to_owned(), weight: weight(), fields: Value::Null }];
        for (place, name, words, _) in typed {
            let weight = weight();
            variants.extend(variant(place, name, words, &self.page, wrong).map(|one| Variant { weight, ..one }));
        }
        variants
    }
}

impl Plan {
    /// Who sees what, in whole percents.
    pub(super) fn percents(&self) -> Vec<u16> {
        shares::percents(&self.variants.iter().map(|variant| variant.weight).collect::<Vec<_>>())
    }

    /// Visitors of the page until each wording has enough.
    pub(super) fn visitors(&self) -> u64 {
        let weights = || self.variants.iter().map(|variant| u64::from(variant.weight));
        let (sum, least) = (weights().sum::<u64>(), weights().min().unwrap_or_default());
        self.needed.saturating_mul(sum).div_ceil(least.max(1))
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
    let known = pages::texts(page);
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
        assert_eq!((again.share_0.as_str(), again.share_1.as_str(), again.share_2.as_str()), ("", "", ""));
        assert_eq!(again.read().expect("it reads again"), plan);
    }

    #[test]
    fn a_wording_that_few_see_takes_more_visitors_of_the_page() {
        let even = typed().read().expect("it reads");
        assert_eq!(even.visitors(), even.needed * 2);
        let few = Typed { share_1: "10".to_owned(), ..typed() }.read().expect("it reads");
        assert_eq!((few.percents(), few.needed, few.visitors()), (vec![90, 10], even.needed, even.needed * 10));
        assert_eq!((Typed::of(&few).share_0.as_str(), Typed::of(&few).share_1.as_str()), ("90", "10"));
        // Kept before shares were percents.
        let mut old = even;
        old.variants.iter_mut().for_each(|variant| variant.weight = 1);
        assert_eq!((old.percents(), old.visitors()), (vec![50, 50], old.needed * 2));
    }

    #[test]
    fn a_solution_has_wordings_too() {
        let typed = Typed {
            page: "solutions/clinics".to_owned(),
            words_1: "headline: Every call counts".to_owned(),
            ..typed()
        };
        assert_eq!(typed.read().expect("it reads").page, "solutions/clinics");
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
        assert_eq!(field(Typed { share_1: "none".to_owned(), ..typed() }), "share_1");
        assert_eq!(field(Typed { share_3: "10".to_owned(), share_1: "10".to_owned(), ..typed() }), "name_3");
    }
}
