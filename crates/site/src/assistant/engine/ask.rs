//! The audit's questions as a conversation: one at a time, answered by a choice, a number or words, with a way back and a way out.

use super::said::Said;
use super::wish::Wish;
use super::{Choice, Flow, Known, Progress, Run, Saying, Then, Turn, choice, menu, person};
use crate::audit::model::{Choice as Picked, Kind, Question};

/// Answers in own words to one question, and the longest of them: what the audit takes.
const MOST_OWN: usize = 20;
const LONGEST_OWN: usize = 80;
/// The largest number that is taken.
const LARGEST: u32 = 1_000_000;

/// Begins one of the ways.
pub(super) fn begin(flow: &mut Flow, run: Run, known: &Known<'_>) -> Turn {
    (flow.run, flow.choosing_plan, flow.offering_person) = (Some(run), false, false);
    // What was left out on the other way is asked here: it may matter more.
    flow.skipped.clear();
    let Some(question) = current(flow, run, known) else {
        return Turn { lines: Vec::new(), then: Then::Finish(run) };
    };
    let left = questions(run, known).filter(|question| !is_answered(flow, question)).count();
    let what = match run {
        Run::Assessment => {
            "The recovery assessment shows what is lost between the first contact and the payment, and what it is worth."
        }
        Run::Readiness => {
            "The readiness diagnostic shows what you could hand to a machine now, and what to prepare first."
        }
    };
    let known_already = if flow.asked.is_empty() { "" } else { " What you have told me already is kept." };
    let left = if left == 1 { "one question".to_owned() } else { format!("{left} short questions") };
    let opening = Saying::new(format!("{what} It is {left}.{known_already}"));
    Turn { lines: vec![opening, saying(flow, question, known)], then: Then::Nothing }
}

/// Takes an answer to the question that stands open.
pub(super) fn answer(flow: &mut Flow, said: &Said, known: &Known<'_>) -> Turn {
    let Some(run) = flow.run else { return Turn::default() };
    let Some(question) = current(flow, run, known) else {
        return Turn { lines: Vec::new(), then: Then::Finish(run) };
    };
    if said.asks_for_person() {
        // What was answered is kept, and the question stays open.
        return person(flow);
    }
    let control = said.control();
    if control == Some("stop") || said.wish() == Some(Wish::Stop) {
        flow.run = None;
        let text = "All right. Your answers are kept in this conversation; you can go on at any time.";
        return Saying::new(text).offering(menu(flow, known)).into();
    }
    if control == Some("back") || said.is_one_of(&["back", "go back"]) {
        return back(flow, run, question, known);
    }
    if (control == Some("skip") || said.is_one_of(&["skip", "pass", "i don't know", "no idea"])) && !question.required {
        flow.skipped.insert(question.id.clone());
        return next(flow, run, question, known);
    }
    if said.is_question() {
        return Turn { lines: Vec::new(), then: Then::Look(said.text().to_owned()) };
    }
    match take(flow, question, said) {
        Ok(()) => next(flow, run, question, known),
        Err(complaint) => {
            let mut again = saying(flow, question, known);
            again.text = format!("{complaint} {}", again.text);
            again.into()
        }
    }
}

/// The question that stands open.
pub(super) fn current<'a>(flow: &Flow, run: Run, known: &Known<'a>) -> Option<&'a Question> {
    questions(run, known).find(|question| !is_answered(flow, question) && !flow.skipped.contains(&question.id))
}

