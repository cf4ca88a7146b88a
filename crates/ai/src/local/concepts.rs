//! What a message is about in any language: which word lists it touches, and its shape.
//!
//! Heads add these to the hashed vector. A head trained mostly on English learns here what "quanto custa" means,
//! because it only sees that the price list was touched.

use super::lexicon::{Hits, List};

/// Length of the concept vector: every list, then the shape.
pub const CONCEPTS: usize = List::ALL.len() + SHAPE;
const SHAPE: usize = 8;

/// One value per list (touched or not) and eight about the shape of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Concepts(pub [f32; CONCEPTS]);

impl Concepts {
    /// Reads the hits that count in the message's language, the folded text and the text as written.
    pub fn of(hits: &Hits, folded: &str, text: &str) -> Concepts {
        let mut values = [0.0; CONCEPTS];
        for (value, list) in values.iter_mut().zip(List::ALL) {
            *value = f32::from(u8::from(hits.has(*list)));
        }
        let words = folded.split_ascii_whitespace().count();
        let (mut letters, mut capitals) = (0usize, 0usize);
        for byte in text.bytes() {
            letters += usize::from(byte.is_ascii_alphabetic());
            capitals += usize::from(byte.is_ascii_uppercase());
        }
        let shape = [
            folded.contains(['?', '؟']),
            folded.contains('!'),
            folded.contains("!!"),
            words <= 2,
            words >= 25,
            folded.bytes().any(|b| b.is_ascii_digit()),
            letters >= 8 && capitals * 10 > letters * 6,
            folded.contains("http") || folded.contains("www."),
        ];
        for (value, yes) in values[List::ALL.len()..].iter_mut().zip(shape) {
            *value = f32::from(u8::from(yes));
        }
        Concepts(values)
    }
}
