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
use serde::Serialize;
use serde_json::Value;

use crate::db::OrgTx;
use crate::ids::{AuditId, OrgId};
use crate::ledger::Actor;

/// The version of the rows that are written today.
const VERSION: i16 = 2;
/// The most characters kept of what a client says it is.
const LONGEST_DEVICE: usize = 200;

/// Something sensitive that was done.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    actor: Actor,
    action: &'static str,
    subject: String,
    detail: Value,
    change: Option<(Value, Value)>,
    ip: Option<IpAddr>,
    device: String,
}

impl AuditEntry {
    /// An action by an actor, such as `key.created`.
    pub fn new(actor: Actor, action: &'static str) -> Self {
        let detail = Value::Object(serde_json::Map::new());
        Self { actor, action, subject: String::new(), detail, change: None, ip: None, device: String::new() }
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

    /// The state before and after, as objects of short values; null where there was or is none.
    #[must_use]
    pub fn change(mut self, before: Value, after: Value) -> Self {
        self.change = Some((before, after));
        self
    }

    /// The address it came from. Without it the transaction's caller tells ([`OrgTx::called_from`]).
    #[must_use]
    pub fn from_ip(mut self, ip: Option<IpAddr>) -> Self {
        self.ip = ip;
        self
    }

    /// The browser or program it came from, in its own words. Without it the transaction's caller tells.
    #[must_use]
    pub fn device(mut self, agent: &str) -> Self {
        self.device = agent.chars().take(LONGEST_DEVICE).collect();
        self
    }
}

/// A row as its hash covers it, besides the hash before it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// What the hash covers: 1 ends with `ip`, 2 covers everything.
    pub version: i16,
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
    /// With what; empty when unknown.
    pub device: &'a str,
    /// The state before, as JSON text; empty when no state was changed.
    pub before: &'a str,
    /// The state after, likewise.
    pub after: &'a str,
}

impl Link<'_> {
    /// SHA-256 over the hash before and every field, each with its length, so that no two rows read the same.
    pub fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        field(&mut bytes, previous);
        field(&mut bytes, self.org.uuid().as_bytes());
        field(&mut bytes, &self.seq.to_be_bytes());
        bytes.extend(self.rest());
        digest::digest(&digest::SHA256, &bytes).as_ref().to_vec()
    }

    /// The fields after the place in the chain.
    fn rest(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(384);
        field(&mut bytes, self.id.uuid().as_bytes());
        field(&mut bytes, &self.at.timestamp_micros().to_be_bytes());
        for text in [self.actor, self.action, self.subject, self.detail, self.ip] {
            field(&mut bytes, text.as_bytes());
        }
        if self.version > 1 {
            for text in [self.device, self.before, self.after] {
                field(&mut bytes, text.as_bytes());
            }
            field(&mut bytes, &self.version.to_be_bytes());
        }
        bytes
    }
}

fn field(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend((bytes.len() as u64).to_be_bytes());
    into.extend(bytes);
}

/// Locks the head of the chain until the end of the transaction, moves it on, and writes the row: one round trip. The
/// database computes the hash as [`Link::hash`] does, because only it knows the hash before when the lock is held.
const APPEND: &str = "with head as ( \
       insert into audit_heads (org_id, seq, hash) values ($1, 1, sha256(int8send(0) || $2 || int8send(1) || $3)) \
       on conflict (org_id) do update set seq = audit_heads.seq + 1, hash = sha256( \
         int8send(octet_length(audit_heads.hash)) || audit_heads.hash || $2 || int8send(audit_heads.seq + 1) || $3) \
       returning seq, hash) \
     insert into audit_log (org_id, seq, id, at, actor, action, subject, detail, ip, device, before, after, version, hash) \
     select $1, seq, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, hash from head";

