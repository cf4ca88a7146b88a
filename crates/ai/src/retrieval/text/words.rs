//! Words by the Unicode rules (UAX 29), lower-cased the way their language does it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

/// Longest word kept, in characters; a longer run is a key, a link or noise.
const MAX_WORD: usize = 48;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word in lower case, with compatibility forms unified.
    pub lower: String,
    /// Byte offset in the text.
    pub start: usize,
}

/// The words of `text` in order; Han and kana come as overlapping pairs, since they are written without spaces.
pub fn words<'a>(text: &'a str, language: &'a str) -> impl Iterator<Item = Word> + 'a {
    let mut previous: Option<(char, usize)> = None;
    super::bounded(text).unicode_word_indices().flat_map(move |(start, raw)| {
        let mut out = Vec::with_capacity(1);
        let first = raw.chars().next().unwrap_or(' ');
        if is_unspaced(first) {
            for (offset, c) in raw.char_indices() {
                let at = start + offset;
                out.push(match previous {
                    Some((p, end)) if end == at => Word { lower: [p, c].iter().collect(), start: at - p.len_utf8() },
                    _ => Word { lower: c.to_string(), start: at },
                });
                previous = Some((c, at + c.len_utf8()));
            }
            return out;
        }
        previous = None;
        let lower = lower(raw, language);
        let body = without_clitics(&lower, language);
        if !body.is_empty() && body.chars().count() <= MAX_WORD {
            out.push(Word { lower: body.to_owned(), start });
        }
        out
    })
}

fn is_unspaced(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x2FA1F | 0x0E00..=0x0E7F)
}

fn lower(raw: &str, language: &str) -> String {
    if raw.is_ascii() && language != "tr" {
        return raw.to_ascii_lowercase();
    }
    let dotted = matches!(language, "tr" | "az");
    let mut out = String::with_capacity(raw.len());
    for c in raw.nfkc() {
        match c {
            'I' if dotted => out.push('ı'),
            'İ' => out.push('i'),
            '’' | 'ʼ' | '＇' => out.push('\''),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// "clinic's" → "clinic", "l'orario" → "orario", "İstanbul'da" → "istanbul".
fn without_clitics<'a>(word: &'a str, language: &str) -> &'a str {
    let Some((before, after)) = word.split_once('\'') else { return word };
    match language {
        "en" => match after {
            "s" | "" => before,
            _ => word,
        },
        "fr" | "it" | "ca" if before.chars().count() <= 6 && !after.is_empty() => after,
        "tr" => before,
        _ => word,
    }
}

/// Without accents, so that "café" and "cafe" are one term.
pub(super) fn fold(term: &str) -> String {
    if term.is_ascii() {
        return term.to_owned();
    }
    term.nfd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            'ı' => 'i',
            'ø' => 'o',
            'ł' => 'l',
            'đ' => 'd',
            other => other,
        })
        .collect()
}
