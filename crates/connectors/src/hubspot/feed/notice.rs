//! HubSpot's webhooks as notices: they tell a property, not a record, so its stream is read again.

use chrono::{DateTime, Utc};
use kernel::config::Secret;

use super::super::webhooks::{self, SignatureError, Signed};
use crate::signed::Untrusted;
use crate::source::Notice;

/// Checks a notice with the app's secret and says what to read again.
pub fn notice(
    secret: &Secret,
    signed: Signed<'_>,
    header: impl Fn(&str) -> Option<String>,
    now: DateTime<Utc>,
) -> Result<Notice, Untrusted> {
    if secret.is_empty() {
        return Err(Untrusted::Missing);
    }
    webhooks::verify(secret.reveal(), signed, header, now).map_err(|error| match error {
        SignatureError::Missing | SignatureError::NoTimestamp => Untrusted::Missing,
        SignatureError::Stale => Untrusted::Stale,
        SignatureError::Wrong => Untrusted::Wrong,
    })?;
    let (events, _) = webhooks::read_events(signed.body).map_err(|error| Untrusted::Unreadable(error.to_string()))?;
    let mut wake: Vec<String> = events
        .iter()
        .filter_map(|event| match event.subscription_type.split('.').next() {
            Some("contact") => Some("contacts".to_owned()),
            Some("deal") => Some("deals".to_owned()),
            _ => None,
        })
        .collect();
    wake.sort_unstable();
    wake.dedup();
    Ok(Notice { records: Vec::new(), wake })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_wake_their_streams() {
        let body =
            br#"[{"eventId":1,"portalId":33,"occurredAt":1,"subscriptionType":"deal.propertyChange","objectId":5},
            {"eventId":2,"portalId":33,"occurredAt":1,"subscriptionType":"contact.creation","objectId":6},
            {"eventId":3,"portalId":33,"occurredAt":1,"subscriptionType":"deal.creation","objectId":7}]"#;
        let signed = Signed { method: "POST", uri: "https://app.example.com/h", body };
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("an instant");
        let stamp = "1700000000000";
        let right = webhooks::signature_v3("s", signed, stamp);
        let header = |name: &str| match name {
            "x-hubspot-signature-v3" => Some(right.clone()),
            "x-hubspot-request-timestamp" => Some(stamp.to_owned()),
            _ => None,
        };
        assert_eq!(notice(&Secret::new("s"), signed, header, now).expect("signed").wake, ["contacts", "deals"]);
        assert_eq!(notice(&Secret::new("t"), signed, header, now).err(), Some(Untrusted::Wrong));
        assert_eq!(notice(&Secret::new(""), signed, header, now).err(), Some(Untrusted::Missing));
    }
}
