//! The desk: what members see and change of the site, and what visitors see of it at once.

use axum::http::Method;
use serde_json::{Value, json};
use shell::Role;
use shell::testing::Answer;

use crate::support::World;

pub(crate) const CONTACT: [(&str, &str); 4] = [
    ("name", "Dana Whitfield"),
    ("email", "dana@example.com"),
    ("topic", "demo"),
    ("message", "We lose half of the calls after five o'clock."),
];

/// The settings as the form sends them, with some changed.
const SETTINGS: [(&str, &str); 24] = [
    ("name", "Northwind Recovery"),
    ("tagline", "What you lose, found"),
    ("domain", ""),
    ("published", "true"),
    ("hue", "207"),
    ("chroma", "0.085"),
    ("logo", ""),
    ("audit", "true"),
    ("calculator", "true"),
    ("blog", "true"),
    ("letters", "true"),
    ("analytics", "true"),
    ("legal_name", "Northwind Ltd"),
    ("email", "hello@northwind.example"),
    ("currency", "EUR"),
    ("time_zone", "Europe/London"),
    ("double_opt_in", "true"),
    ("kept_days", "365"),
    ("from", "09:00"),
    ("to", "17:00"),
    ("minutes", "30"),
    ("buffer", "15"),
    ("notice_hours", "4"),
    ("horizon_days", "21"),
];

fn form(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}

pub(crate) async fn send(world: &World, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    world.web.submit(token, Method::POST, path, &form(fields)).await
}

pub(crate) async fn settings(world: &World, token: &str, changed: &[(&str, &str)]) -> Answer {
    let mut all: Vec<(&str, &str)> =
        SETTINGS.into_iter().filter(|(name, _)| changed.iter().all(|(other, _)| other != name)).collect();
    all.extend(changed);
    send(world, token, "/admin/settings", &all).await
}

