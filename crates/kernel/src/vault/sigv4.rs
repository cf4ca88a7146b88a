//! Signing requests to AWS: Signature Version 4, as far as a JSON service needs it (no query, the path as it is).

use chrono::{DateTime, Utc};
use ring::{digest, hmac};

use crate::config::Secret;

/// The key that signs.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    /// Of temporary credentials.
    pub(super) session_token: Option<Secret>,
}

/// What a signature is made over.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToSign<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// Name in lower case and value; `host` and `x-amz-date` must be among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
    pub(super) at: DateTime<Utc>,
}

impl ToSign<'_> {
    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self, by: &Credentials) -> String {
        let mut headers = self.headers.to_vec();
        headers.sort_unstable_by_key(|(name, _)| *name);
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let line = |(name, value): &(&str, &str)| {
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            format!("{name}:{}", words.join(" "))
        };
        let lines: Vec<String> = headers.iter().map(line).collect();
        let (method, path, lines) = (self.method, self.path, lines.join("\n"));
        let canonical = format!("{method}\n{path}\n\n{lines}\n\n{names}\n{}", sha256(self.body));
        let day = self.at.format("%Y%m%d").to_string();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", amz_date(self.at), sha256(canonical.as_bytes()));
        let key = signing_key(&by.secret_access_key, &day, self.region, self.service);
        let signature = hex::encode(hmac::sign(&key, text.as_bytes()));
        let credential = format!("{}/{scope}", by.access_key_id);
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}")
    }
}

/// An instant as `X-Amz-Date` writes it.
pub(super) fn amz_date(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn signing_key(secret: &Secret, day: &str, region: &str, service: &str) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", secret.reveal()).as_bytes());
    [day, region, service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        }
    }

    /// A case of the published test suite: its method, its further headers, its body, and the signature it names.
    fn case(method: &str, more: &[(&str, &str)], body: &str) -> String {
        let mut headers = vec![("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        headers.extend(more);
        let to_sign = ToSign {
            region: "us-east-1",
            service: "service",
            method,
            path: "/",
            headers: &headers,
            body: body.as_bytes(),
            at: "2015-08-30T12:36:00Z".parse().expect("an instant"),
        };
        let header = to_sign.authorization(&example());
        header.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    #[test]
    fn the_published_cases_come_out() {
        // get-vanilla, post-vanilla, post-header-key-sort, get-header-value-trim, post-x-www-form-urlencoded.
        for (method, more, body, signature) in [
            ("GET", &[][..], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "POST",
                &[("my-header1", "value1")],
                "",
                "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
            ),
            (
                "GET",
                &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                "",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "POST",
                &[("content-type", "application/x-www-form-urlencoded")],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            assert_eq!(case(method, more, body), signature, "{method} {more:?} {body}");
        }
    }

    #[test]
    fn the_published_key_of_a_day_region_and_service_comes_out() {
        // The key itself is not to be had from `ring`; a signature by it is compared with one by the published key.
        let published = hex::decode("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9").expect("hex");
        let key = signing_key(&example().secret_access_key, "20150830", "us-east-1", "iam");
        let signed = hmac::sign(&key, b"anything");
        assert_eq!(signed.as_ref(), hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &published), b"anything").as_ref());
    }

    #[test]
    fn everything_that_is_signed_changes_the_signature() {
        let plain = case("POST", &[], "");
        let others = [case("PUT", &[], ""), case("POST", &[("x-amz-target", "A.B")], ""), case("POST", &[], " ")];
        assert!(others.iter().all(|other| *other != plain), "{others:?}");
    }
}
