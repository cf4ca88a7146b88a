//! Every page of the site and of its desk, light and dark, narrow and wide: axe finds nothing, and what every page must hold holds.

use std::collections::BTreeSet;
use std::path::Path;

use browser_tests::{Browser, Look, watch};
use product_tests::outside::{node, or_skip};
use product_tests::{PASSWORD, Product};
use serde_json::{Value, json};

use super::super::EVIDENCE;
use super::{SEND, answers_all_but_the_last, publish, turns_to};

/// What visitors can open, beside the audit's own pages.
const PUBLIC: [&str; 20] = [
    "/",
    "/solutions",
    "/solutions/dentists",
    "/case-studies",
    "/case-studies/one-front-desk",
    "/pricing",
    "/about",
    "/privacy",
    "/terms",
    "/contact",
    "/contact/thanks",
    "/book",
    "/letters",
    "/audit",
    "/roi",
    "/blog",
    "/blog/count-the-calls",
    "/blog/author/ines-okafor",
    "/blog/category/answering",
    "/blog/tag/calls",
];
/// Where nothing is.
const NOTHING: &str = "/about/nothing-of-the-kind";
/// Pages of the desk that must be among those its links lead to.
const DESK: [&str; 9] = [
    "/admin",
    "/admin/analytics",
    "/admin/inquiries",
    "/admin/audit",
    "/admin/content",
    "/admin/redirects",
    "/admin/experiments",
    "/admin/settings",
    "/admin/inquiries/",
];
/// How many stops of the tab key are looked at.
const STOPS: usize = 14;

/// The program of axe, or nothing where it cannot be had.
fn axe() -> Option<String> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lighthouse");
    let folder = or_skip("axe", node(Path::new(EVIDENCE), "lighthouse", &scripts))?;
    Some(std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).expect("axe was installed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page_of_the_site() {
    let Some(axe) = axe() else { return };
    let product = Product::start().await;
    publish(&product).await;
    let answers = json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["missed_calls"], "currentSystems": ["crm"], "kpis": ["inquiries"],
        "contactInfo": { "email": "maren@example.com", "company": "Maximiliane-Alexandra von Hohenberg-Lichtenstein & Söhne" },
    });
    let (status, result) = product.call("POST", "/v2/audit/submit", answers).await;
    assert_eq!(status, 201, "{result}");
    let result = format!("/audit/results/{}", result["auditId"].as_str().expect("an id"));
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.go("/audit").await;
        let first = answers_all_but_the_last(browser).await;
        // Every page of an audit that came to its last one can be opened.
        let steps = ["1", "2", "3", "4"].map(|step| format!("{}/{step}", first.trim_end_matches("/1")));
        let pages: Vec<String> =
            PUBLIC.map(str::to_owned).into_iter().chain(steps).chain([result, NOTHING.to_owned()]).collect();
        let mut wrong = walk(browser, &axe, &pages).await;
        wrong.extend(complaints(browser, &axe).await);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
    product.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page_of_the_desk() {
    let Some(axe) = axe() else { return };
    let product = Product::start().await;
    publish(&product).await;
    let wish = json!({
        "name": "Maximiliane-Alexandra von Hohenberg-Lichtenstein", "email": "maxi@example.com", "inquiryType": "question",
        "message": "Could you call me about missed calls on Monday mornings?",
    });
    let (status, told) = product.call("POST", "/v2/contact/submit", wish).await;
    assert!(status < 300, "{told}");
    product.settled().await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        let pages = desk(browser).await;
        for known in DESK {
            assert!(pages.iter().any(|page| page.starts_with(known)), "{known} is not among {pages:?}");
        }
        let wrong = walk(browser, &axe, &pages).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
    product.end().await;
}

/// The pages of the desk that links lead to, and one entry of each list.
async fn desk(browser: &Browser) -> Vec<String> {
    const LINKS: &str = "return [...document.querySelectorAll(\"main a[href^='/admin'], nav a[href^='/admin']\")].map((a) => a.getAttribute('href'))";
    let mut unseen = vec!["/admin".to_owned()];
    let (mut found, mut shapes) = (Vec::new(), BTreeSet::new());
    while let Some(page) = unseen.pop() {
        // One page of each list stands for all: what follows an id is the same for each.
        let shape: Vec<&str> =
            page.split('/').map(|part| if part.contains('_') || part.len() > 24 { "*" } else { part }).collect();
        if !shapes.insert(shape.join("/")) {
            continue;
        }
        browser.go(&page).await;
        let links = browser.run(LINKS).await;
        let own = |href: &&str| !href.contains(['?', '#', '.']);
        unseen.extend(links.as_array().into_iter().flatten().filter_map(Value::as_str).filter(own).map(str::to_owned));
        found.push(page);
    }
    found
}

/// Looks at each page in each way; says what is wrong where.
async fn walk(browser: &Browser, axe: &str, pages: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for look in Look::ALL {
        browser.look(look).await;
        for page in pages {
            browser.go(page).await;
            let mut found = browser.axe(axe).await;
            let faults = browser.faults(look).await;
            // The browser reports itself that nothing is there.
            if page != NOTHING {
                found.extend(faults);
            }
            if !look.dark {
                found.extend(browser.hindrances(STOPS).await);
            }
            wrong.extend(found.into_iter().map(|fault| format!("{page} ({look}): {fault}")));
        }
    }
    wrong
}

/// A form that was sent empty: its complaints stand beside its fields, and axe has nothing against them.
async fn complaints(browser: &Browser, axe: &str) -> Vec<String> {
    browser.go("/contact").await;
    browser.run("document.querySelector('main form:has(textarea[name=message])').noValidate = true").await;
    browser.click(SEND, "").await;
    browser.see(".field-error", "").await;
    let mut found = browser.axe(axe).await;
    browser.go("/audit").await;
    browser.click("main form[action='/audit/begin'] button", "").await;
    turns_to(browser, 1).await;
    browser.click("main form button[value=next]", "").await;
    browser.see(".field-error", "").await;
    found.extend(browser.axe(axe).await);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_by_axe() {
    let Some(axe) = axe() else { return };
    let product = Product::start().await;
    publish(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.go("/about").await;
        browser
            .run("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/favicon.ico\"><button></button>')")
            .await;
        let found = browser.axe(&axe).await.join("\n");
        assert!(found.contains("image-alt") && found.contains("button-name"), "{found}");
    })
    .await;
    product.end().await;
}
