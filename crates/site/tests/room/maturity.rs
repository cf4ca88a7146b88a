//! A result that an organisation took over, beside what it measures.

use axum::body::Body;
use axum::http::{Method, header};
use kernel::ids::{ContactId, OrgId};
use kernel::privacy::{Holder, Traces};
use serde_json::{Value, json};
use shell::Role;
use shell::testing::Answer;
use site::privacy::Visitors;

use crate::admin::{send, shown};
use crate::support::{World, figure, visitor};

const MATURITY: &str = "/v2/maturity";
const PAGE: &str = "/maturity";

/// Somebody who answers everybody at once, as they say.
fn answers() -> Value {
    json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": [], "currentSystems": [], "kpis": ["inquiries"],
        "answers": { "answering": "measured", "rules": "told" }
    })
}

/// A visitor's audit: the id of its result, and its score.
async fn audited(world: &World) -> (String, Value) {
    let done = world.post_json("/v2/audit/submit", &answers()).await;
    assert_eq!(done.status, 201, "{}", done.text);
    let done = done.json();
    (done["auditId"].as_str().expect("an id").to_owned(), done["maturityScore"].clone())
}

/// The same on the site of a host.
async fn audited_at(world: &World, host: &str) -> String {
    let request = visitor(Method::POST, "/v2/audit/submit").header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from(answers().to_string())).expect("a request");
    request.headers_mut().insert(header::HOST, host.parse().expect("a host"));
    let done = world.send(request).await;
    assert_eq!(done.status, 201, "{}", done.text);
    done.json()["auditId"].as_str().expect("an id").to_owned()
}

/// Another organisation of the installation, and whoever manages it.
async fn business(world: &World) -> (OrgId, String) {
    let org = world.web.org("Harbour Dental").await;
    (org, world.web.token(org, Role::Admin))
}

async fn take(world: &World, token: &str, audit: &str) -> Answer {
    world.web.post(token, MATURITY, &json!({ "auditId": audit })).await
}

fn area<'a>(found: &'a Value, dimension: &str) -> &'a Value {
    let areas = found["areas"].as_array().expect("areas");
    areas.iter().find(|area| area["dimension"] == dimension).expect("the area")
}

#[tokio::test]
async fn what_is_measured_counts_instead_of_what_was_said_and_is_never_old() {
    let world = World::new().await;
    let (audit, score) = audited(&world).await;
    let (org, admin) = business(&world).await;
    assert_eq!(world.web.get(&admin, MATURITY).await.status, 404);
    world.figures.say(org, |figures| figures.answer_minutes = figure(Some(600), 40));
    let taken = take(&world, &admin, &audit).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    let found = taken.json();
    assert_eq!(found["before"]["score"], score, "the answers are scored as the site scored them");
    let response = area(&found, "response");
    assert_eq!((&response["counts"], &response["said"]["level"]), (&json!("measured"), &json!(4)));
    let reading = &response["measured"];
    assert_eq!(
        (&reading["value"], &reading["cases"], &reading["level"]["level"]),
        (&json!(600), &json!(40), &json!(1))
    );
    assert_eq!((&reading["from"], &reading["to"]), (&json!("2026-08-28"), &json!("2026-11-25")));
    assert!(found["after"]["score"].as_u64() < found["before"]["score"].as_u64(), "{found}");
    assert_eq!(area(&found, "governance")["counts"], "said");
    assert_eq!(
        (&area(&found, "payments")["counts"], &area(&found, "payments")["measured"]),
        (&json!("nothing"), &Value::Null)
    );
    assert_eq!(found["thisQuarter"].as_array().map(Vec::len), Some(3));
    // What changes meanwhile is seen at the next look.
    world.figures.say(org, |figures| figures.answer_minutes = figure(Some(3), 40));
    let later = world.web.get(&world.web.token(org, Role::Viewer), MATURITY).await.json();
    assert_eq!(area(&later, "response")["measured"]["level"]["level"], 4);
    assert_eq!(later["after"]["score"], score);
}

