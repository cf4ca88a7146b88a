//! Puts what a form says into a configuration: fields by their place in it, as JSON pointers. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shell::{AppError, Detail};

use crate::audit::model::{Config, Dimension, Part};

/// What is said of a place that somebody else took out meanwhile.
const GONE: &str = "is not there any more";

/// The configuration with the fields of a form; every field lies under `at`.
///
/// # Errors
/// What is wrong with which field.
pub(super) fn fields(config: &Config, at: &str, form: &BTreeMap<String, String>) -> Result<Config, AppError> {
    let mut value = serde_json::to_value(config).map_err(AppError::internal)?;
    let mut wrong = Vec::new();
    for (name, text) in form {
        let done =
            if name.starts_with(at) { field(&mut value, name, text) } else { Err("is not a field of this form") };
        if let Err(reason) = done {
            wrong.push(Detail::new(name, reason));
        }
    }
    if wrong.is_empty() { read(value) } else { Err(AppError::fields(wrong)) }
}

fn read(value: Value) -> Result<Config, AppError> {
    serde_json::from_value(value)
        .map_err(|error| AppError::unprocessable(format!("this does not fit the audit: {error}")))
}

fn field(value: &mut Value, name: &str, text: &str) -> Result<(), &'static str> {
    if let Some((choice, dimension)) = name.rsplit_once("/levels/").filter(|(choice, _)| choice.contains("/choices/")) {
        return level(value.pointer_mut(choice), dimension, text);
    }
    if let Some((choice, dimension)) = name.rsplit_once("/effects/").filter(|(choice, _)| choice.contains("/choices/"))
    {
        return effect(value.pointer_mut(choice), dimension, text);
    }
    if let Some(choice) = name.strip_suffix("/none").filter(|choice| choice.contains("/choices/")) {
        // Where it is not so, nothing is stored.
        let choice = value.pointer_mut(choice).and_then(Value::as_object_mut).ok_or(GONE)?;
        choice.insert("none".to_owned(), json!(text == "true"));
        return Ok(());
    }
    let place = value.pointer_mut(name).ok_or(GONE)?;
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    *place = match place {
        Value::String(_) => json!(text),
        Value::Bool(_) => json!(text == "true"),
        Value::Number(number) if number.is_f64() => {
            let number = text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
            json!(number.ok_or("is a number")?)
        }
        Value::Number(_) => json!(text.parse::<u32>().map_err(|_| "is a whole number of 0 or more")?),
        _ => return Err("is not a field"),
    };
    Ok(())
}

/// The level of a choice in a dimension; nothing takes it away.
fn level(choice: Option<&mut Value>, dimension: &str, text: &str) -> Result<(), &'static str> {
    let choice = choice.and_then(Value::as_object_mut).ok_or(GONE)?;
    known(dimension)?;
    let levels = choice.entry("levels").or_insert_with(|| json!({}));
    let levels = levels.as_object_mut().ok_or(GONE)?;
    match text.trim() {
        "" => drop(levels.remove(dimension)),
        level => {
            let level: u8 = level.parse::<u8>().ok().filter(|level| *level <= 4).ok_or("is a level from 0 to 4")?;
            levels.insert(dimension.to_owned(), json!(level));
        }
    }
    Ok(())
}

/// What a choice does to a dimension that others give a level: lifts it, lowers it, or nothing.
fn effect(choice: Option<&mut Value>, dimension: &str, text: &str) -> Result<(), &'static str> {
    let choice = choice.and_then(Value::as_object_mut).ok_or(GONE)?;
    known(dimension)?;
    let wanted = text.trim();
    if !["", "lifts", "lowers"].contains(&wanted) {
        return Err("is one better, one worse, or nothing");
    }
    for list in ["lifts", "lowers"] {
        let rows = choice.entry(list).or_insert_with(|| json!([])).as_array_mut().ok_or(GONE)?;
        let has = rows.iter().any(|row| row.as_str() == Some(dimension));
        if wanted != list {
            rows.retain(|row| row.as_str() != Some(dimension));
        } else if !has {
            rows.push(json!(dimension));
        }
    }
    Ok(())
}

