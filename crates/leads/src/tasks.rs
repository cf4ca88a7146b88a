//! Tasks of people: what the advisor, an action of the command centre or a play asks somebody to do.
//!
//! Other rooms make them through `recoup`; here they are listed, done and undone.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{MemberId, TaskId};
use kernel::ledger::Actor;
use kernel::privacy::Marks;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::Permission;
use shell::auth::permission::{Reply, View};
use shell::{Allowed, AppError, Form, Frame, Json, Listed, Page, PageParams, Path, Query, Tab, Toast, show};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::core::Core;
use crate::web::Desk;

/// A task to be made.
#[derive(Clone, Debug, Default)]
pub struct NewTask<'a> {
    /// 1 to 200 characters.
    pub title: &'a str,
    /// Why, at most 2,000 characters.
    pub body: &'a str,
    /// Where it is done: a path of ours, or nothing.
    pub href: &'a str,
    /// `advisor`, `action`, `play`, `site` or `person`.
    pub source: &'a str,
    /// What it is made from: while such a task is open no second one is made.
    pub source_key: Option<&'a str>,
    /// Whose it is.
    pub assignee: Option<MemberId>,
    /// By when.
    pub due_at: Option<DateTime<Utc>>,
}

/// A task.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct TaskOut {
    pub id: TaskId,
    pub title: String,
    pub body: String,
    /// Where it is done; empty where it has no page.
    pub href: String,
    /// `advisor`, `action`, `play`, `site` or `person`.
    pub source: String,
    pub assignee: Option<MemberId>,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
    pub due_at: Option<DateTime<Utc>>,
    pub done_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, title, body, href, source, assignee, made_by, made_at, due_at, done_at";

/// Makes a task; gives its id, or that of the open one made from the same.
///
/// # Errors
/// When the database does not take it.
pub async fn make(tx: &mut OrgTx, by: Actor, task: &NewTask<'_>) -> Result<TaskId, sqlx::Error> {
    let id = TaskId::new(tx.clock());
    let at = tx.clock().now();
    sqlx::query_scalar(
        "insert into tasks as t (org_id, id, title, body, href, source, source_key, assignee, made_by, made_at, due_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (org_id, source, source_key) where source_key is not null and done_at is null \
         do update set title = t.title returning id",
    )
    .bind(tx.org())
    .bind(id)
    .bind(task.title.chars().take(200).collect::<String>())
    .bind(task.body.chars().take(2_000).collect::<String>())
    .bind(task.href)
    .bind(task.source)
    .bind(task.source_key)
    .bind(task.assignee)
    .bind(by.to_string())
    .bind(at)
    .bind(task.due_at)
    .fetch_one(tx.conn())
    .await
}

/// Takes an open task back, as an undo does; false where it is done or unknown.
///
/// # Errors
/// When the database does not answer.
pub async fn take_back(tx: &mut OrgTx, id: TaskId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from tasks where org_id = $1 and id = $2 and done_at is null")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes the tasks that lead to somebody: by an id of theirs in the address, the key or the words.
pub(crate) async fn forget(tx: &mut OrgTx, marks: &Marks) -> Result<u64, sqlx::Error> {
    let all: Vec<(Uuid, String)> =
        sqlx::query_as("select id, concat_ws(' ', title, body, href, source_key) from tasks where org_id = $1")
            .bind(tx.org())
            .fetch_all(tx.conn())
            .await?;
    let theirs: Vec<Uuid> = all.into_iter().filter(|(_, text)| marks.are_in(text)).map(|(id, _)| id).collect();
    let done = sqlx::query("delete from tasks where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(theirs)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected())
}

/// The routes under `/v2/tasks`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list_tasks, create_task)).routes(routes!(change_task))
}

/// The pages.
pub(crate) fn pages() -> Router<Desk> {
    Router::new()
        .route("/tasks", get(page))
        .route("/tasks/new", post(create_here))
        .route("/tasks/{id}/done", post(finish_here))
        .route("/tasks/{id}/open", post(reopen_here))
}

/// Which tasks.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `open` (as it is without) or `done`.
    pub state: Option<String>,
}

impl Wanted {
    fn done(&self) -> Result<bool, AppError> {
        match self.state.as_deref() {
            None | Some("" | "open") => Ok(false),
            Some("done") => Ok(true),
            Some(_) => Err(AppError::field("state", "is open or done")),
        }
    }
}

async fn read(
    tx: &mut OrgTx,
    done: bool,
    after: Option<(DateTime<Utc>, TaskId)>,
    limit: i64,
) -> Result<Vec<TaskOut>, sqlx::Error> {
    let (at, id) = after.unzip();
    let sql = format!(
        "select {COLUMNS} from tasks where org_id = $1 and (done_at is not null) = $2 \
           and ($3::timestamptz is null or (made_at, id) < ($3, $4)) order by made_at desc, id desc limit $5"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(done)
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// List tasks, the newest first.
#[utoipa::path(get, path = "/v2/tasks", tag = "tasks", params(PageParams, Wanted), responses((status = 200, body = Listed<TaskOut>)))]
pub(crate) async fn list_tasks(
    by: Allowed<View>,
    page: Page<(DateTime<Utc>, TaskId)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listed<TaskOut>>, AppError> {
    let done = wanted.done()?;
    let mut tx = by.tx().await?;
    let rows = read(&mut tx, done, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, rows, |row| (row.made_at, row.id))?))
}

/// A task a person writes down.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskIn {
    pub title: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub due_at: Option<DateTime<Utc>>,
}