/// Adds a row to the organisation's audit log, within the transaction that does what it tells of.
pub async fn record(tx: &mut OrgTx, entry: AuditEntry) -> Result<AuditId, sqlx::Error> {
    let AuditEntry { actor, action, subject, detail, change, ip, device } = entry;
    let org = tx.org();
    let (id, at) = (AuditId::new(tx.clock()), tx.clock().now());
    let (actor, detail) = (actor.to_string(), detail.to_string());
    let ip = ip.or(tx.caller().ip).map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
    let device = if device.is_empty() { tx.caller().agent.to_string() } else { device };
    let (before, after) = change.map(|(before, after)| (before.to_string(), after.to_string())).unwrap_or_default();
    let link = Link {
        version: VERSION,
        org,
        seq: 0,
        id,
        at,
        actor: &actor,
        action,
        subject: &subject,
        detail: &detail,
        ip: &ip,
        device: &device,
        before: &before,
        after: &after,
    };
    let mut place = Vec::with_capacity(32);
    field(&mut place, org.uuid().as_bytes());
    place.extend(8u64.to_be_bytes());
    sqlx::query(APPEND)
        .bind(org)
        .bind(place)
        .bind(link.rest())
        .bind(id)
        .bind(at)
        .bind(&actor)
        .bind(action)
        .bind(&subject)
        .bind(&detail)
        .bind(&ip)
        .bind(&device)
        .bind(&before)
        .bind(&after)
        .bind(VERSION)
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// The fields of two states that differ, as `(before, after)` for [`AuditEntry::change`]: settings are many, and who reads
/// the log wants to see what was changed.
pub fn difference(before: &impl Serialize, after: &impl Serialize) -> Result<(Value, Value), serde_json::Error> {
    let (mut before, mut after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    if let (Value::Object(old), Value::Object(new)) = (&mut before, &mut after) {
        let same: Vec<String> =
            old.iter().filter(|(key, value)| new.get(*key) == Some(value)).map(|(key, _)| key.clone()).collect();
        for key in same {
            old.remove(&key);
            new.remove(&key);
        }
    }
    Ok((before, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Clock;

    #[test]
    fn only_what_differs_is_told() {
        let (before, after) = difference(
            &json!({ "tone": "warm", "language": "en", "gone": 1 }),
            &json!({ "tone": "brief", "language": "en", "new": [1] }),
        )
        .expect("plain values");
        assert_eq!((before, after), (json!({ "tone": "warm", "gone": 1 }), json!({ "tone": "brief", "new": [1] })));
    }

    #[test]
    fn every_field_and_the_version_change_the_hash() {
        let clock = Clock::system();
        let link = Link {
            version: 2,
            org: OrgId::new(&clock),
            seq: 7,
            id: AuditId::new(&clock),
            at: clock.now(),
            actor: "system",
            action: "a.b",
            subject: "",
            detail: "{}",
            ip: "",
            device: "",
            before: "",
            after: "",
        };
        let hashes = [
            link.hash(b""),
            link.hash(b"x"),
            Link { version: 1, ..link }.hash(b""),
            Link { version: 3, ..link }.hash(b""),
            Link { seq: 8, ..link }.hash(b""),
            Link { org: OrgId::new(&clock), ..link }.hash(b""),
            Link { id: AuditId::new(&clock), ..link }.hash(b""),
            Link { at: link.at + chrono::Duration::microseconds(1), ..link }.hash(b""),
            Link { actor: "bot", ..link }.hash(b""),
            Link { action: "a.bc", ..link }.hash(b""),
            Link { subject: "x", ..link }.hash(b""),
            Link { detail: "x", ..link }.hash(b""),
            Link { ip: "x", ..link }.hash(b""),
            Link { device: "x", ..link }.hash(b""),
            Link { before: "x", ..link }.hash(b""),
            Link { after: "x", ..link }.hash(b""),
        ];
        let distinct: std::collections::HashSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        let old = Link { version: 1, ..link };
        assert_eq!(
            old.hash(b""),
            Link { device: "x", before: "y", after: "z", ..old }.hash(b""),
            "version 1 knows no more"
        );
    }
}
