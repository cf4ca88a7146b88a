//! Any REST API, against a small server with the faults that servers have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::support::House;

/// What the server does with a page, once.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Fails,
    Limits,
    Refuses,
    Repeats,
    Lies,
    Garbage,
    /// Whatever page is asked for, the same three come round and round.
    Circles,
}

#[derive(Default)]
struct World {
    fault: Mutex<Option<(u64, Fault)>>,
    asked: Mutex<Vec<u64>>,
    /// Since when the last question wanted to know.
    since: Mutex<Option<String>>,
    tokens: Mutex<u64>,
    /// Page 2 waits to be let go, where somebody asks for it.
    gate: Mutex<Option<(Arc<Notify>, Arc<Notify>)>>,
}

type Shared = Arc<World>;

fn record(n: u64) -> Value {
    json!({"id": format!("o{n}"), "paid": "2026-05-01T10:00:00Z", "total": "10.00"})
}

async fn orders(
    State(world): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if bearer != "Bearer hush" && !bearer.starts_with("Bearer token-") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let page: u64 = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    world.asked.lock().expect("the world").push(page);
    *world.since.lock().expect("the world") = query.get("since").cloned();
    let gate = world.gate.lock().expect("the world").clone();
    if let Some((came, go)) = gate.filter(|_| page == 2) {
        came.notify_one();
        go.notified().await;
    }
    let fault = world
        .fault
        .lock()
        .expect("the world")
        .filter(|(at, fault)| *at == page || *fault == Fault::Circles)
        .map(|(_, fault)| fault);
    let rows = |page: u64| (0..3).map(|n| record(page * 10 + n)).collect::<Vec<_>>();
    match fault {
        Some(Fault::Repeats) => return axum::Json(json!({"data": rows(page - 1), "total": 9})).into_response(),
        Some(Fault::Circles) => return axum::Json(json!({"data": rows(page % 3), "total": 9})).into_response(),
        Some(Fault::Lies) => return axum::Json(json!({"data": rows(page), "total": 1})).into_response(),
        Some(fault) => {
            world.fault.lock().expect("the world").take();
            return match fault {
                Fault::Limits => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response(),
                Fault::Refuses => StatusCode::FORBIDDEN.into_response(),
                Fault::Garbage => "<html>".into_response(),
                _ => StatusCode::BAD_GATEWAY.into_response(),
            };
        }
        None => {}
    }
    let data = if page <= 3 { rows(page) } else { Vec::new() };
    axum::Json(json!({"data": data, "total": 9})).into_response()
}

async fn token(State(world): State<Shared>) -> Response {
    let mut tokens = world.tokens.lock().expect("the world");
    *tokens += 1;
    axum::Json(json!({"access_token": format!("token-{tokens}"), "expires_in": 60})).into_response()
}

async fn serve() -> (String, Shared) {
    let world = Shared::default();
    let router = Router::new().route("/orders", get(orders)).route("/token", post(token)).with_state(world.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, world)
}

fn settings(address: &str) -> Value {
    json!({
        "url": format!("{address}/orders"), "auth": {"kind": "bearer"}, "records": "$.data[*]", "total": "$.total",
        "pages": {"kind": "page", "parameter": "page"}, "since_parameter": "since",
        "recipe": {"fields": {
            "external_id": {"path": "$.id"}, "at": {"path": "$.paid"}, "kind": {"value": "payment"}, "source": {"value": "shop"},
            "value": {"path": "$.total"}, "currency": {"value": "USD"},
        }},
    })
}

async fn connected() -> (House, Shared, Value) {
    let (house, (address, world)) = (House::new().await, serve().await);
    let made = house
        .connect(
            &json!({"kind": "rest", "name": "Shop", "settings": settings(&address), "secrets": {"secret": "hush"}}),
        )
        .await;
    world.asked.lock().expect("the world").clear();
    (house, world, made)
}

fn asked(world: &Shared) -> Vec<u64> {
    world.asked.lock().expect("the world").clone()
}

#[tokio::test]
async fn pages_are_read_to_the_end_and_again_changes_nothing() {
    let (house, world, made) = connected().await;
    let job = house.trigger(&made, "incremental").await;
    let twice = house.post("/v2/ingestion/trigger", &json!({"connection_id": made["id"]})).await;
    assert_eq!(twice.status, 409, "one run of a connection at a time");
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!(
        (done["state"].as_str(), done["rows"].as_i64(), done["landed"].as_i64()),
        (Some("done"), Some(9), Some(9)),
        "{done}"
    );
    assert_eq!(asked(&world), [1, 2, 3, 4]);
    let again = house.trigger(&made, "backfill").await;
    house.drain().await;
    let again = house.status(&again).await;
    assert_eq!((again["landed"].as_i64(), again["unchanged"].as_i64()), (Some(0), Some(9)), "{again}");
    assert_eq!(house.count("select count(*) from signals where source = 'shop' and minor = 1000").await, 9);
}

#[tokio::test]
async fn the_next_reading_begins_a_little_before_the_last_one_did() {
    let (house, world, made) = connected().await;
    for _ in 0..2 {
        house.trigger(&made, "incremental").await;
        house.drain().await;
    }
    let since = world.since.lock().expect("the world").clone().expect("an instant");
    let since = chrono::DateTime::parse_from_rfc3339(&since).expect("an instant");
    assert_eq!(since, super::support::now() - chrono::TimeDelta::minutes(10), "their clock may be behind ours");
}

#[tokio::test]
async fn a_crash_between_pages_repeats_none_of_those_that_landed() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((3, Fault::Fails));
    let job = house.trigger(&made, "incremental").await;
    house.stint().await;
    assert_eq!(house.count("select count(*) from signals").await, 6, "two pages landed");
    world.asked.lock().expect("the world").clear();
    house.drain().await;
    assert_eq!(asked(&world), [3, 4], "it went on behind the page that landed");
    let done = house.status(&job).await;
    assert_eq!((done["state"].as_str(), done["rows"].as_i64()), (Some("done"), Some(9)), "{done}");
}

