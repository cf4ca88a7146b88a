//! What published forms send twice has its effect once, and what they send often counts in all processes together.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use chrono::{Duration, Utc};
use kernel::ids::ContactId;
use kernel::privacy::{Expiry, Holder as _, Traces};
use kernel::testing::{TestRedis, until};
use serde_json::{Value, json};
use shell::testing::Answer;
use site::Core;
use tower::ServiceExt as _;

use crate::support::{VISITOR, World, hidden, visitor};

const AUDIT: &str = "/v2/audit/submit";
const CONTACT: &str = "/v2/contact/submit";
const CALCULATOR: &str = "/v2/calculator/roi";
/// An address in another network.
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

fn audit() -> Value {
    json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["Missed calls"], "currentSystems": ["crm"],
        "kpis": ["inquiries"], "answers": {"answering": "noted", "booking": "shared"}
    })
}

fn contact() -> Value {
    json!({ "name": "Dana", "email": "dana@example.com", "message": "We lose calls.", "inquiryType": "question" })
}

fn work() -> Value {
    json!({ "employees": 6, "processes": ["calls"], "timeSpent": { "calls": 12 } })
}

fn keyed(ip: [u8; 4], host: &str, path: &str, key: &str, body: &Value) -> Request<Body> {
    let mut request = visitor(Method::POST, path)
        .extension(ConnectInfo(SocketAddr::from((ip, 40_000))))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .expect("a request");
    request.headers_mut().insert(header::HOST, host.parse().expect("a host"));
    request
}

/// A keyed request of the usual visitor.
async fn sent(world: &World, path: &str, key: &str, body: &Value) -> Answer {
    world.send(keyed(VISITOR, "127.0.0.1:8080", path, key, body)).await
}

fn is_again(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

#[tokio::test]
async fn each_of_the_three_has_its_effect_once_and_gives_its_first_answer_again() {
    let world = World::new().await;
    for (path, body, status) in [(AUDIT, audit(), 201), (CONTACT, contact(), 202), (CALCULATOR, work(), 200)] {
        let first = sent(&world, path, "k1", &body).await;
        let again = sent(&world, path, "k1", &body).await;
        assert_eq!((first.status, again.status), (status, status), "{path}: {}", first.text);
        assert_eq!((is_again(&first), is_again(&again)), (false, true), "{path}");
        assert_eq!(again.text, first.text, "{path}");
        assert_eq!(again.header("content-type"), "application/json", "{path}");
        assert_eq!(again.header("access-control-allow-origin"), "*", "{path}: another origin may read it");
        assert!(again.header("access-control-expose-headers").contains("idempotent-replayed"), "{path}");
        let mut other = body.clone();
        other["kpis"] = json!(["something else"]);
        let refused = sent(&world, path, "k1", &other).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text);
        assert!(refused.text.contains("Idempotency-Key"), "{path}: {}", refused.text);
        assert_eq!(refused.header("access-control-allow-origin"), "*", "{path}");
    }
    assert_eq!(world.count("select count(*) from site_audits").await, 1);
    assert_eq!(world.count("select count(*) from site_inquiries").await, 1);
    let second = sent(&world, AUDIT, "k2", &audit()).await;
    assert_eq!((second.status, is_again(&second)), (201, false));
    assert_eq!(world.count("select count(*) from site_audits").await, 2, "another key is another audit");
}

#[tokio::test]
async fn without_a_key_nothing_is_kept_and_a_key_without_words_is_refused() {
    let world = World::new().await;
    assert_eq!(world.post_json(AUDIT, &audit()).await.status, 201);
    assert_eq!(world.post_json(AUDIT, &audit()).await.status, 201);
    assert_eq!(world.count("select count(*) from site_audits").await, 2);
    assert_eq!(world.count("select count(*) from site_answers").await, 0);
    for key in ["", &"k".repeat(256)] {
        assert_eq!(sent(&world, AUDIT, key, &audit()).await.status, 400);
    }
    let result = world.get_with("/v2/audit/results/none", &[("idempotency-key", "k")]).await;
    assert_eq!((result.status, result.header("idempotent-replayed")), (404, ""), "a key is for what has an effect");
}

