//! A letter: to one person, with a subject, as plain text and as a little HTML that says the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use serde::{Deserialize, Serialize};

/// A longer subject is refused; mail programs show less.
const LONGEST_SUBJECT: usize = 200;
/// The most characters of an address (RFC 5321, 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// A letter. Build it with [`Letter::new`] and the parts, so that text and HTML say the same.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The address it goes to.
    pub to: String,
    /// One line.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same, as what stands in the body of an HTML page.
    pub html: String,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
}

/// A file that goes with a letter.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name: ours, such as `briefing-2026-11-27.pdf`.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub kind: String,
    /// Its bytes, as base64.
    content: String,
}

impl Attachment {
    /// A file.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, bytes: &[u8]) -> Self {
        Self { name: name.into(), kind: kind.into(), content: STANDARD.encode(bytes) }
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, BadLetter> {
        STANDARD.decode(&self.content).map_err(|_| BadLetter::Unwritable)
    }
}

/// Why a letter must not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLetter {
    /// The address is none.
    #[error("the letter's address is not an email address")]
    Address,
    /// The subject is empty, long, or more than a line.
    #[error("the letter's subject must be one line of 1 to 200 characters")]
    Subject,
    /// It cannot be written as JSON or as a message.
    #[error("the letter cannot be written")]
    Unwritable,
}

/// What a letter says is nobody's business but the reader's.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(…)")
    }
}

impl Letter {
    /// An empty letter to somebody about something.
    pub fn new(to: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { to: to.into(), subject: subject.into(), ..Self::default() }
    }

    /// A paragraph.
    #[must_use]
    pub fn say(self, words: &str) -> Self {
        let html = format!("<p>{}</p>", escaped(words));
        self.part(words, &html)
    }

    /// A link on a line of its own; the address is visible, so that its reader can judge it.
    #[must_use]
    pub fn link(self, label: &str, url: &str) -> Self {
        let (label_html, url_html) = (escaped(label), escaped(url));
        let html = format!("<p><a href=\"{url_html}\">{label_html}</a><br><small>{url_html}</small></p>");
        self.part(&format!("{label}:\n{url}"), &html)
    }

    /// A few facts, a line each.
    #[must_use]
    pub fn facts(self, facts: &[(&str, &str)]) -> Self {
        let text: Vec<String> = facts.iter().map(|(name, value)| format!("{name}: {}", one_line(value, 300))).collect();
        let line = |(name, value): &(&str, &str)| format!("{}: {}", escaped(name), escaped(&one_line(value, 300)));
        let html: Vec<String> = facts.iter().map(line).collect();
        self.part(&text.join("\n"), &format!("<p>{}</p>", html.join("<br>")))
    }

    /// A line that heads what follows.
    #[must_use]
    pub fn head(self, words: &str) -> Self {
        let html = format!("<h2>{}</h2>", escaped(words));
        self.part(words, &html)
    }

    /// Points, a line each.
    #[must_use]
    pub fn points(self, points: &[String]) -> Self {
        if points.is_empty() {
            return self;
        }
        let text: Vec<String> = points.iter().map(|point| format!("- {point}")).collect();
        let html: Vec<String> = points.iter().map(|point| format!("<li>{}</li>", escaped(point))).collect();
        self.part(&text.join("\n"), &format!("<ul>{}</ul>", html.concat()))
    }

    /// Attaches a file.
    #[must_use]
    pub fn attach(mut self, file: Attachment) -> Self {
        self.files.push(file);
        self
    }

    fn part(mut self, text: &str, html: &str) -> Self {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
            self.html.push('\n');
        }
        self.text.push_str(text);
        self.html.push_str(html);
        self
    }

    /// Whether it may leave: nothing in it can become a header or another recipient.
    pub fn check(&self) -> Result<(), BadLetter> {
        self.address()?;
        let length = self.subject.chars().count();
        let one_line = !self.subject.chars().any(is_break);
        if !(1..=LONGEST_SUBJECT).contains(&length) || !one_line || self.subject.trim().is_empty() {
            return Err(BadLetter::Subject);
        }
        Ok(())
    }

    pub(super) fn address(&self) -> Result<Address, BadLetter> {
        if self.to.len() > LONGEST_ADDRESS || self.to.chars().any(|c| is_break(c) || c.is_whitespace()) {
            return Err(BadLetter::Address);
        }
        self.to.parse().map_err(|_| BadLetter::Address)
    }

    /// The whole HTML page.
    pub(super) fn page(&self) -> String {
        format!(
            "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{}\n</body></html>\n",
            escaped(&self.subject),
            self.html
        )
    }
}

/// One line of at most so many characters: breaks and controls become spaces, the rest is cut with an ellipsis. For what
/// strangers chose and a subject shall show.
pub fn one_line(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= most {
        return words;
    }
    let mut cut: String = words.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Controls, line and paragraph separators, and what turns the direction of writing.
fn is_break(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("<br>"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letter(to: &str, subject: &str) -> Letter {
        Letter::new(to, subject).say("Hello.")
    }

    #[test]
    fn an_address_or_subject_cannot_carry_a_header_or_a_second_recipient() {
        assert_eq!(letter("dana@example.com", "A word").check(), Ok(()));
        for to in [
            "",
            "dana",
            "dana@example.com\r\nBcc: all@example.com",
            "dana@example.com\n",
            "dana@example.com, sam@example.com",
            "Dana <dana@example.com>",
            "<dana@example.com>",
            "dana@example.com> NOTIFY=SUCCESS",
            "dana@exam\u{0}ple.com",
        ] {
            assert_eq!(letter(to, "A word").check(), Err(BadLetter::Address), "{to:?}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        assert_eq!(letter(&long, "A word").check(), Err(BadLetter::Address));
        for subject in ["", "  ", "A\r\nBcc: all@example.com", "A\nb", "A\u{2028}b", "\u{202e}A", &"a".repeat(201)] {
            assert_eq!(letter("dana@example.com", subject).check(), Err(BadLetter::Subject), "{subject:?}");
        }
    }

    #[test]
    fn text_and_page_say_the_same_and_markup_is_only_words() {
        let letter = Letter::new("dana@example.com", "Hello")
            .say("From <b>Sam</b> & \"Co\".")
            .link("Open it", "https://recoup.example/a?b=1&c=2")
            .facts(&[("Device", "Firefox\r\non Linux")]);
        let expected =
            "From <b>Sam</b> & \"Co\".\n\nOpen it:\nhttps://recoup.example/a?b=1&c=2\n\nDevice: Firefox on Linux";
        assert_eq!(letter.text, expected);
        assert!(letter.html.contains("From &lt;b&gt;Sam&lt;/b&gt; &amp; &quot;Co&quot;."), "{}", letter.html);
        assert!(letter.html.contains("href=\"https://recoup.example/a?b=1&amp;c=2\""), "{}", letter.html);
        assert_eq!(format!("{letter:?}"), "Letter(…)");
        let letter = Letter::new("dana@example.com", "Hello").head("Why").points(&["<1>".to_owned(), "2".to_owned()]);
        assert_eq!(letter.text, "Why\n\n- <1>\n- 2");
        assert_eq!(letter.html, "<h2>Why</h2>\n<ul><li>&lt;1&gt;</li><li>2</li></ul>");
    }

    proptest! {
        /// Whatever a stranger is called, a subject made of it may leave.
        #[test]
        fn one_line_of_anything_is_a_subject(text in any::<String>()) {
            let subject = format!("{} waits", one_line(&text, 60));
            prop_assert_eq!(letter("dana@example.com", &subject).check(), Ok(()));
        }
    }
}
