//! Plain text. Lines that look like headings are taken as such, and "Q: … A: …" pairs as FAQs.

use crate::outline::{Document, Outline};

pub(crate) fn parse(text: &str) -> Document {
    let mut outline = Outline::default();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut at = 0;
    while at < lines.len() {
        if let Some(question) = after(lines[at], &["q:", "question:", "f:", "frage:", "p:", "pregunta:"]) {
            let (answer, next) = answer(&lines, at + 1);
            if let Some(answer) = answer {
                outline.faq(question, &answer);
                at = next;
                continue;
            }
        }
        if is_heading(&lines, at) {
            outline.heading(1, lines[at].trim_end_matches(':'));
        } else {
            outline.text(lines[at]);
            outline.text("\n");
        }
        at += 1;
    }
    outline.finish()
}

fn after<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    marks
        .iter()
        .find_map(|m| line.get(..m.len()).filter(|head| head.eq_ignore_ascii_case(m)).map(|_| line[m.len()..].trim()))
}

/// The answer that follows a question: from "A:" to the next empty line or question.
fn answer(lines: &[&str], mut at: usize) -> (Option<String>, usize) {
    while lines.get(at).is_some_and(|l| l.is_empty()) {
        at += 1;
    }
    let Some(first) = lines.get(at).and_then(|l| after(l, &["a:", "answer:", "antwort:", "r:", "respuesta:"])) else {
        return (None, at);
    };
    let mut out = first.to_owned();
    at += 1;
    while let Some(line) =
        lines.get(at).filter(|l| !l.is_empty() && after(l, &["q:", "question:", "f:", "frage:", "p:"]).is_none())
    {
        out.push('\n');
        out.push_str(line);
        at += 1;
    }
    (Some(out), at)
}

/// A short line after a gap and before text, that does not end like a sentence, or a question alone.
fn is_heading(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    let words = line.split_whitespace().count();
    let gap_before = at == 0 || lines[at - 1].is_empty();
    let text_after = lines[at + 1..].iter().any(|l| !l.is_empty());
    let like_list = line.starts_with(['-', '*', '•', '–']) || line.starts_with(|c: char| c.is_ascii_digit());
    let open_end = !line.ends_with(['.', '!', ',', ';', '。']);
    gap_before && text_after && open_end && !like_list && (1..=10).contains(&words) && {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        line.ends_with('?')
            || line.ends_with(':')
            || next.is_empty()
            || line.chars().all(|c| !c.is_lowercase())
            || words <= 5 && next.ends_with('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn pairs_become_faqs() {
        let doc = parse("Q: Do you park?\nA: Yes.\nIt is free.\n\nq: Cards?\n\na: All of them.");
        assert_eq!(
            doc.blocks,
            [
                Block::Faq { question: "Do you park?".into(), answer: "Yes.\nIt is free.".into() },
                Block::Faq { question: "Cards?".into(), answer: "All of them.".into() },
            ]
        );
    }

    #[test]
    fn short_lines_over_text_are_headings() {
        let doc = parse("OPENING HOURS\nMon to Fri 8:00 to 18:00.\n\nHow do I cancel?\nCall us a day before.\n");
        assert_eq!(
            doc.blocks,
            [
                Block::Section { headings: vec!["OPENING HOURS".into()], text: "Mon to Fri 8:00 to 18:00.".into() },
                Block::Faq { question: "How do I cancel?".into(), answer: "Call us a day before.".into() },
            ]
        );
    }
}
