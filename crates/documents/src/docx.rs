//! Text of a DOCX: paragraphs, headings by their style, tables by row.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::outline::{Document, Outline};
use crate::{DocumentError, MAX_UNPACKED};

const BODY: &str = "word/document.xml";

pub(crate) fn parse(bytes: &[u8]) -> Result<Document, DocumentError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| DocumentError::Malformed(e.to_string()))?;
    let file = archive.by_name(BODY).map_err(|e| match e {
        zip::result::ZipError::FileNotFound => DocumentError::Malformed(format!("{BODY} is missing")),
        other => DocumentError::Malformed(other.to_string()),
    })?;
    if file.encrypted() {
        return Err(DocumentError::Encrypted);
    }
    let mut xml = String::new();
    // The size in the archive's directory is only a claim; what counts is what comes out.
    let read = file.take(MAX_UNPACKED as u64 + 1).read_to_string(&mut xml);
    read.map_err(|e| DocumentError::Malformed(e.to_string()))?;
    if xml.len() > MAX_UNPACKED {
        return Err(DocumentError::UnpacksTooLarge);
    }
    body(&xml)
}

fn body(xml: &str) -> Result<Document, DocumentError> {
    let mut outline = Outline::default();
    let mut paragraph = Paragraph::default();
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|e| DocumentError::Malformed(e.to_string()))? {
            Event::Eof => return Ok(outline.finish()),
            Event::Start(tag) | Event::Empty(tag) => paragraph.open(&tag),
            Event::End(tag) => match tag.local_name().as_ref() {
                "p" => paragraph.close(&mut outline),
                "t" => paragraph.inside_text = false,
                "tc" => outline.text(" · "),
                "tr" => outline.text("\n"),
                "tbl" => paragraph.in_table = false,
                _ => {}
            },
            Event::Text(text) if paragraph.inside_text => {
                paragraph.text.push_str(&text);
            }
            Event::GeneralRef(entity) if paragraph.inside_text => paragraph.entity(&entity),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<u8>,
    inside_text: bool,
    in_table: bool,
}

impl Paragraph {
    fn open(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "p" => (self.text.clear(), self.level = None).0,
            "t" => self.inside_text = true,
            "tbl" => self.in_table = true,
            "tab" => self.text.push(' '),
            "br" => self.text.push('\n'),
            "pStyle" => self.level = style_level(tag),
            _ => {}
        }
    }

    fn entity(&mut self, entity: &str) {
        let character = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            other => {
                let number = match other.strip_prefix("#x") {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => other.strip_prefix('#').and_then(|d| d.parse().ok()),
                };
                number.and_then(char::from_u32)
            }
        };
        self.text.extend(character.filter(|c| *c != '\0'));
    }

    fn close(&mut self, outline: &mut Outline) {
        match self.level.take() {
            Some(level) if !self.in_table => {
                if level == 0 {
                    outline.title(&self.text);
                }
                outline.heading(level.max(1), &self.text);
            }
            _ => {
                outline.text(&self.text);
                if !self.in_table {
                    outline.text("\n");
                }
            }
        }
        self.text.clear();
    }
}

/// "Heading2" → 2, "Title" → 0; word processors in other languages keep these ids or number them alike.
fn style_level(tag: &BytesStart<'_>) -> Option<u8> {
    let value = tag.attributes().flatten().find(|a| a.key.local_name().as_ref() == "val")?.value;
    let style = value.to_lowercase();
    if style == "title" {
        return Some(0);
    }
    let names = ["heading", "berschrift", "titre", "ttulo", "titolo", "kop", "rubrik"];
    let numbered = names.iter().any(|n| style.contains(n));
    numbered.then(|| style.chars().next_back()?.to_digit(10)).flatten().map(|d| d.clamp(1, 6) as u8)
}
