//! Which runs of digits are cards, social-security numbers or phones.

use super::pii::{Found, Kind, Run};

/// How far back a word such as "call" or "card" is looked for, in bytes.
const CONTEXT: usize = 28;

const PHONE_WORDS: [&str; 26] = [
    "call",
    "phone",
    "tel",
    "mobile",
    "cell",
    "fax",
    "whatsapp",
    "desk",
    "sms",
    "text",
    "dial",
    "ring",
    "my number",
    "reach me",
    "contact",
    "office",
    "anruf",
    "handy",
    "rufen",
    "llam",
    "movil",
    "telef",
    "appel",
    "chiam",
    "ligue",
    "bel ",
];
/// Words before a number that is a name for a thing; nearer than a word of [`PHONE_WORDS`] they win.
const THING_WORDS: [&str; 24] = [
    "order",
    "booking",
    "invoice",
    "ticket",
    "tracking",
    "reference",
    "ref ",
    "model",
    "serial",
    "sku",
    "policy",
    "account",
    "part ",
    "bestell",
    "rechnung",
    "auftrag",
    "buchung",
    "pedido",
    "factura",
    "commande",
    "ordine",
    "sipari",
    "fatura",
    "rezerv",
];
const CARD_WORDS: [&str; 12] =
    ["card", "visa", "mastercard", "amex", "maestro", "cc ", "karte", "tarjeta", "carte", "carta", "cartao", "kaart"];
const SSN_WORDS: [&str; 3] = ["ssn", "social security", "social-security"];

/// Names one run of digits, if it is personal.
pub(super) fn judge(text: &str, run: &Run) -> Option<Found> {
    let found = |kind| Some(Found { kind, start: run.start, end: run.end });
    let before = context(text, run.start);
    if touches_letters(text, run) && !(before.ends_with('#') && is_ssn(run, &before)) {
        return None;
    }
    if is_card(run, &before) {
        return found(Kind::Card);
    }
    if is_ssn(run, &before) {
        return found(Kind::Ssn);
    }
    if is_phone(text, run, &before) {
        return Some(Found { kind: Kind::Phone, start: run.start, end: extension_end(text, run.end) });
    }
    None
}

/// The text just before a number, in lower case.
fn context(text: &str, at: usize) -> String {
    let mut from = at.saturating_sub(CONTEXT);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    text[from..at].to_lowercase()
}

fn touches_letters(text: &str, run: &Run) -> bool {
    let before = text[..run.start].chars().next_back();
    let after = text[run.end..].chars().next();
    let extension = extension_end(text, run.end) > run.end;
    let coded = text[..run.start]
        .strip_suffix('-')
        .and_then(|t| t.chars().next_back())
        .is_some_and(|c| c.is_uppercase() || c.is_numeric());
    coded
        || before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '#' | '_' | '$' | '€' | '£'))
        || after.is_some_and(|c| (c.is_alphabetic() && c.is_ascii() || c == '_') && !extension)
}

/// ISO/IEC 7812: 12 to 19 digits, an issuer's prefix, and the Luhn checksum.
fn is_card(run: &Run, before: &str) -> bool {
    let digits = run.digits.as_bytes();
    let grouped = run.groups.iter().all(|g| (3..=6).contains(g)) && run.groups.len() >= 3;
    if !(12..=19).contains(&digits.len()) || run.plus || run.bracket || !(run.groups.len() == 1 || grouped) {
        return false;
    }
    let issued = matches!(digits[0], b'2'..=b'6') || run.digits.starts_with("1800");
    let named = CARD_WORDS.iter().any(|word| before.contains(word));
    issued && (is_usual_card(&run.digits) || named) && luhn(digits)
}

/// The prefixes and lengths cards are issued with today.
fn is_usual_card(digits: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| digits.starts_with(prefix));
    match digits.len() {
        14 => begins(&["30", "36", "38", "39"]),
        15 => begins(&["34", "37", "2131", "1800"]),
        16 => begins(&["2", "35", "4", "5", "6"]),
        19 => begins(&["4", "6"]),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let value = u32::from(d - b'0') << (i % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Three, two and four digits in ranges that were given out; without separators only beside its name.
fn is_ssn(run: &Run, before: &str) -> bool {
    if run.digits.len() != 9 || run.plus || run.bracket {
        return false;
    }
    let named = SSN_WORDS.iter().any(|word| before.contains(word));
    let written = run.groups == [3, 2, 4] && run.separators.iter().all(|s| matches!(s, b'-' | b' '));
    let dashed = written && run.separators == [b'-', b'-'];
    let (area, group, serial) = (&run.digits[..3], &run.digits[3..5], &run.digits[5..]);
    let given_out = area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000";
    given_out && (dashed || named && (written || run.groups.len() == 1))
}

/// Seven to fifteen digits (E.164) that are written like a phone or stand beside a word that says so.
fn is_phone(text: &str, run: &Run, before: &str) -> bool {
    let n = run.digits.len();
    if !(7..=16).contains(&n) || is_date(run) {
        return false;
    }
    if run.plus {
        return n >= 8;
    }
    let last = |words: &[&str]| words.iter().filter_map(|word| before.rfind(word)).max();
    let (phone, thing) = (last(&PHONE_WORDS), last(&THING_WORDS));
    let named = phone.is_some() && phone >= thing;
    if is_address(text, run) || !named && thing.is_some() && !matches!(run.groups[..], [3, 3, 4] | [1, 3, 3, 4]) {
        return false;
    }
    let international = run.digits.starts_with("00") && n >= 10;
    if run.groups.len() == 1 {
        let extension = extension_end(text, run.end) > run.end;
        return (9..=15).contains(&n) && (named || extension) || international && n >= 11;
    }
    if run.groups.iter().any(|g| *g > 8 || *g == 0) {
        return false;
    }
    let north_american = matches!(run.groups[..], [3, 3, 4] | [1, 3, 3, 4] | [3, 4]) && n >= 10;
    let trunk = run.digits.starts_with('0') && (9..=12).contains(&n);
    let many = run.groups.len() >= 3 && (8..=13).contains(&n) && run.groups.iter().all(|g| (2..=4).contains(g));
    let slash_date = run.separators.contains(&b'/') && !named;
    !slash_date && (north_american || trunk || international || run.bracket && n >= 9 || many || named && n >= 8)
}

/// Four numbers up to 255 with dots between them, as machines are addressed.
fn is_address(text: &str, run: &Run) -> bool {
    run.separators == [b'.'; 3] && text[run.start..run.end].split('.').all(|part| part.parse::<u8>().is_ok())
}

fn is_date(run: &Run) -> bool {
    let g = &run.groups;
    let year = |from: usize| run.digits.get(from..from + 4).is_some_and(|y| y.starts_with("19") || y.starts_with("20"));
    (g.len() >= 3 && g[0] == 4 && g[1] <= 2 && g[2] <= 2 && year(0))
        || (g.len() >= 3 && g[0] <= 2 && g[1] <= 2 && g[2] == 4 && year(g[0] + g[1]) && run.digits.len() <= 8)
}

/// Takes in an extension such as "x459" or "ext. 12".
fn extension_end(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    for mark in ["x", " x", "ext", " ext.", " ext "] {
        if let Some(after) = rest.strip_prefix(mark) {
            let skipped = after.len() - after.trim_start_matches([' ', '.']).len();
            let digits = after[skipped..].bytes().take_while(u8::is_ascii_digit).count();
            if (1..=6).contains(&digits) {
                return end + mark.len() + skipped + digits;
            }
        }
    }
    end
}
