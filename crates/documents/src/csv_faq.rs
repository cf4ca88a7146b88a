//! Tables: questions with answers, or any other table, one row a section.

use crate::outline::{Document, Outline};
use crate::{DocumentError, MAX_TEXT};

const QUESTION: &[&str] =
    &["question", "q", "frage", "pregunta", "domanda", "pergunta", "vraag", "soru", "title", "name"];
const ANSWER: &[&str] =
    &["answer", "a", "antwort", "respuesta", "réponse", "reponse", "risposta", "resposta", "antwoord", "cevap"];

pub(crate) fn parse(text: &str) -> Result<Document, DocumentError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter(text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(|e| malformed(&e))?.iter().map(str::to_lowercase).collect();
    let find = |names: &[&str]| header.iter().position(|h| names.contains(&h.as_str()));
    let (question, answer) = (find(QUESTION), find(ANSWER));
    let original: Vec<String> = reader.headers().map_err(|e| malformed(&e))?.iter().map(str::to_owned).collect();
    let mut outline = Outline::default();
    let mut taken = 0;
    for row in reader.records() {
        let row = row.map_err(|e| malformed(&e))?;
        taken += row.as_slice().len();
        if taken > MAX_TEXT {
            break;
        }
        match (question.and_then(|q| row.get(q)), answer.and_then(|a| row.get(a))) {
            (Some(question), Some(answer)) => outline.faq(question, answer),
            _ => section(&mut outline, &original, &row),
        }
    }
    Ok(outline.finish())
}

/// Any other row: its first cell is the heading, the rest "column: value".
fn section(outline: &mut Outline, header: &[String], row: &csv::StringRecord) {
    let Some(name) = row.get(0).filter(|n| !n.is_empty()) else { return };
    outline.heading(1, name);
    for (column, value) in header.iter().zip(row.iter()).skip(1).filter(|(_, v)| !v.is_empty()) {
        outline.text(&format!("{column}: {value}\n"));
    }
}

fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    [(count('\t'), b'\t'), (count(';'), b';'), (count(','), b',')]
        .into_iter()
        .max_by_key(|(n, _)| *n)
        .map_or(b',', |(_, d)| d)
}

fn malformed(error: &csv::Error) -> DocumentError {
    DocumentError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn question_and_answer_columns_in_any_order() {
        let doc = parse("Answer;x;Question\n\"Yes; free\nparking\";1;Do you park?\n;2;Empty?\n").unwrap();
        assert_eq!(doc.blocks, [Block::Faq { question: "Do you park?".into(), answer: "Yes; free\nparking".into() }]);
    }

    #[test]
    fn a_product_list_becomes_sections() {
        let doc = parse("product,price,size\nTote,$24,M\n").unwrap();
        assert_eq!(doc.blocks, [Block::Section { headings: vec!["Tote".into()], text: "price: $24\nsize: M".into() }]);
    }
}
