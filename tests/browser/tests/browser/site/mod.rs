//! The public site as visitors and its owner meet it: the way from the home page to a lead, by hand, by keyboard and without script;
//! and what must hold for each of its pages.

mod axe;
mod keyboard;
mod lighthouse;
mod plain;
mod walk;

use browser_tests::Browser;
use kernel::testing::until;
use product_tests::Product;
use serde_json::{Value, json};

use super::money::solid;

/// The result's file: its kind and its bytes are the same each time.
const PDF: &str = "application/pdf";

/// What is chosen on each page of the audit: the name of the field and the choice.
const CHOICES: [&[(&str, &str)]; 4] = [
    &[("q_industry", "dentist"), ("q_company_size", "6_20"), ("q_channels", "phone")],
    &[("q_systems", "crm"), ("q_answering", "noted")],
    &[("q_pains", "missed_calls"), ("q_booking", "by_hand"), ("q_afterwards", "by_chance")],
    &[("q_kpis", "inquiries"), ("q_rules", "told")],
];
/// The field for a number on the first page, and the number.
const VOLUME: (&str, &str) = ("q_volume", "320");

/// What sends the contact form.
const SEND: &str = "main form:has(textarea[name=message]) button[type=submit]";

/// Somebody who makes themselves known.
struct Visitor {
    name: &'static str,
    email: &'static str,
    message: &'static str,
}

/// Publishes the organisation's site at the installation's own address, with a study and a post of an author.
async fn publish(product: &Product) {
    let settings = json!({
        "currency": "USD", "time_zone": "Europe/Berlin", "legal_name": "Northwind Recovery Ltd", "address": "1 Harbour Street, Hull",
        "email": "hello@northwind.example", "phone": "+1 555 010 0200",
    });
    let author = "insert into site_authors (org_id, id, slug, name, role, bio) \
                  values ($1, '0193f000-0000-7000-8000-000000000001', 'ines-okafor', 'Ines Okafor', 'Founder', 'Counts calls.')";
    let site = "insert into sites (org_id, name, tagline, published, settings, created_at, updated_at) \
                values ($1, 'Northwind Recovery', 'What you lose, found', true, $2, now(), now())";
    let page = "insert into site_pages (org_id, id, kind, slug, title, summary, body, fields, category, tags, author_id, state, \
                  published_at, made_by, created_at, updated_at) \
                select $1, gen_random_uuid(), kind, slug, title, 'What was counted in a week, and what was done about it afterwards.', \
                  $2, $3, 'Answering', array['calls', 'speed'], '0193f000-0000-7000-8000-000000000001', 'published', now(), 'system', \
                  now(), now() \
                from (values ('post', 'count-the-calls', 'Count the calls of one week'), \
                             ('case_study', 'one-front-desk', 'One front desk, one month')) as page (kind, slug, title)";
    let figures =
        json!({ "figures": [{ "label": "Calls answered", "value": "94 %", "how": "Counted for four weeks" }] });
    let mut owner = product.db.owner().await;
    sqlx::query(site).bind(product.org).bind(settings).execute(&mut owner).await.expect("a site");
    sqlx::query(author).bind(product.org).execute(&mut owner).await.expect("an author");
    sqlx::query(page).bind(product.org).bind(WORDS).bind(figures).execute(&mut owner).await.expect("pages");
    // What a host shows is believed for some seconds.
    until("the site", || async {
        let (status, page) = product.call("GET", "/about", Value::Null).await;
        (status == 200 && page.to_string().contains("Northwind Recovery")).then_some(())
    })
    .await;
}

/// Words with everything that words can have.
const WORDS: &str = "Take a sheet of paper and a week.\n\n## How to count\n\n1. A line for each call.\n2. A cross where nobody answered.\n\n\
    | day | calls | missed |\n|---|---:|---:|\n| Monday | 41 | 9 |\n| Tuesday | 38 | 7 |\n\n> What is not counted is not lost: it is \
    unknown.\n\n```sh\nrecoup doctor\n```\n\nMore in the [calculator](/roi).\n";

/// Waits until the browser is at a path with a part; gives the path.
async fn arrives(browser: &Browser, part: &str) -> String {
    comes(browser, part, |path| path.contains(part)).await
}

/// Waits until the browser is at a page of an audit, from 1; gives the path.
async fn turns_to(browser: &Browser, page: usize) -> String {
    let end = format!("/{page}");
    comes(browser, &end, |path| path.starts_with("/audit/") && path.ends_with(&end)).await
}

async fn comes(browser: &Browser, what: &str, fits: impl Fn(&str) -> bool) -> String {
    until(what, || async {
        let address = browser.address().await;
        let path = format!("/{}", address.splitn(4, '/').nth(3).unwrap_or_default());
        fits(&path).then_some(path)
    })
    .await
}

/// The tile of a choice.
fn tile((name, value): &(&str, &str)) -> String {
    format!("label:has(input[name='{name}'][value='{value}'])")
}

/// Begins an audit from its page, answers what is asked, and goes on from each page but the last; gives the address of the first.
async fn answers_all_but_the_last(browser: &Browser) -> String {
    browser.click("main form[action='/audit/begin'] button", "").await;
    let first = turns_to(browser, 1).await;
    for (page, choices) in CHOICES.iter().enumerate() {
        for choice in *choices {
            browser.click(&tile(choice), "").await;
        }
        if page == 0 {
            browser.write(&format!("input[name='{}']", VOLUME.0), VOLUME.1).await;
        }
        if page + 1 < CHOICES.len() {
            browser.click("main form button[value=next]", "").await;
            turns_to(browser, page + 2).await;
        }
    }
    first
}

/// Hands the last page in; gives the path of the result.
async fn hands_in(browser: &Browser) -> String {
    browser.click("main form button[value=next]", "See the result").await;
    let result = arrives(browser, "/audit/results/").await;
    browser.see("main h1", "of 100").await;
    result
}

/// The score of a result, as the API tells it.
async fn score(product: &Product, result: &str) -> u64 {
    let token = result.rsplit('/').next().unwrap_or_default();
    let (status, told) = product.call("GET", &format!("/v2/audit/results/{token}"), Value::Null).await;
    assert_eq!(status, 200, "{told}");
    told["analysis"]["maturityScore"].as_u64().unwrap_or_else(|| panic!("no score: {told}"))
}

/// Writes on the contact page; ends on the page that thanks.
async fn writes_to_us(browser: &Browser, visitor: &Visitor) {
    browser.write("input[name=name]", visitor.name).await;
    browser.write("input[name=email]", visitor.email).await;
    browser.write("textarea[name=message]", visitor.message).await;
    browser.click(SEND, "").await;
    arrives(browser, "/contact/thanks").await;
    browser.see("main h1", "").await;
}

/// The lead of a visitor, with all that is told of it as the desk reads it. Whoever asks is signed in.
async fn finds_the_lead(browser: &Browser, product: &Product, visitor: &Visitor) {
    product.settled().await;
    browser.go("/leads").await;
    browser.click("tr a[href^='/leads/'], .board-card", visitor.name).await;
    browser.see(".page-head", visitor.name).await;
    let story = solid(&browser.read("main", visitor.message).await);
    assert!(story.contains(&solid("Contact form")), "{story}");
    assert!(story.contains(&solid(visitor.email)), "{story}");
    browser.go("/tasks").await;
    browser.see("main", visitor.name).await;
}
