//! Route × {nobody, wrong role, key without the scope, ended session, removed member, suspended member, expired key, revoked
//! key}.
//!
//! What a route wants is not written down here: keys with one scope each find it out, and roles, sessions and keys must agree.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::routing::{get, post};
use serde_json::json;
use shell::auth::permission::View;
use shell::{Allowed, App, Permission, Role, Room};
use utoipa_axum::router::OpenApiRouter;

use crate::api::operations;
use crate::house::{House, Who};
use crate::map::{Route, routes};

/// Routes that want nobody in particular, each with its reason.
const OPEN: &[(&str, &str)] = &[
    ("GET /.well-known/jwks.json", "public keys"),
    ("GET /assets/{file}", "styles and scripts"),
    ("GET /auth/oidc/{connection}/callback", "the way back from an identity provider; state and code prove it"),
    ("GET /auth/oidc/{connection}/start", "the door"),
    ("GET /auth/saml/{connection}/finish", "the way back from an identity provider; a one-time secret proves it"),
    ("GET /auth/saml/{connection}/metadata", "what identity providers read"),
    ("GET /auth/saml/{connection}/start", "the door"),
    ("GET /docs/api", "the reference is public"),
    ("GET /favicon.ico", "an icon"),
    ("GET /health/live", "for the supervisor"),
    ("GET /health/ready", "for the load balancer"),
    ("GET /invite/{token}", "the secret in the path is the credential"),
    ("GET /metrics", "for the collector; the operator gives it no public address"),
    ("GET /register", "the door"),
    ("GET /reset", "for whoever forgot their password"),
    ("GET /reset/{token}", "the secret in the path is the credential"),
    ("GET /restore/{token}", "the secret in the path is the credential"),
    ("GET /shared/{token}", "the secret in the path is the credential"),
    ("GET /shared/{token}/file", "the secret in the path is the credential"),
    ("GET /sign-in", "the door"),
    ("GET /sign-in/second-factor", "the second step of the door; the cookie of the first proves it"),
    ("GET /sign-in/sso", "the door"),
    ("GET /v2/audit/results/{id}", "the id is the credential: it is a secret of 128 bits"),
    ("GET /v2/openapi.json", "the description is public"),
    ("GET /v2/site/chat", "the chat's token is the credential"),
    ("GET /v2/site/chat/stream", "the chat's token is the credential"),
    ("POST /invite/{token}", "the secret in the path, and a password"),
    ("POST /register", "the door"),
    ("POST /reset", "for whoever forgot their password"),
    ("POST /reset/{token}", "the secret in the path is the credential"),
    ("POST /restore/{token}", "the secret in the path, and an owner's password"),
    ("POST /sign-in", "the door"),
    ("POST /sign-in/passkey", "the door; the signature of a passkey"),
    ("POST /sign-in/second-factor", "the second step of the door; the cookie of the first proves it"),
    ("POST /sign-in/sso", "the door"),
    ("POST /sign-out", "leaving; whoever has no session is led to the door"),
    ("POST /v2/audit/submit", "visitors of a public site hand it in"),
    ("POST /v2/auth/login", "the door"),
    ("POST /v2/auth/login/second-factor", "the second step of the door; the secret of the first proves it"),
    ("POST /v2/auth/login/second-factor/options", "the second step of the door; the secret of the first proves it"),
    ("POST /v2/auth/passkeys/sign-in", "the door; the signature of a passkey"),
    ("POST /v2/auth/passkeys/sign-in/options", "the door"),
    ("POST /v2/auth/password-reset", "for whoever forgot their password"),
    ("POST /v2/auth/password-reset/{token}", "the secret in the path is the credential"),
    ("POST /v2/auth/refresh", "the refresh token is the credential"),
    ("POST /v2/auth/register", "the door"),
    ("POST /v2/calculator/roi", "visitors of a public site compute; nothing is kept"),
    ("POST /v2/contact/submit", "visitors of a public site write"),
    ("POST /v2/invites/accept", "the secret of the link is the credential"),
    ("POST /v2/site/chat", "visitors of a public site begin a chat"),
    ("POST /v2/site/chat/messages", "the chat's token is the credential"),
    ("POST /v2/site/chat/person", "the chat's token is the credential"),
];

