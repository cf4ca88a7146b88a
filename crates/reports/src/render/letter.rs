//! A report as a letter: what matters in words, the files attached, a link to the page.

use kernel::mail::{Attachment, Letter, one_line};

use super::{File, Format, file_name};
use crate::sheet::{Figure, Part, Sheet, change_words};

/// The letter to one person. Evidence stays in the files.
pub(crate) fn letter(sheet: &Sheet, to: &str, link: &str, formats: &[Format]) -> anyhow::Result<Letter> {
    let mut letter = Letter::new(to, subject(sheet)).say(&sheet.note);
    for part in sheet.parts.iter().take_while(|part| **part != Part::Break) {
        letter = match part {
            Part::Lead(text) | Part::Note(text) => letter.say(text),
            Part::Heading(text) => letter.head(text),
            Part::Points(points) => {
                let items: Vec<String> = points.items.iter().map(|point| point.text.clone()).collect();
                letter.points(&items)
            }
            Part::Figures(figures) => {
                let lines: Vec<(&str, String)> =
                    figures.iter().map(|figure| (figure.label.as_str(), said(figure, &sheet.currency))).collect();
                let lines: Vec<(&str, &str)> = lines.iter().map(|(label, said)| (*label, said.as_str())).collect();
                letter.facts(&lines)
            }
            Part::Table(_) | Part::Chart(_) | Part::Break => letter,
        };
    }
    letter = letter.link("Open it in Recoup", link);
    for format in formats {
        let File { kind, bytes } = format.file(sheet)?;
        letter = letter.attach(Attachment::new(file_name(sheet, *format), kind, &bytes));
    }
    Ok(letter)
}

fn subject(sheet: &Sheet) -> String {
    one_line(&format!("{}: {}, {}", sheet.org, sheet.title, sheet.day.format("%A %-d %B")), 150)
}

fn said(figure: &Figure, currency: &str) -> String {
    let mut said = figure.value.words(currency);
    let change = change_words(&figure.change, currency);
    if !change.is_empty() {
        said = format!("{said} ({change})");
    }
    if !figure.note.is_empty() {
        said = format!("{said}, {}", figure.note);
    }
    said
}
