//! Numbers written in words: "twenty-five", "two hundred and ten thousand".

/// A word of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    /// One to nine.
    Unit(f64),
    /// Ten to nineteen.
    Teen(f64),
    /// Twenty to ninety.
    Tens(f64),
    Hundred,
    /// A dozen, a thousand and what is above.
    Scale(f64),
}

const VOCABULARY: [(&str, Word); 35] = [
    ("one", Word::Unit(1.0)),
    ("two", Word::Unit(2.0)),
    ("three", Word::Unit(3.0)),
    ("four", Word::Unit(4.0)),
    ("five", Word::Unit(5.0)),
    ("six", Word::Unit(6.0)),
    ("seven", Word::Unit(7.0)),
    ("eight", Word::Unit(8.0)),
    ("nine", Word::Unit(9.0)),
    ("ten", Word::Teen(10.0)),
    ("eleven", Word::Teen(11.0)),
    ("twelve", Word::Teen(12.0)),
    ("thirteen", Word::Teen(13.0)),
    ("fourteen", Word::Teen(14.0)),
    ("fifteen", Word::Teen(15.0)),
    ("sixteen", Word::Teen(16.0)),
    ("seventeen", Word::Teen(17.0)),
    ("eighteen", Word::Teen(18.0)),
    ("nineteen", Word::Teen(19.0)),
    ("twenty", Word::Tens(20.0)),
    ("thirty", Word::Tens(30.0)),
    ("forty", Word::Tens(40.0)),
    ("fifty", Word::Tens(50.0)),
    ("sixty", Word::Tens(60.0)),
    ("seventy", Word::Tens(70.0)),
    ("eighty", Word::Tens(80.0)),
    ("ninety", Word::Tens(90.0)),
    ("hundred", Word::Hundred),
    ("dozen", Word::Scale(12.0)),
    ("thousand", Word::Scale(1e3)),
    ("lakh", Word::Scale(1e5)),
    ("million", Word::Scale(1e6)),
    ("crore", Word::Scale(1e7)),
    ("billion", Word::Scale(1e9)),
    ("trillion", Word::Scale(1e12)),
];

/// A number in words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spelled {
    /// What it says.
    pub value: f64,
    /// What rounding may have moved: "two million" may be 2.3 million.
    pub tolerance: f64,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// The longest number in words that begins at a word; none where the word is of no number.
pub(crate) fn spelled(text: &str, start: usize) -> Option<Spelled> {
    let (mut total, mut group, mut tolerance) = (0.0_f64, 0.0_f64, 0.0);
    let (mut at, mut end, mut last) = (start, start, None);
    loop {
        let to = word_end(text, at);
        let Some(next) = named(&text[at..to]).filter(|next| follows(last, *next)) else { break };
        tolerance = 0.0;
        match next {
            Word::Unit(n) | Word::Teen(n) | Word::Tens(n) => group += n,
            Word::Hundred => group = group.max(1.0) * 100.0,
            Word::Scale(n) => {
                total += group.max(1.0) * n;
                group = 0.0;
                tolerance = if n >= 1_000.0 { 0.5 * n } else { 0.0 };
            }
        }
        (last, end) = (Some(next), to);
        let rest = &text[end..];
        let joined = matches!(next, Word::Hundred | Word::Scale(_)) && rest.starts_with(" and ");
        let small = [" ", "-", "\u{2011}", "\u{a0}"].into_iter().find(|gap| rest.starts_with(gap));
        let gap = if joined { Some(" and ") } else { small };
        let Some(gap) = gap else { break };
        at = end + gap.len();
    }
    last.map(|_| Spelled { value: total + group, tolerance, end })
}

/// Whether a text, in lower case, is the beginning of a word of numbers.
pub(crate) fn begins(text: &str) -> bool {
    VOCABULARY.iter().any(|(name, _)| name.starts_with(text))
}

/// Where the word at a place ends.
pub(crate) fn word_end(text: &str, at: usize) -> usize {
    text[at..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| at + length)
}

fn named(word: &str) -> Option<Word> {
    VOCABULARY.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, word)| *word)
}

/// Whether a word goes on with a number after another.
fn follows(last: Option<Word>, next: Word) -> bool {
    let Some(last) = last else { return true };
    match next {
        Word::Scale(_) => !matches!(last, Word::Scale(_)),
        Word::Hundred => matches!(last, Word::Unit(_) | Word::Teen(_)),
        Word::Unit(_) => matches!(last, Word::Tens(_) | Word::Hundred | Word::Scale(_)),
        Word::Teen(_) | Word::Tens(_) => matches!(last, Word::Hundred | Word::Scale(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_together() {
        for (text, value, rest) in [
            ("twenty-five leads", 25, " leads"),
            ("Two hundred and ten thousand", 210_000, ""),
            ("five thousand dollars", 5_000, " dollars"),
            ("a million", 0, "a million"),
            ("million", 1_000_000, ""),
            ("twelve hundred", 1_200, ""),
            ("two dozen", 24, ""),
            ("one thousand and one", 1_001, ""),
            ("six seven", 6, " seven"),
            ("ten and five", 10, " and five"),
            ("leads", 0, "leads"),
        ] {
            let read = spelled(text, 0);
            assert_eq!(read.map_or(0, |read| read.value as i64), value, "{text}");
            assert_eq!(&text[read.map_or(0, |read| read.end)..], rest, "{text}");
        }
    }
}
