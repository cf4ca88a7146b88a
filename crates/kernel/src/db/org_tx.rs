//! The one door to tenant data: a transaction in which one organisation's rows exist and no others.
//!
//! Events and jobs are buffered and written in one statement at commit, so that a change, its facts and its work land
//! together or not at all; waiters are signalled only after the commit. Never hold one across a network call.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::Clock;
use crate::ids::{EventId, JobId, OrgId};
use crate::ledger::Event;
use crate::queue::{Job, Lane, NewJob};
use crate::signals::Signals;

/// Removes finished jobs and writes new ones.
const JOBS: &str = "with done as (delete from jobs where org_id = $1 and id = any($2)) \
    insert into jobs (org_id, id, lane, kind, key, run_at, payload) \
    select $1, n.id, n.lane, n.kind, n.key, coalesce(n.run_at, now()), n.payload \
    from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::jsonb[]) \
    with ordinality as n (id, lane, kind, key, run_at, payload, place) order by n.place";

/// From where and with what a request came, for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The client's address, when it is known.
    pub ip: Option<IpAddr>,
    /// What the client says it is; empty when unknown.
    pub agent: Arc<str>,
}

/// A transaction on one organisation's rows. Dropping it rolls everything back.
pub struct OrgTx {
    org: OrgId,
    transaction: Transaction<'static, Postgres>,
    clock: Clock,
    signals: Signals,
    caller: Caller,
    events: Vec<(EventId, Event)>,
    jobs: Vec<(JobId, NewJob)>,
    finished: Vec<Job>,
    /// What the statements already written will wake after the commit.
    wakes: Wakes,
    /// Whether it serves a visitor of a public site.
    of_site: bool,
}

/// Who has to be told after a commit.
#[derive(Default)]
struct Wakes {
    ledger: bool,
    lanes: Vec<(Lane, Option<DateTime<Utc>>)>,
    finished: Vec<Job>,
}

impl OrgTx {
    pub(super) fn new(org: OrgId, transaction: Transaction<'static, Postgres>, clock: Clock, signals: Signals) -> Self {
        Self {
            org,
            transaction,
            clock,
            signals,
            caller: Caller::default(),
            events: Vec::new(),
            jobs: Vec::new(),
            finished: Vec::new(),
            wakes: Wakes::default(),
            of_site: false,
        }
    }

    /// The transaction of a visitor of a public site: its statements run with the site's role.
    #[must_use]
    pub(super) fn of_site(self) -> Self {
        Self { of_site: true, ..self }
    }

