//! Writing the audit log: what was done to people, keys, settings and secrets, by whom.
//!
//! Every row's hash covers the row before it, so a changed, removed or inserted row is found. The chain is per organisation
//! and its head is one locked row: entries of one organisation are written one after another, so record late in a
//! transaction and commit soon. Reading and verifying is the identity room's work. No message text, secret or password
//! belongs in an entry.

use std::fmt::Display;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ring::digest;
use serde_json::Value;

use crate::db::OrgTx;
use crate::ids::{AuditId, OrgId};
use crate::ledger::Actor;

/// Something sensitive that was done.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    actor: Actor,
    action: &'static str,
    subject: String,
    detail: Value,
    ip: Option<IpAddr>,
}

impl AuditEntry {
    /// An action by an actor, such as `key.created`.
    pub fn new(actor: Actor, action: &'static str) -> Self {
        Self { actor, action, subject: String::new(), detail: Value::Object(serde_json::Map::new()), ip: None }
    }

    /// What it was done to: an id, or the name of a group of settings.
    #[must_use]
    pub fn about(mut self, subject: impl Display) -> Self {
        self.subject = subject.to_string();
        self
    }

    /// What else is worth knowing, as an object of short values.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// The address it came from.
    #[must_use]
    pub fn from_ip(mut self, ip: Option<IpAddr>) -> Self {
        self.ip = ip;
        self
    }
}

/// What a row's hash covers, besides the hash before it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The organisation.
    pub org: OrgId,
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// The row's id.
    pub id: AuditId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who, as the ledger writes it.
    pub actor: &'a str,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// The rest, as the JSON text that is stored.
    pub detail: &'a str,
    /// From where; empty when unknown.
    pub ip: &'a str,
}

impl Link<'_> {
    /// SHA-256 over the hash before and every field, each with its length, so that no two rows read the same.
    pub fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut field = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        field(previous);
        field(self.org.uuid().as_bytes());
        field(&self.seq.to_be_bytes());
        field(self.id.uuid().as_bytes());
        field(&self.at.timestamp_micros().to_be_bytes());
        for text in [self.actor, self.action, self.subject, self.detail, self.ip] {
            field(text.as_bytes());
        }
        context.finish().as_ref().to_vec()
    }
}

/// Adds a row to the organisation's audit log, within the transaction that does what it tells of.
pub async fn record(tx: &mut OrgTx, entry: AuditEntry) -> Result<AuditId, sqlx::Error> {
    let AuditEntry { actor, action, subject, detail, ip } = entry;
    let org = tx.org();
    // Locks the head of the chain until the end of the transaction, making it for the first entry.
    let (seq, previous): (i64, Vec<u8>) = sqlx::query_as(
        "insert into audit_heads (org_id, seq, hash) values ($1, 0, '') \
         on conflict (org_id) do update set seq = audit_heads.seq returning seq, hash",
    )
    .bind(org)
    .fetch_one(tx.conn())
    .await?;
    let (id, at) = (AuditId::new(tx.clock()), tx.clock().now());
    let (actor, detail) = (actor.to_string(), detail.to_string());
    let ip = ip.map(|ip| ip.to_string()).unwrap_or_default();
    let link = Link { org, seq: seq + 1, id, at, actor: &actor, action, subject: &subject, detail: &detail, ip: &ip };
    sqlx::query(
        "with head as (update audit_heads set seq = $2, hash = $10 where org_id = $1) \
         insert into audit_log (org_id, seq, id, at, actor, action, subject, detail, ip, hash) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(org)
    .bind(link.seq)
    .bind(id)
    .bind(at)
    .bind(&actor)
    .bind(action)
    .bind(&subject)
    .bind(&detail)
    .bind(&ip)
    .bind(link.hash(&previous))
    .execute(tx.conn())
    .await?;
    Ok(id)
}
