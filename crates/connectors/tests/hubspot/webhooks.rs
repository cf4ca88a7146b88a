use chrono::{DateTime, Utc};
use connectors::hubspot::webhooks::{
    SignatureError, Signed, read_events, signature_v2, signature_v3, verify, verify_v3,
};

const SECRET: &str = "hs_client_secret_test";
const STAMP: &str = "1700000000000";
const V3: &str = "ESNt6jBPddrO/YmEdwkzOxukTJlgNSB4ZW2z3eichX4=";
const V1: &str = "fa3afc8a9fc66e426e719b09e801d9f7d418ab8c547137e41d0a8d46716f62b8";
const SIGNED: Signed<'_> =
    Signed { method: "POST", uri: "https://app.example.com/hooks/hubspot", body: br#"[{"eventId":1}]"# };

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).expect("an instant")
}

fn check(headers: &[(&str, &str)], signed: Signed<'_>) -> Result<(), SignatureError> {
    let header = |name: &str| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    verify(SECRET, signed, header, at(1_700_000_000_000))
}

#[test]
fn the_known_vectors_are_accepted() {
    let v3 = [("x-hubspot-signature-v3", V3), ("x-hubspot-request-timestamp", STAMP)];
    assert_eq!(check(&v3, SIGNED), Ok(()));
    assert_eq!(check(&[("x-hubspot-signature", V1), ("x-hubspot-signature-version", "v1")], SIGNED), Ok(()));
    assert_eq!(check(&[("x-hubspot-signature", V1)], SIGNED), Ok(()), "no version header means version 1");
    let v2 = signature_v2(SECRET, SIGNED);
    assert_eq!(check(&[("x-hubspot-signature", &v2), ("x-hubspot-signature-version", "v2")], SIGNED), Ok(()));
}

#[test]
fn anything_changed_is_refused() {
    let v3 = [("x-hubspot-signature-v3", V3), ("x-hubspot-request-timestamp", STAMP)];
    let changed = [
        Signed { body: br#"[{"eventId":2}]"#, ..SIGNED },
        Signed { method: "PUT", ..SIGNED },
        Signed { uri: "https://app.example.com/hooks/hubspot?x=1", ..SIGNED },
    ];
    for signed in changed {
        assert_eq!(check(&v3, signed), Err(SignatureError::Wrong));
    }
    assert_eq!(check(&[("x-hubspot-signature-v3", V1), v3[1]], SIGNED), Err(SignatureError::Wrong));
    assert_eq!(check(&v3[..1], SIGNED), Err(SignatureError::NoTimestamp));
    assert_eq!(check(&[], SIGNED), Err(SignatureError::Missing));
    let newer = [("x-hubspot-signature", V1), ("x-hubspot-signature-version", "v9")];
    assert_eq!(check(&newer, SIGNED), Err(SignatureError::Missing));
    let both = [("x-hubspot-signature-v3", "bad"), v3[1], ("x-hubspot-signature", V1)];
    assert_eq!(check(&both, SIGNED), Err(SignatureError::Wrong), "a weaker version cannot replace a wrong one");
}

#[test]
fn five_minutes_is_the_oldest_and_no_more() {
    let verify_at = |ms: i64| verify_v3(SECRET, SIGNED, V3, STAMP, at(ms));
    assert_eq!(verify_at(1_700_000_300_000), Ok(()));
    assert_eq!(verify_at(1_700_000_300_001), Err(SignatureError::Stale));
    assert_eq!(verify_at(1_699_999_699_999), Err(SignatureError::Stale));
    assert_eq!(verify_v3(SECRET, SIGNED, V3, "soon", at(0)), Err(SignatureError::NoTimestamp));
}

#[test]
fn listed_escapes_of_the_address_are_decoded_before_signing() {
    let plain = signature_v3(SECRET, Signed { uri: "https://a.example.com/h?next=/x:1,2", ..SIGNED }, STAMP);
    let escaped = signature_v3(SECRET, Signed { uri: "https://a.example.com/h?next=%2Fx%3a1%2C2", ..SIGNED }, STAMP);
    assert_eq!(plain, escaped);
    let kept = signature_v3(SECRET, Signed { uri: "https://a.example.com/h?next=%20%é%", ..SIGNED }, STAMP);
    assert_ne!(plain, kept, "other escapes stay, and a broken one is survived");
}

#[test]
fn events_are_read_and_our_own_writes_known() {
    let body = br#"[{"eventId":3816279340,"subscriptionId":25,"portalId":33,"appId":1160452,"occurredAt":1787212345678,
        "subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":123,"propertyName":"hs_lead_status",
        "propertyValue":"CONNECTED","changeSource":"CRM_UI","sourceId":"userId:1"},
        {"eventId":2,"portalId":33,"occurredAt":1,"subscriptionType":"contact.creation","objectId":5,
        "changeSource":"INTEGRATION","sourceId":"1160452"}, {"odd":true}]"#;
    let (events, unread) = read_events(body).expect("a list");
    assert_eq!((events.len(), unread), (2, 1));
    assert_eq!(events[0].property_value.as_deref(), Some("CONNECTED"));
    assert!(!events[0].is_own_write(1_160_452) && events[1].is_own_write(1_160_452) && !events[1].is_own_write(7));
    assert!(read_events(b"{}").is_err());
}
