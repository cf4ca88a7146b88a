//! Pages as the desk reads and writes them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{PageId, UserId};
use kernel::ledger::Actor;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use shell::AppError;
use uuid::Uuid;

use super::form::Draft;
use crate::content::store::{COLUMNS, Row};
use crate::content::{Entry, Kind, State};

/// Rows of a list.
pub(super) const PER_PAGE: i64 = 50;
/// Revisions that a history shows.
const MOST_REVISIONS: i64 = 200;

/// A page in the list of the desk.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Listed {
    pub id: PageId,
    pub slug: String,
    pub title: String,
    pub state: String,
    pub publish_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// What the list of the desk is narrowed to.
pub(super) struct Narrowed<'a> {
    pub kind: Kind,
    /// None: everything that is not archived.
    pub state: Option<State>,
    /// A part of a title or an address; empty for all.
    pub words: &'a str,
    /// Rows to leave out.
    pub skip: i64,
}

/// A page of the list, what was changed last first; one row more than is shown, to know whether there are others.
pub(super) async fn list(tx: &mut OrgTx, narrowed: &Narrowed<'_>) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as(
        "select id, slug, title, state, publish_at, updated_at from site_pages where org_id = $1 and kind = $2 \
         and (state = $3 or ($3 is null and state <> 'archived')) \
         and ($4 = '' or position(lower($4) in lower(title)) > 0 or position(lower($4) in slug) > 0) \
         order by updated_at desc, id desc limit $5 offset $6",
    )
    .bind(tx.org())
    .bind(narrowed.kind.word())
    .bind(narrowed.state.map(State::word))
    .bind(narrowed.words)
    .bind(PER_PAGE + 1)
    .bind(narrowed.skip)
    .fetch_all(tx.conn())
    .await
}

/// A page in a list of the API.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Line {
    pub id: PageId,
    pub kind: String,
    pub slug: String,
    pub title: String,
    pub state: String,
    pub publish_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// Pages of a kind and a state, or of all kinds and of all states but archived, the newest first, after one of them.
pub(super) async fn after(
    tx: &mut OrgTx,
    (kind, state): (Option<Kind>, Option<State>),
    after: Option<PageId>,
    fetch: i64,
) -> Result<Vec<Line>, sqlx::Error> {
    sqlx::query_as(
        "select id, kind, slug, title, state, publish_at, updated_at from site_pages where org_id = $1 \
         and ($2::text is null or kind = $2) and (state = $3 or ($3::text is null and state <> 'archived')) \
         and ($4::uuid is null or id < $4) order by id desc limit $5",
    )
    .bind(tx.org())
    .bind(kind.map(Kind::word))
    .bind(state.map(State::word))
    .bind(after)
    .bind(fetch)
    .fetch_all(tx.conn())
    .await
}

/// The slugs of a kind that the organisation has pages for, archived ones left out.
pub(super) async fn slugs(tx: &mut OrgTx, kind: Kind) -> Result<HashSet<String>, sqlx::Error> {
    let slugs: Vec<String> =
        sqlx::query_scalar("select slug from site_pages where org_id = $1 and kind = $2 and state <> 'archived'")
            .bind(tx.org())
            .bind(kind.word())
            .fetch_all(tx.conn())
            .await?;
    Ok(slugs.into_iter().collect())
}

/// A page with what only the desk knows of it.
pub(super) struct Kept {
    pub entry: Entry,
    pub preview_hash: Option<String>,
    /// Who wrote its last revision.
    pub last_by: String,
}

/// A page by id; `lock` keeps others from writing it until the transaction ends.
pub(super) async fn find(tx: &mut OrgTx, id: PageId, lock: bool) -> Result<Option<Kept>, sqlx::Error> {
    let end = if lock { " for update" } else { "" };
    let sql = format!("select {COLUMNS} from site_pages where org_id = $1 and id = $2{end}");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    let Some(row) = row else { return Ok(None) };
    let (preview_hash, last_by): (Option<String>, Option<String>) = sqlx::query_as(
        "select p.preview_hash, r.by_actor from site_pages p left join site_revisions r on r.org_id = p.org_id \
         and r.page_id = p.id and r.revision = p.revision where p.org_id = $1 and p.id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_one(tx.conn())
    .await?;
    Ok(Some(Kept { entry: Entry::from(row), preview_hash, last_by: last_by.unwrap_or_default() }))
}

/// What a refused statement means for the form.
pub(super) fn complaint(error: &sqlx::Error) -> Option<AppError> {
    match error.as_database_error()?.constraint()? {
        "site_pages_org_id_kind_slug_key" => {
            Some(AppError::field("slug", "is the address of another page of this kind, which may be archived"))
        }
        "site_pages_org_id_author_id_fkey" => {
            Some(AppError::field("author", "is not there any more; choose another one"))
        }
        _ => None,
    }
}

/// Writes a new page as a draft with its first revision.
pub(super) async fn insert(
    tx: &mut OrgTx,
    id: PageId,
    kind: Kind,
    draft: &Draft,
    by: Actor,
) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into site_pages (org_id, id, kind, slug, title, summary, body, fields, category, tags, author_id, image_id, \
         made_by, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)",
    )
    .bind(org)
    .bind(id)
    .bind(kind.word())
    .bind(&draft.slug)
    .bind(&draft.title)
    .bind(&draft.summary)
    .bind(&draft.body)
    .bind(&draft.fields)
    .bind(&draft.category)
    .bind(&draft.tags)
    .bind(draft.author)
    .bind(draft.image)
    .bind(by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    add_revision(tx, id, 1, draft, by).await
}