/// Routes that prove the caller by a signature or a secret of their own.
const SIGNED: &[(&str, &str)] = &[
    ("GET /webhooks/{channel}", "Meta's challenge carries the verify token, X's is answered with a signature"),
    ("POST /auth/saml/{connection}/acs", "the identity provider's signature over the assertion"),
    ("POST /sign-in/second-factor/options", "the cookie of the sign-in's first step"),
    ("POST /webhooks/{channel}", "the platform's signature over the body"),
    ("POST /webhooks/hubspot", "the platform's signature over the body"),
    ("POST /webhooks/intake/{token}", "the secret in the path, and a signature over the body where one is set"),
    (
        "POST /webhooks/sources/callrail/{token}/{event}",
        "the secret in the path, and the system's signature over the body",
    ),
    ("POST /webhooks/sources/google_business", "a token that Google signed for the operator's subscription"),
    ("POST /webhooks/sources/{kind}/{token}", "the secret in the path, and the system's signature over the body"),
];

/// Routes that change something and want no more than to be a member, each with its reason.
const FOR_EVERY_MEMBER: &[(&str, &str)] = &[
    ("DELETE /v2/members/me", "one's own membership"),
    ("POST /knowledge/test", "a question, nothing is kept"),
    ("POST /organisations/{org}", "going to another of one's organisations"),
    ("POST /v2/knowledge/test", "a question, nothing is kept"),
];

/// Where everything is about the caller's own account.
const OWN_ACCOUNT: &[&str] = &["/v2/auth/", "/settings/profile", "/verify"];

/// What ends the caller's session or membership: tried with keys and by refusal only.
const ENDS_THE_CALLER: &[&str] =
    &["DELETE /v2/auth/session", "DELETE /v2/auth/sessions", "DELETE /v2/members/me", "POST /sign-out"];

