//! The audit as visitors and forms of other sites meet it.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::support::{World, visitor};

const FIRST: [(&str, &str); 3] = [("q_industry", "dentist"), ("q_company_size", "6_20"), ("q_volume", "320")];
const SECOND: [(&str, &str); 2] = [("q_systems", "crm"), ("q_answering", "noted")];
const THIRD: [(&str, &str); 3] =
    [("q_pains", "missed_calls"), ("q_booking", "shared"), ("q_afterwards", "now_and_then")];
const LAST: [(&str, &str); 2] = [("q_kpis", "inquiries"), ("q_rules", "told")];

/// Begins an audit: its token.
async fn begun(world: &World) -> String {
    let answer = world.post_form("/audit/begin", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let to = answer.header("location").to_owned();
    let token = to.strip_prefix("/audit/").and_then(|rest| rest.strip_suffix("/1")).expect("the first page");
    assert_eq!(token.len(), 26);
    token.to_owned()
}

/// Saves a page: where it goes on.
async fn saved(world: &World, token: &str, step: usize, fields: &[(&str, &str)]) -> String {
    let answer = world.post_form(&format!("/audit/{token}/{step}"), fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

/// Answers all pages: the token of the result.
async fn done(world: &World) -> String {
    let token = begun(world).await;
    for (step, fields) in [(1, &FIRST[..]), (2, &SECOND[..]), (3, &THIRD[..])] {
        assert_eq!(saved(world, &token, step, fields).await, format!("/audit/{token}/{}", step + 1));
    }
    assert_eq!(saved(world, &token, 4, &LAST).await, format!("/audit/results/{token}"));
    token
}

fn submission() -> Value {
    json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["Missed calls"], "currentSystems": ["crm"],
        "kpis": ["inquiries"],
        "answers": {"volume": 320, "answering": "noted", "booking": "shared", "afterwards": "now_and_then", "rules": "told"}
    })
}

#[tokio::test]
async fn an_audit_is_walked_from_the_first_page_to_the_result() {
    let world = World::new().await;
    let intro = world.get("/audit").await;
    assert!(intro.status == 200 && intro.text.contains("11 questions, 4 short pages"), "{}", intro.text);
    let token = done(&world).await;
    let page = world.get(&format!("/audit/results/{token}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for words in
        ["of 100", "Where the business stands", "Three things for this quarter", "Dentist", "noindex", "report.pdf"]
    {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(page.header("cache-control").contains("no-store"));
    assert_eq!(world.count("select count(*) from events where kind = 'site.audit_done'").await, 1);
    assert_eq!(world.count("select count(*) from site_inquiries").await, 0, "nobody was asked who they are");
}

#[tokio::test]
async fn a_page_that_lacks_something_is_shown_again_with_what_was_typed() {
    let world = World::new().await;
    let token = begun(&world).await;
    let path = format!("/audit/{token}/1");
    let answer = world.post_form(&path, &[("q_company_size", "6_20"), ("q_volume", "<b>many</b>")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("2 things to look at") && answer.text.contains("#f-q_industry"), "{}", answer.text);
    assert!(answer.text.contains("many&#60;/b&#62;") && !answer.text.contains("<b>many"), "{}", answer.text);
    let again = world.get(&path).await;
    assert!(again.text.contains("value=\"6_20\" checked"), "what was right was kept");
    assert_eq!(
        world.get(&format!("/audit/{token}/2")).await.header("location"),
        path,
        "the next page is not there yet"
    );
}

#[tokio::test]
async fn one_goes_back_and_comes_back_by_the_address() {
    let world = World::new().await;
    let token = begun(&world).await;
    saved(&world, &token, 1, &FIRST).await;
    assert_eq!(
        saved(&world, &token, 2, &[("q_answering", "noted"), ("go", "back")]).await,
        format!("/audit/{token}/1")
    );
    assert!(world.get(&format!("/audit/{token}/1")).await.text.contains("value=\"dentist\" checked"));
    assert_eq!(world.get(&format!("/audit/{token}")).await.header("location"), format!("/audit/{token}/2"));
    assert!(world.get(&format!("/audit/{token}/2")).await.text.contains("value=\"noted\" checked"), "back saves too");
}

#[tokio::test]
async fn handed_in_once_it_stays() {
    let world = World::new().await;
    let token = done(&world).await;
    let before = world.text("select result::text from site_audits").await;
    let changed = [("q_kpis", "none"), ("q_rules", "open")];
    assert_eq!(saved(&world, &token, 4, &changed).await, format!("/audit/results/{token}"));
    assert_eq!(saved(&world, &token, 1, &FIRST).await, format!("/audit/results/{token}"));
    assert_eq!(world.text("select result::text from site_audits").await, before);
    assert_eq!(world.count("select count(*) from events where kind = 'site.audit_done'").await, 1);
    assert_eq!(world.get(&format!("/audit/{token}/2")).await.header("location"), format!("/audit/results/{token}"));
}

#[tokio::test]
async fn a_form_elsewhere_gets_the_same_score_as_the_pages() {
    let world = World::new().await;
    let token = done(&world).await;
    let pages = world.get(&format!("/v2/audit/results/{token}")).await.json();
    let answer = world.post_json("/v2/audit/submit", &submission()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let out = answer.json();
    assert_eq!(out["maturityScore"], pages["analysis"]["maturityScore"]);
    assert_eq!(out["roiForecast"]["base"], pages["analysis"]["roiForecast"]["base"]);
    assert_eq!(out["recommendations"], pages["analysis"]["recommendations"]);
    let id = out["auditId"].as_str().expect("an id");
    assert_eq!(out["reportUrl"], format!("http://127.0.0.1:8080/audit/results/{id}"));
    assert_eq!(world.get(&format!("/audit/results/{id}")).await.status, 200);
    let result = world.get(&format!("/v2/audit/results/{id}")).await.json();
    assert_eq!(result["visualData"]["radar"].as_array().map(Vec::len), Some(8));
    assert_eq!(result["visualData"]["forecast"][1]["netYear"], out["roiForecast"]["base"]["netYear"]);
    assert_eq!(result["visualData"]["bands"].as_array().map(Vec::len), Some(4));
    assert!(result["pdfUrl"].as_str().is_some_and(|url| url.ends_with("/report.pdf")));
    assert_eq!(result["auditData"]["industry"]["id"], "dentist");
}

#[tokio::test]
async fn a_form_elsewhere_may_call_from_anywhere() {
    let world = World::new().await;
    let ask = visitor(Method::OPTIONS, "/v2/audit/submit")
        .header(header::ORIGIN, "https://forms.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let answer = world.send(ask.body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    assert!(answer.header("access-control-allow-headers").contains("content-type"));
    let refused = world.post_json("/v2/audit/submit", &json!({})).await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (422, "*"),
        "a complaint can be read, too"
    );
}

#[tokio::test]
async fn who_it_was_is_kept_apart_from_what_was_answered() {
    let world = World::new().await;
    let mut given = submission();
    given["contactInfo"] = json!({"email": "dana@example.com", "company": "Dana Dental"});
    let answer = world.post_json("/v2/audit/submit", &given).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        world.count("select count(*) from site_inquiries where kind = 'audit' and audit_id is not null").await,
        1
    );
    assert_eq!(world.count("select count(*) from site_audits where inquiry_id is not null").await, 1);
    let kept = world.text("select row(answers, result, source)::text from site_audits").await;
    assert!(!kept.contains("dana") && !kept.contains("Dana"), "{kept}");
    given["contactInfo"] = json!({"email": "dana@example.com\r\nBcc: x@example.com"});
    let refused = world.post_json("/v2/audit/submit", &given).await;
    assert_eq!((refused.status, &refused.json()["error"]["details"][0]["field"]), (422, &json!("contactInfo.email")));
    assert_eq!(world.count("select count(*) from site_audits").await, 1, "nothing of it was kept");
}

#[tokio::test]
async fn the_letter_is_asked_for_at_the_result() {
    let world = World::new().await;
    let token = done(&world).await;
    let (page, action) = (format!("/audit/results/{token}"), format!("/audit/results/{token}/letter"));
    let wrong = world.fill(&page, &action, &[("email", "nobody")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("value=\"nobody\""), "{}", wrong.text);
    let sent = world.fill(&page, &action, &[("email", "dana@example.com"), ("letters", "yes")]).await;
    assert_eq!((sent.status, sent.header("location")), (303, format!("{page}?sent=yes#send").as_str()));
    assert!(world.get(&format!("{page}?sent=yes")).await.text.contains("on its way"));
    assert_eq!(world.count("select count(*) from site_inquiries i join site_audits a on a.inquiry_id = i.id").await, 1);
    world.work().await;
    let told = world.crm.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].1.title.contains("of 100"), "{}", told[0].1.title);
    assert!(
        world
            .mail
            .letters_to("dana@example.com")
            .iter()
            .any(|letter| letter.links().iter().any(|link| link.ends_with(&page))),
        "the letter leads to the result"
    );
}

#[tokio::test]
async fn figures_of_the_address_make_another_forecast_and_slips_are_said() {
    let world = World::new().await;
    let token = done(&world).await;
    let page = world.get(&format!("/audit/results/{token}?value=5000")).await;
    assert!(page.text.contains("name=\"value\"") && page.text.contains("value=\"5000\""), "{}", page.text);
    let slip = world.get(&format!("/audit/results/{token}?value=%3Cscript%3E")).await;
    assert!(slip.text.contains("Some figures could not be used"), "{}", slip.text);
    assert!(slip.text.contains("value=\"&#60;script&#62;\""), "what was typed is still there");
    let stored = world.text("select (result->'assumptions'->>'value') from site_audits").await;
    assert_eq!(stored.parse::<f64>().ok(), Some(900.0), "the result stays");
}

#[tokio::test]
async fn hostile_forms_are_refused_with_words_and_their_words_are_shown_as_text() {
    let world = World::new().await;
    for (change, field) in [
        (json!({"industry": "piracy"}), "industry"),
        (json!({"companySize": ""}), "companySize"),
        (json!({"painPoints": vec!["x"; 21]}), "painPoints"),
        (json!({"kpis": ["x".repeat(81)]}), "kpis"),
        (json!({"currentSystems": ["a\nb"]}), "currentSystems"),
        (json!({"answers": {"nothing": 1}}), "answers.nothing"),
        (json!({"answers": {"volume": -1}}), "answers.volume"),
        (json!({"surprise": true}), "surprise"),
    ] {
        let mut given = submission();
        for (name, value) in change.as_object().expect("fields") {
            given[name] = value.clone();
        }
        let answer = world.post_json("/v2/audit/submit", &given).await;
        assert_eq!(answer.status, 422, "{change}: {}", answer.text);
        assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{}", answer.text);
    }
    let bare = json!({"industry": "other", "companySize": "other", "painPoints": [], "currentSystems": [], "kpis": []});
    let answer = world.post_json("/v2/audit/submit", &bare).await;
    assert!(answer.status == 422 && answer.text.contains("too little was answered"), "{}", answer.text);
    let mut given = submission();
    given["painPoints"] = json!(["<script>alert(1)</script>", "missed_calls"]);
    let id = world.post_json("/v2/audit/submit", &given).await.json()["auditId"].as_str().expect("an id").to_owned();
    let page = world.get(&format!("/audit/results/{id}")).await;
    assert!(!page.text.contains("<script>alert") && page.text.contains("alert(1)"), "it is shown as text");
}

#[tokio::test]
async fn a_result_is_for_whoever_has_its_address_and_for_this_site_alone() {
    let world = World::new().await;
    let token = done(&world).await;
    let other = "0".repeat(26);
    for path in [
        format!("/audit/results/{other}"),
        format!("/audit/{other}/1"),
        "/audit/results/x".to_owned(),
        format!("/audit/{token}/9"),
    ] {
        assert_eq!(world.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(world.get(&format!("/v2/audit/results/{other}")).await.status, 404);
    let open = begun(&world).await;
    assert_eq!(world.get(&format!("/v2/audit/results/{open}")).await.status, 409);
    assert_eq!(world.get(&format!("/audit/results/{open}")).await.header("location"), format!("/audit/{open}/1"));
    world.other("south.test").await;
    let request = Request::get(format!("/audit/results/{token}")).header(header::HOST, "south.test");
    let elsewhere = world.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(elsewhere.status, 404, "another site's visitors do not see it");
}

#[tokio::test]
async fn an_audit_ends_with_the_questions_it_was_begun_with() {
    let world = World::new().await;
    let token = begun(&world).await;
    let own: Value = serde_json::from_str(include_str!("../../content/audit.json")).expect("the program's own");
    let mut changed = own.clone();
    changed["steps"].as_array_mut().expect("pages")[0]["title"] = json!("About your house");
    publish(&world, 1, "published", &changed, None).await;
    assert!(world.get(&format!("/audit/{token}/1")).await.text.contains("Your business"));
    let fresh = begun(&world).await;
    assert!(world.get(&format!("/audit/{fresh}/1")).await.text.contains("About your house"));
}

#[tokio::test]
async fn a_draft_is_tried_by_its_link_and_nothing_of_it_is_kept() {
    let world = World::new().await;
    let mut draft: Value = serde_json::from_str(include_str!("../../content/audit.json")).expect("the program's own");
    draft["steps"][0]["title"] = json!("Not for visitors yet");
    publish(&world, 1, "draft", &draft, Some("a-token-of-the-desk")).await;
    assert!(!world.get("/audit").await.text.contains("Not for visitors yet"));
    assert_eq!(world.get("/audit?preview=guessed").await.status, 404);
    let page = world.get("/audit?preview=a-token-of-the-desk").await;
    assert!(page.status == 200 && page.text.contains("Not for visitors yet"), "{}", page.text);
    let mut fields = vec![("preview", "a-token-of-the-desk")];
    fields.extend(FIRST.iter().chain(&SECOND));
    let result = world.post_form("/audit/preview", &fields).await;
    assert!(result.status == 200 && result.text.contains("is not kept"), "{}", result.text);
    assert_eq!(world.count("select count(*) from site_audits").await, 0);
}

#[tokio::test]
async fn a_site_without_an_audit_has_none() {
    let world = World::new().await;
    world.owner("update sites set flags = '{\"audit\": false}'").await;
    assert_eq!(world.get("/audit").await.status, 404);
    assert_eq!(world.post_form("/audit/begin", &[]).await.status, 404);
    assert_eq!(world.post_json("/v2/audit/submit", &submission()).await.status, 404);
}

async fn publish(world: &World, version: i32, state: &str, config: &Value, preview: Option<&str>) {
    sqlx::query(
        "insert into site_audit_versions (org_id, version, state, config, preview_hash, by_actor, created_at) \
         values ($1, $2, $3, $4, $5, 'system', $6)",
    )
    .bind(world.org)
    .bind(version)
    .bind(state)
    .bind(config)
    .bind(preview.map(kernel::db::site_token))
    .bind(world.now())
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("a version");
}
