//! The dialogue without anything around it.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::audit::config::built_in;
use crate::audit::score::score;

fn said(choices: &[&str], text: &str) -> Said {
    Said::new(choices.iter().map(|one| (*one).to_owned()).collect(), text)
}

struct House {
    config: Arc<Config>,
    plans: Vec<Plan>,
}

impl House {
    fn new() -> Self {
        let fields = json!({"plans": [
            {"name": "Own server", "price": "Free", "for": "We run it ourselves", "includes": ["All of it."]},
            {"name": "Guided", "price": "On request", "for": "We want help"},
        ]});
        Self { config: built_in(), plans: plans(&fields) }
    }

    fn known(&self) -> Known<'_> {
        Known { config: &self.config, plans: &self.plans, site: "Northwind", audit: true, booking: true }
    }

    fn nothing_yet(&self) -> Progress {
        Progress { done: 0, of: self.config.questions().count() }
    }

    /// Chooses the first of what is offered until nothing is asked any more; gives what is to be done.
    fn first_choices(&self, flow: &mut Flow, mut turn: Turn) -> Then {
        for _ in 0..40 {
            if turn.then != Then::Nothing {
                return turn.then;
            }
            let open = turn.lines.last().expect("a question").data.clone();
            let first = open.choices.iter().find(|choice| choice.id.starts_with("a:"));
            turn = match first {
                Some(choice) => step(flow, &said(&[&choice.id], ""), &self.known()),
                None => step(flow, &said(&[], "120"), &self.known()),
            };
        }
        panic!("it never ends");
    }
}

#[test]
fn the_assessment_asks_everything_once_and_the_diagnostic_nothing_of_it_again() {
    let house = House::new();
    let mut flow = Flow::default();
    let begun = step(&mut flow, &said(&["assess"], ""), &house.known());
    assert_eq!(begun.lines.len(), 2, "what it is, and the first question");
    assert_eq!(begun.lines[1].data.progress, Some(house.nothing_yet()));
    assert_eq!(house.first_choices(&mut flow, begun), Then::Finish(Run::Assessment));
    assert!(score(&house.config, &flow.answers).answered_weight > 0);
    flow.run = None;
    let other = step(&mut flow, &said(&["ready"], ""), &house.known());
    assert_eq!(other.then, Then::Finish(Run::Readiness), "all of it is answered");
}

#[test]
fn the_diagnostic_leaves_out_what_says_nothing_of_how_things_are_done() {
    let house = House::new();
    let mut flow = Flow::default();
    let begun = step(&mut flow, &said(&["ready"], ""), &house.known());
    house.first_choices(&mut flow, begun);
    assert!(flow.answers.numbers.is_empty(), "no volume was asked for");
    let scored = score(&house.config, &flow.answers);
    assert_eq!(scored.answered_weight, 100, "yet every dimension has its level");
}

#[test]
fn back_takes_an_answer_back_and_asks_again() {
    let house = House::new();
    let mut flow = Flow::default();
    let begun = step(&mut flow, &said(&["assess"], ""), &house.known());
    let first = begun.lines[1].text.clone();
    step(&mut flow, &said(&["a:dentist"], ""), &house.known());
    let back = step(&mut flow, &said(&["back"], ""), &house.known());
    assert_eq!(back.lines[0].text, first);
    assert_eq!(flow.answers, Answers::default());
}

#[test]
fn words_are_answers_too_and_what_is_none_of_the_choices_is_kept() {
    let house = House::new();
    let mut flow = Flow::default();
    step(&mut flow, &said(&["assess"], ""), &house.known());
    step(&mut flow, &said(&[], "dentist"), &house.known());
    step(&mut flow, &said(&[], "2"), &house.known());
    assert_eq!(flow.answers.chosen["industry"], ["dentist"]);
    assert_eq!(flow.answers.chosen["company_size"], ["2_5"]);
    step(&mut flow, &said(&[], "phone, carrier pigeon"), &house.known());
    assert_eq!(flow.answers.chosen["channels"], ["phone"]);
    assert_eq!(flow.answers.own["channels"], ["carrier pigeon"]);
    let unread = step(&mut flow, &said(&[], "a lot"), &house.known());
    assert!(unread.lines[0].text.starts_with("That is not a number"), "{}", unread.lines[0].text);
    step(&mut flow, &said(&[], "1,200 a month"), &house.known());
    assert_eq!(flow.answers.numbers["volume"], 1200);
}

