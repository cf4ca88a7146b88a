//! Text of a PDF, page by page. What a page unpacks to is bounded, and so are the pages.

use std::panic::catch_unwind;

use lopdf::{LoadOptions, Object};

use crate::outline::{Document, Outline};
use crate::{DocumentError, MAX_TEXT, MAX_UNPACKED};

const MAX_PAGES: usize = 2_000;

pub(crate) fn parse(bytes: &[u8]) -> Result<Document, DocumentError> {
    // The format is old and odd; a parser's panic on one customer's file must not be the server's.
    catch_unwind(|| read(bytes))
        .unwrap_or_else(|_| Err(DocumentError::Malformed("its structure cannot be read".to_owned())))
}

fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    let options = LoadOptions::with_max_decompressed_size(MAX_UNPACKED);
    let pdf = lopdf::Document::load_mem_with_options(bytes, options).map_err(|e| error(&e))?;
    if pdf.is_encrypted() {
        return Err(DocumentError::Encrypted);
    }
    let mut outline = Outline::default();
    if let Some(title) = title(&pdf) {
        outline.title(&title);
    }
    let mut taken = 0;
    for page in pdf.get_pages().keys().take(MAX_PAGES) {
        match pdf.extract_text_with_limit(&[*page], MAX_UNPACKED) {
            Ok(text) => {
                taken += text.len();
                outline.text(&text.replace('\0', ""));
                outline.text("\n");
            }
            // One odd page should not lose the others; an empty result is an error of its own.
            Err(lopdf::Error::Decompress(_)) => return Err(DocumentError::UnpacksTooLarge),
            Err(_) => {}
        }
        if taken > MAX_TEXT {
            break;
        }
    }
    Ok(outline.finish())
}

fn title(pdf: &lopdf::Document) -> Option<String> {
    let info = pdf.trailer.get(b"Info").ok()?.as_reference().ok()?;
    match pdf.get_dictionary(info).ok()?.get(b"Title").ok()? {
        Object::String(raw, _) => Some(crate::kind::text(raw)),
        _ => None,
    }
}

fn error(error: &lopdf::Error) -> DocumentError {
    match error {
        lopdf::Error::Decompress(_) => DocumentError::UnpacksTooLarge,
        lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) => DocumentError::Encrypted,
        other => DocumentError::Malformed(other.to_string()),
    }
}
