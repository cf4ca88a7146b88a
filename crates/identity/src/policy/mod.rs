//! The organisation's session policy: how long sessions last, and from which addresses people and programs come.
//!
//! It comes with the look-up of a credential (no query of its own) and is applied to every request, also where the answer is
//! kept. Rules: a list that cannot be read lets nobody in; saving one that would lock out its author is refused.

pub(crate) mod page;
pub(crate) mod save;
pub(crate) mod show;

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::system::SessionRow;
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use kernel::network::Network;
use serde::Serialize;
use shell::AppError;
use utoipa::ToSchema;

use crate::sessions::{LASTS, LONGEST, NOTE_EVERY};
use crate::store::policies;

/// A session policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SessionPolicy {
    /// Minutes without use after which a session ends, 5 to 43,200 (30 days); null for a week.
    #[schema(example = 480)]
    pub(crate) idle_minutes: Option<i32>,
    /// Minutes after which a session ends however much it is used, 15 to 525,600 (a year); null for 30 days in a browser and no
    /// end for a program that keeps refreshing.
    #[schema(example = 10080)]
    pub(crate) longest_minutes: Option<i32>,
    /// The ranges of addresses that sessions, access tokens and API keys are used from; empty for anywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    pub(crate) networks: Vec<String>,
}

/// Where an organisation is reached from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessList {
    /// None for anywhere.
    networks: Option<Arc<[Network]>>,
}

impl AccessList {
    /// The list as it is stored.
    pub(crate) fn new(stored: &[String]) -> Self {
        // What does not read matches nothing: the list gets shorter, never open.
        let read = || stored.iter().filter_map(|text| text.parse().ok()).collect();
        Self { networks: (!stored.is_empty()).then(read) }
    }

    /// Whether an address is on the list; an unknown one only where there is none.
    pub(crate) fn holds(&self, from: Option<IpAddr>) -> bool {
        let Some(networks) = &self.networks else { return true };
        from.is_some_and(|from| networks.iter().any(|network| network.contains(from)))
    }

    /// The refusal of an address that is not on the list.
    pub(crate) fn check(&self, from: Option<IpAddr>) -> Result<(), AppError> {
        if self.holds(from) {
            return Ok(());
        }
        let from = from.map_or_else(|| "an unknown address".to_owned(), |from| from.to_canonical().to_string());
        Err(AppError::forbidden(format!(
            "this organisation is reached from the addresses on its list only, and {from} is not among them; ask an admin"
        )))
    }
}

/// When a session ends as things stand: by itself, for want of use, or of age.
pub(crate) fn ends_at(row: &SessionRow) -> DateTime<Utc> {
    // Use is noted once a minute, so that a session may be a minute older in use than its row says.
    let idle = row.idle_minutes.map(|minutes| row.seen_at + minutes_long(minutes) + NOTE_EVERY);
    let age = row.longest_minutes.map(|minutes| row.created_at + minutes_long(minutes));
    [idle, age].into_iter().flatten().fold(row.expires_at, DateTime::min)
}

/// Until when a session lasts that is used now.
pub(crate) fn prolonged(row: &SessionRow, now: DateTime<Utc>) -> DateTime<Utc> {
    let idle = row.idle_minutes.map_or(LASTS, minutes_long);
    let longest = row.longest_minutes.map_or(LONGEST, minutes_long);
    (now + idle).min(row.created_at + longest)
}

/// How long a program may wait before it refreshes; the age of its family is bounded only where the organisation says so.
pub(crate) fn refresh_lasts(row: &SessionRow, now: DateTime<Utc>) -> Duration {
    let idle = row.idle_minutes.map_or(LASTS, minutes_long);
    let left = row.longest_minutes.map(|minutes| row.created_at + minutes_long(minutes) - now);
    left.map_or(idle, |left| idle.min(left))
}

impl SessionPolicy {
    /// How long a session lasts that is opened now.
    pub(crate) fn lasts(&self, usual: Duration) -> Duration {
        let idle = self.idle_minutes.map_or(usual, minutes_long);
        self.longest_minutes.map_or(idle, |minutes| idle.min(minutes_long(minutes)))
    }
}

/// Lets an organisation be reached from anywhere again: for the operator, when its list locked everybody out.
pub async fn unlock(kernel: &Kernel, org: OrgId) -> Result<(), AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let before = policies::get(&mut tx).await?;
    if !before.networks.is_empty() {
        let after = SessionPolicy { networks: Vec::new(), ..before.clone() };
        policies::set(&mut tx, &after).await?;
        let (before, after) = audit::difference(&before, &after).map_err(AppError::internal)?;
        let entry = AuditEntry::new(Actor::System, "session_policy.changed").about("session policy");
        audit::record(&mut tx, entry.change(before, after)).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn minutes_long(minutes: i32) -> Duration {
    Duration::minutes(i64::from(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_lets_in_what_is_on_it_and_a_broken_one_nobody() {
        let at = |text: &str| Some(text.parse().expect("an address"));
        let list = AccessList::new(&["203.0.113.0/24".into(), "2001:db8::1".into()]);
        assert!(list.holds(at("203.0.113.7")) && list.holds(at("2001:db8::1")) && list.holds(at("::ffff:203.0.113.7")));
        assert!(!list.holds(at("203.0.114.7")) && !list.holds(None));
        assert!(AccessList::default().holds(None) && AccessList::new(&[]).holds(at("203.0.113.7")));
        let broken = AccessList::new(&["everywhere".into()]);
        assert!(!broken.holds(at("203.0.113.7")));
        let words = broken.check(at("203.0.113.7")).expect_err("refused").to_string();
        assert!(words.contains("203.0.113.7 is not among them"), "{words}");
    }
}
