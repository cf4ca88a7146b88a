//! Signed notices of the systems that are connected, signed as the systems sign them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use shell::Settings;
use shell::testing::Answer;
use standins::sign;
use tokio::sync::Notify;

use super::support::{House, NOW};

/// What was asked of the systems, and a question that waits to be let go.
#[derive(Default)]
struct World {
    asked: Mutex<Vec<String>>,
    gate: Mutex<Option<(Arc<Notify>, Arc<Notify>)>>,
}

/// One answer that fits every system: who it is, and that there is nothing new.
async fn answer(State(world): State<Arc<World>>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    world.asked.lock().expect("the world").push(path.clone());
    let gate = world.gate.lock().expect("the world").clone();
    if let Some((came, go)) = gate.filter(|_| path == "/v2/payments") {
        came.notify_one();
        go.notified().await;
    }
    let all = json!({
        "id": "acct_1", "merchant": {"id": "M1"}, "portalId": 33, "AccessToken": "t", "Sites": [{"Id": 1, "Name": "North"}],
        "data": {"shop": {"myshopifyDomain": "north.myshopify.com", "name": "North"}}, "accounts": [{"id": "ACC1", "name": "North"}],
        "locations": [{"id": "L1", "status": "ACTIVE"}], "payments": [], "refunds": [], "bookings": [],
    });
    axum::Json(all).into_response()
}

async fn house() -> (House, Arc<World>) {
    let world = Arc::<World>::default();
    let router = Router::new().route("/{*rest}", any(answer)).with_state(Arc::clone(&world));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let house = House::with(|config| {
        let all = &mut config.connectors;
        for one in
            [&mut all.stripe, &mut all.shopify, &mut all.square, &mut all.mindbody, &mut all.callrail, &mut all.ctm]
        {
            one.base_url = Some(base.clone());
        }
        all.hubspot.base_url.clone_from(&base);
    })
    .await;
    (house, world)
}

/// The path of a connection's address, and the whole as the systems call it.
fn address(made: &Value, event: &str) -> (String, String) {
    let door = made["door"].as_str().expect("an address");
    let path = format!("{}{event}", &door[door.find("/webhooks").expect("a path")..]);
    let url = format!("{}{path}", Settings::default().public_url);
    (path, url)
}

