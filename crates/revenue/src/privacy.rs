//! What the views keep of contacts: who waits, how warm a lead is, signals and journeys. The daily sums name nobody and stay.
//!
//! An erasure takes the person out of a signal and leaves what happened: under a made-up contact that leads nowhere, with no
//! outside id and no words. So the sums stay what they are, also when they are made anew, and telling the signal again by its
//! source brings nothing back.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::EventId;
use kernel::privacy::{Expiry, Holder, Removed, Sheet, Traces};
use uuid::Uuid;

use crate::plays;

/// The fields of a signal's data that say what happened and nothing of who it was.
const KEPT: [&str; 19] = [
    "answered",
    "campaign",
    "cancelled",
    "channel",
    "clicks",
    "count",
    "direction",
    "duration_s",
    "impressions",
    "meaningful",
    "outcome",
    "rating",
    "reached",
    "replied_at",
    "rival",
    "stage",
    "starts_at",
    "waited_s",
    "writer",
];

/// The views as a holder.
pub struct Views;

#[async_trait]
impl Holder for Views {
    fn name(&self) -> &'static str {
        "revenue"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        let now = tx.clock().now();
        for (table, key, ids) in places(traces) {
            let sql = format!(
                "update {table} set hidden_at = $3 where org_id = $1 and {key} = any($2) and hidden_at is null"
            );
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).bind(now).execute(tx.conn()).await?;
        }
        let person = Person::find(tx, traces).await?;
        for (table, which) in OF_PERSON {
            let sql =
                format!("update {table} t set hidden_at = $4 where t.org_id = $1 and {which} and t.hidden_at is null");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tx.org())
                .bind(&person.leads)
                .bind(&person.names)
                .bind(now)
                .execute(tx.conn())
                .await?;
        }
        plays::privacy::hide(tx, traces, true).await?;
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        for (table, key, ids) in places(traces) {
            let sql = format!("update {table} set hidden_at = null where org_id = $1 and {key} = any($2)");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
        }
        let person = Person::find(tx, traces).await?;
        for (table, which) in OF_PERSON {
            let sql = format!("update {table} t set hidden_at = null where t.org_id = $1 and {which}");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(tx.org())
                .bind(&person.leads)
                .bind(&person.names)
                .execute(tx.conn())
                .await?;
        }
        plays::privacy::hide(tx, traces, false).await?;
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        // Waits and temperatures repeat what conversations and leads say.
        let person = Person::find(tx, traces).await?;
        let signals = sqlx::query_scalar(
            "select jsonb_build_object('at', t.at, 'kind', t.kind, 'source', t.source, 'external_id', t.external_id, \
               'minor', t.minor, 'original', t.original, 'data', t.data) from signals t \
             where t.org_id = $1 and (t.lead = any($2) or t.contact = any($3)) order by t.at, t.id",
        )
        .bind(tx.org())
        .bind(&person.leads)
        .bind(&person.names)
        .fetch_all(tx.conn())
        .await?;
        let journeys = sqlx::query_scalar(
            "select to_jsonb(t) - 'org_id' - 'contact' - 'hidden_at' from journeys t \
             where t.org_id = $1 and (t.id = any($2) or t.contact = any($3)) order by t.arrived_at, t.id",
        )
        .bind(tx.org())
        .bind(&person.leads)
        .bind(&person.names)
        .fetch_all(tx.conn())
        .await?;
        let met = plays::privacy::export(tx, traces).await?;
        Ok(vec![Sheet::new("signals", signals), Sheet::new("journeys", journeys), met])
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let person = Person::find(tx, traces).await?;
        let mut removed = vec![plays::privacy::erase(tx, traces).await?];
        for (table, key, ids) in places(traces) {
            let sql = format!("delete from {table} where org_id = $1 and {key} = any($2)");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        removed.extend(person.erase(tx).await?);
        Ok(removed)
    }

    /// Nobody waits for an answer in a conversation that is not kept any more.
    async fn expire(&self, tx: &mut OrgTx, expiry: &Expiry) -> anyhow::Result<Vec<Removed>> {
        let done =
            sqlx::query("delete from open_waits where org_id = $1 and since < $2 and conversation_id <> all($3)")
                .bind(tx.org())
                .bind(expiry.conversations)
                .bind(expiry.held.conversation_ids())
                .execute(tx.conn())
                .await?;
        Ok(vec![Removed::new("open_waits", done.rows_affected())])
    }
}