/// Everybody who asks.
struct Callers {
    /// Credentials that are none, or none any more, by what they are.
    ended: Vec<(&'static str, Who)>,
    /// Keys with one scope each.
    scoped: Vec<(Permission, Who)>,
    /// Keys with every scope but one.
    lacking: Vec<(Permission, Who)>,
    /// Members of each role, as a program and as a browser.
    roles: Vec<(Role, Who)>,
}

impl Callers {
    async fn of(house: &House) -> Self {
        let owner = house.token(&house.email).await;
        let word = |permission: &Permission| permission.as_str();
        let (mut scoped, mut lacking, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        for permission in Permission::ALL {
            scoped.push((permission, house.key(&owner, &[permission.as_str()]).await.0));
            let others: Vec<&str> = Permission::ALL.iter().filter(|other| **other != permission).map(word).collect();
            lacking.push((permission, house.key(&owner, &others).await.0));
        }
        for role in Role::ALL {
            let email = match role {
                Role::Owner => house.email.clone(),
                other => house.member(&owner, other.as_str()).await,
            };
            roles.push((role, house.token(&email).await));
            roles.push((role, house.cookie(&email).await));
        }
        Self { ended: Self::ended(house, &owner).await, scoped, lacking, roles }
    }

    /// Each of these was good once, or looks as if it were.
    async fn ended(house: &House, owner: &Who) -> Vec<(&'static str, Who)> {
        let every: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        let (expired, id) = house.key(owner, &every).await;
        let id: kernel::ids::KeyId = id.parse().expect("an id");
        house
            .sql(&format!("update api_keys set expires_at = now() - interval '1 minute' where id = '{}'", id.uuid()))
            .await;
        let (revoked, id) = house.key(owner, &every).await;
        assert_eq!(house.call(owner, "DELETE", &format!("/v2/keys/{id}"), &json!(null)).await.0, 204);
        let mut all = vec![
            ("nobody", Who::Nobody),
            ("nonsense", Who::Bearer("nonsense".into())),
            ("an unsigned token", Who::Bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.".into())),
            ("a made-up cookie", Who::Cookie("nonsense".into())),
            ("an expired key", expired),
            ("a revoked key", revoked),
        ];
        for (name, end) in
            [("a signed-out token", "DELETE /v2/auth/session"), ("a signed-out cookie", "POST /sign-out")]
        {
            let who = if name.ends_with("token") {
                house.token(&house.email).await
            } else {
                house.cookie(&house.email).await
            };
            let (method, path) = end.split_once(' ').expect("a route");
            let kind = if method == "POST" { "application/x-www-form-urlencoded" } else { "" };
            let seen = house.ask(&who, method, path, (kind, Vec::new())).await;
            assert!(seen.status < 400, "{end}: {}", seen.status);
            all.push((name, who));
        }
        for (role, token, cookie, end) in [
            ("agent", "a removed member's token", "a removed member's cookie", "delete from members m using users u"),
            (
                "analyst",
                "a suspended member's token",
                "a suspended member's cookie",
                "update members m set suspended_at = now() from users u",
            ),
        ] {
            let email = house.person(owner, "former", role).await;
            all.push((token, house.token(&email).await));
            all.push((cookie, house.cookie(&email).await));
            house.sql(&format!("{end} where u.id = m.user_id and u.email = '{email}'")).await;
        }
        all
    }
}

/// Everything that is wrong with the routes of a house.
async fn problems(house: &House) -> Vec<String> {
    let callers = Callers::of(house).await;
    let named = |list: &[(&str, &str)]| list.iter().map(|(route, _)| (*route).to_owned()).collect::<BTreeSet<String>>();
    let (open, signed, for_all) = (named(OPEN), named(SIGNED), named(FOR_EVERY_MEMBER));
    let (mut wrong, mut seen, mut guarded) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    let all = routes(house).await;
    for route in &all {
        let name = route.name();
        seen.insert(name.clone());
        if signed.contains(&name) {
            continue;
        }
        let status = ask(house, &Who::Nobody, route).await;
        if open.contains(&name) {
            if status == 401 {
                wrong.push(format!("{name} is on the list of the open ones and wants somebody"));
            }
            continue;
        }
        for (what, who) in &callers.ended {
            let status = ask(house, who, route).await;
            if status != 401 {
                wrong.push(format!("{name} answers {status} to {what} and is on no list"));
            }
        }
        match permission(house, &callers, route).await {
            Ok(permission) => {
                let own = OWN_ACCOUNT.iter().any(|start| route.path.starts_with(start));
                if route.changes() && permission == Permission::View && !own && !for_all.contains(&name) {
                    wrong.push(format!("{name} changes something and wants no more than {permission}"));
                }
                guarded.insert(name, permission);
            }
            Err(problem) => wrong.push(problem),
        }
    }
    wrong.extend(roles(house, &callers, &all, &guarded).await);
    for stale in open.union(&signed).chain(&for_all).filter(|name| !seen.contains(*name)) {
        wrong.push(format!("{stale} is on a list and does not exist"));
    }
    println!("{} routes, {} of them guarded; {} open, {} signed", all.len(), guarded.len(), open.len(), signed.len());
    wrong
}

async fn ask(house: &House, who: &Who, route: &Route) -> u16 {
    house.ask(who, route.method, &route.with_nothing(), route.bad_body()).await.status
}

/// What a route wants, found out with keys of one scope and confirmed with keys that lack one.
async fn permission(house: &House, callers: &Callers, route: &Route) -> Result<Permission, String> {
    let mut admitted = Vec::new();
    for (permission, key) in &callers.scoped {
        match ask(house, key, route).await {
            401 => return Err(format!("{} does not know a key", route.name())),
            403 => {}
            _ => admitted.push(*permission),
        }
    }
    let [wanted] = admitted[..] else {
        return Err(format!("{} lets in keys with any of {admitted:?}", route.name()));
    };
    for (missing, key) in &callers.lacking {
        let refused = ask(house, key, route).await == 403;
        if refused != (*missing == wanted) {
            return Err(format!("{} wants {wanted}, and a key without {missing} is told otherwise", route.name()));
        }
    }
    Ok(wanted)
}

/// Members get what the matrix gives their role, as programs and as browsers, and nothing else.
async fn roles(house: &House, callers: &Callers, all: &[Route], guarded: &BTreeMap<String, Permission>) -> Vec<String> {
    let mut wrong = Vec::new();
    for route in all {
        let name = route.name();
        let Some(permission) = guarded.get(&name) else { continue };
        for (role, who) in &callers.roles {
            let may = role.permissions().has(*permission);
            if may && ENDS_THE_CALLER.contains(&name.as_str()) {
                continue;
            }
            let status = ask(house, who, route).await;
            if status == 401 || (status == 403) == may || status >= 500 {
                wrong.push(format!("{name} wants {permission} and answers {status} to a member who is {role}"));
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_whoever_it_should_and_nobody_else() {
    let house = House::new().await;
    let wrong = problems(&house).await;
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_route_without_a_guard_is_found() {
    let before = problems(&House::new().await).await;
    let db = kernel::testing::TestDb::new().await;
    let app = {
        let kernel = db.kernel().await;
        let identity = identity::Identity::open(&kernel).await.expect("the room opens");
        App::new(kernel, identity.authenticator(), shell::Settings::default())
    };
    let planted = Room {
        api: OpenApiRouter::new().route("/v2/planted/{id}", get(|| async { "open" })),
        pages: Router::new()
            .route("/planted", get(|| async { "open" }))
            .route("/planted/weak", post(|_: Allowed<View>| async { "any member" }))
            .with_state(app),
        ..Room::default()
    };
    let house = House::with(vec![planted]).await;
    let found = problems(&house).await;
    let new: Vec<&String> = found.iter().filter(|problem| !before.contains(problem)).collect();
    for expected in [
        "GET /planted answers 200 to nobody and is on no list",
        "GET /v2/planted/{id} answers 200 to nobody and is on no list",
        "GET /planted answers 200 to a revoked key and is on no list",
        "POST /planted/weak changes something and wants no more than view",
    ] {
        assert!(new.iter().any(|problem| problem.as_str() == expected), "{expected}: {new:#?}");
    }
    assert!(new.iter().all(|problem| problem.contains("/planted")), "{new:#?}");
    assert_eq!(undescribed(&house).await, ["GET /v2/planted/{id}"], "and the description lacks it");
}

/// Routes under `/v2` that are not described.
async fn undescribed(house: &House) -> Vec<String> {
    let described: BTreeSet<String> = operations(&house.described).iter().map(crate::api::Operation::name).collect();
    let api = routes(house).await.into_iter().filter(|route| route.path.starts_with("/v2/"));
    let missing = api.map(|route| route.name()).filter(|name| !described.contains(name));
    // The description does not describe itself; what streams is described in the guide.
    missing
        .filter(|name| !["GET /v2/openapi.json", "GET /v2/live", "GET /v2/live/ws"].contains(&name.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_api_is_described_with_what_it_wants() {
    let house = House::new().await;
    assert_eq!(undescribed(&house).await, Vec::<String>::new());
    let described = &house.described;
    let schemes = described["components"]["securitySchemes"].as_object().expect("schemes");
    assert!(schemes.contains_key("access_token") && schemes.contains_key("api_key"), "{schemes:?}");
    let general = described["security"].as_array().expect("a requirement for all");
    assert!(!general.is_empty() && general.iter().all(|one| one.as_object().is_some_and(|one| !one.is_empty())));
    let open: BTreeSet<String> = OPEN.iter().map(|(route, _)| (*route).to_owned()).collect();
    for operation in operations(described) {
        assert_eq!(operation.public, open.contains(&operation.name()), "{} says whether it is open", operation.name());
        let own = &described["paths"][&operation.path][operation.method.to_lowercase()]["security"];
        assert!(own.is_null() || *own == json!([{}]), "{}: {own}", operation.name());
    }
}
