//! Whatever a body holds, the parsers give an answer: they never panic, keys stay bounded, and every item can be
//! read again from its own raw form.

use connectors::channel::Received;
use connectors::{meta, x};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{OUR_APP, assert_replayable, instagram, messenger, now, whatsapp};

fn samples() -> Vec<Value> {
    let bodies = [
        messenger::MESSAGE,
        messenger::MIXED,
        instagram::STORY_REPLY,
        whatsapp::MESSAGE,
        whatsapp::FAILED,
        crate::x::RECEIVED,
        crate::x::LEGACY,
    ];
    bodies.iter().map(|body| serde_json::from_str(body).expect("a sample is JSON")).collect()
}

/// Any JSON, leaning to what could upset a parser.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,20}".prop_map(Value::from),
        Just(json!("a\u{0}b")),
        Just(json!("x".repeat(3000))),
        Just(json!({})),
        Just(json!([])),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Replaces, removes or doubles the value that `choice` picks.
fn mutate(value: &mut Value, choice: usize, with: &Value) {
    let mut paths = Vec::new();
    collect(value, &mut String::new(), &mut paths);
    let path = &paths[choice % paths.len()];
    let Some((parent, last)) = path.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) if choice.is_multiple_of(3) => drop(fields.remove(last)),
        Some(Value::Array(list)) if choice.is_multiple_of(3) => {
            let copy = list[last.parse::<usize>().expect("an index")].clone();
            list.push(copy);
        }
        _ => *value.pointer_mut(path).expect("the path exists") = with.clone(),
    }
}

fn collect(value: &Value, at: &mut String, paths: &mut Vec<String>) {
    paths.push(at.clone());
    let length = at.len();
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        at.push('/');
        at.push_str(&name);
        collect(child, at, paths);
        at.truncate(length);
    }
}

fn parse_both(body: &[u8]) -> [Vec<Received>; 2] {
    [meta::webhook::parse(body, OUR_APP, now()).unwrap_or_default(), x::webhook::parse(body, now()).unwrap_or_default()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_bodies(sample in 0..7_usize, changes in prop::collection::vec((any::<usize>(), anything()), 1..4)) {
        let mut body = samples().swap_remove(sample);
        for (choice, with) in &changes {
            mutate(&mut body, *choice, with);
        }
        let [of_meta, of_x] = parse_both(body.to_string().as_bytes());
        for item in of_meta.iter().chain(&of_x).flat_map(|batch| &batch.items) {
            prop_assert!(item.event_key.len() <= 200, "{}", item.event_key);
            prop_assert!(!item.event_key.contains('\0') && !item.sender_key.contains('\0'));
        }
        assert_replayable(&of_meta, crate::meta);
        assert_replayable(&of_x, crate::x);
    }

    #[test]
    fn broken_bytes(sample in 0..7_usize, cut in any::<usize>(), byte in any::<u8>()) {
        let mut body = samples().swap_remove(sample).to_string().into_bytes();
        let at = cut % body.len();
        body[at] = byte;
        drop(parse_both(&body));
        body.truncate(at);
        drop(parse_both(&body));
    }

    #[test]
    fn any_json_at_all(body in anything()) {
        drop(parse_both(body.to_string().as_bytes()));
    }
}
