//! What programs of the organisation write on its site, by the same rules as people.

use axum::http::Method;
use serde_json::{Value, json};
use shell::Role;
use shell::testing::Answer;

use crate::support::World;

const PAGES: &str = "/v2/site/pages";
const REDIRECTS: &str = "/v2/site/redirects";

async fn call(world: &World, token: &str, method: Method, path: &str, body: Value) -> Answer {
    world.web.call(token, method, path, Some(&body)).await
}

fn post() -> Value {
    json!({
        "kind": "post", "slug": "missed-calls", "title": "What a missed call costs", "body": "Count them.\r\nAll of them.",
        "tags": ["Phone", "After hours"], "fields": { "reading": "short" }
    })
}

#[tokio::test]
async fn a_page_is_written_previewed_published_and_moved() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let mut new = post();
    new["act"] = json!("link");
    let made = call(&world, &admin, Method::POST, PAGES, new).await;
    let page = made.json();
    assert_eq!((made.status, page["state"].as_str(), page["revision"].as_i64()), (201, Some("draft"), Some(1)));
    assert_eq!(
        (page["path"].as_str(), page["body"].as_str()),
        (Some("/blog/missed-calls"), Some("Count them.\nAll of them."))
    );
    assert_eq!((&page["tags"], &page["fields"]), (&json!(["Phone", "After hours"]), &json!({ "reading": "short" })));
    let preview = page["previewUrl"].as_str().and_then(|url| url.split_once("/blog/")).expect("a preview").1.to_owned();
    assert_eq!(world.get("/blog/missed-calls").await.status, 404);
    assert!(world.get(&format!("/blog/{preview}")).await.text.contains("Count them"));

    let own = format!("{PAGES}/{}", page["id"].as_str().expect("an id"));
    let change = json!({ "revision": 1, "title": "What one call costs", "act": "publish" });
    let published = call(&world, &admin, Method::PATCH, &own, change.clone()).await;
    assert_eq!((published.status, published.json()["state"].as_str()), (200, Some("published")), "{}", published.text);
    assert_eq!(published.json()["tags"], page["tags"], "what was not said stays");
    assert!(world.get("/blog/missed-calls").await.text.contains("What one call costs"));
    // Somebody who read the first revision writes over nothing.
    let late = call(&world, &admin, Method::PATCH, &own, change).await;
    assert_eq!(late.status, 409, "{}", late.text);
    let moved = json!({ "revision": 2, "slug": "one-call" });
    assert_eq!(call(&world, &admin, Method::PATCH, &own, moved).await.status, 200);
    assert_eq!(world.get("/blog/missed-calls").await.header("location"), "/blog/one-call");
    let gone = json!({ "revision": 3, "act": "archive" });
    assert_eq!(call(&world, &admin, Method::PATCH, &own, gone).await.status, 200);
    assert_eq!(world.web.get(&admin, PAGES).await.json()["data"], json!([]));
    let archived = world.web.get(&admin, &format!("{PAGES}?kind=post&state=archived")).await.json();
    assert_eq!(archived["data"][0]["slug"], "one-call");
    assert_eq!(world.web.get(&admin, &own).await.json()["revision"], 4);
    assert_eq!(world.count("select count(*) from audit_log where action like 'site.page_%'").await, 4);
}

#[tokio::test]
async fn a_time_is_an_instant_and_slips_are_named_as_they_were_sent() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let mut new = post();
    (new["publishAt"], new["act"]) = (json!("2099-03-29T02:30:15+01:00"), json!("schedule"));
    let made = call(&world, &admin, Method::POST, PAGES, new.clone()).await;
    assert_eq!(made.json()["publishAt"], "2099-03-29T01:30:15Z", "{}", made.text);
    // The same address twice.
    let again = call(&world, &admin, Method::POST, PAGES, new.clone()).await;
    assert_eq!((again.status, again.text.contains("\"slug\"")), (422, true), "{}", again.text);
    (new["slug"], new["publishAt"]) = (json!("another"), json!("2001-01-01T00:00:00Z"));
    assert!(call(&world, &admin, Method::POST, PAGES, new.clone()).await.text.contains("\"publishAt\""));
    for (field, value) in [
        ("kind", json!("press")),
        ("act", json!("burn")),
        ("slug", json!("../admin")),
        ("title", json!(" ")),
        ("tags", json!(["a,b"])),
        ("fields", json!([1])),
    ] {
        let mut wrong = post();
        (wrong["slug"], wrong[field]) = (json!("wrong"), value);
        let refused = call(&world, &admin, Method::POST, PAGES, wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{field}\""))), (422, true), "{}", refused.text);
    }
    assert_eq!(world.count("select count(*) from site_pages").await, 1);
    let agent = world.token(Role::Agent);
    assert_eq!(call(&world, &agent, Method::POST, PAGES, post()).await.status, 403);
    assert_eq!(world.web.get(&agent, REDIRECTS).await.status, 403);
}

