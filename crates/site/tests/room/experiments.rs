//! Wordings that are compared: who sees which, by the shares that were settled.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use shell::Role;

use crate::admin::{send, shown};
use crate::support::{BROWSER, World, visitor};

const EXPERIMENTS: &str = "/v2/site/experiments";

fn plan() -> Value {
    json!({
        "name": "Every call", "page": "solutions/clinics", "goal": "audit_begun", "baselinePercent": 5, "effectPoints": 1,
        "wordings": [{ "name": "Calls", "fields": { "headline": "Every call counts" }, "percent": 10 }]
    })
}

/// Whether the visitor of this number sees the other wording.
async fn sees(world: &World, number: u32) -> bool {
    let mut request = visitor(Method::GET, "/solutions/clinics").body(Body::empty()).expect("a request");
    let agent = format!("{BROWSER} {number}");
    request.headers_mut().insert(header::USER_AGENT, agent.parse().expect("a name"));
    let answer = world.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.contains("Every call counts")
}

#[tokio::test]
async fn visitors_are_shared_out_as_it_was_settled_and_stay_where_they_are() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let made = world.web.post(&admin, EXPERIMENTS, &plan()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["wordings"][0]["percent"], &made["wordings"][1]["percent"]), (&json!(90), &json!(10)));
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.web.call(&admin, Method::PUT, &format!("{EXPERIMENTS}/{id}/run"), None).await.status, 204);

    let mut others = 0_i64;
    for number in 0..200 {
        let first = sees(&world, number).await;
        if number < 20 {
            assert_eq!(sees(&world, number).await, first, "the same all day");
        }
        others += i64::from(first);
    }
    // Twenty of 200; outside of 5 to 40 it is no tenth.
    assert!((5..=40).contains(&others), "{others} of 200 at 10 %");
    world.core.settle().await;
    assert_eq!(world.count("select count(*) from site_exposures").await, 200);
    assert_eq!(world.count("select count(*) from site_exposures where variant = 1").await, others);
    let page = shown(&world, &admin, &format!("/admin/experiments/{id}")).await;
    assert!(page.contains("90 %") && page.contains("10 %") && page.contains("Too early to say"), "{page}");
}

#[tokio::test]
async fn shares_that_do_not_add_up_are_refused_where_they_were_given() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    for (as_it_is, percent, named) in [
        (json!(80), json!(10), "asItIsPercent"),
        (Value::Null, json!(100), "wordings.0.percent"),
        (json!(50), Value::Null, "wordings.0.percent"),
    ] {
        let mut wrong = plan();
        (wrong["asItIsPercent"], wrong["wordings"][0]["percent"]) = (as_it_is, percent);
        let refused = world.web.post(&admin, EXPERIMENTS, &wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{named}\""))), (422, true), "{}", refused.text);
    }
    let fields = [
        ("name", "Every call"),
        ("page", "solutions/clinics"),
        ("goal", "contact"),
        ("baseline", "10"),
        ("effect", "5"),
        ("name_1", "Calls"),
        ("words_1", "headline: Every call counts"),
        ("share_0", "70"),
        ("share_1", "40"),
    ];
    let refused = send(&world, &admin, "/admin/experiments", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("add up to 110") && refused.text.contains("value=\"70\""), "{}", refused.text);
    let right: Vec<(&str, &str)> = fields.into_iter().filter(|(name, _)| *name != "share_0").collect();
    let made = send(&world, &admin, "/admin/experiments", &right).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let page = shown(&world, &admin, made.header("location")).await;
    assert!(page.contains("value=\"60\"") && page.contains("value=\"40\""), "{page}");
}
