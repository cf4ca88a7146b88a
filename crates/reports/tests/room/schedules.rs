//! Reports that are made and sent by the clock: once a day, in the hour of a time zone, and never silently not.

use axum::http::Method;
use kernel::queue::Lane;
use serde_json::{Value, json};
use shell::Role;
use standins::{Fault, Rule};

use crate::house::House;

fn briefing(time: &str) -> Value {
    json!({ "kind": "briefing", "time": time, "time_zone": "Europe/Berlin", "recipients": ["Dana@example.com"] })
}

impl House {
    fn path(&self) -> String {
        format!("/v2/reports/{}/schedule", self.org)
    }

    async fn scheduled(&self, given: &Value) -> Value {
        let answer = self.web.post(&self.token(Role::Admin), &self.path(), given).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// What the clock and the workers do until nothing is left.
    async fn settle(&self) {
        self.look().await;
        while self.run(Lane::Report).await + self.run(Lane::Mail).await > 0 {}
    }
}

#[tokio::test]
async fn a_briefing_is_sent_once_a_day_with_its_pdf_at_the_hour_of_the_time_zone() {
    let house = House::furnished().await;
    let made = house.scheduled(&briefing("07:30")).await;
    assert_eq!(
        (made["next_at"].as_str(), &made["recipients"]),
        (Some("2026-11-27T06:30:00Z"), &json!(["dana@example.com"]))
    );
    house.settle().await;
    assert!(house.mail.letters().is_empty(), "not before its time");
    house.set("2026-11-27T06:30:00Z");
    house.settle().await;
    house.settle().await;
    let letters = house.mail.letters_to("dana@example.com");
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(letter.subject(), "Northwind Dental: Daily briefing, Friday 27 November");
    assert!(letter.text.contains("€12,480 a month is at risk, €1,120 more than a week ago."), "{}", letter.text);
    assert!(letter.text.contains("Revenue at risk: €12,480 (+€1,120)"), "{}", letter.text);
    assert!(letter.links()[0].starts_with("https://recoup.example/reports/report_"), "{:?}", letter.links());
    let raw = &letter.raw;
    assert!(raw.contains("application/pdf") && raw.contains("daily-briefing-2026-11-27.pdf"), "an attached PDF");
    let deliveries = house.web.get(&house.token(Role::Owner), "/v2/reports/deliveries").await.json();
    assert_eq!(deliveries["data"][0]["state"], "sent", "{deliveries}");
    house.set("2026-11-28T06:30:00Z");
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 2, "the next day has its own");
}

#[tokio::test]
async fn days_that_were_missed_are_caught_up_with_once() {
    let house = House::furnished().await;
    house.scheduled(&briefing("08:00")).await;
    // The machine was off over a weekend and more.
    house.set("2026-12-01T05:00:00Z");
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 1);
    assert_eq!(house.mail.letters()[0].subject(), "Northwind Dental: Daily briefing, Monday 30 November");
    let next: String =
        sqlx::query_scalar("select to_char(next_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from report_schedules")
            .fetch_one(&mut house.web.db.owner().await)
            .await
            .expect("a schedule");
    assert_eq!(next, "2026-12-01 07:00");
    // Moved to a later hour of a day that had its report: no second one.
    let list = house.web.get(&house.token(Role::Owner), &house.path()).await.json();
    let path = format!("{}/{}", house.path(), list["data"][0]["id"].as_str().expect("an id"));
    house.set("2026-12-01T07:00:00Z");
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 2);
    let later = house.web.call(&house.token(Role::Owner), Method::PUT, &path, Some(&briefing("09:00"))).await;
    assert_eq!(later.status, 200, "{}", later.text);
    house.set("2026-12-01T08:00:00Z");
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 2, "one a day");
}

