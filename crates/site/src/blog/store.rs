//! Published posts, as lists read them.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{AuthorId, ImageId};

use super::words::address_word;
use crate::content::Entry;

/// Posts on a page of a list.
pub(super) const PER_PAGE: u32 = 12;
/// Pages that are offered; older posts are found by category, tag and the feed of search engines.
pub(super) const MOST_PAGES: u32 = 500;

/// A post in a list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Brief {
    pub slug: String,
    pub title: String,
    pub summary: String,
    pub category: String,
    pub image_id: Option<ImageId>,
    pub published_at: Option<DateTime<Utc>>,
    /// Characters of its words.
    pub letters: i32,
}

/// Which posts a list has.
#[derive(Clone, Debug)]
pub(super) enum Of {
    All,
    /// Names of one address, which may differ in capitals.
    Category(Vec<String>),
    Tag(Vec<String>),
    Author(AuthorId),
}

impl Of {
    fn parts(&self) -> (Option<&[String]>, Option<&[String]>, Option<AuthorId>) {
        match self {
            Self::All => (None, None, None),
            Self::Category(names) => (Some(names.as_slice()), None, None),
            Self::Tag(names) => (None, Some(names.as_slice()), None),
            Self::Author(id) => (None, None, Some(*id)),
        }
    }
}

/// A page of a list, the newest first, from 1; and how many posts the list has.
pub(super) async fn page(tx: &mut OrgTx, of: &Of, page: u32) -> Result<(Vec<Brief>, i64), sqlx::Error> {
    let (category, tag, author) = of.parts();
    let total: i64 = sqlx::query_scalar(
        "select count(*) from site_pages where org_id = $1 and kind = 'post' and state = 'published' \
         and ($2::text[] is null or category = any($2)) and ($3::text[] is null or tags && $3) \
         and ($4::uuid is null or author_id = $4)",
    )
    .bind(tx.org())
    .bind(category)
    .bind(tag)
    .bind(author)
    .fetch_one(tx.conn())
    .await?;
    let rows = sqlx::query_as(
        "select slug, title, summary, category, image_id, published_at, length(body) as letters from site_pages \
         where org_id = $1 and kind = 'post' and state = 'published' \
         and ($2::text[] is null or category = any($2)) and ($3::text[] is null or tags && $3) \
         and ($4::uuid is null or author_id = $4) \
         order by published_at desc, id desc limit $5 offset $6",
    )
    .bind(tx.org())
    .bind(category)
    .bind(tag)
    .bind(author)
    .bind(i64::from(PER_PAGE))
    .bind(i64::from(page.saturating_sub(1)) * i64::from(PER_PAGE))
    .fetch_all(tx.conn())
    .await?;
    Ok((rows, total))
}

/// Categories that have posts, those with the most first.
pub(super) async fn categories(tx: &mut OrgTx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select category from site_pages where org_id = $1 and kind = 'post' and state = 'published' and category <> '' \
         group by category order by count(*) desc, category limit 500",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// Tags that posts have, those with the most first.
async fn tags(tx: &mut OrgTx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select tag from site_pages cross join unnest(tags) as tag where org_id = $1 and kind = 'post' \
         and state = 'published' group by tag order by count(*) desc, tag limit 2000",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// The categories that stand at an address.
pub(super) async fn categories_at(tx: &mut OrgTx, address: &str) -> Result<Vec<String>, sqlx::Error> {
    Ok(categories(tx).await?.into_iter().filter(|name| address_word(name) == address).collect())
}

/// The tags that stand at an address.
pub(super) async fn tags_at(tx: &mut OrgTx, address: &str) -> Result<Vec<String>, sqlx::Error> {
    Ok(tags(tx).await?.into_iter().filter(|name| address_word(name) == address).collect())
}

/// Other posts that have most in common with one: its category counts twice, each tag once.
pub(super) async fn related(tx: &mut OrgTx, entry: &Entry) -> Result<Vec<Brief>, sqlx::Error> {
    sqlx::query_as(
        "select slug, title, summary, category, image_id, published_at, length(body) as letters from site_pages \
         where org_id = $1 and kind = 'post' and state = 'published' and id <> $2 \
         and ((category <> '' and category = $3) or tags && $4) \
         order by (case when category = $3 then 2 else 0 end) \
         + (select count(*) from unnest(tags) as tag where tag = any($4)) desc, published_at desc, id desc limit 3",
    )
    .bind(tx.org())
    .bind(entry.id)
    .bind(&entry.category)
    .bind(&entry.tags)
    .fetch_all(tx.conn())
    .await
}
