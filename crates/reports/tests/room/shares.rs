//! A link by which somebody outside reads a report: until it ends or is revoked, and nothing else.

use axum::http::Method;
use serde_json::json;
use shell::Role;

use crate::house::House;

impl House {
    /// A link to a report; its id and its path.
    async fn link(&self, report: &str, days: i64) -> (String, String) {
        let path = format!("/v2/reports/{report}/shares");
        let made = self.web.post(&self.token(Role::Analyst), &path, &json!({ "days": days })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let url =
            made["url"].as_str().expect("an address").strip_prefix("https://recoup.example").expect("ours").to_owned();
        (made["id"].as_str().expect("an id").to_owned(), url)
    }
}

#[tokio::test]
async fn whoever_has_the_link_reads_the_report_without_signing_in_until_it_ends() {
    let house = House::furnished().await;
    let report = house.briefing().await;
    let (_, link) = house.link(&report, 7).await;
    let page = house.web.get("", &link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("€12,480 a month is at risk"), "{}", page.text);
    assert!(!page.text.contains("href=\"/leads\"") && !page.text.contains("/sign-in"), "nothing leads into Recoup");
    assert_eq!((page.header("x-robots-tag"), page.header("referrer-policy")), ("noindex, nofollow", "no-referrer"));
    assert_eq!(house.web.get("", &format!("{link}/file")).await.header("content-type"), "application/pdf");
    let listed = house.web.get(&house.token(Role::Owner), &format!("/v2/reports/{report}/shares")).await.json();
    assert_eq!((listed["data"][0]["views"].as_i64(), listed["data"][0]["url"].as_str()), (Some(2), None), "{listed}");
    house.set("2026-12-04T05:59:59Z");
    assert_eq!(house.web.get("", &link).await.status, 200);
    house.set("2026-12-04T06:00:00Z");
    assert_eq!(house.web.get("", &link).await.status, 404, "it ended");
}

#[tokio::test]
async fn a_revoked_link_a_guess_and_another_organisations_secret_find_nothing() {
    let house = House::furnished().await;
    let report = house.briefing().await;
    let (id, link) = house.link(&report, 14).await;
    let path = format!("/v2/reports/{report}/shares/{id}");
    let stranger = house.web.token(house.web.org("Theirs").await, Role::Owner);
    assert_eq!(house.web.call(&stranger, Method::DELETE, &path, None).await.status, 404);
    assert_eq!(house.web.call(&house.token(Role::Viewer), Method::DELETE, &path, None).await.status, 403);
    assert_eq!(house.web.get("", &link).await.status, 200);
    assert_eq!(house.web.call(&house.token(Role::Owner), Method::DELETE, &path, None).await.status, 204);
    assert_eq!(house.web.get("", &link).await.status, 404);
    let (org, secret) = link.strip_prefix("/shared/").expect("a link").split_once('.').expect("two parts");
    let other = kernel::ids::encode(house.web.org("Others").await.uuid().as_u128());
    for guess in
        [format!("{other}.{secret}"), format!("{org}.{}", "A".repeat(43)), "nonsense".to_owned(), format!("{org}.")]
    {
        assert_eq!(house.web.get("", &format!("/shared/{guess}")).await.status, 404, "{guess}");
    }
    let kept: String = sqlx::query_scalar("select string_agg(t::text, ' ') from report_shares t")
        .fetch_one(&mut house.web.db.owner().await)
        .await
        .expect("rows");
    assert!(!kept.contains(secret), "only a hash is kept");
}

#[tokio::test]
async fn links_are_made_and_revoked_on_the_page_of_the_report() {
    let house = House::furnished().await;
    let report = house.briefing().await;
    let owner = house.token(Role::Owner);
    let page = house.web.browse(&owner, &format!("/reports/{report}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Share by link") && page.text.contains("format=xlsx"), "{}", page.text);
    let agent = house.web.browse(&house.token(Role::Agent), &format!("/reports/{report}")).await.text;
    assert!(!agent.contains("Share by link") && !agent.contains("format=xlsx"), "{agent}");
    let made = house.web.submit(&owner, Method::POST, &format!("/reports/{report}/shares"), "days=30").await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains("https://recoup.example/shared/"), "{}", made.text);
    let again = house.web.browse(&owner, &format!("/reports/{report}")).await.text;
    assert!(again.contains("Works until 27 December 2026") && !again.contains("/shared/"), "{again}");
    let refused = house.web.submit(&owner, Method::POST, &format!("/reports/{report}/shares"), "days=900").await;
    assert_eq!(refused.status, 422, "{}", refused.text);
}
