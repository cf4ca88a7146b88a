//! Direct messages, subscriptions and webhooks on X.

use serde_json::{Value, json};
use standins::{Platform, Writing, sign};

use crate::receiver::Receiver;
use crate::{X_BEARER, X_SECRET, X_USER, answer, get, http, post, world};

const PERSON: &str = "2222222222222222222";
const APP: &str = "AAAASTANDINAPPONLYBEARER";

fn hello(world: &standins::World) -> String {
    world.customer_writes(&Writing::text(Platform::X, X_USER, PERSON, "hi, pricing?").named("Buyer One")).unwrap()
}

/// Signs a JSON POST the old way.
fn oauth1(url: &str, secret: &str, nonce: &str, at: i64) -> String {
    let fields = format!(
        "oauth_consumer_key=standin_x_consumer_key&oauth_nonce={nonce}&oauth_signature_method=HMAC-SHA1&oauth_timestamp={at}&oauth_token={}&oauth_version=1.0",
        sign::percent("1111111111111111111-STANDINTOKEN")
    );
    let base = format!("POST&{}&{}", sign::percent(url), sign::percent(&fields));
    let signature = sign::oauth1(X_SECRET, secret, &base);
    let quoted: Vec<String> = fields.split('&').map(|pair| pair.replace('=', "=\"") + "\"").collect();
    format!("OAuth {}, oauth_signature=\"{}\"", quoted.join(", "), sign::percent(&signature))
}

#[tokio::test]
async fn a_message_goes_both_ways() {
    let (world, receiver) = (world().await, Receiver::start().await);
    assert!(world.x.verify_webhook(&receiver.url).await);
    let id = hello(&world);
    let url = format!("{}/2/dm_conversations/with/{PERSON}/messages", world.x.base_url());
    let (status, sent) = post(&url, X_BEARER, &json!({ "text": "From 290 dollars." })).await;
    assert_eq!((status, &sent["data"]["dm_conversation_id"]), (201, &json!(format!("{X_USER}-{PERSON}"))));
    world.quiet().await;
    let bodies = receiver.bodies();
    let received = &bodies[0]["data"];
    let event = &received["payload"]["direct_message_events"][0];
    assert_eq!(
        (&received["event_type"], &event["id"], &event["message_create"]["sender_id"]),
        (&json!("dm.received"), &json!(id), &json!(PERSON))
    );
    assert!(event["created_timestamp"].is_string());
    assert_eq!(received["payload"]["users"][PERSON]["data"]["name"], "Buyer One");
    assert_eq!(
        (&bodies[1]["data"]["event_type"], &bodies[2]["data"]["event_type"]),
        (&json!("dm.sent"), &json!("dm.read"))
    );
    let read = format!(
        "{}/2/dm_conversations/with/{PERSON}/dm_events?dm_event.fields=sender_id,created_at",
        world.x.base_url()
    );
    let events = get(&read, X_BEARER).await.1;
    assert_eq!(
        (&events["data"][0]["id"], &events["data"][0]["sender_id"]),
        (&sent["data"]["dm_event_id"], &json!(X_USER))
    );
    assert_eq!(events["meta"]["result_count"], 2);
}

#[tokio::test]
async fn the_old_signature_is_recomputed() {
    let world = world().await;
    hello(&world);
    let url = format!("{}/2/dm_conversations/with/{PERSON}/messages", world.x.base_url());
    let now = standins::server::clock::Clock::default().now_s();
    let send = |header: String| answer(http().post(&url).header("authorization", header).json(&json!({ "text": "a" })));
    let good = oauth1(&url, "STANDINTOKENSECRET", "n1", now);
    assert_eq!(send(good.clone()).await.0, 201);
    assert_eq!(send(good).await.0, 401, "a nonce works once");
    assert_eq!(send(oauth1(&url, "WRONG", "n2", now)).await.0, 401);
    assert_eq!(send(oauth1(&url, "STANDINTOKENSECRET", "n3", now - 301)).await.0, 401);
}

#[tokio::test]
async fn callers_scopes_and_people_are_checked() {
    let world = world().await;
    hello(&world);
    let url = format!("{}/2/dm_conversations/with/{PERSON}/messages", world.x.base_url());
    let body = json!({ "text": "a" });
    assert_eq!(post(&url, "WRONG", &body).await.0, 401);
    let (status, problem) = post(&url, APP, &body).await;
    assert_eq!((status, &problem["type"]), (403, &json!("https://api.x.com/2/problems/unsupported-authentication")));
    assert_eq!(post(&url, X_BEARER, &json!({})).await.0, 400);
    assert_eq!(post(&url, X_BEARER, &json!({ "text": "a".repeat(10_001) })).await.0, 400);
    world.x.close_messages(PERSON, true);
    assert_eq!(post(&url, X_BEARER, &body).await.0, 403);
    assert_eq!(post(&url.replace(PERSON, "99"), X_BEARER, &body).await.0, 403);
    world.x.revoke(X_USER);
    assert_eq!(post(&url, X_BEARER, &body).await.0, 401);
}

