//! How often somebody may do something on a site, and how much is going on there.
//!
//! Each subject has a bucket that refills evenly, one number a subject, as the limits of the product have. Every process counts alone:
//! a limit is at worst multiplied by their number, and never a reason to refuse everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::ids::OrgId;
use shell::AppError;

use crate::core::Core;
use crate::visit::Visit;

/// Subjects remembered before those that are at rest are forgotten.
const MOST: usize = 50_000;
const HOUR: i64 = 3_600_000_000;

/// Whom or what a bucket is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    /// One address, or one network of IPv6.
    Address(IpAddr),
    /// Everybody together.
    All,
    /// Something that should come once: a form, a text.
    Thing(Vec<u8>),
}

/// The buckets of a process.
#[derive(Default)]
pub(crate) struct Rates {
    /// When each bucket is full again, in microseconds.
    full_at: Mutex<HashMap<(OrgId, &'static str, Subject), i64>>,
}

impl Rates {
    /// Takes one from a bucket of so many an hour; the wait when there is none.
    fn take(&self, key: (OrgId, &'static str, Subject), per_hour: u32, now: i64) -> Result<(), Duration> {
        let step = step(per_hour);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, full_at| *full_at > now);
            // Nobody is at rest: who floods us with addresses does not fill the memory.
            if buckets.len() >= MOST {
                buckets.clear();
            }
        }
        let full_at = buckets.entry(key).or_insert(now);
        let next = (*full_at).max(now) + step;
        let over = next - now - HOUR;
        if over > 0 {
            return Err(Duration::from_micros(over.unsigned_abs()));
        }
        *full_at = next;
        Ok(())
    }

    /// Whether a bucket has none left; takes nothing.
    fn is_spent(&self, key: &(OrgId, &'static str, Subject), per_hour: u32, now: i64) -> bool {
        let buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(key).is_some_and(|full_at| (*full_at).max(now) + step(per_hour) - now > HOUR)
    }
}

/// The time in which one more may come.
fn step(per_hour: u32) -> i64 {
    HOUR / i64::from(per_hour.max(1))
}

/// Counts a visitor's request against its address.
///
/// # Errors
/// 429 when the address did it more than `per_hour` times within an hour.
pub(crate) fn check(core: &Core, visit: &Visit, what: &'static str, per_hour: u32) -> Result<(), AppError> {
    // Where the server does not know who asks, nobody in particular can be told to wait.
    let Some(ip) = visit.ip else { return Ok(()) };
    let now = core.kernel().clock.now().timestamp_micros();
    let key = (visit.site.org, what, Subject::Address(neighbourhood(ip)));
    core.rates().take(key, per_hour, now).map_err(AppError::too_many)
}

/// The same without refusing: whether the address is within the rate.
pub(super) fn is_within(core: &Core, visit: &Visit, what: &'static str, per_hour: u32) -> bool {
    check(core, visit, what, per_hour).is_ok()
}

/// Whether all visitors of the site together are within a rate; counts one.
pub(super) fn site_is_calm(core: &Core, org: OrgId, what: &'static str, per_hour: u32) -> bool {
    let now = core.kernel().clock.now().timestamp_micros();
    core.rates().take((org, what, Subject::All), per_hour, now).is_ok()
}

/// Whether all visitors of the site together are at the end of a rate; counts nothing.
pub(super) fn is_spent(core: &Core, org: OrgId, what: &'static str, per_hour: u32) -> bool {
    let now = core.kernel().clock.now().timestamp_micros();
    core.rates().is_spent(&(org, what, Subject::All), per_hour, now)
}

/// Whether something comes at most so many times an hour; counts one.
pub(super) fn is_rare(core: &Core, org: OrgId, what: &'static str, thing: &[u8], per_hour: u32) -> bool {
    let now = core.kernel().clock.now().timestamp_micros();
    core.rates().take((org, what, Subject::Thing(thing.to_vec())), per_hour, now).is_ok()
}

/// One person has as many IPv6 addresses as they like: their network is what counts.
fn neighbourhood(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => IpAddr::V4(ip),
            None => IpAddr::V6((u128::from(ip) & !u128::from(u64::MAX)).into()),
        },
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn org() -> OrgId {
        OrgId::from_uuid(uuid::Uuid::nil())
    }

    #[test]
    fn a_bucket_is_empty_after_its_rate_and_refills_evenly() {
        let rates = Rates::default();
        let take = |now| rates.take((org(), "contact", Subject::All), 4, now);
        for _ in 0..4 {
            assert_eq!(take(0), Ok(()));
        }
        assert_eq!(take(0), Err(Duration::from_secs(900)));
        assert_eq!(take(HOUR / 8), Err(Duration::from_secs(450)));
        assert_eq!(take(HOUR / 4), Ok(()));
        assert!(take(HOUR / 4).is_err());
        assert_eq!(rates.take((org(), "chat", Subject::All), 4, 0), Ok(()), "another bucket");
    }

    #[test]
    fn a_network_of_ipv6_is_one_subject() {
        let of = |text: &str| neighbourhood(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }

    #[test]
    fn many_subjects_do_not_fill_the_memory() {
        let rates = Rates::default();
        for n in 0..(MOST as u64 + 10) {
            assert_eq!(rates.take((org(), "contact", Subject::Thing(n.to_be_bytes().to_vec())), 10, 0), Ok(()));
        }
        assert!(rates.full_at.lock().expect("a lock").len() <= MOST);
    }

    proptest! {
        /// Whoever comes however often gets at most the rate at once and the rate an hour after.
        #[test]
        fn no_hour_has_more_than_twice_the_rate(per_hour in 1_u32..50, steps in prop::collection::vec(0_i64..HOUR / 10, 1..200)) {
            let rates = Rates::default();
            let (mut now, mut taken) = (0, Vec::new());
            for step in steps {
                now += step;
                if rates.take((org(), "contact", Subject::All), per_hour, now).is_ok() {
                    taken.push(now);
                }
            }
            for from in &taken {
                let within = taken.iter().filter(|at| (*from..*from + HOUR).contains(*at)).count();
                prop_assert!(within <= 2 * per_hour as usize);
            }
        }
    }
}
