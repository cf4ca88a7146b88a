//! Deterministic, accessible PDF pages from text, tables, key figures and charts. Stands on nothing of ours.
//!
//! A [`Document`] is a list of [`Block`]s; [`Document::render`] lays them out on A4 or US Letter and writes the file. Rules a
//! newcomer would break: the same document gives the same bytes (no clock, no chance: the date comes from the caller); everything
//! that is read aloud is tagged in reading order, everything else is an artifact; no text can make it fail.
//!
//! The embedded font is Inter (SIL Open Font License, `assets/inter.LICENSE`) in two weights, with Latin, Latin Extended,
//! Vietnamese, Greek, Cyrillic, punctuation, currency signs, arrows and simple shapes. A character of another script (Arabic,
//! Hebrew, Thai, Chinese, Japanese, Korean, emoji …) is drawn as `□`; the file still holds the real text for copying, searching and
//! screen readers.

mod block;
mod drawing;
mod facts;
mod font;
mod keep;
mod layout;
mod link;
mod table;
mod text;
mod write;

pub use block::{Block, Column, Date, Document, Fact, Facts, KeyFigure, List, Paper, Table};
pub use drawing::{Align, Drawing, Ink, Mark};
pub use font::Weight;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the PDF cannot be written: {0}")]
pub struct PdfError(pub(crate) String);
