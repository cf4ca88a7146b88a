use ai::gateway::{Schema, StructuredAsk, Tier, Unanswered};
use serde_json::json;

use crate::world::{World, quirk};

fn schema() -> Schema {
    let source = json!({"type": "object", "properties": {"topic": {"enum": ["pricing", "support"]},
        "is_question": {"type": "boolean"}}, "required": ["topic", "is_question"], "additionalProperties": false});
    Schema::new("reading", source).expect("a schema")
}

fn ask<'a>(schema: &'a Schema, data: &'a [(&'a str, &'a str)]) -> StructuredAsk<'a> {
    StructuredAsk { stage: "understanding", task: "Find the topic.", data, schema, tier: Tier::Fast, max_tokens: 100 }
}

const DATA: &[(&str, &str)] = &[("Message", "What is your pricing for a cleaning?")];

#[tokio::test]
async fn an_answer_meets_its_schema() {
    let world = World::with(1).await;
    let (schema, mut decision) = (schema(), world.decision());
    let found = world.gateway.structured(&mut decision, &ask(&schema, DATA)).await.expect("an answer");
    assert_eq!((found.value["topic"].as_str(), found.repaired), (Some("pricing"), false));
    let sent: serde_json::Value = serde_json::from_str(&world.models[0].requests()[0].body).expect("JSON");
    assert_eq!(sent["response_format"]["json_schema"]["strict"], true);
}

#[tokio::test]
async fn a_broken_answer_is_repaired_once() {
    let world = World::with(1).await;
    world.fail(0, 1, quirk("broken_json"));
    let (schema, mut decision) = (schema(), world.decision());
    let found = world.gateway.structured(&mut decision, &ask(&schema, DATA)).await.expect("an answer");
    assert!(found.repaired);
    assert_eq!((world.asked(0), decision.model_calls().count()), (2, 2));
}

#[tokio::test]
async fn twice_broken_is_an_error_and_never_a_third_call() {
    let world = World::with(2).await;
    world.fail(0, 5, quirk("broken_json"));
    let (schema, mut decision) = (schema(), world.decision());
    let failed = world.gateway.structured(&mut decision, &ask(&schema, DATA)).await;
    assert!(matches!(failed, Err(Unanswered::Invalid(_))), "{failed:?}");
    assert_eq!((world.asked(0), world.asked(1)), (2, 0));
}

#[tokio::test]
async fn a_refusal_is_its_own_reason() {
    let world = World::with(1).await;
    world.fail(0, 1, quirk("refusal"));
    let (schema, mut decision) = (schema(), world.decision());
    let failed = world.gateway.structured(&mut decision, &ask(&schema, DATA)).await;
    assert!(matches!(failed, Err(Unanswered::Refused(_))), "{failed:?}");
}
