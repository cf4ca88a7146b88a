//! How often somebody may do something on a site, and how much is going on there: the frame's buckets, named after the site.

use std::time::Duration;

use kernel::ids::OrgId;
use shell::{AppError, Rate, neighbourhood};

use crate::core::Core;
use crate::visit::Visit;

/// Whom a bucket of everybody is for: no address, and no thing in hexadecimal.
const ALL: &str = "all";

/// Counts a visitor's request against its address.
///
/// # Errors
/// 429 when the address did it more than `per_hour` times within an hour.
pub(crate) async fn check(core: &Core, visit: &Visit, what: &'static str, per_hour: u32) -> Result<(), AppError> {
    // Where the server does not know who asks, nobody in particular can be told to wait.
    let Some(ip) = visit.ip else { return Ok(()) };
    // One person has as many IPv6 addresses as they like: their network is what counts.
    let subject = subject(visit.site.org, what, &neighbourhood(ip));
    core.limits().count(&subject, Rate::an_hour(per_hour)).await.map_err(AppError::too_many)
}

/// The same without refusing: whether the address is within the rate.
pub(super) async fn is_within(core: &Core, visit: &Visit, what: &'static str, per_hour: u32) -> bool {
    check(core, visit, what, per_hour).await.is_ok()
}

/// Whether all visitors of the site together are within a rate; counts one.
pub(super) async fn site_is_calm(core: &Core, org: OrgId, what: &'static str, per_hour: u32) -> bool {
    core.limits().count(&subject(org, what, ALL), Rate::an_hour(per_hour)).await.is_ok()
}

/// Whether all visitors of the site together are at the end of a rate; counts nothing.
pub(super) async fn is_spent(core: &Core, org: OrgId, what: &'static str, per_hour: u32) -> bool {
    core.limits().is_spent(&subject(org, what, ALL), Rate::an_hour(per_hour)).await
}

/// Whether something comes at most so many times an hour; counts one.
pub(super) async fn is_rare(core: &Core, org: OrgId, what: &'static str, thing: &[u8], per_hour: u32) -> bool {
    core.limits().count(&subject(org, what, &hex::encode(thing)), Rate::an_hour(per_hour)).await.is_ok()
}

/// Whether something that should come once comes for the first time; it is remembered for a time.
pub(super) async fn is_first(core: &Core, org: OrgId, what: &'static str, thing: &[u8], within: Duration) -> bool {
    core.limits().is_first(&subject(org, what, &hex::encode(thing)), within).await
}

/// What a bucket is called among those of the whole installation.
fn subject(org: OrgId, what: &str, whom: &str) -> String {
    format!("site:{org}:{what}:{whom}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_apart_has_names_of_its_own() {
        let org = |n| OrgId::from_uuid(uuid::Uuid::from_u128(n));
        let names = [
            subject(org(1), "contact", ALL),
            subject(org(2), "contact", ALL),
            subject(org(1), "chat", ALL),
            subject(org(1), "contact", "203.0.113.7"),
            subject(org(1), "contact", &hex::encode([0xa1_u8])),
        ];
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name), "{name} is two things");
        }
        assert_eq!(names[3], subject(org(1), "contact", "203.0.113.7"));
    }
}
