//! Anomalies through the whole router: found once, told once, explained.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, OrgId};
use revenue::People;
use revenue::anomalies::Watch;
use serde_json::json;
use shell::Role;
use shell::testing::TestWeb;

struct Nobody;

#[async_trait]
impl People for Nobody {
    async fn names(&self, _tx: &mut OrgTx, _contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(HashMap::new())
    }
}

async fn web() -> (TestWeb, OrgId, OrgId) {
    let web = TestWeb::new(|app| vec![revenue::room(app, Arc::new(Nobody))]).await;
    let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
    (web, ours, theirs)
}

/// The last day that is over (three hours after midnight, UTC).
fn closed(web: &TestWeb) -> NaiveDate {
    (web.kernel.clock.now() - chrono::Duration::hours(3)).date_naive() - Days::new(1)
}

/// Leads of 120 days with a season of the week, from two sources; the last day brings `last` from the second.
async fn history(web: &TestWeb, org: OrgId, last: i64) {
    let day = closed(web);
    let mut rows: Vec<(NaiveDate, &str, i64)> = Vec::new();
    for back in 0..120_u64 {
        let on = day - Days::new(back);
        let week = [30, 34, 33, 36, 40, 22, 12][(back % 7) as usize]
            + i64::from(back.wrapping_mul(2_654_435_761) as u32 % 7)
            - 3;
        rows.push((on, "webform", week));
        rows.push((on, "google_ads", if back == 0 { last } else { week / 2 }));
    }
    let days: Vec<NaiveDate> = rows.iter().map(|(day, ..)| *day).collect();
    let sources: Vec<&str> = rows.iter().map(|(_, source, _)| *source).collect();
    let counts: Vec<i64> = rows.iter().map(|(.., n)| *n).collect();
    let mut tx = web.kernel.db.begin(org).await.expect("a transaction");
    sqlx::query(
        "insert into daily_metrics (org_id, day, source, metric, n) \
         select $1, n.day, n.source, 'leads', n.n from unnest($2::date[], $3::text[], $4::bigint[]) as n (day, source, n)",
    )
    .bind(org)
    .bind(days)
    .bind(sources)
    .bind(counts)
    .execute(tx.conn())
    .await
    .expect("sums");
    tx.commit().await.expect("committed");
}

async fn count(web: &TestWeb, org: OrgId, sql: &'static str) -> i64 {
    let mut tx = web.kernel.db.begin(org).await.expect("a transaction");
    sqlx::query_scalar(sql).bind(org).fetch_one(tx.conn()).await.expect("a count")
}

