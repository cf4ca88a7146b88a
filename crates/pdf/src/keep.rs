//! What stays together: a head and the beginning of what it heads.

use crate::block::Block;
use crate::drawing::Drawing;
use crate::layout::{CAPTION, FINE, LEAD, Layout, NOTE, Style, TEXT};
use crate::text;

/// The figures of one row, with three lines of notes.
const FIGURES: f32 = 104.0;
/// Against rounding: what fits by a hair is taken not to fit.
const HAIR: f32 = 1.0;

impl Layout {
    /// The room that the beginning of what comes next needs under its head.
    pub(crate) fn ahead(&self, next: &[Block]) -> f32 {
        let Some((block, rest)) = next.split_first() else { return 0.0 };
        match block {
            Block::Lead(text) => self.paragraph_height(text, LEAD, 12.0) + HAIR,
            // A note says how to read what is under it.
            Block::Note(text) => self.paragraph_height(text, NOTE, 7.0) + self.ahead(rest),
            Block::Text(_) | Block::List(_) => 2.0 * TEXT.leading + HAIR,
            Block::Link { text, address } => {
                self.paragraph_height(text, TEXT, 0.0) + self.paragraph_height(address, TEXT, 0.0) + HAIR
            }
            Block::FinePrint(_) => 2.0 * FINE.leading + HAIR,
            Block::Facts(facts) => self.facts_beginning(facts) + HAIR,
            Block::Figures(_) => FIGURES,
            Block::Table(table) => self.table_beginning(table) + HAIR,
            Block::Chart { drawing, .. } => self.chart_height(drawing) + HAIR,
            Block::Title { .. } | Block::Heading(_) => 48.0,
            Block::Break => 0.0,
        }
    }

    fn paragraph_height(&self, text: &str, style: Style, after: f32) -> f32 {
        text::wrap(text, style.weight, style.size, self.inner()).len() as f32 * style.leading + after
    }

    /// Text in a drawing shrinks with it, so it is made no smaller than it needs to be, and none is made larger.
    pub(crate) fn scale(&self, drawing: &Drawing) -> f32 {
        let room = self.whole() - CAPTION.leading - 20.0;
        (self.inner() / drawing.width).min(room / drawing.height).min(1.0)
    }

    /// The room of a chart with its caption.
    pub(crate) fn chart_height(&self, drawing: &Drawing) -> f32 {
        if drawing.width <= 0.0 || drawing.height <= 0.0 {
            return 0.0;
        }
        CAPTION.leading + drawing.height * self.scale(drawing) + 12.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Column, Date, Document, Fact, Facts, Paper, Table};
    use crate::drawing::{Align, Ink, Mark};

    /// The page of the only heading, and the page where what it heads begins.
    fn pages(lines: usize, headed: Vec<Block>) -> (usize, usize) {
        let mut blocks = vec![Block::Text("x\n".repeat(lines)), Block::Heading("Head".to_owned())];
        blocks.extend(headed);
        let document = Document {
            title: String::new(),
            author: String::new(),
            language: "en".to_owned(),
            date: Date { year: 2026, month: 11, day: 27 },
            paper: Paper::A4,
            footer: String::new(),
            blocks,
        };
        let laid = Layout::of(&document);
        let begins = |mark: &Mark| match mark {
            Mark::Text { text, .. } => text == "Begins",
            Mark::Dot { .. } => true,
            _ => false,
        };
        let page = laid.pages.iter().position(|page| page.iter().flat_map(|piece| &piece.marks).any(begins));
        (laid.outline[0].1, page.expect("it is drawn"))
    }

    #[test]
    fn a_head_is_on_the_page_where_what_it_heads_begins() {
        let column = |name: &str| Column { name: name.to_owned(), align: Align::Left, share: 1.0 };
        let table = Block::Table(Table {
            caption: String::new(),
            columns: vec![column("One"), column("Two")],
            rows: vec![vec!["Begins".to_owned(), "many words ".repeat(40)]],
        });
        let dot = Mark::Dot { x: 5.0, y: 5.0, radius: 2.0, ink: Ink::Won };
        let drawing = Drawing { width: 300.0, height: 200.0, alt: "a dot".to_owned(), marks: vec![dot] };
        let fact = Fact { label: "Begins".to_owned(), value: "1".to_owned(), note: "Words. ".repeat(60) };
        let kinds = [
            vec![table.clone()],
            vec![Block::Note("How to read it.".to_owned()), table],
            vec![Block::Chart { caption: String::new(), drawing }],
            vec![Block::Facts(Facts { caption: "Facts".to_owned(), facts: vec![fact] })],
        ];
        for headed in kinds {
            let mut turned = false;
            for lines in 20..50 {
                let (head, begin) = pages(lines, headed.clone());
                assert_eq!(head, begin, "after {lines} lines: {headed:?}");
                turned |= begin > 0;
            }
            assert!(turned, "it never came near the end of a page");
        }
    }
}