impl TaskIn {
    fn check(&self) -> Result<(), AppError> {
        if self.title.trim().is_empty() || self.title.chars().count() > 200 {
            return Err(AppError::field("title", "must have 1 to 200 characters"));
        }
        if self.body.chars().count() > 2_000 {
            return Err(AppError::field("body", "must have at most 2,000 characters"));
        }
        Ok(())
    }
}

async fn create(by: &Allowed<Reply>, given: &TaskIn) -> Result<TaskId, AppError> {
    given.check()?;
    let mut tx = by.tx().await?;
    let task = NewTask {
        title: given.title.trim(),
        body: given.body.trim(),
        source: "person",
        assignee: by.member(),
        due_at: given.due_at,
        ..NewTask::default()
    };
    let id = make(&mut tx, by.actor(), &task).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "task.created").about(id)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Write down a task.
#[utoipa::path(post, path = "/v2/tasks", tag = "tasks", request_body = TaskIn, responses((status = 201, body = TaskOut)))]
pub(crate) async fn create_task(
    by: Allowed<Reply>,
    Json(given): Json<TaskIn>,
) -> Result<(StatusCode, Json<TaskOut>), AppError> {
    let id = create(&by, &given).await?;
    let mut tx = by.tx().await?;
    Ok((StatusCode::CREATED, Json(one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("task"))?)))
}

async fn one(tx: &mut OrgTx, id: TaskId) -> Result<Option<TaskOut>, sqlx::Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("select {COLUMNS} from tasks where org_id = $1 and id = $2")))
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// What changes.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskPatch {
    /// Whether it is done.
    pub done: bool,
}

async fn set_done(by: &Allowed<Reply>, id: TaskId, done: bool) -> Result<TaskOut, AppError> {
    let mut tx = by.tx().await?;
    let sql = format!(
        "update tasks set done_at = case when $3 then coalesce(done_at, $4) end, done_by = case when $3 then coalesce(done_by, $5) end \
         where org_id = $1 and id = $2 returning {COLUMNS}"
    );
    let changed: Option<TaskOut> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.org())
        .bind(id)
        .bind(done)
        .bind(by.now())
        .bind(by.actor().to_string())
        .fetch_optional(tx.conn())
        .await
        .map_err(|error| match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
            Some("tasks_by_source") => AppError::conflict("the same task was made again and is open already"),
            _ => error.into(),
        })?;
    let changed = changed.ok_or_else(|| AppError::not_found("task"))?;
    let entry = AuditEntry::new(by.actor(), "task.changed").about(id).detail(json!({"done": done}));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Mark a task done, or open again.
#[utoipa::path(patch, path = "/v2/tasks/{id}", tag = "tasks", request_body = TaskPatch, responses((status = 200, body = TaskOut)))]
pub(crate) async fn change_task(
    by: Allowed<Reply>,
    Path(id): Path<TaskId>,
    Json(TaskPatch { done }): Json<TaskPatch>,
) -> Result<Json<TaskOut>, AppError> {
    Ok(Json(set_done(&by, id, done).await?))
}

#[derive(Template)]
#[template(path = "tasks/list.html")]
struct ListPage {
    frame: Frame,
    csrf: String,
    tabs: Vec<Tab>,
    done: bool,
    rows: Vec<TaskOut>,
    may_change: bool,
    more: String,
}

async fn page(
    by: Allowed<View>,
    State(_core): State<Core>,
    page: Page<(DateTime<Utc>, TaskId)>,
    Query(wanted): Query<Wanted>,
) -> Result<Html<String>, AppError> {
    let done = wanted.done()?;
    let mut tx = by.tx().await?;
    let rows = read(&mut tx, done, page.after, page.fetch()).await?;
    let listed = Listed::new(&page, rows, |row| (row.made_at, row.id))?;
    let state = if done { "done" } else { "open" };
    let more = listed.next_cursor.map(|cursor| format!("/tasks?state={state}&cursor={cursor}")).unwrap_or_default();
    let frame = by.frame("Tasks");
    let csrf = frame.csrf.clone();
    show(&ListPage {
        frame,
        csrf,
        tabs: vec![Tab::new("Open", "/tasks", !done), Tab::new("Done", "/tasks?state=done", done)],
        done,
        rows: listed.data,
        may_change: by.may(Permission::Reply),
        more,
    })
}

/// The form of the page.
#[derive(Deserialize)]
struct NewForm {
    title: String,
}

async fn create_here(by: Allowed<Reply>, Form(form): Form<NewForm>) -> Result<Response, AppError> {
    create(&by, &TaskIn { title: form.title, ..TaskIn::default() }).await?;
    Ok((Toast::done("Written down").on_next_page(), Redirect::to("/tasks")).into_response())
}

async fn finish_here(by: Allowed<Reply>, Path(id): Path<TaskId>) -> Result<Response, AppError> {
    set_done(&by, id, true).await?;
    Ok((Toast::done("Done").on_next_page(), Redirect::to("/tasks")).into_response())
}

async fn reopen_here(by: Allowed<Reply>, Path(id): Path<TaskId>) -> Result<Response, AppError> {
    set_done(&by, id, false).await?;
    Ok((Toast::done("It is open again").on_next_page(), Redirect::to("/tasks?state=done")).into_response())
}
