//! From a table to money: an owner brings in leads and payments, a score appears, its rows are opened, a play takes up those that
//! came to nothing, and the briefing is taken away as PDF with the figures of the pages.

use std::path::Path;
use std::sync::Arc;

use browser_tests::{Browser, Look, watch};
use kernel::Clock;
use kernel::testing::until;
use product_tests::{PASSWORD, Product};
use recoup::reach::Reach;
use revenue::plays::Enrol;
use serde_json::Value;

use super::EVIDENCE;
use super::pages::path;
use super::table::{LEADS, STALE, Table, UNANSWERED};

const LEAKAGE: &str = "/revenue/scores/lead_leakage";
const PLAY: &str = "/revenue/plays/stale_lead";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_becomes_a_score_its_rows_a_play_and_a_briefing_on_paper() {
    let product = Product::start().await;
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.sign_in(&product.email, PASSWORD).await;
        browser.go(LEAKAGE).await;
        browser.see("h2", "Insufficient data").await;
        let table = Table::new(Clock::system().now().date_naive());
        let run = brings_it_in(browser, &table).await;
        let leakage = sees_the_score(browser, &product).await;
        opens_the_rows(browser).await;
        lets_a_play_run(browser, &product).await;
        takes_the_briefing(browser, &leakage).await;
        browser.without_errors().await;
        let rows = format!("{LEAKAGE}/rows?component=respond");
        holds_on_a_phone(browser, &[&run, LEAKAGE, &rows, PLAY, "/tasks", "/reports", "/reports/briefing"]).await;
    })
    .await;
    product.end().await;
}

/// The figure of a page with a name.
async fn figure(browser: &Browser, name: &str) -> String {
    let script = format!(
        r#"return [...document.querySelectorAll(".stat")].find((e) => e.textContent.includes("{name}"))?.querySelector(".stat-value").innerText ?? """#
    );
    browser.run(&script).await.as_str().unwrap_or_default().to_owned()
}

/// Uploads the table, answers what it leaves open, and has it read; gives the path of the run.
async fn brings_it_in(browser: &Browser, table: &Table) -> String {
    browser.click(".rail-link", "Sources").await;
    browser.see("h1", "Sources").await;
    table.upload(browser).await;
    // The answers change the first rows on the page as it stands.
    browser.run("window.openedOnce = true").await;
    table.answer(browser).await;
    assert_eq!(browser.run("return window.openedOnce").await, true, "the page was loaded anew");
    browser.click("button[type=submit]", "Read the table").await;
    browser.see("#run .badge", "done").await;
    let figures = [("Rows read", table.rows), ("New", table.rows - 1), ("Kept aside", 1), ("Known already", 0)];
    for (name, count) in figures {
        assert_eq!(figure(browser, name).await, count.to_string(), "{name}");
    }
    browser.see("#run td", "is less than nothing").await;
    let href = browser.attribute("#run a[download]", "href").await;
    let errors = browser.fetch(&href).await;
    let text = String::from_utf8_lossy(&errors.bytes).into_owned();
    assert!(errors.status == 200 && errors.kind.starts_with("text/csv"), "{errors:?}");
    assert!(text.contains("-180,00") && text.contains("is less than nothing"), "{text}");
    browser.without_errors().await;
    path(browser).await
}

/// What was insufficient data is a figure; gives it as the page shows it.
async fn sees_the_score(browser: &Browser, product: &Product) -> String {
    until("the score of the table", || async {
        let (_, centre) = product.call("GET", "/v2/command-centre", Value::Null).await;
        let scores = centre["scores"].as_array()?;
        let leakage = scores.iter().find(|score| score["type"] == "lead_leakage")?;
        // Follows the rows as they are folded: what counts is the last.
        (leakage["value"].as_f64()?.round() as usize == 100 * UNANSWERED / LEADS).then_some(())
    })
    .await;
    browser.go("/revenue").await;
    browser.click(".score-card[href='/revenue/scores/lead_leakage']", "").await;
    browser.see("h1", "Lead leakage").await;
    let value = browser.read(".score-value", "40").await;
    browser.see(".quiet", "of what it is made of was measured").await;
    value.split_whitespace().next().expect("a figure").to_owned()
}

