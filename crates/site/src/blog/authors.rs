//! People who write.

use kernel::db::OrgTx;
use kernel::ids::{AuthorId, ImageId};

/// Somebody who writes.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Author {
    pub id: AuthorId,
    pub slug: String,
    pub name: String,
    /// What they do, in a few words.
    pub role: String,
    /// Who they are, in a sentence or two.
    pub bio: String,
    pub image_id: Option<ImageId>,
}

/// Everybody who writes, by name.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<Author>, sqlx::Error> {
    sqlx::query_as(
        "select id, slug, name, role, bio, image_id from site_authors where org_id = $1 order by lower(name), id limit 500",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// Somebody by id.
pub(crate) async fn find(tx: &mut OrgTx, id: AuthorId) -> Result<Option<Author>, sqlx::Error> {
    sqlx::query_as("select id, slug, name, role, bio, image_id from site_authors where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// Somebody by the word in their address.
pub(super) async fn by_slug(tx: &mut OrgTx, slug: &str) -> Result<Option<Author>, sqlx::Error> {
    sqlx::query_as("select id, slug, name, role, bio, image_id from site_authors where org_id = $1 and slug = $2")
        .bind(tx.org())
        .bind(slug)
        .fetch_optional(tx.conn())
        .await
}
