//! The forms of what is asked: a page, a question with its choices, and what each choice says.

use super::{Field, Form, Group, Look};
use crate::audit::model::{Choice, Dimension, Kind, Question, Step};

/// What a page of the audit is called.
pub(super) fn step(step: &Step, place: usize, at: &str) -> Form {
    let group = Group {
        title: "The page".to_owned(),
        fields: vec![
            Field::line(format!("{at}/title"), "Title", &step.title),
            Field::text(format!("{at}/lead"), "A sentence under it; empty for none", &step.lead),
        ],
        ..Group::default()
    };
    Form {
        title: format!("Page {} of the audit", place + 1),
        lead: "What visitors read over its questions, and in the list of pages before they begin.",
        groups: vec![group],
        ..Form::default()
    }
}

/// A question and its choices.
pub(super) fn question(question: &Question, at: &str) -> Form {
    let counted = question.counted.iter().flat_map(|counted| (1..).zip(counted.at));
    let own = Group {
        title: "The question".to_owned(),
        fields: vec![
            Field::line(format!("{at}/label"), "Question", &question.label),
            Field::text(format!("{at}/hint"), "Hint under it", &question.hint),
            Field::yes(format!("{at}/required"), "Must be answered", question.required),
            Field::yes(format!("{at}/own_words"), "Own words can be added (many choices only)", question.own_words),
        ],
        row: counted
            .map(|(level, least): (usize, u8)| {
                Field::number(format!("{at}/counted/at/{}", level - 1), &format!("Choices for level {level}"), least)
            })
            .collect(),
        ..Group::default()
    };
    let choices = question.choices.iter().enumerate();
    let choices = choices.map(|(place, choice)| of_choice(choice, question.kind, format!("{at}/choices/{place}")));
    Form {
        title: question.label.clone(),
        lead: "A choice can stand for levels of one or more sides, 0 to 4, or make a side one level better or worse. Where it says \
               nothing about a side, leave the dash.",
        groups: std::iter::once(own).chain(choices).collect(),
        add: if question.kind == Kind::Number { String::new() } else { format!("{at}/choices") },
        add_label: "Add a choice",
        remove: at.to_owned(),
        weights: false,
    }
}

fn of_choice(choice: &Choice, kind: Kind, at: String) -> Group {
    let mut fields = vec![
        Field::line(format!("{at}/label"), "Choice", &choice.label),
        Field::line(format!("{at}/hint"), "Hint", &choice.hint),
    ];
    if kind == Kind::Many {
        fields.push(Field::yes(format!("{at}/none"), "Stands for none of the others", choice.none));
    }
    let speaks = kind != Kind::Number;
    let sides = || Dimension::ALL.into_iter().filter(move |_| speaks);
    Group {
        title: choice.label.clone(),
        fields,
        row: sides().map(|side| level(choice, side, &at)).collect(),
        more: sides().map(|side| effect(choice, side, &at)).collect(),
        more_title: "What it makes one level better or worse",
        open: !(choice.lifts.is_empty() && choice.lowers.is_empty()),
        remove: at,
    }
}

/// The level that a choice stands for.
fn level(choice: &Choice, side: Dimension, at: &str) -> Field {
    let value = choice.levels.get(&side).map(u8::to_string).unwrap_or_default();
    let levels = (0..=4).map(|level| (level.to_string(), level.to_string()));
    let options = std::iter::once((String::new(), "–".to_owned())).chain(levels).collect();
    Field { options, ..Field::new(format!("{at}/levels/{}", side.word()), named(side), value, Look::Choice) }
}

/// What a choice does to the level that others stand for.
fn effect(choice: &Choice, side: Dimension, at: &str) -> Field {
    let value = match (choice.lifts.contains(&side), choice.lowers.contains(&side)) {
        (true, _) => "lifts",
        (false, true) => "lowers",
        (false, false) => "",
    };
    let options = [("", "–"), ("lifts", "one better"), ("lowers", "one worse")];
    let options = options.map(|(value, label)| (value.to_owned(), label.to_owned()));
    Field::of(format!("{at}/effects/{}", side.word()), &named(side), value, options.into())
}

fn named(side: Dimension) -> String {
    side.word().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use crate::audit::config::built_in;

    /// The value of a field of the built-in form at a place.
    fn value(at: &str, name: &str) -> Option<String> {
        let form = super::super::form(&built_in(), at).expect("a form");
        let fields =
            form.groups.into_iter().flat_map(|group| group.fields.into_iter().chain(group.row).chain(group.more));
        fields.into_iter().find(|field| field.name == format!("{at}{name}")).map(|field| field.value)
    }

    #[test]
    fn what_choices_do_and_counts_make_is_in_the_form() {
        assert_eq!(value("/steps/1/questions/0", "/choices/0/effects/lead_capture").as_deref(), Some("lifts"));
        assert_eq!(value("/steps/1/questions/0", "/choices/0/effects/response").as_deref(), Some(""));
        assert_eq!(value("/steps/1/questions/0", "/choices/10/none").as_deref(), Some("true"));
        assert_eq!(value("/steps/3/questions/0", "/counted/at/2").as_deref(), Some("4"));
        assert_eq!(value("/steps/0/questions/0", "/choices/0/none"), None, "one answer needs no none");
        assert_eq!(value("/steps/3", "/title").as_deref(), Some("What you look at"));
    }
}
