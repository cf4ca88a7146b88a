//! The lines of an exported audit log, as they are written and read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::ids::{AuditId, OrgId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::signing::{Checkpoint, Kind, Signer};
use crate::store::log::Entry;

/// What a file holds, signed: its first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) kind: String,
    pub(crate) org: OrgId,
    /// The place before the first entry, and the hash there.
    pub(crate) start_seq: i64,
    pub(crate) start_hash: String,
    /// The place of the last entry that could be in it, and the hash there.
    pub(crate) last_seq: i64,
    pub(crate) last_hash: String,
    /// How many entries there are.
    pub(crate) entries: i64,
    /// How they were chosen; empty for every entry between the two places.
    pub(crate) filter: String,
    pub(crate) exported_at: DateTime<Utc>,
    pub(crate) kid: String,
    pub(crate) signature: String,
}

impl Statement {
    pub(super) fn text(&self) -> String {
        let Self { kind, org, start_seq, start_hash, last_seq, last_hash, entries, filter, exported_at, .. } = self;
        let at = exported_at.timestamp_micros();
        format!(
            "recoup audit {kind} 1\n{org}\n{start_seq}\n{start_hash}\n{last_seq}\n{last_hash}\n{entries}\n{filter}\n{at}\n"
        )
    }

    pub(crate) fn signed(mut self, by: &Signer) -> Self {
        self.kid.clone_from(&by.kid);
        self.signature = STANDARD.encode(by.sign(&self.text()));
        self
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyLine {
    kind: String,
    pub(super) kid: String,
    pub(super) public_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointLine {
    kind: String,
    what: String,
    seq: i64,
    hash: String,
    at: DateTime<Utc>,
    kid: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryLine {
    kind: String,
    pub(super) seq: i64,
    id: AuditId,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject: String,
    detail: Box<RawValue>,
    ip: String,
    device: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    before: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    after: Option<Box<RawValue>>,
    version: i16,
    /// The hash before, in a file of chosen entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    hash: String,
}

/// A value that is there, `null` too: that nothing was before is something else than that no state was changed.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(value).map(Some)
}

impl KeyLine {
    pub(crate) fn of(kid: &str, public_key: &[u8]) -> Self {
        Self { kind: "key".into(), kid: kid.to_owned(), public_key: STANDARD.encode(public_key) }
    }
}

impl CheckpointLine {
    pub(crate) fn of(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { kind, seq, hash, at, kid, signature } = checkpoint;
        Self {
            kind: "checkpoint".into(),
            what: kind.as_str().into(),
            seq: *seq,
            hash: hex::encode(hash),
            at: *at,
            kid: kid.clone(),
            signature: STANDARD.encode(signature),
        }
    }

    pub(super) fn read(self) -> Option<Checkpoint> {
        let Self { kind: _, what, seq, hash, at, kid, signature } = self;
        let (kind, hash, signature) = (Kind::read(&what)?, bytes(&hash)?, STANDARD.decode(signature).ok()?);
        Some(Checkpoint { kind, seq, hash, at, kid, signature })
    }
}

impl EntryLine {
    pub(crate) fn of(entry: Entry, previous: Option<&[u8]>) -> serde_json::Result<Self> {
        let Entry {
            id,
            seq,
            at,
            actor,
            actor_name: _,
            action,
            subject,
            detail,
            ip,
            device,
            before,
            after,
            version,
            hash,
        } = entry;
        let state = |text: String| if text.is_empty() { Ok(None) } else { RawValue::from_string(text).map(Some) };
        Ok(Self {
            kind: "entry".into(),
            seq,
            id,
            at,
            actor,
            action,
            subject,
            detail: RawValue::from_string(detail)?,
            ip,
            device,
            before: state(before)?,
            after: state(after)?,
            version,
            previous: previous.map(hex::encode),
            hash: hex::encode(hash),
        })
    }

    /// The row and, in a file of chosen entries, the hash before it.
    pub(super) fn read(self) -> Option<(Entry, Option<Vec<u8>>)> {
        let state = |text: Option<Box<RawValue>>| text.map(|text| text.get().to_owned()).unwrap_or_default();
        let previous = match self.previous {
            Some(text) => Some(bytes(&text)?),
            None => None,
        };
        let entry = Entry {
            id: self.id,
            seq: self.seq,
            at: self.at,
            actor: self.actor,
            actor_name: None,
            action: self.action,
            subject: self.subject,
            detail: self.detail.get().to_owned(),
            ip: self.ip,
            device: self.device,
            before: state(self.before),
            after: state(self.after),
            version: self.version,
            hash: bytes(&self.hash)?,
        };
        Some((entry, previous))
    }
}

/// The bytes of a hash, if it is written as we write it: upper case reads the same and is not what was written.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)
}

/// A line as it is written.
pub(crate) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