/// A question as it is said, with what can be answered.
pub(super) fn saying(flow: &Flow, question: &Question, known: &Known<'_>) -> Saying {
    let run = flow.run.unwrap_or(Run::Assessment);
    let all = questions(run, known).count();
    let open = questions(run, known)
        .filter(|question| !is_answered(flow, question) && !flow.skipped.contains(&question.id))
        .count();
    let many = question.kind == Kind::Many;
    let how = match question.kind {
        Kind::Many => " You can choose several.",
        Kind::Number => " A number is enough.",
        Kind::One => "",
    };
    let hint = if question.hint.is_empty() { String::new() } else { format!(" {}", question.hint) };
    let mut choices: Vec<Choice> =
        question.choices.iter().map(|one| choice(&format!("a:{}", one.id), &one.label)).collect();
    if !question.required {
        choices.push(choice("skip", "Skip this one"));
    }
    if !flow.asked.is_empty() {
        choices.push(choice("back", "Back"));
    }
    choices.push(choice("stop", "Stop here"));
    let mut saying = Saying::new(format!("{}{how}{hint}", question.label)).offering(choices);
    saying.data.many = many;
    saying.data.progress = Some(Progress { done: all - open, of: all });
    saying
}

/// The questions of a way, in their order.
fn questions<'a>(run: Run, known: &Known<'a>) -> impl Iterator<Item = &'a Question> {
    known.config.questions().filter(move |question| run == Run::Assessment || says_how(question))
}

/// Whether a question is one of the diagnostic: needed, or about how things are done.
fn says_how(question: &Question) -> bool {
    let levels = |choice: &Picked| !(choice.levels.is_empty() && choice.lifts.is_empty() && choice.lowers.is_empty());
    question.required || question.counted.is_some() || question.choices.iter().any(levels)
}

fn is_answered(flow: &Flow, question: &Question) -> bool {
    let answers = &flow.answers;
    answers.chosen.contains_key(&question.id)
        || answers.numbers.contains_key(&question.id)
        || answers.own.contains_key(&question.id)
}

fn next(flow: &mut Flow, run: Run, answered: &Question, known: &Known<'_>) -> Turn {
    flow.asked.retain(|id| *id != answered.id);
    flow.asked.push(answered.id.clone());
    match current(flow, run, known) {
        Some(question) => saying(flow, question, known).into(),
        None => Turn { lines: Vec::new(), then: Then::Finish(run) },
    }
}

/// Asks the question before anew; its answer is taken back.
fn back(flow: &mut Flow, run: Run, open: &Question, known: &Known<'_>) -> Turn {
    let Some(id) = flow.asked.pop() else { return saying(flow, open, known).into() };
    flow.answers.chosen.remove(&id);
    flow.answers.numbers.remove(&id);
    flow.answers.own.remove(&id);
    flow.skipped.remove(&id);
    let question = questions(run, known).find(|question| question.id == id).unwrap_or(open);
    saying(flow, question, known).into()
}

/// Keeps an answer, or says what is wrong with it.
fn take(flow: &mut Flow, question: &Question, said: &Said) -> Result<(), &'static str> {
    let answers = &mut flow.answers;
    if question.kind == Kind::Number {
        let number = number(said.text()).ok_or("That is not a number I can read.")?;
        answers.numbers.insert(question.id.clone(), number);
        return Ok(());
    }
    let (chosen, own) = match said.chosen("a:").next() {
        Some(_) => (picked(question, said), own_words(question, said.text())),
        None => read(question, said.text()),
    };
    if chosen.is_empty() && own.is_empty() {
        return Err("I did not find that among the answers.");
    }
    if !chosen.is_empty() {
        answers.chosen.insert(question.id.clone(), tidy(question, chosen));
    }
    if !own.is_empty() {
        answers.own.insert(question.id.clone(), own);
    }
    Ok(())
}

/// The choices that were pressed; what is none of the question's is left out.
fn picked<'a>(question: &'a Question, said: &Said) -> Vec<&'a Picked> {
    said.chosen("a:").filter_map(|id| question.choices.iter().find(|choice| choice.id == id)).collect()
}

/// One where one is asked for, none beside "none", and each once.
fn tidy(question: &Question, mut found: Vec<&Picked>) -> Vec<String> {
    if question.kind == Kind::One {
        found.truncate(1);
    } else if found.iter().any(|choice| !choice.none) {
        found.retain(|choice| !choice.none);
    }
    let mut ids: Vec<String> = Vec::with_capacity(found.len());
    for choice in found {
        if !ids.contains(&choice.id) {
            ids.push(choice.id.clone());
        }
    }
    ids
}

