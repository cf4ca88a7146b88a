//! PDF files made here, sound and unsound.

use documents::{Block, DocumentError, FileKind, parse};
use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, dictionary};

fn pdf(pages: &[&str]) -> Document {
    let mut doc = Document::with_version("1.5");
    let tree = doc.new_object_id();
    let font = doc.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" });
    let resources = doc.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let kids: Vec<Object> = pages
        .iter()
        .map(|text| {
            let operations = vec![
                Operation::new("BT", vec![]),
                Operation::new("Tf", vec!["F1".into(), 12.into()]),
                Operation::new("Td", vec![50.into(), 700.into()]),
                Operation::new("Tj", vec![Object::string_literal(*text)]),
                Operation::new("ET", vec![]),
            ];
            let content = doc.add_object(Stream::new(dictionary! {}, Content { operations }.encode().unwrap()));
            doc.add_object(
                dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources },
            )
            .into()
        })
        .collect();
    let count = kids.len() as i64;
    let media = vec![0.into(), 0.into(), 595.into(), 842.into()];
    doc.objects.insert(
        tree,
        Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "MediaBox" => media }),
    );
    let catalog = doc.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    doc.trailer.set("Root", catalog);
    let info = doc.add_object(dictionary! { "Title" => Object::string_literal("Price list") });
    doc.trailer.set("Info", info);
    doc
}

fn bytes(mut doc: Document) -> Vec<u8> {
    let mut out = Vec::new();
    doc.save_to(&mut out).unwrap();
    out
}

#[test]
fn every_page_is_read() {
    let document = parse(FileKind::Pdf, &bytes(pdf(&["Whitening costs $299.", "Parking is free."]))).unwrap();
    assert_eq!(document.title.as_deref(), Some("Price list"));
    let Block::Section { text, .. } = &document.blocks[0] else { panic!("{document:?}") };
    assert!(text.contains("Whitening costs $299.") && text.contains("Parking is free."), "{text}");
}

#[test]
fn a_scan_says_what_to_do() {
    let error = parse(FileKind::Pdf, &bytes(pdf(&[""]))).unwrap_err();
    assert_eq!(error, DocumentError::NoText);
    assert!(error.to_string().contains("scanned"));
}

#[test]
fn a_bomb_is_refused_or_empty() {
    let mut doc = pdf(&["x"]);
    let huge = Stream::new(dictionary! {}, vec![b' '; 40 * 1024 * 1024]);
    let page = *doc.get_pages().get(&1).unwrap();
    let content = doc.add_object(huge);
    doc.get_dictionary_mut(page).unwrap().set("Contents", content);
    doc.compress();
    let bomb = bytes(doc);
    assert!(bomb.len() < 1_000_000, "it is small as a file");
    assert!(matches!(parse(FileKind::Pdf, &bomb), Err(DocumentError::UnpacksTooLarge | DocumentError::NoText)));
}

#[test]
fn every_cut_and_every_flip_is_an_answer() {
    let whole = bytes(pdf(&["Whitening costs $299."]));
    for at in (0..whole.len()).step_by(7) {
        drop(parse(FileKind::Pdf, &whole[..at]));
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        drop(parse(FileKind::Pdf, &flipped));
    }
}
