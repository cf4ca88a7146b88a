//! The operator's room through the whole router, with two organisations.

use kernel::db::system;
use kernel::ids::{JobId, OrgId};
use kernel::queue::{Lane, NewJob};
use serde_json::json;
use shell::Role;
use shell::testing::TestWeb;

async fn web() -> (TestWeb, OrgId, OrgId) {
    let web = TestWeb::new(|app| vec![operations::room(app)]).await;
    let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
    (web, ours, theirs)
}

/// A dead letter of an organisation.
async fn bury(web: &TestWeb, org: OrgId, error: &str) -> JobId {
    let id = JobId::new(&web.kernel.clock);
    let mut tx = web.kernel.db.begin(org).await.expect("a transaction");
    sqlx::query(
        "insert into dead_letters (org_id, id, lane, kind, payload, attempts, crashes, error, enqueued_at) \
         values ($1, $2, 'outbound', 'outbound.send', '{}', 6, 0, $3, now())",
    )
    .bind(org)
    .bind(id)
    .bind(error)
    .execute(tx.conn())
    .await
    .expect("buried");
    tx.commit().await.expect("committed");
    id
}

#[tokio::test]
async fn queues_show_ones_own_work_and_nobody_elses() {
    let (web, ours, theirs) = web().await;
    for (org, jobs) in [(ours, 3), (theirs, 5)] {
        let mut tx = web.kernel.db.begin(org).await.expect("a transaction");
        for number in 0..jobs {
            tx.enqueue(NewJob::new(Lane::Crm, "crm.sync", &json!({ "number": number })));
        }
        tx.commit().await.expect("committed");
    }
    let answer = web.get(&web.token(ours, Role::Admin), "/v2/operations/queues").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let lanes = answer.json()["data"].as_array().cloned().unwrap_or_default();
    assert_eq!(lanes.len(), Lane::ALL.len(), "every lane is there, also an idle one");
    let crm = lanes.iter().find(|lane| lane["lane"] == "crm").expect("the lane");
    assert_eq!(crm["ready"], 3);
    assert_eq!(web.get(&web.token(ours, Role::Agent), "/v2/operations/queues").await.status, 403);
}

#[tokio::test]
async fn a_dead_letter_is_put_back_to_work_by_its_own_organisation_alone() {
    let (web, ours, theirs) = web().await;
    let id = bury(&web, ours, "the platform refuses").await;
    bury(&web, theirs, "a secret of theirs").await;
    let (us, them) = (web.token(ours, Role::Owner), web.token(theirs, Role::Owner));
    let listed = web.get(&us, "/v2/dead-letters").await;
    assert_eq!(listed.json()["data"].as_array().map(Vec::len), Some(1));
    assert!(!listed.text.contains("secret of theirs"));
    let path = format!("/v2/dead-letters/{id}/retry");
    assert_eq!(web.post(&them, &path, &json!({})).await.status, 404, "another tenant's id does not exist");
    assert_eq!(web.post(&us, &path, &json!({})).await.status, 204);
    assert_eq!(web.post(&us, &path, &json!({})).await.status, 404, "it is no longer dead");
    let queues = web.get(&us, "/v2/operations/queues").await.json();
    let outbound =
        queues["data"].as_array().and_then(|lanes| lanes.iter().find(|lane| lane["lane"] == "outbound").cloned());
    assert_eq!(outbound.expect("the lane")["ready"], 1);
}

#[tokio::test]
async fn the_page_says_what_is_wrong_and_mends_it() {
    let (web, ours, _) = web().await;
    let id = bury(&web, ours, "<script>the platform refuses</script>").await;
    let owner = web.token(ours, Role::Owner);
    let page = web.browse(&owner, "/operations").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("No worker is signed on"), "nobody works in this test");
    assert!(
        page.text.contains("&#60;script&#62;the platform refuses") && !page.text.contains("<script>the platform"),
        "errors are shown as text"
    );
    let form = web.submit(&owner, axum::http::Method::POST, &format!("/operations/dead-letters/{id}/retry"), "").await;
    assert_eq!(form.status, 200, "{}", form.text);
    assert!(form.text.contains("Nothing failed"));
    assert_eq!(web.browse(&web.token(ours, Role::Viewer), "/operations").await.status, 403);
}

#[tokio::test]
async fn health_tells_whether_work_flows_and_metrics_hold_numbers() {
    let (web, ours, _) = web().await;
    bury(&web, ours, "an error nobody outside may read").await;
    system::count(&web.kernel.db, "webhook.bad_signature.facebook", 7).await.expect("counted");
    assert_eq!(web.get("", "/health/live").await.status, 200);
    let ready = web.get("", "/health/ready").await;
    assert_eq!(ready.status, 503, "without a worker nothing is answered: {}", ready.text);
    let workers = ready.json()["checks"]
        .as_array()
        .and_then(|checks| checks.iter().find(|check| check["name"] == "workers").cloned());
    assert_eq!(workers.expect("the check")["ok"], false);
    let metrics = web.get("", "/metrics").await;
    assert!(
        metrics.text.contains("recoup_events_total{name=\"webhook.bad_signature.facebook\"} 7"),
        "{}",
        metrics.text
    );
    assert!(metrics.text.contains("recoup_dead_letters{lane=\"outbound\"} 1"));
    assert!(!metrics.text.contains("nobody outside"), "metrics hold no texts");
}

#[tokio::test]
async fn house_keeping_brings_back_what_is_due_and_makes_months_ahead() {
    let (web, ours, _) = web().await;
    bury(&web, ours, "the network was away").await;
    let mut owner = web.db.owner().await;
    sqlx::query("update dead_letters set died_at = now() - interval '20 minutes'")
        .execute(&mut owner)
        .await
        .expect("aged");
    for reconciler in operations::reconcilers(&web.kernel) {
        reconciler.run().await.expect("the run succeeds");
    }
    let dead: i64 =
        sqlx::query_scalar("select count(*) from dead_letters").fetch_one(&mut owner).await.expect("counted");
    let ready: i64 = sqlx::query_scalar("select count(*) from jobs").fetch_one(&mut owner).await.expect("counted");
    assert_eq!((dead, ready), (0, 1));
    let months: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relname = 'events_' || to_char(now() + interval '3 months', 'YYYY_MM')",
    )
    .fetch_one(&mut owner)
    .await
    .expect("counted");
    assert_eq!(months, 1);
}

#[tokio::test]
async fn every_table_of_a_tenant_is_protected_and_a_careless_one_is_found() {
    let (web, _, _) = web().await;
    assert_eq!(system::unprotected_tables(&web.kernel.db).await.expect("looked"), Vec::<String>::new());
    let mut owner = web.db.owner().await;
    sqlx::query("create table careless (org_id uuid, id uuid)").execute(&mut owner).await.expect("made");
    assert_eq!(system::unprotected_tables(&web.kernel.db).await.expect("looked"), ["careless"]);
}
