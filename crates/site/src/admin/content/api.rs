//! `/v2/site/pages`: for programs that write what the site says, by the rules of the editor.

use axum::extract::State as Reach;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{AuthorId, ImageId, PageId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, Json, Listed, Page, PageParams, Patch, Path, Query};
use utoipa::{IntoParams, ToSchema};

use super::form::Typed;
use super::save::{self, Made};
use super::step::Act;
use super::store::{self, Line};
use super::{address, site};
use crate::content::{Entry, Kind, State};
use crate::core::Core;

/// Which pages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Look {
    /// `post`, `page`, `solution` or `case_study`; without it all of them.
    #[param(example = "post")]
    kind: Option<String>,
    /// draft, scheduled, published or archived; without it all but archived ones.
    #[param(example = "published")]
    state: Option<String>,
}

/// A page without its words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteContentLine)]
pub(super) struct LineOut {
    id: PageId,
    kind: String,
    slug: String,
    title: String,
    state: String,
    /// When it is published by itself, where it is scheduled.
    publish_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl From<Line> for LineOut {
    fn from(Line { id, kind, slug, title, state, publish_at, updated_at }: Line) -> Self {
        Self { id, kind, slug, title, state, publish_at, updated_at }
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteContentPage)]
pub(super) struct PageOut {
    id: PageId,
    kind: &'static str,
    slug: String,
    /// Where visitors find it once it is published.
    path: String,
    title: String,
    summary: String,
    /// Markdown.
    body: String,
    /// What its kind has beside words.
    #[schema(value_type = Object)]
    fields: Value,
    category: String,
    tags: Vec<String>,
    author: Option<AuthorId>,
    image: Option<ImageId>,
    state: &'static str,
    publish_at: Option<DateTime<Utc>>,
    published_at: Option<DateTime<Utc>>,
    /// Send it with a change, so that nobody's words are written over unseen.
    revision: i32,
    updated_at: DateTime<Utc>,
    /// Where the page can be seen before it is published; told once, when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_url: Option<String>,
}

impl From<Entry> for PageOut {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind.word(),
            path: entry.kind.path(&entry.slug),
            slug: entry.slug,
            title: entry.title,
            summary: entry.summary,
            body: entry.body,
            fields: entry.fields,
            category: entry.category,
            tags: entry.tags,
            author: entry.author,
            image: entry.image,
            state: entry.state.word(),
            publish_at: entry.publish_at,
            published_at: entry.published_at,
            revision: entry.revision,
            updated_at: entry.updated_at,
            preview_url: None,
        }
    }
}

/// A new page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteContentIn)]
pub(super) struct PageIn {
    /// `post`, `page`, `solution` or `case_study`.
    #[schema(example = "post")]
    kind: String,
    /// The last part of its address.
    #[schema(example = "missed-calls")]
    slug: String,
    #[schema(example = "What a missed call costs")]
    title: String,
    /// One or two sentences: for lists, search results and shared links.
    #[serde(default)]
    summary: String,
    /// Markdown; HTML is shown as text.
    #[serde(default)]
    #[schema(example = "Count the calls of one week.")]
    body: String,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    fields: Option<Value>,
    #[serde(default)]
    category: String,
    /// At most twelve, without commas.
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    author: Option<AuthorId>,
    #[serde(default)]
    image: Option<ImageId>,
    /// When it is to be published, to schedule it.
    #[serde(default)]
    publish_at: Option<DateTime<Utc>>,
    /// `save` (as a draft), `publish`, `schedule`, or `link` (a draft with an address to preview it).
    #[serde(default)]
    #[schema(example = "save")]
    act: Option<String>,
}

/// A change of a page; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteContentPatch)]
pub(super) struct PagePatch {
    /// The revision that the change was made on.
    #[schema(example = 1)]
    revision: i32,
    #[serde(default)]
    slug: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    fields: Option<Value>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// Null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    author: Patch<AuthorId>,
    /// Null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    image: Patch<ImageId>,
    /// Null for never.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    publish_at: Patch<DateTime<Utc>>,
    /// `save` (who sees it stays as it is), `publish`, `schedule`, `withdraw` (to a draft), `archive`, or `link` (an address to preview
    /// it).
    #[serde(default)]
    act: Option<String>,
}

/// List what was written for the site, the newest first; what the program brings and nobody wrote over is not among it.
#[utoipa::path(get, path = "/v2/site/pages", tag = "site", params(Look, PageParams),
    responses((status = 200, body = Listed<LineOut>)))]
pub(super) async fn list(
    by: Allowed<ManageChannels>,
    page: Page<PageId>,
    Query(look): Query<Look>,
) -> Result<Json<Listed<LineOut>>, AppError> {
    let kind = look.kind.as_deref().filter(|word| !word.is_empty()).map(kind_of).transpose()?;
    let state = look.state.as_deref().filter(|word| !word.is_empty());
    let state = state
        .map(|word| State::from_word(word).ok_or_else(|| AppError::field("state", "is not a state of a page")))
        .transpose()?;
    let mut tx = by.tx().await?;
    let rows = store::after(&mut tx, (kind, state), page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| row.id)?.map(LineOut::from)))
}

/// Show a page.
#[utoipa::path(get, path = "/v2/site/pages/{id}", tag = "site", params(("id" = PageId, Path,)),
    responses((status = 200, body = PageOut), (status = 404)))]
