//! What somebody answered, read strictly: from a page of the audit, or from a form on somebody's own site.

use std::collections::BTreeMap;

use serde_json::Value;
use shell::Detail;

use super::model::{Answers, Choice, Config, Kind, Part, Question, Step};

/// The longest list of answers, and the longest own words.
pub(crate) const MOST: usize = 20;
pub(crate) const LONGEST: usize = 80;
const MOST_NUMBER: u32 = 1_000_000;

/// The fields of a form: a name may come several times.
pub(crate) type Given = BTreeMap<String, Vec<String>>;

/// The first value of a field; empty where it did not come.
pub(crate) fn first<'a>(given: &'a Given, name: &str) -> &'a str {
    given.get(name).and_then(|values| values.first()).map_or("", String::as_str)
}

/// The name of a question's field.
pub(crate) fn field(question: &Question) -> String {
    format!("q_{}", question.id)
}

/// The name of the field for own words beside a question.
pub(crate) fn own_field(question: &Question) -> String {
    format!("own_{}", question.id)
}

impl Answers {
    /// Takes the answers of one page: they replace those that the page had. What is wrong is left out and said; with `draft`, a page
    /// may be left with questions open.
    pub(crate) fn take(&mut self, step: &Step, given: &Given, draft: bool) -> Vec<Detail> {
        let mut wrong = Vec::new();
        for question in &step.questions {
            self.forget(question);
            let name = field(question);
            let values = given.get(&name).map(Vec::as_slice).unwrap_or_default();
            let own = split(first(given, &own_field(question)));
            if let Err(reason) = self.put(question, values, own) {
                wrong.push(Detail::new(name, reason));
            } else if question.required && !draft && !self.has(question) {
                let reason =
                    if question.kind == Kind::Number { "needs a number" } else { "needs an answer: choose one" };
                wrong.push(Detail::new(name, reason));
            }
        }
        wrong
    }

    /// Whether a question has an answer.
    pub(crate) fn has(&self, question: &Question) -> bool {
        let id = &question.id;
        self.chosen.contains_key(id) || self.numbers.contains_key(id) || self.own.contains_key(id)
    }

