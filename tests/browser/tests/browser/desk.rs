//! One morning at the desk: a customer writes, Recoup answers, a person takes over, the lead is hot and in the CRM.

use browser_tests::{Browser, watch};
use kernel::testing::until;
use product_tests::{PASSWORD, Product, account, person};
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::EVIDENCE;

const PLATFORM: Platform = Platform::WhatsApp;
const PRICE: &str = "Teeth whitening is $320 all in: two visits of one hour and the take-home kit.";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_answered_live_taken_over_and_becomes_a_hot_lead_in_the_crm() {
    let product = Product::start().await;
    prepare(&product).await;
    let mara = person(PLATFORM, 4711);
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        browser.without_errors().await;
        watches_recoup_answer(browser, &product, &mara).await;
        sees_the_lead_turn_hot(browser, &product, &mara).await;
        takes_over(browser, &product, &mara).await;
        finds_the_lead(browser, &product).await;
    })
    .await;
    product.end().await;
}

/// Something to answer from, and a CRM.
async fn prepare(product: &Product) {
    for (question, answer) in [
        ("How much is teeth whitening?", PRICE),
        ("Are you open on Saturdays?", "Yes: on Saturdays from 9 am to 2 pm."),
    ] {
        let document = json!({ "faq": { "question": question, "answer": answer } });
        let (status, told) = product.call("POST", "/v2/knowledge/documents", document).await;
        assert!(status < 300, "{told}");
    }
    let (status, told) =
        product.call("PUT", "/v2/crm/hubspot", json!({ "access_token": "pat-na1-standin-0001" })).await;
    assert_eq!(status, 200, "{told}");
    product.settled().await;
}

fn says(product: &Product, mara: &str, text: &str) {
    let writing = Writing::text(PLATFORM, account(PLATFORM), mara, text).named("Mara Ellison");
    product.world.customer_writes(&writing).expect("a known account");
}

async fn watches_recoup_answer(browser: &Browser, product: &Product, mara: &str) {
    browser.click(".rail-link", "Inbox").await;
    browser.see(".live", "Live").await;
    browser.see("#rows", "All clear").await;
    // Nothing below loads a page anew: a page that was left would not know this any more.
    browser.run("window.openedOnce = true").await;

    says(product, mara, "Good morning!");
    browser.click("#rows .row", "Mara Ellison").await;
    browser.see("#thread .message.in", "Good morning!").await;
    says(product, mara, "How much is teeth whitening?");
    browser.see("#thread .message.in", "How much is teeth whitening?").await;
    browser.see("#thread .message.out.bot", "$320 all in").await;
    let replies = until("the answer at the platform", || async {
        let replies = product.replies(PLATFORM, mara);
        replies.iter().any(|reply| reply.text.as_deref().is_some_and(|text| text.contains("$320"))).then_some(replies)
    })
    .await;
    assert_eq!(browser.count("#thread .message.out.bot").await, replies.len() as u64, "each once: {replies:#?}");

    browser.click("#thread > .message:last-child .why", "Why this").await;
    browser.see("#drawer .source", PRICE).await;
    browser.click("#drawer [data-close-drawer]", "").await;
    assert_eq!(browser.run("return window.openedOnce").await, true, "the page was loaded anew");
    browser.without_errors().await;
}

async fn sees_the_lead_turn_hot(browser: &Browser, product: &Product, mara: &str) {
    says(product, mara, "I want to book it this week, it is urgent.");
    browser.see("#panel .tag-HOT", "HOT").await;
    browser.see("#rows .row .tag-HOT", "HOT").await;
    product.settled().await;
    browser.without_errors().await;
}

async fn takes_over(browser: &Browser, product: &Product, mara: &str) {
    browser.click("#pen button", "Take over").await;
    browser.see("#pen .pen.person", "A person holds the pen").await;
    browser.see("#thread .event-line", "took over").await;
    let before = product.replies(PLATFORM, mara).len();

    says(product, mara, "Are you open on Saturdays?");
    browser.see("#thread .message.in", "Are you open on Saturdays?").await;
    product.settled().await;
    assert_eq!(product.replies(PLATFORM, mara).len(), before, "the bot wrote although a person holds the pen");

    browser.write("#reply-text", "Hi Mara, Dana here. Friday at 9:20 is yours.").await;
    browser.click(".composer button[type=submit]", "Send").await;
    browser.see("#thread .message.out:not(.bot)", "Friday at 9:20 is yours.").await;
    let reply = product.reply(PLATFORM, mara, before + 1).await;
    assert_eq!(reply.text.as_deref(), Some("Hi Mara, Dana here. Friday at 9:20 is yours."));
    assert_eq!(browser.run("return window.openedOnce").await, true, "the page was loaded anew");
    product.settled().await;
    assert_eq!(product.replies(PLATFORM, mara).len(), before + 1, "one reply, and only the person's");
    browser.without_errors().await;
}

async fn finds_the_lead(browser: &Browser, product: &Product) {
    let contact = until("the contact in HubSpot", || async {
        let held = product.world.hubspot.records("contacts");
        held.into_iter().find(|record| record.properties.get("firstname").is_some_and(|name| name == "Mara"))
    })
    .await;
    assert_eq!(contact.properties.get("lastname").map(String::as_str), Some("Ellison"), "{contact:?}");
    product.settled().await;
    assert_eq!(product.world.hubspot.records("contacts").len(), 1, "one person, one contact");
    assert_eq!(product.world.hubspot.records("deals").len(), 1, "a hot lead has a deal");

    browser.click(".rail-link", "Leads").await;
    browser.see("tr .tag-HOT", "HOT").await;
    browser.click("tr a", "Mara Ellison").await;
    browser.see(".page-head", "Mara Ellison").await;
    browser.see(".page-head .tag-HOT", "HOT").await;
    browser.see(".signals", "+").await;
    browser.see(".facts", &contact.id.to_string()).await;
    browser.without_errors().await;

    browser.go("/settings/crm").await;
    browser.see("main", "connected").await;
    browser.go("/").await;
    browser.see(".headline", "messages came in").await;
    browser.without_errors().await;
    let (_, lanes) = product.call("GET", "/v2/crm/sync/status", Value::Null).await;
    assert_eq!(lanes["status"], "connected", "{lanes}");
}