fn places(traces: &Traces) -> [(&'static str, &'static str, Vec<Uuid>); 2] {
    [("open_waits", "conversation_id", traces.conversation_ids()), ("lead_temperatures", "lead_id", traces.lead_ids())]
}

/// The tables of signals, and which of their rows (`t`) are a person's: `$2` their leads, `$3` their names.
const OF_PERSON: [(&str, &str); 2] =
    [("signals", "(t.lead = any($2) or t.contact = any($3))"), ("journeys", "(t.id = any($2) or t.contact = any($3))")];

/// A person as signals know them.
struct Person {
    /// Their leads, also those that only other systems know.
    leads: Vec<Uuid>,
    /// Their contacts here, and the digests of their addresses.
    names: Vec<Uuid>,
}

impl Person {
    async fn find(tx: &mut OrgTx, traces: &Traces) -> Result<Self, sqlx::Error> {
        let contacts = traces.contact_ids();
        let mut names: Vec<Uuid> =
            sqlx::query_scalar("select distinct alias from contact_aliases where org_id = $1 and contact = any($2)")
                .bind(tx.org())
                .bind(&contacts)
                .fetch_all(tx.conn())
                .await?;
        names.extend(contacts);
        let mut leads: Vec<Uuid> =
            sqlx::query_scalar("select id from journeys where org_id = $1 and contact = any($2)")
                .bind(tx.org())
                .bind(&names)
                .fetch_all(tx.conn())
                .await?;
        leads.extend(traces.lead_ids());
        Ok(Self { leads, names })
    }

    async fn erase(self, tx: &mut OrgTx) -> Result<Vec<Removed>, sqlx::Error> {
        // One made-up contact for all that was theirs: what belonged together still does, and leads nowhere.
        let nobody = EventId::new(tx.clock()).uuid();
        let now = tx.clock().now();
        let signals: Vec<Uuid> = sqlx::query_scalar(
            "update signals t set contact = case when t.contact is null then null else $4 end, external_id = '', \
               data = (select jsonb_object_agg(d.key, d.value) from jsonb_each(t.data) d where d.key = any($6)), \
               hidden_at = null, erased_at = $5 \
             where t.org_id = $1 and (t.lead = any($2) or t.contact = any($3)) and t.erased_at is null returning t.id",
        )
        .bind(tx.org())
        .bind(&self.leads)
        .bind(&self.names)
        .bind(nobody)
        .bind(now)
        .bind(KEPT.to_vec())
        .fetch_all(tx.conn())
        .await?;
        let revisions = sqlx::query("delete from signal_revisions where org_id = $1 and id = any($2)")
            .bind(tx.org())
            .bind(&signals)
            .execute(tx.conn())
            .await?;
        let journeys = sqlx::query(
            "update journeys t set contact = case when t.contact is null then null else $4 end, hidden_at = null \
             where t.org_id = $1 and (t.id = any($2) or t.contact = any($3))",
        )
        .bind(tx.org())
        .bind(&self.leads)
        .bind(&self.names)
        .bind(nobody)
        .execute(tx.conn())
        .await?;
        let aliases =
            sqlx::query("delete from contact_aliases where org_id = $1 and (alias = any($2) or contact = any($2))")
                .bind(tx.org())
                .bind(&self.names)
                .execute(tx.conn())
                .await?;
        Ok(vec![
            Removed::new("signals", signals.len() as u64),
            Removed::new("signal_revisions", revisions.rows_affected()),
            Removed::new("journeys", journeys.rows_affected()),
            Removed::new("contact_aliases", aliases.rows_affected()),
        ])
    }
}