fn known(dimension: &str) -> Result<(), &'static str> {
    let known = Dimension::ALL.iter().any(|known| known.word() == dimension);
    if known { Ok(()) } else { Err("is not a dimension") }
}

/// The configuration with one more in the list at a place, and the place of what is new.
///
/// # Errors
/// When nothing can be added there.
pub(super) fn add(config: &Config, list: &str) -> Result<(Config, String), AppError> {
    let mut value = serde_json::to_value(config).map_err(AppError::internal)?;
    let new = new(config, &value, list).ok_or_else(|| AppError::field("list", "takes nothing more"))?;
    let rows = value.pointer_mut(list).and_then(Value::as_array_mut).ok_or_else(|| AppError::not_found("list"))?;
    rows.push(new);
    let place = format!("{list}/{}", rows.len() - 1);
    Ok((read(value)?, place))
}

fn new(config: &Config, value: &Value, list: &str) -> Option<Value> {
    let parts: Vec<&str> = list.split('/').skip(1).collect();
    match parts[..] {
        ["steps", _, "questions"] => {
            let ids = config.questions().map(|question| question.id.as_str()).collect();
            let choice = |n: u8| json!({ "id": format!("choice_{n}"), "label": format!("Choice {n}") });
            let id = unused("question", &ids);
            Some(json!({ "id": id, "label": "A new question", "kind": "one", "choices": [choice(1), choice(2)] }))
        }
        ["steps", _, "questions", _, "choices"] => {
            let rows = value.pointer(list).and_then(Value::as_array);
            let ids = rows.into_iter().flatten().filter_map(|row| row.get("id")?.as_str()).collect();
            Some(json!({ "id": unused("choice", &ids), "label": "A new choice" }))
        }
        ["recommendations"] => {
            let ids = config.recommendations.iter().map(|one| one.id.as_str()).collect();
            Some(json!({
                "id": unused("advice", &ids), "title": "A new recommendation", "why": "Why it is worth it.",
                "first": "What to do first.", "effort_days": 1, "effect": 1, "moves": "risk", "dimension": "governance",
                "levels": [0, 3], "feature": "",
            }))
        }
        ["benchmarks"] => {
            let question = config.questions().find(|question| question.part == Some(Part::Industry))?;
            let has = |id: &str| config.benchmarks.iter().any(|one| one.industry.as_deref() == Some(id));
            let industry = question.choices.iter().find(|choice| !has(&choice.id))?;
            let like = config.benchmarks.iter().find(|one| one.industry.is_none())?;
            let mut new = serde_json::to_value(like).ok()?;
            new.as_object_mut()?.insert("industry".to_owned(), json!(industry.id));
            Some(new)
        }
        _ => None,
    }
}

/// An id that no other has.
fn unused(word: &str, known: &BTreeSet<&str>) -> String {
    let mut number = known.len();
    loop {
        number += 1;
        let id = format!("{word}_{number}");
        if !known.contains(id.as_str()) {
            return id;
        }
    }
}

