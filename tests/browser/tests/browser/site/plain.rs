//! The same way in a browser that runs no script: all of it but the sliders and the chat.

use browser_tests::{Browser, Look, watch};
use product_tests::{PASSWORD, Product};
use serde_json::Value;

use super::super::EVIDENCE;
use super::{Visitor, answers_all_but_the_last, arrives, finds_the_lead, hands_in, publish, score, writes_to_us};

const VISITOR: Visitor = Visitor {
    name: "Ada Lindgren",
    email: "ada@example.com",
    message: "My browser runs no script, and yet here I am.",
};

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_is_gone_without_script() {
    let product = Product::start().await;
    publish(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.without_script().await;
        browser.look(Look::ALL[0]).await;
        browser.go("/").await;
        browser.click("main a[href='/audit']", "").await;
        arrives(browser, "/audit").await;
        answers_all_but_the_last(browser).await;
        let result = hands_in(browser).await;
        let score = score(&product, &result).await;
        browser.see("main h1", &format!("{score} of 100")).await;
        assert_eq!(browser.count("input[type=range]").await, 0, "a script ran");
        computes_anew(browser).await;
        let (status, paper) = product.call("GET", &format!("{result}/report.pdf"), Value::Null).await;
        assert!(status == 200 && paper.as_str().is_some_and(|text| text.starts_with("%PDF-")), "{status}");
        browser.go("/contact").await;
        writes_to_us(browser, &VISITOR).await;
        books(browser).await;
    })
    .await;
    // The desk of the product runs scripts.
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        finds_the_lead(browser, &product, &VISITOR).await;
    })
    .await;
    product.end().await;
}

/// The figures of the forecast are a form: the page comes anew with what it computes.
async fn computes_anew(browser: &Browser) {
    let year = ".roi-base .roi-figure";
    let before = browser.read(year, "").await;
    browser.rewrite("input[name=inquiriesMonth]", "900").await;
    browser.click("[data-roi-form] button[type=submit]", "").await;
    arrives(browser, "inquiriesMonth=900").await;
    assert_ne!(browser.read(year, "").await, before);
}

/// A time is chosen and taken, and its page says so.
async fn books(browser: &Browser) {
    browser.go("/book").await;
    browser.click("label:has(input[name=slot])", "").await;
    browser.write("input[name=name]", VISITOR.name).await;
    browser.write("input[name=email]", VISITOR.email).await;
    browser.click("main form[method=post] button[type=submit]", "").await;
    let booking = arrives(browser, "/book/").await;
    browser.see("main h1", "").await;
    browser.click(&format!("main form[action='{booking}/cancel'] button"), "").await;
    browser.see("main h1", "does not take place").await;
}
