//! The site's own facts in its words: `{owner}` in a text, and parts that are shown only where something is on.
//!
//! A part stands between a line `:if booking` (or `:unless booking`) and a line `:end`.

use crate::sites::Site;

/// A text with the site's facts in place of their names, and without the parts that do not hold. In Markdown a fact is written so that
/// its signs mean nothing.
pub(crate) fn fill(text: &str, site: &Site, markdown: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<bool> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix(":if ") {
            open.push(holds(name.trim(), site));
        } else if let Some(name) = line.strip_prefix(":unless ") {
            open.push(!holds(name.trim(), site));
        } else if line == ":end" {
            open.pop();
        } else if open.iter().all(|holds| *holds) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(line);
        }
    }
    facts(site).into_iter().fold(out, |text, (name, fact)| {
        if !text.contains(name) {
            return text;
        }
        let fact = if markdown { escaped(&fact) } else { fact };
        text.replace(name, &fact)
    })
}

/// Whether something of the site is on or known; what nobody knows does not hold.
fn holds(name: &str, site: &Site) -> bool {
    let (flags, settings) = (&site.flags, &site.settings);
    match name {
        "audit" => flags.audit,
        "calculator" => flags.calculator,
        "assistant" => flags.assistant,
        "booking" => flags.booking,
        "blog" => flags.blog,
        "letters" => flags.letters,
        "analytics" => flags.analytics,
        "double-opt-in" => settings.double_opt_in,
        "address" => !settings.address.is_empty(),
        "email" => !settings.email.is_empty(),
        "phone" => !settings.phone.is_empty(),
        _ => false,
    }
}

fn facts(site: &Site) -> [(&'static str, String); 7] {
    let settings = &site.settings;
    let owner = if settings.legal_name.is_empty() { &site.name } else { &settings.legal_name };
    [
        ("{site}", site.name.clone()),
        ("{owner}", owner.clone()),
        ("{address}", settings.address.clone()),
        ("{email}", settings.email.clone()),
        ("{phone}", settings.phone.clone()),
        ("{currency}", settings.currency.clone()),
        ("{kept}", kept(settings.kept_days)),
    ]
}

/// A time in days, in the unit in which people think of it.
fn kept(days: u16) -> String {
    match days {
        1 => "one day".to_owned(),
        365 => "one year".to_owned(),
        days if days >= 730 && days % 365 == 0 => format!("{} years", days / 365),
        days => format!("{days} days"),
    }
}

/// A text whose signs mean nothing in Markdown, in one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => out.push(' '),
            other if other.is_ascii_punctuation() => out.extend(['\\', other]),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use kernel::ids::OrgId;

    use super::*;
    use crate::sites::{Flags, Look, Settings};

    /// A site as it is when its name is all that was said.
    pub(in crate::pages) fn site() -> Site {
        Site {
            org: OrgId::at(chrono::DateTime::UNIX_EPOCH),
            name: "Northwind".to_owned(),
            tagline: String::new(),
            domain: None,
            published: true,
            version: 1,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        }
    }

    #[test]
    fn facts_stand_where_their_names_stood() {
        let mut site = site();
        site.settings.email = "hello@north-wind.test".to_owned();
        let words = "{owner} keeps it {kept}: [{email}](mailto:{email})";
        let html = crate::content::markdown::html(&fill(words, &site, true));
        let link = "<a href=\"mailto:hello@north-wind.test\">hello@north-wind.test</a>";
        assert_eq!(html, format!("<p>Northwind keeps it 2 years: {link}</p>\n"));
        assert_eq!(fill("{owner}, {email}", &site, false), "Northwind, hello@north-wind.test");
        assert_eq!(fill("{unknown}", &site, true), "{unknown}");
    }

    #[test]
    fn a_fact_means_nothing_in_markdown() {
        let mut site = site();
        site.name = "A [link](javascript:x) & *co*\n# head".to_owned();
        let html = crate::content::markdown::html(&fill("By {site}.", &site, true));
        assert!(!html.contains("<a") && !html.contains("<em") && !html.contains("<h"), "{html}");
        assert!(html.contains("A [link](javascript:x) &amp; *co*"), "{html}");
    }

    #[test]
    fn parts_are_shown_where_they_hold() {
        let mut site = site();
        let text = "a\n:if booking\nb\n:unless letters\nc\n:end\n:end\n:if unheard\nd\n:end\ne";
        assert_eq!(fill(text, &site, true), "a\nb\ne");
        site.flags.booking = false;
        assert_eq!(fill(text, &site, true), "a\ne");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(
            ["one day", "one year", "2 years", "90 days"],
            [1, 365, 730, 90].map(kept).each_ref().map(String::as_str)
        );
    }
}
