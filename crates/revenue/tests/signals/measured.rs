//! What somebody who measures with a pocket calculator finds: signals in, scores out, in the documented shape.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::LocationId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::House;

fn told(kind: &str, lead: &str, at: DateTime<Utc>) -> Value {
    json!({ "external_id": format!("{kind}-{lead}"), "at": at, "kind": kind, "source": "web", "lead": lead })
}

fn paid(lead: &str, at: DateTime<Utc>, amount: Value) -> Value {
    let mut signal = told("payment", lead, at);
    signal["value"] = json!({ "currency": "USD" });
    signal["value"]["amount"] = amount;
    signal
}

/// A score of an answer.
fn of(answer: &Value, kind: &str) -> Value {
    let scores = answer["scores"].as_array().expect("scores");
    scores.iter().find(|score| score["type"] == kind).expect("the score").clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

async fn calculate(house: &House, body: Value) -> Value {
    let answer = house.post("/v2/scoring/calculate", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn waits_of_15_30_and_60_minutes_are_81_68_and_56_points_as_soon_as_they_are_told() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(3);
    let mut signals = Vec::new();
    for minutes in [15_i64, 30, 60] {
        for n in 0..10 {
            let (lead, at) = (format!("{minutes}-{n}"), at + Duration::minutes(n));
            let mut opened = told("lead", &lead, at);
            opened["source"] = json!(format!("after-{minutes}"));
            signals.push(opened);
            signals.push(told("response", &lead, at + Duration::minutes(minutes)));
        }
    }
    // In an order of no sense, and a part of it twice.
    signals.reverse();
    house.post("/v2/signals", &json!({ "signals": signals })).await;
    house.post("/v2/signals", &json!({ "signals": signals[..20] })).await;
    // Nobody waits for a follower: what was told before the question is in the answer.
    let velocity = of(&calculate(&house, json!({})).await, "response_velocity");
    for (key, points) in [("after-15", 81.0), ("after-30", 68.0), ("after-60", 56.0)] {
        let parts = velocity["components"].as_array().expect("components");
        let part = parts.iter().find(|part| part["key"] == key).expect("a source");
        assert!((number(&part["value"]).round() - points).abs() < 1e-9, "{part}");
    }
    let mean =
        [15.0_f64, 30.0, 60.0].map(|t| 100.0 * (1.0 - (t / 5.0).ln() / 288.0_f64.ln())).iter().sum::<f64>() / 3.0;
    assert!((number(&velocity["value"]) - mean).abs() < 1e-4, "{velocity}");
    assert_eq!((&velocity["value"], &velocity["unit"]), (&velocity["base"], &json!("points")));
    house.settle().await;
    house.assert_whole("the follower finds nothing left to do").await;
    assert_eq!(of(&calculate(&house, json!({})).await, "response_velocity")["value"], velocity["value"]);
}

#[tokio::test]
async fn revenue_at_risk_is_what_a_pocket_calculator_says_and_a_leak_less_is_less() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(5);
    let mut signals = Vec::new();
    for n in 0..100_i64 {
        let (lead, at) = (format!("L{n}"), at + Duration::minutes(n));
        signals.push(told("lead", &lead, at));
        if n < 60 {
            signals.push(told("response", &lead, at + Duration::minutes(2)));
        }
        if n < 30 {
            let amount = if n % 2 == 0 { json!(100) } else { json!("100.00") };
            signals.push(paid(&lead, at + Duration::hours(3), amount));
        }
    }
    assert_eq!(house.post("/v2/signals", &json!(signals)).await.json()["accepted"], 190);
    let answer = calculate(&house, json!({ "org_id": house.org })).await;
    let risk = of(&answer, "revenue_at_risk");
    // 40 leaked, half of the 60 that were answered paid $100, nobody came back unaided; 28 days put on a month.
    let month = 40.0 * 0.5 * 10_000.0 * 30.4375 / 28.0;
    assert!((number(&risk["base"]) - month).abs() < 0.01, "{risk}");
    assert_eq!((&risk["unit"], &risk["decimals"]), (&json!("USD"), &json!(2)), "minor units, and it says so");
    let parts = risk["components"].as_array().expect("components");
    let sum: f64 = parts.iter().map(|part| number(&part["contribution"])).sum();
    assert!((sum - month).abs() < 0.01, "{risk}");
    assert!(parts.iter().any(|part| part["key"] == "respond" && part["n"] == 40 && part["source"] == "measured"));
    assert!(number(&risk["low"]) < month && month < number(&risk["high"]), "{risk}");
    assert!((number(&of(&answer, "lead_leakage")["value"]) - 40.0).abs() < 1e-9);
    assert!((number(&of(&answer, "response_velocity")["value"]) - 60.0).abs() < 1e-9);
    for kind in ["revenue_recovery", "lead_leakage", "revenue_at_risk", "response_velocity", "competitive_visibility"] {
        let score = of(&answer, kind);
        for field in ["value", "unit", "low", "base", "high", "components", "coverage", "version", "calculated_at"] {
            assert!(score.get(field).is_some(), "{kind} lacks {field}");
        }
    }
    // The same is the same; one leak less is less.
    assert_eq!(
        of(&calculate(&house, json!({})).await, "revenue_at_risk")["low"],
        risk["low"],
        "the band is drawn alike"
    );
    house.post("/v2/signals", &told("response", "L99", at + Duration::minutes(101))).await;
    let less = of(&calculate(&house, json!({})).await, "revenue_at_risk");
    assert!(number(&less["base"]) < number(&risk["base"]), "{less}");
}

#[tokio::test]
async fn a_lead_may_be_named_by_the_signal_that_opened_it_in_any_order() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(3);
    let opened = |n: usize| json!({ "external_id": format!("e{n}"), "at": at, "kind": "lead", "source": "web" });
    let answered = |n: usize| {
        let at = at + Duration::minutes(3);
        json!({ "external_id": format!("r{n}"), "at": at, "kind": "response", "source": "web", "lead": format!("e{n}") })
    };
    // Together, the opening first, the answer first; and a lead of another source that has the same id.
    let (first, second): (Vec<usize>, Vec<usize>) = ((0..6).collect(), (6..12).collect());
    let together: Vec<Value> = first[..2].iter().flat_map(|n| [answered(*n), opened(*n)]).collect();
    let openings: Vec<Value> = first[2..].iter().map(|n| opened(*n)).collect();
    let answers: Vec<Value> = first[2..].iter().map(|n| answered(*n)).collect();
    let early: Vec<Value> = second.iter().map(|n| answered(*n)).collect();
    let late: Vec<Value> = second.iter().map(|n| opened(*n)).collect();
    let batches = [together, openings, answers, early, late];
    for batch in &batches {
        assert_eq!(house.post("/v2/signals", &json!(batch)).await.json()["rejected"], json!([]));
    }
    let answer = calculate(&house, json!({})).await;
    assert_eq!(of(&answer, "response_velocity")["value"], json!(100.0), "{answer}");
    assert_eq!(of(&answer, "response_velocity")["components"][0]["n"], 12, "{answer}");
    for batch in &batches {
        let again = house.post("/v2/signals", &json!(batch)).await.json();
        assert_eq!(
            (&again["accepted"], &again["corrected"]),
            (&json!(0), &json!(0)),
            "told again, nothing changes: {again}"
        );
    }
    let mut other = opened(0);
    other["source"] = json!("shop");
    house.post("/v2/signals", &other).await;
    let answer = calculate(&house, json!({})).await;
    assert!(
        number(&of(&answer, "response_velocity")["value"]) < 100.0,
        "a lead of another source is another lead: {answer}"
    );
    house.settle().await;
    house.assert_whole("ties").await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_and_no_leads_are_no_data() {
    let house = House::new().await;
    let now = house.web.kernel.clock.now();
    let theirs = house.web.org("Theirs").await;
    let nowhere = LocationId::from_uuid(Uuid::from_u128(7));
    for (body, status) in [
        (json!({ "org_id": theirs }), 404),
        (json!({ "location_id": nowhere }), 404),
        (json!({ "as_of": now + Duration::days(1) }), 422),
        (json!({ "as_of": "1970-01-01T00:00:00Z" }), 422),
        (json!({ "as_of": "soon" }), 422),
        (json!({ "when": "now" }), 422),
    ] {
        let answer = house.post("/v2/scoring/calculate", &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    for body in [json!({}), json!({ "as_of": now - Duration::days(40), "org_id": house.org })] {
        let answer = calculate(&house, body).await;
        assert!(
            answer["scores"].as_array().is_some_and(|all| all.len() == 5
                && all.iter().all(|score| score["value"].is_null() && score["missing"].is_string())),
            "{answer}"
        );
    }
    let history = format!("/v2/scoring/{}/history?type=lead_leakage", house.org);
    let told = house.get(&history).await;
    assert_eq!((told.status, &told.json()["unit"], &told.json()["decimals"]), (200, &json!("points"), &json!(0)));
    let money = house.get(&format!("/v2/scoring/{}/history?type=revenue_at_risk", house.org)).await.json();
    assert_eq!((&money["unit"], &money["decimals"]), (&json!("USD"), &json!(2)));
    for (query, field) in [
        ("&from=soon", "from"),
        ("&from=2026-03-02&to=2026-03-01", "from"),
        ("&to=-262143-01-01", "to"),
        ("&from=0001-01-01&to=0001-02-01", "to"),
        ("&type=happiness", "type"),
        ("&kind=x", "kind"),
    ] {
        let answer = house.get(&format!("{history}{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
        assert!(answer.text.contains(field), "{query}: {}", answer.text);
    }
    for path in [
        "/v2/signals?to=-262143-01-01",
        "/v2/anomalies?before=-262143-01-01",
        "/v2/analytics/overview?to=-262143-01-01",
    ] {
        assert_eq!(house.get(path).await.status, 422, "{path}");
    }
}

#[tokio::test]
async fn batches_are_taken_as_far_as_they_can_be() {
    let house = House::new().await;
    let at = house.web.kernel.clock.now() - Duration::days(2);
    let full: Vec<Value> = (0..1_000).map(|n| told("lead", &format!("F{n}"), at)).collect();
    let answer = house.post("/v2/signals", &json!(full)).await;
    assert_eq!((answer.status, &answer.json()["accepted"]), (200, &json!(1_000)), "{}", answer.text);
    // The later of two in a batch counts; later still, it is a correction.
    let twice = json!([paid("F1", at, json!(10)), paid("F1", at, json!(20))]);
    let answer = house.post("/v2/signals", &twice).await.json();
    assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!([])), "{answer}");
    assert_eq!(house.get("/v2/signals?kind=payment").await.json()["data"][0]["minor"], 2_000);
    assert_eq!(house.post("/v2/signals", &json!([paid("F1", at, json!(10))])).await.json()["corrected"], 1);
    let mut wrong = Vec::new();
    for (n, (field, value)) in [
        ("at", json!("1970-01-01T00:00:00Z")),
        ("at", json!(at + Duration::days(9))),
        ("at", Value::Null),
        ("value", json!({ "amount": -1, "currency": "USD" })),
        ("value", json!({ "amount": 1, "currency": "EUR" })),
        ("value", Value::Null),
        ("source", json!("")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut signal = paid(&format!("W{n}"), at, json!(1));
        signal[field] = value;
        wrong.push(signal);
    }
    wrong.push(json!("no signal"));
    wrong.push(told("lead", "good", at));
    let answer = house.post("/v2/signals", &json!({ "signals": wrong })).await.json();
    let rejected = answer["rejected"].as_array().expect("what was not taken");
    assert_eq!((rejected.len(), &answer["accepted"]), (8, &json!(1)), "{answer}");
    for (place, one) in rejected.iter().enumerate() {
        assert_eq!(one["index"], place);
        assert!(one["reason"].as_str().is_some_and(|reason| reason.len() > 8), "{one}");
    }
}
