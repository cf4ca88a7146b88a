//! The audit log as a file: one JSON object a line, which proves itself with no database at hand.
//!
//! First a signed statement of what the file holds, then the public keys, then the checkpoints, then the entries. A file of
//! a span of time is a piece of the chain; a file of chosen entries proves each of them and their number. Every line is
//! compared with how it would be written, so that no byte can be changed unnoticed, not even one that means nothing.

use std::io::BufRead;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::ids::OrgId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chain::{Fault, Walk};
use super::lines::{CheckpointLine, EntryLine, KeyLine, Statement, line};
use super::signing::{Checkpoint, PublicKeys};
use crate::store::log::Entry;

/// What a line is.
#[derive(Deserialize)]
struct Labelled {
    kind: String,
}

/// What a file that proved itself holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Whose log it is.
    pub org: OrgId,
    /// The last place it knows of.
    pub last_seq: i64,
    /// The hash there.
    pub last_hash: String,
    /// How many entries it holds.
    pub entries: i64,
    /// How they were chosen; empty for every entry of a span.
    pub filter: String,
    /// How many checkpoints held.
    pub checkpoints: usize,
    /// When it was made.
    pub exported_at: DateTime<Utc>,
    /// The key that signed it.
    pub kid: String,
}

/// Why a file proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotProved {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is not what was written.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Proves a file. With `trusted` keys, what another key signed is refused; without, the file's own keys are believed, and
/// whoever reads the answer compares [`Proved::kid`].
pub fn prove(file: impl BufRead, trusted: &[String]) -> Result<Proved, NotProved> {
    let mut lines = Lines { file, number: 0 };
    let (number, first) = lines.next()?.ok_or_else(|| odd(1, "the file is empty"))?;
    let statement: Statement = exact(number, &first)?;
    let mut proof = Proof::begin(number, statement)?;
    while let Some((number, text)) = lines.next()? {
        let step = proof.line(number, &text, trusted);
        if let Err(Fault::Missing { from, .. }) = &step
            && let Some(after) = later(&mut lines, *from)?
        {
            return Err(Fault::OutOfOrder { seq: *from, after }.into());
        }
        step?;
    }
    Ok(proof.end()?)
}

fn odd(line: usize, why: impl Into<String>) -> Fault {
    Fault::Line { line, why: why.into() }
}

/// A line's value, if the line is exactly what is written for it.
fn exact<T: DeserializeOwned + Serialize>(number: usize, text: &[u8]) -> Result<T, Fault> {
    let value: T = serde_json::from_slice(text).map_err(|error| odd(number, error.to_string()))?;
    let written = line(&value).map_err(|error| odd(number, error.to_string()))?;
    if written != text {
        return Err(odd(number, "it was written in another way"));
    }
    Ok(value)
}

/// The lines of a file with their numbers, each with its end.
struct Lines<R> {
    file: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> std::io::Result<Option<(usize, Vec<u8>)>> {
        let mut text = Vec::new();
        if self.file.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((self.number, text)))
    }
}

/// A proof under way.
struct Proof {
    statement: Statement,
    statement_is_signed: bool,
    keys: PublicKeys,
    checkpoints: Vec<Checkpoint>,
    held: usize,
    walk: Walk,
    entries: i64,
}

impl Proof {
    fn begin(number: usize, statement: Statement) -> Result<Self, Fault> {
        if statement.kind != "export" {
            return Err(odd(number, "it does not say what the file holds"));
        }
        let hash = hex::decode(&statement.start_hash).map_err(|error| odd(number, error.to_string()))?;
        let walk = Walk::from(statement.org, Some((statement.start_seq, hash)));
        let keys = PublicKeys::default();
        Ok(Self { statement, statement_is_signed: false, keys, checkpoints: Vec::new(), held: 0, walk, entries: 0 })
    }

    fn line(&mut self, number: usize, text: &[u8], trusted: &[String]) -> Result<(), Fault> {
        let label: Labelled = serde_json::from_slice(text).map_err(|error| odd(number, error.to_string()))?;
        // Each kind has its place, so that nothing can be put between without being seen.
        match label.kind.as_str() {
            "key" | "checkpoint" if self.entries > 0 => Err(odd(number, "it stands behind the entries")),
            "key" if !self.checkpoints.is_empty() => Err(odd(number, "it stands behind the checkpoints")),
            "key" => self.key(number, &exact(number, text)?, trusted),
            "checkpoint" => self.checkpoint(number, exact(number, text)?),
            "entry" => self.entry(number, exact(number, text)?),
            _ => Err(odd(number, "it is of no known kind")),
        }
    }