#[tokio::test]
async fn the_site_learns_nothing_and_the_copy_is_the_organisations_own() {
    let world = World::new().await;
    let (audit, _) = audited(&world).await;
    let before = world.text("select string_agg(a::text, '') from site_audits a").await;
    let (_, admin) = business(&world).await;
    assert_eq!(take(&world, &admin, &audit).await.status, 201);
    assert_eq!(world.text("select string_agg(a::text, '') from site_audits a").await, before);
    assert_eq!(world.count("select count(*) from events where kind = 'site.audit_done'").await, 1);
    assert_eq!(world.count("select count(*) from site_inquiries").await, 0);
    let audited =
        "select o.name from audit_log l join organisations o on o.id = l.org_id where l.action = 'site.maturity_taken'";
    assert_eq!(world.text(audited).await, "Harbour Dental");
    // Neither whose site it is on nor anybody else has it.
    let theirs = world.token(Role::Admin);
    assert_eq!(world.web.get(&theirs, MATURITY).await.status, 404);
    assert_eq!(world.web.call(&theirs, Method::DELETE, MATURITY, None).await.status, 404);
    // The site goes, the copy stays.
    world.owner("delete from site_audits").await;
    assert_eq!(world.web.get(&admin, MATURITY).await.status, 200);
    assert_eq!(world.web.call(&admin, Method::DELETE, MATURITY, None).await.status, 204);
    assert_eq!(world.web.call(&admin, Method::DELETE, MATURITY, None).await.status, 404);
    assert_eq!(world.web.get(&admin, MATURITY).await.status, 404);
    assert_eq!(world.count("select count(*) from audit_log where action = 'site.maturity_removed'").await, 1);
}

#[tokio::test]
async fn the_address_says_on_whose_site_a_result_is() {
    let world = World::new().await;
    world.other("south.example").await;
    let south = audited_at(&world, "south.example").await;
    let (own, _) = audited(&world).await;
    let (_, admin) = business(&world).await;
    for unknown in [south.clone(), format!("http://127.0.0.1:8080/audit/results/{south}")] {
        assert_eq!(take(&world, &admin, &unknown).await.status, 404, "{unknown}");
    }
    let address = format!("https://south.example/audit/results/{south}?inquiries=9#forecast");
    assert_eq!(take(&world, &admin, &address).await.status, 201);
    assert_eq!(take(&world, &admin, &format!("/audit/results/{own}")).await.status, 201);
    assert_eq!(
        world.count("select count(*) from maturity_results").await,
        1,
        "the next one takes the place of the one before"
    );
}