#[tokio::test]
async fn a_day_out_of_the_ordinary_is_found_once_and_the_source_explains_it() {
    let (web, ours, theirs) = web().await;
    history(&web, ours, 400).await;
    history(&web, theirs, 15).await;
    let watch = Watch::new(web.kernel.clone());
    let found = watch.run_for(ours).await.expect("looked");
    assert_eq!(found.len(), 1, "{found:?}");
    let viewer = web.token(ours, Role::Viewer);
    let first = web.get(&viewer, "/v2/anomalies").await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert!(watch.run_for(ours).await.expect("looked again").is_empty());
    assert_eq!(web.get(&viewer, "/v2/anomalies").await.json(), first.json(), "the same list");
    let one = &first.json()["data"][0];
    assert_eq!((&one["metric"], &one["state"]), (&json!("leads"), &json!("open")));
    assert_eq!(one["day"], json!(closed(&web)));
    assert!(one["z"].as_f64().is_some_and(|z| z > 4.0));
    assert_eq!(one["evidence"]["parts"][0]["source"], "google_ads");
    let rows = one["rows"].as_str().expect("an address");
    let listed = web.get(&viewer, rows).await;
    assert!(rows.contains("kind=lead") && listed.status == 200, "{rows}: {}", listed.text);
    let days = one["evidence"]["days"].as_array().expect("days");
    assert_eq!(days.len(), 60);
    assert!(days[59]["expected"].as_f64().is_some_and(|expected| expected < 90.0), "{}", days[59]);
    assert!(watch.run_for(theirs).await.expect("looked").is_empty(), "an ordinary day");
    let id = one["id"].as_str().expect("an id").to_owned();
    let other = web.token(theirs, Role::Owner);
    assert_eq!(web.get(&other, &format!("/v2/anomalies/{id}")).await.status, 404);
    for path in ["/revenue/anomalies".to_owned(), format!("/revenue/anomalies/{id}")] {
        let page = web.browse(&viewer, &path).await;
        assert!(page.status == 200 && page.text.contains("higher than expected"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_list_made_anew_is_the_same() {
    let (web, ours, _) = web().await;
    history(&web, ours, 400).await;
    let watch = Watch::new(web.kernel.clone());
    let first = watch.run_for(ours).await.expect("looked");
    let mut tx = web.kernel.db.begin(ours).await.expect("a transaction");
    for sql in ["delete from anomalies where org_id = $1", "delete from anomaly_marks where org_id = $1"] {
        sqlx::query(sql).bind(ours).execute(tx.conn()).await.expect("gone");
    }
    tx.commit().await.expect("committed");
    assert_eq!(watch.run_for(ours).await.expect("looked"), first);
}

#[tokio::test]
async fn somebody_sees_it_and_a_muted_metric_is_not_heard_of() {
    let (web, ours, theirs) = web().await;
    history(&web, ours, 400).await;
    let owner = web.token(ours, Role::Owner);
    let found = Watch::new(web.kernel.clone()).run_for(ours).await.expect("looked");
    let path = format!("/v2/anomalies/{}/acknowledgement", found[0]);
    assert_eq!(web.post(&web.token(theirs, Role::Owner), &path, &json!({})).await.status, 404);
    assert_eq!(web.post(&web.token(ours, Role::Viewer), &path, &json!({})).await.status, 403);
    let seen = web.post(&owner, &path, &json!({})).await;
    assert_eq!(seen.json()["state"], "acknowledged", "{}", seen.text);
    let open = web.get(&owner, "/v2/anomalies?state=open").await.json();
    assert_eq!(open["data"].as_array().map(Vec::len), Some(0));
    let mute = |metric: &'static str| format!("/v2/anomalies/metrics/{metric}");
    let muted = web.call(&owner, Method::PUT, &mute("leads"), Some(&json!({ "muted": true }))).await;
    assert_eq!(muted.json()["muted"], json!(["leads"]), "{}", muted.text);
    assert_eq!(web.call(&owner, Method::PUT, &mute("nothing"), Some(&json!({ "muted": true }))).await.status, 404);
    assert_eq!(web.get(&owner, "/v2/anomalies?state=wrong").await.status, 422);
}

#[tokio::test]
async fn each_channel_is_told_once_and_secrets_are_shown_once() {
    let (web, ours, theirs) = web().await;
    history(&web, ours, 400).await;
    let owner = web.token(ours, Role::Owner);
    let patch = json!({ "slack_url": "https://hooks.slack.com/services/T/B/secret", "webhook_url": "https://example.com/hook",
        "emails": ["Ops@example.com", "ops@example.com"] });
    let set = web.call(&owner, Method::PATCH, "/v2/anomalies/alerts", Some(&patch)).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert!(set.json()["webhook_secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let shown = web.get(&owner, "/v2/anomalies/alerts").await;
    assert!(!shown.text.contains("whsec_") && !shown.text.contains("services/T/B"), "{}", shown.text);
    assert_eq!(shown.json()["emails"], json!(["ops@example.com"]));
    assert_eq!(web.get(&web.token(theirs, Role::Owner), "/v2/anomalies/alerts").await.json()["slack"], false);
    for wrong in [json!({ "webhook_url": "http://example.com" }), json!({ "emails": ["nobody"] })] {
        assert_eq!(web.call(&owner, Method::PATCH, "/v2/anomalies/alerts", Some(&wrong)).await.status, 422);
    }
    let watch = Watch::new(web.kernel.clone());
    watch.run_for(ours).await.expect("looked");
    watch.run_for(ours).await.expect("looked again");
    let rows = "select count(*) from anomaly_alerts where org_id = $1 and channel in ('slack', 'webhook') and state = 'queued'";
    assert_eq!(count(&web, ours, rows).await, 2);
    let jobs = "select count(*) from jobs where org_id = $1 and kind = 'revenue.alert'";
    assert_eq!(count(&web, ours, jobs).await, 2);
    // A forgotten mark finds the same anomaly and tells nobody again.
    let mut tx = web.kernel.db.begin(ours).await.expect("a transaction");
    sqlx::query("delete from anomaly_marks where org_id = $1").bind(ours).execute(tx.conn()).await.expect("gone");
    tx.commit().await.expect("committed");
    assert!(watch.run_for(ours).await.expect("looked").is_empty());
    assert_eq!(count(&web, ours, jobs).await, 2);
}

#[tokio::test]
async fn too_little_history_finds_nothing() {
    let (web, ours, _) = web().await;
    let mut tx = web.kernel.db.begin(ours).await.expect("a transaction");
    for back in 0..20 {
        sqlx::query(
            "insert into daily_metrics (org_id, day, source, metric, n) values ($1, $2, 'webform', 'leads', $3)",
        )
        .bind(ours)
        .bind(closed(&web) - Days::new(back))
        .bind(if back == 0 { 900_i64 } else { 20 })
        .execute(tx.conn())
        .await
        .expect("a sum");
    }
    tx.commit().await.expect("committed");
    assert_eq!(Watch::new(web.kernel.clone()).run_for(ours).await.expect("looked"), Vec::new());
}
