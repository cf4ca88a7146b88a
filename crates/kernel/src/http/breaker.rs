//! A circuit breaker per service: after a run of failures the service is left alone for a while, then tried with one
//! request at a time until it has proved itself. It protects our workers from waiting for what cannot answer.
//! A request whose future is dropped gives no verdict; its [`Permit`] hands the trial on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use super::Service;
use crate::clock::Clock;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long an open breaker refuses before it lets one request try.
    pub rest: std::time::Duration,
    /// Successes in a row, one request at a time, that close it again.
    pub successes: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 5, rest: std::time::Duration::from_secs(30), successes: 3 }
    }
}

/// Whether requests pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerMode {
    /// All pass.
    Closed,
    /// None pass.
    Open,
    /// One at a time passes.
    HalfOpen,
}

/// A breaker as the Operations page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreakerState {
    pub service: String,
    pub mode: BreakerMode,
    /// Failures in a row.
    pub failures: u32,
    pub opened_at: Option<DateTime<Utc>>,
    /// When an open breaker lets a request try.
    pub retry_at: Option<DateTime<Utc>>,
    /// The short word of the last failure.
    pub last_failure: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    last_failure: Option<&'static str>,
    /// Set while open or half open.
    opened_at: Option<DateTime<Utc>>,
    retry_at: Option<DateTime<Utc>>,
    /// Successes since it became half open.
    proved: u32,
    /// A trial request is under way.
    trying: bool,
}

/// All breakers of a client.
#[derive(Clone, Debug)]
pub(super) struct Breakers {
    config: BreakerConfig,
    clock: Clock,
    all: Arc<Mutex<BTreeMap<Service, Breaker>>>,
}

/// Leave to send one request; tell it how the request went.
#[derive(Debug)]
pub(super) struct Permit {
    breakers: Breakers,
    service: Service,
    trial: bool,
    settled: bool,
}

impl Breakers {
    pub(super) fn new(config: BreakerConfig, clock: Clock) -> Self {
        Self { config, clock, all: Arc::default() }
    }

    /// Leave to call `service`, or the time at which to ask again.
    pub(super) fn enter(&self, service: &Service) -> Result<Permit, DateTime<Utc>> {
        let now = self.clock.now();
        let mut all = self.lock();
        let breaker = all.entry(service.clone()).or_default();
        let mut trial = false;
        if let Some(retry_at) = breaker.retry_at {
            if now < retry_at {
                return Err(retry_at);
            }
            if breaker.trying {
                return Err(now + Duration::seconds(1));
            }
            breaker.trying = true;
            trial = true;
        }
        drop(all);
        Ok(Permit { breakers: self.clone(), service: service.clone(), trial, settled: false })
    }

    pub(super) fn states(&self) -> Vec<BreakerState> {
        let now = self.clock.now();
        let state = |(service, breaker): (&Service, &Breaker)| BreakerState {
            service: service.to_string(),
            mode: match breaker.retry_at {
                None => BreakerMode::Closed,
                Some(at) if now < at => BreakerMode::Open,
                Some(_) => BreakerMode::HalfOpen,
            },
            failures: breaker.failures,
            opened_at: breaker.opened_at,
            retry_at: breaker.retry_at,
            last_failure: breaker.last_failure,
        };
        self.lock().iter().map(state).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Service, Breaker>> {
        // Every change below is complete before the lock is given back, so a poisoned lock guards sound data.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The service answered.
    pub(super) fn succeeded(mut self) {
        self.settled = true;
        let mut all = self.breakers.lock();
        let breaker = all.entry(self.service.clone()).or_default();
        if self.trial {
            breaker.trying = false;
            breaker.proved += 1;
            if breaker.proved >= self.breakers.config.successes {
                *breaker = Breaker { last_failure: breaker.last_failure, ..Breaker::default() };
            }
        } else if breaker.retry_at.is_none() {
            breaker.failures = 0;
        }
    }

    /// The service failed; `word` says how.
    pub(super) fn failed(mut self, word: &'static str) {
        self.settled = true;
        let now = self.breakers.clock.now();
        let config = self.breakers.config;
        let mut all = self.breakers.lock();
        let breaker = all.entry(self.service.clone()).or_default();
        breaker.last_failure = Some(word);
        // A request that left before the breaker opened says nothing new about an open one.
        if !self.trial && breaker.retry_at.is_some() {
            return;
        }
        breaker.failures += 1;
        breaker.trying = false;
        if self.trial || breaker.failures >= config.failures {
            breaker.proved = 0;
            breaker.opened_at.get_or_insert(now);
            breaker.retry_at = Some(now + Duration::from_std(config.rest).unwrap_or(Duration::MAX));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.trial && !self.settled {
            let mut all = self.breakers.lock();
            if let Some(breaker) = all.get_mut(&self.service) {
                breaker.trying = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakers() -> (Breakers, Clock) {
        let clock = Clock::manual(DateTime::from_timestamp(1_700_000_000, 0).expect("a valid instant"));
        (Breakers::new(BreakerConfig::default(), clock.clone()), clock)
    }

    fn meta() -> Service {
        Service::from("meta")
    }

    fn fail(breakers: &Breakers, times: u32) {
        for _ in 0..times {
            breakers.enter(&meta()).expect("a permit").failed("timeout");
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_success_between_resets_the_count() {
        let (breakers, _) = breakers();
        fail(&breakers, 4);
        breakers.enter(&meta()).expect("a permit").succeeded();
        fail(&breakers, 4);
        assert_eq!(breakers.states()[0].mode, BreakerMode::Closed);
        fail(&breakers, 1);
        assert_eq!(breakers.states()[0].mode, BreakerMode::Open);
        assert!(breakers.enter(&meta()).is_err());
        assert!(breakers.enter(&Service::from("x")).is_ok(), "another service is not affected");
    }

    #[test]
    fn after_its_rest_it_lets_one_try_at_a_time_and_closes_after_three() {
        let (breakers, clock) = breakers();
        fail(&breakers, 5);
        clock.advance(Duration::seconds(29));
        assert!(breakers.enter(&meta()).is_err());
        clock.advance(Duration::seconds(1));
        for _ in 0..3 {
            assert_eq!(breakers.states()[0].mode, BreakerMode::HalfOpen);
            let trial = breakers.enter(&meta()).expect("a trial");
            assert!(breakers.enter(&meta()).is_err(), "a second trial at once");
            trial.succeeded();
        }
        let state = &breakers.states()[0];
        assert_eq!((state.mode, state.failures, state.last_failure), (BreakerMode::Closed, 0, Some("timeout")));
    }

    #[test]
    fn a_failed_trial_opens_it_again_and_a_dropped_one_hands_the_trial_on() {
        let (breakers, clock) = breakers();
        fail(&breakers, 5);
        clock.advance(Duration::seconds(30));
        drop(breakers.enter(&meta()).expect("a trial"));
        breakers.enter(&meta()).expect("the trial handed on").failed("refused");
        assert_eq!(breakers.enter(&meta()).expect_err("open"), clock.now() + Duration::seconds(30));
    }

    #[test]
    fn late_verdicts_of_requests_from_before_do_not_move_an_open_breaker() {
        let (breakers, clock) = breakers();
        let early = breakers.enter(&meta()).expect("a permit");
        let late = breakers.enter(&meta()).expect("a permit");
        fail(&breakers, 5);
        clock.advance(Duration::seconds(10));
        early.failed("timeout");
        late.succeeded();
        assert_eq!(breakers.enter(&meta()).expect_err("open"), clock.now() + Duration::seconds(20));
    }
}
