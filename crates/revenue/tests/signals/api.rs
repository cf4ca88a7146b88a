//! The routes.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use shell::Role;

use crate::support::House;

fn lead(n: usize, at: DateTime<Utc>) -> Value {
    json!({ "external_id": format!("lead-{n}"), "at": at, "kind": "lead", "source": "web", "lead": format!("L{n}"), "contact": format!("p{n}@example.com") })
}

fn response(n: usize, at: DateTime<Utc>) -> Value {
    json!({ "external_id": format!("re-{n}"), "at": at, "kind": "response", "source": "web", "lead": format!("L{n}") })
}

#[tokio::test]
async fn a_signal_is_taken_once_corrected_and_refused_with_its_place() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(2);
    let pay = |amount: Value| json!({ "external_id": "p1", "at": at, "kind": "payment", "source": "till", "value": { "amount": amount, "currency": "USD" } });
    let told = house
        .post(
            "/v2/signals",
            &json!({ "signals": [pay(json!("12.50")), { "external_id": "x", "kind": "dream" }, lead(1, at)] }),
        )
        .await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    assert_eq!(
        (&told["accepted"], &told["rejected"][0]["index"], &told["rejected"][0]["external_id"]),
        (&2.into(), &1.into(), &"x".into()),
        "{told}"
    );
    let again = house.post("/v2/signals", &json!([pay(json!(12.5))])).await.json();
    assert_eq!((&again["unchanged"], &again["accepted"]), (&1.into(), &0.into()), "{again}");
    let other = house.post("/v2/signals", &json!([pay(json!(13))])).await.json();
    assert_eq!(other["corrected"], 1, "{other}");
    let euros = json!([{ "external_id": "e", "at": at, "kind": "payment", "source": "till", "value": { "amount": 1, "currency": "EUR" } }]);
    let refused = house.post("/v2/signals", &euros).await.json();
    assert!(refused["rejected"][0]["reason"].as_str().is_some_and(|reason| reason.contains("no rate")), "{refused}");
    let rows = house.get("/v2/signals?kind=payment").await.json();
    assert_eq!((rows["data"].as_array().map(Vec::len), &rows["data"][0]["minor"]), (Some(1), &1_300.into()), "{rows}");
    house.settle().await;
    house.assert_whole("after a correction").await;
}

