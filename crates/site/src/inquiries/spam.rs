//! What speaks for spam, in points. Nothing is refused for it: what reaches the threshold is kept aside with its reasons, and whoever
//! sent it is answered like everybody else, so that a program learns nothing and a person loses nothing.

use chrono::Duration;
use kernel::ids::OrgId;
use serde::Serialize;

use super::guard::{self, Told, Work};
use super::{CALM, NewInquiry, rate};
use crate::core::Core;
use crate::visit::Visit;

/// From so many points on it is kept aside.
const THRESHOLD: u8 = 5;
/// A person needs longer to fill a form.
const SHORTEST: Duration = Duration::seconds(3);
/// A form that was open longer was not filled by who opened it.
const LONGEST: Duration = Duration::hours(24);
/// Inquiries an hour of one address that raise no doubt.
const PER_ADDRESS: u32 = 4;
/// How often the same words may come within an hour.
const SAME_WORDS: u32 = 2;
/// Words are compared from this length on: many people write "please call me".
const SHORTEST_WORDS: usize = 40;

/// One thing that speaks for spam.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Point {
    /// What, in words for the desk.
    pub reason: &'static str,
    pub points: u8,
}

/// What is known of an inquiry beside its words.
#[derive(Clone, Copy, Debug)]
struct Circumstances {
    /// None where it came from no form of ours.
    guard: Option<Told>,
    is_flooded: bool,
    often_from_address: bool,
    same_words: bool,
}

/// What speaks for spam in an inquiry.
pub(super) async fn judge(core: &Core, visit: &Visit, new: &NewInquiry) -> Vec<Point> {
    let org = visit.site.org;
    // At once: each may be a question to Redis.
    let (guard, calm, within, same_words) = tokio::join!(
        told(core, org, new),
        rate::site_is_calm(core, org, "inquiries", CALM),
        rate::is_within(core, visit, "inquiries of one", PER_ADDRESS),
        is_repeated(core, org, new),
    );
    let around = Circumstances { guard, is_flooded: !calm, often_from_address: !within, same_words };
    let mut points = of_circumstances(around);
    points.extend(of_words(new));
    points
}

/// Whether it is kept aside.
pub(super) fn is_spam(points: &[Point]) -> bool {
    points.iter().map(|point| u32::from(point.points)).sum::<u32>() >= u32::from(THRESHOLD)
}

/// What the form's guard says; none where it comes from no form of ours.
async fn told(core: &Core, org: OrgId, new: &NewInquiry) -> Option<Told> {
    match &new.guard {
        Some(given) => Some(guard::read(core, org, given).await),
        None => None,
    }
}

async fn is_repeated(core: &Core, org: OrgId, new: &NewInquiry) -> bool {
    let words = new.message.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() < SHORTEST_WORDS {
        return false;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, words.as_bytes());
    !rate::is_rare(core, org, "words", digest.as_ref(), SAME_WORDS).await
}

fn of_circumstances(around: Circumstances) -> Vec<Point> {
    let mut points = Vec::new();
    let mut add = |applies: bool, reason: &'static str, worth: u8| {
        if applies {
            points.push(Point { reason, points: worth });
        }
    };
    let told = around.guard;
    let open_for = told.and_then(|told| told.open_for);
    let work = told.map_or(Work::Missing, |told| told.work);
    add(told.is_some_and(|told| told.lured), "A field that people do not see was filled", 10);
    add(told.is_some() && open_for.is_none(), "The form was not one of ours", 3);
    add(open_for.is_some_and(|time| time < SHORTEST), "The form was filled in less than three seconds", 3);
    add(open_for.is_some_and(|time| time > LONGEST), "The form was open for more than a day", 2);
    add(told.is_some_and(|told| told.again), "The same form was sent before", 3);
    add(work == Work::Missing && !around.is_flooded, "No script ran in the browser", 1);
    add(
        work == Work::Missing && around.is_flooded,
        "No script ran in the browser while very many inquiries arrived",
        5,
    );
    add(work == Work::Wrong, "The browser's proof of work is wrong", 5);
    add(around.often_from_address, "Several inquiries came from the same address within an hour", 2);
    add(around.same_words, "The same words came several times within an hour", 3);
    points
}

fn of_words(new: &NewInquiry) -> Vec<Point> {
    let person = &new.person;
    let named = [&person.name, &person.company, &new.topic];
    let links = links_in(&new.message);
    let markup = ["[url", "<a ", "<a\n", "[link", "</a>"].iter().any(|sign| new.message.to_lowercase().contains(sign));
    let mixed = named.iter().any(|text| is_mixed(text)) || is_mixed(&new.message);
    let mut points = Vec::new();
    let mut add = |applies: bool, reason: &'static str, worth: u8| {
        if applies {
            points.push(Point { reason, points: worth });
        }
    };
    add(named.iter().any(|text| links_in(text) > 0), "There is a link in a name", 5);
    add((3..=5).contains(&links), "The message has several links", 2);
    add(links > 5, "The message has very many links", 4);
    add(markup, "The message has the markup of links", 4);
    add(mixed, "Letters of several scripts are mixed within words", 3);
    points
}

