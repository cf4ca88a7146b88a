//! Every route of the room, taken from its own description, against nobody, somebody without the permission, and somebody
//! of another organisation. A route that is added without a thought about who may call it fails here.

use axum::http::Method;
use serde_json::{Value, json};
use shell::{App, Settings};

use crate::support::{Call, House, PASSWORD, Person};

/// What anybody may call: each of these proves somebody by what it is sent.
const PUBLIC: [&str; 10] = [
    "/v2/auth/register",
    "/v2/auth/login",
    "/v2/auth/login/second-factor",
    "/v2/auth/login/second-factor/options",
    "/v2/auth/passkeys/sign-in",
    "/v2/auth/passkeys/sign-in/options",
    "/v2/auth/refresh",
    "/v2/auth/password-reset",
    "/v2/auth/password-reset/{token}",
    "/v2/invites/accept",
];
/// What every member may call, besides what is under `/v2/auth` and about their own account.
const EVERYBODY: &[(&str, &str)] = &[
    ("get", "/v2/auth/session"),
    ("get", "/v2/auth/sessions"),
    ("get", "/v2/auth/factors"),
    ("get", "/v2/auth/passkeys"),
    ("get", "/v2/members"),
    ("delete", "/v2/members/me"),
    ("get", "/v2/teams"),
    ("get", "/v2/teams/{id}"),
    ("get", "/v2/teams/{id}/members"),
    ("get", "/v2/organisation"),
    ("get", "/v2/privacy/retention"),
];
/// What every member may call who names a contact.
const OF_A_CONTACT: &str = "/v2/privacy/consents";

/// Method, path and a body that reads, of every described operation.
fn operations(house: &House) -> Vec<(String, String, Value)> {
    let app = App::new(house.kernel.clone(), house.identity.authenticator(), Settings::default());
    let described = serde_json::to_value(shell::describe(&app, vec![house.identity.room(&app)])).expect("JSON");
    let mut all = Vec::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"].iter().filter(|method| methods[**method].is_object()) {
            all.push(((*method).to_owned(), path.clone(), body(method, path)));
        }
    }
    assert!(all.len() >= 19, "{} operations", all.len());
    all
}

fn body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("patch", "/v2/members/{id}") => json!({ "role": "viewer" }),
        ("post", "/v2/members") => {
            json!({ "email": "x@example.com", "name": "x", "password": PASSWORD, "role": "viewer" })
        }
        ("post", "/v2/invites") => json!({ "email": "y@example.com", "role": "viewer" }),
        ("post" | "patch", "/v2/teams" | "/v2/teams/{id}") => json!({ "name": "Front desk" }),
        ("put", "/v2/session-policy") => json!({ "idle_minutes": null, "longest_minutes": null }),
        ("post", "/v2/keys") => json!({ "name": "k", "scopes": ["view"] }),
        ("post", "/v2/keys/{id}/rotate") => json!({ "overlap_hours": 1 }),
        ("post", "/v2/members/import") => json!({ "csv": "email\nz@example.com", "dry_run": true }),
        ("patch", "/v2/organisation") => json!({ "name": "Another name" }),
        ("post", "/v2/organisation/ownership") => json!({ "member_id": "member_01h455vb4pex5vsknk084sn02q" }),
        ("post", "/v2/organisation/deletion") => json!({ "name": "not its name" }),
        ("put", "/v2/privacy/retention") => json!({ "conversations_days": 730, "ai_days": 90, "receipts_days": 30 }),
        ("post", "/v2/sso/connections") => json!({ "kind": "oidc", "name": "Provider" }),
        ("post", "/v2/sso/domains") => json!({ "domain": "x.example" }),
        ("patch", "/v2/sso/policy") => json!({ "sso_only": false }),
        ("patch", "/v2/auth/passkeys/{id}") => json!({ "name": "x" }),
        ("put", "/v2/security/second-factor") => json!({ "required": false }),
        _ => json!({}),
    }
}

fn call(house: &House, method: &str, path: &str, body: &Value) -> Call {
    let call = match Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method") {
        Method::GET => house.get(path),
        Method::DELETE => house.delete(path),
        Method::PATCH => house.patch(path, json!({})),
        Method::PUT => house.put(path, json!({})),
        _ => house.post(path, json!({})),
    };
    call.json(body)
}