/// The stage leads to the leads that leaked at it, and each to its story.
async fn opens_the_rows(browser: &Browser) {
    browser.click("td a[aria-label='The rows of Messages without an answer']", &UNANSWERED.to_string()).await;
    browser.see("h1", "Messages without an answer").await;
    browser.see("main td", "never").await;
    browser.see("main td", "Köln Süd").await;
    assert_eq!(browser.count("main tr[data-row]").await, UNANSWERED as u64);
    browser.click("main tr[data-row] a", "A lead of csv").await;
    browser.see("#drawer .timeline", "Asked").await;
    browser.click("#drawer [data-close-drawer]", "").await;
    browser.without_errors().await;
}

/// Switches a play on; whoever was answered and came to nothing takes part, and somebody is asked to get in touch.
async fn lets_a_play_run(browser: &Browser, product: &Product) {
    browser.go("/revenue/plays").await;
    browser.click("td a", "Stale-lead follow-up").await;
    browser.see(".page-head .badge", "off").await;
    browser.see(".empty", "Nobody yet").await;
    browser.click("label.switch", "On").await;
    browser.click("button[type=submit]", "Save").await;
    browser.see(".page-head .badge", "on").await;
    // What the program does every minute.
    let enrol = Enrol::new(product.kernel.clone(), Arc::new(Reach));
    enrol.run_for(product.org).await.expect("enrolled");
    until("a task of the play", || async {
        let (_, tasks) = product.call("GET", "/v2/tasks", Value::Null).await;
        tasks["data"].as_array().is_some_and(|tasks| !tasks.is_empty()).then_some(())
    })
    .await;
    browser.go(PLAY).await;
    browser.see(".headline", "Too early to say").await;
    assert_eq!(browser.count("main td a[href^='/revenue/leads/']").await, STALE as u64, "both sides of the play");
    browser.click(".rail-link", "Tasks").await;
    browser.see(".rows .row", "Stale-lead follow-up: get in touch").await;
    browser.click(".rows .row a.button", "Open").await;
    browser.see("h1", "A lead of csv").await;
    browser.see("main .timeline", "Was answered").await;
    browser.without_errors().await;
}

/// The briefing says on paper what it says on the page, and that is what the score's page says.
async fn takes_the_briefing(browser: &Browser, leakage: &str) {
    browser.go("/revenue/scores/revenue_at_risk").await;
    let risk = browser.read(".score-value", "$").await;
    let risk = risk.split_whitespace().next().expect("a figure");
    browser.click(".rail-link", "Reports").await;
    browser.click("main a.button", "Today's briefing").await;
    browser.see("h1", "Daily briefing").await;
    assert_eq!(figure(browser, "Lead leakage").await, leakage);
    let headline = browser.read(".headline", "").await;
    assert!(headline.starts_with(&format!("{risk} a month is at risk")), "{headline}, and {risk} on its page");
    let reason = browser.read(".points li", "Lead leakage:").await;
    assert!(reason.contains(&format!("of {leakage} comes from")), "{reason}");
    let href = browser.attribute("a[href^='/reports/briefing/file']", "href").await;
    let file = browser.fetch(&href).await;
    assert!(file.status == 200 && file.kind == "application/pdf", "{} {}", file.status, file.kind);
    // Kept to be looked at.
    std::fs::write(Path::new(EVIDENCE).join("briefing.pdf"), &file.bytes).expect("a file");
    let pages = pages_of(&file.bytes);
    assert!(pages.len() >= 2, "the figures and the evidence behind them: {pages:?}");
    for (page, number) in pages.iter().zip(1..) {
        assert!(page.contains(&format!("Page{number}of{}", pages.len())), "page {number}: {page}");
    }
    for said in [headline, reason, "Northwind".to_owned(), "Lead leakage".to_owned()] {
        assert!(pages[0].contains(&solid(&said)), "{said} is not on the first page: {}", pages[0]);
    }
    let evidence = pages[1..].concat();
    for said in ["The evidence".to_owned(), format!("Lead leakage {leakage}")] {
        assert!(evidence.contains(&solid(&said)), "{said} is not among the evidence: {evidence}");
    }
}

/// A text without white space: what a PDF's lines are compared by.
pub(super) fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The text of each page of a PDF.
pub(super) fn pages_of(pdf: &[u8]) -> Vec<String> {
    let read = lopdf::Document::load_mem(pdf).expect("a PDF");
    read.get_pages().keys().map(|page| solid(&read.extract_text(&[*page]).expect("text"))).collect()
}

async fn holds_on_a_phone(browser: &Browser, pages: &[&str]) {
    let phone = Look::ALL[0];
    browser.look(phone).await;
    for page in pages {
        browser.go(page).await;
        assert_eq!(browser.faults(phone).await, Vec::<String>::new(), "{page} ({phone})");
    }
}