    fn key(&mut self, number: usize, line: &KeyLine, trusted: &[String]) -> Result<(), Fault> {
        let public = STANDARD.decode(&line.public_key).map_err(|error| odd(number, error.to_string()))?;
        if !trusted.is_empty() && !trusted.contains(&line.kid) {
            return Err(Fault::Untrusted { kid: line.kid.clone() });
        }
        if self.keys.get(&line.kid).is_some() {
            return Err(odd(number, "the key is there twice"));
        }
        if self.keys.add(&line.kid, &public) { Ok(()) } else { Err(odd(number, "the key has another name")) }
    }

    fn checkpoint(&mut self, number: usize, line: CheckpointLine) -> Result<(), Fault> {
        let checkpoint = line.read().ok_or_else(|| odd(number, "it is no checkpoint"))?;
        if !checkpoint.holds(self.statement.org, &self.keys) {
            return Err(Fault::Signature { seq: checkpoint.seq, kid: checkpoint.kid });
        }
        let place = |checkpoint: &Checkpoint| (checkpoint.seq, checkpoint.kind.as_str());
        if self.checkpoints.last().is_some_and(|last| place(last) >= place(&checkpoint)) {
            return Err(odd(number, "the checkpoints are not in order"));
        }
        self.checkpoints.push(checkpoint);
        Ok(())
    }

    fn entry(&mut self, number: usize, line: EntryLine) -> Result<(), Fault> {
        self.check_statement()?;
        let (entry, previous) = line.read().ok_or_else(|| odd(number, "its hashes are none"))?;
        match (self.statement.filter.is_empty(), previous) {
            (true, None) => self.walk.step(&entry)?,
            (false, Some(previous)) => self.chosen(&entry, &previous)?,
            _ => return Err(odd(number, "it belongs to another kind of file")),
        }
        let (seq, hash) = (entry.seq, &entry.hash);
        let here = self.checkpoints.iter().filter(|checkpoint| checkpoint.seq == seq);
        for checkpoint in here {
            if checkpoint.hash != *hash {
                return Err(Fault::Rewritten { seq, at: checkpoint.at });
            }
            self.held += 1;
        }
        self.entries += 1;
        Ok(())
    }

    /// An entry of a file that is no chain: it fits the hash before it, and comes after the one before it.
    fn chosen(&mut self, entry: &Entry, previous: &[u8]) -> Result<(), Fault> {
        if entry.seq <= self.walk.seq {
            return Err(Fault::OutOfOrder { seq: entry.seq, after: self.walk.seq });
        }
        if entry.link(self.statement.org).hash(previous) != entry.hash {
            return Err(Fault::Changed { seq: entry.seq });
        }
        self.walk.seq = entry.seq;
        Ok(())
    }

    fn check_statement(&mut self) -> Result<(), Fault> {
        if self.statement_is_signed {
            return Ok(());
        }
        let Statement { kid, signature, last_seq, .. } = &self.statement;
        if self.keys.get(kid).is_none() {
            return Err(Fault::Untrusted { kid: kid.clone() });
        }
        let signature = STANDARD.decode(signature).unwrap_or_default();
        if !self.keys.verify(kid, &self.statement.text(), &signature) {
            return Err(Fault::Signature { seq: *last_seq, kid: kid.clone() });
        }
        self.statement_is_signed = true;
        Ok(())
    }

    fn end(mut self) -> Result<Proved, Fault> {
        self.check_statement()?;
        let Statement { org, last_seq, last_hash, entries, filter, exported_at, kid, .. } = self.statement;
        if filter.is_empty() && self.walk.seq != last_seq {
            return Err(Fault::Cut { last: self.walk.seq, expected: last_seq });
        }
        if filter.is_empty() && hex::encode(&self.walk.hash) != last_hash {
            return Err(Fault::Head { seq: last_seq });
        }
        if self.entries != entries {
            return Err(Fault::Fewer { missing: entries - self.entries });
        }
        let checkpoints = self.held;
        Ok(Proved { org, last_seq, last_hash, entries, filter, checkpoints, exported_at, kid })
    }
}

/// Where a row that is not in its place stands later in the file: the row before it there.
fn later(lines: &mut Lines<impl BufRead>, seq: i64) -> std::io::Result<Option<i64>> {
    let mut before = seq + 1;
    while let Some((_, text)) = lines.next()? {
        let Ok(line) = serde_json::from_slice::<EntryLine>(&text) else { continue };
        if line.seq == seq {
            return Ok(Some(before));
        }
        before = line.seq;
    }
    Ok(None)
}
