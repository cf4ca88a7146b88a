//! Reading what people type: emails, names and passwords, with every complaint collected by field.

use std::fmt;

use shell::{AppError, Detail};

use crate::passwords::Password;

/// The most characters of a person's, an organisation's or a key's name.
const LONGEST_NAME: usize = 100;
/// The most bytes of an email (RFC 5321's path without its brackets).
const LONGEST_EMAIL: usize = 254;

/// An email: trimmed, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an email; strict enough to catch a slip, and no stricter: only a message that arrives proves it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim().to_lowercase();
        let wrong = "is not an email address";
        let (local, domain) = text.rsplit_once('@').ok_or(wrong)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ',' | ';' | '@');
        let dotted = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
        if local.is_empty() || local.contains(odd) || domain.contains(odd) || !dotted || text.len() > LONGEST_EMAIL {
            return Err(wrong);
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Collects complaints, so that a form tells all of them at once.
#[derive(Default)]
pub(crate) struct Check {
    details: Vec<Detail>,
    /// What a guesser of this person's password would try first.
    about: Vec<String>,
}

impl Check {
    /// Texts about the person whose password is checked; what else was read is known already.
    pub(crate) fn about(&mut self, texts: &[&str]) {
        for text in texts {
            self.about.push((*text).to_owned());
            if let Some((local, _)) = text.split_once('@') {
                self.about.push(local.to_owned());
            }
        }
    }

    pub(crate) fn email(&mut self, field: &str, text: &str) -> Email {
        self.about(&[text.trim()]);
        Email::parse(text).unwrap_or_else(|reason| {
            self.complain(field, reason);
            Email::default()
        })
    }

    /// A name: trimmed, on one line.
    pub(crate) fn name(&mut self, field: &str, text: &str) -> String {
        let text = text.trim();
        self.about(&[text]);
        if text.is_empty() {
            self.complain(field, "is required");
        } else if text.chars().count() > LONGEST_NAME {
            self.complain(field, "must have at most 100 characters");
        } else if text.contains(char::is_control) {
            self.complain(field, "must be on one line");
        }
        text.to_owned()
    }

    pub(crate) fn password(&mut self, field: &str, text: &str) -> Password {
        let about: Vec<&str> = self.about.iter().map(String::as_str).collect();
        Password::chosen(text, &about).unwrap_or_else(|reason| {
            self.complain(field, reason);
            Password::given("")
        })
    }

    pub(crate) fn complain(&mut self, field: &str, reason: impl Into<String>) {
        self.details.push(Detail::new(field, reason));
    }

    /// All complaints as one error, if there is any.
    pub(crate) fn done(self) -> Result<(), AppError> {
        if self.details.is_empty() { Ok(()) } else { Err(AppError::fields(self.details)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_trimmed_lowered_and_checked_for_slips() {
        assert_eq!(Email::parse("  Dana@Example.COM ").expect("an email").as_str(), "dana@example.com");
        assert!(Email::parse("o'neil+x@müller.example").is_ok());
        for bad in
            ["", "dana", "@example.com", "dana@", "dana@localhost", "a@b@c.com", "a b@c.com", "a@c..com", "a@.com"]
        {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(250))).is_err());
    }

    #[test]
    fn all_complaints_are_told_at_once() {
        let mut check = Check::default();
        check.email("email", "x");
        check.name("name", " ");
        check.name("organisation", "a\nb");
        check.password("password", "short");
        let error = check.done().expect_err("four complaints");
        let fields: Vec<_> = error.details().iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, ["email", "name", "organisation", "password"]);
    }
}
