//! Mindbody's webhooks: `X-Mindbody-Signature: sha256=<base64>` over the raw body, under the key's text as it is.

use kernel::config::Secret;

use crate::signed::{self, Untrusted};
use crate::source::Notice;

/// Checks a notice and says what to read again; notices come in any order and more than once.
pub fn notice(keys: &[Secret], header: impl Fn(&str) -> Option<String>, body: &[u8]) -> Result<Notice, Untrusted> {
    let given = header("x-mindbody-signature").ok_or(Untrusted::Missing)?;
    let given = given.trim().strip_prefix("sha256=").ok_or(Untrusted::Missing)?.to_owned();
    signed::check_base64(keys, &[body], &given)?;
    let event = signed::body(body)?;
    let wake = match event["eventId"].as_str().unwrap_or_default().split('.').next().unwrap_or_default() {
        "appointmentBooking" | "appointmentAddOn" => vec!["appointments".to_owned()],
        "clientSale" => vec!["sales".to_owned()],
        "classRosterBooking" | "classRosterBookingStatus" => vec!["visits".to_owned()],
        _ => Vec::new(),
    };
    Ok(Notice { records: Vec::new(), wake })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(signature: &str, body: &[u8]) -> Result<Notice, Untrusted> {
        notice(
            &[Secret::new("test_secret")],
            |name| (name == "x-mindbody-signature").then(|| signature.to_owned()),
            body,
        )
    }

    #[test]
    fn the_known_vector_is_accepted_and_anything_else_is_not() {
        let right = "sha256=t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=";
        assert!(check(right, br#"{"hello":"world"}"#).is_ok());
        assert_eq!(check(right, br#"{"hello":"World"}"#).err(), Some(Untrusted::Wrong));
        assert_eq!(check(&right.replace("sha256", "sha1"), br#"{"hello":"world"}"#).err(), Some(Untrusted::Missing));
    }
}