#[tokio::test]
async fn a_key_is_one_networks_on_one_path_of_one_site() {
    let world = World::new().await;
    world.other("southwind.example").await;
    let first = sent(&world, AUDIT, "same", &audit()).await;
    let senders = [
        (ELSEWHERE, "127.0.0.1:8080", AUDIT),
        (VISITOR, "southwind.example", AUDIT),
        (VISITOR, "127.0.0.1:8080", CONTACT),
    ];
    for (ip, host, path) in senders {
        let body = if path == AUDIT { audit() } else { contact() };
        let answer = world.send(keyed(ip, host, path, "same", &body)).await;
        assert!(answer.status < 300 && !is_again(&answer), "{ip:?} {host} {path}: {} {}", answer.status, answer.text);
        assert_ne!(answer.text, first.text);
    }
    assert_eq!(world.count("select count(*) from site_audits").await, 3);
    let mine = sent(&world, AUDIT, "same", &audit()).await;
    assert!(is_again(&mine) && mine.text == first.text, "{}", mine.text);
}

#[tokio::test]
async fn two_at_once_are_one_audit() {
    let world = World::new().await;
    let body = audit();
    let (one, two) = tokio::join!(sent(&world, AUDIT, "k", &body), sent(&world, AUDIT, "k", &body));
    for answer in [&one, &two] {
        assert!([201, 409].contains(&answer.status), "{} {}", answer.status, answer.text);
    }
    assert!(one.status == 201 || two.status == 201);
    assert_eq!(world.count("select count(*) from site_audits").await, 1);
    let later = sent(&world, AUDIT, "k", &body).await;
    assert_eq!((later.status, is_again(&later)), (201, true));
}

#[tokio::test]
async fn a_complaint_is_not_kept_so_that_a_form_may_be_mended() {
    let world = World::new().await;
    let mut wrong = contact();
    wrong["email"] = json!("dana");
    let refused = sent(&world, CONTACT, "k", &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("\"email\""), "{}", refused.text);
    // The key is freed beside the answer, not before it.
    until("the key to be free again", || async {
        (sent(&world, CONTACT, "k", &contact()).await.status == 202).then_some(())
    })
    .await;
    assert_eq!(world.count("select count(*) from site_inquiries").await, 1);
}

#[tokio::test]
async fn a_kept_answer_is_sealed_names_nobody_and_is_forgotten_after_a_day() {
    let world = World::new().await;
    let first = sent(&world, AUDIT, "a-key-of-mine", &audit()).await.json();
    let row = world.text("select row_to_json(a)::text || encode(body, 'escape') from site_answers a").await;
    for told in [first["auditId"].as_str().expect("an id"), "a-key-of-mine", "203.0.113.7", "maturityScore"] {
        assert!(!row.contains(told), "{told}: {row}");
    }
    let answers = shell::KeptAnswers::new(world.web.kernel.clone());
    let sweep = async || {
        let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
        let long_ago = chrono::DateTime::<Utc>::UNIX_EPOCH;
        let held = Traces::of(ContactId::new(&world.web.kernel.clock));
        let expiry = Expiry { conversations: long_ago, ai: long_ago, receipts: long_ago, held, most: 100 };
        answers.expire(&mut tx, &expiry).await.expect("it expires");
        tx.commit().await.expect("a commit");
    };
    world.pass(Duration::hours(23));
    sweep().await;
    assert_eq!(world.count("select count(*) from site_answers").await, 1);
    world.pass(Duration::hours(2));
    let late = sent(&world, AUDIT, "a-key-of-mine", &audit()).await;
    assert!(late.status == 201 && !is_again(&late), "a day later it is another audit, whoever has swept");
    world.pass(Duration::hours(25));
    sweep().await;
    assert_eq!(world.count("select count(*) from site_answers").await, 0);
}