/// Writes the words of a locked page anew, as its next revision.
pub(super) async fn update(tx: &mut OrgTx, entry: &Entry, draft: &Draft, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now, next) = (tx.org(), tx.clock().now(), entry.revision + 1);
    sqlx::query(
        "update site_pages set slug = $3, title = $4, summary = $5, body = $6, fields = $7, category = $8, tags = $9, \
         author_id = $10, image_id = $11, revision = $12, updated_at = $13 where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(entry.id)
    .bind(&draft.slug)
    .bind(&draft.title)
    .bind(&draft.summary)
    .bind(&draft.body)
    .bind(&draft.fields)
    .bind(&draft.category)
    .bind(&draft.tags)
    .bind(draft.author)
    .bind(draft.image)
    .bind(next)
    .bind(now)
    .execute(tx.conn())
    .await?;
    add_revision(tx, entry.id, next, draft, by).await
}

async fn add_revision(tx: &mut OrgTx, page: PageId, number: i32, draft: &Draft, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into site_revisions (org_id, page_id, revision, title, summary, body, fields, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(org)
    .bind(page)
    .bind(number)
    .bind(&draft.title)
    .bind(&draft.summary)
    .bind(&draft.body)
    .bind(&draft.fields)
    .bind(by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Gives a page a state. What is published needs no preview link any more; what is archived has none.
pub(super) async fn set_state(
    tx: &mut OrgTx,
    id: PageId,
    state: State,
    publish_at: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_pages set state = $3, publish_at = $4, \
         published_at = case when $3 = 'published' then coalesce(published_at, $5) else published_at end, \
         preview_hash = case when $3 in ('published', 'archived') then null else preview_hash end, updated_at = $5 \
         where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(state.word())
    .bind(publish_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes a preview link for a page, in place of the one before; its token is kept as a digest.
pub(super) async fn set_preview(tx: &mut OrgTx, id: PageId) -> Result<String, AppError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AppError::internal(anyhow::anyhow!("no randomness")))?;
    let token = kernel::ids::encode(u128::from_be_bytes(bytes));
    sqlx::query("update site_pages set preview_hash = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(kernel::db::site_token(&token))
        .execute(tx.conn())
        .await?;
    Ok(token)
}

/// The old address of a page that is known outside leads to its new one.
pub(super) async fn moved(tx: &mut OrgTx, from: &str, to: &str, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("delete from site_redirects where org_id = $1 and from_path = $2")
        .bind(org)
        .bind(to)
        .execute(tx.conn())
        .await?;
    // What led to the old address leads to the new one at once: no chains.
    sqlx::query("update site_redirects set to_path = $3 where org_id = $1 and to_path = $2")
        .bind(org)
        .bind(from)
        .bind(to)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into site_redirects (org_id, from_path, to_path, by_actor, at) values ($1, $2, $3, $4, $5) \
         on conflict (org_id, from_path) do update set to_path = $3, by_actor = $4, at = $5",
    )
    .bind(org)
    .bind(from)
    .bind(to)
    .bind(by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a page said once.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Revision {
    pub title: String,
    pub summary: String,
    pub body: String,
    pub fields: Value,
}

impl Revision {
    /// What a page says now.
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            title: entry.title.clone(),
            summary: entry.summary.clone(),
            body: entry.body.clone(),
            fields: entry.fields.clone(),
        }
    }
}

/// The revisions of a page, the newest first: number, who, when.
pub(super) async fn revisions(tx: &mut OrgTx, page: PageId) -> Result<Vec<(i32, String, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as(
        "select revision, by_actor, at from site_revisions where org_id = $1 and page_id = $2 \
         order by revision desc limit $3",
    )
    .bind(tx.org())
    .bind(page)
    .bind(MOST_REVISIONS)
    .fetch_all(tx.conn())
    .await
}

/// What a page said in a revision.
pub(super) async fn revision(tx: &mut OrgTx, page: PageId, number: i32) -> Result<Option<Revision>, sqlx::Error> {
    sqlx::query_as(
        "select title, summary, body, fields from site_revisions \
         where org_id = $1 and page_id = $2 and revision = $3",
    )
    .bind(tx.org())
    .bind(page)
    .bind(number)
    .fetch_optional(tx.conn())
    .await
}

/// The names of actors as rows hold them; who is not a person any more is told by what is known.
pub(super) async fn names(tx: &mut OrgTx, actors: &[String]) -> Result<HashMap<String, String>, sqlx::Error> {
    let ids: Vec<Uuid> = actors.iter().filter_map(|actor| Some(actor.parse::<UserId>().ok()?.uuid())).collect();
    let people: Vec<(UserId, String)> =
        sqlx::query_as("select id, name from users where id = any($1)").bind(ids).fetch_all(tx.conn()).await?;
    let mut names: HashMap<String, String> = people.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    for actor in actors {
        let other = match actor.split('_').next() {
            Some("user") => "Somebody who left",
            Some("key") => "A program",
            _ => "Recoup",
        };
        names.entry(actor.clone()).or_insert_with(|| other.to_owned());
    }
    Ok(names)
}
