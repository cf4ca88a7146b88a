//! `/admin/redirects`: addresses that moved. A way of more than one step, and one that leads in a circle, is refused.

mod api;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Tab, Toast, show};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::web::Back;

const HERE: &str = "/admin/redirects";
/// The most of one site: each visit of an address that is not there looks one up.
const MOST: i64 = 1_000;
const LONGEST: usize = 300;

/// The desk's pages about addresses that moved.
pub(super) fn pages() -> Router<Back> {
    Router::new().route(HERE, get(page).post(keep)).route("/admin/redirects/remove", post(remove))
}

/// The API about addresses that moved.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::list, api::keep, api::remove))
}

/// What the form shows and sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    from: String,
    to: String,
    temporary: Option<String>,
}

#[derive(Template)]
#[template(path = "site_admin/redirects.html")]
struct RedirectsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    rows: Vec<Row>,
    typed: Typed,
    errors: FieldErrors,
}

#[derive(sqlx::FromRow)]
struct Row {
    from_path: String,
    to_path: String,
    permanent: bool,
    hits: i64,
    at: DateTime<Utc>,
}

async fn all(tx: &mut OrgTx) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select from_path, to_path, permanent, hits, at from site_redirects where org_id = $1 order by from_path limit $2",
    )
    .bind(tx.org())
    .bind(MOST)
    .fetch_all(tx.conn())
    .await
}

async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    show(&shown(&by, &mut tx, Typed::default(), FieldErrors::default()).await?)
}

async fn shown(
    by: &Allowed<ManageChannels>,
    tx: &mut OrgTx,
    typed: Typed,
    errors: FieldErrors,
) -> Result<RedirectsPage, AppError> {
    let frame = by.frame("Redirects");
    Ok(RedirectsPage { csrf: frame.csrf.clone(), frame, tabs: super::tabs(HERE), rows: all(tx).await?, typed, errors })
}

async fn keep(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    if let Err(error) = write(&by, &mut tx, &typed).await {
        if error.details().is_empty() {
            return Err(error);
        }
        let page = shown(&by, &mut by.tx().await?, typed, FieldErrors::from(&error)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
    }
    super::publish(&core, tx).await?;
    Ok((Toast::done("Kept; the old address leads there now").on_next_page(), Redirect::to(HERE)).into_response())
}

async fn write(by: &Allowed<ManageChannels>, tx: &mut OrgTx, typed: &Typed) -> Result<(), AppError> {
    let known = all(tx).await?;
    let pairs: Vec<(&str, &str)> = known.iter().map(|row| (row.from_path.as_str(), row.to_path.as_str())).collect();
    let (from, to) = check(&typed.from, &typed.to, &pairs)?;
    if known.len() as i64 >= MOST && known.iter().all(|row| row.from_path != from) {
        return Err(AppError::field("from", format!("is one too many: a site has at most {MOST}; remove one first")));
    }
    let permanent = typed.temporary.is_none();
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "insert into site_redirects (org_id, from_path, to_path, permanent, by_actor, at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, from_path) do update set to_path = $3, permanent = $4, by_actor = $5, at = $6",
    )
    .bind(org)
    .bind(&from)
    .bind(&to)
    .bind(permanent)
    .bind(by.actor().to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    let before = known.iter().find(|row| row.from_path == from);
    let before = before.map_or(Value::Null, |row| json!({ "to": row.to_path, "permanent": row.permanent }));
    let after = json!({ "to": to, "permanent": permanent });
    let entry = AuditEntry::new(by.actor(), "site.redirect_kept").about(&from).change(before, after);
    audit::record(tx, entry).await?;
    Ok(())
}

/// The two addresses as they are kept.
///
/// # Errors
/// What is wrong with which of them.
fn check(from: &str, to: &str, known: &[(&str, &str)]) -> Result<(String, String), AppError> {
    let (from, to) = (bare(from.trim()), to.trim().to_owned());
    if !is_path(&from) || from == "/" {
        return Err(AppError::field("from", "is an address of this site that moved, such as /old-page"));
    }
    let web = to.starts_with("https://") && to.len() > "https://".len();
    if !(web || is_path(&to)) || to.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return Err(AppError::field("to", "is an address of this site, such as /new-page, or begins with https://"));
    }
    if from.chars().count() > LONGEST || to.chars().count() > LONGEST {
        return Err(AppError::field("from", format!("and the new one have at most {LONGEST} characters each")));
    }
    let target = bare(&to);
    if target == from {
        return Err(AppError::field("to", "leads back to itself"));
    }
    if let Some((_, next)) = known.iter().find(|(known, _)| *known == target) {
        let circle = bare(next) == from;
        let reason = if circle {
            "leads back in a circle: that address is sent here".to_owned()
        } else {
            format!("moved itself; lead straight to {next}")
        };
        return Err(AppError::field("to", reason));
    }
    if let Some((before, _)) = known.iter().find(|(_, next)| bare(next) == from) {
        let reason = format!("is where {before} leads; change that one to {to} first, so that nobody takes two steps");
        return Err(AppError::field("from", reason));
    }
    Ok((from, to))
}

