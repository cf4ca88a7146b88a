//! The bytes of pictures: by id, width and format, for as long as anybody likes to keep them.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use images::Format;
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use shell::{AppError, Path};

use super::card;
use crate::core::Core;
use crate::visit::Visit;

/// An address names bytes that never change.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Pictures, and cards for sharing.
pub(crate) fn routes() -> Router<Core> {
    Router::new().route("/media/share/{kind}/{file}", get(card::show)).route("/media/{id}/{file}", get(show))
}

async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path((id, file)): Path<(ImageId, String)>,
) -> Result<Response, AppError> {
    let tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    answer(&core, tx, id, &file, FOREVER).await
}

/// A file of a picture, named as in its address (`960.webp`), to be kept as `keep` says. The transaction ends before the bytes are
/// fetched.
pub(crate) async fn answer(
    core: &Core,
    mut tx: OrgTx,
    id: ImageId,
    file: &str,
    keep: &'static str,
) -> Result<Response, AppError> {
    let missing = || AppError::not_found("picture");
    let (width, format) = named(file).ok_or_else(missing)?;
    let org = tx.org();
    let object: Option<String> = sqlx::query_scalar(
        "select object from site_image_files where org_id = $1 and image_id = $2 and width = $3 and format = $4",
    )
    .bind(org)
    .bind(id)
    .bind(width)
    .bind(format.word())
    .fetch_optional(tx.conn())
    .await?;
    drop(tx);
    let object = object.ok_or_else(missing)?;
    let Some(bytes) = core.kernel().objects.get(org, &object).await? else {
        tracing::warn!(image = %id, "a picture's bytes are not in the object store");
        return Err(missing());
    };
    Ok(sent(format, bytes, keep))
}

/// A picture as it is sent: nothing in it can act, and other pages may show it.
pub(super) fn sent(format: Format, bytes: Bytes, keep: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_TYPE, format.media_type()),
        (header::CACHE_CONTROL, keep),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The width and the format of a file's name.
fn named(file: &str) -> Option<(i32, Format)> {
    let (width, format) = file.split_once('.')?;
    if width.is_empty() || !width.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((width.parse().ok()?, Format::from_word(format)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_a_width_and_a_known_format() {
        assert_eq!(named("960.webp"), Some((960, Format::Webp)));
        for odd in
            ["", "960", ".webp", "+960.webp", "-1.webp", "960.svg", "960.webp.html", "../960.webp", "99999999999.png"]
        {
            assert_eq!(named(odd), None, "{odd}");
        }
    }
}
