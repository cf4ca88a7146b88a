//! `POST /?delete`: up to a thousand keys go at once, each with its own outcome.

use axum::http::HeaderMap;
use axum::response::Response;
use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity};
use quick_xml::events::Event;

use super::errors::{Refused, xml};
use super::{S3, sums};
use crate::server::locked;

const MOST_KEYS: usize = 1000;

pub(super) fn answer(s3: &S3, headers: &HeaderMap, body: &[u8], quirk: Option<&str>) -> Result<Response, Refused> {
    if !sums::is_given(headers) {
        let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
        return Err(Refused::new("InvalidRequest", message));
    }
    if quirk == Some("busy_inside") {
        return Ok(xml(200, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"));
    }
    let asked = Asked::read(body).ok_or_else(|| {
        let message = "The XML you provided was not well-formed or did not validate against our published schema";
        Refused::new("MalformedXML", message)
    })?;
    let kept = quirk.and_then(|quirk| quirk.strip_prefix("keep:"));
    let mut objects = locked(&s3.objects);
    let mut outcomes = String::new();
    for key in asked.keys {
        let name = escape(key.as_str());
        if kept.is_some_and(|kept| key.contains(kept)) {
            outcomes.push_str(&format!(
                "<Error><Key>{name}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            ));
            continue;
        }
        objects.remove(&key);
        if !asked.quiet {
            outcomes.push_str(&format!("<Deleted><Key>{name}</Key></Deleted>"));
        }
    }
    let open = "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    Ok(xml(200, &format!("{open}{outcomes}</DeleteResult>")))
}

/// What a removal asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    keys: Vec<String>,
    /// Whether only what failed is told.
    quiet: bool,
}

impl Asked {
    /// Reads `<Delete><Object><Key>…</Key></Object>…</Delete>`; none for anything else.
    fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
        let (mut asked, mut open, mut text) = (Self::default(), Vec::<String>::new(), String::new());
        loop {
            match reader.read_event().ok()? {
                Event::Eof => break,
                Event::Start(tag) => {
                    open.push(tag.local_name().as_ref().to_owned());
                    text.clear();
                }
                Event::End(_) => {
                    let open_names: Vec<&str> = open.iter().map(String::as_str).collect();
                    match open_names.as_slice() {
                        ["Delete", "Object", "Key"] => asked.keys.push(std::mem::take(&mut text)),
                        ["Delete", "Quiet"] => asked.quiet = text == "true",
                        ["Delete"] | ["Delete", "Object"] => {}
                        _ => return None,
                    }
                    open.pop();
                }
                Event::Text(piece) => text.push_str(&piece),
                Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                    Some(letter) => text.push(letter),
                    None => text.push_str(resolve_xml_entity(&entity)?),
                },
                Event::Decl(_) => {}
                _ => return None,
            }
        }
        (open.is_empty() && (1..=MOST_KEYS).contains(&asked.keys.len())).then_some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_entities() {
        let body = "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <Object><Key>a/b &amp; c</Key></Object><Object><Key>&#233;t&#xE9;</Key></Object>\
                    <Quiet>true</Quiet></Delete>";
        let asked = Asked { keys: vec!["a/b & c".into(), "été".into()], quiet: true };
        assert_eq!(Asked::read(body.as_bytes()), Some(asked));
    }

    #[test]
    fn anything_else_is_malformed() {
        let many = |count: usize| format!("<Delete>{}</Delete>", "<Object><Key>a</Key></Object>".repeat(count));
        assert_eq!(Asked::read(many(1000).as_bytes()).map(|asked| asked.keys.len()), Some(1000));
        for body in [
            many(1001).as_str(),
            "",
            "<Delete></Delete>",
            "<Delete><Object><Key>a</Key></Object>",
            "<Delete><Object><Key>a</Object></Key></Delete>",
            "<Delete><Object><Key>&other;</Key></Object></Delete>",
            "<Remove><Object><Key>a</Key></Object></Remove>",
            "{}",
        ] {
            assert_eq!(Asked::read(body.as_bytes()), None, "{body:.60}");
        }
    }
}
