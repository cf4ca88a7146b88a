//! The form of a page: what was typed, as it was typed, and what it means.
//!
//! What was typed is kept apart from what it means, so that a form that is refused is shown again whole.

use std::collections::BTreeMap;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use kernel::ids::{AuthorId, ImageId};
use serde_json::{Map, Value};
use shell::{AppError, Detail};

use crate::blog::zone;
use crate::content::{Builtin, Entry, Kind, builtin};
use crate::sites::Site;

const LONGEST_TITLE: usize = 160;
const LONGEST_SUMMARY: usize = 320;
const LONGEST_BODY: usize = 200_000;
const LONGEST_FIELDS: usize = 64_000;
const LONGEST_SLUG: usize = 80;
const LONGEST_NAME: usize = 40;
const MOST_TAGS: usize = 12;
/// How a form writes an instant, in the site's time zone.
const LOCAL: &str = "%Y-%m-%dT%H:%M";
/// Words of a post's address that mean something else.
const TAKEN: [&str; 3] = ["author", "category", "tag"];
/// Words of a page's address that mean something else.
const TAKEN_PAGES: [&str; 13] = [
    "admin", "assets", "audit", "blog", "book", "contact", "health", "letters", "media", "roi", "site", "v2",
    "webhooks",
];

/// What a site's own settings say about its pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub zone: Tz,
    /// Without a domain of its own, a site has the program's addresses alone.
    pub own_domain: bool,
}

impl Place {
    pub(super) fn of(site: &Site) -> Self {
        Self { zone: zone(site), own_domain: site.domain.is_some() }
    }
}

/// What a form shows: texts as they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub body: String,
    pub fields: String,
    pub category: String,
    pub tags: String,
    pub author: String,
    pub image: String,
    pub publish_at: String,
}

/// What it means.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub body: String,
    pub fields: Value,
    pub category: String,
    pub tags: Vec<String>,
    pub author: Option<AuthorId>,
    pub image: Option<ImageId>,
    /// When it is to be published, where the form says so.
    pub publish_at: Option<DateTime<Utc>>,
}

impl Typed {
    /// What a form sent.
    pub(super) fn sent(form: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        Self {
            slug: text("slug"),
            title: text("title"),
            summary: text("summary"),
            // Browsers end lines with two characters; what is kept has one.
            body: text("body").replace("\r\n", "\n"),
            fields: text("fields").replace("\r\n", "\n"),
            category: text("category"),
            tags: text("tags"),
            author: text("author"),
            image: text("image"),
            publish_at: text("publish_at"),
        }
    }

    /// What is kept of a page.
    pub(super) fn of(entry: &Entry, zone: Tz) -> Self {
        Self {
            slug: entry.slug.clone(),
            title: entry.title.clone(),
            summary: entry.summary.clone(),
            body: entry.body.clone(),
            fields: pretty(&entry.fields),
            category: entry.category.clone(),
            tags: entry.tags.join(", "),
            author: entry.author.map(|id| id.to_string()).unwrap_or_default(),
            image: entry.image.map(|id| id.to_string()).unwrap_or_default(),
            publish_at: entry
                .publish_at
                .map(|at| at.with_timezone(&zone).format(LOCAL).to_string())
                .unwrap_or_default(),
        }
    }

    /// A copy of a page that the program brings.
    pub(super) fn copied(page: &Builtin) -> Self {
        Self {
            slug: page.slug.to_owned(),
            title: page.title.clone(),
            summary: page.summary.clone(),
            body: page.body.clone(),
            fields: pretty(&page.fields),
            ..Self::default()
        }
    }

