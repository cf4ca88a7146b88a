//! A letter as it arrived, and what its reader sees of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Headers that stand in every letter, and not twice (RFC 5322, 3.6).
const ONCE: [&str; 5] = ["from", "to", "subject", "date", "message-id"];
/// How deep parts may be nested.
const DEEPEST: usize = 8;

/// A letter that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// Counts from 1.
    pub number: u64,
    /// When, in milliseconds since 1970 on the stand-in's clock.
    pub at_ms: i64,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The headers in order, unfolded and decoded, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The plain text, with `\n`.
    pub text: String,
    /// The HTML, with `\n`.
    pub html: String,
    /// As it came over the wire.
    pub raw: String,
}

impl Letter {
    pub(super) fn read(number: u64, at_ms: i64, from: &str, to: &[String], raw: &[u8]) -> Result<Self, String> {
        let raw = String::from_utf8(raw.to_vec()).map_err(|_| "not UTF-8".to_owned())?;
        let entity = Entity::read(&raw);
        for name in ONCE {
            match entity.headers.iter().filter(|(header, _)| header == name).count() {
                1 => {}
                0 => return Err(format!("no {name} header")),
                _ => return Err(format!("{name} header twice")),
            }
        }
        let (mut text, mut html) = (String::new(), String::new());
        entity.collect(&mut text, &mut html, 0);
        Ok(Self { number, at_ms, from: from.to_owned(), to: to.to_vec(), headers: entity.headers, text, html, raw })
    }

    /// One header's value; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// What it is about.
    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    /// The addresses of links in the plain text, in order.
    pub fn links(&self) -> Vec<String> {
        let links =
            self.text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"));
        links.map(ToOwned::to_owned).collect()
    }
}

/// A message or one of its parts.
struct Entity {
    headers: Vec<(String, String)>,
    body: String,
}

impl Entity {
    fn read(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers = unfolded
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), decode_words(value.trim())))
            .collect();
        Self { headers, body: body.to_owned() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(header, _)| header == name).map_or("", |(_, value)| value)
    }

    fn collect(&self, text: &mut String, html: &mut String, depth: usize) {
        let kind = self.header("content-type");
        let lower = kind.to_ascii_lowercase();
        if lower.starts_with("multipart/") && depth < DEEPEST {
            let Some(boundary) = parameter(kind, "boundary") else { return };
            for part in parts(&self.body, &boundary) {
                Self::read(part).collect(text, html, depth + 1);
            }
        } else if lower.starts_with("text/html") {
            html.push_str(&self.decoded());
        } else if !self.header("content-disposition").to_ascii_lowercase().starts_with("attachment") {
            text.push_str(&self.decoded());
        }
    }

    fn decoded(&self) -> String {
        let body = self.body.trim_end_matches("\r\n");
        let bytes = match self.header("content-transfer-encoding").to_ascii_lowercase().as_str() {
            "base64" => STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap_or_default(),
            "quoted-printable" => unquoted(&body.replace("=\r\n", ""), false),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

fn parts<'a>(body: &'a str, boundary: &str) -> Vec<&'a str> {
    let line = format!("--{boundary}");
    let pieces = body.split(line.as_str()).skip(1);
    pieces.take_while(|piece| !piece.starts_with("--")).filter_map(|piece| piece.strip_prefix("\r\n")).collect()
}

fn parameter(header: &str, name: &str) -> Option<String> {
    let found = header.split(';').skip(1).filter_map(|pair| pair.trim().split_once('='));
    let mut found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Encoded words of headers (RFC 2047), UTF-8 alone.
fn decode_words(value: &str) -> String {
    let (mut out, mut rest, mut after_word) = (String::new(), value, false);
    while let Some(at) = rest.find("=?") {
        let (before, word) = rest.split_at(at);
        let Some((decoded, remaining)) = encoded_word(word) else { break };
        // The space between two encoded words belongs to neither.
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&decoded);
        (rest, after_word) = (remaining, true);
    }
    out.push_str(rest);
    out
}

fn encoded_word(word: &str) -> Option<(String, &str)> {
    let (charset, rest) = word.strip_prefix("=?")?.split_once('?')?;
    let (kind, rest) = rest.split_once('?')?;
    let (text, rest) = rest.split_once("?=")?;
    let bytes = match (charset.to_ascii_lowercase().as_str(), kind) {
        ("utf-8", "b" | "B") => STANDARD.decode(text).ok()?,
        ("utf-8", "q" | "Q") => unquoted(text, true),
        _ => return None,
    };
    Some((String::from_utf8_lossy(&bytes).into_owned(), rest))
}

fn unquoted(text: &str, header: bool) -> Vec<u8> {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        match byte {
            b'=' => {
                let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                if let (Some(high), Some(low)) = (digit(), digit()) {
                    out.push((high * 16 + low) as u8);
                }
            }
            b'_' if header => out.push(b' '),
            byte => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "From: a@example.com\r\nTo: b@example.com\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@x>\r\n";

    fn read(rest: &str) -> Result<Letter, String> {
        Letter::read(1, 0, "a@example.com", &["b@example.com".to_owned()], format!("{HEAD}{rest}").as_bytes())
    }

    #[test]
    fn both_parts_and_folded_encoded_headers_are_read() {
        let letter = read(
            "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?q?_aus_K=C3=B6ln?= for you\r\n\
             Content-Type: multipart/alternative;\r\n boundary=\"xyz\"\r\n\r\n--xyz\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
             Ja=\r\n, =C3=BC\r\nhttps://recoup.example/a?b=3D1\r\n--xyz\r\n\
             Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+SmE8L3A+\r\n--xyz--\r\n",
        )
        .expect("a letter");
        assert_eq!(letter.subject(), "Grüße aus Köln for you");
        assert_eq!(letter.text, "Ja, ü\nhttps://recoup.example/a?b=1");
        assert_eq!(letter.html, "<p>Ja</p>");
        assert_eq!(letter.links(), ["https://recoup.example/a?b=1"]);
    }

    #[test]
    fn a_header_that_lacks_or_stands_twice_bounces() {
        assert_eq!(read("\r\nHello").expect_err("no subject"), "no subject header");
        assert_eq!(read("Subject: a\r\nSubject: b\r\n\r\n").expect_err("two"), "subject header twice");
    }
}
