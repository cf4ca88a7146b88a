//! Questions as a page shows them: what was answered is filled in, what is wrong stands beside it.

use shell::Detail;

use crate::audit::answers::{self, Given, LONGEST};
use crate::audit::model::{Answers, Kind, Question, Step};

/// The longest label of which two stand beside each other.
const SHORT: usize = 34;

/// A question in a form.
pub(super) struct Asked {
    /// The name of its field.
    pub name: String,
    pub label: String,
    pub hint: String,
    pub required: bool,
    /// Whether one choice, several, or a number is asked for: `radio`, `checkbox` or `number`.
    pub kind: &'static str,
    /// Whether two choices fit beside each other.
    pub two: bool,
    pub choices: Vec<Offered>,
    /// What stands in the field of a number.
    pub number: String,
    pub own: Option<Own>,
    pub error: String,
}

/// A choice in a form.
pub(super) struct Offered {
    pub id: String,
    pub label: String,
    pub hint: String,
    pub chosen: bool,
    /// Stands for none of the others.
    pub none: bool,
}

/// The field for own words.
pub(super) struct Own {
    pub name: String,
    pub text: String,
    pub longest: usize,
}

/// What is wrong, with the way to it.
pub(super) struct Problem {
    pub href: String,
    pub text: String,
}

/// The questions of a page with the answers that are kept.
pub(super) fn kept(step: &Step, answers: &Answers) -> Vec<Asked> {
    let of = |question: &Question| {
        let chosen = answers.chosen.get(&question.id).cloned().unwrap_or_default();
        let number = answers.numbers.get(&question.id).map(ToString::to_string).unwrap_or_default();
        let own = answers.own.get(&question.id).map(|own| own.join(", ")).unwrap_or_default();
        asked(question, &chosen, number, own, String::new())
    };
    step.questions.iter().map(of).collect()
}

/// The questions of a page with what was typed, and what is wrong with it.
pub(super) fn typed(step: &Step, given: &Given, wrong: &[Detail]) -> Vec<Asked> {
    let of = |question: &Question| {
        let name = answers::field(question);
        let values = given.get(&name).cloned().unwrap_or_default();
        let own = answers::first(given, &answers::own_field(question)).to_owned();
        let error = wrong.iter().find(|one| one.field == name).map(|one| one.reason.clone()).unwrap_or_default();
        asked(question, &values, answers::first(given, &name).to_owned(), own, error)
    };
    step.questions.iter().map(of).collect()
}

/// The list of what is wrong with a page.
pub(super) fn problems(step: &Step, wrong: &[Detail]) -> Vec<Problem> {
    let of = |detail: &Detail| {
        let question = step.questions.iter().find(|question| answers::field(question) == detail.field);
        let about = question.map_or_else(|| about(&detail.field), |question| question.label.as_str());
        let text = if about.is_empty() { detail.reason.clone() } else { format!("“{about}” {}", detail.reason) };
        Problem { href: format!("#f-{}", detail.field), text }
    };
    wrong.iter().map(of).collect()
}

/// What a field of the contact is called; empty for what is about the whole page.
fn about(field: &str) -> &'static str {
    match field {
        "email" => "Email",
        "name" => "Name",
        "phone" => "Phone",
        "company" => "Company",
        _ => "",
    }
}

fn asked(question: &Question, chosen: &[String], number: String, own: String, error: String) -> Asked {
    let choices: Vec<Offered> = question
        .choices
        .iter()
        .map(|choice| Offered {
            id: choice.id.clone(),
            label: choice.label.clone(),
            hint: choice.hint.clone(),
            chosen: chosen.contains(&choice.id),
            none: choice.none,
        })
        .collect();
    let is_number = question.kind == Kind::Number;
    Asked {
        name: answers::field(question),
        label: question.label.clone(),
        hint: question.hint.clone(),
        required: question.required,
        kind: match question.kind {
            Kind::One => "radio",
            Kind::Many => "checkbox",
            Kind::Number => "number",
        },
        two: choices.iter().all(|choice| choice.label.chars().count() <= SHORT && choice.hint.is_empty()),
        choices,
        number: if is_number { number } else { String::new() },
        own: question.own_words.then(|| Own { name: answers::own_field(question), text: own, longest: LONGEST * 4 }),
        error,
    }
}
