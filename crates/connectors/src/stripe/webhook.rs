//! Stripe's webhooks: `Stripe-Signature: t=…,v1=…[,v1=…]` over `<t>.<raw body>`.

use chrono::{DateTime, Utc};
use kernel::config::Secret;

use crate::signed::{self, Untrusted};
use crate::source::Notice;

/// How old a signed notice may be, in seconds. One from the future passes, as with Stripe's own library.
pub const OLDEST_S: i64 = 300;

/// Checks a notice and says what came with it. A charge that was just paid is mapped at once; for anything else the changes are
/// read, because a notice shows an object as it was and notices overtake one another.
pub fn notice(
    secrets: &[Secret],
    header: impl Fn(&str) -> Option<String>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Notice, Untrusted> {
    let signature = header("stripe-signature").ok_or(Untrusted::Missing)?;
    let pairs: Vec<(&str, &str)> = signature.split(',').filter_map(|pair| pair.trim().split_once('=')).collect();
    let stamp = pairs.iter().find(|(name, _)| *name == "t").map(|(_, stamp)| *stamp).ok_or(Untrusted::Missing)?;
    let at: i64 = stamp.parse().map_err(|_| Untrusted::Missing)?;
    let given = pairs.iter().filter(|(name, _)| *name == "v1").filter_map(|(_, given)| hex::decode(given).ok());
    let mut outcome = Err(Untrusted::Missing);
    for given in given {
        outcome = signed::check(secrets, &[stamp.as_bytes(), b".", body], &given);
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    if now.timestamp() - OLDEST_S > at {
        return Err(Untrusted::Stale);
    }
    let event = signed::body(body)?;
    let kind = event["type"].as_str().unwrap_or_default();
    if event["livemode"] == false {
        return Ok(Notice::default());
    }
    if matches!(kind, "charge.succeeded" | "charge.captured") {
        return Ok(Notice { records: vec![("events".to_owned(), event)], wake: Vec::new() });
    }
    let ours = kind.starts_with("charge.") || kind.starts_with("refund.");
    Ok(Notice { records: Vec::new(), wake: if ours { vec!["events".to_owned()] } else { Vec::new() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const RIGHT: &str = "0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd";

    fn check(secret: &str, signature: &str, body: &[u8], now: i64) -> Result<Notice, Untrusted> {
        let header = |name: &str| (name == "stripe-signature" && !signature.is_empty()).then(|| signature.to_owned());
        notice(&[Secret::new(secret)], header, body, DateTime::from_timestamp(now, 0).expect("an instant"))
    }

    #[test]
    fn the_known_vectors_are_accepted_and_anything_else_is_not() {
        let (secret, good, t) = ("whsec_test_secret", format!("t=1700000000,v1={RIGHT}"), 1_700_000_000);
        assert!(check(secret, &good, BODY, t).is_ok());
        let other = "a5d9de1d23a233e086ce2cd0940311c91c3039e7d92c0d96a82fda4881746747";
        assert!(check("test_secret", &format!("t=1700000000,v1={other}"), br#"{"hello":"world"}"#, t).is_ok());
        let second = format!("t=1700000000,v1={},v1={RIGHT},v0=00", "0".repeat(64));
        assert!(check(secret, &second, BODY, t + 300).is_ok(), "any version 1 may match");
        assert_eq!(check(secret, &good, BODY, t + 301).err(), Some(Untrusted::Stale));
        assert_eq!(check("whsec_other", &good, BODY, t).err(), Some(Untrusted::Wrong));
        assert_eq!(check(secret, &good, br#"{"id":"evt_2","object":"event"}"#, t).err(), Some(Untrusted::Wrong));
        assert_eq!(check(secret, &format!("t=1700000001,v1={RIGHT}"), BODY, t).err(), Some(Untrusted::Wrong));
        for missing in ["", "t=1700000000", &format!("v1={RIGHT}"), &format!("t=1700000000,v0={RIGHT}")] {
            assert_eq!(check(secret, missing, BODY, t).err(), Some(Untrusted::Missing), "{missing}");
        }
        assert_eq!(check("", &good, BODY, t).err(), Some(Untrusted::Missing));
    }
}
