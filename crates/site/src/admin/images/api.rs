//! `/v2/site/pictures`: for programs that keep the site's pictures, by the rules of the desk.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use serde::{Deserialize, Serialize};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Path};
use utoipa::ToSchema;

use super::put_words;
use crate::content::images::{self as pictures, Image, Upload};
use crate::core::Core;

/// A form with a picture.
#[derive(ToSchema)]
#[schema(as = SitePictureForm)]
#[expect(dead_code, reason = "describes the form; `Upload` reads it")]
pub(super) struct PictureForm {
    /// What it shows, for those who do not see it.
    #[schema(example = "A desk with two telephones")]
    alt: String,
    /// A PNG, JPEG or WebP.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// What a picture shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SitePicturePatch)]
pub(super) struct PicturePatch {
    /// For those who do not see it.
    #[schema(example = "A desk with two telephones")]
    alt: String,
}

/// A picture of the site.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SitePicture)]
pub(super) struct PictureOut {
    id: ImageId,
    /// What the file was called.
    name: String,
    /// What it shows, for those who do not see it.
    alt: String,
    width: u32,
    height: u32,
    /// From the narrowest to the widest.
    files: Vec<FileOut>,
}

/// One size and format of a picture.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SitePictureFile)]
struct FileOut {
    /// Where the site has it; it never changes.
    path: String,
    width: u32,
    height: u32,
    /// webp, jpeg or png.
    format: &'static str,
}

impl From<Image> for PictureOut {
    fn from(image: Image) -> Self {
        let Image { id, name, alt, width, height, files } = image;
        let file = |file: &pictures::File| FileOut {
            path: pictures::address(id, file),
            width: file.width,
            height: file.height,
            format: file.format.word(),
        };
        Self { id, name, alt, width, height, files: files.iter().map(file).collect() }
    }
}

/// Where in the list to read on.
type Key = (DateTime<Utc>, ImageId);

/// List the pictures, the newest first.
#[utoipa::path(get, path = "/v2/site/pictures", tag = "site", params(PageParams),
    responses((status = 200, body = Listed<PictureOut>)))]
pub(super) async fn list(by: Allowed<ManageChannels>, page: Page<Key>) -> Result<Json<Listed<PictureOut>>, AppError> {
    let mut tx = by.tx().await?;
    let (at, id) = page.after.unzip();
    let keys: Vec<Key> = sqlx::query_as(
        "select at, id from site_images where org_id = $1 and ($2::timestamptz is null or (at, id) < ($2, $3)) \
         order by at desc, id desc limit $4",
    )
    .bind(tx.org())
    .bind(at)
    .bind(id)
    .bind(page.fetch())
    .fetch_all(tx.conn())
    .await?;
    let Listed { data: keys, next_cursor } = Listed::new(&page, keys, |key| *key)?;
    let ids: Vec<ImageId> = keys.into_iter().map(|(_, id)| id).collect();
    let mut found = pictures::read(&mut tx, &ids).await?;
    let data = ids.iter().filter_map(|id| found.remove(id)).map(PictureOut::from).collect();
    Ok(Json(Listed { data, next_cursor }))
}

/// Keep a picture in every size: a form with `alt` and, after it, `file`. The same file again is the same picture.
#[utoipa::path(post, path = "/v2/site/pictures", tag = "site",
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    responses((status = 201, body = PictureOut), (status = 422, description = "It is no picture, or nothing says what it shows")))]
pub(super) async fn keep(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    upload: Upload,
) -> Result<(StatusCode, Json<PictureOut>), AppError> {
    let id = pictures::keep(&core, &by, upload).await?;
    Ok((StatusCode::CREATED, Json(shown(&mut by.tx().await?, id).await?)))
}

/// Say anew what a picture shows; visitors are told at once.
#[utoipa::path(patch, path = "/v2/site/pictures/{id}", tag = "site", params(("id" = ImageId, Path,)), request_body = PicturePatch,
    responses((status = 200, body = PictureOut), (status = 404), (status = 422, description = "It is empty or too long")))]
pub(super) async fn describe(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ImageId>,
    Json(given): Json<PicturePatch>,
) -> Result<Json<PictureOut>, AppError> {
    put_words(&by, &core, id, &given.alt).await?;
    Ok(Json(shown(&mut by.tx().await?, id).await?))
}

/// Remove a picture that nothing shows.
#[utoipa::path(delete, path = "/v2/site/pictures/{id}", tag = "site", params(("id" = ImageId, Path,)),
    responses((status = 204), (status = 404), (status = 409, description = "Something shows it")))]
pub(super) async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ImageId>,
) -> Result<StatusCode, AppError> {
    pictures::remove(&core, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(tx: &mut OrgTx, id: ImageId) -> Result<PictureOut, AppError> {
    let found = pictures::read(tx, &[id]).await?.remove(&id);
    found.map(PictureOut::from).ok_or_else(|| AppError::not_found("picture"))
}