    /// The choice of a question that has one.
    pub(crate) fn of_part<'a>(&self, config: &'a Config, part: Part) -> Option<&'a Choice> {
        let question = config.questions().find(|question| question.part == Some(part))?;
        let chosen = self.chosen.get(&question.id)?;
        question.choices.iter().find(|choice| chosen.contains(&choice.id))
    }

    fn forget(&mut self, question: &Question) {
        self.chosen.remove(&question.id);
        self.numbers.remove(&question.id);
        self.own.remove(&question.id);
    }

    fn put(&mut self, question: &Question, values: &[String], own: Vec<String>) -> Result<(), String> {
        let values: Vec<&str> = values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
        if values.len() > MOST || own.len() > MOST {
            return Err(format!("has more than {MOST} answers"));
        }
        if question.kind == Kind::Number {
            return match values.first() {
                Some(text) => number(text).map(|number| {
                    self.numbers.insert(question.id.clone(), number);
                }),
                None => Ok(()),
            };
        }
        if !own.is_empty() && !question.own_words {
            return Err("takes only the answers it offers".to_owned());
        }
        let mut chosen = Vec::new();
        for value in values {
            let Some(choice) = question.choices.iter().find(|choice| choice.id == value) else {
                return Err("has an answer that is not offered: choose again".to_owned());
            };
            if !chosen.contains(&choice) {
                chosen.push(choice);
            }
        }
        self.keep(question, chosen, own)
    }

    fn keep(&mut self, question: &Question, mut chosen: Vec<&Choice>, own: Vec<String>) -> Result<(), String> {
        if question.kind == Kind::One && chosen.len() > 1 {
            return Err("has more than one answer: choose one".to_owned());
        }
        // "None of these" beside others is a slip: the others are what was meant.
        if chosen.len() > 1 || !own.is_empty() {
            chosen.retain(|choice| !choice.none);
        }
        for text in &own {
            if text.chars().count() > LONGEST {
                return Err(format!("has words of your own that are longer than {LONGEST} characters"));
            }
            if text.chars().any(char::is_control) {
                return Err("has words of your own that are not plain text in one line".to_owned());
            }
        }
        if !chosen.is_empty() {
            // In the order of the question, so that the same answers are the same.
            chosen.sort_by_key(|choice| question.choices.iter().position(|one| one.id == choice.id));
            self.chosen.insert(question.id.clone(), chosen.into_iter().map(|choice| choice.id.clone()).collect());
        }
        if !own.is_empty() {
            self.own.insert(question.id.clone(), own);
        }
        Ok(())
    }

    /// Takes texts for the question of a part, from a form that does not know its choices: a text that is a choice or its label stands
    /// for it, another is kept as own words.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub(crate) fn take_texts(&mut self, config: &Config, part: Part, texts: &[String]) -> Result<(), String> {
        let Some(question) = config.questions().find(|question| question.part == Some(part)) else {
            return Ok(());
        };
        if texts.len() > MOST {
            return Err(format!("has more than {MOST} entries"));
        }
        let (mut chosen, mut own): (Vec<&Choice>, Vec<String>) = (Vec::new(), Vec::new());
        for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            match meant(question, text) {
                Some(choice) if chosen.contains(&choice) => {}
                Some(choice) => chosen.push(choice),
                None if own.iter().any(|known| known == text) => {}
                None => own.push(text.to_owned()),
            }
        }
        if question.kind == Kind::One && (chosen.is_empty() || !own.is_empty()) {
            let words: Vec<&str> = question.choices.iter().map(|choice| choice.id.as_str()).collect();
            return Err(format!("is not one of {}", words.join(", ")));
        }
        self.forget(question);
        self.keep(question, chosen, own)
    }

    /// Takes an answer to any question by its id: a text, a list of texts or a number.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn take_value(&mut self, config: &Config, id: &str, value: &Value) -> Result<(), String> {
        let question =
            config.questions().find(|question| question.id == id).ok_or("is not a question of this audit")?;
        let values: Vec<String> = match value {
            Value::String(text) => vec![text.clone()],
            Value::Number(number) => vec![number.to_string()],
            Value::Array(list) => {
                let texts = list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                texts.ok_or("is a list of something else than texts")?
            }
            _ => return Err("is neither a text, nor a list of texts, nor a number".to_owned()),
        };
        self.forget(question);
        self.put(question, &values, Vec::new())
    }
}

/// The choice that a text stands for.
fn meant<'a>(question: &'a Question, text: &str) -> Option<&'a Choice> {
    let text = plain(text);
    question.choices.iter().find(|choice| plain(&choice.id) == text || plain(&choice.label) == text)
}

