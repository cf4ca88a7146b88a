//! What was asked of a stand-in, newest last; the oldest fall out after ten thousand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::locked;

const KEPT: usize = 10_000;

/// One request as it arrived, and the status it got.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Counts from 1.
    pub number: u64,
    /// When, in milliseconds since 1970 on the stand-in's clock.
    pub at_ms: i64,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body, as text.
    pub body: String,
    /// The fault that struck, in words.
    pub fault: Option<String>,
    /// The status answered; none while unanswered or when the answer was lost.
    pub status: Option<u16>,
}

/// The requests of one stand-in.
#[derive(Debug, Default)]
pub struct RequestLog {
    kept: Mutex<(u64, VecDeque<Request>)>,
}

impl RequestLog {
    /// Writes a request down and gives its number.
    pub fn add(&self, mut request: Request) -> u64 {
        let mut kept = locked(&self.kept);
        kept.0 += 1;
        request.number = kept.0;
        kept.1.push_back(request);
        if kept.1.len() > KEPT {
            kept.1.pop_front();
        }
        kept.0
    }

    /// Notes the status that a request got.
    pub fn answered(&self, number: u64, status: u16) {
        let mut kept = locked(&self.kept);
        if let Some(request) = kept.1.iter_mut().rev().find(|request| request.number == number) {
            request.status = Some(status);
        }
    }

    /// Every request still kept.
    pub fn all(&self) -> Vec<Request> {
        locked(&self.kept).1.iter().cloned().collect()
    }
}
