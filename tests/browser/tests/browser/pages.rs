//! Every page holds what every page must hold: at both widths, in both colours, with a mouse and without.

use std::collections::BTreeSet;
use std::time::Duration;

use browser_tests::{Browser, Look, watch};
use kernel::Clock;
use kernel::testing::until;
use product_tests::{PASSWORD, Product, account, person};
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::EVIDENCE;

/// Pages that no navigation leads to.
const ASIDE: [&str; 3] = ["/docs/api", "/organisations", "/sign-out"];
/// Pages of people who are not signed in.
const OUTSIDE: [&str; 2] = ["/sign-in", "/register"];
/// How many stops of the tab key are looked at.
const STOPS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_holds_at_both_widths_in_both_colours_and_without_a_mouse() {
    let product = Product::start().await;
    fill(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        let mut faults = walk(browser, &OUTSIDE.map(str::to_owned)).await;
        browser.sign_in(&product.email, PASSWORD).await;
        let pages = pages(browser).await;
        assert!(pages.len() >= 13, "the navigation leads to {pages:?}");
        let kinds = [
            "/inbox/conv_",
            "/leads/lead_",
            "/revenue/scores/lead_leakage",
            "/revenue/locations",
            "/revenue/competitors",
            "/revenue/plays",
            "/revenue/anomalies",
            "/analytics/response",
            "/analytics/languages",
            "/settings/scores",
        ];
        for kind in kinds {
            assert!(pages.iter().any(|page| page.starts_with(kind)), "{kind} is not among {pages:?}");
        }
        faults.extend(walk(browser, &pages).await);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    })
    .await;
    product.end().await;
}

/// Somebody who asked for something, so that no list is empty.
async fn fill(product: &Product) {
    let document =
        json!({ "faq": { "question": "How much is teeth whitening?", "answer": "Teeth whitening is $320 all in." } });
    let (status, told) = product.call("POST", "/v2/knowledge/documents", document).await;
    assert!(status < 300, "{told}");
    let asha = person(Platform::WhatsApp, 7);
    let wish = "How much is teeth whitening? I want to book it this week, it is urgent.";
    let writing = Writing::text(Platform::WhatsApp, account(Platform::WhatsApp), &asha, wish);
    // A name that no column was made for.
    let writing = writing.named("Maximiliane-Alexandra von Hohenberg-Lichtenstein");
    product.world.customer_writes(&writing).expect("a known account");
    product.reply(Platform::WhatsApp, &asha, 1).await;
    product.settled().await;
    score(product).await;
}

/// Leads of another system at two locations, some of them lost, so that the scores have something to say.
async fn score(product: &Product) {
    let mut signals = Vec::new();
    for n in 0..24_u64 {
        let day = Clock::system().now() - Duration::from_secs(3 * 86_400 + 60 * n);
        let location = if n % 3 == 0 { "Old Harbour & Fishmarket Dental Practice" } else { "Downtown" };
        let mut tell = |kind: &str, minutes: u64, value: Value| {
            let at = day + Duration::from_secs(60 * minutes);
            let (id, lead) = (format!("{kind}-{n}"), format!("L{n}"));
            signals.push(json!({
                "external_id": id, "at": at, "kind": kind, "source": "crm", "location": location, "lead": lead, "value": value,
            }));
        };
        tell("lead", 0, Value::Null);
        if n % 2 == 0 {
            tell("response", 3 + n, Value::Null);
            tell("payment", 600, json!({ "amount": "180.00", "currency": "USD" }));
        }
    }
    let (status, told) = product.call("POST", "/v2/signals", json!({ "signals": signals })).await;
    assert!(status < 300, "{told}");
    until("the scores of the signals", || async {
        let (_, centre) = product.call("GET", "/v2/command-centre", Value::Null).await;
        centre["scores"].as_array().is_some_and(|scores| scores.len() == 5).then_some(())
    })
    .await;
}

/// The pages of the navigation, those their own tabs lead to, and the first entry of each list.
async fn pages(browser: &Browser) -> Vec<String> {
    let mut found: BTreeSet<String> = ASIDE.map(str::to_owned).into();
    let mut unseen = links(browser, "nav a[href]").await;
    while let Some(path) = unseen.pop() {
        if !found.insert(path.clone()) {
            continue;
        }
        browser.go(&path).await;
        unseen.extend(links(browser, "nav a[href]").await);
        let is_entry =
            |link: &String| link.strip_prefix(&path).is_some_and(|rest| rest.starts_with('/') && rest.contains('_'));
        unseen.extend(links(browser, "main a[href]").await.into_iter().find(is_entry));
    }
    found.into_iter().collect()
}

async fn links(browser: &Browser, css: &str) -> Vec<String> {
    let script = format!(r#"return [...document.querySelectorAll("{css}")].map((a) => a.getAttribute("href"))"#);
    let links = browser.run(&script).await;
    let own = |href: &&str| href.starts_with('/') && !href.starts_with("//") && !href.contains(['?', '#', '.']);
    links.as_array().into_iter().flatten().filter_map(|href| href.as_str()).filter(own).map(str::to_owned).collect()
}

/// Looks at each page in each way; says what is wrong where.
async fn walk(browser: &Browser, pages: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for look in Look::ALL {
        browser.look(look).await;
        for page in pages {
            browser.go(page).await;
            let mut found = browser.faults(look).await;
            if !look.dark {
                found.extend(browser.hindrances(STOPS).await);
            }
            faults.extend(found.into_iter().map(|fault| format!("{page} ({look}): {fault}")));
        }
    }
    faults
}

/// Breaks a page in every way that is looked for.
const BREAK: &str = r##"
  document.body.insertAdjacentHTML("beforeend", `
    <div id="twice"></div><div id="twice"></div><h1>A second</h1><input><button></button>
    <svg class="icon"><use href="#no-such-icon"/></svg><img src="/no-such-picture.png" alt="">`);
  const wide = document.body.appendChild(document.createElement("p"));
  wide.setAttribute("style", "width: 1px");
  wide.style.width = "3000px";
  wide.textContent = "x";
  document.body.style.background = "rgb(20, 20, 20)";
  return new Promise((done) => { document.images[document.images.length - 1].onerror = () => done(true); });
"##;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_page_is_found_out() {
    let product = Product::start().await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.go("/sign-in").await;
        assert_eq!(browser.faults(Look::DESK).await, [""; 0]);
        browser.run(BREAK).await;
        let faults = browser.faults(Look::DESK).await.join("\n");
        for fault in [
            "Content Security Policy",
            "no-such-picture.png answers 404",
            "scrolls sideways by",
            "broken picture",
            "an icon draws nothing: #no-such-icon",
            "the id twice is there twice",
            "a field without a name: <input>",
            "nothing says what this does: <button></button>",
            "more than one h1",
            "its paper is 0.08 light",
        ] {
            assert!(faults.contains(fault), "{fault:?} is not among\n{faults}");
        }
        assert!(browser.hindrances(STOPS).await.is_empty());
        browser
            .run("document.querySelector('input[name=email]').style.opacity = 0; document.activeElement.blur()")
            .await;
        assert!(!browser.hindrances(STOPS).await.is_empty(), "a field nobody can see was taken for visible");
    })
    .await;
    product.end().await;
}
