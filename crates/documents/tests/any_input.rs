//! Whatever the bytes: an answer, within bounds, the same each time.

use documents::{Block, FileKind, parse};
use proptest::prelude::*;

const KINDS: [FileKind; 6] =
    [FileKind::Markdown, FileKind::Text, FileKind::Html, FileKind::Csv, FileKind::Pdf, FileKind::Docx];

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for kind in KINDS {
            prop_assert_eq!(parse(kind, &bytes), parse(kind, &bytes));
        }
    }

    #[test]
    fn any_text_is_kept_without_nul(text in ".{0,2000}") {
        for kind in [FileKind::Markdown, FileKind::Text, FileKind::Html, FileKind::Csv] {
            let Ok(document) = parse(kind, text.as_bytes()) else { continue };
            for block in document.blocks {
                let (Block::Section { text, .. } | Block::Faq { answer: text, .. }) = block;
                prop_assert!(!text.contains('\0') && !text.trim().is_empty());
            }
        }
    }
}

#[test]
fn deep_nesting_and_long_lines_end() {
    parse(FileKind::Html, "<div>".repeat(100_000).as_bytes()).unwrap_err();
    parse(FileKind::Html, &[b"<div>".repeat(100_000), b"text".to_vec()].concat()).unwrap();
    parse(FileKind::Markdown, &[">".repeat(20_000).into_bytes(), b"text".to_vec()].concat()).unwrap();
    parse(FileKind::Text, "a".repeat(1_000_000).as_bytes()).unwrap();
}