/// An address without query, fragment and last slash: what is compared.
fn bare(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let short = path.trim_end_matches('/');
    if short.is_empty() && path.starts_with('/') { "/".to_owned() } else { short.to_owned() }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['\\', '"', '<', '>'])
        && !text.split('/').any(|part| part == "..")
        && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

#[derive(Debug, Deserialize)]
struct Gone {
    from: String,
}

async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(gone): Form<Gone>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    take_out(&by, &mut tx, &gone.from).await?;
    super::publish(&core, tx).await?;
    Ok((Toast::done("Removed; the old address is not found any more").on_next_page(), Redirect::to(HERE))
        .into_response())
}

async fn take_out(by: &Allowed<ManageChannels>, tx: &mut OrgTx, from: &str) -> Result<(), AppError> {
    let org = tx.org();
    let before: Option<String> =
        sqlx::query_scalar("delete from site_redirects where org_id = $1 and from_path = $2 returning to_path")
            .bind(org)
            .bind(from)
            .fetch_optional(tx.conn())
            .await?;
    let before = before.ok_or_else(|| AppError::not_found("redirect"))?;
    let entry = AuditEntry::new(by.actor(), "site.redirect_removed").about(from);
    audit::record(tx, entry.change(json!({ "to": before }), Value::Null)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, &str); 2] = [("/a", "/b"), ("/c", "/d?x=1")];

    fn wrong(from: &str, to: &str) -> String {
        let error = check(from, to, &KNOWN).expect_err("refused");
        let detail = &error.details()[0];
        format!("{}: {}", detail.field, detail.reason)
    }

    #[test]
    fn a_way_has_one_step_and_no_circle() {
        assert_eq!(
            check("/old/?utm=1", " /new#part ", &KNOWN).expect("kept"),
            ("/old".to_owned(), "/new#part".to_owned())
        );
        assert!(check("/a", "/e", &KNOWN).is_ok(), "a known one can change");
        assert!(wrong("/old", "/old/").contains("itself"));
        assert!(wrong("/b", "/a").starts_with("to: leads back in a circle"));
        assert!(wrong("/old", "/a").contains("straight to /b"));
        assert!(wrong("/d", "/e").starts_with("from: is where /c leads"));
    }

    #[test]
    fn addresses_lead_nowhere_strange() {
        assert!(check("/old", "https://example.com/x", &KNOWN).is_ok());
        for to in
            ["//evil.test", "http://example.com", "javascript:alert(1)", "/x\r\ny", "/a b", "/../x", "https://", ""]
        {
            assert!(wrong("/old", to).starts_with("to:"), "{to}");
        }
        for from in ["", "/", "old", "//x", "/../x", "https://example.com"] {
            assert!(wrong(from, "/new").starts_with("from:"), "{from}");
        }
    }
}
