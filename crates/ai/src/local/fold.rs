//! One spelling for matching: lower case, no accents, plain quotes, one space, nothing invisible.
//!
//! Word lists and messages pass through the same function, so what it does matters less than that both sides agree;
//! `eval/words.py` repeats it for training.

use unicode_normalization::char::decompose_canonical;

/// The folded text, with one space before and after so that every word has a neighbour.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for c in text.chars() {
        fold_char(c, &mut out);
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn fold_char(c: char, out: &mut String) {
    match c {
        'a'..='z' | '0'..='9' | '!'..='/' | ':'..='@' | '['..='_' | '{'..='~' => out.push(c),
        'A'..='Z' => out.push(c.to_ascii_lowercase()),
        '`' | '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{00B4}' => out.push('\''),
        '\u{00AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FEFF}'
        | '\u{0300}'..='\u{036F}'
        | '\u{064B}'..='\u{0652}'
        | '\u{0640}'
        | '\u{FE0F}' => {}
        c if c.is_whitespace() || c.is_control() => space(out),
        'أ' | 'إ' | 'آ' => out.push('ا'),
        'ß' | 'ẞ' => out.push_str("ss"),
        'ø' | 'Ø' => out.push('o'),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' => out.push('d'),
        'ı' | 'İ' => out.push('i'),
        '\u{FF01}'..='\u{FF5E}' => fold_char(char::from(((u32::from(c) - 0xFF01) + 0x21) as u8), out),
        '\u{00C0}'..='\u{024F}' | '\u{0370}'..='\u{04FF}' | '\u{1E00}'..='\u{1EFF}' => {
            decompose_canonical(c, |d| {
                if !('\u{0300}'..='\u{036F}').contains(&d) {
                    out.push(d.to_lowercase().next().unwrap_or(d));
                }
            });
        }
        c => out.push(c.to_lowercase().next().unwrap_or(c)),
    }
}

fn space(out: &mut String) {
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Whether `c` belongs to a word of a script that puts spaces between words.
pub fn joins_word(c: char) -> bool {
    c.is_alphanumeric() && !runs_together(c)
}

/// Scripts without spaces, or whose words carry endings and prefixes that a list cannot name.
pub fn runs_together(c: char) -> bool {
    matches!(u32::from(c),
        0x0600..=0x06FF | 0x0900..=0x0DFF | 0x0E00..=0x0EFF | 0x1100..=0x11FF | 0x3040..=0x30FF | 0x3130..=0x318F
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0x20000..=0x2FA1F)
}
