//! Text, headings and questions out of the files a business already has: Markdown, plain text, HTML, CSV, PDF and DOCX.
//!
//! Files come from strangers. Every parser works on at most [`MAX_FILE`] bytes, gives at most [`MAX_TEXT`] bytes of text,
//! bounds what it unpacks, and answers a broken file with an error that a person can act on, never with a panic.

mod csv_faq;
mod docx;
mod html;
mod kind;
mod markdown;
mod outline;
mod pdf;
mod plain;

pub use kind::FileKind;
pub use outline::{Block, Document};

/// Largest file that is read, in bytes.
pub const MAX_FILE: usize = 20 * 1024 * 1024;
/// Most text taken from one file, in bytes.
pub const MAX_TEXT: usize = 4 * 1024 * 1024;
/// Most bytes a compressed part may unpack to.
pub(crate) const MAX_UNPACKED: usize = 32 * 1024 * 1024;

/// Why a file could not be read; the text is meant for the person who uploaded it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DocumentError {
    /// The file is larger than [`MAX_FILE`].
    #[error("the file is larger than 20 MB")]
    TooLarge,
    /// A part of the file unpacks to more than is reasonable.
    #[error("the file unpacks to more than 32 MB")]
    UnpacksTooLarge,
    /// The kind of file is not one that Recoup reads.
    #[error("this kind of file is not supported; use PDF, DOCX, HTML, Markdown, TXT or CSV")]
    UnknownKind,
    /// There is no text in it, as in a scanned page.
    #[error("there is no text in the file; a scanned page must be turned into text first")]
    NoText,
    /// The file needs a password.
    #[error("the file is protected by a password")]
    Encrypted,
    /// The file does not follow its format.
    #[error("the file is damaged: {0}")]
    Malformed(String),
}

/// Reads a file of a known kind.
///
/// # Errors
/// See [`DocumentError`]; the same bytes always give the same answer.
pub fn parse(kind: FileKind, bytes: &[u8]) -> Result<Document, DocumentError> {
    if bytes.len() > MAX_FILE {
        return Err(DocumentError::TooLarge);
    }
    let document = match kind {
        FileKind::Markdown => markdown::parse(&kind::text(bytes)),
        FileKind::Text => plain::parse(&kind::text(bytes)),
        FileKind::Html => html::parse(&kind::text(bytes)),
        FileKind::Csv => csv_faq::parse(&kind::text(bytes))?,
        FileKind::Pdf => pdf::parse(bytes)?,
        FileKind::Docx => docx::parse(bytes)?,
    };
    if document.blocks.is_empty() { Err(DocumentError::NoText) } else { Ok(document) }
}
