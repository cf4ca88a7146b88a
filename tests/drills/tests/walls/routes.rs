//! Every route of the description × {nobody, another organisation, a lesser role}.

use std::collections::{BTreeMap, BTreeSet};

use product_tests::{Product, person};
use serde_json::{Value, json};
use standins::Platform;

use crate::api::{Operation, ids, operations};

/// What changes nothing for others, so that every member may do it.
const FOR_VIEWERS: [&str; 4] =
    ["DELETE /v2/auth/session", "DELETE /v2/members/me", "POST /v2/knowledge/test", "POST /v2/auth/organisation"];

/// Somebody who asks from outside.
struct Caller<'a> {
    product: &'a Product,
    token: String,
    client: reqwest::Client,
}

impl<'a> Caller<'a> {
    fn new(product: &'a Product, token: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the test stands outside the product and wants a plain client")]
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { product, token: token.to_owned(), client }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.client.request(method.parse().expect("a method"), self.product.url(path));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }
}

pub async fn described(product: &Product) -> Vec<Operation> {
    let all = operations(&Caller::new(product, "").ask("GET", "/v2/openapi.json", &Value::Null).await.1);
    assert!(all.len() > 30, "the description was read");
    all
}

/// Another organisation's owner, at the same Recoup.
async fn stranger(product: &Product) -> Caller<'_> {
    let body = json!({ "organisation": "Elsewhere", "name": "Eve", "email": "eve@example.com", "password": "a long enough password" });
    let (status, made) = Caller::new(product, "").ask("POST", "/v2/auth/register", &body).await;
    assert_eq!(status, 201, "{made}");
    Caller::new(product, made["access_token"].as_str().expect("a token"))
}

/// Fills the first organisation with one object of each kind that the API can make or messages bring.
pub async fn furnish(product: &Product) {
    let asha = person(Platform::Messenger, 1);
    product.writes(Platform::Messenger, &asha, "How much is teeth whitening? I want to book it this week.");
    product.reply(Platform::Messenger, &asha, 1).await;
    product.settled().await;
    for (path, body) in [
        ("/v2/keys", json!({ "name": "a key", "scopes": ["view"] })),
        ("/v2/invites", json!({ "email": "sam@example.com", "role": "agent" })),
        ("/v2/knowledge/documents", json!({ "title": "Hours", "text": "We are open from nine to five." })),
    ] {
        let (status, answer) = product.call("POST", path, body).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
    }
    let dead = "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) \
                values ($1, gen_random_uuid(), 'crm', 'crm.sync', '{}', 1, 0, 'an error', now())";
    sqlx::query(dead).bind(product.org).execute(&mut product.db.owner().await).await.expect("a dead letter");
}

/// The first object of each list of the organisation, by the list's path; and every id seen in any list.
pub async fn objects(product: &Product, all: &[Operation]) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (mut first, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for operation in all.iter().filter(|one| one.method == "GET" && !one.names_object()) {
        let (status, answer) = product.call("GET", &operation.path, Value::Null).await;
        assert!(status < 500, "{}: {answer}", operation.name());
        let row = |row: &Value| row["id"].as_str().map(str::to_owned);
        if let Some(id) = answer["data"].as_array().and_then(|rows| rows.iter().find_map(row)) {
            first.insert(operation.path.clone(), id);
        }
        ids(&answer["data"], &mut seen);
    }
    let conversation = &first["/v2/conversations"];
    let (_, messages) = product.call("GET", &format!("/v2/conversations/{conversation}/messages"), Value::Null).await;
    let message = messages["data"][0]["id"].as_str().expect("a message").to_owned();
    seen.insert(message.clone());
    first.insert("/v2/messages".to_owned(), message);
    (first, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_wants_a_sign_in_except_those_that_say_otherwise() {
    let product = Product::start().await;
    let nobody = Caller::new(&product, "");
    let mut public = BTreeSet::new();
    for operation in described(&product).await {
        if operation.public {
            public.insert(operation.name());
            continue;
        }
        let path = if operation.names_object() {
            operation.with("conv_01h455vb4pex5vsknk084sn02q")
        } else {
            operation.path.clone()
        };
        let (status, answer) = nobody.ask(&operation.method, &path, &operation.body).await;
        assert_eq!(status, 401, "{}: {answer}", operation.name());
    }
    let wanted = ["POST /v2/auth/login", "POST /v2/auth/refresh", "POST /v2/auth/register", "POST /v2/invites/accept"];
    assert_eq!(public, wanted.map(str::to_owned).into(), "these and no others are open");
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_object_is_not_there() {
    let product = Product::start().await;
    furnish(&product).await;
    let all = described(&product).await;
    let (first, theirs) = objects(&product, &all).await;
    let eve = stranger(&product).await;
    let (mut proved, mut without) = (0, Vec::new());
    let mut wrong = Vec::new();
    for operation in all.iter().filter(|operation| operation.names_object()) {
        let Some(id) = first.get(operation.list()) else {
            without.push(operation.name());
            continue;
        };
        let (status, answer) = eve.ask(&operation.method, &operation.with(id), &operation.body).await;
        proved += 1;
        if status != 404 {
            wrong.push(format!("{} → {status}: {answer} for {}", operation.name(), operation.body));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(proved >= 15, "only {proved} routes were tried; without an object: {without:?}");
    println!("routes tried with another organisation's ids: {proved}; without an object to try: {without:?}");

    // Her lists show her own rows only, and nothing of hers changed theirs.
    for operation in all.iter().filter(|one| one.method == "GET" && !one.names_object()) {
        let (_, answer) = eve.ask("GET", &operation.path, &Value::Null).await;
        let mut seen = BTreeSet::new();
        ids(&answer, &mut seen);
        let leaked: Vec<_> = seen.intersection(&theirs).collect();
        assert!(leaked.is_empty(), "{} shows {leaked:?}", operation.name());
    }
    let (again, _) = objects(&product, &all).await;
    assert_eq!(again, first, "everything is where it was");
    sqlx::query("delete from dead_letters").execute(&mut product.db.owner().await).await.expect("tidied");
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_changes_nothing() {
    let product = Product::start().await;
    furnish(&product).await;
    let all = described(&product).await;
    let (first, _) = objects(&product, &all).await;
    let viewer =
        json!({ "email": "val@example.com", "name": "Val", "password": "a long enough password", "role": "viewer" });
    let (status, answer) = product.call("POST", "/v2/members", viewer).await;
    assert_eq!(status, 201, "{answer}");
    let door = Caller::new(&product, "");
    let (_, entered) = door
        .ask("POST", "/v2/auth/login", &json!({ "email": "val@example.com", "password": "a long enough password" }))
        .await;
    let val = Caller::new(&product, entered["access_token"].as_str().expect("a token"));
    let (status, _) = val.ask("GET", "/v2/conversations", &Value::Null).await;
    assert_eq!(status, 200, "looking is allowed");
    let mut wrong = Vec::new();
    for operation in all.iter().filter(|one| !one.public && one.method != "GET" && !FOR_VIEWERS.contains(&&*one.name()))
    {
        let path = match (operation.names_object(), first.get(operation.list())) {
            (false, _) => operation.path.clone(),
            (true, Some(id)) => operation.with(id),
            (true, None) => continue,
        };
        let (status, answer) = val.ask(&operation.method, &path, &operation.body).await;
        if status != 403 {
            wrong.push(format!("{} → {status}: {answer}", operation.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    sqlx::query("delete from dead_letters").execute(&mut product.db.owner().await).await.expect("tidied");
    product.end().await;
}