#[tokio::test]
async fn the_sites_role_sees_the_answer_of_its_token_and_keeps_none_for_another() {
    let world = World::new().await;
    sent(&world, AUDIT, "k", &audit()).await;
    let db = &world.web.kernel.db;
    for statement in [
        "delete from site_answers",
        "update site_answers set status = 500",
        "update site_answers set body = null where actor <> recoup_site_token()",
    ] {
        let mut tx = db.begin_site(world.org, Some("another")).await.expect("a transaction");
        let touched = sqlx::query(statement).execute(tx.conn()).await.expect("it runs").rows_affected();
        assert_eq!(touched, 0, "{statement}");
    }
    let mut tx = db.begin_site(world.org, Some("another")).await.expect("a transaction");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from site_answers").fetch_one(tx.conn()).await.expect("a count");
    assert_eq!(seen, 0);
    drop(tx);
    for statement in [
        "insert into site_answers (org_id, actor, key, fingerprint, created_at) values (recoup_org(), 'somebody', '/', '', now())",
        "insert into site_answers (org_id, actor, key, fingerprint, created_at) \
         values (gen_random_uuid(), recoup_site_token(), '/', '', now())",
        "update site_answers set actor = 'somebody'",
        "select 1 from idempotency_keys",
    ] {
        let mut tx = db.begin_site(world.org, Some("another")).await.expect("a transaction");
        assert!(sqlx::query(statement).execute(tx.conn()).await.is_err(), "{statement}");
    }
    assert_eq!(world.count("select count(*) from site_answers").await, 1);
}

#[tokio::test]
async fn the_reference_tells_of_the_key() {
    let world = World::new().await;
    let described = world.get("/v2/openapi.json").await.json();
    for path in [AUDIT, CONTACT, CALCULATOR] {
        let parameters = described["paths"][path]["post"]["parameters"].as_array().cloned().unwrap_or_default();
        let key = parameters.iter().find(|one| one["name"] == "Idempotency-Key").unwrap_or_else(|| panic!("{path}"));
        assert_eq!((&key["in"], &key["required"]), (&json!("header"), &json!(false)), "{path}");
    }
}

/// Another process that serves the same sites and shares a Redis.
fn process(world: &World, redis: &TestRedis) -> Router {
    let mut kernel = world.web.kernel.clone();
    let mut config = (*kernel.config).clone();
    config.redis_url = Some(redis.url());
    kernel.config = Arc::new(config);
    let gateway = ai::gateway::Gateway::new(&kernel, None);
    let core = Core::new(kernel, gateway, world.crm.clone(), world.desk.clone());
    site::front(&core, Router::new(), site::public(&core, &world.web.app))
}

async fn status(process: &Router, request: Request<Body>) -> u16 {
    let Ok(response) = process.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    to_bytes(body, usize::MAX).await.expect("the body ends");
    parts.status.as_u16()
}

#[tokio::test]
async fn limits_of_several_processes_are_one_and_without_redis_each_counts_alone() {
    let world = World::new().await;
    let mut redis = TestRedis::start().await;
    let (one, two) = (process(&world, &redis), process(&world, &redis));
    let begin = |agreed: bool| {
        let request = visitor(Method::POST, "/v2/site/chat").header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from(json!({ "agreed": agreed }).to_string())).expect("a request")
    };
    for _ in 0..15 {
        assert_eq!(status(&one, begin(true)).await, 201);
        assert_eq!(status(&two, begin(true)).await, 201);
    }
    assert_eq!((status(&one, begin(true)).await, status(&two, begin(true)).await), (429, 429));
    assert_eq!(status(&one, begin(false)).await, 422, "what is refused for another reason says so");
    redis.stop();
    assert_eq!(status(&one, begin(true)).await, 201, "its loss refuses nobody");
}

#[tokio::test]
async fn a_stamp_that_one_process_took_is_used_in_the_other_too() {
    let world = World::new().await;
    let redis = TestRedis::start().await;
    let processes = [process(&world, &redis), process(&world, &redis)];
    let fields = hidden(&world.get("/contact").await.text);
    world.pass(Duration::seconds(20));
    for (place, process) in processes.iter().enumerate() {
        let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let body = format!("{}&name=Dana&email=dana%40example.com&message=Call+me+please+{place}", form.join("&"));
        let request = visitor(Method::POST, "/contact")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        assert_eq!(status(process, request.body(Body::from(body)).expect("a request")).await, 303);
    }
    let judged =
        world.text("select string_agg(spam::text, ' then ' order by length(spam::text)) from site_inquiries").await;
    assert!(judged.starts_with("[] then ") && judged.contains("The same form was sent before"), "{judged}");
}