/// The path with the id of something of this person's organisation in its place.
async fn filled(house: &House, of: &Person, path: &str) -> String {
    if !path.contains("{id}") {
        return path.to_owned();
    }
    let made = match path {
        "/v2/auth/passkeys/{id}" => {
            return path.replace("{id}", &kernel::ids::PasskeyId::new(&house.kernel.clock).to_string());
        }
        "/v2/auth/sessions/{id}" => {
            let me = house.get("/v2/auth/session").by(of).send().await.expect_status(200).json();
            return path.replace("{id}", me["session"].as_str().expect("a session"));
        }
        "/v2/members/{id}" | "/v2/members/{id}/factors" | "/v2/members/{id}/sessions" => {
            return path.replace("{id}", &house.member_id(of).await);
        }
        "/v2/keys/{id}" | "/v2/keys/{id}/rotate" => house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })),
        path if path.starts_with("/v2/sso/connections/{id}") => {
            house.post("/v2/sso/connections", json!({ "kind": "oidc", "name": "Provider" }))
        }
        path if path.starts_with("/v2/teams/{id}") => {
            let name = format!("Team {}", kernel::ids::TeamId::new(&house.kernel.clock));
            house.post("/v2/teams", json!({ "name": name }))
        }
        "/v2/members/imports/{id}" | "/v2/members/imports/{id}/refused" => {
            let body = json!({ "csv": "email\nnobody", "dry_run": true });
            let made = house.post("/v2/members/import", body).by(of).send().await.expect_status(200).json();
            return path.replace("{id}", made["id"].as_str().expect("an id"));
        }
        "/v2/invites/{id}" | "/v2/invites/{id}/resend" => {
            house.post("/v2/invites", json!({ "email": "z@example.com", "role": "viewer" }))
        }
        path if path.starts_with("/v2/privacy/") => return planted(house, of, path).await,
        other => panic!("say how to make one for {other}"),
    };
    let id = made.by(of).send().await.expect_status(201).json()["id"].as_str().expect("an id").to_owned();
    path.replace("{id}", &id).replace("{member}", &house.member_id(of).await)
}

/// A privacy request of somebody no room knows, as its row.
async fn planted(house: &House, of: &Person, path: &str) -> String {
    let org: kernel::ids::OrgId = of.org.parse().expect("an id");
    let id = kernel::ids::uuid_at(house.kernel.clock.now());
    let (table, columns, values, prefix) = match path.split('/').nth(3) {
        Some("exports") => ("privacy_exports", "format, by_actor, at", "'zip', 'system', now()", "export"),
        Some("erasures") => {
            ("privacy_erasures", "state, by_actor, at, due_at", "'cancelled', 'system', now(), now()", "erasure")
        }
        _ => ("legal_holds", "reason, placed_by, placed_at", "'a claim', 'system', now()", "hold"),
    };
    let sql =
        format!("insert into {table} (org_id, id, contact_id, {columns}) values ($1, $2, gen_random_uuid(), {values})");
    let mut owner = house.db.owner().await;
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(org).bind(id).execute(&mut owner).await.expect("planted");
    path.replace("{id}", &format!("{prefix}_{}", kernel::ids::encode(id.as_u128())))
}

#[tokio::test]
async fn nobody_gets_past_a_route_that_is_not_for_everyone() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for (method, path, body) in operations(&house) {
        let path_here = filled(&house, &owner, &path).await;
        let status = call(&house, &method, &path_here, &body).send().await.status.as_u16();
        let expected = match path.as_str() {
            // There is nothing to get wrong about asking for a challenge.
            "/v2/auth/passkeys/sign-in/options" => 200,
            path if PUBLIC.contains(&path) => 422,
            _ => 401,
        };
        assert_eq!(status, expected, "{method} {path} for nobody");
        for credential in ["rk_nonsense", "nonsense", "a.b.c"] {
            let status = call(&house, &method, &path_here, &body).bearer(credential).send().await.status.as_u16();
            assert_eq!(status, expected, "{method} {path} for {credential}");
        }
    }
}

#[tokio::test]
async fn a_viewer_gets_past_what_is_for_every_member_only() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let viewer = house.member(&owner, "viewer").await;
    for (method, path, body) in operations(&house) {
        // What is under /v2/auth is about the caller's own account.
        let own = path.starts_with("/v2/auth/") || PUBLIC.contains(&path.as_str());
        let open = own || EVERYBODY.contains(&(method.as_str(), path.as_str()));
        if open || (method == "get" && path == OF_A_CONTACT) {
            continue;
        }
        let path_here = filled(&house, &owner, &path).await;
        let status = call(&house, &method, &path_here, &body).by(&viewer).send().await.status.as_u16();
        assert_eq!(status, 403, "{method} {path} for a viewer");
    }
    for (method, path) in EVERYBODY.iter().filter(|(method, _)| *method == "get") {
        let path = filled(&house, &owner, path).await;
        let status = call(&house, method, &path, &json!({})).by(&viewer).send().await.status.as_u16();
        assert_eq!(status, 200, "{method} {path} for a viewer");
    }
}

#[tokio::test]
async fn what_another_organisation_has_does_not_exist() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let all = operations(&house);
    let with_ids: Vec<_> = all.iter().filter(|(_, path, _)| path.contains("{id}")).collect();
    assert!(with_ids.len() >= 16, "{with_ids:?}");
    for (method, path, body) in with_ids {
        let theirs = filled(&house, &one, path).await;
        let status = call(&house, method, &theirs, body).by(&two).send().await.status.as_u16();
        assert_eq!(status, 404, "{method} {path} of another organisation");
    }
    // Lists of one organisation name nobody and nothing of the other.
    // The first is of whoever asks; the second is of one contact, and tried with its room.
    let apart = ["/v2/auth/session", "/v2/privacy/consents"];
    let lists = all
        .iter()
        .filter(|(method, path, _)| method == "get" && !path.contains('{') && !apart.contains(&path.as_str()));
    for (_, path, _) in lists {
        let seen = house.get(path).by(&two).send().await.expect_status(200).body;
        for secret in [&one.org, &one.user, &one.email] {
            assert!(!seen.contains(secret.as_str()), "{path} shows {secret}");
        }
    }
}
