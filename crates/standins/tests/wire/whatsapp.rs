//! Sending and receiving on WhatsApp.

use serde_json::{Value, json};
use standins::meta::Trouble;
use standins::{Content, Fault, Platform, Rule, World, WorldConfig, Writing};

use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::{NUMBER, PAGE_TOKEN, SYSTEM_TOKEN, WABA, answer, get, http, post, world};

const PERSON: &str = "16505550123";

fn write(world: &World, content: Content) -> String {
    world.customer_writes(&Writing::new(Platform::WhatsApp, NUMBER, PERSON, content).named("Asha P")).unwrap()
}

fn text(body: &str) -> Value {
    json!({ "messaging_product": "whatsapp", "to": "+1 650 555 0123", "type": "text", "text": { "body": body }, "biz_opaque_callback_data": "turn-7" })
}

async fn send(world: &World, body: &Value) -> (u16, Value) {
    post(&format!("{}/v25.0/{NUMBER}/messages", world.meta.base_url()), SYSTEM_TOKEN, body).await
}

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap()
}

#[tokio::test]
async fn a_message_goes_both_ways_with_statuses() {
    let (world, receiver) = (world().await, Receiver::start().await);
    assert!(world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await);
    let id = write(&world, Content::text("Is the clinic open on Sunday?"));
    let (status, sent) = send(&world, &text("Yes.")).await;
    assert_eq!((status, &sent["contacts"][0]), (200, &json!({ "input": "+1 650 555 0123", "wa_id": PERSON })));
    world.quiet().await;
    let changes = receiver.changes();
    let message = &changes[0]["messages"][0];
    assert_eq!(
        (&message["id"], &message["from"], &message["text"]["body"]),
        (&json!(id), &json!(PERSON), &json!("Is the clinic open on Sunday?"))
    );
    assert!(message["timestamp"].is_string(), "seconds, as text");
    assert_eq!(changes[0]["metadata"]["phone_number_id"], NUMBER);
    assert_eq!(
        (&changes[0]["contacts"][0]["wa_id"], &changes[0]["contacts"][0]["profile"]["name"]),
        (&json!(PERSON), &json!("Asha P"))
    );
    let statuses: Vec<&Value> = changes[1..].iter().map(|change| &change["statuses"][0]).collect();
    assert_eq!(
        statuses.iter().map(|s| s["status"].as_str().unwrap()).collect::<Vec<_>>(),
        ["sent", "delivered", "read"]
    );
    assert!(statuses.iter().all(|s| s["id"] == sent["messages"][0]["id"] && s["biz_opaque_callback_data"] == "turn-7"));
}

#[tokio::test]
async fn somebody_with_a_user_name_has_no_number() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    world.customer_writes(&Writing::text(Platform::WhatsApp, NUMBER, "US.13491208655302741918", "hi")).unwrap();
    let mut body = text("hello");
    body["to"] = json!("US.13491208655302741918");
    let (status, sent) = send(&world, &body).await;
    assert_eq!((status, &sent["contacts"][0]["user_id"]), (200, &json!("US.13491208655302741918")));
    world.quiet().await;
    let contact = &receiver.changes()[0]["contacts"][0];
    assert_eq!(*contact, json!({ "user_id": "US.13491208655302741918" }), "no wa_id and no profile");
}

#[tokio::test]
async fn the_window_is_refused_at_once_or_later() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    assert_eq!(code(&send(&world, &text("cold")).await.1), 131_047);
    write(&world, Content::text("hi"));
    world.meta.advance(chrono::Duration::hours(24));
    assert_eq!(code(&send(&world, &text("late")).await.1), 131_047);
    world.meta.trouble(Trouble::LateWindowErrors { on: true });
    assert_eq!(send(&world, &text("late")).await.0, 200);
    world.quiet().await;
    let failed = &receiver.changes()[1]["statuses"][0];
    assert_eq!((&failed["status"], &failed["errors"][0]["code"]), (&json!("failed"), &json!(131_047)));
    assert_eq!(world.messages().len(), 1, "a failed message is not visible");
}

#[tokio::test]
async fn templates_open_a_closed_window() {
    let world = world().await;
    let base = world.meta.base_url();
    let url = format!("{base}/v25.0/{WABA}/message_templates");
    let template = json!({ "name": "reminder", "language": "en", "category": "UTILITY", "components": [{ "type": "BODY", "text": "See you {{1}}" }] });
    assert_eq!(post(&url, SYSTEM_TOKEN, &template).await.1["status"], "APPROVED");
    assert_eq!(get(&url, SYSTEM_TOKEN).await.1["data"][0]["name"], "reminder");
    let sent = |name: &str, parameters: Value| {
        json!({ "messaging_product": "whatsapp", "to": PERSON, "type": "template", "template": { "name": name,
            "language": { "code": "en" }, "components": [{ "type": "body", "parameters": parameters }] } })
    };
    let (status, answer) = send(&world, &sent("reminder", json!([{ "type": "text", "text": "Friday" }]))).await;
    assert_eq!((status, &answer["messages"][0]["message_status"]), (200, &json!("accepted")));
    assert_eq!(code(&send(&world, &sent("reminder", json!([]))).await.1), 132_000);
    assert_eq!(code(&send(&world, &sent("other", json!([]))).await.1), 132_001);
}

