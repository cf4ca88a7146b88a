//! The same way without a mouse: tab, arrows, space and enter.

use browser_tests::{Browser, key, watch};
use kernel::testing::until;
use product_tests::{PASSWORD, Product};

use super::super::EVIDENCE;
use super::{CHOICES, SEND, VOLUME, Visitor, arrives, finds_the_lead, publish, turns_to};

const VISITOR: Visitor =
    Visitor { name: "Noor Haddad", email: "noor@example.com", message: "I found my way here without a mouse." };

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_is_gone_by_keyboard_alone() {
    let product = Product::start().await;
    publish(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.go("/").await;
        // The first stop leads past the navigation.
        assert_eq!(browser.tab_to("a.skip").await, 1);
        browser.press(key::ENTER).await;
        follows(browser, "main a[href='/audit']").await;
        arrives(browser, "/audit").await;
        follows(browser, "form[action='/audit/begin'] button").await;
        turns_to(browser, 1).await;
        let result = answers(browser).await;
        reads_the_result(browser, &result).await;
        browser.tab_to("main a[href^='/contact']").await;
        browser.press(key::ENTER).await;
        arrives(browser, "/contact").await;
        writes(browser).await;
        browser.sign_in(&product.email, PASSWORD).await;
        finds_the_lead(browser, &product, &VISITOR).await;
        browser.without_errors().await;
    })
    .await;
    product.end().await;
}

/// Goes to a link or a button and uses it.
async fn follows(browser: &Browser, css: &str) {
    browser.tab_to(css).await;
    browser.press(key::ENTER).await;
}

/// Answers page after page; gives the path of the result.
async fn answers(browser: &Browser) -> String {
    for (page, choices) in CHOICES.iter().enumerate() {
        for (name, value) in *choices {
            chooses(browser, name, value).await;
        }
        if page == 0 {
            browser.tab_to(&format!("input[name='{}']", VOLUME.0)).await;
            browser.type_out(VOLUME.1).await;
        }
        follows(browser, "form button[value=next]").await;
        if page + 1 < CHOICES.len() {
            turns_to(browser, page + 2).await;
        }
    }
    arrives(browser, "/audit/results/").await
}

/// One of a group is one stop, and arrows choose in it; each of many is a stop of its own.
async fn chooses(browser: &Browser, name: &str, value: &str) {
    let field = format!("input[name='{name}']");
    let wanted = format!("{field}[value='{value}']");
    let is_one = browser.count(&format!("{wanted}[type=radio]")).await == 1;
    if is_one {
        browser.tab_to(&field).await;
        browser.press(key::SPACE).await;
        for _ in 0..browser.count(&field).await {
            if browser.count(&format!("{wanted}:checked")).await == 1 {
                break;
            }
            browser.press(key::DOWN).await;
        }
    } else {
        browser.tab_to(&wanted).await;
        browser.press(key::SPACE).await;
    }
    assert_eq!(browser.count(&format!("{wanted}:checked")).await, 1, "{name} is not {value}");
}

/// The slider is reached and moved, and the details are opened.
async fn reads_the_result(browser: &Browser, result: &str) {
    browser.see("main h1", "of 100").await;
    browser.tab_to("[data-roi] input[type=range]").await;
    browser.press(key::RIGHT).await;
    browser.go(result).await;
    browser.tab_to(".audit-all summary").await;
    browser.press(key::ENTER).await;
    until("open details", || async { (browser.count(".audit-all details[open]").await == 1).then_some(()) }).await;
}

async fn writes(browser: &Browser) {
    for (css, text) in [
        ("input[name=name]", VISITOR.name),
        ("input[name=email]", VISITOR.email),
        ("textarea[name=message]", VISITOR.message),
    ] {
        browser.tab_to(css).await;
        browser.type_out(text).await;
    }
    follows(browser, SEND).await;
    arrives(browser, "/contact/thanks").await;
}