#[tokio::test]
async fn too_much_waits_as_long_as_it_is_asked_to() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((2, Fault::Limits));
    let job = house.trigger(&made, "incremental").await;
    house.stint().await;
    let waits = house.status(&job).await;
    assert!(waits["waits_until"].as_str().expect("until when").contains('T'), "{waits}");
    assert_eq!(house.count("select count(*) from jobs where run_at > now() + interval '5 seconds'").await, 1);
    house.drain().await;
    assert_eq!(house.status(&job).await["state"], "done");
}

#[tokio::test]
async fn a_refused_permission_says_what_to_do_and_keeps_the_cursor() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((2, Fault::Refuses));
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    let failed = house.status(&job).await;
    assert_eq!(failed["state"], "failed");
    assert!(failed["error"].as_str().expect("a reason").contains("connect again"), "{failed}");
    let path = format!("/v2/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.get(&path).await.json()["state"], "reconnect");
    assert_eq!(house.post("/v2/ingestion/trigger", &json!({"connection_id": made["id"]})).await.status, 409);
    world.asked.lock().expect("the world").clear();
    assert_eq!(house.post(&format!("{path}/check"), &json!({})).await.status, 200);
    world.asked.lock().expect("the world").clear();
    house.trigger(&made, "incremental").await;
    house.drain().await;
    assert_eq!(asked(&world), [2, 3, 4], "it goes on where it stopped");
}

#[tokio::test]
async fn pages_that_repeat_stop_the_run_and_totals_that_lie_do_not() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((2, Fault::Repeats));
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    let stopped = house.status(&job).await;
    assert_eq!((stopped["state"].as_str(), stopped["rows"].as_i64()), (Some("failed"), Some(3)), "{stopped}");
    assert!(stopped["error"].as_str().expect("a reason").contains("same page twice"), "{stopped}");
    *world.fault.lock().expect("the world") = Some((3, Fault::Lies));
    let job = house.trigger(&made, "backfill").await;
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!((done["state"].as_str(), done["rows"].as_i64()), (Some("done"), Some(9)), "{done}");
}

#[tokio::test]
async fn pages_that_go_round_in_a_long_circle_stop_the_run() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((0, Fault::Circles));
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    let stopped = house.status(&job).await;
    assert_eq!(stopped["state"], "failed", "{stopped}");
    assert!(stopped["rows"].as_i64().expect("rows") < 60, "{stopped}");
    assert_eq!(house.count("select count(*) from signals").await, 9, "what came is kept");
}

#[tokio::test]
async fn what_is_no_json_fails_with_its_reason_and_the_clock_tries_again() {
    let (house, world, made) = connected().await;
    *world.fault.lock().expect("the world") = Some((1, Fault::Garbage));
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    assert_eq!(house.status(&job).await["state"], "failed");
    house.kernel().clock.advance(chrono::Duration::minutes(6));
    for reconciler in intake::reconcilers(&house.core) {
        reconciler.run().await.expect("it runs");
    }
    house.drain().await;
    assert_eq!(house.count("select count(*) from intake_runs where trigger = 'schedule' and state = 'done'").await, 1);
    assert_eq!(house.count("select count(*) from signals").await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_in_the_middle_lands_nothing_more_until_it_goes_on() {
    let (house, world, made) = connected().await;
    let (came, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *world.gate.lock().expect("the world") = Some((came.clone(), go.clone()));
    let job = house.trigger(&made, "incremental").await;
    let pause = async {
        came.notified().await;
        assert_eq!(house.post(&format!("/v2/ingestion/{job}/pause"), &json!({})).await.status, 200);
        world.gate.lock().expect("the world").take();
        go.notify_one();
    };
    tokio::join!(house.stint(), pause);
    assert_eq!(house.count("select count(*) from signals").await, 3, "page 2 came after the pause and did not land");
    assert_eq!(house.post(&format!("/v2/ingestion/{job}/resume"), &json!({})).await.status, 200);
    house.drain().await;
    assert_eq!(house.status(&job).await["rows"], 9);
}

#[tokio::test]
async fn client_credentials_are_exchanged_and_a_dry_run_writes_nothing() {
    let (house, (address, world)) = (House::new().await, serve().await);
    let mut settings = settings(&address);
    settings["auth"] = json!({"kind": "oauth2", "token_url": format!("{address}/token"), "client_id": "us"});
    let made = house.connect(&json!({"kind": "rest", "settings": settings, "secrets": {"secret": "client"}})).await;
    let body = json!({"connection_id": made["id"], "dry_run": true});
    let job = house.post("/v2/ingestion/trigger", &body).await.json()["job_id"].as_str().expect("a job").to_owned();
    house.drain().await;
    let done = house.status(&job).await;
    assert_eq!((done["state"].as_str(), done["landed"].as_i64()), (Some("done"), Some(9)), "{done}");
    assert_eq!(house.count("select (select count(*) from signals) + (select count(*) from intake_cursors)").await, 0);
    assert!(*world.tokens.lock().expect("the world") >= 1);
}

#[tokio::test]
async fn addresses_in_private_networks_are_refused_unless_the_operator_allows_them() {
    let house = House::with(|config| config.intake.allow_private = false).await;
    let (address, _) = serve().await;
    let body = json!({"kind": "rest", "settings": settings(&address), "secrets": {"secret": "hush"}});
    let refused = house.post("/v2/ingestion/connections", &body).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("not on the public internet"), "{}", refused.text);
    assert_eq!(house.count("select count(*) from connections").await, 0);
}
