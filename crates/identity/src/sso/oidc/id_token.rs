//! The claims of an ID token and the rules of OpenID Connect Core 3.1.3.7, as one pure function.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Untrusted;
use super::jws::Alg;

/// How far the provider's clock may be from ours, in seconds.
const SKEW: f64 = 60.0;
/// A token answers a code that we just exchanged: one issued longer ago, in seconds, is somebody else's.
const OLDEST: f64 = 600.0;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What a token says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
    pub(super) alg: Alg,
    /// The access token that came beside it.
    pub(super) access_token: &'a str,
}

impl Claims {
    /// Reads the payload of a token whose signature is proved.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Untrusted> {
        serde_json::from_slice(payload)
            .map_err(|_| Untrusted("a claim that every ID token has is missing or malformed"))
    }

    /// Checks everything that does not depend on the signature.
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<(), Untrusted> {
        let now = expected.now as f64;
        let ours = |name: &String| name == expected.client_id;
        let (for_us, alone) = match &self.aud {
            Audience::One(name) => (ours(name), true),
            Audience::Many(names) => (names.iter().any(ours), names.len() == 1),
        };
        let wrong = if self.iss != expected.issuer {
            "it is of another issuer (iss)"
        } else if !for_us {
            "it is meant for another application (aud)"
        } else if self.azp.as_ref().map_or(!alone, |party| !ours(party)) {
            "it was issued to another application (azp)"
        } else if now >= self.exp + SKEW {
            "it has expired (exp)"
        } else if self.iat > now + SKEW {
            "it comes from the future (iat); the provider's clock or ours is wrong"
        } else if self.iat < now - OLDEST {
            "it was issued too long ago (iat)"
        } else if self.nbf.is_some_and(|from| from > now + SKEW) {
            "it is not valid yet (nbf)"
        } else if self.nonce.as_deref() != Some(expected.nonce) {
            "it answers another sign-in (nonce)"
        } else if self.at_hash.as_ref().is_some_and(|hash| *hash != half_hash(expected.alg, expected.access_token)) {
            "it does not belong to its access token (at_hash)"
        } else if self.sub.is_empty() || self.sub.len() > 255 {
            "it names no account (sub)"
        } else {
            return Ok(());
        };
        Err(Untrusted(wrong))
    }

    /// Adds what the userinfo endpoint says. Its account must be the token's, else it is about somebody else.
    pub(super) fn add(&mut self, userinfo: Map<String, Value>) -> Result<(), Untrusted> {
        if userinfo.get("sub").and_then(Value::as_str) != Some(self.sub.as_str()) {
            return Err(Untrusted("its userinfo is about another account (sub)"));
        }
        for (name, value) in userinfo {
            // What is signed wins over what is not.
            self.rest.entry(name).or_insert(value);
        }
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.rest.get(name)?.as_str()
    }

    /// A yes or no; some providers send it as text.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.rest.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text == "true" => Some(true),
            // Whatever else stands there does not say yes.
            _ => Some(false),
        }
    }

    /// A list of texts, or one text.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.rest.get(name) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// Entra leaves the groups out and says so when a person has more than fit.
    pub(super) fn groups_left_out(&self, claim: &str) -> bool {
        self.rest.get("_claim_names").is_some_and(|names| names.get(claim).is_some())
            || self.flag("hasgroups") == Some(true)
    }
}

/// The left half of a token's hash.
fn half_hash(alg: Alg, token: &str) -> String {
    let whole = digest::digest(alg.hash(), token.as_bytes());
    URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn good() -> Value {
        json!({ "iss": "https://id.example", "sub": "s", "aud": "us", "exp": NOW + 300, "iat": NOW, "nonce": "n" })
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://id.example",
            client_id: "us",
            nonce: "n",
            now: NOW,
            alg: Alg::Es256,
            access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a test reads better with its `json!` in place")]
    fn with(changes: Value) -> Result<(), Untrusted> {
        let mut claims = good();
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        Claims::read(claims.to_string().as_bytes())?.check(&expected())
    }

    #[test]
    fn a_good_token_passes_and_so_do_the_edges_of_the_skew() {
        assert_eq!(with(json!({})), Ok(()));
        assert_eq!(with(json!({ "exp": NOW - 59, "iat": NOW - 300 })), Ok(()));
        assert_eq!(with(json!({ "iat": NOW + 60, "nbf": NOW + 60 })), Ok(()));
        assert_eq!(with(json!({ "aud": ["us"] })), Ok(()));
        assert_eq!(with(json!({ "aud": ["other", "us"], "azp": "us" })), Ok(()));
        // The example of OpenID Connect Core, appendix A.3.
        assert_eq!(with(json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" })), Ok(()));
    }

    #[test]
    fn each_rule_refuses_on_its_own() {
        for (changes, part) in [
            (json!({ "iss": "https://id.example/" }), "(iss)"),
            (json!({ "aud": "other" }), "(aud)"),
            (json!({ "aud": [] }), "(aud)"),
            (json!({ "aud": ["us", "other"] }), "(azp)"),
            (json!({ "azp": "other" }), "(azp)"),
            (json!({ "aud": ["us", "other"], "azp": "other" }), "(azp)"),
            (json!({ "exp": NOW - 60 }), "(exp)"),
            (json!({ "iat": NOW + 61 }), "(iat)"),
            (json!({ "iat": NOW - 601 }), "(iat)"),
            (json!({ "nbf": NOW + 61 }), "(nbf)"),
            (json!({ "nonce": "m" }), "(nonce)"),
            (json!({ "nonce": null }), "(nonce)"),
            (json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RR" }), "(at_hash)"),
            (json!({ "sub": "" }), "(sub)"),
            (json!({ "sub": "x".repeat(256) }), "(sub)"),
            (json!({ "sub": null }), "missing"),
            (json!({ "exp": null }), "missing"),
            (json!({ "iat": null }), "missing"),
            (json!({ "exp": "never" }), "missing"),
        ] {
            let error = with(changes.clone()).expect_err("must be refused");
            assert!(error.0.contains(part), "{changes}: {error}");
        }
    }

    #[test]
    fn userinfo_counts_only_for_the_same_account_and_never_over_the_token() {
        let mut claims = Claims::read(good().to_string().as_bytes()).expect("reads");
        let info = |value: Value| value.as_object().expect("an object").clone();
        assert!(claims.add(info(json!({ "sub": "other", "email": "a@b.example" }))).is_err());
        assert!(claims.add(info(json!({ "email": "a@b.example" }))).is_err());
        assert!(!claims.has("email"));
        claims.add(info(json!({ "sub": "s", "email": "a@b.example" }))).expect("the same account");
        claims.add(info(json!({ "sub": "s", "email": "c@d.example" }))).expect("the same account");
        assert_eq!(claims.text("email"), Some("a@b.example"));
    }
}
