//! A report in each of its forms. Pure: the same sheet gives the same bytes.

mod chart;
mod letter;
mod page;
mod paper;
mod table;
mod xlsx;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use letter::letter;
pub(crate) use page::View;

use crate::sheet::Sheet;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReportFormat)]
pub(crate) enum Format {
    /// A page that stands alone.
    Html,
    /// For people, to keep and forward.
    Pdf,
    /// Its tables, for programs.
    Csv,
    /// Its tables, for spreadsheets.
    Xlsx,
    /// Everything, for programs.
    Json,
}

/// A file of a report.
pub(crate) struct File {
    /// Its media type.
    pub kind: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Format {
    pub(crate) const ALL: [Self; 5] = [Self::Pdf, Self::Html, Self::Xlsx, Self::Csv, Self::Json];

    /// The word used in the API and the database, and the end of a file's name.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }

    /// What people call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Html => "Page",
            Self::Pdf => "PDF",
            Self::Csv => "CSV",
            Self::Xlsx => "Excel",
            Self::Json => "JSON",
        }
    }

    /// Whether it takes the data out, which not everybody may who may read it.
    pub(crate) const fn is_export(self) -> bool {
        matches!(self, Self::Csv | Self::Xlsx)
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }

    /// The report in this form.
    pub(crate) fn file(self, sheet: &Sheet) -> anyhow::Result<File> {
        let bytes = match self {
            Self::Html => page::alone(sheet)?.into_bytes(),
            Self::Pdf => paper::pdf(sheet)?,
            Self::Csv => table::csv(sheet).into_bytes(),
            Self::Xlsx => xlsx::xlsx(sheet)?,
            Self::Json => serde_json::to_vec_pretty(&sheet.json())?,
        };
        Ok(File { kind: self.kind(), bytes })
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|format| format.word() == word).ok_or(())
    }
}

/// The name of a report's file: `daily-briefing-2026-11-27.pdf`.
pub(crate) fn file_name(sheet: &Sheet, format: Format) -> String {
    let title: String =
        sheet.title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).take(60).collect();
    let title = title.split_whitespace().collect::<Vec<_>>().join("-");
    let title = if title.is_empty() { "report".to_owned() } else { title };
    format!("{title}-{}.{}", sheet.day, format.word())
}
