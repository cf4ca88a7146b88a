//! Another organisation's things are not there: every route with an id, API and pages, with every kind of id.

use std::collections::{BTreeMap, BTreeSet};

use product_tests::Product;
use serde_json::{Value, json};

use crate::api::{ids, operations};
use crate::furniture::furnish;
use crate::house::{House, Who, request};
use crate::map::{Route, routes};

/// Parameters that name nothing of an organisation, and what else they are.
const NO_OBJECTS: &[(&str, &str)] = &[
    ("/assets/{file}", "a file of the program"),
    ("/auth/oidc/{connection}/start", "a door, for people who are not signed in"),
    ("/auth/oidc/{connection}/callback", "the way back through it"),
    ("/auth/saml/{connection}/start", "a door, for people who are not signed in"),
    ("/auth/saml/{connection}/finish", "the way back through it"),
    ("/auth/saml/{connection}/metadata", "what identity providers read"),
    ("/auth/saml/{connection}/acs", "what identity providers post"),
    ("/invite/{token}", "a secret, good for whoever has it"),
    ("/reset/{token}", "a secret, good for whoever has it"),
    ("/v2/auth/password-reset/{token}", "a secret, good for whoever has it"),
    ("/restore/{token}", "a secret, good for an owner who has it"),
    ("/shared/{token}", "a secret, good for whoever has it"),
    ("/shared/{token}/file", "a secret, good for whoever has it"),
    ("/v2/audit/results/{id}", "a secret, good for whoever has it"),
    ("/webhooks/{channel}", "a platform"),
    ("/ingestion/connect/{kind}", "a kind of source"),
    ("/analytics/{view}", "one of six views"),
    ("/analytics/{view}/table.csv", "one of six views"),
    ("/v2/analytics/{view}", "one of six views"),
    ("/reports/analytics/{view}/file", "one of six views"),
    ("/revenue/plays/{play}", "one of five plays"),
    ("/v2/plays/{play}", "one of five plays"),
    ("/v2/plays/{play}/results", "one of five plays"),
    ("/revenue/scores/{kind}", "one of five scores"),
    ("/revenue/scores/{kind}/rows", "one of five scores"),
    ("/v2/ai/models/{model}", "a name that every organisation knows"),
    ("/webhooks/intake/{token}", "a secret, good for whoever has it"),
    ("/webhooks/sources/{kind}/{token}", "a secret, good for whoever has it"),
    ("/webhooks/sources/callrail/{token}/{event}", "a secret, good for whoever has it"),
];

/// Routes to look at something of which the furniture has none: a decision's draft, a passkey, an export that is ready, a file
/// and its run, a saved report and its schedule, an anomaly, a conversation with the advisor, a picture's file, versions of the audit.
const MOST_UNPROVED: usize = 29;

/// A furnished product, at rest: everything is stopped, and the web side is in this process.
async fn furnished() -> House {
    let product = Product::start().await;
    furnish(&product).await;
    product.settled().await;
    let (db, kernel, org, email) = product.rest().await;
    House::over(db, kernel, org, email, Vec::new()).await
}

/// One id of each kind, from every list and every object that a list leads to.
async fn kinds(house: &House, owner: &Who) -> BTreeMap<String, String> {
    let (mut seen, mut rows) = (BTreeSet::new(), BTreeMap::new());
    let all = operations(&house.described);
    for operation in all.iter().filter(|one| one.method == "GET" && !one.names_object()) {
        let (status, answer) = house.call(owner, "GET", &operation.path, &Value::Null).await;
        assert!(status < 500, "{}: {answer}", operation.name());
        if let Some(id) = answer["data"].as_array().and_then(|rows| rows.iter().find_map(|row| row["id"].as_str())) {
            rows.insert(operation.path.clone(), id.to_owned());
        }
        ids(&answer, &mut seen);
    }
    for operation in all.iter().filter(|one| one.method == "GET" && one.names_object()) {
        if let Some(id) = rows.get(operation.list()) {
            ids(&house.call(owner, "GET", &operation.with(id), &Value::Null).await.1, &mut seen);
        }
    }
    let mut kinds: BTreeMap<String, String> =
        seen.into_iter().map(|id| (id.split('_').next().expect("a kind").to_owned(), id)).collect();
    kinds.extend(of_the_site(house).await);
    kinds
}

/// Ids of what only pages show: the site's pages, authors, pictures and experiments.
async fn of_the_site(house: &House) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (kind, table) in
        [("page", "site_pages"), ("author", "site_authors"), ("img", "site_images"), ("exp", "site_experiments")]
    {
        let query = format!("select id from {table} where org_id = $1 limit 1");
        let id: uuid::Uuid = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(house.org)
            .fetch_one(&mut house.db.owner().await)
            .await
            .unwrap_or_else(|error| panic!("{table}: {error}"));
        found.insert(kind.to_owned(), format!("{kind}_{}", kernel::ids::encode(id.as_u128())));
    }
    found
}

/// Every way to fill a route's parameters with ids of different kinds.
fn filled(route: &Route, kinds: &BTreeMap<String, String>) -> Vec<String> {
    let values: Vec<&str> = kinds.values().map(String::as_str).collect();
    match route.parameters() {
        0 => Vec::new(),
        1 => values.iter().map(|value| route.with(&[value])).collect(),
        _ => values.iter().flat_map(|one| values.iter().map(|other| route.with(&[one, other]))).collect(),
    }
}

