//! Walking a chain row by row, and saying what is wrong with it: the part that the database's check and a file's share.

use chrono::{DateTime, Utc};
use kernel::ids::OrgId;

use crate::store::log::Entry;

/// What is wrong with an audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A row is not what was written.
    #[error("entry {seq} was changed after it was written")]
    Changed {
        /// Its place.
        seq: i64,
    },
    /// A row stands where another one was written.
    #[error("entry {seq} was moved here: it was written as entry {from}")]
    Moved {
        /// Where it stands.
        seq: i64,
        /// Where it was written.
        from: i64,
    },
    /// Rows are not there.
    #[error("{} missing", entries(*from, *to))]
    Missing {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// In a file: a row comes after one that it was written before.
    #[error("entry {seq} comes too late: it stands after entry {after}")]
    OutOfOrder {
        /// The row.
        seq: i64,
        /// The row it stands after.
        after: i64,
    },
    /// A row is there twice.
    #[error("entry {seq} is there more than once")]
    Repeated {
        /// The row.
        seq: i64,
    },
    /// The end was cut off.
    #[error("the end was cut off: the last entry is {last}, and there were {expected}")]
    Cut {
        /// The last row that is there.
        last: i64,
        /// The last row that is known to have been.
        expected: i64,
    },
    /// All rows fit one another, but not what was signed.
    #[error("the log was rewritten: entry {seq} is not the one that was signed on {}", at.format("%Y-%m-%d %H:%M:%S UTC"))]
    Rewritten {
        /// The row.
        seq: i64,
        /// When it was signed.
        at: DateTime<Utc>,
    },
    /// The head of the chain and its last row differ.
    #[error("entry {seq} is not the one that the log ended with")]
    Head {
        /// The last row.
        seq: i64,
    },
    /// A signed statement does not hold.
    #[error("the signed statement about entry {seq} was changed, or was not signed by the key {kid}")]
    Signature {
        /// The row it is about.
        seq: i64,
        /// The key it names.
        kid: String,
    },
    /// A signed statement names a key that is not there, or not trusted.
    #[error("the key {kid} is not one of the keys to trust")]
    Untrusted {
        /// The key.
        kid: String,
    },
    /// A line of a file is not as it was written.
    #[error("line {line} is not as it was written: {why}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What does not fit.
        why: String,
    },
    /// In a file of chosen entries: not all of them are there.
    #[error("{missing} of the chosen entries are missing")]
    Fewer {
        /// How many.
        missing: i64,
    },
}

fn entries(from: i64, to: i64) -> String {
    if from == to { format!("entry {from} is") } else { format!("entries {from} to {to} are") }
}

impl Fault {
    /// The first place in the chain that is not right, as far as one can be named.
    pub fn seq(&self) -> Option<i64> {
        match self {
            Self::Changed { seq }
            | Self::Moved { seq, .. }
            | Self::OutOfOrder { seq, .. }
            | Self::Repeated { seq }
            | Self::Rewritten { seq, .. }
            | Self::Head { seq }
            | Self::Signature { seq, .. } => Some(*seq),
            Self::Missing { from, .. } => Some(*from),
            Self::Cut { last, .. } => Some(last + 1),
            Self::Untrusted { .. } | Self::Line { .. } | Self::Fewer { .. } => None,
        }
    }
}

/// A walk along a chain: where it is and the hash there.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) org: OrgId,
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

impl Walk {
    /// A walk from the beginning, or from what was signed as the end of what was removed.
    pub(crate) fn from(org: OrgId, start: Option<(i64, Vec<u8>)>) -> Self {
        let (seq, hash) = start.unwrap_or_default();
        Self { org, seq, hash }
    }

    /// Goes on by one row.
    pub(crate) fn step(&mut self, row: &Entry) -> Result<(), Fault> {
        let expected = self.seq + 1;
        match row.seq {
            seq if seq > expected => Err(Fault::Missing { from: expected, to: seq - 1 }),
            seq if seq < expected => Err(Fault::Repeated { seq }),
            seq if row.link(self.org).hash(&self.hash) != row.hash => Err(Fault::Changed { seq }),
            seq => {
                self.seq = seq;
                self.hash.clone_from(&row.hash);
                Ok(())
            }
        }
    }

