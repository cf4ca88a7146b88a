//! A document as a reader of PDF files sees it: the same bytes for the same content, every figure in the text, page numbers.

use pdf::{Align, Block, Column, Date, Document, Drawing, Ink, KeyFigure, List, Mark, Paper, Table, Weight};

fn document(paper: Paper, rows: usize) -> Document {
    let column = |name: &str, align, share| Column { name: name.to_owned(), align, share };
    let label = Mark::Text {
        x: 10.0,
        y: 20.0,
        size: 10.0,
        weight: Weight::Regular,
        align: Align::Left,
        ink: Ink::Faint,
        text: "Answered".to_owned(),
    };
    let line = Mark::Path { points: vec![(0.0, 0.0), (50.0, 40.0)], width: 2.0, dashed: true, ink: Ink::Accent };
    Document {
        title: "Daily briefing".to_owned(),
        author: "Northwind Dental".to_owned(),
        language: "en".to_owned(),
        date: Date { year: 2026, month: 11, day: 27 },
        paper,
        footer: "Northwind Dental".to_owned(),
        blocks: vec![
            Block::Title { text: "Daily briefing".to_owned(), note: "27 November 2026".to_owned() },
            Block::Lead("Revenue at risk rose to €12,480.".to_owned()),
            Block::Figures(vec![KeyFigure {
                label: "Revenue at risk".to_owned(),
                value: "€12,480".to_owned(),
                change: "+€1,120".to_owned(),
                tone: Ink::Risk,
                note: "28 days".to_owned(),
            }]),
            Block::Heading("What to do".to_owned()),
            Block::List(List { numbered: true, items: vec!["Call the seven who waited.".to_owned()] }),
            Block::Break,
            Block::Table(Table {
                caption: "Leads".to_owned(),
                columns: vec![column("Channel", Align::Left, 2.0), column("Leads", Align::Right, 1.0)],
                rows: (0..rows).map(|n| vec![format!("Channel {n}"), format!("{}", n * 7)]).collect(),
            }),
            Block::Chart {
                caption: "Answers a day".to_owned(),
                drawing: Drawing { width: 400.0, height: 60.0, alt: "a line".to_owned(), marks: vec![label, line] },
            },
        ],
    }
}

/// The text of a file, page by page, without spaces: where a reader puts spaces is its own affair.
fn pages(file: &[u8]) -> Vec<String> {
    let read = lopdf::Document::load_mem(file).expect("a PDF");
    let numbers: Vec<u32> = read.get_pages().keys().copied().collect();
    let text = |number: &u32| read.extract_text(&[*number]).expect("text").split_whitespace().collect();
    numbers.iter().map(text).collect()
}

#[test]
fn the_same_content_gives_the_same_bytes_and_other_content_others() {
    let file = document(Paper::A4, 20).render().expect("a file");
    assert_eq!(file, document(Paper::A4, 20).render().expect("a file"));
    assert_ne!(file, document(Paper::A4, 21).render().expect("a file"));
    assert_ne!(file, document(Paper::Letter, 20).render().expect("a file"));
    assert!(file.len() < 100_000, "{} bytes", file.len());
}

#[test]
fn every_figure_is_text_and_pages_are_counted() {
    let pages = pages(&document(Paper::A4, 20).render().expect("a file"));
    assert_eq!(pages.len(), 2);
    for part in ["Dailybriefing", "€12,480", "+€1,120", "1.", "Calltheseven", "Page1of2"] {
        assert!(pages[0].contains(part), "{part}: {}", pages[0]);
    }
    for part in ["Channel19", "133", "Answersaday", "Answered", "Page2of2"] {
        assert!(pages[1].contains(part), "{part}: {}", pages[1]);
    }
}

#[test]
fn a_long_table_repeats_its_head_and_loses_no_row() {
    let pages = pages(&document(Paper::Letter, 200).render().expect("a file"));
    assert!(pages.len() > 4, "{}", pages.len());
    for page in &pages[1..pages.len() - 1] {
        assert!(page.contains("ChannelLeads"), "{page}");
    }
    let whole = pages.concat();
    for n in [0, 57, 199] {
        assert!(whole.contains(&format!("Channel{n}{}", n * 7)), "row {n}");
    }
}

#[test]
fn the_file_is_tagged_titled_and_says_its_language() {
    let file = document(Paper::A4, 3).render().expect("a file");
    let read = lopdf::Document::load_mem(&file).expect("a PDF");
    let catalog = read.catalog().expect("a catalogue");
    assert_eq!(catalog.get(b"Lang").and_then(lopdf::Object::as_str).expect("a language"), b"en");
    for key in [&b"StructTreeRoot"[..], b"MarkInfo", b"Outlines", b"Metadata"] {
        assert!(catalog.has(key), "{}", String::from_utf8_lossy(key));
    }
}
