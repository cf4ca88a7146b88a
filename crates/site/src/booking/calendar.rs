//! A consultation as a calendar file (RFC 5545), for the letter and the page.

use chrono::{DateTime, Utc};
use kernel::ids::BookingId;

/// The longest line, in bytes without its end.
const LINE: usize = 75;

/// What stands in a calendar.
pub(crate) struct Entry<'a> {
    pub id: BookingId,
    /// The host of the site: with the id it is the same entry in every calendar.
    pub host: &'a str,
    pub starts: DateTime<Utc>,
    pub ends: DateTime<Utc>,
    /// When it was last changed.
    pub changed: DateTime<Utc>,
    /// How often it was moved.
    pub moved: i32,
    pub cancelled: bool,
    pub title: &'a str,
    pub text: &'a str,
    /// Where it is moved or cancelled.
    pub url: &'a str,
}

impl Entry<'_> {
    /// The file.
    pub(crate) fn file(&self) -> String {
        let time = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
        // A calendar believes the highest number: a cancelled entry comes after every move.
        let sequence = i64::from(self.moved) + i64::from(self.cancelled);
        let lines = [
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Recoup//Site//EN".to_owned(),
            "CALSCALE:GREGORIAN".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}@{}", self.id, escaped(self.host)),
            format!("SEQUENCE:{sequence}"),
            format!("DTSTAMP:{}", time(self.changed)),
            format!("DTSTART:{}", time(self.starts)),
            format!("DTEND:{}", time(self.ends)),
            format!("SUMMARY:{}", escaped(self.title)),
            format!("DESCRIPTION:{}", escaped(self.text)),
            format!("URL:{}", plain(self.url)),
            format!("STATUS:{}", if self.cancelled { "CANCELLED" } else { "CONFIRMED" }),
            "END:VEVENT".to_owned(),
            "END:VCALENDAR".to_owned(),
        ];
        lines.iter().map(|line| folded(line)).collect()
    }
}

/// A text value: separators escaped, line ends as `\n`, other controls gone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A line of at most 75 bytes, and what is left on lines that begin with a space; never cut within a character.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            used = 1;
        }
        out.push(c);
        used += c.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry<'a>(title: &'a str, text: &'a str) -> Entry<'a> {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
        Entry {
            id: BookingId::from_uuid(uuid::Uuid::nil()),
            host: "audit.example.com",
            starts: at("2026-11-30T10:00:00Z"),
            ends: at("2026-11-30T10:30:00Z"),
            changed: at("2026-11-27T10:00:00Z"),
            moved: 2,
            cancelled: false,
            title,
            text,
            url: "https://audit.example.com/book/abc",
        }
    }

    fn unfolded(file: &str) -> String {
        file.replace("\r\n ", "")
    }

    #[test]
    fn a_consultation_is_one_entry_in_utc() {
        let file = entry("Consultation; with us, soon", "Line one\nLine two").file();
        for line in [
            "BEGIN:VCALENDAR\r\n",
            "UID:booking_00000000000000000000000000@audit.example.com\r\n",
            "SEQUENCE:2\r\n",
            "DTSTART:20261130T100000Z\r\n",
            "DTEND:20261130T103000Z\r\n",
            "SUMMARY:Consultation\\; with us\\, soon\r\n",
            "DESCRIPTION:Line one\\nLine two\r\n",
            "STATUS:CONFIRMED\r\n",
        ] {
            assert!(file.contains(line), "{line} in {file}");
        }
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        let cancelled = Entry { cancelled: true, ..entry("a", "b") }.file();
        assert!(cancelled.contains("STATUS:CANCELLED\r\n") && cancelled.contains("SEQUENCE:3\r\n"));
    }

    #[test]
    fn nothing_becomes_a_line_of_its_own() {
        let file = entry("A\r\nATTENDEE:mailto:all@example.com", "B\rBEGIN:VALARM").file();
        assert!(!file.lines().any(|line| line.starts_with("ATTENDEE") || line.starts_with("BEGIN:VALARM")), "{file}");
    }

    proptest! {
        /// Lines are short, and joined again they say what they said.
        #[test]
        fn lines_are_folded_and_nothing_is_lost(title in any::<String>()) {
            let file = entry(&title, "text").file();
            prop_assert!(file.split("\r\n").all(|line| line.len() <= LINE));
            let expected = format!("SUMMARY:{}\r\n", escaped(&title));
            prop_assert!(unfolded(&file).contains(&expected));
        }
    }
}