/// The configuration without what is at a place of a list.
///
/// # Errors
/// When nothing can be taken away there.
pub(super) fn remove(config: &Config, place: &str) -> Result<Config, AppError> {
    let gone = || AppError::not_found("place in the audit");
    let mut value = serde_json::to_value(config).map_err(AppError::internal)?;
    let (list, at) = place.rsplit_once('/').ok_or_else(gone)?;
    let at: usize = at.parse().map_err(|_| gone())?;
    let parts: Vec<&str> = list.split('/').skip(1).collect();
    let may = matches!(
        parts[..],
        ["steps", _, "questions"] | ["steps", _, "questions", _, "choices"] | ["recommendations" | "benchmarks"]
    );
    let rows = value.pointer_mut(list).and_then(Value::as_array_mut).filter(|rows| may && at < rows.len());
    rows.ok_or_else(gone)?.remove(at);
    read(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::config::{built_in, check};

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn fields_are_put_in_their_places() {
        let given = form(&[
            ("/dimensions/0/weight", "16"),
            ("/dimensions/1/weight", " 4 "),
            ("/dimensions/0/levels/2", "Other words"),
        ]);
        let after = fields(&built_in(), "/dimensions", &given).expect("they fit");
        assert_eq!((after.dimensions[0].weight, after.dimensions[1].weight), (16, 4));
        assert_eq!(after.dimensions[0].levels[2], "Other words");
        let margin = fields(&built_in(), "/assumptions", &form(&[("/assumptions/industries/0/margin", "0,55")]))
            .expect("a share");
        assert!((margin.assumptions.industries[0].margin - 0.55).abs() < 1e-12);
    }

    #[test]
    fn levels_of_a_choice_come_and_go() {
        let choice = "/steps/0/questions/0/choices/0";
        let name = format!("{choice}/levels/response");
        let with = fields(&built_in(), choice, &form(&[(name.as_str(), "3")])).expect("a level");
        assert_eq!(with.steps[0].questions[0].choices[0].levels.get(&Dimension::Response), Some(&3));
        let without = fields(&with, choice, &form(&[(name.as_str(), "")])).expect("none");
        assert_eq!(without, *built_in());
        assert!(fields(&with, choice, &form(&[(name.as_str(), "5")])).is_err());
    }

    #[test]
    fn what_a_choice_lifts_and_lowers_comes_and_goes() {
        let choice = "/steps/2/questions/0/choices/0";
        let name = format!("{choice}/effects/data");
        let put = |config: &Config, text: &str| fields(config, choice, &form(&[(name.as_str(), text)]));
        let of = |config: &Config| {
            let choice = &config.steps[2].questions[0].choices[0];
            (choice.lifts.contains(&Dimension::Data), choice.lowers.contains(&Dimension::Data))
        };
        let before = (*built_in()).clone();
        assert_eq!(of(&before), (false, false));
        let lifted = put(&before, "lifts").expect("one better");
        assert_eq!(of(&lifted), (true, false));
        let lowered = put(&lifted, "lowers").expect("one worse");
        assert_eq!(of(&lowered), (false, true));
        assert_eq!(put(&lowered, "lowers").expect("the same"), lowered);
        assert_eq!(put(&lowered, "").expect("nothing"), before);
        assert!(put(&before, "better").is_err());
        let none = format!("{choice}/none");
        let alone = fields(&before, choice, &form(&[(none.as_str(), "true")])).expect("none of the others");
        assert!(alone.steps[2].questions[0].choices[0].none);
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_field() {
        for (at, name, text) in [
            ("/dimensions", "/dimensions/0/weight", "many"),
            ("/dimensions", "/bands/0/name", "Elsewhere"),
            ("/dimensions", "/dimensions/90/weight", "1"),
            ("/dimensions", "/dimensions/0", "x"),
        ] {
            let error = fields(&built_in(), at, &form(&[(name, text)])).expect_err("refused");
            assert_eq!(error.details()[0].field, name);
        }
    }

    #[test]
    fn lists_grow_and_shrink() {
        let own = built_in();
        for list in ["/steps/0/questions", "/steps/0/questions/0/choices", "/recommendations"] {
            let (more, place) = add(&own, list).expect("one more");
            assert_ne!(more, *own, "{list}");
            assert_eq!(remove(&more, &place).expect("gone again"), *own, "{list}");
        }
        assert!(
            add(&own, "/bands").is_err()
                && remove(&own, "/bands/0").is_err()
                && remove(&own, "/benchmarks/99").is_err()
        );
        let (more, _) = add(&own, "/recommendations").expect("one more");
        assert!(check(&more).is_ok(), "what is new breaks no rule");
    }

    #[test]
    fn a_number_question_can_get_choices_and_the_check_says_so() {
        let own = built_in();
        let place = own.steps[0].questions.iter().position(|question| question.choices.is_empty()).expect("a number");
        let (more, _) = add(&own, &format!("/steps/0/questions/{place}/choices")).expect("a choice");
        assert!(check(&more).is_err());
    }
}