pub(crate) async fn shown(world: &World, token: &str, path: &str) -> String {
    let answer = world.web.browse(token, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.text
}

/// The only inquiry.
async fn inquiry(world: &World, token: &str) -> Value {
    let listed = world.web.get(token, "/v2/site/inquiries").await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    listed.json()["data"][0].clone()
}

#[tokio::test]
async fn an_organisation_without_a_site_is_told_how_to_begin() {
    let world = World::new().await;
    let org = world.web.org("Eastwind").await;
    let token = world.web.token(org, Role::Admin);
    let first = shown(&world, &token, "/admin").await;
    assert!(first.contains("Give the site its name") && first.contains("Publish the site"), "{first}");
    let sent = settings(&world, &token, &[("name", "Eastwind"), ("domain", "east.example.com")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(world.text("select name from sites where domain = 'east.example.com'").await, "Eastwind");
    let next = shown(&world, &token, "/admin").await;
    assert_eq!(next.matches("site-step done").count(), 3, "who is told is still open: {next}");
    for path in [
        "/admin/analytics",
        "/admin/inquiries",
        "/admin/audit",
        "/admin/redirects",
        "/admin/experiments",
        "/admin/settings",
    ] {
        shown(&world, &token, path).await;
    }
}

#[tokio::test]
async fn settings_are_shown_at_once_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    assert!(world.get("/about").await.text.contains("Northwind Recovery"));
    let sent = settings(&world, &token, &[("name", "Southwind & Daughters"), ("days", "1"), ("booking", "true")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert!(world.get("/about").await.text.contains("Southwind &#38; Daughters"));
    assert_eq!(world.count("select count(*) from audit_log where action = 'site.settings_changed'").await, 1);
    let wrong =
        settings(&world, &token, &[("name", "Kept as typed"), ("hue", "400"), ("domain", "127.0.0.1:8080")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Kept as typed") && wrong.text.contains("from 0 to 359"), "{}", wrong.text);
    assert!(world.get("/about").await.text.contains("Southwind"));
}

#[tokio::test]
async fn a_domain_belongs_to_one_site_and_never_to_the_installation() {
    let world = World::new().await;
    world.other("audit.example.com").await;
    let token = world.token(Role::Admin);
    let taken = settings(&world, &token, &[("domain", "Audit.Example.com")]).await;
    assert_eq!(taken.status, 422);
    assert!(taken.text.contains("domain of another site"), "{}", taken.text);
    assert_eq!(settings(&world, &token, &[("domain", "www.example.com")]).await.status, 303);
}

#[tokio::test]
async fn an_inquiry_is_seen_to_and_what_was_done_is_kept() {
    let world = World::new().await;
    let agent = world.token(Role::Agent);
    world.fill("/contact", "/contact", &CONTACT).await;
    world.work().await;
    let one = inquiry(&world, &agent).await;
    assert_eq!((one["name"].as_str(), one["state"].as_str()), (Some("Dana Whitfield"), Some("new")));
    let id = one["id"].as_str().expect("an id").to_owned();
    let path = format!("/admin/inquiries/{id}");
    let list = shown(&world, &agent, "/admin/inquiries").await;
    assert!(list.contains("Dana Whitfield") && list.contains(&path), "{list}");
    let page = shown(&world, &agent, &path).await;
    assert!(page.contains("half of the calls") && page.contains("/leads/lead_"), "{page}");
    let member = world.member("sam@northwind.example").await.to_string();
    let kept =
        send(&world, &agent, &path, &[("state", "open"), ("assignee", &member), ("follow_up", "2026-12-01")]).await;
    assert_eq!(kept.status, 303, "{}", kept.text);
    assert_eq!(send(&world, &agent, &format!("{path}/notes"), &[("body", "Called, no answer")]).await.status, 303);
    let page = shown(&world, &agent, &path).await;
    assert!(page.contains("Called, no answer") && page.contains("value=\"2026-12-01\""), "{page}");
    assert_eq!(
        world.text("select to_char(follow_up_at at time zone 'UTC', 'HH24:MI') from site_inquiries").await,
        "09:00"
    );
    let changed = world
        .web
        .call(
            &agent,
            Method::PATCH,
            &format!("/v2/site/inquiries/{id}"),
            Some(&json!({ "state": "answered", "assignee": null })),
        )
        .await;
    assert_eq!((changed.status, changed.json()["state"].as_str()), (200, Some("answered")), "{}", changed.text);
    assert_eq!(changed.json()["assignee"], Value::Null);
    assert!(changed.json()["followUpAt"].is_string(), "what was not said stays");
    assert!(shown(&world, &agent, "/admin/inquiries?part=answered").await.contains(&path));
    assert!(!shown(&world, &agent, "/admin/inquiries").await.contains(&path));
    assert_eq!(world.count("select count(*) from audit_log where action = 'site.inquiry_changed'").await, 2);
}

#[tokio::test]
async fn spam_says_why_and_can_be_taken_back_once() {
    let world = World::new().await;
    let agent = world.token(Role::Agent);
    world.fill("/contact", "/contact", &CONTACT).await;
    world
        .owner("update site_inquiries set state = 'spam', spam = '[{\"reason\": \"filled in by a program\", \"points\": 5}]'")
        .await;
    world.work().await;
    assert!(world.crm.told().is_empty());
    assert_eq!(inquiry(&world, &agent).await, Value::Null, "spam is not in the list");
    let list = shown(&world, &agent, "/admin/inquiries?part=spam").await;
    assert!(list.contains("filled in by a program"), "{list}");
    let spam = world.web.get(&agent, "/v2/site/inquiries?state=spam").await.json();
    let path = format!("/admin/inquiries/{}", spam["data"][0]["id"].as_str().expect("an id"));
    assert_eq!(send(&world, &agent, &path, &[("state", "open")]).await.status, 422);
    assert_eq!(send(&world, &agent, &format!("{path}/not-spam"), &[]).await.status, 303);
    world.work().await;
    assert_eq!(world.crm.told().len(), 1);
    assert_eq!(send(&world, &agent, &format!("{path}/not-spam"), &[]).await.status, 404);
}

#[tokio::test]
async fn an_address_that_moved_leads_on_and_never_in_a_circle() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    assert_eq!(world.get("/about-us").await.status, 404);
    assert_eq!(send(&world, &token, "/admin/redirects", &[("from", "/about-us"), ("to", "/about")]).await.status, 303);
    let moved = world.get("/about-us").await;
    assert_eq!((moved.status, moved.header("location")), (301, "/about"));
    let circle = send(&world, &token, "/admin/redirects", &[("from", "/about"), ("to", "/about-us")]).await;
    assert_eq!(circle.status, 422);
    assert!(circle.text.contains("in a circle"), "{}", circle.text);
    let page = shown(&world, &token, "/admin/redirects").await;
    assert!(page.contains("/about-us"), "{page}");
    assert_eq!(world.count("select hits from site_redirects").await, 1);
    assert_eq!(send(&world, &token, "/admin/redirects/remove", &[("from", "/about-us")]).await.status, 303);
    assert_eq!(world.get("/about-us").await.status, 404);
}

#[tokio::test]
async fn an_experiment_is_settled_before_it_starts_and_runs_alone() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    let fields = [
        ("name", "Shorter headline"),
        ("page", "about"),
        ("goal", "contact"),
        ("baseline", "10"),
        ("effect", "5"),
        ("name_1", "Short"),
        ("words_1", "title: Another title of the page"),
    ];
    let wrong: Vec<(&str, &str)> =
        fields.into_iter().map(|(name, value)| (name, if name == "effect" { "95" } else { value })).collect();
    let refused = send(&world, &token, "/admin/experiments", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Shorter headline"), "{}", refused.text);
    let made = send(&world, &token, "/admin/experiments", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let path = made.header("location").to_owned();
    let other = send(&world, &token, "/admin/experiments", &fields).await.header("location").to_owned();
    assert_eq!(send(&world, &token, &format!("{path}/start"), &[]).await.status, 303);
    assert_eq!(send(&world, &token, &format!("{other}/start"), &[]).await.status, 409, "one at a time");
    assert_eq!(send(&world, &token, &path, &fields).await.status, 409, "what runs does not change");
    let page = shown(&world, &token, &path).await;
    assert!(page.contains("Too early to say"), "{page}");
    assert_eq!(send(&world, &token, &format!("{path}/stop"), &[("decision", "Kept as it was")]).await.status, 303);
    assert!(shown(&world, &token, &path).await.contains("Kept as it was"));
    assert_eq!(send(&world, &token, &format!("{other}/remove"), &[]).await.status, 303);
    assert_eq!(world.count("select count(*) from site_experiments").await, 1);
}

#[tokio::test]
async fn the_audit_is_drafted_checked_previewed_and_published() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    let weights = |first: &'static str, second: &'static str| {
        [("at", "/dimensions"), ("/dimensions/0/weight", first), ("/dimensions/1/weight", second)]
    };
    shown(&world, &token, "/admin/audit/edit?at=/dimensions").await;
    let wrong = send(&world, &token, "/admin/audit/edit", &weights("many", "1")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("is a whole number"), "{}", wrong.text);
    assert_eq!(world.count("select count(*) from site_audit_versions").await, 0, "nothing was kept of it");
    assert_eq!(send(&world, &token, "/admin/audit/edit", &weights("90", "90")).await.status, 303);
    let refused = send(&world, &token, "/admin/audit/publish", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("the weights add up to"), "{}", refused.text);
    assert_eq!(send(&world, &token, "/admin/audit/discard", &[]).await.status, 303);
    let label = [("at", "/steps/0/questions/0"), ("/steps/0/questions/0/label", "Which trade are you in?")];
    assert_eq!(send(&world, &token, "/admin/audit/edit", &label).await.status, 303);
    assert!(shown(&world, &token, "/admin/audit").await.contains("Which trade are you in?"));
    let linked = send(&world, &token, "/admin/audit/preview", &[]).await.header("location").to_owned();
    let page = shown(&world, &token, &linked).await;
    let preview = page.split("/audit?preview=").nth(1).and_then(|rest| rest.split('<').next()).expect("a link");
    assert!(world.get(&format!("/audit?preview={preview}")).await.text.contains("Which trade are you in?"));
    let published = send(&world, &token, "/admin/audit/publish", &[]).await;
    assert_eq!(published.status, 303, "{}", published.text);
    let begun = world.post_form("/audit/begin", &[]).await;
    assert!(world.get(begun.header("location")).await.text.contains("Which trade are you in?"));
    assert_eq!(world.count("select config_version::bigint from site_audits").await, 1);
    let version = shown(&world, &token, "/admin/audit/versions/1").await;
    assert!(version.contains("Which trade are you in?"), "{version}");
    assert_eq!(send(&world, &token, "/admin/audit/draft", &[("version", "0")]).await.status, 303);
}

#[tokio::test]
async fn lists_of_the_audit_grow_and_shrink() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    let added = send(&world, &token, "/admin/audit/list", &[("at", "/recommendations")]).await;
    let place = added.header("location").split("at=").nth(1).expect("a place").to_owned();
    assert!(shown(&world, &token, added.header("location")).await.contains("A new recommendation"));
    let removed = send(&world, &token, "/admin/audit/list", &[("at", &place), ("remove", "true")]).await;
    assert_eq!((removed.status, removed.header("location")), (303, "/admin/audit"), "{}", removed.text);
    assert_eq!(send(&world, &token, "/admin/audit/list", &[("at", "/bands")]).await.status, 422);
}

#[tokio::test]
async fn visits_are_shown_by_page_and_by_program() {
    let world = World::new().await;
    let token = world.token(Role::Admin);
    world.get_with("/", &[("referer", "https://example.org/")]).await;
    world.get("/about").await;
    world.post_form("/audit/begin", &[]).await;
    let page = shown(&world, &token, "/admin/analytics").await;
    assert!(page.contains("/about") && page.contains("example.org"), "{page}");
    let told = world.web.get(&token, "/v2/site/analytics").await.json();
    assert_eq!(told["funnel"][0]["visitors"], 1);
    assert_eq!(told["funnel"][1]["visitors"], 1);
    assert_eq!(told["sources"][0]["auditsBegun"], 1);
    assert_eq!(told["days"].as_array().map(Vec::len), Some(28));
    let file = world.web.browse(&token, "/admin/analytics/file?from=2026-11-27&to=2026-11-27").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.text.contains("2026-11-27,1,2,1,0,0"), "{}", file.text);
    assert_eq!(world.web.browse(&token, "/admin/analytics?from=2026-12-01&to=2026-11-01").await.status, 422);
}

#[tokio::test]
async fn members_see_what_their_role_allows() {
    let world = World::new().await;
    let (agent, viewer) = (world.token(Role::Agent), world.token(Role::Viewer));
    let managing = ["/admin/settings", "/admin/redirects", "/admin/experiments", "/admin/audit"];
    for path in managing {
        assert_eq!(world.web.browse(&agent, path).await.status, 403, "{path}");
    }
    assert_eq!(world.web.browse(&agent, "/admin").await.status, 200);
    for path in ["/admin", "/admin/inquiries"] {
        assert_eq!(world.web.browse(&viewer, path).await.status, 403, "{path}");
    }
    assert_eq!(world.web.browse(&viewer, "/admin/analytics").await.status, 200);
    assert_eq!(world.web.browse(&viewer, "/admin/analytics/file").await.status, 403);
    assert_eq!(world.web.get(&viewer, "/v2/site/inquiries").await.status, 403);
}

#[tokio::test]
async fn another_organisation_sees_nothing_of_it() {
    let world = World::new().await;
    world.fill("/contact", "/contact", &CONTACT).await;
    world.work().await;
    let mine = inquiry(&world, &world.token(Role::Admin)).await;
    let id = mine["id"].as_str().expect("an id");
    let other = world.web.token(world.other("audit.example.com").await, Role::Admin);
    assert_eq!(inquiry(&world, &other).await, Value::Null);
    assert_eq!(world.web.browse(&other, &format!("/admin/inquiries/{id}")).await.status, 404);
    let (path, change) = (format!("/v2/site/inquiries/{id}"), json!({ "state": "closed" }));
    assert_eq!(world.web.call(&other, Method::PATCH, &path, Some(&change)).await.status, 404);
    assert_eq!(world.text("select state from site_inquiries").await, "new");
}
