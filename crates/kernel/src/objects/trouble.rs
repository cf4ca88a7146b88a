//! Why a store did not do what was asked, in words that say what to check.
//!
//! A bucket's refusal carries the signed request and the signature; only its code is passed on. What never got an answer keeps its
//! source.

use std::time::Duration;

use object_store::Error;

use super::Place;

/// Whether there is nothing under the name. A bucket that does not exist answers 404 too, and is no such thing.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && code(&error.to_string()) != Some("NoSuchBucket")
}

/// The reading took too long.
pub(super) fn too_slow(limit: Duration, place: &Place) -> anyhow::Error {
    anyhow::anyhow!("{place} did not answer within {} ms; try again, and check the way to it", limit.as_millis())
}

/// The error with what happened and what to check.
pub(super) fn explained(error: Error, place: &Place) -> anyhow::Error {
    let Place::Bucket { name, region, .. } = place else {
        return anyhow::Error::new(error).context(format!(
            "{place} did not do what was asked: check that Recoup may write there and that there is room"
        ));
    };
    let text = error.to_string();
    let Some(code) = code(&text).or_else(|| implied(&error, &text)) else {
        return anyhow::Error::new(error).context(format!(
            "{place} does not answer: check RECOUP__OBJECTS__ENDPOINT and the way to it, and try again"
        ));
    };
    let advice = match code {
        "SignatureDoesNotMatch" => {
            "refused the signature: check RECOUP__OBJECTS__SECRET_ACCESS_KEY and that it belongs to \
             RECOUP__OBJECTS__ACCESS_KEY_ID"
                .to_owned()
        }
        "InvalidAccessKeyId" | "InvalidToken" | "ExpiredToken" | "Unauthorized" => {
            "does not know the key: check RECOUP__OBJECTS__ACCESS_KEY_ID and RECOUP__OBJECTS__ENDPOINT".to_owned()
        }
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => {
            let right = between(&text, "<Region>", "</Region>").map(|right| format!(", but in {right}"));
            let right = right.unwrap_or_default();
            format!("is not in the region {region}{right}: check RECOUP__OBJECTS__REGION and RECOUP__OBJECTS__ENDPOINT")
        }
        "NoSuchBucket" | "InvalidBucketName" => {
            format!("is not there: make the bucket {name}, or check RECOUP__OBJECTS__BUCKET and RECOUP__OBJECTS__ENDPOINT")
        }
        "RequestTimeTooSkewed" => "says that this machine's clock is off by more than 15 minutes: set it".to_owned(),
        // Without the permission to list, S3 refuses to say that an object is not there.
        "AccessDenied" => {
            "does not allow this: the key of RECOUP__OBJECTS__ACCESS_KEY_ID needs s3:ListBucket on it, and s3:GetObject, \
             s3:PutObject and s3:DeleteObject on what is in it"
                .to_owned()
        }
        "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" | "TooManyRequests" => {
            "is busy or broken at the moment: it was asked more than once; try again later".to_owned()
        }
        _ => "refused the request".to_owned(),
    };
    anyhow::anyhow!("{place} {advice} ({code})")
}

/// The code that the bucket gave: in an answer of its own, or for one of many keys.
fn code(text: &str) -> Option<&str> {
    let code = between(text, "<Code>", "</Code>").or_else(|| between(text, "(code: ", ")"))?;
    code.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(code)
}

/// The code that S3 would have given, where something between us and it answered without one.
fn implied(error: &Error, text: &str) -> Option<&'static str> {
    match error {
        Error::PermissionDenied { .. } => Some("AccessDenied"),
        Error::Unauthenticated { .. } => Some("Unauthorized"),
        _ if text.contains("Received redirect") || text.contains("status code: 30") => Some("PermanentRedirect"),
        _ if text.contains("status code: 429") => Some("TooManyRequests"),
        _ if text.contains("status code: 5") => Some("ServiceUnavailable"),
        _ => None,
    }
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    Some(rest.split_once(close)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Place {
        let address = "https://pictures.s3.eu-central-1.amazonaws.com".to_owned();
        Place::Bucket { name: "pictures".into(), region: "eu-central-1".into(), address }
    }

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    fn said(text: &str) -> String {
        format!("{:#}", explained(generic(text), &bucket()))
    }

    #[test]
    fn a_code_is_found_where_the_bucket_gives_it() {
        assert_eq!(code("… 403 Forbidden: <Error><Code>AccessDenied</Code></Error>"), Some("AccessDenied"));
        assert_eq!(
            code("DeleteObjects request failed for key a/b: Access Denied (code: AccessDenied)"),
            Some("AccessDenied")
        );
        assert_eq!(code("error sending request"), None);
        assert_eq!(code("<Code>what? (this)</Code>"), None, "a page of something else is no code");
    }

    #[test]
    fn only_a_missing_object_is_absent() {
        let missing = |text: &str| Error::NotFound { path: "a".into(), source: text.to_owned().into() };
        assert!(is_absent(&missing("<Code>NoSuchKey</Code>")));
        assert!(is_absent(&missing("no such file")));
        assert!(!is_absent(&missing("<Code>NoSuchBucket</Code>")));
        assert!(!is_absent(&generic("<Code>NoSuchKey</Code>")));
    }

    #[test]
    fn the_words_name_the_setting_and_pass_on_nothing_else_of_the_answer() {
        let body = "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>AWS4</StringToSign></Error>";
        let words = said(&format!("non-2xx status code: 403 Forbidden: {body}"));
        assert!(words.contains("RECOUP__OBJECTS__SECRET_ACCESS_KEY") && !words.contains("AWS4"), "{words}");
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
        assert!(said(body).contains("not in the region eu-central-1, but in eu-west-1"), "{}", said(body));
        assert!(said("Received redirect without LOCATION").contains("RECOUP__OBJECTS__REGION"));
        assert!(said("Server returned non-2xx status code: 502 Bad Gateway: <html>").contains("try again later"));
        assert!(said("error sending request").contains("RECOUP__OBJECTS__ENDPOINT"));
    }

    #[test]
    fn a_folder_keeps_the_reason_of_the_machine() {
        let words =
            format!("{:#}", explained(generic("no space left on device"), &Place::Folder("/data/objects".into())));
        assert!(words.contains("/data/objects") && words.contains("no space left on device"), "{words}");
    }
}
