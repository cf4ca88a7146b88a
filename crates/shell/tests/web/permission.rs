//! Who may: the matrix through the router, keys, people who are not signed in.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::json;
use shell::testing::TestWeb;
use shell::{Permission, Permissions, Role};

use super::sample::web;

#[tokio::test]
async fn the_matrix_holds_through_the_router() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    for role in Role::ALL {
        let token = web.token(org, role);
        assert_eq!(web.get(&token, "/v2/things").await.status, 200, "{role} views");
        let may = role.permissions();
        let made = web.post(&token, "/v2/things", &json!({ "name": "n" })).await;
        assert_eq!(made.status, if may.has(Permission::Reply) { 201 } else { 403 }, "{role} replies");
        let paid = web.call(&token, Method::POST, "/v2/bill", None).await;
        assert_eq!(paid.status, if may.has(Permission::Billing) { 204 } else { 403 }, "{role} pays");
        if paid.status == 403 {
            let message = paid.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains(role.as_str()) && message.contains("billing"), "{message}");
        }
    }
    assert_eq!(sample.effects(), 3, "owner, admin, agent");
}

#[tokio::test]
async fn a_key_may_what_its_scopes_say_and_nothing_else() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let key = web.key(org, [Permission::View].into_iter().collect());
    let request = |key: &str| Request::get("/v2/things").header("x-api-key", key).body(Body::empty()).expect("valid");
    assert_eq!(web.send(request(&key)).await.status, 200);
    let refused = web.post(&key, "/v2/things", &json!({ "name": "n" })).await;
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (403, Some("forbidden")));
    let nothing = web.key(org, Permissions::NONE);
    assert_eq!(web.send(request(&nothing)).await.status, 403);
}

#[tokio::test]
async fn without_a_credential_or_with_a_bad_one_it_is_401_for_programs() {
    let (web, _) = web().await;
    for header in ["", "Bearer unknown", "Bearer ", "Basic abc", "Bearer"] {
        let mut request = Request::get("/v2/things");
        if !header.is_empty() {
            request = request.header("authorization", header);
        }
        let answer = web.send(request.body(Body::empty()).expect("valid")).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (401, Some("unauthenticated")),
            "{header}"
        );
    }
}

#[tokio::test]
async fn a_person_is_led_to_sign_in_and_back() {
    let (web, _) = web().await;
    let page = web.get("", "/things?tag=HOT&q=a%20b").await;
    assert_eq!((page.status, page.header("location")), (303, "/sign-in?next=/things%3Ftag%3DHOT%26q%3Da%2520b"));
    let request = Request::get("/things").header("hx-request", "true").body(Body::empty()).expect("valid");
    let fragment = web.send(request).await;
    assert_eq!((fragment.status, fragment.header("hx-redirect")), (401, "/sign-in"));
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Viewer);
    web.forget(&token);
    assert_eq!(web.browse(&token, "/things").await.status, 303, "an ended session is no session");
    assert_eq!(web.browse(&token, "/open").await.status, 200, "a public page does not mind a stale cookie");
}

#[tokio::test]
async fn a_page_without_the_permission_is_a_page_inside_the_frame() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Viewer);
    let answer = web.submit(&token, Method::POST, "/things", "name=n").await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("hx-trigger").contains("may not reply"), "{}", answer.header("hx-trigger"));
    assert_eq!(answer.header("hx-reswap"), "none", "what is on the page stays");
}

/// A member who proved who they are this long ago.
async fn proved(web: &TestWeb, ago: Option<TimeDelta>) -> String {
    let org = web.org("Ours").await;
    let mut member = web.principal(&web.token(org, Role::Agent)).expect("introduced");
    member.verified_at = ago.map(|ago| web.kernel.clock.now() - ago);
    web.introduce(member)
}

#[tokio::test]
async fn what_is_sensitive_needs_a_fresh_proof_or_a_key() {
    let (web, _) = web().await;
    let sensitive = async |token: &str| web.call(token, Method::POST, "/v2/sensitive", None).await;
    assert_eq!(sensitive(&proved(&web, Some(TimeDelta::minutes(14))).await).await.status, 204);
    for stale in [Some(TimeDelta::minutes(15)), Some(TimeDelta::days(2)), None] {
        let refused = sensitive(&proved(&web, stale).await).await;
        let error = &refused.json()["error"];
        assert_eq!((refused.status, error["code"].as_str()), (403, Some("step_up_required")), "{stale:?}");
        assert_eq!(error["details"][0], json!({ "field": "verify", "reason": "POST /v2/auth/verify" }));
    }
    let org = web.org("Ours").await;
    let key = web.key(org, [Permission::View].into_iter().collect());
    assert_eq!(sensitive(&key).await.status, 204, "a key's scopes are explicit");
}

#[tokio::test]
async fn a_person_is_led_to_the_proof_and_back_inside() {
    let (web, _) = web().await;
    let token = proved(&web, None).await;
    let page = web.browse(&token, "/things/sensitive?a=b").await;
    assert_eq!((page.status, page.header("location")), (303, "/verify?next=/things/sensitive%3Fa%3Db"));
    let posted = |header: &'static str, value: &'static str| {
        let mut request = Request::post("/things/sensitive")
            .header("cookie", format!("recoup_session={token}"))
            .header("x-csrf-token", shell::auth::token_for_session(&token));
        if header.starts_with("hx-") {
            request = request.header("hx-request", "true");
        }
        web.send(request.header(header, value).body(Body::empty()).expect("valid"))
    };
    let form = posted("referer", "http://127.0.0.1:8080/things?page=2").await;
    assert_eq!((form.status, form.header("location")), (303, "/verify?next=/things%3Fpage%3D2"));
    let fragment = posted("hx-current-url", "http://127.0.0.1:8080/things").await;
    assert_eq!((fragment.status, fragment.header("hx-redirect")), (403, "/verify?next=/things"));
    for nowhere in ["http://evil.example", "http://evil.example//evil.example/x", "nonsense"] {
        assert_eq!(posted("referer", nowhere).await.header("location"), "/verify", "{nowhere}");
    }
}

#[tokio::test]
async fn who_owes_a_second_factor_is_warned_and_then_led_to_set_it_up() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let mut member = web.principal(&web.token(org, Role::Owner)).expect("introduced");
    member.factor_due = Some(web.kernel.clock.now() + TimeDelta::days(3));
    let warned = web.introduce(member.clone());
    assert!(web.browse(&warned, "/things").await.text.contains("asks everybody for a second factor by"));
    assert_eq!(web.get(&warned, "/v2/things").await.status, 200);
    member.factor_due = Some(web.kernel.clock.now());
    let late = web.introduce(member);
    let page = web.browse(&late, "/things").await;
    assert_eq!((page.status, page.header("location")), (303, "/settings/profile"));
    let refused = web.get(&late, "/v2/things").await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("second_factor_setup_required")));
    assert_eq!(web.get(&late, "/v2/auth/session").await.status, 404, "past the wall: this room has no such route");
    assert_eq!(web.browse(&late, "/open").await.status, 200, "what is public stays so");
    assert_eq!(web.get(&late, "/v2/authority").await.status, 404);
}