/// What is sent: an empty form, or what the description says fits.
fn body(house: &House, route: &Route) -> (&'static str, Vec<u8>) {
    if !route.changes() {
        return ("", Vec::new());
    }
    if !route.is_api() {
        return ("application/x-www-form-urlencoded", Vec::new());
    }
    let all = operations(&house.described);
    let sample = all.into_iter().find(|one| one.method == route.method && one.path == route.path).map(|one| one.body);
    let sample = sample.filter(|body| !body.is_null()).unwrap_or(json!({}));
    ("application/json", sample.to_string().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_objects_are_not_there() {
    let house = furnished().await;
    let owner = house.token(&house.email).await;
    let kinds = kinds(&house, &owner).await;
    assert!(kinds.len() >= 10, "{kinds:?}");
    let eve = house.stranger().await;
    let (owners_provider, eves_provider) = (house.key(&owner, &["scim"]).await.0, house.key(&eve, &["scim"]).await.0);
    let none = |route: &Route| NO_OBJECTS.iter().any(|(path, _)| *path == route.path);
    let all: Vec<Route> =
        routes(&house).await.into_iter().filter(|route| route.parameters() > 0 && !none(route)).collect();
    let before = house.rows(house.org).await;
    let mut wrong = Vec::new();
    for route in &all {
        let who = if route.path.starts_with("/scim/") { &eves_provider } else { &eve };
        for path in filled(route, &kinds) {
            let status = house.ask(who, route.method, &path, body(&house, route)).await.status;
            let hidden = if route.changes() { matches!(status, 404 | 400 | 415 | 422) } else { status == 404 };
            if !hidden {
                wrong.push(format!("{} {path} answers {status} to another organisation", route.method));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(house.rows(house.org).await, before, "nothing of theirs changed");
    // The same paths lead their owner somewhere: the right kind of id was among them.
    let mut unproved = Vec::new();
    for route in all.iter().filter(|route| !route.changes()) {
        let who = if route.path.starts_with("/scim/") { &owners_provider } else { &owner };
        let mut reached = false;
        for path in filled(route, &kinds) {
            reached |= house.ask(who, "GET", &path, ("", Vec::new())).await.status == 200;
        }
        if !reached {
            unproved.push(route.name());
        }
    }
    println!(
        "{} routes tried with {} kinds of ids; the owner finds nothing behind {unproved:?}",
        all.len(),
        kinds.len()
    );
    assert!(all.len() >= 60, "only {} routes were tried", all.len());
    assert!(unproved.len() <= MOST_UNPROVED, "an object for each should be made above: {unproved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_lists_and_pages_show_nothing_of_the_first() {
    let house = furnished().await;
    let owner = house.token(&house.email).await;
    let mut theirs = BTreeSet::new();
    let plain: Vec<Route> =
        routes(&house).await.into_iter().filter(|route| !route.changes() && route.parameters() == 0).collect();
    for route in plain.iter().filter(|route| route.path.starts_with("/v2/") && !route.path.contains("live")) {
        ids(&house.call(&owner, "GET", &route.path, &Value::Null).await.1, &mut theirs);
    }
    assert!(theirs.len() >= 15, "{theirs:?}");
    let eve = house.stranger().await;
    for route in plain.iter().filter(|route| !route.path.contains("live") && !route.path.contains("events")) {
        let (seen, text) = house.text(request(&eve, "GET", &route.path, ("", Vec::new()))).await;
        // Nothing is ready here: no worker runs.
        assert!(seen.status < 500 || route.path == "/health/ready", "{}", route.name());
        for secret in
            theirs.iter().map(String::as_str).chain([house.email.as_str(), "samira@furnished.example", "Northwind"])
        {
            // The reference of the API has examples of its own.
            let own = route.path == "/docs/api" || route.path == "/v2/openapi.json";
            assert!(own || !text.contains(secret), "{} shows {secret}", route.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_organisation_opens_no_door_of_another() {
    let house = House::new().await;
    let eve = house.stranger().await;
    // Nothing in a request names the organisation but its credential.
    let (_, me) = house.call(&eve, "GET", "/v2/auth/session", &Value::Null).await;
    let elsewhere = me["org"]["id"].as_str().expect("an id").to_owned();
    assert_ne!(elsewhere, house.org.to_string());
    for (name, value) in [
        ("x-org-id", house.org.to_string()),
        ("x-organisation", "Northwind".into()),
        ("cookie", format!("org={}", house.org)),
    ] {
        let mut request =
            request(&eve, "GET", &format!("/v2/auth/session?org={0}&org_id={0}", house.org), ("", Vec::new()));
        request.headers_mut().insert(name, value.parse().expect("a value"));
        let (seen, text) = house.text(request).await;
        let named: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(seen.status == 422 || named["org"]["id"] == elsewhere.as_str(), "{name}: {text}");
    }
    // A token that says another organisation than it was signed for is no token.
    let Who::Bearer(token) = &eve else { panic!("a token") };
    let parts: Vec<&str> = token.split('.').collect();
    let claims = base64_decode(parts[1]);
    let swapped = claims.replace(&elsewhere, &house.org.to_string());
    assert_ne!(claims, swapped, "the token names its organisation");
    let forged = format!("{}.{}.{}", parts[0], base64_encode(&swapped), parts[2]);
    assert_eq!(house.call(&Who::Bearer(forged), "GET", "/v2/auth/session", &Value::Null).await.0, 401);
}

fn base64_decode(text: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
    String::from_utf8(bytes).expect("UTF-8")
}

fn base64_encode(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}
