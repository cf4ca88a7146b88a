//! The fault plan: which requests go wrong, how, and how often.
//!
//! A rule names an endpoint as `METHOD /path` with `*` for any stretch of characters (`POST */messages`). The first
//! rule that matches and is due decides; a rule with a chance throws its own seeded dice, so a run can be repeated.

use std::sync::Mutex;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::locked;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// An answer with this status, worded as the system words it; nothing is done.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds for the `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// A named error of the system, such as `613` for Meta or `TEN_SECONDLY_ROLLING` for HubSpot.
    Error {
        /// The system's own name or code.
        name: String,
        /// Seconds for the `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The right answer, this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Never an answer; the connection stays open.
    Hang,
    /// The right answer, dripped out.
    SlowBody {
        /// Bytes in a drip.
        chunk: usize,
        /// Milliseconds between drips.
        ms: u64,
    },
    /// The body breaks off after this many bytes.
    CutBody {
        /// Bytes that still arrive.
        after: usize,
    },
    /// The connection closes before the request body is read; nothing is done.
    Close,
    /// The request is carried out in full and its answer is lost: the connection closes instead.
    LoseAnswer,
    /// A behaviour that only the handler can show, such as `refusal` or `fail_later:131047`.
    Quirk {
        /// The behaviour's name.
        name: String,
    },
}

/// How often it goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum When {
    /// The next so many matching requests.
    Next {
        /// How many.
        count: u64,
    },
    /// Every n-th matching request.
    Every {
        /// The n.
        nth: u64,
    },
    /// Each matching request with this probability.
    Chance {
        /// Between 0 and 1.
        probability: f64,
        /// The rule's own seed.
        seed: u64,
    },
    /// Every matching request until the plan is cleared.
    Always,
}

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// `METHOD /path`, with `*` for any stretch.
    pub endpoint: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often.
    #[serde(flatten)]
    pub when: When,
}

impl Rule {
    /// `fault` on the next `count` requests to `endpoint`.
    pub fn next(endpoint: &str, count: u64, fault: Fault) -> Self {
        Self { endpoint: endpoint.to_owned(), fault, when: When::Next { count } }
    }

    /// `fault` on every request to `endpoint`.
    pub fn always(endpoint: &str, fault: Fault) -> Self {
        Self { endpoint: endpoint.to_owned(), fault, when: When::Always }
    }

    /// `fault` with a probability.
    pub fn chance(endpoint: &str, probability: f64, seed: u64, fault: Fault) -> Self {
        Self { endpoint: endpoint.to_owned(), fault, when: When::Chance { probability, seed } }
    }
}

/// A rule of the plan with what has become of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Planned {
    /// The rule's number.
    pub id: u64,
    /// The rule.
    pub rule: Rule,
    /// Requests that matched its endpoint while it could still strike.
    pub seen: u64,
    /// Times it struck.
    pub fired: u64,
}

#[derive(Debug)]
struct Entry {
    planned: Planned,
    rng: ChaCha8Rng,
}

/// The plan of one stand-in.
#[derive(Debug, Default)]
pub struct FaultPlan {
    entries: Mutex<(u64, Vec<Entry>)>,
}

impl FaultPlan {
    /// Adds a rule; it gets the returned number.
    pub fn add(&self, rule: Rule) -> u64 {
        let seed = if let When::Chance { seed, .. } = rule.when { seed } else { 0 };
        let mut entries = locked(&self.entries);
        entries.0 += 1;
        let id = entries.0;
        entries
            .1
            .push(Entry { planned: Planned { id, rule, seen: 0, fired: 0 }, rng: ChaCha8Rng::seed_from_u64(seed) });
        id
    }

    /// Forgets every rule.
    pub fn clear(&self) {
        locked(&self.entries).1.clear();
    }

    /// The rules and how often each struck.
    pub fn all(&self) -> Vec<Planned> {
        locked(&self.entries).1.iter().map(|entry| entry.planned.clone()).collect()
    }

    /// Decides what happens to this request.
    pub fn draw(&self, method: &str, path: &str) -> Option<Fault> {
        let mut entries = locked(&self.entries);
        if entries.1.is_empty() {
            return None;
        }
        let endpoint = format!("{method} {path}");
        entries.1.iter_mut().find_map(|entry| entry.strikes(&endpoint))
    }
}

impl Entry {
    fn strikes(&mut self, endpoint: &str) -> Option<Fault> {
        let Planned { rule, seen, fired, .. } = &mut self.planned;
        if !matches(&rule.endpoint, endpoint) {
            return None;
        }
        *seen += 1;
        let due = match rule.when {
            When::Next { count } => *fired < count,
            When::Every { nth } => nth > 0 && *seen % nth == 0,
            When::Chance { probability, .. } => self.rng.random_bool(probability.clamp(0.0, 1.0)),
            When::Always => true,
        };
        due.then(|| {
            *fired += 1;
            rule.fault.clone()
        })
    }
}

/// Whether `text` fits `pattern`, where `*` stands for any stretch of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_endpoints() {
        assert!(matches("POST */messages", "POST /v25.0/1/messages"));
        assert!(matches("*", "GET /"));
        assert!(matches("GET /a", "GET /a"));
        assert!(matches("POST /v*/batch/*", "POST /v3/x/batch/create"));
        assert!(!matches("GET /a", "GET /ab"));
        assert!(!matches("POST */messages", "POST /1/messages/2"));
    }

    #[test]
    fn a_count_runs_out() {
        let plan = FaultPlan::default();
        plan.add(Rule::next("*", 2, Fault::Hang));
        let drawn: Vec<bool> = (0..4).map(|_| plan.draw("GET", "/").is_some()).collect();
        assert_eq!(drawn, [true, true, false, false]);
    }

    #[test]
    fn every_third_strikes_the_third() {
        let plan = FaultPlan::default();
        plan.add(Rule { endpoint: "*".into(), fault: Fault::Close, when: When::Every { nth: 3 } });
        let drawn: Vec<bool> = (0..6).map(|_| plan.draw("GET", "/").is_some()).collect();
        assert_eq!(drawn, [false, false, true, false, false, true]);
    }

    #[test]
    fn a_chance_repeats_with_its_seed() {
        let run = |seed| {
            let plan = FaultPlan::default();
            plan.add(Rule::chance("*", 0.5, seed, Fault::Close));
            (0..64).map(|_| plan.draw("GET", "/").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn rules_travel_as_flat_json() {
        let rule = Rule::next("POST *", 3, Fault::Status { status: 503, retry_after: Some(2) });
        let json = serde_json::to_value(&rule).unwrap();
        assert_eq!(json["fault"], "status");
        assert_eq!(json["when"], "next");
        assert_eq!(serde_json::from_value::<Rule>(json).unwrap(), rule);
    }
}