    /// What it means, or everything that is wrong with it.
    pub(super) fn read(&self, kind: Kind, place: Place) -> Result<Draft, AppError> {
        let mut wrong: Vec<Detail> = Vec::new();
        let mut check = |field: &str, result: Result<(), String>| {
            if let Err(reason) = result {
                wrong.push(Detail::new(field, reason));
            }
        };
        let (title, summary) = (one_line(&self.title), one_line(&self.summary));
        check("title", if title.is_empty() { Err("is required".to_owned()) } else { at_most(&title, LONGEST_TITLE) });
        check("summary", at_most(&summary, LONGEST_SUMMARY));
        check("body", at_most(&self.body, LONGEST_BODY));
        let slug = self.slug.trim().to_owned();
        check("slug", good_slug(kind, &slug, place));
        let fields = object(&self.fields);
        check("fields", fields.as_ref().map(|_| ()).map_err(Clone::clone));
        let category = one_line(&self.category);
        check("category", at_most(&category, LONGEST_NAME));
        let tags = tags(&self.tags);
        check("tags", tags.as_ref().map(|_| ()).map_err(Clone::clone));
        let author = id_of::<AuthorId>(&self.author);
        check("author", author.map(|_| ()).map_err(str::to_owned));
        let image = id_of::<ImageId>(&self.image);
        check("image", image.map(|_| ()).map_err(str::to_owned));
        let publish_at = instant(&self.publish_at, place.zone);
        check("publish_at", publish_at.map(|_| ()).map_err(str::to_owned));
        let (Ok(fields), Ok(tags), Ok(author), Ok(image), Ok(publish_at), true) =
            (fields, tags, author, image, publish_at, wrong.is_empty())
        else {
            return Err(AppError::fields(wrong));
        };
        let body = self.body.replace('\0', "");
        Ok(Draft { slug, title, summary, body, fields, category, tags, author, image, publish_at })
    }
}