#[tokio::test]
async fn limits_for_a_pair_and_for_a_number() {
    let mut config = WorldConfig::default();
    config.meta.limits.pair_per_min = 2;
    config.meta.limits.whatsapp_per_s = 3;
    let world = World::start(config).await.unwrap();
    write(&world, Content::text("hi"));
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(send(&world, &text("a")).await.1["error"]["code"].as_i64().unwrap_or(0));
    }
    assert_eq!(codes, [0, 0, 131_056]);
    for person in ["16505550124", "16505550125"] {
        world.customer_writes(&Writing::text(Platform::WhatsApp, NUMBER, person, "hi")).unwrap();
        let mut body = text("a");
        body["to"] = json!(person);
        codes.push(send(&world, &body).await.1["error"]["code"].as_i64().unwrap_or(0));
    }
    assert_eq!(codes[3..], [0, 130_429]);
}

#[tokio::test]
async fn callers_recipients_and_bodies_are_checked() {
    let world = world().await;
    write(&world, Content::text("hi"));
    let url = format!("{}/v25.0/{NUMBER}/messages", world.meta.base_url());
    assert_eq!(code(&post(&url, PAGE_TOKEN, &text("a")).await.1), 10);
    let mut own = text("a");
    own["to"] = json!("15550100111");
    assert_eq!(code(&send(&world, &own).await.1), 131_021);
    world.meta.trouble(Trouble::Blocked { account: NUMBER.into(), person: PERSON.into(), on: true });
    assert_eq!(code(&send(&world, &text("a")).await.1), 131_026);
    let mut bare = text("a");
    bare.as_object_mut().unwrap().remove("messaging_product");
    assert_eq!(code(&send(&world, &bare).await.1), 100);
    assert_eq!(code(&send(&world, &text(&"a".repeat(4097))).await.1), 100, "the form is judged before the recipient");
}

#[tokio::test]
async fn a_fault_can_fail_a_message_later() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    write(&world, Content::text("hi"));
    world.meta.fail(Rule::next("POST */messages", 1, Fault::Quirk { name: "fail_later:131049".into() }));
    assert_eq!(send(&world, &text("a")).await.0, 200);
    world.quiet().await;
    assert_eq!(receiver.changes()[1]["statuses"][0]["errors"][0]["code"], 131_049);
}

#[tokio::test]
async fn media_goes_up_and_comes_down_with_the_token() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    let base = world.meta.base_url();
    let part = reqwest::multipart::Part::bytes(b"picture".to_vec()).file_name("a.png").mime_str("image/png").unwrap();
    let form = reqwest::multipart::Form::new().text("messaging_product", "whatsapp").part("file", part);
    let up =
        answer(http().post(format!("{base}/v25.0/{NUMBER}/media")).bearer_auth(SYSTEM_TOKEN).multipart(form)).await;
    let id = up.1["id"].as_str().unwrap().to_owned();
    let (_, described) = get(&format!("{base}/v25.0/{id}?phone_number_id={NUMBER}"), SYSTEM_TOKEN).await;
    assert_eq!((&described["mime_type"], &described["file_size"]), (&json!("image/png"), &json!("7")));
    let url = described["url"].as_str().unwrap();
    assert_eq!(http().get(url).send().await.unwrap().status(), 401);
    let file = http().get(url).bearer_auth(SYSTEM_TOKEN).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"picture");
    write(&world, Content::Audio { voice: true });
    world.quiet().await;
    let audio = receiver.changes()[0]["messages"][0]["audio"].clone();
    let (_, described) = get(&format!("{base}/v25.0/{}", audio["id"].as_str().unwrap()), SYSTEM_TOKEN).await;
    assert_eq!((&audio["voice"], &described["sha256"]), (&json!(true), &audio["sha256"]));
}

#[tokio::test]
async fn odd_kinds_arrive_in_their_shapes() {
    let (world, receiver) = (world().await, Receiver::start().await);
    world.meta.verify_webhook(&receiver.url, VERIFY_TOKEN).await;
    write(&world, Content::Unsupported);
    write(&world, Content::NumberChanged { new: "16505550199".into() });
    write(&world, Content::FromAdvert { text: "offer?".into(), advert: "120".into() });
    write(&world, Content::ListReply { id: "r1".into(), title: "Friday".into() });
    world.quiet().await;
    let changes = receiver.changes();
    assert_eq!(changes[0]["messages"][0]["errors"][0]["code"], 131_051);
    assert!(
        changes[1].get("contacts").is_none() && changes[1]["messages"][0]["system"]["type"] == "user_changed_number"
    );
    assert_eq!(changes[2]["messages"][0]["referral"]["source_id"], "120");
    assert_eq!(changes[3]["messages"][0]["interactive"]["list_reply"]["title"], "Friday");
}

#[tokio::test]
async fn a_message_can_be_marked_read_with_typing() {
    let world = world().await;
    let id = write(&world, Content::text("hi"));
    let mut mark = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": { "type": "text" } });
    assert_eq!(send(&world, &mark).await.1, json!({ "success": true }));
    mark["message_id"] = json!("wamid.unknown");
    assert_eq!(code(&send(&world, &mark).await.1), 100);
    assert_eq!(world.meta.signals().len(), 1);
}

#[tokio::test]
async fn numbers_are_listed_and_registered() {
    let world = world().await;
    let base = world.meta.base_url();
    let (_, numbers) = get(&format!("{base}/v25.0/{WABA}/phone_numbers"), SYSTEM_TOKEN).await;
    assert_eq!(numbers["data"][0]["id"], NUMBER);
    let register = |pin: &str| json!({ "messaging_product": "whatsapp", "pin": pin });
    assert_eq!(post(&format!("{base}/v25.0/{NUMBER}/register"), SYSTEM_TOKEN, &register("123456")).await.0, 200);
    assert_eq!(post(&format!("{base}/v25.0/{NUMBER}/register"), SYSTEM_TOKEN, &register("12")).await.0, 400);
}
