//! The contract of every system that signals are read from.
//!
//! A source speaks the wire and maps records to signals; when it runs, what is kept of a run, and how it is told again is the
//! intake's business. Rules a newcomer would break: `read` holds no state between calls, all of it is in the cursor; a cursor is
//! stored in the transaction that stores its records, so it must describe "everything up to and with this page"; a page may
//! repeat records of the page before (signals are idempotent) but never skip one.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::signal::Signal;

/// Who the connection speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The outside system's id of the account.
    pub id: String,
    /// The name to show.
    pub name: String,
}

/// Something that can be read: `charges`, `calls`, `orders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Its key, stable.
    pub name: String,
    /// What a person reads.
    pub title: String,
    /// Names of the fields of its records, for previews and mappings.
    pub fields: Vec<String>,
    /// Whether later runs read only what is new or changed.
    pub incremental: bool,
}

/// How far a stream was read. The state is the source's own; `null` is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cursor(pub Value);

/// What a run may read.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// The stream.
    pub stream: &'a str,
    /// How far it was read; the beginning for a backfill.
    pub cursor: &'a Cursor,
    /// The backfill goes back to here.
    pub since: DateTime<Utc>,
    /// The instant of the run, passed in so that runs can be repeated.
    pub now: DateTime<Utc>,
}

/// Records of one call, and how far they reach.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records as they came.
    pub records: Vec<Value>,
    /// Everything up to and with these records was read.
    pub next: Cursor,
    /// Nothing more for now.
    pub done: bool,
    /// How many records the system says there are, where it says so; shown as an estimate, never believed.
    pub total: Option<u64>,
}

/// Why a record gave no signal. It is kept with the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Rejection {
    /// The field, where one is to blame.
    pub field: Option<String>,
    /// What is wrong, for a person.
    pub reason: String,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// The permission is gone or expired and cannot be refreshed: a person must connect again.
    #[error("the connection must be made again: {0}")]
    Reconnect(String),
    /// Too much was asked.
    #[error("the system asks us to wait")]
    RateLimited {
        /// How long, where it says so.
        retry_after: Option<Duration>,
    },
    /// The system is down, slow or cut us off.
    #[error("the system does not answer: {0}")]
    Unavailable(String),
    /// The system answered something that is not its wire format, or pages that repeat.
    #[error("the system answered what we cannot read: {0}")]
    Malformed(String),
    /// The system refuses the request; asking again changes nothing.
    #[error("the system refuses: {0}")]
    Refused(String),
}

/// A system that signals are read from, with its credentials inside.
#[async_trait]
pub trait Source: Send + Sync {
    /// Who we are connected as; the cheapest call that proves the permission.
    async fn check(&self) -> Result<Account, SourceError>;

    /// What can be read.
    async fn discover(&self) -> Result<Vec<Stream>, SourceError>;

    /// One page.
    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError>;

    /// The signals of one record; none for a record that means nothing to us, such as a draft.
    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection>;
}

/// A signed notice of an outside system, checked.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// Records that came with it, by stream, to be mapped at once.
    pub records: Vec<(String, Value)>,
    /// Streams to read again, where the notice only says that something changed.
    pub wake: Vec<String>,
}
