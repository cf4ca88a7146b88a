//! The CRM: values, batches, duplicates, search, associations, limits, tokens, webhooks.

use serde_json::{Value, json};
use standins::{World, WorldConfig};

use crate::receiver::Receiver;
use crate::{answer, get, header, http, post, world};

const TOKEN: &str = "pat-na1-standin-0001";

async fn crm(world: &World, path: &str, body: Value) -> (u16, Value) {
    post(&format!("{}/crm/{path}", world.hubspot.base_url()), TOKEN, &body).await
}

fn contact(email: &str) -> Value {
    json!({ "properties": { "email": email, "firstname": "Asha" } })
}

#[tokio::test]
async fn values_are_strings_and_properties_must_exist() {
    let world = world().await;
    let (status, made) = crm(&world, "v3/objects/contacts", contact("asha@example.com")).await;
    assert_eq!((status, &made["properties"]["email"]), (201, &json!("asha@example.com")));
    assert!(made["id"].is_string());
    let wrong = |properties: Value| json!({ "properties": properties });
    for (properties, expected) in [
        (json!({ "recoup_score": "5" }), "PROPERTY_DOESNT_EXIST"),
        (json!({ "hs_lead_status": "HOT" }), "INVALID_OPTION"),
        (json!({ "email": "not an address" }), "INVALID_EMAIL"),
        (json!({ "createdate": "2026-01-01" }), "READ_ONLY_VALUE"),
    ] {
        let (status, error) = crm(&world, "v3/objects/contacts", wrong(properties)).await;
        assert_eq!(
            (status, &error["category"], &error["errors"][0]["code"]),
            (400, &json!("VALIDATION_ERROR"), &json!(expected))
        );
    }
    assert_eq!(crm(&world, "v3/objects/contacts", wrong(json!({ "phone": 5 }))).await.0, 400, "a number is no value");
    assert_eq!(
        crm(&world, "v3/objects/notes", wrong(json!({ "hs_note_body": "a" }))).await.0,
        400,
        "a note needs its time"
    );
}

#[tokio::test]
async fn a_property_can_be_made_and_then_used() {
    let world = world().await;
    let property = json!({ "name": "recoup_score", "label": "Score", "type": "number", "fieldType": "number", "groupName": "recoup" });
    assert_eq!(crm(&world, "v3/properties/contacts", property.clone()).await.0, 400, "its group is missing");
    assert_eq!(
        crm(&world, "v3/properties/contacts/groups", json!({ "name": "recoup", "label": "Recoup" })).await.0,
        201
    );
    assert_eq!(crm(&world, "v3/properties/contacts", property.clone()).await.0, 201);
    assert_eq!(crm(&world, "v3/properties/contacts", property).await.0, 409);
    let scored = json!({ "properties": { "email": "b@example.com", "recoup_score": "71" } });
    assert_eq!(crm(&world, "v3/objects/contacts", scored).await.0, 201);
    let status = get(&format!("{}/crm/v3/properties/contacts/hs_lead_status", world.hubspot.base_url()), TOKEN).await.1;
    assert_eq!(status["options"][0]["value"], "NEW");
}

#[tokio::test]
async fn duplicates_conflict_and_name_the_other() {
    let world = world().await;
    let first = crm(&world, "v3/objects/contacts", contact("asha@example.com")).await.1;
    let (status, error) = crm(&world, "v3/objects/contacts", contact("Asha@Example.com")).await;
    assert_eq!((status, &error["category"]), (409, &json!("CONFLICT")));
    assert!(error["message"].as_str().unwrap().ends_with(&format!("Existing ID: {}", first["id"].as_str().unwrap())));
}

