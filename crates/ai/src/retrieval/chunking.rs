//! Cuts a parsed document into chunks: small enough to be about one thing, large enough to stand alone.
//!
//! Cuts fall between sentences, headings go with every chunk under them, and neighbours overlap by a sentence or two so
//! that an answer on the seam is whole in one of them.

use documents::{Block, Document};
use unicode_segmentation::UnicodeSegmentation;

use super::ChunkKind;
use super::text::sentences;

/// A chunk closes when the next sentence would take it over this many words.
const MAX_WORDS: usize = 180;
/// Words repeated from the end of the chunk before.
const OVERLAP_WORDS: usize = 30;
/// A "sentence" longer than this is a table or a wall of text and is cut by words.
const MAX_SENTENCE_WORDS: usize = 180;
/// Between the headings of a chunk.
pub const HEADING_SEPARATOR: &str = " › ";

/// A chunk before it has an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Passage or FAQ.
    pub kind: ChunkKind,
    /// Headings or question.
    pub heading: String,
    /// Text or answer.
    pub text: String,
}

/// The pieces of a document, in order.
pub fn pieces(document: &Document) -> Vec<Piece> {
    let mut out = Vec::new();
    for block in &document.blocks {
        match block {
            Block::Faq { question, answer } => {
                for text in passages(answer) {
                    out.push(Piece { kind: ChunkKind::Faq, heading: question.clone(), text });
                }
            }
            Block::Section { headings, text } => {
                let heading = headings.join(HEADING_SEPARATOR);
                for text in passages(text) {
                    out.push(Piece { kind: ChunkKind::Passage, heading: heading.clone(), text });
                }
            }
        }
    }
    out
}

/// A sentence, the line it stands on, and its length in words.
#[derive(Clone, Copy)]
struct Unit<'a> {
    text: &'a str,
    line: usize,
    words: usize,
}

/// Running text as overlapping passages. Lines are kept, since lists and tables mean something by them.
pub fn passages(text: &str) -> Vec<String> {
    let units: Vec<Unit<'_>> = text.lines().enumerate().flat_map(|(n, line)| units(line, n)).collect();
    let mut out = Vec::new();
    let mut from = 0;
    let mut words = 0;
    let mut fresh = 0;
    for (at, unit) in units.iter().enumerate() {
        if words + unit.words > MAX_WORDS && fresh > 0 {
            out.push(join(&units[from..at]));
            (from, words) = overlap(&units, from, at);
            // An overlap that leaves no room for the next sentence is worth less than the sentence.
            if words + unit.words > MAX_WORDS {
                (from, words) = (at, 0);
            }
            fresh = 0;
        }
        words += unit.words;
        fresh += 1;
    }
    if fresh > 0 {
        out.push(join(&units[from..]));
    }
    out
}

/// How far back the next passage begins, and how many words that is.
fn overlap(units: &[Unit<'_>], from: usize, at: usize) -> (usize, usize) {
    let mut begin = at;
    let mut words = 0;
    while begin > from + 1 && words + units[begin - 1].words <= OVERLAP_WORDS {
        begin -= 1;
        words += units[begin].words;
    }
    (begin, words)
}

/// The sentences of one line.
fn units(line: &str, number: usize) -> Vec<Unit<'_>> {
    let unit = |text: &'_ str| text.unicode_words().count().max(1);
    let mut out = Vec::new();
    for sentence in sentences(line) {
        let words = unit(sentence);
        if words <= MAX_SENTENCE_WORDS {
            out.push(Unit { text: sentence, line: number, words });
            continue;
        }
        let cuts = sentence.unicode_word_indices().map(|(at, _)| at).step_by(MAX_WORDS / 2).skip(1);
        let mut begin = 0;
        for end in cuts.chain([sentence.len()]) {
            let text = sentence[begin..end].trim();
            out.push(Unit { text, line: number, words: unit(text) });
            begin = end;
        }
    }
    out
}

fn join(units: &[Unit<'_>]) -> String {
    let mut out = String::new();
    for (at, unit) in units.iter().enumerate() {
        if at > 0 {
            out.push(if units[at - 1].line == unit.line { ' ' } else { '\n' });
        }
        out.push_str(unit.text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_bounded_overlap_and_lose_nothing() {
        let sentence = |n| format!("Sentence number {n} tells of the {n}th thing that we do here.");
        let text = (0..60).map(sentence).collect::<Vec<_>>().join(" ");
        let cut = passages(&text);
        assert!(cut.len() > 2);
        assert!(cut.iter().all(|p| p.unicode_words().count() <= MAX_WORDS), "{cut:?}");
        for sentence in sentences(&text) {
            assert!(cut.iter().any(|p| p.contains(sentence)), "{sentence} is lost");
        }
        let last = *sentences(&cut[0]).last().unwrap();
        assert!(cut[1].contains(last), "neighbours overlap");
    }

    #[test]
    fn a_wall_of_text_is_cut_by_words() {
        let text = "word ".repeat(1_000);
        let cut = passages(&text);
        assert!(cut.len() >= 5 && cut.iter().all(|p| p.unicode_words().count() <= MAX_WORDS));
        assert!(passages("").is_empty() && passages(" \n\t ").is_empty());
    }

    #[test]
    fn headings_and_questions_come_along() {
        let document = Document {
            title: None,
            blocks: vec![
                Block::Section {
                    headings: vec!["Clinic".into(), "Prices".into()],
                    text: "Whitening: $299\nExam: $80".into(),
                },
                Block::Faq { question: "Do you park?".into(), answer: "Yes. Free.".into() },
            ],
        };
        let pieces = pieces(&document);
        assert_eq!(pieces[0].heading, "Clinic › Prices");
        assert_eq!(pieces[0].text, "Whitening: $299\nExam: $80");
        assert_eq!((pieces[1].kind, pieces[1].text.as_str()), (ChunkKind::Faq, "Yes. Free."));
    }
}
