//! Plays through the whole router: who is enrolled, what chance decides, what is done once, and what is said of it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::Method;
use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, OrgId};
use kernel::privacy::{Holder as _, Traces};
use kernel::queue::{Handlers, Lane, run_waiting};
use revenue::People;
use revenue::plays::{self, Deed, Done, Exempt, Outreach, Prospect, Recipe, Screen};
use serde_json::json;
use shell::Role;
use shell::testing::TestWeb;
use uuid::Uuid;

struct Nobody;

#[async_trait]
impl People for Nobody {
    async fn names(&self, _tx: &mut OrgTx, _contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        Ok(HashMap::new())
    }
}

/// Writes down what it was asked to do.
#[derive(Default)]
struct Notebook {
    exempt: Mutex<HashMap<Uuid, Exempt>>,
    refusing: Mutex<HashSet<Uuid>>,
    messages: Mutex<Vec<Uuid>>,
    tasks: Mutex<Vec<Uuid>>,
    screened: AtomicUsize,
}

#[async_trait]
impl Outreach for Notebook {
    async fn screen(&self, _tx: &mut OrgTx, _play: Recipe, prospects: &[Prospect]) -> anyhow::Result<Vec<Screen>> {
        self.screened.fetch_add(prospects.len(), Ordering::SeqCst);
        let (exempt, refusing) = (self.exempt.lock().expect("a lock"), self.refusing.lock().expect("a lock"));
        let of = |one: &Prospect| Screen {
            eligible: !refusing.contains(&one.contact),
            exempt: exempt.get(&one.contact).copied(),
        };
        Ok(prospects.iter().map(of).collect())
    }

    async fn act(&self, _tx: &mut OrgTx, deed: &Deed<'_>) -> anyhow::Result<Done> {
        let book = if deed.by_person { &self.tasks } else { &self.messages };
        book.lock().expect("a lock").push(deed.prospect.lead);
        let id = Uuid::from_u128(deed.prospect.lead.as_u128() ^ 1);
        Ok(if deed.by_person { Done::Task(id) } else { Done::Message(id) })
    }
}

struct House {
    web: TestWeb,
    ours: OrgId,
    theirs: OrgId,
    notebook: Arc<Notebook>,
}

impl House {
    async fn new() -> Self {
        let web = TestWeb::new(|app| vec![revenue::room(app, Arc::new(Nobody))]).await;
        let (ours, theirs) = (web.org("Ours").await, web.org("Theirs").await);
        Self { web, ours, theirs, notebook: Arc::default() }
    }