/// Links in a text, with or without a scheme.
fn links_in(text: &str) -> usize {
    let text = text.to_lowercase();
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '[' | ']' | ','));
    words.filter(|word| word.contains("://") || word.starts_with("www.") || is_path(word)).count()
}

/// `example.com/x`: a host with a path. A host alone is how many a business is called, and an address is no link.
fn is_path(word: &str) -> bool {
    let Some((host, path)) = word.split_once('/') else { return false };
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let top = labels.last().copied().unwrap_or_default();
    !path.is_empty()
        && labels.len() > 1
        && labels.iter().all(is_label)
        && top.len() > 1
        && top.chars().all(char::is_alphabetic)
}

/// Whether a word mixes letters of Latin with those of Cyrillic or Greek: they look the same and are meant to deceive.
fn is_mixed(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| {
        let latin = word.chars().any(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}'));
        let alike = word.chars().any(|c| matches!(c, '\u{370}'..='\u{52f}'));
        // A single letter, as in "µm" or "Δt", is no disguise.
        latin && alike && word.chars().count() > 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inquiries::Kind;
    use crate::ports::Person;

    fn inquiry(name: &str, message: &str) -> NewInquiry {
        NewInquiry {
            kind: Kind::Contact,
            topic: String::new(),
            person: Person { name: name.to_owned(), email: "dana@example.com".to_owned(), ..Person::default() },
            message: message.to_owned(),
            letters: None,
            audit: None,
            guard: None,
            source: serde_json::Value::Null,
        }
    }

    const FINE: Told = Told { lured: false, open_for: Some(Duration::seconds(40)), work: Work::Done, again: false };

    fn around(guard: Option<Told>) -> Circumstances {
        Circumstances { guard, is_flooded: false, often_from_address: false, same_words: false }
    }

    #[test]
    fn a_person_has_no_point_with_script_and_one_without() {
        assert!(of_circumstances(around(Some(FINE))).is_empty());
        let without = of_circumstances(around(Some(Told { work: Work::Missing, ..FINE })));
        assert_eq!(without.len(), 1);
        assert!(!is_spam(&without));
        assert!(!is_spam(&of_circumstances(around(None))), "a published form of the customer's own page");
        assert!(
            of_words(&inquiry("Zoë O’Hara", "We lose calls, see our page northwind.example and https://example.com"))
                .is_empty()
        );
    }

    #[test]
    fn each_sign_of_a_program_is_found() {
        assert!(is_spam(&of_circumstances(around(Some(Told { lured: true, ..FINE })))));
        let quick = Told { open_for: Some(Duration::seconds(1)), work: Work::Missing, again: true, ..FINE };
        assert!(is_spam(&of_circumstances(around(Some(quick)))));
        let forged = Told { open_for: None, work: Work::Wrong, ..FINE };
        assert!(is_spam(&of_circumstances(around(Some(forged)))));
        assert!(is_spam(&of_words(&inquiry("Win https://spam.example", "Hello"))));
        assert!(is_spam(&of_words(&inquiry(
            "Dana",
            "[url=https://a.example/x]a[/url] https://b.example https://c.example"
        ))));
        assert_eq!(of_words(&inquiry("Dаnа Whitfield", "Hello")).len(), 1, "Cyrillic letters that look Latin");
    }

    #[test]
    fn in_a_flood_only_work_passes() {
        let flood = |work| Circumstances { is_flooded: true, ..around(Some(Told { work, ..FINE })) };
        assert!(is_spam(&of_circumstances(flood(Work::Missing))));
        assert!(!is_spam(&of_circumstances(flood(Work::Done))));
    }

    #[test]
    fn one_weak_sign_is_not_enough() {
        for told in [
            Told { open_for: Some(Duration::seconds(2)), ..FINE },
            Told { open_for: Some(Duration::hours(30)), ..FINE },
            Told { again: true, ..FINE },
        ] {
            assert!(!is_spam(&of_circumstances(around(Some(told)))), "{told:?}");
        }
    }

    #[test]
    fn links_are_known_and_addresses_are_not_links() {
        assert_eq!(links_in("see https://a.example (www.b.example) and c.example/path"), 3);
        assert_eq!(links_in("dana@example.com, northwind.example, 24/7, and/or, 1.5/2"), 0);
        assert!(!is_mixed("Müller, Οδυσσέας, Наталья, 5 µm"));
    }
}