#[tokio::test]
async fn a_letter_that_is_refused_raises_an_alert_shows_on_the_page_and_can_be_sent_again() {
    let house = House::furnished().await;
    house.scheduled(&briefing("07:30")).await;
    house.mail.fail(Rule::next("SMTP RCPT", 1, Fault::Status { status: 550, retry_after: None }));
    house.set("2026-11-27T06:30:00Z");
    house.settle().await;
    assert!(house.mail.letters().is_empty());
    let told: Value = sqlx::query_scalar("select payload from events where kind = 'report.undelivered'")
        .fetch_one(&mut house.web.db.owner().await)
        .await
        .expect("an alert");
    assert_eq!(told["recipients"], 1, "{told}");
    assert!(told["reason"].as_str().is_some_and(|why| why.contains("550") && !why.contains('@')), "{told}");
    let owner = house.token(Role::Owner);
    let page = house.web.browse(&owner, "/reports").await.text;
    assert!(page.contains("Not delivered") && page.contains("dana@example.com") && page.contains("550"), "{page}");
    let failed = house.web.get(&owner, "/v2/reports/deliveries").await.json();
    assert_eq!(failed["data"][0]["state"], "failed", "{failed}");
    let path = format!("/v2/reports/deliveries/{}/retry", failed["data"][0]["id"].as_str().expect("an id"));
    assert_eq!(house.web.post(&owner, &path, &json!({})).await.status, 202);
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 1);
    assert_eq!(house.web.post(&owner, &path, &json!({})).await.status, 409, "it arrived");
    assert!(!house.web.browse(&owner, "/reports").await.text.contains("Not delivered"));
    assert_eq!(house.count("select count(*) from events where kind = 'report.undelivered'").await, 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_what_is_another_organisations_is_not_there() {
    let house = House::new().await;
    let admin = house.token(Role::Admin);
    for (change, field) in [
        (json!({ "time": "25:00" }), "time"),
        (json!({ "time_zone": "Mars/Olympus" }), "time_zone"),
        (json!({ "days": [0] }), "days"),
        (json!({ "recipients": ["nobody"] }), "recipients"),
        (json!({ "recipients": ["a@example.com\r\nBcc: b@example.com"] }), "recipients"),
        (json!({ "kind": "custom" }), "report_id"),
    ] {
        let mut given = briefing("07:30");
        for (key, value) in change.as_object().expect("an object") {
            given[key] = value.clone();
        }
        let answer = house.web.post(&admin, &house.path(), &given).await;
        assert_eq!(answer.status, 422, "{given}: {}", answer.text);
        assert_eq!(answer.json()["error"]["details"][0]["field"], field, "{given}: {}", answer.text);
    }
    assert_eq!(house.web.post(&house.token(Role::Agent), &house.path(), &briefing("07:30")).await.status, 403);
    let made = house.scheduled(&briefing("07:30")).await;
    let theirs = house.web.org("Theirs").await;
    let stranger = house.web.token(theirs, Role::Owner);
    assert_eq!(house.web.get(&stranger, &house.path()).await.status, 404);
    let own = format!("/v2/reports/{theirs}/schedule/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.web.call(&stranger, Method::DELETE, &own, None).await.status, 404);
    assert_eq!(house.web.get(&stranger, &format!("/v2/reports/{theirs}/schedule")).await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_schedule_is_made_changed_and_removed_on_its_page() {
    let house = House::furnished().await;
    let owner = house.token(Role::Owner);
    let page = house.web.browse(&owner, "/reports/schedules/new").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("value=\"Europe/Berlin\" selected"), "the organisation's time zone");
    let form = "what=performance&name=Weekly&time_zone=Europe%2FBerlin&days=1&time=08%3A00&recipients=a%40example.com%0Ab%40example.com\
                &formats=pdf&formats=xlsx&enabled=true";
    let saved = house.web.submit(&owner, Method::POST, "/reports/schedules/new", form).await;
    assert!((300..400).contains(&saved.status), "{}: {}", saved.status, saved.text);
    assert!(house.web.browse(&owner, "/reports").await.text.contains("Mon at 08:00, Europe/Berlin"));
    house.set("2026-11-30T07:00:00Z");
    house.settle().await;
    assert_eq!(house.mail.letters().len(), 2);
    let letter = &house.mail.letters_to("b@example.com")[0];
    assert!(letter.raw.contains("performance-2026-11-30.pdf") && letter.raw.contains("performance-2026-11-30.xlsx"));
    let list = house.web.get(&owner, &house.path()).await.json();
    let id = list["data"][0]["id"].as_str().expect("an id").to_owned();
    let page = house.web.browse(&owner, &format!("/reports/schedules/{id}")).await;
    assert!(page.text.contains("a@example.com") && page.text.contains("sent"), "{}", page.text);
    let removed = house.web.submit(&owner, Method::POST, &format!("/reports/schedules/{id}/remove"), "").await;
    assert!((300..400).contains(&removed.status), "{}", removed.status);
    assert_eq!(house.count("select count(*) from report_schedules").await, 0);
}
