//! Reports of one's own: put together, previewed, saved, changed, made, removed.

use axum::http::Method;
use serde_json::json;
use shell::Role;

use crate::house::House;

#[tokio::test]
async fn a_saved_report_is_made_and_says_what_its_design_asks_for() {
    let house = House::furnished().await;
    let analyst = house.token(Role::Analyst);
    let design =
        json!({ "metrics": ["leads", "revenue", "answered", "booked"], "group": "week", "days": 28, "compare": true });
    let given = json!({ "name": "Weeks", "design": design });
    let saved = house.web.post(&analyst, "/v2/reports/definitions", &given).await;
    assert_eq!(saved.status, 201, "{}", saved.text);
    let saved = saved.json()["id"].as_str().expect("an id").to_owned();
    let id = house.made(&json!({ "kind": "custom", "format": "json", "report_id": saved })).await;
    let json = house.web.get(&analyst, &format!("/v2/reports/{id}/file")).await.json();
    assert_eq!(json["title"], "Weeks");
    let parts = json["parts"].as_array().expect("parts");
    let figures = &parts.iter().find(|part| part["type"] == "figures").expect("figures")["figures"];
    // 28 days of ten leads; seven of €1,500 and twenty-one of €1,000; five minutes; three of ten.
    let hundredths = |n: usize| (figures[n]["value"].as_f64().expect("a number") * 100.0).round() as i64;
    assert_eq!([0, 1, 2, 3].map(hundredths), [28_000, 315_000_000, 30_000, 30]);
    assert_eq!(figures[1]["change"].as_i64(), Some(350_000));
    let table = parts.iter().find(|part| part["type"] == "table").expect("a table");
    let rows = table["rows"].as_array().expect("rows");
    let leads: i64 = rows.iter().map(|row| row["Leads"].as_i64().expect("leads")).sum();
    assert_eq!((rows.len(), leads), (5, 280), "weeks from Monday, the first one cut: {table}");
    let changed = json!({ "name": "By source", "design": { "metrics": ["revenue"], "group": "source" } });
    let path = format!("/v2/reports/definitions/{saved}");
    assert_eq!(house.web.call(&analyst, Method::PUT, &path, Some(&changed)).await.status, 200);
    let theirs = house.web.token(house.web.org("Theirs").await, Role::Owner);
    assert_eq!(house.web.call(&theirs, Method::PUT, &path, Some(&changed)).await.status, 404);
    assert_eq!(house.web.call(&analyst, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(house.web.get(&analyst, "/v2/reports/definitions").await.json()["data"], json!([]));
    assert_eq!(house.web.get(&analyst, &format!("/v2/reports/{id}")).await.json()["status"], "ready");
}

#[tokio::test]
async fn the_builder_previews_saves_and_tells_what_is_wrong() {
    let house = House::furnished().await;
    let analyst = house.token(Role::Analyst);
    let page = house.web.browse(&analyst, "/reports/new").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("name=\"metrics\" value=\"leads\" checked"), "{}", page.text);
    let form = "metrics=leads&metrics=revenue&group=source&chart=bars&days=7&compare=true&source=";
    let preview = house.web.submit(&analyst, Method::POST, "/reports/preview", form).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    assert!(preview.text.contains("whatsapp") && preview.text.contains("€10,500"), "{}", preview.text);
    let wrong = house.web.submit(&analyst, Method::POST, "/reports/saved", form).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.text.contains("must be one line of 1 to 80 characters"), "{}", wrong.text);
    let saved = house.web.submit(&analyst, Method::POST, "/reports/saved", &format!("name=By+source&{form}")).await;
    assert!((300..400).contains(&saved.status), "{}: {}", saved.status, saved.text);
    let list = house.web.browse(&analyst, "/reports").await;
    assert!(list.text.contains("By source"), "{}", list.text);
    assert_eq!(house.web.submit(&house.token(Role::Viewer), Method::POST, "/reports/saved", form).await.status, 403);
}