#[tokio::test]
async fn batches_are_judged_one_by_one() {
    let world = world().await;
    let input = |email: &str, trace: &str, name: &str| json!({ "idProperty": "email", "id": email, "objectWriteTraceId": trace, "properties": { name: "x" } });
    let body =
        json!({ "inputs": [input("a@example.com", "t1", "firstname"), input("b@example.com", "t2", "nonsense")] });
    let (status, mixed) = crm(&world, "v3/objects/contacts/batch/upsert", body).await;
    assert_eq!((status, &mixed["numErrors"], &mixed["results"][0]["new"]), (207, &json!(1), &json!(true)));
    assert_eq!(mixed["errors"][0]["context"]["objectWriteTraceId"][0], "t2");
    let again = json!({ "inputs": [input("A@example.com", "t3", "firstname")] });
    let (status, second) = crm(&world, "v3/objects/contacts/batch/upsert", again).await;
    assert_eq!(
        (status, &second["results"][0]["new"], world.hubspot.records("contacts").len()),
        (200, &json!(false), 1)
    );
    let many: Vec<Value> = (0..101).map(|n| input(&format!("{n}@example.com"), "t", "firstname")).collect();
    assert_eq!(crm(&world, "v3/objects/contacts/batch/upsert", json!({ "inputs": many })).await.0, 400);
    let phone = json!({ "inputs": [{ "idProperty": "phone", "id": "1", "properties": {} }] });
    assert_eq!(crm(&world, "v3/objects/contacts/batch/upsert", phone).await.0, 207, "a phone is not unique");
}

#[tokio::test]
async fn search_lags_behind_writes() {
    let world = world().await;
    let made = crm(&world, "v3/objects/contacts", contact("asha@example.com")).await.1;
    let query = json!({ "filterGroups": [{ "filters": [{ "propertyName": "email", "operator": "EQ", "value": "asha@example.com" }] }] });
    assert_eq!(crm(&world, "v3/objects/contacts/search", query.clone()).await.1["total"], 0);
    world.hubspot.advance(chrono::Duration::seconds(3));
    assert_eq!(crm(&world, "v3/objects/contacts/search", query).await.1["results"][0]["id"], made["id"]);
    let groups = vec![json!({ "filters": [] }); 6];
    assert_eq!(crm(&world, "v3/objects/contacts/search", json!({ "filterGroups": groups })).await.0, 400);
}

#[tokio::test]
async fn six_searches_in_a_second_are_one_too_many() {
    let world = world().await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(crm(&world, "v3/objects/contacts/search", json!({})).await);
    }
    let last = statuses.pop().unwrap();
    assert!(statuses.iter().all(|(status, _)| *status == 200));
    assert_eq!((last.0, &last.1["policyName"]), (429, &json!("SECONDLY")));
}

#[tokio::test]
async fn bursts_and_days_have_limits() {
    let mut config = WorldConfig::default();
    (config.hubspot.limits.private_per_10_s, config.hubspot.limits.per_day) = (2, 3);
    let world = World::start(config).await.unwrap();
    let url = format!("{}/crm/v3/owners", world.hubspot.base_url());
    let first = http().get(&url).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(
        (header(&first, "x-hubspot-ratelimit-remaining"), header(&first, "x-hubspot-ratelimit-daily-remaining")),
        ("1", "2")
    );
    assert_eq!(get(&url, TOKEN).await.0, 200);
    let burst = get(&url, TOKEN).await;
    assert_eq!(
        (burst.0, &burst.1["policyName"], &burst.1["errorType"]),
        (429, &json!("TEN_SECONDLY_ROLLING"), &json!("RATE_LIMIT"))
    );
    world.hubspot.advance(chrono::Duration::seconds(11));
    assert_eq!(get(&url, TOKEN).await.1["policyName"], "DAILY");
}