#[tokio::test]
async fn who_may_not_and_what_is_too_much_is_refused() {
    let house = House::new().await;
    let viewer = house.web.token(house.org, Role::Viewer);
    assert_eq!(house.web.post(&viewer, "/v2/signals", &json!([])).await.status, 403);
    let many: Vec<Value> = (0..1_001).map(|n| lead(n, house.web.kernel.clock.now())).collect();
    assert_eq!(house.post("/v2/signals", &json!(many)).await.status, 422);
    assert_eq!(house.post("/v2/signals", &json!({ "signal": [] })).await.status, 422);
    let own = json!([{ "external_id": "1", "at": house.web.kernel.clock.now(), "kind": "lead", "source": "recoup" }]);
    assert_eq!(house.post("/v2/signals", &own).await.json()["rejected"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn leads_answered_at_once_score_100_and_another_organisation_has_no_data() {
    let house = House::new().await;
    let theirs = house.web.org("Theirs").await;
    let at = house.web.kernel.clock.now() - Duration::days(3);
    let mut signals: Vec<Value> = (0..40).map(|n| lead(n, at + Duration::minutes(n as i64))).collect();
    signals.extend((0..40).map(|n| response(n, at + Duration::minutes(n as i64 + 2))));
    assert_eq!(house.post("/v2/signals", &json!(signals)).await.json()["accepted"], 80);
    house.settle().await;
    let scores = house.post("/v2/scoring/calculate", &json!({})).await;
    assert_eq!(scores.status, 200, "{}", scores.text);
    let scores = scores.json();
    let of = |kind: &str| {
        scores["scores"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|score| score["type"] == kind)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        (&of("response_velocity")["value"], &of("lead_leakage")["value"]),
        (&json!(100.0), &json!(0.0)),
        "{scores}"
    );
    assert!(
        of("revenue_at_risk")["value"].is_null() && of("revenue_at_risk")["missing"].is_string(),
        "no value of a lead is known"
    );
    let history = house.get(&format!("/v2/scoring/{}/history?type=response_velocity", house.org)).await.json();
    assert_eq!(
        history["data"].as_array().and_then(|days| days.last()).map(|day| day["value"].clone()),
        Some(json!(100.0)),
        "{history}"
    );
    let rows = house.get("/v2/signals?score=response_velocity&limit=30").await.json();
    assert!(rows["data"].as_array().map(Vec::len) == Some(30) && rows["next_cursor"].is_string(), "{rows}");
    assert_eq!(house.get(&format!("/v2/scoring/{theirs}/history?type=lead_leakage")).await.status, 404);
    let other = house.web.token(theirs, Role::Admin);
    let empty = house.web.post(&other, "/v2/scoring/calculate", &json!({})).await.json();
    assert!(
        empty["scores"]
            .as_array()
            .is_some_and(|all| all.len() == 5 && all.iter().all(|score| score["value"].is_null())),
        "{empty}"
    );
    assert_eq!(house.web.get(&other, "/v2/signals").await.json()["data"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn unanswered_leads_all_leak_and_are_found_behind_the_figure() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(3);
    let signals: Vec<Value> = (0..10).map(|n| lead(n, at + Duration::minutes(n as i64))).collect();
    house.post("/v2/signals", &json!(signals)).await;
    house.settle().await;
    let scores = house.post("/v2/scoring/calculate", &json!({})).await.json();
    let value = |kind: &str| {
        scores["scores"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|score| score["type"] == kind)
            .map(|score| score["value"].clone())
    };
    assert_eq!((value("response_velocity"), value("lead_leakage")), (Some(json!(0.0)), Some(json!(100.0))), "{scores}");
    let rows = house.get("/v2/signals?score=lead_leakage&component=respond").await.json();
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(10), "{rows}");
    let mut tx = house.tx().await;
    let leaks = revenue::read::leaks(&mut tx, &revenue::read::LeakFilter::default(), None, 4).await.expect("leaks");
    assert_eq!(leaks.len(), 4);
    let after = leaks.last().map(|leak| (leak.leaked_at, leak.lead));
    let rest = revenue::read::leaks(&mut tx, &revenue::read::LeakFilter::default(), after, 100).await.expect("leaks");
    assert_eq!(rest.len(), 6, "the cursor leads to the rest");
}

#[tokio::test]
async fn places_are_made_by_name_and_settings_are_edited() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(3);
    let mut signals: Vec<Value> = (0..12).map(|n| lead(n, at)).collect();
    for (n, signal) in signals.iter_mut().enumerate() {
        signal["location"] = json!([" North  Side", "north side", "South"][n % 3]);
    }
    house.post("/v2/signals", &json!(signals)).await;
    let places = house.get("/v2/locations").await.json();
    assert_eq!(places["data"].as_array().map(Vec::len), Some(2), "{places}");
    let south = places["data"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|place| place["key"] == "south")
        .cloned()
        .unwrap_or_default();
    let path = format!("/v2/locations/{}", south["id"].as_str().unwrap_or_default());
    let patch = json!({ "time_zone": "Europe/Berlin", "monthly_capacity": 40 });
    let changed = house.web.call(&house.admin(), axum::http::Method::PATCH, &path, Some(&patch)).await;
    assert_eq!((changed.status, &changed.json()["time_zone"]), (200, &json!("Europe/Berlin")), "{}", changed.text);
    let put = |path: &str, body: Value| {
        let path = path.to_owned();
        let house = &house;
        async move { house.web.call(&house.admin(), axum::http::Method::PUT, &path, Some(&body)).await }
    };
    assert_eq!(put("/v2/scoring/settings", json!({ "answer_hours": 12, "hours": [] })).await.status, 422);
    assert_eq!(put("/v2/scoring/settings", json!({ "answer_hour": 12 })).await.status, 422);
    let kept = put("/v2/scoring/settings", json!({ "answer_hours": 12 })).await;
    assert_eq!((kept.status, &kept.json()["answer_hours"]), (200, &json!(12)), "{}", kept.text);
    let place = format!("/v2/scoring/settings?location_id={}", south["id"].as_str().unwrap_or_default());
    assert_eq!(
        put(&place, json!({ "quote_days": 9 })).await.json()["answer_hours"],
        12,
        "laid over the organisation's"
    );
    let fact = put("/v2/scoring/visibility", json!({ "factor": "profile", "own": 6, "rivals": [12, 12, 12] })).await;
    assert_eq!(fact.status, 200, "{}", fact.text);
    let scores = house.post("/v2/scoring/calculate", &json!({})).await.json();
    let seen = scores["scores"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|score| score["type"] == "competitive_visibility")
        .cloned();
    assert_eq!(seen.map(|score| score["value"].clone()), Some(json!(50.0)));
    house.post("/v2/signals", &json!([{ "external_id": "p", "at": at, "kind": "payment", "source": "till", "value": { "amount": 1, "currency": "USD" } }])).await;
    assert_eq!(put("/v2/scoring/settings", json!({ "currency": "EUR" })).await.status, 409);
    let benchmarks = house.get(&format!("/v2/scoring/{}/benchmarks", house.org)).await.json();
    assert!(benchmarks["published"].as_array().is_some_and(|all| all.iter().all(|one| one["source"].is_string())));
}
