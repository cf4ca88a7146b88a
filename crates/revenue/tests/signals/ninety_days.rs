//! The figures that a maturity audit asks about, from signals as outside systems tell them.

use chrono::{DateTime, Duration, Utc};
use revenue::measured::{Measures, read};
use serde_json::{Value, json};

use crate::support::House;

fn told(kind: &str, key: &str, lead: Option<&str>, at: DateTime<Utc>) -> Value {
    json!({ "external_id": format!("{kind}-{key}"), "at": at, "kind": kind, "source": "web", "lead": lead })
}

async fn tell(house: &House, signals: Vec<Value>) {
    let answer = house.post("/v2/signals", &json!({ "signals": signals })).await;
    assert!((200..300).contains(&answer.status), "{}", answer.text);
    assert_eq!(answer.json()["rejected"], json!([]), "{}", answer.text);
    house.settle().await;
}

async fn measured(house: &House) -> Measures {
    read(&mut house.tx().await).await.expect("the figures")
}

/// 30 leads of which 24 got an answer after four minutes, 22 a price, and 15 of those a second word.
fn leads(at: DateTime<Utc>) -> Vec<Value> {
    let mut signals = Vec::new();
    for n in 0..30_i64 {
        let (lead, at) = (format!("L{n}"), at + Duration::minutes(n));
        signals.push(told("lead", &lead, Some(&lead), at));
        if n < 24 {
            signals.push(told("response", &lead, Some(&lead), at + Duration::minutes(4)));
        }
        if n < 22 {
            signals.push(told("quote", &lead, Some(&lead), at + Duration::hours(1)));
        }
        if n < 15 {
            signals.push(told("response", &format!("{lead}-again"), Some(&lead), at + Duration::days(1)));
        }
    }
    signals
}

#[tokio::test]
async fn what_sources_told_of_the_last_weeks_is_measured() {
    let house = House::new().await;
    let now = house.web.kernel.clock.now();
    let mut signals = leads(now - Duration::days(20));
    for n in 0..25 {
        signals.push(told("booking", &n.to_string(), None, now - Duration::days(15)));
    }
    for n in 0..2 {
        signals.push(told("no_show", &n.to_string(), None, now - Duration::days(10)));
    }
    for n in 0..21 {
        let mut review = told("review", &n.to_string(), None, now - Duration::days(30));
        let replied = (n > 0).then(|| now - Duration::days(29));
        review["data"] = json!({ "rating": 4, "replied_at": replied });
        signals.push(review);
    }
    // Too young, and too old.
    for n in 0..10 {
        let young = format!("young-{n}");
        signals.push(told("lead", &young, Some(&young), now - Duration::hours(1)));
        let old = format!("old-{n}");
        signals.push(told("lead", &old, Some(&old), now - Duration::days(120)));
    }
    tell(&house, signals).await;
    let found = measured(&house).await;
    let of = |measure: &revenue::measured::Measure| (measure.value, measure.cases);
    assert_eq!(of(&found.answer_minutes), (Some(5), 24), "{found:?}");
    assert_eq!(of(&found.unanswered_percent), (Some(20), 30), "{found:?}");
    assert_eq!(of(&found.no_show_percent), (Some(8), 25), "{found:?}");
    assert_eq!(of(&found.followed_up_percent), (Some(68), 22), "{found:?}");
    assert_eq!(of(&found.reviews_answered_percent), (Some(95), 21), "{found:?}");
    let days = &found.answer_minutes;
    assert_eq!((days.to - days.from).num_days(), 89);
}

#[tokio::test]
async fn what_no_source_tells_is_no_figure() {
    let house = House::new().await;
    assert_eq!(measured(&house).await.unanswered_percent.value, None, "nothing was told at all");
    let at = house.web.kernel.clock.now() - Duration::days(20);
    let silent = leads(at).into_iter().filter(|signal| signal["kind"] != "response").collect();
    tell(&house, silent).await;
    let found = measured(&house).await;
    assert_eq!((found.unanswered_percent.value, found.unanswered_percent.cases), (None, 30));
    assert_eq!((found.answer_minutes.value, found.followed_up_percent.value), (None, None));
    assert_eq!((found.no_show_percent.value, found.reviews_answered_percent.value), (None, None));
}

#[tokio::test]
async fn quotes_that_may_wait_longer_than_a_week_are_not_called_followed_up_within_one() {
    let house = House::new().await;
    tell(&house, leads(house.web.kernel.clock.now() - Duration::days(20))).await;
    let patient = json!({ "quote_days": 14 });
    let kept = house.web.call(&house.admin(), axum::http::Method::PUT, "/v2/scoring/settings", Some(&patient)).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    let found = measured(&house).await.followed_up_percent;
    assert_eq!((found.value, found.cases), (None, 0));
    assert!(found.how.contains("14 days"), "{}", found.how);
}