#[tokio::test]
async fn lines_join_deals_notes_and_contacts() {
    let world = world().await;
    let base = world.hubspot.base_url();
    let contact =
        crm(&world, "v3/objects/contacts", contact("asha@example.com")).await.1["id"].as_str().unwrap().to_owned();
    let note = json!({ "properties": { "hs_timestamp": "1787212345678", "hs_note_body": "called" },
        "associations": [{ "to": { "id": contact }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 }] }] });
    assert_eq!(crm(&world, "v3/objects/notes", note.clone()).await.0, 201);
    let mut astray = note;
    astray["associations"][0]["to"]["id"] = json!("999");
    assert_eq!(crm(&world, "v3/objects/notes", astray).await.0, 404);
    let deal = crm(
        &world,
        "v3/objects/deals",
        json!({ "properties": { "dealname": "Implant", "amount": "1200", "dealstage": "appointmentscheduled" } }),
    )
    .await
    .1["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let put = |path: String, body: Value| answer(http().put(format!("{base}{path}")).bearer_auth(TOKEN).json(&body));
    assert_eq!(
        put(format!("/crm/v4/objects/deals/{deal}/associations/default/contacts/{contact}"), json!(null)).await.0,
        200
    );
    let labelled = put(
        format!("/crm/v4/objects/deals/{deal}/associations/contacts/{contact}"),
        json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3 }]),
    )
    .await;
    assert_eq!((labelled.0, &labelled.1["fromObjectTypeId"]), (201, &json!("0-3")));
    let wrong = put(
        format!("/crm/v4/objects/deals/{deal}/associations/contacts/{contact}"),
        json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 }]),
    )
    .await;
    assert_eq!(wrong.0, 400);
    let (_, lines) = get(&format!("{base}/crm/v4/objects/contacts/{contact}/associations/deals"), TOKEN).await;
    assert_eq!(lines["results"][0]["toObjectId"].to_string(), deal);
    let batch = json!({ "inputs": [{ "from": { "id": deal }, "to": { "id": contact } }, { "from": { "id": "999" }, "to": { "id": contact } }] });
    assert_eq!(crm(&world, "v4/associations/deals/contacts/batch/associate/default", batch).await.0, 207);
}

#[tokio::test]
async fn records_are_read_changed_merged_and_archived() {
    let world = world().await;
    let base = format!("{}/crm/v3/objects/contacts", world.hubspot.base_url());
    let first = crm(&world, "v3/objects/contacts", contact("a@example.com")).await.1["id"].clone();
    let second =
        crm(&world, "v3/objects/contacts", json!({ "properties": { "phone": "+15550100" } })).await.1["id"].clone();
    let by_email = format!("{base}/a@example.com?idProperty=email&properties=firstname,phone");
    assert_eq!(get(&by_email, TOKEN).await.1["properties"]["phone"], Value::Null);
    let patched =
        answer(http().patch(&by_email).bearer_auth(TOKEN).json(&json!({ "properties": { "firstname": "" } }))).await;
    assert_eq!((patched.0, &patched.1["properties"]["firstname"]), (200, &Value::Null));
    let merged =
        crm(&world, "v3/objects/contacts/merge", json!({ "primaryObjectId": first, "objectIdToMerge": second })).await;
    assert_eq!((merged.0, world.hubspot.records("contacts")[0].properties["phone"].as_str()), (200, "+15550100"));
    let one = format!("{base}/{}", first.as_str().unwrap());
    assert_eq!(answer(http().delete(&one).bearer_auth(TOKEN)).await.0, 204);
    assert_eq!(get(&one, TOKEN).await.1["category"], "OBJECT_NOT_FOUND");
}

#[tokio::test]
async fn edits_by_hand_reach_us_signed() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.hubspot.webhooks_to(&receiver.url);
    let id: u64 =
        crm(&world, "v3/objects/contacts", contact("a@example.com")).await.1["id"].as_str().unwrap().parse().unwrap();
    world.hubspot.staff_edits("contacts", id, "hs_lead_status", "CONNECTED").unwrap();
    assert!(world.hubspot.staff_edits("contacts", id, "hs_lead_status", "HOT").is_err());
    world.quiet().await;
    let event = &receiver.bodies()[0][0];
    assert_eq!(
        (&event["subscriptionType"], &event["propertyValue"], &event["objectId"]),
        (&json!("contact.propertyChange"), &json!("CONNECTED"), &json!(id))
    );
}
