//! Personal data by pattern and checksum: e-mail addresses, cards, IBANs, social-security numbers and phones.
//!
//! Order matters: what a checksum proves is taken first, and a phone is only what is left.

use serde::{Deserialize, Serialize};

use super::Flag;

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Email,
    Card,
    Iban,
    Ssn,
    Phone,
}

impl Kind {
    pub fn flag(self) -> Flag {
        match self {
            Kind::Email => Flag::Email,
            Kind::Card => Flag::Card,
            Kind::Iban => Flag::Iban,
            Kind::Ssn => Flag::Ssn,
            Kind::Phone => Flag::Phone,
        }
    }
}

/// Personal data at `start..end` (bytes of the text).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// Everything personal in a text, in the order it stands there.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    emails(text, &mut found);
    if text.bytes().filter(u8::is_ascii_digit).count() >= 7 {
        ibans(text, &mut found);
        for run in DigitRuns::new(text) {
            if !found.iter().any(|f| f.start < run.end && run.start < f.end) {
                found.extend(super::numbers::judge(text, &run));
            }
        }
    }
    found.sort_unstable_by_key(|f| f.start);
    found
}

/// The text with every finding replaced by its kind in brackets, for logs and prompts.
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for found in find(text) {
        out.push_str(&text[at..found.start]);
        out.push_str(match found.kind {
            Kind::Email => "[email]",
            Kind::Card => "[card]",
            Kind::Iban => "[iban]",
            Kind::Ssn => "[ssn]",
            Kind::Phone => "[phone]",
        });
        at = found.end;
    }
    out.push_str(&text[at..]);
    out
}

fn emails(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let local = |b: u8| b.is_ascii_alphanumeric() || b"._%+-'".contains(&b) || b >= 0x80;
    let domain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b) || b >= 0x80;
    for (at, _) in text.match_indices('@') {
        let mut start = at;
        while start > 0 && local(bytes[start - 1]) {
            start -= 1;
        }
        while start < at
            && (!bytes[start].is_ascii_alphanumeric() && bytes[start] < 0x80 || !text.is_char_boundary(start))
        {
            start += 1;
        }
        let mut end = at + 1;
        while end < bytes.len() && domain(bytes[end]) {
            end += 1;
        }
        while end > at + 1 && (matches!(bytes[end - 1], b'.' | b'-') || !text.is_char_boundary(end)) {
            end -= 1;
        }
        let host = &text[at + 1..end];
        let top = host.rsplit('.').next().unwrap_or("");
        let named = host.contains('.')
            && !host.contains("..")
            && top.chars().count() >= 2
            && top.chars().all(char::is_alphabetic);
        if start < at && at - start <= 64 && named && !bytes[..start].ends_with(b"@") {
            found.push(Found { kind: Kind::Email, start, end });
        }
    }
}

/// Length of an IBAN by country (SWIFT registry).
const IBAN_LENGTHS: [(&str, usize); 60] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("TR", 26),
];

fn ibans(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    for start in 0..bytes.len().saturating_sub(14) {
        let head = &bytes[start..start + 4];
        let begins = head[0].is_ascii_alphabetic()
            && head[1].is_ascii_alphabetic()
            && head[2].is_ascii_digit()
            && head[3].is_ascii_digit();
        if !begins || start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
            continue;
        }
        let country = [head[0].to_ascii_uppercase(), head[1].to_ascii_uppercase()];
        let Some((_, length)) = IBAN_LENGTHS.iter().find(|(code, _)| code.as_bytes() == country) else { continue };
        if let Some(end) = iban_end(bytes, start, *length) {
            found.push(Found { kind: Kind::Iban, start, end });
        }
    }
}

/// The end of a valid IBAN of `length` characters at `start`; single spaces or dashes may stand between groups.
fn iban_end(bytes: &[u8], start: usize, length: usize) -> Option<usize> {
    let mut characters = Vec::with_capacity(length);
    let mut at = start;
    while characters.len() < length {
        match bytes.get(at)? {
            b if b.is_ascii_alphanumeric() => characters.push(b.to_ascii_uppercase()),
            b' ' | b'-' if bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => return None,
        }
        at += 1;
    }
    if bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    characters.rotate_left(4);
    let remainder = characters.iter().fold(0u32, |rest, c| match c {
        b'0'..=b'9' => (rest * 10 + u32::from(c - b'0')) % 97,
        _ => (rest * 100 + u32::from(c - b'A') + 10) % 97,
    });
    (remainder == 1).then_some(at)
}

/// A run of digits with the separators people write inside numbers.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub start: usize,
    pub end: usize,
    pub digits: String,
    /// Digits of every group, in order.
    pub groups: Vec<usize>,
    pub plus: bool,
    pub bracket: bool,
    /// What stood between the groups.
    pub separators: Vec<u8>,
}

pub(crate) struct DigitRuns<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> DigitRuns<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        DigitRuns { text, at: 0 }
    }
}

impl Iterator for DigitRuns<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && !bytes[self.at].is_ascii_digit() {
            self.at += 1;
        }
        if self.at >= bytes.len() {
            return None;
        }
        let mut start = self.at;
        let bracket_before = start > 0 && bytes[start - 1] == b'(';
        start -= usize::from(bracket_before);
        let plus = start > 0 && bytes[start - 1] == b'+' || bracket_before && bytes.get(start + 1) == Some(&b'+');
        start -= usize::from(plus && bytes[start - 1] == b'+');
        let mut run = Run {
            start,
            end: self.at,
            digits: String::new(),
            groups: vec![0],
            plus,
            bracket: bracket_before,
            separators: Vec::new(),
        };
        while let Some(b) = bytes.get(self.at) {
            if b.is_ascii_digit() {
                run.digits.push(char::from(*b));
                *run.groups.last_mut().expect("a run starts with one group") += 1;
                self.at += 1;
                run.end = self.at;
                continue;
            }
            let Some(next) = separator_end(bytes, self.at) else { break };
            run.bracket |= bytes[self.at..next].contains(&b'(') || bytes[self.at..next].contains(&b')');
            run.separators.push(*b);
            run.groups.push(0);
            self.at = next;
        }
        // A bracket that closes after the number encloses it; only one that closes inside belongs to it.
        if bracket_before && !self.text[run.start..run.end].contains(')') {
            run.start += 1;
            run.bracket = false;
        }
        Some(run)
    }
}

/// Where the digits go on after a separator of at most three characters.
fn separator_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    while end < bytes.len() && end - at < 3 && matches!(bytes[end], b' ' | b'-' | b'.' | b'/' | b'(' | b')') {
        end += 1;
    }
    (end > at && bytes.get(end).is_some_and(u8::is_ascii_digit)).then_some(end)
}