fn pretty(fields: &Value) -> String {
    match fields {
        Value::Object(map) if map.is_empty() => String::new(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

pub(crate) fn one_line(text: &str) -> String {
    text.replace('\0', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn at_most(text: &str, most: usize) -> Result<(), String> {
    if text.chars().count() <= most { Ok(()) } else { Err(format!("is at most {most} characters")) }
}

/// Whether a word can stand in an address: nothing in it leads anywhere else.
pub(crate) fn plain_slug(slug: &str) -> Result<(), String> {
    if slug.is_empty() {
        return Err("is required".to_owned());
    }
    at_most(slug, LONGEST_SLUG)?;
    let good =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if slug.split('-').all(good) {
        return Ok(());
    }
    Err("is small letters and digits with single hyphens between them, such as missed-calls".to_owned())
}

fn good_slug(kind: Kind, slug: &str, place: Place) -> Result<(), String> {
    plain_slug(slug)?;
    match kind {
        Kind::Page if TAKEN_PAGES.contains(&slug) => {
            Err("means something else on the site; choose another one".to_owned())
        }
        Kind::Page if builtin::page(Kind::Page, slug).is_none() && !place.own_domain => {
            let known = builtin::all().iter().filter(|page| page.kind == Kind::Page).map(|page| page.slug);
            let known = known.collect::<Vec<_>>().join(", ");
            Err(format!("needs a domain of the site's own, which its settings give; without one its pages are {known}"))
        }
        Kind::Post if TAKEN.contains(&slug) => Err("means something else in the blog; choose another one".to_owned()),
        _ => Ok(()),
    }
}

/// The fields beside words: an object, or nothing.
fn object(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    at_most(text, LONGEST_FIELDS)?;
    if text.contains("\\u0000") {
        return Err("must not contain a NUL character".to_owned());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(Value::Object(map)),
        Ok(_) => Err("is an object: names and values between braces".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// Tags between commas, each once.
fn tags(text: &str) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split(',').map(one_line).filter(|tag| !tag.is_empty()) {
        at_most(&tag, LONGEST_NAME).map_err(|_| format!("are at most {LONGEST_NAME} characters each"))?;
        if tags.iter().all(|known| known.to_lowercase() != tag.to_lowercase()) {
            tags.push(tag);
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(format!("are at most {MOST_TAGS}"));
    }
    Ok(tags)
}

fn id_of<I: std::str::FromStr>(text: &str) -> Result<Option<I>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "is not there any more; choose another one")
}

/// An instant of the site's time zone. An hour that comes twice is its first; one that a clock leaves out is refused.
fn instant(text: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // Programs say the zone with it.
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Some(at.with_timezone(&Utc)));
    }
    let local =
        NaiveDateTime::parse_from_str(text, LOCAL).map_err(|_| "is a day and a time, such as 2026-12-01T09:00")?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(Some(at.with_timezone(&Utc))),
        LocalResult::None => Err("is an hour that the clocks leave out on this day; choose another one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place { zone: Tz::UTC, own_domain: false };

    fn good() -> Typed {
        Typed { slug: "missed-calls".to_owned(), title: " What  it costs ".to_owned(), ..Typed::default() }
    }

    fn refused(typed: &Typed, kind: Kind) -> Vec<String> {
        let error = typed.read(kind, HERE).expect_err("refused");
        error.details().iter().map(|detail| detail.field.clone()).collect()
    }

    #[test]
    fn a_good_form_reads() {
        let typed = Typed { tags: "Phone, phone ,, After hours".to_owned(), fields: "{\"a\": 1}".to_owned(), ..good() };
        let draft = typed.read(Kind::Post, HERE).expect("it reads");
        assert_eq!((draft.title.as_str(), draft.tags.join("|")), ("What it costs", "Phone|After hours".to_owned()));
        assert_eq!(draft.fields["a"], 1);
        assert!(draft.author.is_none() && draft.image.is_none() && draft.publish_at.is_none());
    }

    #[test]
    fn an_address_leads_nowhere_else() {
        for slug in [
            "",
            "..",
            "../admin",
            "a/b",
            "a\\b",
            "%2e%2e",
            "a--b",
            "-a",
            "a-",
            "A",
            "a b",
            "ä",
            "a.html",
            "a\0",
            "tag",
            "\u{202e}a",
        ] {
            assert_eq!(refused(&Typed { slug: slug.to_owned(), ..good() }, Kind::Post), ["slug"], "{slug:?}");
        }
        assert_eq!(refused(&Typed { slug: "faq".to_owned(), ..good() }, Kind::Page), ["slug"], "no page of the site");
        assert!(Typed { slug: "about".to_owned(), ..good() }.read(Kind::Page, HERE).is_ok());
        let own = Place { own_domain: true, ..HERE };
        assert!(Typed { slug: "faq".to_owned(), ..good() }.read(Kind::Page, own).is_ok());
        assert!(Typed { slug: "admin".to_owned(), ..good() }.read(Kind::Page, own).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let typed = Typed {
            title: " ".to_owned(),
            fields: "[1]".to_owned(),
            author: "nobody".to_owned(),
            publish_at: "soon".to_owned(),
            tags: "x".repeat(41),
            ..good()
        };
        assert_eq!(refused(&typed, Kind::Post), ["title", "fields", "tags", "author", "publish_at"]);
        assert_eq!(refused(&Typed { body: "x".repeat(LONGEST_BODY + 1), ..good() }, Kind::Post), ["body"]);
    }

    #[test]
    fn hours_that_come_twice_or_never_are_known() {
        let berlin = Tz::Europe__Berlin;
        let at = |text: &str| instant(text, berlin).map(|at| at.map(|at| at.to_rfc3339()));
        assert_eq!(at("2026-12-01T09:00"), Ok(Some("2026-12-01T08:00:00+00:00".to_owned())));
        assert_eq!(at("2026-10-25T02:30"), Ok(Some("2026-10-25T00:30:00+00:00".to_owned())));
        assert!(at("2026-03-29T02:30").is_err());
        assert_eq!(at("2026-03-29T02:30:15Z"), Ok(Some("2026-03-29T02:30:15+00:00".to_owned())), "with its zone");
        assert_eq!(at(" "), Ok(None));
    }
}