/// Letters and digits in small, everything else between them one underscore: `Missed calls` is `missed_calls`.
fn plain(text: &str) -> String {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

fn number(text: &str) -> Result<u32, String> {
    let digits: String = text.chars().filter(|one| !matches!(one, ',' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    let number = digits.parse::<u32>().ok().filter(|number| *number <= MOST_NUMBER);
    number.ok_or_else(|| "is not a whole number from 0 to 1,000,000".to_owned())
}

/// Own words, separated by commas, semicolons or lines: no more of them than are refused.
fn split(text: &str) -> Vec<String> {
    let parts = text.split([',', ';', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
    let mut own: Vec<String> = Vec::new();
    for part in parts {
        if !own.iter().any(|known| known == part) {
            own.push(part.to_owned());
        }
        // Each is compared with those before it: a form of a megabyte must not be.
        if own.len() > MOST {
            break;
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::config::built_in;

    fn given(pairs: &[(&str, &str)]) -> Given {
        let mut given = Given::new();
        for (name, value) in pairs {
            given.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        given
    }

    fn taken(step: usize, pairs: &[(&str, &str)]) -> (Answers, Vec<Detail>) {
        let mut answers = Answers::default();
        let wrong = answers.take(&built_in().steps[step], &given(pairs), false);
        (answers, wrong)
    }

    #[test]
    fn a_page_is_read_and_asks_for_what_it_needs() {
        let (answers, wrong) = taken(
            0,
            &[
                ("q_industry", "dentist"),
                ("q_company_size", "2_5"),
                ("q_volume", " 1,200 "),
                ("own_channels", "Fax; Post,Fax"),
            ],
        );
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!((answers.chosen["industry"][0].as_str(), answers.numbers["volume"]), ("dentist", 1_200));
        assert_eq!(answers.own["channels"], ["Fax", "Post"]);
        let (_, wrong) = taken(0, &[("q_volume", "-3")]);
        let fields: Vec<&str> = wrong.iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, ["q_industry", "q_company_size", "q_volume"]);
        let mut answers = Answers::default();
        assert!(answers.take(&built_in().steps[0], &Given::new(), true).is_empty(), "a page may be left open");
    }

    #[test]
    fn a_page_that_is_answered_again_forgets_what_it_had() {
        let own = built_in();
        let mut answers = Answers::default();
        answers.take(&own.steps[1], &given(&[("q_systems", "crm"), ("q_systems", "dashboard")]), false);
        answers.take(&own.steps[1], &given(&[("q_systems", "paper")]), false);
        assert_eq!(answers.chosen["systems"], ["paper"]);
    }

    #[test]
    fn none_of_these_beside_others_is_a_slip() {
        let (answers, wrong) = taken(1, &[("q_systems", "paper"), ("q_systems", "crm"), ("q_systems", "crm")]);
        assert!(wrong.is_empty() && answers.chosen["systems"] == ["crm"]);
    }

    #[test]
    fn what_is_not_offered_is_refused_and_nothing_of_it_is_kept() {
        for pairs in [
            &[("q_answering", "<script>")][..],
            &[("q_answering", "chance"), ("q_answering", "measured")],
            &[("own_answering", "in our own way")],
        ] {
            let (answers, wrong) = taken(1, pairs);
            assert!(wrong.len() == 1 && !answers.chosen.contains_key("answering"), "{pairs:?}");
        }
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(taken(1, &[("own_systems", long.as_str())]).1.len(), 1);
        let many = (0..=MOST).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(taken(1, &[("own_systems", many.as_str())]).1.len(), 1);
        let flood = (0..150_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(split(&flood).len(), MOST + 1, "what is refused anyway is not compared");
    }

    #[test]
    fn texts_of_a_strange_form_stand_for_choices_or_for_themselves() {
        let own = built_in();
        let mut answers = Answers::default();
        let texts = ["Missed calls", "no-shows", "No-shows and late cancellations", "<b>Fax</b>", " ", "no shows"];
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(answers.take_texts(&own, Part::PainPoints, &texts), Ok(()));
        assert_eq!(answers.chosen["pains"], ["missed_calls", "no_shows"]);
        assert_eq!(answers.own["pains"], ["<b>Fax</b>"]);
        assert_eq!(answers.take_texts(&own, Part::Industry, &["Law firm".to_owned()]), Ok(()));
        assert_eq!(answers.chosen["industry"], ["legal"]);
        assert!(
            answers.take_texts(&own, Part::Industry, &["piracy".to_owned()]).is_err_and(|why| why.contains("other"))
        );
        assert!(answers.take_texts(&own, Part::CompanySize, &["2-5".to_owned()]).is_ok());
        let many: Vec<String> = (0..=MOST).map(|n| n.to_string()).collect();
        assert!(answers.take_texts(&own, Part::Kpis, &many).is_err());
    }

    #[test]
    fn values_by_id_are_texts_lists_and_numbers() {
        let own = built_in();
        let mut answers = Answers::default();
        for (id, value) in [("answering", json!("one_place")), ("kpis", json!(["missed"])), ("volume", json!(90))] {
            assert_eq!(answers.take_value(&own, id, &value), Ok(()), "{id}");
        }
        assert_eq!(answers.numbers["volume"], 90);
        for (id, value) in [
            ("nothing", json!("x")),
            ("volume", json!(1.5)),
            ("volume", json!(-1)),
            ("answering", json!({"a": 1})),
            ("kpis", json!([1])),
        ] {
            assert!(answers.take_value(&own, id, &value).is_err(), "{id} {value}");
        }
    }
}
