//! Enrolling: whoever meets a play's trigger, may be reached, and has not met it within the window.
//!
//! Eligibility and consent are decided before chance is, by the same rule for both arms; one transaction decides, writes the rows
//! and queues the actions.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::uuid_at;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::queue::{Lane, NewJob};
use kernel::vault::Vault;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::assign::{Arm, Assigner, stratum};
use super::outreach::{Outreach, Prospect, Screen};
use super::{Recipe, store};

/// Leads that are looked at in one transaction.
const MOST: i64 = 500;

/// The kind of the jobs that act.
pub(super) const KIND: &str = "revenue.play";

/// An enrolment whose action is due.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Due {
    pub enrolment: Uuid,
}

#[derive(sqlx::FromRow)]
struct Candidate {
    lead: Uuid,
    contact: Uuid,
    location_id: Option<Uuid>,
    value_minor: i64,
    triggered_at: DateTime<Utc>,
    before_minor: i64,
}

/// Enrols whoever is due in a play; says how many. A play that is switched off enrols nobody.
pub async fn enrol(tx: &mut OrgTx, vault: &Vault, outreach: &dyn Outreach, play: Recipe) -> anyhow::Result<usize> {
    // The row is held, so that two runs do not enrol side by side.
    let Some(choice) = store::choice(tx, play, true).await?.filter(|choice| choice.enabled) else { return Ok(0) };
    let now = tx.clock().now();
    let candidates = candidates(tx, play, now).await?;
    if candidates.is_empty() {
        return Ok(0);
    }
    let prospects: Vec<Prospect> =
        candidates.iter().map(|one| Prospect { lead: one.lead, contact: one.contact }).collect();
    let screens = outreach.screen(tx, play, &prospects).await?;
    let secret = vault.of(tx.org()).await?.blind_index("plays", "assignment");
    let assigner = Assigner::new(&secret);
    let rows: Vec<Value> = candidates
        .iter()
        .zip(&screens)
        .filter(|(_, screen)| screen.eligible)
        .map(|(one, screen)| row(one, *screen, &assigner, play, choice.holdout_percent, now))
        .collect();
    let enrolled = insert(tx, play, rows, now).await?;
    for (id, contact, acts) in &enrolled {
        if *acts {
            tx.enqueue(NewJob::new(Lane::Autopilot, KIND, &Due { enrolment: *id }).key(contact));
        }
    }
    if !enrolled.is_empty() {
        let fact = Fact::PlayEnrolled { play: play.as_str().to_owned(), count: enrolled.len() as i64 };
        tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
    }
    Ok(enrolled.len())
}

fn row(one: &Candidate, screen: Screen, assigner: &Assigner, play: Recipe, percent: i32, now: DateTime<Utc>) -> Value {
    let arm = match (screen.exempt, assigner.arm(play.as_str(), one.lead, percent)) {
        (Some(_), _) => "exempt",
        (None, Arm::Treated) => "treated",
        (None, Arm::Held) => "held",
    };
    json!({
        "id": uuid_at(now), "lead": one.lead, "contact": one.contact, "location_id": one.location_id, "arm": arm,
        "exempt": screen.exempt.map(super::Exempt::as_str), "stratum": stratum(one.value_minor),
        "before_minor": one.before_minor, "triggered_at": one.triggered_at,
        "action": if arm == "held" { "none" } else { "due" },
    })
}

/// The condition of a play, over a journey `j`.
fn condition(play: Recipe) -> String {
    let closed = if play.takes_closed() { "" } else { " and j.closed_at is null" };
    format!("j.hidden_at is null and j.contact is not null{closed} and {}", play.trigger().holds)
}

async fn candidates(tx: &mut OrgTx, play: Recipe, now: DateTime<Utc>) -> Result<Vec<Candidate>, sqlx::Error> {
    let (holds, at) = (condition(play), play.trigger().at);
    let sql = format!(
        "with due as (select j.id as lead, coalesce((select a.contact from contact_aliases a where a.org_id = j.org_id \
             and a.alias = j.contact order by a.contact limit 1), j.contact) as contact, \
             j.location_id, j.value_minor, {at} as triggered_at \
           from journeys j where j.org_id = $1 and {holds} \
             and not exists (select from play_enrolments e where e.org_id = j.org_id and e.play = $2 and e.lead = j.id \
               and e.triggered_at > {at} - interval '{days} days') \
           order by triggered_at, lead limit $4) \
         select d.*, ({before})::bigint as before_minor from due d order by d.triggered_at, d.lead",
        days = super::WINDOW_DAYS,
        before = super::outcome::paid_sql(
            "$1",
            "d.lead",
            "d.contact",
            "d.triggered_at - interval '365 days'",
            "d.triggered_at"
        ),
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(play.as_str())
        .bind(now)
        .bind(MOST)
        .fetch_all(tx.conn())
        .await
}

/// Whether a lead still meets the trigger: what happened meanwhile makes the action needless.
pub(super) async fn still_due(
    tx: &mut OrgTx,
    play: Recipe,
    lead: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let sql =
        format!("select exists (select from journeys j where j.org_id = $1 and j.id = $2 and {})", condition(play));
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(lead).bind(now).fetch_one(tx.conn()).await
}

/// Writes enrolments; whoever is there already is left alone. Returns id, contact and whether something is to be done.
async fn insert(
    tx: &mut OrgTx,
    play: Recipe,
    rows: Vec<Value>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid, bool)>, sqlx::Error> {
    sqlx::query_as(
        "insert into play_enrolments (org_id, id, play, lead, contact, location_id, arm, exempt, stratum, before_minor, triggered_at, \
           enrolled_at, action) \
         select $1, n.id, $2, n.lead, n.contact, n.location_id, n.arm, n.exempt, n.stratum, n.before_minor, n.triggered_at, $4, n.action \
         from jsonb_to_recordset($3) as n (id uuid, lead uuid, contact uuid, location_id uuid, arm text, exempt text, stratum int, \
           before_minor bigint, triggered_at timestamptz, action text) \
         on conflict (org_id, play, lead, triggered_at) do nothing returning id, contact, action = 'due'",
    )
    .bind(tx.org())
    .bind(play.as_str())
    .bind(Value::Array(rows))
    .bind(now)
    .fetch_all(tx.conn())
    .await
}
