//! The part of a chunk that would be quoted: a FAQ's answer, or the sentence that says it with what it leans on.

use crate::retrieval::text::{Analyzer, sentences};
use crate::retrieval::{Chunk, ChunkKind};

use super::evidence::{Compared, Coverage, Evidence};
use super::lists::list;

/// A quote is extended while it stays under this many characters.
const QUOTE_CHARS: usize = 320;
/// A sentence shorter than this rarely answers alone.
const SHORT_CHARS: usize = 40;
/// Lines taken after a line that ends with a colon.
const LIST_LINES: usize = 8;

/// A verbatim piece of a chunk's text, and how well it covers the question together with its headings.
pub(super) struct Quote {
    pub text: String,
    pub coverage: Coverage,
}

/// The best quote of a chunk for a question.
pub(super) fn quote(chunk: &Chunk, evidence: &Evidence, compared: &Compared, analyzer: &Analyzer) -> Quote {
    let covers = |text: &str| evidence.coverage(&[&chunk.heading, text], compared, analyzer);
    if chunk.kind == ChunkKind::Faq {
        return Quote { text: chunk.text.trim().to_owned(), coverage: covers(&chunk.text) };
    }
    let spans = spans(&chunk.text);
    // What the heading says counts for every sentence under it; what the sentence says itself sets it apart.
    let value = |text: &str| {
        let alone = evidence.coverage(&[text], compared, analyzer);
        let c = covers(text);
        c.covered + 0.5 * alone.covered + 0.1 * c.expected
    };
    let best = spans
        .iter()
        .enumerate()
        .map(|(at, span)| (at, value(&chunk.text[span.clone()])))
        // On a tie the first sentence wins; it usually introduces the others.
        .fold(None::<(usize, f32)>, |best, next| match best {
            Some(b) if b.1 >= next.1 => Some(b),
            _ => Some(next),
        });
    let Some((at, _)) = best else { return Quote { text: String::new(), coverage: Coverage::default() } };
    let range = extend(&chunk.text, &spans, at);
    let text = chunk.text[range].trim().to_owned();
    let coverage = covers(&text);
    Quote { text, coverage }
}

type Span = std::ops::Range<usize>;

fn spans(text: &str) -> Vec<Span> {
    let mut from = 0;
    let mut out = Vec::new();
    for sentence in sentences(text) {
        let Some(at) = text[from..].find(sentence) else { continue };
        out.push(from + at..from + at + sentence.len());
        from += at + sentence.len();
    }
    out
}

/// Grows a sentence by what it leans on, by the list it announces, or by a neighbour when it is very short.
fn extend(text: &str, spans: &[Span], at: usize) -> Span {
    let (mut first, mut last) = (at, at);
    let chars = |first: usize, last: usize| text[spans[first].start..spans[last].end].chars().count();
    let same_line = |a: usize, b: usize| !text[spans[a].end..spans[b].start].contains('\n');
    if first > 0 && leans(&text[spans[first].clone()]) && chars(first - 1, last) <= QUOTE_CHARS {
        first -= 1;
    }
    if text[spans[last].clone()].ends_with(':') {
        while last + 1 < spans.len() && last - at < LIST_LINES && chars(first, last + 1) <= 2 * QUOTE_CHARS {
            last += 1;
        }
    }
    while last + 1 < spans.len() && chars(first, last + 1) <= QUOTE_CHARS && same_line(last, last + 1) {
        let short = chars(first, last) < SHORT_CHARS;
        if !short && !leans(&text[spans[last + 1].clone()]) {
            break;
        }
        last += 1;
    }
    spans[first].start..spans[last].end
}

/// Whether a sentence begins with a word that leans on the one before.
fn leans(sentence: &str) -> bool {
    let first =
        sentence.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()).unwrap_or_default().to_lowercase();
    list("leaning").contains(&first.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::Index;
    use uuid::Uuid;

    fn quoted(text: &str, question: &str) -> String {
        let chunk = Chunk::passage(Uuid::nil(), "en", text);
        let index = Index::build(vec![chunk.clone()]);
        let (evidence, analyzer) = (Evidence::new(&index, question, "en"), Analyzer::new("en"));
        let compared = evidence.compare(&[text], &analyzer);
        quote(&chunk, &evidence, &compared, &analyzer).text
    }

    #[test]
    fn the_sentence_that_says_it_is_quoted() {
        let text = "We are a family clinic with twelve chairs in the old harbour. Whitening costs $299 for one visit, with the gel included. We also do crowns and bridges in our own laboratory.";
        assert_eq!(
            quoted(text, "How much is whitening?"),
            "Whitening costs $299 for one visit, with the gel included."
        );
    }

    #[test]
    fn what_it_leans_on_comes_along() {
        let text = "Our night guard is made from a scan of your teeth and fits within a week. It costs $180 and lasts about three years on average. We are closed in August.";
        assert!(quoted(text, "What does it cost?").starts_with("Our night guard"));
    }

    #[test]
    fn a_list_follows_its_announcement() {
        let text = "We accept these insurance plans:\nDelta Dental\nCigna\nAetna\n";
        assert!(quoted(text, "Which insurance plans do you accept?").ends_with("Aetna"));
    }
}