#[tokio::test]
async fn an_address_is_moved_and_forgotten() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let kept = call(&world, &admin, Method::PUT, REDIRECTS, json!({ "from": "/about/old/", "to": "/about" })).await;
    assert_eq!((kept.status, kept.json()["from"].as_str()), (200, Some("/about/old")), "{}", kept.text);
    assert_eq!(world.get("/about/old").await.header("location"), "/about");
    let circle = call(&world, &admin, Method::PUT, REDIRECTS, json!({ "from": "/about", "to": "/about/old" })).await;
    assert_eq!(circle.status, 422, "{}", circle.text);
    assert_eq!(world.web.get(&admin, REDIRECTS).await.json()["data"].as_array().map(Vec::len), Some(1));
    let gone = format!("{REDIRECTS}?from=/about/old");
    assert_eq!(world.web.call(&admin, Method::DELETE, &gone, None).await.status, 204);
    assert_eq!(world.web.call(&admin, Method::DELETE, &gone, None).await.status, 404);
    assert_eq!(world.get("/about/old").await.status, 404);
}

#[tokio::test]
async fn the_audits_questions_are_read_changed_checked_and_published_whole() {
    const AUDIT: &str = "/v2/site/audit";
    const DRAFT: &str = "/v2/site/audit/draft";
    const PUBLICATION: &str = "/v2/site/audit/publication";
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let own = world.web.get(&admin, AUDIT).await.json();
    assert_eq!((&own["version"], &own["draft"]), (&json!(0), &Value::Null));
    assert_eq!(world.web.post(&admin, PUBLICATION, &json!({})).await.status, 404, "there is no draft");
    assert_eq!(world.web.call(&admin, Method::DELETE, DRAFT, None).await.status, 404);

    let mut config = own["config"].clone();
    config["dimensions"][0]["weight"] = json!(99);
    let kept = call(&world, &admin, Method::PUT, DRAFT, json!({ "config": config })).await;
    let complaints = kept.json()["complaints"].as_array().map(Vec::len);
    assert_eq!((kept.status, complaints > Some(0)), (200, true), "{}", kept.text);
    assert_eq!(world.web.post(&admin, PUBLICATION, &json!({})).await.status, 422);
    for wrong in [json!({}), json!([]), json!({ "steps": "\u{0}" }), json!("<script>")] {
        let refused = call(&world, &admin, Method::PUT, DRAFT, json!({ "config": wrong })).await;
        assert_eq!((refused.status, refused.text.contains("\"config")), (422, true), "{}", refused.text);
    }

    let mut config = own["config"].clone();
    config["steps"][0]["questions"][0]["label"] = json!("What do you do for a living?");
    let kept = call(&world, &admin, Method::PUT, DRAFT, json!({ "config": config })).await;
    assert_eq!(kept.json()["complaints"], json!([]), "{}", kept.text);
    let published = world.web.post(&admin, PUBLICATION, &json!({})).await;
    assert_eq!((published.status, &published.json()["version"]), (201, &json!(1)), "{}", published.text);
    let asked = world.web.get(&admin, AUDIT).await.json();
    assert_eq!((&asked["version"], &asked["draft"], &asked["config"]), (&json!(1), &Value::Null, &config));
    let body = json!({ "industry": "dentist", "companySize": "6_20", "painPoints": [], "currentSystems": ["crm"], "kpis": [] });
    let id = world.post_json("/v2/audit/submit", &body).await.json()["auditId"].as_str().expect("an id").to_owned();
    let result = world.get(&format!("/v2/audit/results/{id}")).await.json();
    assert_eq!(result["auditData"]["configVersion"], 1);
    assert_eq!(result["auditData"]["answers"][0]["question"], "What do you do for a living?");
}