    /// Whether a row that does not fit here was written at a place near by: rows that changed places, or one that was moved
    /// while those between shifted. `rows` are that row and those after it.
    pub(crate) fn explain(&self, rows: &[Entry]) -> Option<Fault> {
        let (row, later) = rows.split_first()?;
        let written_at = |from: i64, before: &[u8]| {
            let mut link = row.link(self.org);
            link.seq = from;
            link.hash(before) == row.hash
        };
        for (place, other) in later.iter().enumerate() {
            let before = if place == 0 { other } else { &later[place - 1] };
            if written_at(other.seq, &before.hash) || written_at(other.seq, &other.hash) {
                return Some(Fault::Moved { seq: row.seq, from: other.seq });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use kernel::Clock;
    use kernel::ids::AuditId;

    use super::*;

    fn chain(length: i64) -> (OrgId, Vec<Entry>) {
        let clock = Clock::system();
        let org = OrgId::new(&clock);
        let mut hash = Vec::new();
        let rows = (1..=length).map(|seq| {
            let mut row = Entry {
                id: AuditId::new(&clock),
                seq,
                at: clock.now(),
                actor: "system".into(),
                actor_name: None,
                action: "settings.changed".into(),
                subject: format!("s{seq}"),
                detail: "{}".into(),
                ip: String::new(),
                device: String::new(),
                before: String::new(),
                after: String::new(),
                version: 2,
                hash: Vec::new(),
            };
            row.hash = row.link(org).hash(&hash);
            hash.clone_from(&row.hash);
            row
        });
        (org, rows.collect())
    }

    fn walked(org: OrgId, rows: &[Entry]) -> Result<i64, Fault> {
        let mut walk = Walk::from(org, None);
        for (place, row) in rows.iter().enumerate() {
            walk.step(row).map_err(|fault| walk.explain(&rows[place..]).unwrap_or(fault))?;
        }
        Ok(walk.seq)
    }

    #[test]
    fn a_whole_chain_is_walked_and_each_fault_has_its_name() {
        let (org, rows) = chain(9);
        assert_eq!(walked(org, &rows), Ok(9));
        let mut gone = rows.clone();
        gone.drain(3..5);
        assert_eq!(walked(org, &gone), Err(Fault::Missing { from: 4, to: 5 }));
        let mut twice = rows.clone();
        twice.insert(4, rows[2].clone());
        assert_eq!(walked(org, &twice), Err(Fault::Repeated { seq: 3 }));
        let mut changed = rows.clone();
        changed[6].actor = "bot".into();
        assert_eq!(walked(org, &changed), Err(Fault::Changed { seq: 7 }));
    }

    #[test]
    fn rows_that_changed_places_are_named_even_when_their_numbers_were_mended() {
        for (one, two) in [(2, 3), (2, 7), (0, 1)] {
            let (org, mut rows) = chain(9);
            rows.swap(one, two);
            (rows[one].seq, rows[two].seq) = (rows[two].seq, rows[one].seq);
            let (here, there) = (one as i64 + 1, two as i64 + 1);
            assert_eq!(walked(org, &rows), Err(Fault::Moved { seq: here, from: there }), "{one} {two}");
        }
        let (org, mut rows) = chain(9);
        let moved = rows.remove(6);
        rows.insert(2, moved);
        for (place, row) in rows.iter_mut().enumerate() {
            row.seq = place as i64 + 1;
        }
        assert_eq!(walked(org, &rows), Err(Fault::Moved { seq: 3, from: 7 }));
    }

    #[test]
    fn faults_read_as_sentences() {
        assert_eq!(Fault::Missing { from: 4, to: 4 }.to_string(), "entry 4 is missing");
        assert_eq!(Fault::Missing { from: 4, to: 6 }.to_string(), "entries 4 to 6 are missing");
        assert_eq!(Fault::Cut { last: 3, expected: 9 }.seq(), Some(4));
    }
}