async fn send(house: &House, path: &str, body: &str, headers: &[(&str, String)]) -> Answer {
    let request = Request::post(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    house.web.send(request.body(Body::from(body.to_owned())).expect("a valid request")).await
}

async fn stripe(house: &House) -> Value {
    house.connect(&json!({"kind": "stripe", "secrets": {"key": "rk", "signing": "whsec_old whsec_new"}})).await
}

fn charge(event: &str, id: &str) -> String {
    json!({"id": event, "type": "charge.succeeded", "livemode": true, "data": {"object": {
        "id": id, "object": "charge", "amount_captured": 4200, "currency": "usd", "captured": true, "paid": true, "status": "succeeded",
        "created": NOW - 60, "livemode": true,
    }}})
    .to_string()
}

fn by(secret: &str, body: &str, at: i64) -> [(&'static str, String); 1] {
    [("stripe-signature", sign::stripe(secret, body.as_bytes(), at))]
}

async fn square(house: &House) -> Value {
    house.connect(&json!({"kind": "square", "secrets": {"token": "t", "signing": "k"}})).await
}

async fn tell_square(house: &House, made: &Value, event: &str, kind: &str) -> Answer {
    let (path, url) = address(made, "");
    let body = json!({"event_id": event, "type": kind}).to_string();
    let signature = sign::square("k", &url, body.as_bytes());
    send(house, &path, &body, &[("x-square-hmacsha256-signature", signature)]).await
}

/// The runs that were made, oldest first: trigger, state, streams.
async fn runs(house: &House) -> Vec<(String, String, Option<Vec<String>>)> {
    sqlx::query_as("select trigger, state, streams from intake_runs order by id")
        .fetch_all(&mut house.web.db.owner().await)
        .await
        .expect("runs")
}

fn waiting(streams: &[&str]) -> (String, String, Option<Vec<String>>) {
    ("notice".to_owned(), "queued".to_owned(), Some(streams.iter().map(|&one| one.to_owned()).collect()))
}

#[tokio::test]
async fn what_comes_with_a_notice_is_a_signal_at_once_and_an_event_counts_once() {
    let (house, _) = house().await;
    let made = stripe(&house).await;
    let (path, _) = address(&made, "");
    let body = charge("evt_1", "ch_1");
    let first = send(&house, &path, &body, &by("whsec_new", &body, NOW)).await;
    assert_eq!((first.status, &first.json()["new"]), (200, &json!(1)), "{}", first.text);
    let again = send(&house, &path, &body, &by("whsec_old", &body, NOW + 1)).await;
    assert_eq!((again.status, &again.json()["repeated"]), (200, &json!(true)), "{}", again.text);
    // Another event that tells the same charge.
    let body = charge("evt_2", "ch_1");
    let same = send(&house, &path, &body, &by("whsec_old", &body, NOW)).await;
    assert_eq!((same.status, &same.json()["unchanged"]), (200, &json!(1)), "{}", same.text);
    assert_eq!(house.count("select count(*) from signals where kind = 'payment' and minor = 4200").await, 1);
    assert_eq!(house.count("select count(*) from intake_notices").await, 2);
    assert_eq!(house.count("select count(*) from intake_runs").await, 0, "nothing has to be read again");
}

#[tokio::test]
async fn what_nobody_signed_is_refused_and_never_kept() {
    let (house, _) = house().await;
    let made = stripe(&house).await;
    let (path, _) = address(&made, "");
    let body = charge("evt_1", "ch_1");
    let other = by("whsec_new", &charge("evt_1", "ch_2"), NOW).to_vec();
    let (wrong, old) = (by("wrong", &body, NOW).to_vec(), by("whsec_new", &body, NOW - 301).to_vec());
    for headers in [Vec::new(), wrong, old, other] {
        let refused = send(&house, &path, &body, &headers).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
    assert_eq!(
        house.count("select (select count(*) from intake_refusals) + (select count(*) from intake_notices)").await,
        0
    );
    let page = format!("/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    let shown = house.web.browse(&house.admin, &page).await;
    assert!(shown.text.contains("A notice was refused") && shown.text.contains(&path), "{}", shown.text);
    assert!(!shown.text.contains("whsec_new"));
    // Without a secret nothing is taken, whatever it is signed with.
    let bare = house.connect(&json!({"kind": "stripe", "secrets": {"key": "rk"}})).await;
    assert_eq!(send(&house, &address(&bare, "").0, &body, &by("", &body, NOW)).await.status, 401);
    for unknown in ["/webhooks/sources/stripe/unknown", "/webhooks/sources/rest/x", "/webhooks/sources/callrail/x/fax"]
    {
        assert_eq!(send(&house, unknown, &body, &by("whsec_new", &body, NOW)).await.status, 404, "{unknown}");
    }
    let elsewhere = path.replace("/stripe/", "/shopify/");
    assert_eq!(send(&house, &elsewhere, &body, &by("whsec_new", &body, NOW)).await.status, 404);
    let large = format!("{}{}", charge("evt_3", "ch_3"), " ".repeat(1 << 20));
    assert_eq!(send(&house, &path, &large, &by("whsec_new", &large, NOW)).await.status, 413);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_with_its_reason_once() {
    let (house, _) = house().await;
    let made = stripe(&house).await;
    let (path, _) = address(&made, "");
    for _ in 0..2 {
        let refused = send(&house, &path, "{", &by("whsec_new", "{", NOW)).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
    }
    // A charge in what is no currency: signed, readable, and no signal.
    let body = charge("evt_1", "ch_1").replace("\"usd\"", "\"dollars\"");
    let odd = send(&house, &path, &body, &by("whsec_new", &body, NOW)).await;
    assert_eq!((odd.status, &odd.json()["rejected"]), (200, &json!(1)), "{}", odd.text);
    let id = made["id"].as_str().expect("an id");
    let kept = house.get(&format!("/v2/ingestion/connections/{id}/refused")).await.json();
    let kept = kept["data"].as_array().expect("a list");
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept[0]["body"].as_str().expect("a body").contains("dollars"), "{kept:?}");
    let shown = house.web.browse(&house.admin, &format!("/ingestion/connections/{id}")).await;
    assert!(shown.text.contains("Refused bodies"), "{}", shown.text);
}

/// A connection, the path of its notices below its address, a notice, and the streams that it wakes.
type Told = (Value, &'static str, Value, &'static [&'static str]);

/// What each system tells.
fn told_by_each() -> [Told; 7] {
    [
        (
            json!({"kind": "shopify", "settings": {"shop": "north.myshopify.com"}, "secrets": {"token": "t"}}),
            "",
            json!({"id": 1}),
            &["orders"],
        ),
        (
            json!({"kind": "square", "secrets": {"token": "t"}}),
            "",
            json!({"event_id": "e1", "type": "booking.created"}),
            &["bookings"],
        ),
        (
            json!({"kind": "mindbody", "settings": {"site_id": "1", "time_zone": "America/Chicago", "currency": "USD", "user": "u"},
                "secrets": {"api_key": "a", "password": "p"}}),
            "",
            json!({"messageId": "m1", "eventId": "clientSale.created"}),
            &["sales"],
        ),
        (
            json!({"kind": "hubspot", "secrets": {"token": "t"}}),
            "",
            json!([{"eventId": 1, "portalId": 33, "occurredAt": 1, "subscriptionType": "deal.creation", "objectId": 5}]),
            &["deals"],
        ),
        (
            json!({"kind": "callrail", "settings": {"account_id": "ACC1"}, "secrets": {"key": "k"}}),
            "/call",
            json!({"id": 812_345_670}),
            &["calls"],
        ),
        (
            json!({"kind": "callrail", "settings": {"account_id": "ACC1"}, "secrets": {"key": "k"}}),
            "/form",
            json!({"id": 5}),
            &["form_submissions"],
        ),
        (
            json!({"kind": "ctm", "settings": {"account_id": "ACC1", "user": "u"}, "secrets": {"secret": "s"}}),
            "",
            json!({"id": 5, "unix_time": NOW - 60, "direction": "inbound", "call_status": "answered", "talk_time": 30, "caller_number": "+12145550123"}),
            &[],
        ),
    ]
}

/// What a system sends with a notice that it signed with a key.
fn signed(kind: &str, key: &str, url: &str, raw: &[u8]) -> Vec<(&'static str, String)> {
    let now = NOW.to_string();
    match kind {
        "shopify" => vec![
            ("x-shopify-hmac-sha256", sign::shopify(key, raw)),
            ("x-shopify-topic", "orders/paid".to_owned()),
            ("x-shopify-event-id", "e1".to_owned()),
        ],
        "square" => vec![("x-square-hmacsha256-signature", sign::square(key, url, raw))],
        "mindbody" => vec![("x-mindbody-signature", format!("sha256={}", sign::shopify(key, raw)))],
        "hubspot" => vec![
            ("x-hubspot-signature-v3", sign::hubspot(key, "POST", url, raw, NOW * 1_000)),
            ("x-hubspot-request-timestamp", (NOW * 1_000).to_string()),
        ],
        "callrail" => vec![("signature", sign::hmac_sha1_base64(key, raw))],
        _ => vec![
            ("x-ctm-time", now.clone()),
            ("x-ctm-signature", sign::hmac_sha1_base64(key, &[now.as_bytes(), raw].concat())),
        ],
    }
}

#[tokio::test]
async fn every_system_is_known_by_its_own_signature_and_wakes_its_streams() {
    let (house, _) = house().await;
    for (mut connect, event, body, woken) in told_by_each() {
        connect["secrets"]["signing"] = "hush".into();
        let made = house.connect(&connect).await;
        let (path, url) = address(&made, event);
        let kind = connect["kind"].as_str().expect("a kind");
        let body = body.to_string();
        let headers = |key: &str| signed(kind, key, &url, body.as_bytes());
        assert_eq!(send(&house, &path, &body, &headers("wrong")).await.status, 401, "{kind}");
        let taken = send(&house, &path, &body, &headers("hush")).await;
        assert_eq!((taken.status, &taken.json()["woken"]), (200, &json!(woken)), "{kind}: {}", taken.text);
        let again = send(&house, &path, &body, &headers("hush")).await;
        assert_eq!((again.status, &again.json()["repeated"]), (200, &json!(true)), "{kind}: {}", again.text);
        if !woken.is_empty() {
            assert_eq!(runs(&house).await.last(), Some(&waiting(woken)), "{kind}");
        }
    }
    assert_eq!(house.count("select count(*) from signals where kind = 'call' and source = 'ctm'").await, 1);
    assert_eq!(house.count("select count(*) from intake_runs").await, 6);
}

#[tokio::test]
async fn an_older_signature_of_hubspot_that_could_be_sent_for_ever_is_refused() {
    let (house, _) = house().await;
    let made = house.connect(&json!({"kind": "hubspot", "secrets": {"token": "t", "signing": "hush"}})).await;
    let body =
        json!([{"eventId": 1, "portalId": 33, "occurredAt": 1, "subscriptionType": "deal.creation", "objectId": 5}])
            .to_string();
    let signature = sign::hubspot_first("hush", body.as_bytes());
    let refused = send(&house, &address(&made, "").0, &body, &[("x-hubspot-signature", signature)]).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_waits_however_many_notices_come_and_one_follows_what_is_under_way() {
    let (house, world) = house().await;
    let made = square(&house).await;
    for (event, kind) in [("e1", "payment.created"), ("e2", "payment.updated"), ("e3", "booking.created")] {
        assert_eq!(tell_square(&house, &made, event, kind).await.status, 200);
    }
    assert_eq!(runs(&house).await, [waiting(&["bookings", "payments"])]);
    let (came, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    *world.gate.lock().expect("the world") = Some((Arc::clone(&came), Arc::clone(&go)));
    world.asked.lock().expect("the world").clear();
    let tell = async {
        came.notified().await;
        for (event, kind) in [("e4", "refund.created"), ("e5", "payment.updated")] {
            assert_eq!(tell_square(&house, &made, event, kind).await.status, 200);
        }
        world.gate.lock().expect("the world").take();
        go.notify_one();
    };
    tokio::join!(house.stint(), tell);
    house.drain().await;
    let all = runs(&house).await;
    // Nothing was read in full for a while, so what follows reads everything.
    let ended: Vec<_> =
        all.iter().map(|(trigger, state, streams)| (trigger.as_str(), state.as_str(), streams.is_some())).collect();
    assert_eq!(ended, [("notice", "done", true), ("notice", "done", false)]);
    assert!(
        world.asked.lock().expect("the world").iter().any(|path| path == "/v2/refunds"),
        "the run that followed read them"
    );
}

#[tokio::test]
async fn notices_do_not_keep_the_clock_from_reading_what_they_do_not_name() {
    let (house, world) = house().await;
    let made = square(&house).await;
    tell_square(&house, &made, "e1", "payment.created").await;
    house.drain().await;
    let asked = world.asked.lock().expect("the world").clone();
    let was = |one: &str| asked.iter().any(|path| path == one);
    assert!(was("/v2/payments") && !was("/v2/refunds"), "only what was named is read: {asked:?}");
    for reconciler in intake::reconcilers(&house.core) {
        reconciler.run().await.expect("it runs");
    }
    let triggers: Vec<String> = runs(&house).await.into_iter().map(|(trigger, ..)| trigger).collect();
    assert_eq!(triggers, ["notice", "schedule"]);
}

#[tokio::test]
async fn a_paused_connection_takes_nothing_and_a_new_address_ends_the_one_before() {
    let (house, _) = house().await;
    let made = stripe(&house).await;
    let (path, _) = address(&made, "");
    let act = format!("/ingestion/connections/{}/do", made["id"].as_str().expect("an id"));
    let body = charge("evt_1", "ch_1");
    house.web.submit(&house.admin, Method::POST, &act, "act=pause").await;
    let paused = send(&house, &path, &body, &by("whsec_new", &body, NOW)).await;
    assert_eq!((paused.status, &paused.json()["paused"]), (200, &json!(true)), "{}", paused.text);
    assert_eq!(house.count("select count(*) from signals").await, 0);
    let renewed = house.web.submit(&house.admin, Method::POST, &act, "act=address").await;
    assert_eq!(renewed.status, 303, "{}", renewed.text);
    assert_eq!(send(&house, &path, &body, &by("whsec_new", &body, NOW)).await.status, 404);
    assert_eq!(house.count("select count(*) from audit_log where action = 'ingestion.address_renewed'").await, 1);
}

#[tokio::test]
async fn the_doors_of_other_kinds_are_no_webhooks() {
    let (house, _) = house().await;
    let signed = stripe(&house).await;
    let folder = house.connect(&json!({"kind": "drop", "secrets": {"password": "hush hush hush"}})).await;
    let item = json!({"external_id": "a", "at": "2026-05-01T10:00:00Z", "kind": "payment", "value": {"amount": 12.5, "currency": "EUR"}});
    let token = address(&signed, "").0.rsplit('/').next().expect("a token").to_owned();
    for token in [token.as_str(), folder["door"].as_str().expect("a user")] {
        let refused = send(&house, &format!("/webhooks/intake/{token}"), &item.to_string(), &[]).await;
        assert_eq!(refused.status, 404, "{}", refused.text);
    }
    assert_eq!(house.count("select count(*) from signals").await, 0);
}