#[test]
fn none_stands_alone() {
    let house = House::new();
    let before = ["industry", "company_size", "systems", "answering"];
    let chosen = before.map(|question| (question.to_owned(), vec!["x".to_owned()])).into();
    let answers = Answers { chosen, ..Answers::default() };
    let mut flow = Flow { run: Some(Run::Readiness), answers, ..Flow::default() };
    step(&mut flow, &said(&["a:none", "a:missed_calls"], ""), &house.known());
    assert_eq!(flow.answers.chosen["pains"], ["missed_calls"]);
}

#[test]
fn a_question_in_between_is_looked_up_and_the_open_one_stays() {
    let house = House::new();
    let mut flow = Flow::default();
    step(&mut flow, &said(&["assess"], ""), &house.known());
    let asked = step(&mut flow, &said(&[], "What does it cost?"), &house.known());
    assert_eq!(asked.then, Then::Look("What does it cost?".into()));
    assert_eq!(resume(&flow, &house.known()).expect("it is still open").data.progress, Some(house.nothing_yet()));
}

#[test]
fn a_person_is_asked_for_before_anything_is_passed_on() {
    let house = House::new();
    let mut flow = Flow::default();
    let asked = step(&mut flow, &said(&[], "I want to talk to a person"), &house.known());
    assert!(asked.lines[0].data.person_form && flow.offering_person);
    assert_eq!(asked.then, Then::Nothing, "nothing is passed on yet");
    let no = step(&mut flow, &said(&["no"], ""), &house.known());
    assert!(no.lines[0].text.contains("nothing was passed on") && !flow.offering_person);
}

#[test]
fn a_plan_is_one_of_the_sites_own() {
    let house = House::new();
    let mut flow = Flow::default();
    let asked = step(&mut flow, &said(&["plan"], ""), &house.known());
    assert_eq!(asked.lines[0].data.choices[0].label, "We run it ourselves");
    let told = step(&mut flow, &said(&["p:0"], ""), &house.known());
    assert_eq!(told.lines[0].text, "Then it is “Own server” (Free). In it: All of it.");
    assert_eq!(told.lines[0].data.links[0].href, "/pricing");
}

#[test]
fn without_an_audit_there_is_none_in_the_menu() {
    let house = House::new();
    let known = Known { audit: false, plans: &[], ..house.known() };
    let ids: Vec<String> = greeting(&known).data.choices.into_iter().map(|choice| choice.id).collect();
    assert_eq!(ids, ["person"]);
    let turn = step(&mut Flow::default(), &said(&["assess"], ""), &known);
    assert_eq!(turn.lines[0].text, "What would you like to do?");
}

proptest! {
    /// Whatever a visitor sends, the dialogue answers or says what is to be done, keeps within bounds, and reads back.
    #[test]
    fn nothing_that_is_said_breaks_the_dialogue(
        steps in prop::collection::vec(("[a-z:_0-9]{0,12}", ".{0,120}", 0_usize..12), 1..40),
    ) {
        let house = House::new();
        let mut flow = Flow::default();
        for (choice, text, which) in steps {
            let ids = ["assess", "ready", "plan", "person", "no", "skip", "back", "stop", "a:dentist", "a:none", "p:1", choice.as_str()];
            let turn = step(&mut flow, &said(&[ids[which]], &text), &house.known());
            prop_assert!(!turn.lines.is_empty() || turn.then != Then::Nothing);
            if let Then::Finish(run) = turn.then {
                flow.run = None;
                flow.done.insert(run, MaturityId::from_uuid(uuid::Uuid::nil()));
            }
            prop_assert!(flow.answers.own.values().flatten().all(|own| own.chars().count() <= 80));
            prop_assert!(flow.asked.len() <= 12);
            let read: Flow = serde_json::from_str(&serde_json::to_string(&flow).expect("it is JSON")).expect("it reads");
            prop_assert_eq!(&read, &flow);
        }
    }
}