#[tokio::test]
async fn fifteen_messages_in_a_quarter_hour() {
    let world = world().await;
    hello(&world);
    let url = format!("{}/2/dm_conversations/with/{PERSON}/messages", world.x.base_url());
    for left in (0..15).rev() {
        let response = http().post(&url).bearer_auth(X_BEARER).json(&json!({ "text": "a" })).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()["x-rate-limit-remaining"].to_str().unwrap()),
            (201, left.to_string().as_str())
        );
    }
    let refused = http().post(&url).bearer_auth(X_BEARER).json(&json!({ "text": "a" })).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["x-rate-limit-limit"].to_str().unwrap()), (429, "15"));
    assert!(refused.headers().contains_key("x-rate-limit-reset"));
    assert_eq!(refused.json::<Value>().await.unwrap()["type"], "https://api.x.com/2/problems/rate-limit-exceeded");
    world.x.advance(chrono::Duration::minutes(15));
    assert_eq!(post(&url, X_BEARER, &json!({ "text": "a" })).await.0, 201);
}

#[tokio::test]
async fn webhooks_need_the_challenge_and_can_be_disabled() {
    let (world, receiver) = (world().await, Receiver::start().await);
    let url = format!("{}/2/webhooks", world.x.base_url());
    assert_eq!(post(&url, X_BEARER, &json!({ "url": receiver.url })).await.0, 403, "the app alone");
    let closed = json!({ "url": format!("{}/nothing-here", world.x.base_url()) });
    assert_eq!(post(&url, APP, &closed).await.1["detail"], "CrcValidationFailed");
    hello(&world);
    assert_eq!(world.x.counters()["webhooks.no_verified_target"], 1);
    let (status, made) = post(&url, APP, &json!({ "url": receiver.url })).await;
    assert_eq!((status, &made["data"]["valid"]), (200, &json!(true)));
    assert_eq!(post(&url, APP, &json!({ "url": receiver.url })).await.1["detail"], "DuplicateUrlFailed");
    assert_eq!(
        post(&url, APP, &json!({ "url": "http://other.example.com/x" })).await.1["detail"],
        "WebhookLimitExceeded"
    );
    let one = format!("{url}/{}", made["data"]["id"].as_str().unwrap());
    assert_eq!(answer(http().put(&one).bearer_auth(APP)).await.0, 200);
    hello(&world);
    world.quiet().await;
    assert_eq!(receiver.bodies().len(), 1);
    assert_eq!(answer(http().delete(&one).bearer_auth(APP)).await.0, 200);
    assert_eq!(get(&url, APP).await.1["meta"]["result_count"], 0);
}

#[tokio::test]
async fn subscriptions_belong_to_their_user() {
    let world = world().await;
    let url = format!("{}/2/activity/subscriptions", world.x.base_url());
    let body = |event: &str| json!({ "event_type": event, "filter": { "user_id": X_USER }, "tag": "tenant-7" });
    assert_eq!(post(&url, APP, &body("dm.indicate_typing")).await.0, 403);
    assert_eq!(post(&url, X_BEARER, &body("no.such")).await.0, 400);
    assert_eq!(post(&url, X_BEARER, &body("dm.received")).await.1["detail"], "DuplicateSubscriptionFailed");
    let (status, made) = post(&url, X_BEARER, &body("dm.indicate_typing")).await;
    let id = made["data"]["subscription"]["subscription_id"].as_str().unwrap().to_owned();
    assert_eq!((status, get(&url, APP).await.1["meta"]["total_subscriptions"].as_u64()), (200, Some(4)));
    assert_eq!(answer(http().delete(format!("{url}/{id}")).bearer_auth(X_BEARER)).await.0, 200);
    assert_eq!(answer(http().delete(format!("{url}/{id}")).bearer_auth(X_BEARER)).await.0, 404);
}

#[tokio::test]
async fn the_old_activity_api_still_delivers() {
    let (world, receiver) = (world().await, Receiver::start().await);
    let made = post(&format!("{}/2/webhooks", world.x.base_url()), APP, &json!({ "url": receiver.url })).await.1;
    let url = format!(
        "{}/2/account_activity/webhooks/{}/subscriptions/all",
        world.x.base_url(),
        made["data"]["id"].as_str().unwrap()
    );
    assert_eq!(post(&url, X_BEARER, &json!({})).await.0, 403, "only the old signature");
    let header = oauth1(&url, "STANDINTOKENSECRET", "n9", standins::server::clock::Clock::default().now_s());
    let (status, subscribed) = answer(http().post(&url).header("authorization", header)).await;
    assert_eq!((status, &subscribed["data"]["subscribed"]), (200, &json!(true)));
    hello(&world);
    world.quiet().await;
    let old = receiver.bodies().into_iter().find(|body| body["for_user_id"] == X_USER).unwrap();
    assert_eq!(old["direct_message_events"][0]["message_create"]["message_data"]["text"], "hi, pricing?");
    assert_eq!(old["users"][PERSON]["screen_name"], "buyerone");
}
