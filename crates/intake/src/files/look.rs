//! What a file is, from its beginning: layout, columns, a first mapping and the questions it leaves.

use std::path::Path;

use kernel::ids::{RunId, UploadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unpack::{self, Packing};
use crate::csv::columns::{self, Column};
use crate::csv::mapping::{Answers, Mapping, Question};
use crate::csv::propose;
use crate::csv::sniff::{self, Written};

/// How much of a file is looked at.
const LOOKED_AT: usize = 2 << 20;
/// Rows that columns are guessed from.
const ROWS: usize = 5_000;
/// Rows that are shown.
const SHOWN: usize = 8;
/// The most columns of a table.
const WIDEST: usize = 500;

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Layout {
    /// gzip, zip or none.
    pub packing: Packing,
    /// Such as `UTF-8` or `windows-1252`.
    pub encoding: String,
    /// What stands between cells: `,`, `;`, `|` or a tab.
    pub delimiter: String,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// Names that stood more than once: the second is called `… (2)`.
    pub duplicate_headers: Vec<String>,
    /// Bytes of the mark at the beginning of the text.
    #[serde(default)]
    pub mark: usize,
}

impl Layout {
    /// The delimiter as a byte.
    pub fn delimiter(&self) -> u8 {
        self.delimiter.bytes().next().unwrap_or(b',')
    }

    /// How the bytes become text.
    pub fn written(&self) -> Written {
        let encoding = encoding_rs::Encoding::for_label(self.encoding.as_bytes()).unwrap_or(encoding_rs::UTF_8);
        Written { encoding, mark: self.mark }
    }

    /// Whether the file can be read as it lies there.
    pub fn is_plain(&self) -> bool {
        self.packing == Packing::None && self.written().encoding == encoding_rs::UTF_8
    }
}

/// What was seen of a file.
#[derive(Clone, Debug)]
pub struct Look {
    /// How it is written.
    pub layout: Layout,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its first rows.
    pub rows: Vec<Vec<String>>,
}

/// A file as the API shows it before it is read.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PreviewOut {
    /// The file's id: `POST /v2/ingestion/csv/{id}/start` reads it.
    pub id: UploadId,
    /// The name it came with.
    pub name: String,
    /// Its size as it came.
    pub bytes: i64,
    #[serde(flatten)]
    pub layout: Layout,
    /// Its columns with what they seem to hold.
    pub columns: Vec<Column>,
    /// Its first rows.
    pub rows: Vec<Vec<String>>,
    /// A first mapping.
    pub mapping: Mapping,
    /// Whether the columns are fields of a signal by their names.
    pub certain: bool,
    /// What has to be answered before it can be read.
    pub questions: Vec<Question>,
    /// The run, where it was started at once.
    pub job_id: Option<RunId>,
}

/// Looks at a file. The error is for whoever sent it.
pub fn look(path: &Path) -> anyhow::Result<Look> {
    let (first, _) = unpack::beginning(path, Packing::None, 8)?;
    let packing = unpack::packing(&first);
    let (start, whole) = unpack::beginning(path, packing, LOOKED_AT)?;
    let written = sniff::encoding(&start, whole);
    let (text, _) = written.encoding.decode_with_bom_removal(&start);
    let mut text = text.as_bytes();
    if !whole {
        // The last row may be cut.
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(text.len(), |at| at + 1);
        text = &text[..end];
    }
    let delimiter = sniff::delimiter(text);
    let mut rows = Vec::new();
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text);
    for row in reader.byte_records().take(ROWS) {
        let row = row?;
        rows.push(row.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect::<Vec<_>>());
    }
    anyhow::ensure!(!rows.is_empty(), "the file is empty");
    let width = rows[0].len();
    anyhow::ensure!(width <= WIDEST, "the table has more than {WIDEST} columns");
    let has_header = sniff::has_header(&rows);
    let header = if has_header { rows.remove(0) } else { vec![String::new(); width] };
    // Names of columns are kept as text, which holds no NUL.
    let header: Vec<String> = header.into_iter().map(|name| name.replace('\0', "")).collect();
    let (names, duplicate_headers) = sniff::unique(&header);
    let columns = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let cells: Vec<&str> = rows.iter().filter_map(|row| row.get(place)).map(String::as_str).collect();
            columns::look(name, &cells)
        })
        .collect();
    rows.truncate(SHOWN);
    let layout = Layout {
        packing,
        encoding: written.encoding.name().to_owned(),
        delimiter: char::from(delimiter).to_string(),
        has_header,
        duplicate_headers,
        mark: written.mark,
    };
    Ok(Look { layout, columns, rows })
}

impl Look {
    /// A first mapping, whether it is certain, and what it leaves to be answered.
    pub fn proposal(&self, answers: &Answers) -> (Mapping, bool, Vec<Question>) {
        let mapping = propose::mapping(&self.columns);
        let questions = propose::questions(&self.columns, &mapping, answers);
        (mapping, self.layout.has_header && propose::is_certain(&self.columns), questions)
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }
}
