//! A report for somebody outside: its link opens it without a session, shows nothing else, and is gone once it is revoked.

use browser_tests::{Browser, Look, watch};
use product_tests::{PASSWORD, Product};

use super::EVIDENCE;
use super::money::{pages_of, solid};
use super::pages::{path, score};

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_report_opens_it_without_a_session_until_it_is_revoked() {
    let product = Product::start().await;
    score(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        browser.go("/reports").await;
        browser.click("button[type=submit]", "Performance, 28 days").await;
        browser.see("#links h2", "Share by link").await;
        let (report, title) = (path(browser).await, browser.read("h1", "").await);
        browser.click("#links button[type=submit]", "Make a link").await;
        let made = browser.read("#links-list code", "/shared/").await;
        let link = made[made.find("/shared/").expect("a path")..].trim().to_owned();
        browser.without_errors().await;

        browser.leave().await;
        reads_it_outside(browser, &link, &title).await;

        browser.look(Look::DESK).await;
        browser.sign_in(&product.email, PASSWORD).await;
        browser.go(&report).await;
        browser.see("#links-list", "Works until").await;
        browser.click("#links-list button", "Revoke").await;
        browser.see("#links-list", "Ended").await;
        browser.without_errors().await;

        browser.leave().await;
        browser.go(&link).await;
        browser.see("h1", "There is nothing here").await;
        assert_eq!(browser.count(".sheet").await, 0, "the report is still shown");
        assert_eq!(browser.fetch(&format!("{link}/file")).await.status, 404);
    })
    .await;
    product.end().await;
}

async fn reads_it_outside(browser: &Browser, link: &str, title: &str) {
    for look in Look::ALL {
        browser.look(look).await;
        browser.go(link).await;
        browser.see("h1", title).await;
        browser.see(".sheet", "Shared by Northwind").await;
        assert_eq!(browser.faults(look).await, Vec::<String>::new(), "{look}");
        assert_eq!(browser.count(".rail, main a[href^='/revenue'], main a[href^='/reports']").await, 0, "a way in");
    }
    let file = browser.fetch(&browser.attribute("main a.button", "href").await).await;
    assert!(file.status == 200 && file.kind == "application/pdf", "{} {}", file.status, file.kind);
    assert!(pages_of(&file.bytes)[0].contains(&solid(title)), "another report");
    // Whoever has the link has no more than it.
    browser.go("/reports").await;
    browser.see("h1", "Sign in").await;
    browser.without_errors().await;
}
