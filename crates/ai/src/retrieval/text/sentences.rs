//! Sentences as an answer would quote them.
//!
//! Unicode's own rules split after every abbreviation, so a boundary only counts here when what stands before is not one
//! and what follows looks like a beginning. Lines of lists and tables are sentences of their own.

use unicode_segmentation::UnicodeSegmentation;

const ABBREVIATIONS: &[&str] = &[
    "dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "no.", "nr.", "approx.", "incl.", "excl.", "e.g.", "i.e.", "etc.",
    "vs.", "z.b.", "ca.", "bzw.", "inkl.", "zzgl.", "mind.", "max.", "min.", "str.", "tel.", "sr.", "sra.", "srta.",
    "dra.", "avda.", "núm.", "p.ej.", "mme.", "m.", "bd.", "sig.", "dott.", "a.m.", "p.m.", "u.s.", "jan.", "feb.",
    "aug.", "sept.", "oct.", "nov.", "dec.", "okt.", "dez.",
];

/// The sentences of `text`, trimmed, in order, each a slice of it.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in super::bounded(text).lines() {
        let mut start = 0;
        let mut end = 0;
        for piece in line.split_sentence_bounds() {
            end += piece.len();
            let so_far = line[start..end].trim_end();
            let next = line[end..].chars().next();
            if next.is_none() || !continues(so_far, next) {
                push(&mut out, so_far);
                start = end;
            }
        }
        push(&mut out, &line[start..end]);
    }
    out
}

fn push<'a>(out: &mut Vec<&'a str>, sentence: &'a str) {
    let sentence = sentence.trim();
    if sentence.chars().any(char::is_alphanumeric) {
        out.push(sentence);
    }
}

fn continues(before: &str, next: Option<char>) -> bool {
    if next.is_some_and(char::is_lowercase) {
        return true;
    }
    let Some(last) = before.split_whitespace().next_back() else { return true };
    let last = last.trim_start_matches(['(', '"', '„', '«', '“']).to_lowercase();
    let is_ordinal =
        last.ends_with('.') && last.trim_end_matches('.').bytes().all(|b| b.is_ascii_digit()) && last.len() <= 3;
    let is_initial = last.ends_with('.') && last.chars().count() == 2;
    ABBREVIATIONS.contains(&last.as_str()) || is_ordinal || is_initial
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn abbreviations_and_amounts_do_not_end_a_sentence() {
        let text = "Dr. Reyes sees patients at 9 a.m. on Mondays. Whitening costs $299.50 per visit! Really?";
        assert_eq!(
            sentences(text),
            ["Dr. Reyes sees patients at 9 a.m. on Mondays.", "Whitening costs $299.50 per visit!", "Really?"]
        );
    }

    #[test]
    fn lines_stand_alone() {
        assert_eq!(sentences("Mon–Fri 8:00–18:00\n\nSat 9:00–13:00\n---"), ["Mon–Fri 8:00–18:00", "Sat 9:00–13:00"]);
    }

    #[test]
    fn other_scripts_split_too() {
        assert_eq!(sentences("我们周一开门。周日休息。").len(), 2);
        assert_eq!(sentences("Wir öffnen am 3. Mai. Danach nicht."), ["Wir öffnen am 3. Mai.", "Danach nicht."]);
    }
}