    /// The organisation whose rows this transaction sees.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// The clock of the process.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Says from where the request came that this transaction serves: rows of the audit log tell it.
    #[must_use]
    pub fn called_from(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// From where the request came; nothing when the work is the product's own.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The connection, for statements on tenant tables.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// The connection in the narrow role: for the functions of [`super::system`] that change what belongs to a person in the
    /// transaction that tells of it. [`OrgTx::tenant`] goes back to the tenant's role; a transaction that is dropped between
    /// the two is rolled back, and its role with it.
    pub(super) async fn narrow(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        sqlx::query("set local role recoup_system").execute(&mut *self.transaction).await?;
        Ok(&mut self.transaction)
    }

    /// Back to the tenant's role.
    pub(super) async fn tenant(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("set local role recoup_app").execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Adds a fact to the ledger; it is written at commit. Returns its id, to name it as a cause.
    pub fn append(&mut self, event: Event) -> EventId {
        let id = EventId::at(event.at.unwrap_or_else(|| self.clock.now()));
        let id = self.events.last().map_or(id, |(last, _)| in_order(*last, id));
        self.events.push((id, event));
        id
    }

    /// Adds a job; it is written at commit and its lane is woken after it.
    pub fn enqueue(&mut self, job: NewJob) -> JobId {
        let id = job.id.unwrap_or_else(|| JobId::new(&self.clock));
        self.jobs.push((id, job));
        id
    }

    /// Sees hidden rows too, and may hide and restore, until the end of the transaction: for privacy requests alone.
    pub async fn see_hidden(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("select set_config('recoup.hidden', 'seen', true)").execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Moves to another organisation within the transaction: for followers, which serve all of them in turn.
    pub(crate) async fn switch_org(&mut self, org: OrgId) -> Result<(), sqlx::Error> {
        self.flush().await?;
        self.org = org;
        sqlx::query("select set_config('recoup.org', $1, true)")
            .bind(org.uuid().to_string())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Removes a claimed job with this transaction, so that its effect and its end are one.
    pub fn finish(&mut self, job: &Job) {
        self.finished.push(job.clone());
    }

    /// Writes the buffered facts and jobs, commits, and wakes whoever waits for them.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.flush().await?;
        let Self { transaction, signals, wakes, clock, .. } = self;
        transaction.commit().await?;
        for job in &wakes.finished {
            job.mark_finished();
        }
        if wakes.ledger {
            signals.ledger();
        }
        for (lane, at) in wakes.lanes {
            signals.lane_at(lane, at.map(|at| at - clock.now()));
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), sqlx::Error> {
        // The site's role may write neither the ledger nor the queue: what a visit leaves there is the product's own statement.
        if self.of_site && !(self.events.is_empty() && self.jobs.is_empty() && self.finished.is_empty()) {
            self.tenant().await?;
        }
        if !self.events.is_empty() {
            self.write_events().await?;
            self.events.clear();
            self.wakes.ledger = true;
        }
        if !self.jobs.is_empty() || !self.finished.is_empty() {
            self.write_jobs().await?;
            self.wakes.lanes.extend(self.jobs.drain(..).map(|(_, job)| (job.lane, job.run_at)));
            self.wakes.lanes.sort_unstable();
            self.wakes.lanes.dedup();
            self.wakes.finished.append(&mut self.finished);
        }
        Ok(())
    }

    async fn write_events(&mut self) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let mut rows = EventRows::default();
        for (id, event) in &self.events {
            let (kind, payload) = event.fact.to_row()?;
            rows.ids.push(id.uuid());
            rows.at.push(event.at.unwrap_or(now));
            rows.kinds.push(kind);
            rows.subject_kinds.push(event.subject.kind());
            rows.subject_ids.push(event.subject.id());
            rows.causes.push(event.cause.map(EventId::uuid));
            rows.actors.push(event.actor.to_string());
            rows.payloads.push(payload);
        }
        sqlx::query(
            "insert into events (org_id, id, at, kind, subject_kind, subject_id, cause_id, actor, payload) \
             select $1, * from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], \
             $8::text[], $9::jsonb[])",
        )
        .bind(self.org)
        .bind(rows.ids)
        .bind(rows.at)
        .bind(rows.kinds)
        .bind(rows.subject_kinds)
        .bind(rows.subject_ids)
        .bind(rows.causes)
        .bind(rows.actors)
        .bind(rows.payloads)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    async fn write_jobs(&mut self) -> Result<(), sqlx::Error> {
        let finished: Vec<Uuid> = self.finished.iter().map(|job| job.id.uuid()).collect();
        let ids: Vec<Uuid> = self.jobs.iter().map(|(id, _)| id.uuid()).collect();
        let lanes: Vec<&str> = self.jobs.iter().map(|(_, job)| job.lane.name()).collect();
        let kinds: Vec<&str> = self.jobs.iter().map(|(_, job)| job.kind).collect();
        let keys: Vec<Option<&str>> = self.jobs.iter().map(|(_, job)| job.key.as_deref()).collect();
        let run_at: Vec<_> = self.jobs.iter().map(|(_, job)| job.run_at).collect();
        let payloads: Vec<_> = self.jobs.iter().map(|(_, job)| job.payload.clone()).collect();
        // Only an id that was given can be there already.
        let unless_there =
            if self.jobs.iter().any(|(_, job)| job.id.is_some()) { " on conflict do nothing" } else { "" };
        sqlx::query(sqlx::AssertSqlSafe(format!("{JOBS}{unless_there}")))
            .bind(self.org)
            .bind(finished)
            .bind(ids)
            .bind(lanes)
            .bind(kinds)
            .bind(keys)
            .bind(run_at)
            .bind(payloads)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

/// Two facts of one millisecond keep the order in which they were appended: a cause sorts before its effect.
fn in_order(last: EventId, id: EventId) -> EventId {
    let (before, now) = (last.uuid().as_u128(), id.uuid().as_u128());
    // The first 48 bits of a version 7 UUID are its milliseconds.
    let same_instant = before >> 80 == now >> 80;
    if same_instant && now <= before { EventId::from_uuid(Uuid::from_u128(before + 1)) } else { id }
}

/// The columns of the events to write, one array each.
#[derive(Default)]
struct EventRows {
    ids: Vec<Uuid>,
    at: Vec<chrono::DateTime<chrono::Utc>>,
    kinds: Vec<&'static str>,
    subject_kinds: Vec<&'static str>,
    subject_ids: Vec<Uuid>,
    causes: Vec<Option<Uuid>>,
    actors: Vec<String>,
    payloads: Vec<serde_json::Value>,
}
