//! Reading JSON that other systems wrote. A field that is missing or has an unexpected type reads as absent: one odd
//! field must not cost a customer's message. Texts are made storable here: PostgreSQL cannot keep NUL.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::channel::Raw;

/// The longest event key kept as it is; a longer one is replaced by its digest.
const LONGEST_KEY: usize = 200;
/// Names longer than this are cut.
const LONGEST_NAME: usize = 256;

/// A non-empty text.
pub fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(storable)
}

/// A person's or account's name, trimmed and of bounded length.
pub fn name(value: &Value) -> Option<String> {
    let name = text(value)?;
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    (!name.is_empty()).then_some(name)
}

/// An identifier, which some platforms write as a number.
pub fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(_) => text(value),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An instant in seconds or milliseconds since the epoch, as a number or as text. Implausible ones read as absent.
pub fn instant(value: &Value) -> Option<DateTime<Utc>> {
    instant_of(value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())?)
}

/// An instant in seconds or milliseconds since the epoch. Implausible ones read as absent.
pub fn instant_of(number: i64) -> Option<DateTime<Utc>> {
    // 10^11 is the year 5138 in seconds and 1973 in milliseconds.
    let millis = if number.unsigned_abs() < 100_000_000_000 { number.checked_mul(1000)? } else { number };
    // 2005 to 2200: no platform existed before, and databases have limits after.
    (1_104_537_600_000..7_258_118_400_000).contains(&millis).then(|| DateTime::from_timestamp_millis(millis))?
}

/// An identifier that stands alone; empty when it is none. Nearly always it is a text without escapes, which is taken as it is.
pub fn raw_id(raw: Option<&RawValue>) -> Cow<'_, str> {
    let Some(raw) = raw else { return Cow::default() };
    match raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => Cow::Borrowed(text),
        _ => Cow::Owned(read(raw.get()).as_ref().and_then(id).unwrap_or_default()),
    }
}

/// An instant that stands alone, nearly always as a number.
pub fn raw_instant(raw: Option<&RawValue>) -> Option<DateTime<Utc>> {
    let raw = raw?.get();
    match raw.parse::<i64>() {
        Ok(number) => instant_of(number),
        Err(_) => read(raw).as_ref().and_then(instant),
    }
}

/// A text as it was read, when it is not empty.
pub fn words(text: Cow<'_, str>) -> Option<String> {
    (!text.is_empty()).then(|| if text.contains('\0') { storable(&text) } else { text.into_owned() })
}

/// Every element of an array; nothing when it is no array.
pub fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or(&[] as &[Value], Vec::as_slice).iter()
}

fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// Reads one event. A half emoji (a lone surrogate escape), which strict JSON refuses, becomes U+FFFD.
pub fn read(raw: &str) -> Option<Value> {
    serde_json::from_str(raw).ok().or_else(|| serde_json::from_str(&without_lone_surrogates(raw)?).ok())
}

/// The JSON with each lone surrogate escape replaced, or `None` when there is none.
fn without_lone_surrogates(raw: &str) -> Option<String> {
    let bytes = raw.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut changed = false;
    let mut at = 0;
    while at < bytes.len() {
        let (take, lone) = match (bytes[at], unit(at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => (12, false),
            (b'\\', Some(0xD800..=0xDFFF)) => (6, true),
            (b'\\', _) => (2, false),
            _ => (1, false),
        };
        let end = (at + take).min(bytes.len());
        if lone {
            out.extend_from_slice(b"\\ufffd");
            changed = true;
        } else {
            out.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    if changed { String::from_utf8(out).ok() } else { None }
}

/// An event key from its parts: readable while it is short, a digest when it is not.
pub fn key(kind: &str, parts: &[&str]) -> String {
    let length = parts.iter().fold(kind.len(), |length, part| length + 1 + part.len());
    let mut key = String::with_capacity(length);
    key.push_str(kind);
    for part in parts {
        key.push(':');
        key.push_str(part);
    }
    if key.len() <= LONGEST_KEY && !key.contains('\0') { key } else { format!("{kind}:{}", fingerprint(&key)) }
}

/// The first half of a SHA-256, in hex: enough to tell events apart.
pub fn fingerprint(text: &str) -> String {
    hex::encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

/// JSON composed of pieces that are JSON themselves.
pub fn compose(json: String) -> Raw {
    Raw::of(json)
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A raw piece, or `null`.
pub fn or_null(piece: Option<&RawValue>) -> &str {
    piece.map_or("null", RawValue::get)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_and_instants_are_read_as_numbers_and_as_text() {
        assert_eq!(id(&json!(263_902_037_430_900_u64)), Some("263902037430900".into()));
        assert_eq!(id(&json!("US.12")), Some("US.12".into()));
        assert_eq!((id(&json!("")), id(&json!({}))), (None, None));
        for value in [json!(1_787_212_345), json!("1787212345"), json!(1_787_212_345_000_i64), json!("1787212345000")] {
            assert_eq!(instant(&value).map(|at| at.timestamp()), Some(1_787_212_345), "{value}");
        }
        for value in [json!(-1), json!(0), json!(i64::MAX), json!(i64::MIN), json!("x"), json!(1.5), json!(null)] {
            assert_eq!(instant(&value), None, "{value}");
        }
    }

    #[test]
    fn what_stands_alone_reads_as_it_does_among_others() {
        let texts =
            [r#""12""#, r#""""#, r#""a\u0062c""#, r#""a\\""#, r#""a\u0000b""#, r#""\ud83d""#, r#""1787212345""#];
        let numbers = ["12", "-0", "-5", "1.5", "1e3", "1787212345", "1787212345678", "99999999999999999999"];
        for json in [&texts[..], &numbers, &["true", "null", "[]", "{}", r#"" 1787212345 ""#]].concat() {
            let raw: &RawValue = serde_json::from_str(json).expect("JSON");
            let value = read(json).expect("JSON");
            assert_eq!(raw_id(Some(raw)), id(&value).unwrap_or_default(), "{json}");
            assert_eq!(raw_instant(Some(raw)), instant(&value), "{json}");
        }
        assert_eq!((raw_id(None), raw_instant(None)), (Cow::default(), None));
        assert_eq!(words("a\0b".into()), text(&json!("a\0b")));
        assert_eq!((words("".into()), words("a".into())), (None, Some("a".to_owned())));
    }

    #[test]
    fn nul_becomes_a_replacement_and_half_an_emoji_too() {
        assert_eq!(text(&json!("a\0b")).as_deref(), Some("a\u{fffd}b"));
        let half = read(r#"{"text":"hi \ud83d","ok":"\ud83d\ude00","slash":"\\ud83d"}"#).expect("readable");
        assert_eq!(half["text"], "hi \u{fffd}");
        assert_eq!(half["ok"], "😀");
        assert_eq!(half["slash"], "\\ud83d");
        assert!(read(r#"{"text":"#).is_none());
    }

    #[test]
    fn keys_are_readable_or_bounded() {
        assert_eq!(key("msg", &["m_1"]), "msg:m_1");
        let long = key("msg", &[&"x".repeat(5000)]);
        assert!(long.len() < 60 && long.starts_with("msg:"), "{long}");
        assert_ne!(long, key("msg", &[&"x".repeat(5001)]));
    }
}
