//! From the home page to a lead with its story, as somebody with a mouse goes, on a telephone and at a desk. And: the same answers
//! come to the same.

use browser_tests::{Browser, Look, key, watch};
use product_tests::{PASSWORD, Product};
use serde_json::{Value, json};

use super::super::EVIDENCE;
use super::super::money::{pages_of, solid};
use super::{
    PDF, Visitor, answers_all_but_the_last, arrives, finds_the_lead, hands_in, publish, score, turns_to, writes_to_us,
};

/// One for each width.
const VISITORS: [Visitor; 2] = [
    Visitor {
        name: "Maren Aldous",
        email: "maren@example.com",
        message: "We miss nine calls on a Monday. What would you do first?",
    },
    Visitor {
        name: "Teo Vasquez",
        email: "teo@example.com",
        message: "How long does it take until the front desk can work with it?",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_goes_from_the_home_page_to_a_lead_on_a_phone_and_at_a_desk() {
    let product = Product::start().await;
    publish(&product).await;
    watch(product.url(""), EVIDENCE, async |browser| {
        let looks = [Look::ALL[0], Look::DESK];
        for (look, visitor) in looks.into_iter().zip(&VISITORS) {
            browser.look(look).await;
            let result = comes_to_a_result(browser, &product).await;
            assert_eq!(browser.faults(look).await, Vec::<String>::new(), "{result} ({look})");
            moves_a_slider(browser).await;
            takes_the_paper(browser, &product, &result).await;
            asks_for_the_letter(browser, visitor).await;
            browser.click("main a[href^='/contact']", "").await;
            arrives(browser, "/contact").await;
            writes_to_us(browser, visitor).await;
            leaves_no_cookie(browser).await;
            browser.without_errors().await;
        }
        browser.look(Look::DESK).await;
        browser.sign_in(&product.email, PASSWORD).await;
        for visitor in &VISITORS {
            finds_the_lead(browser, &product, visitor).await;
        }
        browser.without_errors().await;
        knows_the_result_too(&product).await;
    })
    .await;
    product.end().await;
}

async fn comes_to_a_result(browser: &Browser, product: &Product) -> String {
    browser.go("/").await;
    browser.see("h1", "").await;
    browser.click("main a[href='/audit']", "").await;
    arrives(browser, "/audit").await;
    answers_all_but_the_last(browser).await;
    // Back and forth: what was answered is still there.
    browser.click("main form button[value=back]", "Back").await;
    turns_to(browser, 3).await;
    assert_eq!(browser.run("return document.querySelector('[name=q_booking]:checked')?.value").await, "by_hand");
    browser.click("main form button[value=next]", "").await;
    turns_to(browser, 4).await;
    let result = hands_in(browser).await;
    let score = score(product, &result).await;
    browser.see("main h1", &format!("{score} of 100")).await;
    browser.see("main svg", "").await;
    assert_eq!(browser.count(".audit-top > li").await, 3, "three things for this quarter");
    result
}

/// A slider computes anew at once, without asking the server.
async fn moves_a_slider(browser: &Browser) {
    const YEAR: &str = "return document.querySelector('.roi-base [data-out=\"base.netYear\"]').textContent";
    const ASKED: &str = "return performance.getEntriesByType('resource').length";
    let (before, asked) = (browser.run(YEAR).await, browser.run(ASKED).await);
    browser.run("document.querySelector('[data-roi] input[type=range]').focus()").await;
    for _ in 0..5 {
        browser.press(key::RIGHT).await;
    }
    let after = browser.run(YEAR).await;
    assert!(after.as_str().is_some_and(|figure| !figure.is_empty()) && before != after, "{before} stays {after}");
    assert_eq!(browser.run(ASKED).await, asked, "the server was asked");
}

async fn takes_the_paper(browser: &Browser, product: &Product, result: &str) {
    let href = browser.attribute("main a[href*='report.pdf']", "href").await;
    let path = href.find("/audit/results/").map_or(href.as_str(), |at| &href[at..]);
    let (once, again) = (browser.fetch(path).await, browser.fetch(path).await);
    assert!(once.status == 200 && once.kind == PDF, "{} {}", once.status, once.kind);
    assert!(once.bytes == again.bytes, "the same result gave other bytes");
    std::fs::write(std::path::Path::new(EVIDENCE).join("maturity-audit.pdf"), &once.bytes).expect("a file");
    let pages = pages_of(&once.bytes);
    let score = score(product, result).await;
    assert!((2..=4).contains(&pages.len()), "{} pages", pages.len());
    for said in ["Maturity audit".to_owned(), format!("{score} of 100"), "Northwind Recovery".to_owned()] {
        assert!(pages[0].contains(&solid(&said)), "{said} is not on the first page: {}", pages[0]);
    }
}

async fn asks_for_the_letter(browser: &Browser, visitor: &Visitor) {
    browser.write("main form[action*='/letter'] input[name=email]", visitor.email).await;
    browser.write("main form[action*='/letter'] input[name=name]", visitor.name).await;
    browser.click("main form[action*='/letter'] button[type=submit]", "Leave my address").await;
    browser.see("main .notice", "").await;
}

/// Nobody agreed to anything, so nothing was set.
async fn leaves_no_cookie(browser: &Browser) {
    assert_eq!(browser.run("return document.cookie").await, "");
    assert_eq!(browser.run("return localStorage.length + sessionStorage.length").await, 0);
}

/// Who asked for the letter and wrote is one lead, with the score in its story.
async fn knows_the_result_too(product: &Product) {
    let (_, leads) = product.call("GET", "/v2/leads", Value::Null).await;
    let named =
        leads["data"].as_array().into_iter().flatten().filter(|lead| lead.to_string().contains(VISITORS[0].name));
    assert_eq!(named.count(), 1, "{leads}");
    let told: Vec<String> = sqlx::query_scalar("select title from activities where org_id = $1")
        .bind(product.org)
        .fetch_all(&mut product.db.owner().await)
        .await
        .expect("activities");
    assert!(told.iter().any(|title| title.starts_with("Maturity audit: ")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_answers_come_to_the_same_score_and_the_same_paper() {
    let product = Product::start().await;
    publish(&product).await;
    let answers = json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["missed_calls", "Faxes"], "currentSystems": ["crm"],
        "kpis": ["inquiries"], "answers": { "volume": 320, "answering": "noted", "booking": "by_hand" },
    });
    watch(product.url(""), EVIDENCE, async |browser| {
        browser.go("/audit").await;
        let (mut told, mut papers) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (status, result) = product.call("POST", "/v2/audit/submit", answers.clone()).await;
            assert_eq!(status, 201, "{result}");
            let token = result["auditId"].as_str().expect("an id").to_owned();
            let paper = browser.fetch(&format!("/audit/results/{token}/report.pdf")).await;
            assert!(paper.status == 200 && paper.kind == PDF, "{} {}", paper.status, paper.kind);
            papers.push(paper.bytes);
            told.push(json!([result["maturityScore"], result["roiForecast"], result["recommendations"]]));
        }
        assert_eq!(told[0], told[1]);
        assert!(papers[0] == papers[1], "the files differ");
    })
    .await;
    product.end().await;
}