#[tokio::test]
async fn parts_of_the_site_are_turned_off_and_its_name_is_changed() {
    const SETTINGS: &str = "/v2/site/settings";
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let before = world.web.get(&admin, SETTINGS).await.json();
    assert_eq!((&before["published"], &before["flags"]["blog"]), (&json!(true), &json!(true)), "{before}");
    let change = json!({ "name": "Another Recovery", "flags": { "blog": false } });
    let changed = call(&world, &admin, Method::PATCH, SETTINGS, change).await;
    assert_eq!((changed.status, &changed.json()["flags"]["blog"]), (200, &json!(false)), "{}", changed.text);
    assert_eq!(changed.json()["flags"]["audit"], json!(true), "what was not said stays");
    assert_eq!(world.get("/blog").await.status, 404);
    assert!(world.get("/").await.text.contains("Another Recovery"));
    for (wrong, field) in [
        (json!({ "flags": { "shop": true } }), "flags"),
        (json!({ "domain": "not a domain" }), "domain"),
        (json!({ "name": " " }), "name"),
    ] {
        let refused = call(&world, &admin, Method::PATCH, SETTINGS, wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{field}\""))), (422, true), "{}", refused.text);
    }
    assert_eq!(world.count("select count(*) from audit_log where action = 'site.settings_changed'").await, 1);
    assert_eq!(world.web.get(&world.token(Role::Agent), SETTINGS).await.status, 403);
}

#[tokio::test]
async fn wordings_are_compared_one_experiment_a_page() {
    const EXPERIMENTS: &str = "/v2/site/experiments";
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let plan = json!({
        "name": "A shorter headline", "page": "home", "goal": "audit_begun", "baselinePercent": 5, "effectPoints": 1,
        "wordings": [{ "name": "Short", "fields": { "headline": "Customers you\nnever hear from again" } }]
    });
    let made = world.web.post(&admin, EXPERIMENTS, &plan).await;
    let first = made.json();
    assert_eq!((made.status, first["state"].as_str(), first["verdict"].as_str()), (201, Some("draft"), Some("")));
    assert_eq!(first["wordings"][1]["fields"]["headline"], "Customers you never hear from again");
    assert!(first["needed"].as_u64() > Some(1_000), "{first}");
    let second = world.web.post(&admin, EXPERIMENTS, &plan).await.json();
    let run = |experiment: &Value| format!("{EXPERIMENTS}/{}/run", experiment["id"].as_str().expect("an id"));
    assert_eq!(world.web.call(&admin, Method::PUT, &run(&first), None).await.status, 204);
    assert_eq!(world.web.call(&admin, Method::PUT, &run(&second), None).await.status, 409, "one at a time");
    let listed = world.web.get(&admin, EXPERIMENTS).await.json();
    assert_eq!((&listed["data"][0]["state"], &listed["data"][1]["state"]), (&json!("running"), &json!("draft")));
    let end = format!("{}?decision=kept", run(&first));
    assert_eq!(world.web.call(&admin, Method::DELETE, &end, None).await.status, 204);
    assert_eq!(world.web.call(&admin, Method::DELETE, &end, None).await.status, 409);
    let wording = json!({ "name": "Short", "fields": { "nothing": "x" } });
    for (field, value, named) in [
        ("page", json!("nowhere"), "page"),
        ("goal", json!("fame"), "goal"),
        ("effectPoints", json!(0), "effectPoints"),
        ("wordings", json!([wording]), "wordings.0.fields"),
        ("wordings", json!([wording, wording, wording, wording]), "wordings"),
    ] {
        let mut wrong = plan.clone();
        wrong[field] = value;
        let refused = world.web.post(&admin, EXPERIMENTS, &wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{named}\""))), (422, true), "{}", refused.text);
    }
}
