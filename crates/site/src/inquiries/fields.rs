//! What the fields of an inquiry may hold.

use kernel::mail::Letter;
use kernel::vault::OrgVault;
use shell::{AppError, Detail};

use super::{Kind, NewInquiry};
use crate::ports::Person;

/// The longest values, in characters.
const NAME: usize = 120;
const PHONE: usize = 40;
const COMPANY: usize = 160;
const TOPIC: usize = 120;
pub(super) const MESSAGE: usize = 5_000;

/// The inquiry with its fields trimmed.
///
/// # Errors
/// Every field that is missing, too long, or holds what could become something else where it is shown.
pub(super) fn checked(new: NewInquiry) -> Result<NewInquiry, AppError> {
    let mut wrong = Vec::new();
    let mut line = |field: &str, text: String, most: usize, required: bool| {
        let text = text.trim().to_owned();
        if let Some(reason) = wrong_line(&text, most, required) {
            wrong.push(Detail::new(field, reason));
        }
        text
    };
    let named = matches!(new.kind, Kind::Contact | Kind::Booking);
    let Person { name, email, phone, company } = new.person;
    let person = Person {
        name: line("name", name, NAME, named),
        email: line("email", email, 254, true),
        phone: line("phone", phone, PHONE, false),
        company: line("company", company, COMPANY, false),
    };
    let topic = line("topic", new.topic, TOPIC, false);
    let message = new.message.trim().replace("\r\n", "\n");
    if let Some(reason) = wrong_text(&message, new.kind == Kind::Contact) {
        wrong.push(Detail::new("message", reason));
    }
    let is_named = |wrong: &[Detail], field: &str| wrong.iter().any(|detail| detail.field == field);
    if !is_named(&wrong, "email") && !is_address(&person.email) {
        wrong.push(Detail::new("email", "is not an email address, such as dana@example.com"));
    }
    if !is_named(&wrong, "phone") && !person.phone.is_empty() && !is_number(&person.phone) {
        wrong.push(Detail::new("phone", "is not a phone number: digits, spaces, + ( ) - and . only"));
    }
    if wrong.is_empty() { Ok(NewInquiry { topic, person, message, ..new }) } else { Err(AppError::fields(wrong)) }
}

/// Whether something is an address that a letter may go to, and one alone.
pub(super) fn is_address(text: &str) -> bool {
    Letter::new(text, "-").check().is_ok()
}

/// The fingerprint by which an address is found: the one that contacts have.
pub(crate) fn email_index(vault: &OrgVault, email: &str) -> Vec<u8> {
    let plain = email.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    vault.blind_index("email", &plain)
}

fn wrong_line(text: &str, most: usize, required: bool) -> Option<String> {
    if text.is_empty() {
        return required.then(|| "is required".to_owned());
    }
    if text.chars().any(is_turn) {
        return Some("must be one line of plain text".to_owned());
    }
    (text.chars().count() > most).then(|| format!("must have at most {most} characters"))
}

fn wrong_text(text: &str, required: bool) -> Option<String> {
    if text.is_empty() {
        return required.then(|| "is required".to_owned());
    }
    if text.chars().any(|c| is_turn(c) && !matches!(c, '\n' | '\t')) {
        return Some("must not contain control characters".to_owned());
    }
    let most = MESSAGE;
    (text.chars().count() > most)
        .then(|| format!("must have at most {most} characters: shorten it or write to us by email"))
}

/// Controls, line ends, and what turns the direction of writing: none of them belongs in a line, and in a header they do harm.
fn is_turn(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || " +()-./".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inquiry(name: &str, email: &str, message: &str) -> NewInquiry {
        NewInquiry {
            kind: Kind::Contact,
            topic: String::new(),
            person: Person { name: name.to_owned(), email: email.to_owned(), ..Person::default() },
            message: message.to_owned(),
            letters: None,
            audit: None,
            guard: None,
            source: serde_json::Value::Null,
        }
    }

    fn complaints(new: NewInquiry) -> Vec<String> {
        match checked(new) {
            Ok(_) => Vec::new(),
            Err(error) => error.details().iter().map(|detail| detail.field.clone()).collect(),
        }
    }

    #[test]
    fn what_people_type_passes_and_is_trimmed() {
        let new =
            checked(inquiry(" Zoë O’Hara-Pärn ", " zoe@example.com ", "Hello,\r\nwe lose calls.\r\n")).expect("fine");
        assert_eq!(new.person.name, "Zoë O’Hara-Pärn");
        assert_eq!(new.person.email, "zoe@example.com");
        assert_eq!(new.message, "Hello,\nwe lose calls.");
    }

    #[test]
    fn every_field_that_is_wrong_is_named_at_once() {
        assert_eq!(complaints(inquiry("", "dana", "")), ["name", "message", "email"]);
        assert_eq!(complaints(inquiry(&"a".repeat(121), "dana@example.com", &"b".repeat(5_001))), ["name", "message"]);
        let mut new = inquiry("Dana", "dana@example.com", "Hello");
        new.person.phone = "call me".to_owned();
        assert_eq!(complaints(new), ["phone"]);
    }

    #[test]
    fn nothing_can_become_a_header_or_a_second_recipient() {
        for email in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "a@example.com\u{2028}x",
            "<a@example.com>",
        ] {
            assert_eq!(complaints(inquiry("Dana", email, "Hello")), ["email"], "{email:?}");
        }
        for name in ["Dana\r\nBcc: all@example.com", "Dana\nX", "\u{202e}anaD", "Da\u{0}na"] {
            assert_eq!(complaints(inquiry(name, "dana@example.com", "Hello")), ["name"], "{name:?}");
        }
        assert_eq!(complaints(inquiry("Dana", "dana@example.com", "Hello\u{7}")), ["message"]);
    }

    proptest! {
        /// Whatever passes can stand in a letter's head.
        #[test]
        fn what_passes_is_one_line(name in any::<String>(), email in any::<String>()) {
            if let Ok(new) = checked(inquiry(&name, &email, "Hello")) {
                prop_assert!(!new.person.name.chars().any(is_turn));
                prop_assert!(is_address(&new.person.email));
            }
        }
    }
}
