//! What kind of thing would answer a question: an amount, a time, a place …
//!
//! "How much is whitening?" is not answered by a sentence about whitening without an amount, however well its words fit.

use std::ops::BitOr;
use std::sync::LazyLock;

use super::lists::{Finder, list};

/// The kind of thing a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An amount of money, or that it is free.
    Price,
    /// A time of day or a weekday.
    Time,
    /// A street, a place, how to get there.
    Place,
    /// A phone number, an email or a web address.
    Reach,
    /// A number of days, hours, minutes.
    Duration,
}

/// The kinds and the lists that name them; the first that fits wins, so the more specific come first.
const KINDS: [Expected; 5] = [Expected::Reach, Expected::Duration, Expected::Price, Expected::Time, Expected::Place];
const ASKS: [&str; 5] = ["asks.reach", "asks.duration", "asks.price", "asks.time", "asks.place"];

impl Expected {
    /// What a question asks for, when its words say so.
    pub fn of(question: &str) -> Option<Self> {
        static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new(&ASKS));
        FINDER.first(&question.to_lowercase()).map(|place| KINDS[place])
    }

    /// Whether a text holds such a thing.
    pub fn is_in(self, text: &str) -> bool {
        self.is_in_lower(&text.to_lowercase())
    }

    fn is_in_lower(self, lower: &str) -> bool {
        let any = |name| list(name).iter().any(|w| lower.contains(w));
        match self {
            Self::Price => has_amount(lower) || any("free"),
            Self::Time => has_clock(lower) || words(lower).any(|w| list("days").contains(&w)),
            Self::Place => {
                words(lower).any(|w| list("places").contains(&w) || list("places.ends").iter().any(|e| w.ends_with(e)))
            }
            Self::Reach => has_contact(lower),
            Self::Duration => any("units"),
        }
    }

    /// Words like "cost" and "hours" are judged by whether the amount or the time is there, not by the word.
    pub(super) fn names(self) -> &'static [&'static str] {
        list(match self {
            Self::Price => "names.price",
            Self::Time => "names.time",
            Self::Place => "names.place",
            Self::Reach => "names.reach",
            Self::Duration => "names.duration",
        })
    }
}

/// A set of kinds, found out once for a text that many questions come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    /// The kinds that a text holds.
    pub(super) fn in_text(text: &str) -> Self {
        let lower = text.to_lowercase();
        Self::which(|kind| kind.is_in_lower(&lower))
    }

    /// The kinds that a lower-case word names.
    pub(super) fn named(lower: &str) -> Self {
        Self::which(|kind| kind.names().contains(&lower))
    }

    pub(super) fn has(self, kind: Expected) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn which(holds: impl Fn(Expected) -> bool) -> Self {
        Self(KINDS.into_iter().filter(|kind| holds(*kind)).fold(0, |set, kind| set | Self::bit(kind)))
    }

    fn bit(kind: Expected) -> u8 {
        1 << kind as u8
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !c.is_alphanumeric() && c != '/').filter(|w| !w.is_empty())
}

fn has_amount(lower: &str) -> bool {
    const SIGNS: &[char] = &['$', '€', '£', '¥', '₺', '₹', '₽', '₩', 'ƒ'];
    const CODES: &[&str] = &[
        "usd", "eur", "euro", "euros", "gbp", "chf", "dollar", "dollars", "cents", "pounds", "tl", "lira", "pesos",
        "mxn", "zł", "kr", "sek", "руб",
    ];
    lower.contains(SIGNS) && lower.bytes().any(|b| b.is_ascii_digit())
        || words(lower).any(|w| CODES.contains(&w.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// "9:00", "9 am", "18 uhr", "17h".
fn has_clock(lower: &str) -> bool {
    let bytes = lower.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|i| digit(*i) && !digit(i + 1)).any(|i| {
        let after = &lower[i + 1..];
        let clock = after
            .strip_prefix([':', '.'])
            .is_some_and(|r| r.len() >= 2 && r.as_bytes()[..2].iter().all(u8::is_ascii_digit));
        let trimmed = after.trim_start();
        clock || ["am", "pm", "a.m", "p.m", "uhr", "h ", "h-", "h–"].iter().any(|s| trimmed.starts_with(s))
    })
}

/// An email, a link, or at least seven digits in a row of digits and separators.
fn has_contact(lower: &str) -> bool {
    let mut run = 0;
    for c in lower.chars() {
        match c {
            '0'..='9' => run += 1,
            ' ' | '-' | '(' | ')' | '+' | '.' | '/' => {}
            _ => run = 0,
        }
        if run >= 7 {
            return true;
        }
    }
    lower.split_whitespace().any(|w| w.contains('@') && w.contains('.'))
        || lower.contains("www.")
        || lower.contains("https://")
}

#[cfg(test)]
mod tests {
    use super::Expected::{self, *};
    use super::{KINDS, Kinds};

    #[test]
    fn questions_say_what_they_want() {
        for (question, kind) in [
            ("How much is Botox?", Some(Price)),
            ("Was kostet eine Reinigung?", Some(Price)),
            ("What time do you close on Friday?", Some(Time)),
            ("¿A qué hora abren?", Some(Time)),
            ("where are you located", Some(Place)),
            ("whats your phone number", Some(Reach)),
            ("How long does shipping take?", Some(Duration)),
            ("Do you take Delta Dental?", None),
        ] {
            assert_eq!(Expected::of(question), kind, "{question}");
        }
    }

    #[test]
    fn texts_hold_it_or_not() {
        assert!(Price.is_in("Whitening costs $299.") && Price.is_in("Parking is free") && Price.is_in("ab 80 Euro"));
        assert!(!Price.is_in("Whitening is done in 3 visits"));
        assert!(
            Time.is_in("Mon–Fri 8:00 to 18:00")
                && Time.is_in("until 6 pm")
                && !Time.is_in("We have 3 chairs, so do come")
        );
        assert!(Place.is_in("412 Harbor Street, Suite 200") && !Place.is_in("We are nice"));
        assert!(Reach.is_in("+1 555 0100 22") && Reach.is_in("care@example.com") && !Reach.is_in("24 chairs"));
        assert!(Duration.is_in("about 60 minutes") && !Duration.is_in("quickly"));
    }

    #[test]
    fn a_set_of_kinds_says_what_each_kind_says() {
        for text in ["Whitening costs $299 for 60 minutes", "412 Harbor Street, until 6 pm", "care@example.com", ""] {
            for kind in KINDS {
                assert_eq!(Kinds::in_text(text).has(kind), kind.is_in(text), "{kind:?} {text}");
            }
        }
        assert!(Kinds::named("cost").has(Price) && !Kinds::named("cost").has(Time));
        assert!((Kinds::named("cost") | Kinds::in_text("6 pm")).has(Time));
    }
}