    async fn switch(&self, org: OrgId, play: &str, patch: serde_json::Value) {
        let owner = self.web.token(org, Role::Owner);
        let answer = self.web.call(&owner, Method::PATCH, &format!("/v2/plays/{play}"), Some(&patch)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Calls that nobody answered, ten minutes ago.
    async fn missed_calls(&self, org: OrgId, leads: std::ops::Range<u128>) {
        let at = self.web.kernel.clock.now() - Duration::minutes(10);
        let ids: Vec<Uuid> = leads.map(lead).collect();
        let contacts: Vec<Uuid> = ids.iter().map(|id| contact(*id)).collect();
        let values: Vec<i64> = ids.iter().map(|id| (id.as_u128() % 7) as i64 * 10_000).collect();
        let mut tx = self.web.kernel.db.begin(org).await.expect("a transaction");
        sqlx::query(
            "insert into journeys (org_id, id, contact, source, opening, arrived_at, value_minor, day) \
             select $1, n.id, n.contact, 'phone', 'call', $5, n.value, ($5 at time zone 'utc')::date \
             from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as n (id, contact, value)",
        )
        .bind(org)
        .bind(ids)
        .bind(contacts)
        .bind(values)
        .bind(at)
        .execute(tx.conn())
        .await
        .expect("journeys");
        tx.commit().await.expect("committed");
    }

    async fn enrol(&self, org: OrgId) -> usize {
        plays::Enrol::new(self.web.kernel.clone(), self.notebook.clone()).run_for(org).await.expect("enrolled")
    }

    async fn act(&self) {
        let mut handlers = Handlers::default();
        handlers.add(Arc::new(plays::Act::new(self.web.kernel.clone(), self.notebook.clone())));
        while run_waiting(&self.web.kernel.db, &handlers, Lane::Autopilot).await.expect("jobs run") > 0 {}
    }

    /// Lead, arm, action.
    async fn rows(&self, org: OrgId) -> Vec<(Uuid, String, String)> {
        let mut tx = self.web.kernel.db.begin(org).await.expect("a transaction");
        sqlx::query_as("select lead, arm, action from play_enrolments where org_id = $1 order by lead")
            .bind(org)
            .fetch_all(tx.conn())
            .await
            .expect("enrolments")
    }

    async fn paid(&self, org: OrgId, lead: Uuid, minor: i64, at: DateTime<Utc>) {
        let mut tx = self.web.kernel.db.begin(org).await.expect("a transaction");
        sqlx::query(
            "insert into signals (org_id, id, at, kind, source, external_id, lead, minor, batch) \
             values ($1, $2, $3, 'payment', 'test', $4, $5, $6, $2)",
        )
        .bind(org)
        .bind(Uuid::from_u128(lead.as_u128() ^ (u128::from(at.timestamp_micros().unsigned_abs()) << 40)))
        .bind(at)
        .bind(format!("{lead}-{at}"))
        .bind(lead)
        .bind(minor)
        .execute(tx.conn())
        .await
        .expect("a payment");
        tx.commit().await.expect("committed");
    }
}

fn lead(n: u128) -> Uuid {
    Uuid::from_u128(0x1000_0000 + n * 104_729)
}

fn contact(lead: Uuid) -> Uuid {
    Uuid::from_u128(lead.as_u128() + (1 << 90))
}

#[tokio::test]
async fn a_play_that_is_off_enrols_nobody_and_one_that_is_on_everybody_once() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..400).await;
    assert_eq!(house.enrol(house.ours).await, 0, "off");
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true, "holdout_percent": 20 })).await;
    assert_eq!(house.enrol(house.ours).await, 400);
    let first = house.rows(house.ours).await;
    let held = first.iter().filter(|(_, arm, _)| arm == "held").count();
    // Four deviations around 80.
    assert!((48..=112).contains(&held), "{held}");
    assert_eq!((house.enrol(house.ours).await, house.enrol(house.theirs).await), (0, 0));
    assert_eq!(house.rows(house.ours).await, first);
    // New ones are enrolled beside them, and nobody changes sides.
    house.missed_calls(house.ours, 400..410).await;
    assert_eq!(house.enrol(house.ours).await, 10);
    let later = house.rows(house.ours).await;
    assert!(first.iter().all(|row| later.contains(row)));
}

#[tokio::test]
async fn treated_leads_are_acted_on_once_and_held_ones_never() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..60).await;
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true, "holdout_percent": 50 })).await;
    house.enrol(house.ours).await;
    house.act().await;
    house.enrol(house.ours).await;
    house.act().await;
    let rows = house.rows(house.ours).await;
    let treated: HashSet<Uuid> = rows.iter().filter(|(_, arm, _)| arm == "treated").map(|(lead, ..)| *lead).collect();
    let written = house.notebook.messages.lock().expect("a lock").clone();
    assert_eq!(written.len(), treated.len(), "each once");
    assert_eq!(written.into_iter().collect::<HashSet<_>>(), treated);
    let as_expected = |(_, arm, action): &(Uuid, String, String)| {
        (arm == "treated" && action == "message") || (arm == "held" && action == "none")
    };
    assert!(rows.iter().all(as_expected), "{rows:?}");
}

#[tokio::test]
async fn whoever_was_answered_meanwhile_is_left_alone() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..40).await;
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true, "holdout_percent": 5 })).await;
    house.enrol(house.ours).await;
    let mut tx = house.web.kernel.db.begin(house.ours).await.expect("a transaction");
    sqlx::query("update journeys set answered_after_s = 700 where org_id = $1")
        .bind(house.ours)
        .execute(tx.conn())
        .await
        .expect("answered");
    tx.commit().await.expect("committed");
    house.act().await;
    assert!(house.notebook.messages.lock().expect("a lock").is_empty());
    assert!(house.rows(house.ours).await.iter().all(|(_, _, action)| action == "not_needed" || action == "none"));
}

