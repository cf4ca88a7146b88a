//! DOCX files made here, sound and unsound.

use std::io::{Cursor, Write};

use documents::{Block, DocumentError, FileKind, parse};
use zip::write::SimpleFileOptions;

fn docx(body: &str) -> Vec<u8> {
    archive(
        "word/document.xml",
        format!(r#"<?xml version="1.0"?><w:document xmlns:w="x"><w:body>{body}</w:body></w:document>"#).as_bytes(),
    )
}

fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

fn paragraph(style: &str, text: &str) -> String {
    format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
}

#[test]
fn headings_paragraphs_and_tables_are_read() {
    let body = [
        paragraph("Title", "Price list"),
        paragraph("Heading1", "Whitening &amp; care"),
        paragraph("Normal", "Costs <![CDATA[ ]]>$299 &#8364;."),
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Exam</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>$95</w:t></w:r></w:p></w:tc></w:tr></w:tbl>".to_owned(),
        paragraph("berschrift2", "Do you park?"),
        paragraph("", "Yes."),
    ];
    let document = parse(FileKind::Docx, &docx(&body.concat())).unwrap();
    assert_eq!(document.title.as_deref(), Some("Price list"));
    let Block::Section { headings, text } = &document.blocks[0] else { panic!("{document:?}") };
    assert_eq!(headings.last().unwrap(), "Whitening & care");
    assert!(text.contains("$299 €.") && text.contains("Exam · $95"), "{text}");
    assert_eq!(document.blocks[1], Block::Faq { question: "Do you park?".into(), answer: "Yes.".into() });
}

#[test]
fn a_bomb_is_refused_before_it_unfolds() {
    let bomb = docx(
        &"<w:p><w:r><w:t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</w:t></w:r></w:p>".repeat(600_000),
    );
    assert!(bomb.len() < 1_000_000, "it is small as a file");
    assert_eq!(parse(FileKind::Docx, &bomb), Err(DocumentError::UnpacksTooLarge));
}

#[test]
fn damage_is_an_error_with_words() {
    assert!(matches!(parse(FileKind::Docx, b"PK\x03\x04 no"), Err(DocumentError::Malformed(_))));
    assert!(
        matches!(parse(FileKind::Docx, &archive("other.xml", b"x")), Err(DocumentError::Malformed(m)) if m.contains("missing"))
    );
    assert!(matches!(
        parse(FileKind::Docx, &archive("word/document.xml", b"<w:p><w:t>a</w:p>")),
        Err(DocumentError::Malformed(_))
    ));
    assert_eq!(parse(FileKind::Docx, &docx("")), Err(DocumentError::NoText));
    assert_eq!(parse(FileKind::Text, &vec![b'a'; documents::MAX_FILE + 1]), Err(DocumentError::TooLarge));
}
