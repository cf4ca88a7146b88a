//! What a model tells, read while it comes: an object whose `reply` is shown before the object is whole.
//!
//! The members may come in any order: what stands before the reply says whether it is worth showing, what stands after it is known at
//! the end alone.

use serde_json::{Value, json};

/// No more than this is read of one answer, in bytes.
const LONGEST: usize = 32_000;

/// The form that a model is asked for.
pub(super) fn form() -> Value {
    json!({
        "type": "object",
        "properties": {
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "needs_human": {"type": "boolean"},
            "sources": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "reply": {"type": "string"}
        },
        "required": ["confidence", "needs_human", "sources", "reply"],
        "additionalProperties": false
    })
}

/// An answer that comes.
#[derive(Debug, Default)]
pub(super) struct Told {
    raw: String,
    /// Where the reply's words begin, behind its opening quote.
    from: Option<usize>,
    /// Up to where they are read.
    read: usize,
    reply: String,
    whole: bool,
}

/// What a model says of its own answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// It would rather leave this to a person.
    pub needs_human: bool,
    /// How sure it is, 0 to 1, where it says so.
    pub confidence: Option<f32>,
    /// The pieces of knowledge it used, from 1.
    pub sources: Vec<usize>,
}

impl Told {
    /// Takes what came next.
    pub(super) fn push(&mut self, piece: &str) {
        self.raw.push_str(piece);
        if self.from.is_none() {
            let begun = value_at(&self.raw, "reply").filter(|at| self.raw[*at..].starts_with('"'));
            self.from = begun.map(|at| at + 1);
            self.read = self.from.unwrap_or_default();
        }
        if self.from.is_some() && !self.whole {
            self.decode();
        }
    }

    /// The words of the reply so far.
    pub(super) fn reply(&self) -> &str {
        &self.reply
    }

    /// Whether the reply's words came to their end.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether more came than any answer has.
    pub(super) fn is_too_long(&self) -> bool {
        self.raw.len() > LONGEST
    }

    /// What stands before the reply says: known as soon as the reply begins.
    pub(super) fn head(&self) -> Verdict {
        let Some(from) = self.from else { return Verdict::default() };
        let head = &self.raw[..from];
        let value = |name| value_at(head, name).map(|at| &head[at..]);
        let number = |text: &str| {
            let end = text.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(text.len());
            text[..end].parse().ok()
        };
        Verdict {
            needs_human: value("needs_human").is_some_and(|text| text.starts_with("true")),
            confidence: value("confidence").and_then(number),
            sources: Vec::new(),
        }
    }

    /// All that it says of itself; none where the object is not whole.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        let object = self.raw.get(self.raw.find('{')?..=self.raw.rfind('}')?)?;
        let object: Value = serde_json::from_str(object).ok()?;
        let sources = object["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
        Some(Verdict {
            needs_human: object["needs_human"].as_bool().unwrap_or_default(),
            confidence: object["confidence"].as_f64().map(|value| value as f32),
            sources: sources.iter().filter_map(|number| usize::try_from(number.as_u64()?).ok()).collect(),
        })
    }

    fn decode(&mut self) {
        while let Some(character) = self.raw[self.read..].chars().next() {
            match character {
                '"' => {
                    self.whole = true;
                    self.read += 1;
                    return;
                }
                '\\' => match escaped(&self.raw[self.read..]) {
                    Some((character, length)) => {
                        self.reply.push(character);
                        self.read += length;
                    }
                    // The rest of it comes with the next piece.
                    None => return,
                },
                character => {
                    self.reply.push(character);
                    self.read += character.len_utf8();
                }
            }
        }
    }
}

/// Where the value of a member begins.
fn value_at(raw: &str, name: &str) -> Option<usize> {
    let key = format!("\"{name}\"");
    raw.match_indices(&key).find_map(|(at, _)| {
        let rest = raw[at + key.len()..].trim_start().strip_prefix(':')?.trim_start();
        (!rest.is_empty()).then(|| raw.len() - rest.len())
    })
}

