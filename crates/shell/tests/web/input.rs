//! Strict input, pages of a list, patches, ids.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use shell::Role;

use super::sample::web;

#[tokio::test]
async fn input_is_strict_and_its_errors_name_the_field() {
    let (web, sample) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let cases = [
        (json!({}), 422, "name", "is required"),
        (json!({ "name": 7 }), 422, "name", "invalid type: integer `7`, expected a string"),
        (json!({ "name": "n", "colour": 1 }), 422, "colour", "is not a known field"),
        (json!({ "name": "a\u{0}b" }), 422, "name", "must not contain a NUL character"),
    ];
    for (body, status, field, reason) in cases {
        let answer = web.post(&token, "/v2/things", &body).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.json()["error"]["details"], json!([{ "field": field, "reason": reason }]), "{body}");
    }
    let raw = |kind: &str, body: &str| {
        let request = Request::post("/v2/things").header("authorization", format!("Bearer {token}"));
        request.header("content-type", kind).body(Body::from(body.to_owned())).expect("valid")
    };
    assert_eq!(web.send(raw("application/json", "{")).await.status, 400);
    assert_eq!(web.send(raw("text/plain", "{}")).await.status, 415);
    assert_eq!(sample.effects(), 0, "nothing was made");
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_cursor() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Viewer);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = web.get(&token, &format!("/v2/things?limit=2&cursor={cursor}&tag=a&tag=b")).await.json();
        seen.extend(page["data"].as_array().expect("a list").iter().filter_map(Value::as_u64));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    for bad in ["limit=0", "limit=1000", "cursor=x", "unknown=1", "tag=%00"] {
        let answer = web.get(&token, &format!("/v2/things?{bad}")).await;
        assert!(matches!(answer.status, 400 | 422), "{bad}: {}", answer.status);
    }
}

#[tokio::test]
async fn an_id_that_does_not_read_is_not_found() {
    let (web, _) = web().await;
    let org = web.org("Ours").await;
    let token = web.token(org, Role::Owner);
    let id = kernel::ids::LeadId::new(&web.kernel.clock);
    assert_eq!(web.get(&token, &format!("/v2/things/{id}")).await.json(), json!(id.to_string()));
    for odd in ["7", "lead_", "conv_01h455vb4pex5vsknk084sn02q", "%00", "lead_01h455vb4pex5vsknk084sn02q%00"] {
        assert_eq!(web.get(&token, &format!("/v2/things/{odd}")).await.status, 404, "{odd}");
    }
    let path = format!("/v2/things/{id}");
    for (body, kept) in
        [(json!({}), json!("stored")), (json!({ "name": null }), Value::Null), (json!({ "name": "new" }), json!("new"))]
    {
        assert_eq!(web.call(&token, Method::PATCH, &path, Some(&body)).await.json(), kept, "{body}");
    }
}
