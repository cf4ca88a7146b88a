//! What a document is made of.

use crate::drawing::{Align, Drawing, Ink};

/// The size of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 210 by 297 mm.
    #[default]
    A4,
    /// 8.5 by 11 inches.
    Letter,
}

impl Paper {
    /// Width and height in points.
    pub(crate) fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// When a document says it was made, in UTC. It comes from the data, so that the same data gives the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day, from 1.
    pub day: u8,
}

/// A document to be laid out and written.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its title: in the window of a reader, and first in the outline.
    pub title: String,
    /// Who it is from.
    pub author: String,
    /// The language of its text, such as `en`.
    pub language: String,
    /// When it was made.
    pub date: Date,
    /// The size of its pages.
    pub paper: Paper,
    /// Stands at the foot of every page, before the page number.
    pub footer: String,
    /// What is in it, in reading order.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// The head of the document, with a line under it.
    Title { text: String, note: String },
    /// The head of a section.
    Heading(String),
    /// A paragraph of more weight: what the page says in a sentence.
    Lead(String),
    /// A paragraph.
    Text(String),
    /// A paragraph of less weight.
    Note(String),
    /// Points.
    List(List),
    /// Points in small print: how something was made, and from what.
    FinePrint(List),
    /// Facts in two columns.
    Facts(Facts),
    /// A paragraph with an address under it that opens.
    Link { text: String, address: String },
    /// Figures beside one another.
    Figures(Vec<KeyFigure>),
    /// Rows and columns; the head is repeated on every page.
    Table(Table),
    /// A chart with its caption.
    Chart { caption: String, drawing: Drawing },
    /// What follows begins on a new page.
    Break,
}

/// Points, one under another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Whether they are counted.
    pub numbered: bool,
    /// What each says.
    pub items: Vec<String>,
}

/// Facts, two beside one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What they are about; stands above them, and may be empty.
    pub caption: String,
    /// Each of them.
    pub facts: Vec<Fact>,
}

/// One fact, in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// How much, at the right; may be empty.
    pub value: String,
    /// What else is to be known; may be empty.
    pub note: String,
}

/// One figure: what, how much, compared with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFigure {
    /// What it is.
    pub label: String,
    /// How much.
    pub value: String,
    /// How it changed; empty for nothing to compare with.
    pub change: String,
    /// What the change means.
    pub tone: Ink,
    /// What else is to be known; may be empty.
    pub note: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// Figures stand at the right, words at the left.
    pub align: Align,
    /// Its part of the width, compared with the other columns.
    pub share: f32,
}

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows; stands above it, and may be empty.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its cells, row by row; a missing cell is empty.
    pub rows: Vec<Vec<String>>,
}