/// The character of an escape at the beginning of a text, and its length; none where it is not whole.
fn escaped(text: &str) -> Option<(char, usize)> {
    let sign = text[1..].chars().next()?;
    Some(match sign {
        'n' => ('\n', 2),
        't' => ('\t', 2),
        'r' => ('\r', 2),
        'b' => ('\u{8}', 2),
        'f' => ('\u{c}', 2),
        'u' => return unicode(text),
        other => (other, 1 + other.len_utf8()),
    })
}

/// `\u0041`, or two of them for one character; what is none is a replacement character.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |from: usize| Some(u32::from_str_radix(text.get(from..from + 4)?, 16).unwrap_or(0xFFFD));
    let first = unit(2)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first).unwrap_or('\u{fffd}'), 6));
    }
    let rest = &text[6..];
    if !rest.starts_with("\\u") && !"\\u".starts_with(rest) {
        return Some(('\u{fffd}', 6));
    }
    let second = unit(8)?;
    if !(0xDC00..0xE000).contains(&second) {
        return Some(('\u{fffd}', 6));
    }
    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    Some((char::from_u32(code).unwrap_or('\u{fffd}'), 12))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(raw: &str) -> Told {
        let mut told = Told::default();
        told.push(raw);
        told
    }

    #[test]
    fn the_reply_is_read_before_the_object_is_whole() {
        let mut one = Told::default();
        one.push("```json\n{\"confidence\": 0.9, \"needs_human\": false, \"re");
        assert_eq!((one.reply(), one.is_whole()), ("", false));
        one.push("ply\": \"Yes. You can \\");
        assert_eq!(one.reply(), "Yes. You can ");
        one.push("\"stop\\\" at any time.\\nReally");
        assert_eq!((one.reply(), one.is_whole()), ("Yes. You can \"stop\" at any time.\nReally", false));
        assert_eq!(one.head(), Verdict { confidence: Some(0.9), ..Verdict::default() });
        assert_eq!(one.verdict(), None);
        one.push("\", \"sources\": [1, 3]}\n```");
        assert!(one.is_whole());
        assert_eq!(one.verdict().expect("it is whole").sources, [1, 3]);
    }

    #[test]
    fn what_is_no_object_has_no_reply() {
        for raw in ["", "I am sorry, I cannot help with that.", "{\"reply\": 7}", "{\"reply\"", "\"reply\" is a word"] {
            assert_eq!((told(raw).reply(), told(raw).is_whole()), ("", false), "{raw}");
        }
        assert!(told("{\"needs_human\":true,\"reply\":\"A person").head().needs_human);
    }

    #[test]
    fn broken_escapes_are_no_trap() {
        assert_eq!(
            told("{\"reply\":\"a\\ud83d\\ude42b\\ud83dc\\udc00d\\uZZZZe\"}").reply(),
            "a🙂b\u{fffd}c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(told("{\"reply\":\"a\\ud83d").reply(), "a", "its other half may come");
        assert_eq!(told("{\"reply\":\"a\\ud83d\\").reply(), "a");
        assert_eq!(told("{\"reply\":\"a\\u00").reply(), "a");
    }

    proptest! {
        /// However it is cut, the words are those of the whole, and they only grow.
        #[test]
        fn pieces_read_as_the_whole(text in ".{0,80}", ascii in any::<bool>(), cuts in prop::collection::vec(1_usize..7, 1..60)) {
            let mut raw = json!({"needs_human": false, "reply": text, "sources": [2]}).to_string();
            if ascii {
                let units = |one: char| {
                    let mut out = String::new();
                    for unit in one.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                    out
                };
                raw = raw.chars().map(|one| if one.is_ascii() { one.to_string() } else { units(one) }).collect();
            }
            let (mut whole, mut rest, mut cuts) = (Told::default(), raw.as_str(), cuts.into_iter().cycle());
            let mut before = String::new();
            while !rest.is_empty() {
                let length: usize = rest.chars().take(cuts.next().unwrap_or(1)).map(char::len_utf8).sum();
                let (piece, left) = rest.split_at(length);
                whole.push(piece);
                prop_assert!(whole.reply().starts_with(&before));
                before = whole.reply().to_owned();
                rest = left;
            }
            prop_assert_eq!(whole.reply(), text);
            prop_assert!(whole.is_whole());
            prop_assert_eq!(whole.verdict().expect("it is whole").sources, vec![2]);
        }
    }
}
