//! `/admin/images`: the pictures of the site, kept in every size, and where they are shown.

mod api;

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use images::LARGEST_UPLOAD;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Query, Tab, Toast, show};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::content::images::{self as pictures, Image, Upload};
use crate::core::Core;
use crate::sites;
use crate::web::Back;

/// A page of pictures.
const PER_PAGE: i64 = 48;
/// Pages that can be asked for.
const MOST_PAGES: u32 = 1_000;
/// The desk keeps what it has seen; nobody else does.
const KEPT: &str = "private, max-age=86400";
/// The largest upload, with what a form adds to it.
const LARGEST_FORM: usize = LARGEST_UPLOAD + (64 << 10);

/// The API about pictures.
pub(crate) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new()
        .routes(routes!(api::list, api::keep).layer(DefaultBodyLimit::max(LARGEST_FORM)))
        .routes(routes!(api::describe, api::remove))
}

/// The desk's pages about pictures.
pub(crate) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/images", get(page).post(upload).layer(DefaultBodyLimit::max(LARGEST_FORM)))
        .route("/admin/images/{id}", post(describe))
        .route("/admin/images/{id}/remove", post(remove))
        .route("/admin/images/{id}/{file}", get(file))
}

/// A picture as the desk shows it.
pub(super) struct Shot {
    pub id: String,
    pub name: String,
    pub alt: String,
    /// `1600 × 900`.
    pub size: String,
    /// A small file of it, through the desk.
    pub src: String,
    pub chosen: bool,
}

impl Shot {
    fn new(image: &Image, chosen: bool) -> Self {
        let file = image.plain(480);
        Self {
            id: image.id.to_string(),
            name: image.name.clone(),
            alt: image.alt.clone(),
            size: format!("{} × {}", image.width, image.height),
            src: file
                .map(|file| pictures::address(image.id, file).replacen("/media", "/admin/images", 1))
                .unwrap_or_default(),
            chosen,
        }
    }
}

#[derive(Template)]
#[template(path = "site_admin/images.html")]
struct ImagesPage {
    frame: Frame,
    tabs: Vec<Tab>,
    shots: Vec<Shot>,
    errors: FieldErrors,
    alt: String,
    newer: String,
    older: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Look {
    page: Option<u32>,
}

/// The newest pictures, and the chosen one wherever it stands; it comes first.
pub(super) async fn latest(tx: &mut OrgTx, most: i64, chosen: &str) -> Result<Vec<Shot>, sqlx::Error> {
    let mut ids = newest(tx, most, 0).await?;
    let chosen: Option<ImageId> = chosen.parse().ok();
    if let Some(id) = chosen {
        ids.retain(|other| *other != id);
        ids.insert(0, id);
    }
    let found = pictures::read(tx, &ids).await?;
    Ok(in_order(&ids, &found, chosen))
}

async fn newest(tx: &mut OrgTx, most: i64, skip: i64) -> Result<Vec<ImageId>, sqlx::Error> {
    sqlx::query_scalar("select id from site_images where org_id = $1 order by at desc, id desc limit $2 offset $3")
        .bind(tx.org())
        .bind(most)
        .bind(skip)
        .fetch_all(tx.conn())
        .await
}

fn in_order(ids: &[ImageId], found: &HashMap<ImageId, Image>, chosen: Option<ImageId>) -> Vec<Shot> {
    ids.iter().filter_map(|id| found.get(id)).map(|image| Shot::new(image, chosen == Some(image.id))).collect()
}

async fn page(by: Allowed<ManageChannels>, Query(look): Query<Look>) -> Result<Html<String>, AppError> {
    show(&shown(&by, look.page.unwrap_or(1), FieldErrors::default(), String::new()).await?)
}

async fn shown(
    by: &Allowed<ManageChannels>,
    number: u32,
    errors: FieldErrors,
    alt: String,
) -> Result<ImagesPage, AppError> {
    let number = number.clamp(1, MOST_PAGES);
    let mut tx = by.tx().await?;
    let mut ids = newest(&mut tx, PER_PAGE + 1, i64::from(number - 1) * PER_PAGE).await?;
    let more = ids.len() as i64 > PER_PAGE;
    ids.truncate(PER_PAGE as usize);
    let found = pictures::read(&mut tx, &ids).await?;
    let at = |number: u32| format!("/admin/images?page={number}");
    Ok(ImagesPage {
        frame: by.frame("Pictures"),
        tabs: super::tabs("/admin/images"),
        shots: in_order(&ids, &found, None),
        errors,
        alt,
        newer: if number > 1 { at(number - 1) } else { String::new() },
        older: if more { at(number + 1) } else { String::new() },
    })
}

/// Keeps an upload. What is refused is said beside the form; the file itself has to be chosen again, as browsers want it.
async fn upload(by: Allowed<ManageChannels>, State(core): State<Core>, upload: Upload) -> Result<Response, AppError> {
    let alt = upload.alt.clone();
    match pictures::keep(&core, &by, upload).await {
        Ok(_) => Ok((Toast::done("Kept in every size").on_next_page(), Redirect::to("/admin/images")).into_response()),
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let page = shown(&by, 1, FieldErrors::from(&error), alt).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
        }
    }
}

#[derive(Debug, Deserialize)]
struct Words {
    alt: String,
}

/// Says anew what a picture shows.
async fn describe(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ImageId>,
    Form(words): Form<Words>,
) -> Result<Response, AppError> {
    put_words(&by, &core, id, &words.alt).await?;
    Ok((Toast::done("Kept").on_next_page(), Redirect::to("/admin/images")).into_response())
}

async fn put_words(by: &Allowed<ManageChannels>, core: &Core, id: ImageId, alt: &str) -> Result<(), AppError> {
    let alt = pictures::described(alt)?;
    let mut tx = by.tx().await?;
    let before: Option<String> =
        sqlx::query_scalar("select alt from site_images where org_id = $1 and id = $2 for update")
            .bind(tx.org())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    let before = before.ok_or_else(|| AppError::not_found("picture"))?;
    sqlx::query("update site_images set alt = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(&alt)
        .execute(tx.conn())
        .await?;
    sites::touch(&mut tx).await?;
    let entry = AuditEntry::new(by.actor(), "site.picture_described").about(id);
    audit::record(&mut tx, entry.change(json!({ "alt": before }), json!({ "alt": alt }))).await?;
    tx.commit().await?;
    core.hosts().forget();
    Ok(())
}

/// Removes a picture that nothing shows.
async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ImageId>,
) -> Result<Response, AppError> {
    pictures::remove(&core, &by, id).await?;
    Ok((Toast::done("The picture is removed").on_next_page(), Redirect::to("/admin/images")).into_response())
}

/// The bytes of a picture for the desk, whose host may not be the site's.
async fn file(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path((id, file)): Path<(ImageId, String)>,
) -> Result<Response, AppError> {
    pictures::answer(&core, by.tx().await?, id, &file, KEPT).await
}
