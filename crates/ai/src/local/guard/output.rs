//! The output guardrail: nothing personal leaks, and no promise or price leaves that the knowledge does not hold.

use super::pii::{self, Kind};
use super::{Flag, Guardrail, Knowledge};
use crate::local::fold::fold;
use crate::local::language::Language;
use crate::local::lexicon::{Hits, List};
use crate::local::reading::Reading;

/// Judges a reply before it is sent. A person's reply is theirs to judge; this is for replies of the machine.
pub fn guard_output(reply: &str, language: Language, knowledge: &Knowledge) -> Guardrail {
    let mut guard = Guardrail::default();
    let folded = fold(reply);
    let words = folded.split_ascii_whitespace().count();
    let hits = Hits::find(&folded).keep(language, words <= 4, &folded);
    for found in pii::find(reply) {
        let value = &reply[found.start..found.end];
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let known = match found.kind {
            Kind::Email => knowledge.says(&fold(value)),
            Kind::Iban => knowledge.says(&fold(value)) || knowledge.has_digits(&digits),
            Kind::Phone => knowledge.has_digits(digits.trim_start_matches('0')),
            // No business has a reason to send these to anybody.
            Kind::Card | Kind::Ssn => false,
        };
        if !known {
            guard.block(found.kind.flag(), 0.9);
        }
    }
    if hits.has(List::Abuse) || hits.has(List::Rough) {
        guard.block(Flag::Profanity, 0.8);
    }
    if hits.has(List::InjectPhrase) {
        guard.block(Flag::Injection, 0.9);
    }
    guard_promises(&folded, &hits, knowledge, &mut guard);
    let unknown_price = amounts(&folded).any(|(amount, money)| money && !knowledge.has_amount(amount));
    if unknown_price {
        guard.block(Flag::PriceNotInKnowledge, 0.85);
    }
    guard
}

/// A promise passes when a source uses the same words, or words with the same stem, and nothing negates them there.
fn guard_promises(folded: &str, hits: &Hits, knowledge: &Knowledge, guard: &mut Guardrail) {
    for hit in hits.of(List::Promise) {
        let phrase = &folded[hit.start as usize..hit.end as usize];
        let before = &folded[..hit.start as usize];
        let tail: Vec<&str> = before.rsplit(' ').filter(|w| !w.is_empty()).take(3).collect();
        let denied = tail.iter().any(|word| {
            matches!(
                *word,
                "not"
                    | "no"
                    | "cannot"
                    | "can't"
                    | "never"
                    | "nicht"
                    | "kein"
                    | "keine"
                    | "ne"
                    | "non"
                    | "nao"
                    | "niet"
                    | "geen"
            )
        });
        if !denied && !knowledge.says(phrase) {
            guard.block(Flag::PromiseNotInKnowledge, 0.7);
        }
    }
}

const SYMBOLS: [&str; 8] = ["$", "€", "£", "¥", "₹", "₽", "₺", "₩"];
const CODES: [&str; 44] = [
    "eur",
    "euro",
    "euros",
    "usd",
    "dollar",
    "dollars",
    "gbp",
    "pounds",
    "pound",
    "chf",
    "franken",
    "francs",
    "sek",
    "kr",
    "kronor",
    "nok",
    "dkk",
    "pln",
    "tl",
    "try",
    "lira",
    "rub",
    "руб",
    "рублей",
    "inr",
    "rupees",
    "rs",
    "jpy",
    "yen",
    "円",
    "元",
    "cny",
    "rmb",
    "krw",
    "원",
    "vnd",
    "dong",
    "brl",
    "reais",
    "real",
    "mxn",
    "pesos",
    "درهم",
    "ريال",
];

/// Every number of a folded text in hundredths, and whether it is an amount of money.
pub(crate) fn amounts(folded: &str) -> impl Iterator<Item = (u64, bool)> + '_ {
    numbers(folded).filter_map(|(start, end)| {
        let value = hundredths(&folded[start..end])?;
        let before = folded[..start].trim_end();
        let after = folded[end..].trim_start();
        let word: &str = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        let money = SYMBOLS.iter().any(|s| before.ends_with(s) || after.starts_with(s))
            || CODES.contains(&word)
            || CODES.iter().any(|code| !code.is_ascii() && after.starts_with(code))
            || CODES[..14].contains(&last);
        Some((value, money))
    })
}

/// Spans of digits with the separators inside them.
fn numbers(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !bytes[at].is_ascii_digit() {
            at += 1;
        }
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        while digit(at) || (matches!(bytes.get(at), Some(b'.' | b',' | b'\'')) && digit(at + 1)) {
            at += 1;
        }
        Some((start, at))
    })
}

/// "1,299.50", "1.299,50", "1'299" and "49" in hundredths; the last separator before one or two digits is the decimal one.
fn hundredths(number: &str) -> Option<u64> {
    let cut = number.rfind(['.', ',']).filter(|i| number.len() - i - 1 <= 2);
    let (whole, part) = cut.map_or((number, ""), |i| (&number[..i], &number[i + 1..]));
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = match part.len() {
        0 => 0,
        1 => part.parse::<u64>().ok()? * 10,
        _ => part.parse().ok()?,
    };
    whole.checked_mul(100)?.checked_add(part)
}

impl Reading<'_> {
    /// Amounts of money the message names, in hundredths.
    pub fn money_named(&self) -> Vec<u64> {
        amounts(&self.folded).filter(|(_, money)| *money).map(|(value, _)| value).collect()
    }
}
