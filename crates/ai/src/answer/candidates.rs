//! The part of a chunk that would be quoted: a FAQ's answer, or the sentence that says it with what it leans on.

use crate::retrieval::text::sentences;

use super::apart::Apart;
use super::evidence::{Compared, Coverage, Evidence};
use super::lists::list;

/// A quote is extended while it stays under this many characters.
const QUOTE_CHARS: usize = 320;
/// A sentence shorter than this rarely answers alone.
const SHORT_CHARS: usize = 40;
/// Lines taken after a line that ends with a colon.
const LIST_LINES: usize = 8;

/// A place among the quotes of a chunk, and how well it covers the question together with its headings.
pub(super) struct Quote {
    pub at: usize,
    pub coverage: Coverage,
}

/// The best quote of a chunk for a question; nothing when the chunk has no text.
pub(super) fn quote(apart: &Apart, evidence: &Evidence, compared: &Compared) -> Option<Quote> {
    let heading = compared.best(&apart.heading.words);
    let mut alone = Vec::with_capacity(heading.len());
    let mut best: Option<(usize, f32)> = None;
    for (at, quotable) in apart.quotes.iter().enumerate() {
        let sentence = &quotable.sentence;
        alone.clear();
        alone.resize(heading.len(), 0.0);
        compared.raise(&mut alone, &sentence.words);
        // What the heading says counts for every sentence under it; what the sentence says itself sets it apart.
        let own = evidence.coverage(&alone, sentence.kinds).covered;
        alone.iter_mut().zip(&heading).for_each(|(said, above)| *said = said.max(*above));
        let both = evidence.coverage(&alone, apart.heading.kinds | sentence.kinds);
        let value = both.covered + 0.5 * own + 0.1 * both.expected;
        // On a tie the first sentence wins; it usually introduces the others.
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((at, value));
        }
    }
    let (at, _) = best?;
    let quotable = &apart.quotes[at];
    let piece = quotable.quoted.as_ref().unwrap_or(&quotable.sentence);
    let mut said = heading;
    compared.raise(&mut said, &piece.words);
    Some(Quote { at, coverage: evidence.coverage(&said, apart.heading.kinds | piece.kinds) })
}

/// Bytes of a sentence in its chunk's text.
pub(super) type Span = std::ops::Range<usize>;

/// The sentences of a text.
pub(super) fn spans(text: &str) -> Vec<Span> {
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
pub(super) fn extend(text: &str, spans: &[Span], at: usize) -> Span {
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
    use crate::retrieval::{Chunk, Index};
    use uuid::Uuid;

    fn quoted(text: &str, question: &str) -> String {
        let index = Index::build(vec![Chunk::passage(Uuid::nil(), "en", text)]);
        let (evidence, apart) = (Evidence::new(&index, question, "en"), index.apart(0));
        let best = quote(apart, &evidence, &evidence.compare(apart)).unwrap();
        apart.quote(&index.chunks()[0], best.at).to_owned()
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
