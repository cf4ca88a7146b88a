//! What a site says, as it is kept.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{AuthorId, ImageId, PageId};
use serde_json::Value;

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// One of the site's own pages, such as `about`.
    Page,
    /// How an industry wins back what it loses.
    Solution,
    /// What was measured somewhere.
    CaseStudy,
    /// A post of the blog.
    Post,
}

impl Kind {
    /// All of them, in the order of the desk.
    pub(crate) const ALL: [Self; 4] = [Self::Page, Self::Solution, Self::CaseStudy, Self::Post];

    /// The word of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Solution => "solution",
            Self::CaseStudy => "case_study",
            Self::Post => "post",
        }
    }

    /// The kind with a word of the database.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The address of a page of this kind on the site.
    pub(crate) fn path(self, slug: &str) -> String {
        match self {
            Self::Page if slug == "home" => "/".to_owned(),
            Self::Page => format!("/{slug}"),
            Self::Solution => format!("/solutions/{slug}"),
            Self::CaseStudy => format!("/case-studies/{slug}"),
            Self::Post => format!("/blog/{slug}"),
        }
    }
}

/// Who sees a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The desk, and whoever has its preview link.
    Draft,
    /// The same until it is due.
    Scheduled,
    /// Everybody.
    Published,
    /// Nobody; it can be brought back.
    Archived,
}

impl State {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Draft, Self::Scheduled, Self::Published, Self::Archived];

    /// The word of the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }

    /// The state with a word of the database.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A page of the database.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: PageId,
    pub kind: Kind,
    pub slug: String,
    pub title: String,
    pub summary: String,
    /// Markdown.
    pub body: String,
    /// What its kind has beside words; an object.
    pub fields: Value,
    pub category: String,
    pub tags: Vec<String>,
    pub author: Option<AuthorId>,
    pub image: Option<ImageId>,
    pub state: State,
    /// When a scheduled one is due.
    pub publish_at: Option<DateTime<Utc>>,
    pub published_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub updated_at: DateTime<Utc>,
}

/// The columns of [`Row`], for statements on `site_pages`.
pub(crate) const COLUMNS: &str = "id, kind, slug, title, summary, body, fields, category, tags, author_id, image_id, state, publish_at, \
     published_at, revision, updated_at";

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: PageId,
    kind: String,
    slug: String,
    title: String,
    summary: String,
    body: String,
    fields: Value,
    category: String,
    tags: Vec<String>,
    author_id: Option<AuthorId>,
    image_id: Option<ImageId>,
    state: String,
    publish_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    revision: i32,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            // The table allows these words alone.
            kind: Kind::from_word(&row.kind).unwrap_or(Kind::Page),
            slug: row.slug,
            title: row.title,
            summary: row.summary,
            body: row.body,
            fields: row.fields,
            category: row.category,
            tags: row.tags,
            author: row.author_id,
            image: row.image_id,
            state: State::from_word(&row.state).unwrap_or(State::Draft),
            publish_at: row.publish_at,
            published_at: row.published_at,
            revision: row.revision,
            updated_at: row.updated_at,
        }
    }
}

/// A published page; in a transaction with a preview's token also the draft that the token belongs to.
pub(crate) async fn published(tx: &mut OrgTx, kind: Kind, slug: &str) -> Result<Option<Entry>, sqlx::Error> {
    let sql = format!("select {COLUMNS} from site_pages where org_id = $1 and kind = $2 and slug = $3");
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(kind.word())
        .bind(slug)
        .fetch_optional(tx.conn())
        .await?;
    Ok(row.map(Entry::from))
}

/// The published pages of a kind, the newest first; at most `most`.
pub(crate) async fn list(tx: &mut OrgTx, kind: Kind, most: i64) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from site_pages where org_id = $1 and kind = $2 and state = 'published' \
         order by published_at desc, id desc limit $3"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(kind.word())
        .bind(most)
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Where the published pages of a site are and when they last changed: for its map.
pub(crate) async fn map(tx: &mut OrgTx) -> Result<Vec<(Kind, String, String, DateTime<Utc>)>, sqlx::Error> {
    let rows: Vec<(String, String, String, DateTime<Utc>)> = sqlx::query_as(
        "select kind, slug, title, updated_at from site_pages where org_id = $1 and state = 'published' \
         order by kind, slug limit 20000",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    let known = |(kind, slug, title, at): (String, String, String, DateTime<Utc>)| {
        Kind::from_word(&kind).map(|kind| (kind, slug, title, at))
    };
    Ok(rows.into_iter().filter_map(known).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_database_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(Kind::from_word("nothing"), None);
    }

    #[test]
    fn every_kind_has_its_place_on_the_site() {
        assert_eq!(Kind::Page.path("home"), "/");
        assert_eq!(Kind::Page.path("about"), "/about");
        assert_eq!(Kind::CaseStudy.path("x"), "/case-studies/x");
    }
}
