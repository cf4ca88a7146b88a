//! What a file is, from its name and its first bytes, and its text when it is one.

use crate::DocumentError;

/// The kinds of files that knowledge is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
    /// A web page.
    Html,
    /// A table of questions and answers, or of products.
    Csv,
    /// Portable Document Format.
    Pdf,
    /// A word processor's document (Office Open XML).
    Docx,
}

impl FileKind {
    /// Reads the kind from the file name, and trusts the content over the name where they disagree.
    ///
    /// # Errors
    /// [`DocumentError::UnknownKind`] for every other kind of file, old `.doc` included.
    pub fn detect(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        let head = &bytes[..bytes.len().min(1024)];
        if head.windows(5).any(|w| w == b"%PDF-") {
            return Ok(Self::Pdf);
        }
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
        if head.starts_with(b"PK\x03\x04") {
            return if extension == "docx" { Ok(Self::Docx) } else { Err(DocumentError::UnknownKind) };
        }
        match extension.as_str() {
            "md" | "markdown" => Ok(Self::Markdown),
            "txt" | "text" => Ok(Self::Text),
            "html" | "htm" | "xhtml" => Ok(Self::Html),
            "csv" | "tsv" => Ok(Self::Csv),
            "pdf" => Err(DocumentError::Malformed("it does not begin like a PDF".to_owned())),
            "docx" => Err(DocumentError::Malformed("it does not begin like a DOCX".to_owned())),
            _ => Err(DocumentError::UnknownKind),
        }
    }
}

/// Text of unknown encoding: UTF-16 by its mark, otherwise UTF-8, otherwise Windows-1252's Latin part.
pub(crate) fn text(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().map(|b| windows_1252(*b)).collect(),
            }
        }
    };
    text.replace('\0', "")
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    char::decode_utf16(bytes.as_chunks::<2>().0.iter().map(|b| read(*b))).map(|c| c.unwrap_or('\u{FFFD}')).collect()
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '–',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wins_over_the_name() {
        assert_eq!(FileKind::detect("a.txt", b"%PDF-1.7\n"), Ok(FileKind::Pdf));
        assert_eq!(FileKind::detect("a.docx", b"PK\x03\x04"), Ok(FileKind::Docx));
        assert_eq!(FileKind::detect("a.xlsx", b"PK\x03\x04"), Err(DocumentError::UnknownKind));
        assert!(matches!(FileKind::detect("a.pdf", b"hello"), Err(DocumentError::Malformed(_))));
        assert_eq!(FileKind::detect("noname", b"hello"), Err(DocumentError::UnknownKind));
    }

    #[test]
    fn every_encoding_becomes_text() {
        assert_eq!(text(b"\xEF\xBB\xBFcaf\xC3\xA9"), "café");
        assert_eq!(text(b"caf\xE9 \x80"), "café €");
        assert_eq!(text(b"\xFF\xFEh\0i\0"), "hi");
        assert_eq!(text(b"a\0b"), "ab");
    }
}