/// Words: what names a choice is that choice, by its place ("2") or its label; the rest are own words, where the question takes them.
fn read<'a>(question: &'a Question, text: &str) -> (Vec<&'a Picked>, Vec<String>) {
    if let Some(exact) = exactly(question, text) {
        return (vec![exact], Vec::new());
    }
    if question.kind == Kind::One {
        return match nearly(question, text) {
            Some(choice) => (vec![choice], Vec::new()),
            None => (Vec::new(), own_words(question, text)),
        };
    }
    let (mut found, mut rest) = (Vec::new(), Vec::new());
    for part in text.split([',', ';', '\n']).flat_map(|part| part.split(" and ")) {
        match exactly(question, part).or_else(|| nearly(question, part)) {
            Some(choice) => found.push(choice),
            None => rest.push(part),
        }
    }
    (found, own_words(question, &rest.join("\n")))
}

/// The choice with this label, or at this place.
fn exactly<'a>(question: &'a Question, text: &str) -> Option<&'a Picked> {
    // "e-mail" is "Email".
    let bare = |text: &str| folded(text).replace(' ', "");
    let said = bare(text);
    let place = || said.parse::<usize>().ok()?.checked_sub(1).and_then(|place| question.choices.get(place));
    let label = question.choices.iter().find(|choice| !said.is_empty() && bare(&choice.label) == said);
    label.or_else(place)
}

/// The one choice whose label is in the words, or the words in it; where several fit, none is meant.
fn nearly<'a>(question: &'a Question, text: &str) -> Option<&'a Picked> {
    let said = folded(text);
    let mut near = question.choices.iter().filter(|choice| {
        let label = folded(&choice.label);
        said.len() >= 3 && (label.contains(&said) || (label.len() >= 4 && said.contains(&label)))
    });
    match (near.next(), near.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Lower case, letters and digits, one space between words.
fn folded(text: &str) -> String {
    let kept: String =
        text.chars().map(|character| if character.is_alphanumeric() { character } else { ' ' }).collect();
    kept.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Own words, where the question takes them, one answer a line or between commas.
fn own_words(question: &Question, text: &str) -> Vec<String> {
    if !question.own_words {
        return Vec::new();
    }
    let clean =
        |part: &str| part.chars().filter(|character| !character.is_control()).take(LONGEST_OWN).collect::<String>();
    let parts = text.split([',', ';', '\n']).map(|part| clean(part.trim()));
    parts.filter(|part| !part.is_empty()).take(MOST_OWN).collect()
}

/// The first number of a text, with or without separators of thousands.
fn number(text: &str) -> Option<u32> {
    let from = text.find(|character: char| character.is_ascii_digit())?;
    // A number below nothing is none of ours.
    if text[..from].ends_with('-') {
        return None;
    }
    let digits: String = text[from..]
        .chars()
        .take_while(|character| character.is_ascii_digit() || matches!(character, ',' | '.' | '\'' | ' ' | '\u{a0}'))
        .collect();
    let (whole, _) = split_decimals(&digits);
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    whole.parse().ok().filter(|number| *number <= LARGEST)
}

/// Parts what follows a last point or comma, unless it is three digits: then it is thousands.
fn split_decimals(text: &str) -> (&str, &str) {
    let text = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    match text.rsplit_once(['.', ',']) {
        Some((whole, rest)) if rest.len() != 3 && rest.bytes().all(|byte| byte.is_ascii_digit()) => (whole, rest),
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, expected) in [
            ("about 120 a month", Some(120)),
            ("1,200", Some(1200)),
            ("1.200", Some(1200)),
            ("1 200", Some(1200)),
            ("12.5", Some(12)),
            ("40.", Some(40)),
            ("-5", None),
            ("many", None),
            ("99999999999", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
