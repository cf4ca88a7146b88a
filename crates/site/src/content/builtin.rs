//! The words a site has before anybody wrote one: files of the program, each with its fields before its words.
//!
//! Before the words, between two lines `---`, stand fields: `name: text`, or a name with JSON, which may go on over indented lines.
//! `title` and `summary` are the page's own, the others are its `fields`.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::Kind;

/// A page that the program brings.
#[derive(Clone, Debug)]
pub(crate) struct Builtin {
    pub kind: Kind,
    pub slug: &'static str,
    pub title: String,
    pub summary: String,
    /// Markdown.
    pub body: String,
    /// What its kind has beside words; an object.
    pub fields: Value,
}

/// A file of `content/`, by its name.
macro_rules! files {
    ($($kind:ident $slug:literal $file:literal,)*) => {
        [$((Kind::$kind, $slug, include_str!(concat!("../../content/", $file))),)*]
    };
}

/// The files, in the order in which pages list them.
const FILES: [(Kind, &str, &str); 18] = files! {
    Page "home" "home.md",
    Page "solutions" "solutions.md",
    Page "case-studies" "case-studies.md",
    Page "pricing" "pricing.md",
    Page "about" "about.md",
    Page "privacy" "privacy.md",
    Page "terms" "terms.md",
    Solution "clinics" "solution-clinics.md",
    Solution "dentists" "solution-dentists.md",
    Solution "salons-and-spas" "solution-salons.md",
    Solution "home-services" "solution-home-services.md",
    Solution "law-firms" "solution-law-firms.md",
    Solution "automotive" "solution-automotive.md",
    Solution "fitness" "solution-fitness.md",
    Solution "real-estate" "solution-real-estate.md",
    Solution "restaurants-and-hotels" "solution-hospitality.md",
    Solution "retail" "solution-retail.md",
    Solution "professional-services" "solution-professional-services.md",
};

static ALL: LazyLock<Vec<Builtin>> =
    LazyLock::new(|| FILES.iter().map(|&(kind, slug, text)| read(kind, slug, text)).collect());

/// The built-in page of a kind with a slug.
pub(crate) fn page(kind: Kind, slug: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|page| page.kind == kind && page.slug == slug)
}

/// All of them, in the order in which pages list them.
pub(crate) fn all() -> &'static [Builtin] {
    &ALL
}

fn read(kind: Kind, slug: &'static str, text: &str) -> Builtin {
    let (head, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap_or(("", text));
    let mut fields = fields(head);
    let mut own = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (title, summary) = (own("title"), own("summary"));
    Builtin { kind, slug, title, summary, body: body.trim().to_owned(), fields: Value::Object(fields) }
}

/// The fields before the words.
fn fields(head: &str) -> Map<String, Value> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        if line.starts_with([' ', ']', '}']) {
            if let Some((_, value)) = all.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            all.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    all.into_iter().map(|(name, value)| (name, value_of(value))).collect()
}

/// JSON where it begins like JSON and is, else the text as it stands.
fn value_of(text: String) -> Value {
    if text.starts_with(['[', '{']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_before_the_words() {
        let text = "---\ntitle: One: two\nplans: [\n  {\"name\": \"a\"}\n]\nbutton: Go\n---\n\nWords.\n";
        let page = read(Kind::Page, "x", text);
        assert_eq!((page.title.as_str(), page.body.as_str()), ("One: two", "Words."));
        assert_eq!(page.fields["plans"][0]["name"], "a");
        assert_eq!(page.fields["button"], "Go");
    }

    #[test]
    fn every_file_is_whole() {
        for page in all() {
            assert!(!page.title.is_empty(), "{} has no title", page.slug);
            assert!((40..=180).contains(&page.summary.chars().count()), "the summary of {}", page.slug);
            let unread = page
                .fields
                .as_object()
                .expect("an object")
                .iter()
                .find(|(_, value)| value.as_str().is_some_and(|text| text.starts_with(['[', '{'])));
            assert_eq!(unread, None, "a field of {} is not the JSON it looks like", page.slug);
        }
    }

    #[test]
    fn no_file_shouts_or_makes_up_what_nobody_measured() {
        for (_, slug, text) in FILES {
            assert!(!text.contains('!') || text.contains("!["), "{slug} has an exclamation mark");
        }
    }
}
