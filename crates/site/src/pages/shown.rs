//! What a page of words shows: the site's own, or the built-in one, with the wording that an experiment drew.

use chrono::{DateTime, Utc};
use kernel::ids::ImageId;
use serde_json::{Map, Value};
use shell::AppError;

use super::facts;
use super::frame::SiteFrame;
use crate::content::{Builtin, Entry, Kind, builtin, images, markdown, store};
use crate::core::Core;
use crate::sites::Site;
use crate::visit::Visit;

/// What a page beside its words is made of: `page.fields.text("headline")`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of an object; none of anything else.
    fn of(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self(fields),
            _ => Self::default(),
        }
    }

    /// A text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A whole number; none where there is none.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// Whether something is said to be so: `true` as JSON, or `yes` as a text.
    pub(crate) fn holds(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(so)) => *so,
            Some(Value::String(text)) => text == "yes",
            _ => false,
        }
    }

    /// Texts one after the other; empty where there are none.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Rows of fields, such as plans or questions; empty where there are none.
    pub(crate) fn rows(&self, name: &str) -> Vec<Self> {
        let rows = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        rows.filter(|row| row.is_object()).cloned().map(Self::of).collect()
    }

    /// The row of a name; without fields where there is none.
    pub(crate) fn row(&self, name: &str) -> Self {
        self.0.get(name).cloned().map(Self::of).unwrap_or_default()
    }

    /// These over those: what is said here counts.
    fn over(mut self, below: &Self) -> Self {
        for (name, value) in &below.0 {
            self.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }
}

/// A page as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub slug: String,
    pub title: String,
    pub summary: String,
    /// HTML, made of the words.
    pub body: String,
    pub fields: Fields,
    pub image: Option<ImageId>,
    /// Of a page of the database.
    pub updated_at: Option<DateTime<Utc>>,
    pub published_at: Option<DateTime<Utc>>,
}

/// The page of a kind with a slug, in the wording of `drawn`; with a preview link's token the draft that it belongs to.
pub(super) async fn find(
    core: &Core,
    visit: &Visit,
    (kind, slug): (Kind, &str),
    drawn: Option<Value>,
) -> Result<Option<Shown>, AppError> {
    let token = visit.query_value("preview");
    let mut tx = core.kernel().db.begin_site(visit.site.org, token.as_deref()).await?;
    let entry = store::published(&mut tx, kind, slug).await?;
    let kept = entry.is_some();
    let Some(mut shown) = merge(entry, builtin::page(kind, slug), drawn, &visit.site) else { return Ok(None) };
    if kept {
        shown.body = images::in_words(&mut tx, shown.body).await?;
    }
    Ok(Some(shown))
}

/// The same where the program brings the page, so that there always is one.
pub(super) async fn own(core: &Core, visit: &Visit, slug: &str, drawn: Option<Value>) -> Result<Shown, AppError> {
    find(core, visit, (Kind::Page, slug), drawn).await?.ok_or_else(|| AppError::not_found("page"))
}

/// Whether somebody came by a link to a draft.
pub(super) fn is_draft(visit: &Visit) -> bool {
    visit.query_value("preview").is_some()
}

fn merge(entry: Option<Entry>, brought: Option<&Builtin>, drawn: Option<Value>, site: &Site) -> Option<Shown> {
    let below = brought.map(|page| Fields::of(page.fields.clone())).unwrap_or_default();
    let drawn = drawn.map(Fields::of).unwrap_or_default();
    let said = |name: &str, otherwise: &str| {
        let text = if drawn.text(name).is_empty() { otherwise } else { drawn.text(name) };
        facts::fill(text, site, false)
    };
    let mut shown = match (entry, brought) {
        (Some(entry), _) => Shown {
            title: said("title", &entry.title),
            summary: said("summary", &entry.summary),
            body: words(&entry.body, site),
            fields: Fields::of(entry.fields).over(&below),
            slug: entry.slug,
            image: entry.image,
            updated_at: Some(entry.updated_at),
            published_at: entry.published_at,
        },
        (None, Some(page)) => Shown {
            title: said("title", &page.title),
            summary: said("summary", &page.summary),
            body: words(&page.body, site),
            fields: below,
            slug: page.slug.to_owned(),
            image: None,
            updated_at: None,
            published_at: None,
        },
        (None, None) => return None,
    };
    shown.fields = drawn.over(&shown.fields);
    Some(shown)
}

fn words(body: &str, site: &Site) -> String {
    markdown::html(&facts::fill(body, site, true))
}

impl Shown {
    /// The frame of the page; a draft is kept from search engines.
    pub(super) fn frame(&self, visit: &Visit, kind: Kind) -> SiteFrame {
        let frame = SiteFrame::new(visit, &self.title, &self.summary)
            .at(&kind.path(&self.slug))
            .with_image(images::share_address(&visit.base, kind, &self.slug));
        if is_draft(visit) { frame.private() } else { frame }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// Fields of an object, for the tests of pages.
    pub(in crate::pages) fn fields(value: &Value) -> Fields {
        Fields::of(value.clone())
    }

    #[test]
    fn what_is_said_nearer_counts() {
        let below = Fields::of(json!({ "headline": "below", "button": "below" }));
        let merged = Fields::of(json!({ "headline": "above" })).over(&below);
        assert_eq!((merged.text("headline"), merged.text("button"), merged.text("none")), ("above", "below", ""));
    }

    #[test]
    fn fields_of_another_shape_are_as_if_they_were_not_there() {
        let fields = Fields::of(json!({ "rows": [1, { "a": "b" }], "text": 3, "n": "x" }));
        assert_eq!((fields.rows("rows").len(), fields.text("text"), fields.number("n")), (1, "", None));
        assert!(Fields::of(json!([1])).rows("rows").is_empty());
        assert_eq!(fields.rows("rows")[0].text("a"), "b");
    }

    #[test]
    fn drawn_wording_stands_over_the_page() {
        let page = builtin::page(Kind::Page, "home").expect("it is brought");
        let site = facts::tests::site();
        let drawn = json!({ "title": "Another title", "headline": "Another headline" });
        let shown = merge(None, Some(page), Some(drawn), &site).expect("it is there");
        assert_eq!((shown.title.as_str(), shown.fields.text("headline")), ("Another title", "Another headline"));
        assert_eq!(shown.summary, page.summary);
        assert!(merge(None, None, None, &site).is_none());
    }
}
