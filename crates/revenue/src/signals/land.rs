//! Landing: a batch of signals into the table, in a constant number of statements.
//!
//! Rows are sorted by id, so that two batches that share some wait for one another instead of each other. What a row adds to the
//! daily sums, and what a corrected one takes away, is worked out here, where the old row is locked: the follower only adds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::db::OrgTx;
use kernel::ids::EventId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::money::Currency;
use kernel::vault::OrgVault;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stored::{COLUMNS, Row};
use super::sums::Sums;
use super::{StoredSignal, check, contact_id, lead_id, signal_id, ties};
use crate::locations;
use crate::settings::Rules;

/// The most signals of one batch.
pub const MOST: usize = 10_000;

/// So many at most are looked up by what opened their leads: what programs tell, not files, whose columns say what is what.
const TIED: usize = 1_000;

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landed {
    /// Signals that were not known.
    pub new: u64,
    /// Known ones that now tell something else.
    pub corrected: u64,
    /// Known ones that tell the same, and repetitions within the batch.
    pub unchanged: u64,
    /// What was not taken.
    pub rejected: Vec<Rejected>,
}

/// A signal that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Its external id, as it was given.
    pub external_id: String,
    /// Why, for a person.
    pub reason: String,
}

/// Takes a batch of at most [`MOST`] signals: checks each, writes the new and the changed ones, and says so in the ledger. What is
/// rejected is told, the rest lands; the caller commits.
pub async fn land(tx: &mut OrgTx, vault: &OrgVault, signals: Vec<Signal>) -> anyhow::Result<Landed> {
    anyhow::ensure!(signals.len() <= MOST, "a batch holds at most {MOST} signals");
    let mut landed = Landed::default();
    hold(tx, false).await?;
    let mut rules = Rules::load(tx).await?;
    let now = tx.clock().now();
    let mut fine = Vec::with_capacity(signals.len());
    for (index, signal) in signals.into_iter().enumerate() {
        let checked = check(&signal, now)
            .and_then(|()| signal.value.map(|money| rules.whole.settings.settled(money)).transpose());
        match checked {
            Ok(minor) => fine.push((signal, minor)),
            Err(reason) => landed.rejected.push(Rejected { index, external_id: signal.external_id, reason }),
        }
    }
    let names: BTreeSet<&str> = fine.iter().filter_map(|(signal, _)| signal.location.as_deref()).collect();
    let (places, made) = locations::resolve(tx, &names).await?;
    if made {
        rules = Rules::load(tx).await?;
    }
    let mut rows: BTreeMap<Uuid, StoredSignal> = BTreeMap::new();
    let mut named: HashMap<Uuid, Uuid> = HashMap::new();
    for (signal, minor) in fine {
        let opening = signal.lead.as_deref().map(|key| signal_id(&signal.source, key));
        let row = bind(signal, minor, rules.whole.settings.currency, vault, &places);
        match opening {
            Some(opening) => named.insert(row.id, opening),
            None => named.remove(&row.id),
        };
        // The later of two is the one that counts.
        landed.unchanged += u64::from(rows.insert(row.id, row).is_some());
    }
    if rows.is_empty() {
        return Ok(landed);
    }
    if rows.len() <= TIED {
        ties::tie(tx, vault, &mut rows, &named).await?;
    }
    let batch = EventId::new(tx.clock()).uuid();
    let mut change = Change::default();
    let inserted = insert(tx, batch, rows.values()).await?;
    landed.new = inserted.len() as u64;
    if inserted.len() == rows.len() {
        for row in rows.into_values() {
            change.add(&row, &rules, 1);
        }
    } else {
        for id in &inserted {
            if let Some(row) = rows.remove(id) {
                change.add(&row, &rules, 1);
            }
        }
        correct(tx, batch, rows, &rules, &mut change, &mut landed).await?;
    }
    if landed.new + landed.corrected > 0 {
        change.keep(tx, batch, landed.new + landed.corrected).await?;
        let count = (landed.new + landed.corrected) as i64;
        let org = tx.org();
        tx.append(Event::new(Subject::Org(org), Actor::System, Fact::SignalsLanded { batch, count }));
    }
    Ok(landed)
}

/// Holds the door of the signals until the end of the transaction: many may land at once, and nobody while the views are made
/// anew or the settings change (`alone`).
pub(crate) async fn hold(tx: &mut OrgTx, alone: bool) -> Result<(), sqlx::Error> {
    let shared = if alone { "" } else { "_shared" };
    let sql = format!("select pg_advisory_xact_lock{shared}($1)");
    let key = lock_key(tx, 0x5167);
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(key).execute(tx.conn()).await?;
    Ok(())
}

