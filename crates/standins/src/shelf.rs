//! What a source stand-in holds: lists of records as the system shows them, a clock for their stamps that moves with each change,
//! and webhooks sealed one by one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::delivery::Postmark;
use crate::server::{Shared, locked};

/// 2026-10-15T09:00:00Z, where the data of every source begins.
const BEGIN_MS: i64 = 1_792_054_800_000;

/// Lists of records by name, in the order they came.
#[derive(Debug)]
pub(crate) struct Shelf {
    lists: Mutex<BTreeMap<&'static str, Vec<Value>>>,
    stamp_ms: AtomicI64,
    numbers: AtomicI64,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { lists: Mutex::default(), stamp_ms: AtomicI64::new(BEGIN_MS), numbers: AtomicI64::new(1000) }
    }

    /// Moves the clock of stamps on and tells it, in milliseconds.
    pub(crate) fn tick(&self, ms: i64) -> i64 {
        self.stamp_ms.fetch_add(ms, Ordering::Relaxed) + ms
    }

    /// A number that no record has yet.
    pub(crate) fn number(&self) -> i64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds a record, or puts it in the place of the one that has the same value in `key`.
    pub(crate) fn put(&self, list: &'static str, key: &str, record: Value) {
        let mut lists = locked(&self.lists);
        let records = lists.entry(list).or_default();
        match records.iter_mut().find(|held| held[key] == record[key]) {
            Some(held) => *held = record,
            None => records.push(record),
        }
    }

    /// The records of a list.
    pub(crate) fn all(&self, list: &str) -> Vec<Value> {
        locked(&self.lists).get(list).cloned().unwrap_or_default()
    }

    /// The record whose `key` is `id`.
    pub(crate) fn find(&self, list: &str, key: &str, id: &str) -> Option<Value> {
        self.all(list).into_iter().find(|record| said(&record[key]) == id)
    }
}

/// A value as text, without quotes.
pub(crate) fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A page of records from `offset`, and whether more follow.
pub(crate) fn page(records: &[Value], offset: usize, limit: usize) -> (Vec<Value>, bool) {
    let page: Vec<Value> = records.iter().skip(offset).take(limit).cloned().collect();
    let more = offset + page.len() < records.len();
    (page, more)
}

/// The headers of one body, from key, address, body and time in seconds.
pub(crate) type Seal = fn(key: &str, url: &str, body: &[u8], now_s: i64) -> Vec<(&'static str, String)>;

/// One event in a body, sealed with the system's headers.
pub(crate) struct Sealed {
    pub shared: Arc<Shared>,
    pub key: String,
    pub seal: Seal,
}

impl Postmark for Sealed {
    fn body(&self, _group: &str, parts: &[Value]) -> Vec<u8> {
        parts.first().unwrap_or(&Value::Null).to_string().into_bytes()
    }

    fn headers(&self, url: &str, body: &[u8], _attempt: u32) -> Vec<(&'static str, String)> {
        (self.seal)(&self.key, url, body, self.shared.clock.now_s())
    }

    fn most_parts(&self) -> usize {
        1
    }
}
