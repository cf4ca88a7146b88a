//! Inputs made of journeys, for the tests of the scores.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::inputs::Inputs;
use crate::journeys::{Journey, Opening, Stage};
use crate::settings::Place;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default()
}

/// A lead answered after some seconds, or never.
pub(super) fn lead(n: usize, answered_after_s: Option<i64>) -> Journey {
    let arrived_at = now() - Duration::days(3) - Duration::minutes(n as i64);
    Journey {
        id: Uuid::from_u128(n as u128 + 1),
        contact: None,
        location_id: None,
        source: ["web", "phone"][n % 2].to_owned(),
        opening: Opening::Message,
        arrived_at,
        answered_after_s,
        answered_after_business_s: answered_after_s,
        attempts: 1,
        reached_at: None,
        quoted_at: None,
        booked_at: None,
        no_show_at: None,
        paid_at: None,
        closed_at: None,
        value_minor: 0,
        paid_minor: 0,
        returned: false,
        leak_stage: None,
        leaks_at: None,
        day: arrived_at.date_naive(),
        leaks_day: None,
    }
}

/// A lead that leaked.
pub(super) fn leaking(n: usize, stage: Stage) -> Journey {
    let at = now() - Duration::days(1);
    Journey { leak_stage: Some(stage), leaks_at: Some(at), leaks_day: Some(at.date_naive()), ..lead(n, None) }
}

/// A lead that paid.
pub(super) fn paying(n: usize, answered_after_s: i64, minor: i64) -> Journey {
    let lead = lead(n, Some(answered_after_s));
    let at = Some(lead.arrived_at + Duration::hours(2));
    Journey { booked_at: at, paid_at: at, reached_at: at, paid_minor: minor, value_minor: minor, ..lead }
}

/// Inputs of journeys.
pub(super) fn inputs(journeys: impl Iterator<Item = Journey>) -> Inputs {
    let mut inputs = Inputs::empty(now(), Place::default());
    for journey in journeys {
        inputs.now.count(&journey);
        inputs.rates.count(&journey);
        if journey.paid_minor > 0 {
            inputs.paid.push(journey.paid_minor as f64);
        }
    }
    inputs
}