#[tokio::test]
async fn what_is_no_result_is_refused_in_words_and_nothing_is_kept() {
    let world = World::new().await;
    let (audit, _) = audited(&world).await;
    let begun = world.post_form("/audit/begin", &[]).await.header("location").to_owned();
    let (org, admin) = business(&world).await;
    for (pasted, status) in [
        ("0".repeat(26), 404),
        (String::new(), 422),
        ("https://audit.example.com/pricing".to_owned(), 422),
        ("' or true --".to_owned(), 422),
        (begun, 409),
    ] {
        let refused = take(&world, &admin, &pasted).await;
        assert_eq!(refused.status, status, "{pasted}: {}", refused.text);
    }
    let wrong = take(&world, &admin, "nothing").await.json();
    assert_eq!(wrong["error"]["details"][0]["field"], "auditId");
    for role in [Role::Agent, Role::Viewer] {
        let refused = take(&world, &world.web.token(org, role), &audit).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
    }
    assert_eq!(take(&world, "", &audit).await.status, 401);
    assert_eq!(world.count("select count(*) from maturity_results").await, 0);
    // A site whose audit is off shows no result, and gives none.
    let off = json!({ "flags": { "audit": false } });
    let changed = world.web.call(&world.token(Role::Admin), Method::PATCH, "/v2/site/settings", Some(&off)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(take(&world, &admin, &audit).await.status, 404);
}

#[tokio::test]
async fn a_figure_of_too_few_is_shown_and_does_not_count() {
    let world = World::new().await;
    let (audit, score) = audited(&world).await;
    let (org, admin) = business(&world).await;
    world.figures.say(org, |figures| figures.answer_minutes = figure(Some(600), 19));
    let found = take(&world, &admin, &audit).await.json();
    assert_eq!((&found["after"], &found["before"]["score"]), (&found["before"], &score));
    let response = area(&found, "response");
    assert_eq!((&response["counts"], &response["measured"]["value"]), (&json!("said"), &json!(600)));
    assert_eq!((&response["measured"]["level"], &found["fewest"]), (&Value::Null, &json!(20)));
    assert!(shown(&world, &admin, PAGE).await.contains("It takes 20 cases before it counts."));
    world.figures.say(org, |figures| figures.answer_minutes = figure(Some(600), 20));
    assert_eq!(area(&world.web.get(&admin, MATURITY).await.json(), "response")["counts"], "measured");
}

#[tokio::test]
async fn the_page_takes_a_result_shows_it_and_forgets_it() {
    let world = World::new().await;
    let (audit, score) = audited(&world).await;
    let (org, admin) = business(&world).await;
    let viewer = world.web.token(org, Role::Viewer);
    let empty = shown(&world, &admin, PAGE).await;
    assert!(
        empty.contains("No result yet") && empty.contains("/audit\"") && empty.contains("name=\"auditId\""),
        "{empty}"
    );
    assert!(!shown(&world, &viewer, PAGE).await.contains("name=\"auditId\""));
    let wrong = send(&world, &admin, PAGE, &[("auditId", "<b>mine</b>")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("is neither the address") && wrong.text.contains("&#60;b&#62;mine"), "{}", wrong.text);
    let unknown = send(&world, &admin, PAGE, &[("auditId", "0".repeat(26).as_str())]).await;
    assert!(unknown.status == 422 && unknown.text.contains("no result is there"), "{}", unknown.text);
    assert_eq!(send(&world, &viewer, PAGE, &[("auditId", audit.as_str())]).await.status, 403);
    world.figures.say(org, |figures| {
        figures.answer_minutes = figure(Some(600), 40);
        figures.reviews_answered_percent = figure(Some(96), 31);
    });
    assert_eq!(send(&world, &admin, PAGE, &[("auditId", audit.as_str())]).await.status, 303);
    let page = shown(&world, &admin, PAGE).await;
    for words in [
        format!(">{score}<").as_str(),
        "What is measured counts",
        "What you said counts",
        "600 minutes",
        "96 %",
        "level 1 of 4",
        "/revenue/scores/response_velocity",
        "40 cases, 28 August to 25 November 2026",
        "Three things for this quarter",
        "Forget this result",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let read = shown(&world, &viewer, PAGE).await;
    assert!(read.contains("600 minutes") && !read.contains("Forget this result"));
    assert_eq!(send(&world, &admin, "/maturity/remove", &[]).await.status, 303);
    assert!(shown(&world, &admin, PAGE).await.contains("No result yet"));
}

#[tokio::test]
async fn a_copy_goes_with_whoever_is_forgotten_where_it_was_their_audit() {
    const WHO: &str = "0192aaaa-0000-7000-8000-000000000001";
    let world = World::new().await;
    let mut given = answers();
    given["contactInfo"] = json!({ "email": "dana@example.com" });
    let audit = world.post_json("/v2/audit/submit", &given).await.json()["auditId"].as_str().expect("an id").to_owned();
    world.owner("update site_inquiries set contact_id = '0192aaaa-0000-7000-8000-000000000001'").await;
    let (_, elsewhere) = business(&world).await;
    assert_eq!(take(&world, &world.token(Role::Admin), &audit).await.status, 201);
    assert_eq!(take(&world, &elsewhere, &audit).await.status, 201);
    let holder = Visitors::new(world.web.kernel.clone());
    let traces = Traces::of(ContactId::from_uuid(WHO.parse().expect("an id")));
    let mut tx = world.web.kernel.db.begin(world.org).await.expect("a transaction");
    tx.see_hidden().await.expect("it sees");
    let sheets = holder.export(&mut tx, &traces).await.expect("an export");
    let copies = sheets.iter().find(|sheet| sheet.name == "maturity_results").map(|sheet| sheet.rows.len());
    assert_eq!(copies, Some(1));
    holder.erase(&mut tx, &traces, uuid::Uuid::nil()).await.expect("erased");
    tx.commit().await.expect("committed");
    let left = "select string_agg(o.name, ', ') from maturity_results r join organisations o on o.id = r.org_id";
    assert_eq!(world.text(left).await, "Harbour Dental", "what another organisation said of itself is its own");
}
