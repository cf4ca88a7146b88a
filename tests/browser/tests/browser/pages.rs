//! Every page holds what every page must hold: at both widths, in both colours, with a mouse and without.

use std::collections::BTreeSet;
use std::time::Duration;

use browser_tests::{Browser, Look, watch};
use chrono::{Days, NaiveTime};
use kernel::Clock;
use kernel::testing::until;
use product_tests::{PASSWORD, Product, account, person};
use revenue::anomalies::Watch;
use serde_json::{Value, json};
use standins::{Platform, Writing};

use super::EVIDENCE;
use super::table::Table;

/// Pages that no navigation leads to.
const ASIDE: [&str; 16] = [
    "/docs/api",
    "/organisations",
    "/sign-out",
    "/ingestion/connect/stripe",
    "/ingestion/connect/google_business",
    "/ingestion/connect/rest",
    "/ingestion/connect/webhook",
    "/ingestion/connect/drop",
    "/reports/briefing",
    "/reports/new",
    "/reports/schedules/new",
    "/revenue/scores/lead_leakage/rows",
    "/revenue/scores/revenue_at_risk/rows",
    "/revenue/scores/response_velocity/rows",
    "/revenue/scores/competitive_visibility/rows",
    "/revenue/scores/revenue_recovery/rows",
];
/// Pages of people who are not signed in.
const OUTSIDE: [&str; 2] = ["/sign-in", "/register"];
/// How many stops of the tab key are looked at.
const STOPS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_holds_at_both_widths_in_both_colours_and_without_a_mouse() {
    let product = Product::start().await;
    fill(&product).await;
    let Furnished { mut pages, outside } = furnish(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        let alone: Vec<String> = OUTSIDE.map(str::to_owned).into_iter().chain([outside]).collect();
        let mut faults = walk(browser, &alone).await;
        browser.look(Look::DESK).await;
        browser.sign_in(&product.email, PASSWORD).await;
        pages.extend(by_hand(browser).await);
        let pages = self::pages(browser, pages).await;
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
            "/revenue/plays/",
            "/revenue/anomalies/",
            "/revenue/scores/competitive_visibility",
            "/analytics/funnel",
            "/advisor/",
            "/tasks",
            "/ingestion/connections/",
            "/ingestion/files/",
            "/ingestion/runs/",
            "/reports/saved/",
            "/reports/schedules/",
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
pub(super) async fn score(product: &Product) {
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

/// Pages of what was made: those of members, and one that needs no session.
struct Furnished {
    pages: Vec<String>,
    outside: String,
}

/// What programs make: a connection, reports with a schedule and a link, a day out of the ordinary.
async fn furnish(product: &Product) -> Furnished {
    let make = async |path: &str, body: Value| {
        let (status, told) = product.call("POST", path, body).await;
        assert!(status < 300, "{path}: {told}");
        told
    };
    let id = |told: &Value| told["id"].as_str().unwrap_or_else(|| panic!("no id: {told}")).to_owned();
    let named = json!({ "kind": "webhook", "name": "Bookings of the practice management system, Old Harbour" });
    let connection = id(&make("/v2/ingestion/connections", named).await);
    let design = json!({ "metrics": ["leads", "revenue"], "group": "source", "compare": true });
    let saved = id(&make("/v2/reports/definitions", json!({ "name": "Leads by source", "design": design })).await);
    let daily =
        json!({ "kind": "briefing", "time": "07:30", "days": [1, 2, 3, 4, 5], "recipients": ["dana@example.com"] });
    let schedule = id(&make(&format!("/v2/reports/{}/schedule", product.org), daily).await);
    let report = id(&make("/v2/reports/generate", json!({ "kind": "performance", "format": "pdf" })).await);
    until("the report", || async {
        let (_, told) = product.call("GET", &format!("/v2/reports/{report}"), Value::Null).await;
        (told["status"] == "ready").then_some(())
    })
    .await;
    let share = make(&format!("/v2/reports/{report}/shares"), json!({ "days": 7 })).await;
    let url = share["url"].as_str().unwrap_or_else(|| panic!("no link: {share}"));
    let outside = url[url.find("/shared/").expect("a path")..].to_owned();
    let anomaly = anomaly(product).await;
    let pages = vec![
        format!("/ingestion/connections/{connection}"),
        format!("/reports/saved/{saved}"),
        format!("/reports/schedules/{schedule}"),
        format!("/reports/{report}"),
        format!("/revenue/anomalies/{anomaly}"),
    ];
    Furnished { pages, outside }
}

/// Nine ordinary weeks of visits and a day on which the website was overrun; gives the anomaly.
async fn anomaly(product: &Product) -> String {
    // The last day that is over, three hours after midnight.
    let closed = (Clock::system().now() - Duration::from_secs(3 * 3_600)).date_naive() - Days::new(1);
    let visits = (0..63_u64).map(|back| {
        let count = if back == 0 { 900 } else { 100 + 7 * (back % 5) };
        let at = (closed - Days::new(back)).and_time(NaiveTime::MIN).and_utc() + Duration::from_secs(12 * 3_600);
        json!({ "external_id": format!("visits-{back}"), "at": at, "kind": "visit", "source": "website", "data": { "count": count } })
    });
    let signals: Vec<Value> = visits.collect();
    let (status, told) = product.call("POST", "/v2/signals", json!({ "signals": signals })).await;
    assert!(status < 300, "{told}");
    let watch = Watch::new(product.kernel.clone());
    let found = until("the anomaly", || async {
        // Whoever looked before the sums were there has ticked the day off.
        let mut tx = product.kernel.db.begin(product.org).await.expect("a transaction");
        sqlx::query("delete from anomaly_marks where org_id = $1")
            .bind(product.org)
            .execute(tx.conn())
            .await
            .expect("gone");
        tx.commit().await.expect("committed");
        watch.run_for(product.org).await.expect("looked").first().copied()
    })
    .await;
    found.to_string()
}

/// What a person makes: a file that waits, one that was read, a conversation with the advisor.
async fn by_hand(browser: &Browser) -> Vec<String> {
    let mut made = Vec::new();
    let table = Table::new(Clock::system().now().date_naive());
    for is_read in [true, false] {
        table.upload(browser).await;
        if is_read {
            table.answer(browser).await;
            browser.click("button[type=submit]", "Read the table").await;
            browser.see("#run .badge", "done").await;
        }
        made.push(path(browser).await);
    }
    browser.go("/advisor").await;
    browser.click("[data-advisor-question]", "Where do we lose leads?").await;
    browser.see(".advisor-turn.said .advisor-sources", "").await;
    made.push(path(browser).await);
    browser.without_errors().await;
    made
}

/// The path of the open page.
pub(super) async fn path(browser: &Browser) -> String {
    browser.run("return location.pathname").await.as_str().expect("a path").to_owned()
}

/// Those that are given, the pages of the navigation, those their own tabs lead to, and the first entry of each list.
async fn pages(browser: &Browser, given: Vec<String>) -> Vec<String> {
    let mut found: BTreeSet<String> = ASIDE.map(str::to_owned).into_iter().chain(given).collect();
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
