//! Tokens that must not pass, each made with everything an attacker could have.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration};
use kernel::ids::{OrgId, SessionId, UserId};
use kernel::testing::TestDb;
use kernel::{Clock, Kernel};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use super::{Claims, KeyRing, rotate};

struct House {
    kernel: Kernel,
    db: TestDb,
    ring: KeyRing,
}

impl House {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).expect("an instant"));
        let kernel = db.kernel_with(clock, |_| {}).await;
        let ring = KeyRing::open(&kernel).await.expect("a ring");
        Self { kernel, db, ring }
    }

    fn claims(&self) -> Claims {
        let clock = &self.kernel.clock;
        Claims::new(UserId::new(clock), OrgId::new(clock), SessionId::new(clock), clock.now())
    }

    /// A token with these claims, signed by this house's own key as it signs all.
    fn forged(&self, claims: &Value) -> String {
        let (kid, pair) = self.ring.read(|keys| (keys.kid.clone(), keys.pair.clone()));
        sign(&pair, &json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }), claims)
    }

    async fn passes(&self, token: &str) -> bool {
        self.ring.verify(token).await.expect("verified").is_some()
    }
}

fn sign(pair: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes())))
}

#[tokio::test]
async fn only_what_we_signed_for_now_passes() {
    let house = House::new().await;
    let good = serde_json::to_value(house.claims()).expect("JSON");
    assert!(house.passes(&house.forged(&good)).await, "the way of forging is right");
    let now = house.kernel.clock.now().timestamp();
    let but = |field: &str, value: Value| {
        let mut claims = good.clone();
        claims[field] = value;
        house.forged(&claims)
    };
    for (what, token) in [
        ("expired", but("exp", json!(now))),
        ("not yet valid", but("nbf", json!(now + 120))),
        ("issued in the future", but("iat", json!(now + 120))),
        ("of another issuer", but("iss", json!("somebody"))),
        ("without a session", but("sid", Value::Null)),
        ("with an organisation that is none", but("org", json!("user_01h455vb4pex5vsknk084sn02q"))),
        ("with an end that is no number", but("exp", json!("never"))),
    ] {
        assert!(!house.passes(&token).await, "{what}");
    }
}

#[tokio::test]
async fn the_header_decides_nothing_an_attacker_could_use() {
    let house = House::new().await;
    let (kid, pair, public) =
        house.ring.read(|keys| (keys.kid.clone(), keys.pair.clone(), keys.public[&keys.kid].clone()));
    let claims = serde_json::to_value(house.claims()).expect("JSON");
    let other = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", part(&json!({ "alg": alg, "typ": "JWT", "kid": kid })), part(&claims));
    // An HMAC keyed with our public key: what a careless verifier takes for `HS256`.
    let body = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT", "kid": kid })), part(&claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
    let confused = format!("{body}.{}", URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, body.as_bytes())));
    for (what, token) in [
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("EdDSA unsigned", unsigned("EdDSA")),
        ("HS256 with the public key", confused),
        ("none with a signature", sign(&pair, &json!({ "alg": "none", "typ": "JWT", "kid": kid }), &claims)),
        ("another's key under our kid", sign(&other, &json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid }), &claims)),
        (
            "our key under a wrong kid",
            sign(&pair, &json!({ "alg": "EdDSA", "typ": "JWT", "kid": "0000000000000000" }), &claims),
        ),
        ("no kid", sign(&pair, &json!({ "alg": "EdDSA", "typ": "JWT" }), &claims)),
        (
            "a kid that is a path",
            sign(&other, &json!({ "alg": "EdDSA", "typ": "JWT", "kid": "../../etc/passwd" }), &claims),
        ),
        (
            "a key brought along",
            sign(
                &other,
                &json!({ "alg": "EdDSA", "typ": "JWT", "kid": "x", "jwk": { "kty": "OKP", "crv": "Ed25519", "x": "AA" } }),
                &claims,
            ),
        ),
    ] {
        assert!(!house.passes(&token).await, "{what}");
    }
}

#[tokio::test]
async fn a_token_of_another_installation_does_not_pass() {
    let (house, other) = (House::new().await, House::new().await);
    let token = other.ring.sign(&other.claims()).await.expect("signed");
    assert!(other.passes(&token).await && !house.passes(&token).await);
}

#[tokio::test]
async fn a_token_that_passed_once_still_ends_in_time() {
    let house = House::new().await;
    let token = house.ring.sign(&house.claims()).await.expect("signed");
    assert!(house.passes(&token).await && house.passes(&token).await, "the second time from memory");
    let mut changed = token.clone();
    changed.replace_range(
        token.len() - 4..token.len() - 3,
        if token.as_bytes()[token.len() - 4] == b'A' { "B" } else { "A" },
    );
    assert!(!house.passes(&changed).await);
    house.kernel.clock.advance(Duration::minutes(15));
    assert!(!house.passes(&token).await);
}

#[tokio::test]
async fn rotating_by_hand_keeps_old_tokens_and_retiring_ends_them() {
    let house = House::new().await;
    let old = house.ring.sign(&house.claims()).await.expect("signed");
    let kid = |token: &str| token.split('.').next().map(ToOwned::to_owned);
    house.kernel.clock.advance(Duration::milliseconds(5));
    rotate(&house.kernel, false).await.expect("rotated");
    let second = KeyRing::open(&house.kernel).await.expect("another process");
    let new = second.sign(&house.claims()).await.expect("signed");
    assert_ne!(kid(&old), kid(&new));
    assert!(second.verify(&old).await.expect("verified").is_some());
    house.kernel.clock.advance(Duration::milliseconds(5));
    rotate(&house.kernel, true).await.expect("retired");
    let third = KeyRing::open(&house.kernel).await.expect("another process");
    for token in [&old, &new] {
        assert!(third.verify(token).await.expect("verified").is_none());
    }
    let left: i64 = sqlx::query_scalar("select count(*) from signing_keys")
        .fetch_one(&mut house.db.owner().await)
        .await
        .expect("a count");
    assert_eq!(left, 1);
}