/// A key of an advisory lock of the organisation.
pub(crate) fn lock_key(tx: &OrgTx, what: u128) -> i64 {
    let bits = tx.org().uuid().as_u128();
    ((bits >> 64) ^ bits ^ what) as u64 as i64
}

fn bind(
    signal: Signal,
    minor: Option<i64>,
    currency: Currency,
    vault: &OrgVault,
    places: &HashMap<String, Uuid>,
) -> StoredSignal {
    let id = signal_id(&signal.source, &signal.external_id);
    let contact = signal.contact.as_deref().map(|named| contact_id(vault, named));
    let lead = signal.lead.as_deref().map(|named| lead_id(vault, named));
    let inbound_call =
        signal.kind == SignalKind::Call && signal.data.get("direction").and_then(Value::as_str) != Some("outbound");
    // Who asks opens a lead, also where the outside has no key for it; a call does where nothing says whose it is.
    let opens = signal.kind == SignalKind::Lead || (inbound_call && contact.is_none());
    let original = match (signal.value, minor) {
        (Some(money), Some(_)) if money.currency != currency => {
            Some(json!({ "minor": money.minor, "currency": money.currency.code() }))
        }
        _ => None,
    };
    StoredSignal {
        id,
        at: micros(signal.at),
        kind: signal.kind,
        source: signal.source,
        external_id: signal.external_id,
        location: signal.location.as_deref().and_then(|named| places.get(&locations::key_of(named))).copied(),
        lead: lead.or(opens.then_some(id)),
        contact,
        minor,
        original,
        data: (!signal.data.is_empty()).then_some(Value::Object(signal.data)),
    }
}

/// What PostgreSQL keeps of an instant.
fn micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(at)
}

/// What a batch changes of the views.
#[derive(Default)]
struct Change {
    sums: Sums,
    leads: BTreeSet<Uuid>,
    contacts: BTreeSet<Uuid>,
}

impl Change {
    fn add(&mut self, row: &StoredSignal, rules: &Rules, sign: i64) {
        self.sums.count(row, rules, sign);
        if row.is_of_journeys() {
            self.leads.extend(row.lead);
            self.contacts.extend(row.contact);
        }
    }

    async fn keep(self, tx: &mut OrgTx, batch: Uuid, rows: u64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into signal_batches (org_id, id, rows, sums, leads, contacts) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tx.org())
        .bind(batch)
        .bind(rows as i32)
        .bind(self.sums.trimmed().to_json())
        .bind(self.leads.into_iter().collect::<Vec<_>>())
        .bind(self.contacts.into_iter().collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// The columns of rows to write, one array each.
struct Columns<'a> {
    ids: Vec<Uuid>,
    at: Vec<DateTime<Utc>>,
    kinds: Vec<&'static str>,
    sources: Vec<&'a str>,
    external_ids: Vec<&'a str>,
    locations: Vec<Option<Uuid>>,
    leads: Vec<Option<Uuid>>,
    contacts: Vec<Option<Uuid>>,
    minors: Vec<Option<i64>>,
    originals: Vec<Option<String>>,
    data: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    fn of(rows: impl ExactSizeIterator<Item = &'a StoredSignal>) -> Self {
        let mut columns = Self::with_room(rows.len());
        for row in rows {
            columns.ids.push(row.id);
            columns.at.push(row.at);
            columns.kinds.push(row.kind.as_str());
            columns.sources.push(&row.source);
            columns.external_ids.push(&row.external_id);
            columns.locations.push(row.location);
            columns.leads.push(row.lead);
            columns.contacts.push(row.contact);
            columns.minors.push(row.minor);
            columns.originals.push(row.original.as_ref().map(Value::to_string));
            columns.data.push(row.data.as_ref().map(Value::to_string));
        }
        columns
    }

    /// As long as they become: arrays that grow leave their smaller selves behind, and several batches land at once.
    fn with_room(rows: usize) -> Self {
        Self {
            ids: Vec::with_capacity(rows),
            at: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            sources: Vec::with_capacity(rows),
            external_ids: Vec::with_capacity(rows),
            locations: Vec::with_capacity(rows),
            leads: Vec::with_capacity(rows),
            contacts: Vec::with_capacity(rows),
            minors: Vec::with_capacity(rows),
            originals: Vec::with_capacity(rows),
            data: Vec::with_capacity(rows),
        }
    }
}

/// The arrays as rows, from `$3` on; JSON travels as text.
const GIVEN: &str = "unnest($3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], \
    $10::uuid[], $11::bigint[], $12::text[], $13::text[]) as n \
    (id, at, kind, source, external_id, location_id, lead, contact, minor, original, data)";

/// Writes those that are not there; gives their ids.
async fn insert<'a>(
    tx: &mut OrgTx,
    batch: Uuid,
    rows: impl ExactSizeIterator<Item = &'a StoredSignal>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let sql = format!(
        "insert into signals (org_id, batch, id, at, kind, source, external_id, location_id, lead, contact, minor, original, data) \
         select $1, $2, n.id, n.at, n.kind, n.source, n.external_id, n.location_id, n.lead, n.contact, n.minor, \
           n.original::jsonb, n.data::jsonb from {GIVEN} on conflict (org_id, id) do nothing returning id"
    );
    let columns = Columns::of(rows);
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(batch)
        .bind(&columns.ids)
        .bind(&columns.at)
        .bind(&columns.kinds)
        .bind(&columns.sources)
        .bind(&columns.external_ids)
        .bind(&columns.locations)
        .bind(&columns.leads)
        .bind(&columns.contacts)
        .bind(&columns.minors)
        .bind(&columns.originals)
        .bind(&columns.data)
        .fetch_all(tx.conn())
        .await
}