pub(super) async fn show(by: Allowed<ManageChannels>, Path(id): Path<PageId>) -> Result<Json<PageOut>, AppError> {
    let mut tx = by.tx().await?;
    let kept = store::find(&mut tx, id, false).await?.ok_or_else(|| AppError::not_found("page"))?;
    Ok(Json(kept.entry.into()))
}

/// Write a page: a draft, unless `act` says more.
#[utoipa::path(post, path = "/v2/site/pages", tag = "site", request_body = PageIn,
    responses((status = 201, body = PageOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn create(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Json(given): Json<PageIn>,
) -> Result<(StatusCode, Json<PageOut>), AppError> {
    let (kind, act) = (kind_of(&given.kind)?, act_of(given.act.as_deref())?);
    let typed = Typed {
        slug: given.slug,
        title: given.title,
        summary: given.summary,
        body: lines(&given.body),
        fields: given.fields.map(|fields| fields.to_string()).unwrap_or_default(),
        category: given.category,
        tags: joined(&given.tags)?,
        author: given.author.map(|id| id.to_string()).unwrap_or_default(),
        image: given.image.map(|id| id.to_string()).unwrap_or_default(),
        publish_at: given.publish_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
    };
    let mut tx = by.tx().await?;
    let made = save::make(&mut tx, &by, kind, &typed, act).await.map_err(named)?;
    Ok((StatusCode::CREATED, Json(told(&core, tx, made).await?)))
}

/// Change a page. What another one wrote meanwhile is never written over: 409.
#[utoipa::path(patch, path = "/v2/site/pages/{id}", tag = "site", params(("id" = PageId, Path,)), request_body = PagePatch,
    responses((status = 200, body = PageOut), (status = 404), (status = 409, description = "Written by another one meanwhile")))]
pub(super) async fn change(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Path(id): Path<PageId>,
    Json(given): Json<PagePatch>,
) -> Result<Json<PageOut>, AppError> {
    let act = act_of(given.act.as_deref())?;
    let mut tx = by.tx().await?;
    let kept = store::find(&mut tx, id, true).await?.ok_or_else(|| AppError::not_found("page"))?;
    let entry = kept.entry;
    if given.revision != entry.revision {
        return Err(AppError::conflict(format!(
            "this page is at revision {} by now; nothing was changed: read it again and send your change with that revision",
            entry.revision
        )));
    }
    let typed = given.over(&entry)?;
    let made = save::change(&mut tx, &by, &entry, &typed, act).await.map_err(named)?;
    Ok(Json(told(&core, tx, made).await?))
}

impl PagePatch {
    /// The page with the change, as a form would send it.
    fn over(self, entry: &Entry) -> Result<Typed, AppError> {
        let stored = |fields: &Value| if fields.is_null() { String::new() } else { fields.to_string() };
        let tags = self.tags.unwrap_or_else(|| entry.tags.clone());
        Ok(Typed {
            slug: self.slug.unwrap_or_else(|| entry.slug.clone()),
            title: self.title.unwrap_or_else(|| entry.title.clone()),
            summary: self.summary.unwrap_or_else(|| entry.summary.clone()),
            body: self.body.map_or_else(|| entry.body.clone(), |body| lines(&body)),
            fields: stored(self.fields.as_ref().unwrap_or(&entry.fields)),
            category: self.category.unwrap_or_else(|| entry.category.clone()),
            tags: joined(&tags)?,
            author: self.author.or(entry.author).map(|id| id.to_string()).unwrap_or_default(),
            image: self.image.or(entry.image).map(|id| id.to_string()).unwrap_or_default(),
            publish_at: self.publish_at.or(entry.publish_at).map(|at| at.to_rfc3339()).unwrap_or_default(),
        })
    }
}

/// Commits what was made, has it shown, and tells it.
async fn told(core: &Core, mut tx: OrgTx, made: Made) -> Result<PageOut, AppError> {
    let kept = store::find(&mut tx, made.id, false).await?.ok_or_else(|| AppError::not_found("page"))?;
    let base = address(core, &site(&mut tx).await?);
    tx.commit().await?;
    if made.seen {
        core.hosts().forget();
    }
    let mut out = PageOut::from(kept.entry);
    out.preview_url = made.link.map(|token| format!("{base}{}?preview={token}", out.path));
    Ok(out)
}

fn kind_of(word: &str) -> Result<Kind, AppError> {
    Kind::from_word(word).ok_or_else(|| AppError::field("kind", "is post, page, solution or case_study"))
}

fn act_of(word: Option<&str>) -> Result<Act, AppError> {
    let act = Act::from_word(word.unwrap_or_default());
    act.ok_or_else(|| AppError::field("act", "is save, publish, schedule, withdraw, archive or link"))
}

/// Some programs end lines with two characters; what is kept has one.
fn lines(body: &str) -> String {
    body.replace("\r\n", "\n")
}

/// Tags as the form has them, between commas.
fn joined(tags: &[String]) -> Result<String, AppError> {
    if tags.iter().any(|tag| tag.contains(',')) {
        return Err(AppError::field("tags", "have no commas in them"));
    }
    Ok(tags.join(","))
}

/// Complaints by the names that fields have here.
fn named(error: AppError) -> AppError {
    if error.details().iter().all(|one| one.field != "publish_at") {
        return error;
    }
    let name = |field: &str| if field == "publish_at" { "publishAt".to_owned() } else { field.to_owned() };
    let details = error.details().iter().map(|one| Detail::new(name(&one.field), one.reason.clone()));
    AppError::fields(details.collect())
}