#[tokio::test]
async fn urgent_and_regulated_leads_are_never_left_to_chance_and_who_refuses_takes_no_part() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..90).await;
    for n in 0..30 {
        house.notebook.refusing.lock().expect("a lock").insert(contact(lead(n)));
    }
    for n in 30..60 {
        let why = if n % 2 == 0 { Exempt::Urgent } else { Exempt::Regulated };
        house.notebook.exempt.lock().expect("a lock").insert(contact(lead(n)), why);
    }
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true, "holdout_percent": 50 })).await;
    assert_eq!(house.enrol(house.ours).await, 60);
    house.act().await;
    let rows: HashMap<Uuid, (String, String)> =
        house.rows(house.ours).await.into_iter().map(|(lead, arm, action)| (lead, (arm, action))).collect();
    assert!((0..30).all(|n| !rows.contains_key(&lead(n))));
    assert!((30..60).all(|n| rows[&lead(n)] == ("exempt".to_owned(), "task".to_owned())));
    assert!((60..90).all(|n| rows[&lead(n)].0 != "exempt"));
    assert_eq!(house.notebook.tasks.lock().expect("a lock").len(), 30);
    let told = house.web.get(&house.web.token(house.ours, Role::Viewer), "/v2/plays").await.json();
    assert_eq!(told["data"][0]["exempt"], 30, "counted apart");
    assert_eq!(told["data"][0]["treated"].as_i64().unwrap_or(0) + told["data"][0]["held"].as_i64().unwrap_or(0), 30);
}