/// A known row, locked.
#[derive(sqlx::FromRow)]
struct Known {
    #[sqlx(flatten)]
    row: Row,
    batch: Uuid,
    erased: bool,
}

/// Corrects the known ones that tell something else now; the old rows become revisions.
async fn correct(
    tx: &mut OrgTx,
    batch: Uuid,
    mut rows: BTreeMap<Uuid, StoredSignal>,
    rules: &Rules,
    change: &mut Change,
    landed: &mut Landed,
) -> anyhow::Result<()> {
    let sql = format!(
        "select {COLUMNS}, s.batch, s.erased_at is not null as erased from signals s where s.org_id = $1 and s.id = any($2) \
         order by s.id for update"
    );
    let known: Vec<Known> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(rows.keys().copied().collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
    let mut replaced = (Vec::new(), Vec::new(), Vec::new());
    for Known { row, batch, erased } in known {
        let old = row.into_stored().context("a stored signal is of a kind that this program does not know")?;
        let new = rows.get(&old.id).context("a signal was read that was not asked for")?;
        // Nothing of an erased person comes back by telling it again.
        if erased || old.same(new) {
            landed.unchanged += 1;
            rows.remove(&old.id);
            continue;
        }
        landed.corrected += 1;
        change.add(&old, rules, -1);
        change.add(new, rules, 1);
        replaced.0.push(old.id);
        replaced.1.push(batch);
        replaced.2.push(json!({
            "at": old.at, "kind": old.kind, "location_id": old.location, "lead": old.lead, "contact": old.contact,
            "minor": old.minor, "original": old.original, "data": old.data,
        }));
    }
    if replaced.0.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into signal_revisions (org_id, id, replaced_by, batch, content) \
         select $1, n.id, $2, n.batch, n.content from unnest($3::uuid[], $4::uuid[], $5::jsonb[]) as n (id, batch, content)",
    )
    .bind(tx.org())
    .bind(batch)
    .bind(replaced.0)
    .bind(replaced.1)
    .bind(replaced.2)
    .execute(tx.conn())
    .await?;
    let sql = format!(
        "update signals s set batch = $2, at = n.at, kind = n.kind, location_id = n.location_id, lead = n.lead, \
           contact = n.contact, minor = n.minor, original = n.original::jsonb, data = n.data::jsonb, external_id = n.external_id \
         from {GIVEN} where s.org_id = $1 and s.id = n.id and s.source = n.source"
    );
    let columns = Columns::of(rows.values());
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(batch)
        .bind(&columns.ids)
        .bind(&columns.at)
        .bind(&columns.kinds)
        .bind(&columns.sources)
        .bind(&columns.external_ids)
        .bind(&columns.locations)
        .bind(&columns.leads)
        .bind(&columns.contacts)
        .bind(&columns.minors)
        .bind(&columns.originals)
        .bind(&columns.data)
        .execute(tx.conn())
        .await?;
    Ok(())
}
