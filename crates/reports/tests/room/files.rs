//! A report in each of its forms says the same, and says it in the same bytes.

use std::io::{Cursor, Read as _};

use serde_json::json;
use shell::Role;

use crate::house::{House, text_of};

#[tokio::test]
async fn a_briefing_is_made_once_and_its_pdf_holds_the_figures_in_the_same_bytes() {
    let house = House::furnished().await;
    let id = house.briefing().await;
    let shown = house.web.get(&house.token(Role::Viewer), &format!("/v2/reports/{id}")).await.json();
    assert_eq!((shown["status"].as_str(), shown["kind"].as_str()), (Some("ready"), Some("briefing")), "{shown}");
    let (pdf, kind, name) = house.file(&format!("/v2/reports/{id}/file")).await;
    assert_eq!(
        (kind.as_str(), name.as_str()),
        ("application/pdf", "attachment; filename=\"daily-briefing-2026-11-27.pdf\"")
    );
    let text = text_of(&pdf);
    for part in [
        "€12,480amonthisatrisk,€1,120morethanaweekago.",
        "NorthwindDental",
        "Responsevelocityis72,−4withinaweek:worse.",
        "€10,500",
        "Messageswithoutananswerintime:7leadsinsevendays,worth€840.",
        "Answertheleadsthatwait.",
        "Page1of2",
        "Page2of2",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Made again another day, of the same day and figures: the same bytes.
    house.set("2026-11-27T09:00:00Z");
    let again = house.briefing().await;
    assert_ne!(id, again);
    assert_eq!(house.file(&format!("/v2/reports/{again}/file")).await.0, pdf);
}

#[tokio::test]
async fn the_workbook_has_numbers_and_the_same_bytes_and_no_cell_is_a_formula() {
    let house = House::furnished().await;
    let design = json!({ "metrics": ["leads", "revenue"], "group": "source", "days": 7 });
    let id = house.made(&json!({ "kind": "custom", "format": "xlsx", "design": design })).await;
    let (book, kind, _) = house.file(&format!("/v2/reports/{id}/file")).await;
    assert!(kind.contains("spreadsheetml"), "{kind}");
    assert_eq!(house.file(&format!("/v2/reports/{id}/file?format=xlsx")).await.0, book);
    let mut zip = zip::ZipArchive::new(Cursor::new(book)).expect("a zip");
    let mut sheets = String::new();
    for number in 0..zip.len() {
        let mut part = zip.by_index(number).expect("a part");
        if part.name().is_ok_and(|name| name.starts_with("xl/worksheets/")) {
            part.read_to_string(&mut sheets).expect("text");
        }
    }
    assert!(sheets.contains("<v>42</v>") && sheets.contains("<v>10500</v>"), "{sheets}");
    assert!(!sheets.contains("<f>"), "{sheets}");
    let csv = house.file(&format!("/v2/reports/{id}/file?format=csv")).await.0;
    let csv = String::from_utf8(csv).expect("text");
    assert!(csv.starts_with('\u{feff}') && csv.contains("whatsapp,42,"), "{csv}");
    assert!(csv.contains("'=web,28,"), "{csv}");
    assert!(csv.contains("10500.00"), "{csv}");
}

#[tokio::test]
async fn a_program_gets_figures_as_numbers_and_a_page_stands_alone() {
    let house = House::furnished().await;
    let id = house.briefing().await;
    let json = house.web.get(&house.token(Role::Owner), &format!("/v2/reports/{id}/file?format=json")).await.json();
    let figures = json["parts"].as_array().and_then(|parts| parts.iter().find(|part| part["type"] == "figures"));
    let first = &figures.expect("figures")["figures"][0];
    assert_eq!((first["value"].as_i64(), first["change"].as_i64()), (Some(1_248_000), Some(112_000)), "{first}");
    assert_eq!(json["currency"], "EUR");
    let html = house.web.get(&house.token(Role::Viewer), &format!("/v2/reports/{id}/file?format=html")).await.text;
    assert!(html.contains("€12,480 a month is at risk") && !html.contains("<script"), "{html}");
}

#[tokio::test]
async fn what_is_not_known_is_said_and_never_taken_for_zero() {
    let house = House::new().await;
    house.score(crate::house::day("2026-11-27"), "response_velocity", None).await;
    let page = house.web.browse(&house.token(Role::Viewer), "/reports/briefing").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for part in ["There is not enough data yet", "Response velocity: insufficient data. Fewer than five leads arrived."]
    {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("€0"), "{}", page.text);
}

#[tokio::test]
async fn the_page_shows_the_briefing_of_today_and_of_days_before_and_none_of_tomorrow() {
    let house = House::furnished().await;
    let viewer = house.token(Role::Viewer);
    let today = house.web.browse(&viewer, "/reports/briefing").await.text;
    assert!(today.contains("€12,480 a month is at risk, €1,120 more than a week ago."), "{today}");
    assert!(today.contains("/reports/briefing?day=2026-11-26"), "{today}");
    let before = house.web.browse(&viewer, "/reports/briefing?day=2026-11-18").await.text;
    assert!(before.contains("€11,360 a month is at risk, as a week ago."), "{before}");
    assert_eq!(house.web.browse(&viewer, "/reports/briefing?day=2026-11-28").await.status, 404);
}

#[tokio::test]
async fn only_who_may_export_takes_the_data_out_and_nobody_sees_another_organisations_report() {
    let house = House::furnished().await;
    let id = house.briefing().await;
    let agent = house.token(Role::Agent);
    assert_eq!(house.web.get(&agent, &format!("/v2/reports/{id}/file?format=pdf")).await.status, 200);
    assert_eq!(house.web.get(&agent, &format!("/v2/reports/{id}/file?format=csv")).await.status, 403);
    let asked = json!({ "kind": "performance", "format": "xlsx" });
    assert_eq!(house.web.post(&agent, "/v2/reports/generate", &asked).await.status, 403);
    assert_eq!(house.web.post(&house.token(Role::Viewer), "/v2/reports/generate", &asked).await.status, 403);
    let theirs = house.web.org("Theirs").await;
    let stranger = house.web.token(theirs, Role::Owner);
    for path in [format!("/v2/reports/{id}"), format!("/v2/reports/{id}/file"), format!("/v2/reports/{id}/shares")] {
        assert_eq!(house.web.get(&stranger, &path).await.status, 404, "{path}");
    }
    assert_eq!(house.web.get(&stranger, "/v2/reports").await.json()["data"], json!([]));
}

#[tokio::test]
async fn days_and_kinds_that_make_no_sense_are_refused_by_field() {
    let house = House::new().await;
    let analyst = house.token(Role::Analyst);
    for (given, field) in [
        (json!({ "kind": "performance", "format": "pdf", "from": "2026-11-20", "to": "2026-11-10" }), "from"),
        (json!({ "kind": "performance", "format": "pdf", "to": "2027-01-01" }), "to"),
        (json!({ "kind": "performance", "format": "pdf", "from": "2020-01-01" }), "from"),
        (json!({ "kind": "custom", "format": "pdf" }), "report_id"),
        (json!({ "kind": "custom", "format": "pdf", "design": { "metrics": ["nothing"] } }), "metrics"),
        (json!({ "kind": "briefing", "format": "pdf", "location": "loc_00000000000000000000000000" }), "location"),
    ] {
        let answer = house.web.post(&analyst, "/v2/reports/generate", &given).await;
        assert_eq!(answer.status, 422, "{given}: {}", answer.text);
        assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{given}: {}", answer.text);
    }
}