#[tokio::test]
async fn outcomes_are_what_was_paid_within_the_window_and_results_are_honest() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..400).await;
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true, "holdout_percent": 30 })).await;
    house.enrol(house.ours).await;
    let now = house.web.kernel.clock.now();
    let rows = house.rows(house.ours).await;
    // Three of four treated leads pay 300, one of six held ones does.
    for (n, (lead, arm, _)) in rows.iter().enumerate() {
        if (arm == "treated" && n % 4 != 0) || (arm == "held" && n % 6 == 0) {
            house.paid(house.ours, *lead, 30_000 + (n as i64 % 5) * 100, now + Duration::days(2)).await;
        }
        house.paid(house.ours, *lead, 999_900, now + Duration::days(40)).await;
    }
    let viewer = house.web.token(house.ours, Role::Viewer);
    let early = house.web.get(&viewer, "/v2/plays/missed_call_text_back/results").await.json();
    assert!(early["effect"].is_null() && early["sentence"].as_str().is_some_and(|text| text.contains("Too early")));
    let mut tx = house.web.kernel.db.begin(house.ours).await.expect("a transaction");
    assert!(plays::refresh(&mut tx, now).await.expect("read") > 100);
    assert_eq!(plays::refresh(&mut tx, now).await.expect("read"), 0, "reading again changes nothing");
    tx.commit().await.expect("committed");
    let told = house.web.get(&viewer, "/v2/plays/missed_call_text_back/results").await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    let effect = &told["effect"];
    let treated = rows.iter().filter(|(_, arm, _)| arm == "treated").count() as f64;
    let truth = treated * 30_200.0 * (0.75 - 1.0 / 6.0);
    let (low, high) = (effect["low_minor"].as_f64().unwrap_or(0.0), effect["high_minor"].as_f64().unwrap_or(0.0));
    // The key that draws is new in every run: four standard errors, not two.
    let middle = f64::midpoint(low, high);
    assert!(low > 0.0 && (truth - middle).abs() < high - low, "{low} {truth} {high}");
    assert_eq!(effect["is_increase"], true);
    assert_eq!(told["treated"]["leads"].as_u64().unwrap_or(0) as usize, treated as usize);
    assert_eq!(told["enrolments"].as_array().map(Vec::len), Some(50));
    let mut tx = house.web.kernel.db.begin(house.ours).await.expect("a transaction");
    let (from, to) = (now - Duration::days(1), now + Duration::days(1));
    let sum = plays::recovered(&mut tx, None, from, to).await.expect("read").expect("one play");
    assert_eq!(sum.recovered_minor(), effect["incremental_minor"].as_i64().unwrap_or(0));
    assert_eq!((sum.low_minor, sum.plays), (effect["low_minor"].as_i64().unwrap_or(0), 1));
    assert!(plays::recovered(&mut tx, Some(Uuid::from_u128(9)), from, to).await.expect("read").is_none());
    drop(tx);
    let page = house.web.browse(&viewer, "/revenue/plays/missed_call_text_back").await;
    assert!(page.status == 200 && page.text.contains("more than would have come without it"), "{}", page.text);
    let theirs = house.web.token(house.theirs, Role::Viewer);
    let other = house.web.get(&theirs, "/v2/plays/missed_call_text_back/results").await.json();
    assert_eq!((&other["treated"]["leads"], &other["held"]["leads"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn what_is_set_is_checked_and_only_by_those_who_may() {
    let house = House::new().await;
    let owner = house.web.token(house.ours, Role::Owner);
    let patch = |token: String, play: &'static str, body: serde_json::Value| {
        let web = &house.web;
        async move { web.call(&token, Method::PATCH, &format!("/v2/plays/{play}"), Some(&body)).await.status }
    };
    assert_eq!(patch(owner.clone(), "stale_lead", json!({ "holdout_percent": 4 })).await, 422);
    assert_eq!(patch(owner.clone(), "stale_lead", json!({ "message": "x".repeat(641) })).await, 422);
    assert_eq!(patch(owner.clone(), "no_such_play", json!({ "enabled": true })).await, 404);
    assert_eq!(patch(house.web.token(house.ours, Role::Agent), "stale_lead", json!({ "enabled": true })).await, 403);
    assert_eq!(patch(owner.clone(), "stale_lead", json!({ "enabled": true, "message": " Hello " })).await, 200);
    let told = house.web.get(&owner, "/v2/plays").await.json();
    assert_eq!((&told["data"][2]["enabled"], &told["data"][2]["message"]), (&json!(true), &json!("Hello")));
    let theirs = house.web.get(&house.web.token(house.theirs, Role::Owner), "/v2/plays").await.json();
    assert_eq!(theirs["data"][2]["enabled"], false);
    let form = "enabled=true&holdout_percent=15&message=";
    let saved = house.web.submit(&owner, Method::POST, "/revenue/plays/lapsed_customer", form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let told = house.web.get(&owner, "/v2/plays").await.json();
    assert_eq!((&told["data"][4]["holdout_percent"], &told["data"][4]["enabled"]), (&json!(15), &json!(true)));
    assert_eq!(house.web.browse(&owner, "/revenue/plays").await.status, 200);
}

#[tokio::test]
async fn an_enrolment_goes_with_its_contact() {
    let house = House::new().await;
    house.missed_calls(house.ours, 0..10).await;
    house.switch(house.ours, "missed_call_text_back", json!({ "enabled": true })).await;
    house.enrol(house.ours).await;
    let whose = ContactId::from_uuid(contact(lead(3)));
    let mut tx = house.web.kernel.db.begin(house.ours).await.expect("a transaction");
    let traces = Traces::of(whose);
    let sheets = revenue::privacy::Views.export(&mut tx, &traces).await.expect("shown");
    let met = sheets.iter().find(|sheet| sheet.name == "plays").expect("a sheet");
    assert_eq!(met.rows.len(), 1);
    revenue::privacy::Views.hide(&mut tx, &traces).await.expect("hidden");
    tx.commit().await.expect("committed");
    let viewer = house.web.token(house.ours, Role::Viewer);
    let shown = house.web.get(&viewer, "/v2/plays/missed_call_text_back/results").await;
    assert!(!shown.text.contains(&whose.to_string()), "hidden at once");
    let mut tx = house.web.kernel.db.begin(house.ours).await.expect("a transaction");
    tx.see_hidden().await.expect("seen");
    revenue::privacy::Views.erase(&mut tx, &traces, Uuid::from_u128(1)).await.expect("erased");
    tx.commit().await.expect("committed");
    assert_eq!(house.rows(house.ours).await.len(), 9);
}
