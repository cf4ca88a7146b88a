//! Keeping a picture, and letting it go.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use bytes::Bytes;
use images::{LARGEST_UPLOAD, Picture};
use kernel::CanFail as _;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ImageId, OrgId};
use serde_json::json;
use shell::auth::permission::Permits;
use shell::{Allowed, AppError};
use tokio::sync::Semaphore;

use crate::core::Core;

/// The longest words for those who do not see a picture.
const LONGEST_ALT: usize = 300;
/// Pictures that are worked on at once: the largest take some hundred megabytes while they are.
static ROOM: Semaphore = Semaphore::const_new(2);

/// A picture as a form sends it: `multipart/form-data` with `alt` and, after it, `file`.
pub(crate) struct Upload {
    /// What it shows, as it was typed.
    pub alt: String,
    /// The file, or why it could not be read: the words beside it are not lost with it.
    pub file: Result<Sent, AppError>,
}

/// A file as it was sent.
pub(crate) struct Sent {
    /// What it is called.
    pub name: String,
    pub bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let mut parts = Multipart::from_request(request, state)
            .await
            .map_err(|refused| AppError::bad_request(refused.body_text()))?;
        let mut upload =
            Self { alt: String::new(), file: Err(AppError::field("file", "is required; choose a picture")) };
        if let Err(error) = upload.fill(&mut parts).await {
            upload.file = Err(broken(&error));
        }
        Ok(upload)
    }
}

impl Upload {
    async fn fill(&mut self, parts: &mut Multipart) -> Result<(), MultipartError> {
        while let Some(part) = parts.next_field().await? {
            let (field, name) =
                (part.name().unwrap_or_default().to_owned(), part.file_name().unwrap_or_default().to_owned());
            match field.as_str() {
                "alt" => self.alt = part.text().await?,
                "file" => {
                    let bytes = part.bytes().await?;
                    if !bytes.is_empty() {
                        self.file = Ok(Sent { name: called(&name), bytes });
                    }
                }
                // The page's own token, checked before.
                "_csrf" => {}
                _ => self.file = Err(AppError::field(field, "is not a known field")),
            }
        }
        Ok(())
    }
}

fn broken(error: &MultipartError) -> AppError {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        AppError::field("file", images::Refusal::TooLarge.to_string())
    } else {
        AppError::bad_request(error.body_text())
    }
}

/// What a picture shows, in one line.
pub(crate) fn described(alt: &str) -> Result<String, AppError> {
    let alt = alt.replace('\0', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    if alt.is_empty() {
        return Err(AppError::field("alt", "is required: say what the picture shows, for those who do not see it"));
    }
    if alt.chars().count() > LONGEST_ALT {
        return Err(AppError::field("alt", "is at most 300 characters"));
    }
    Ok(alt)
}

/// A file's name as a person knows it: without the way to it.
fn called(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(120).collect();
    if name.trim().is_empty() { "picture".to_owned() } else { name }
}

/// Keeps a picture in every size; the same bytes again are the same picture.
pub(crate) async fn keep<P: Permits>(core: &Core, by: &Allowed<P>, upload: Upload) -> Result<ImageId, AppError> {
    let (alt, file) = (described(&upload.alt)?, upload.file?);
    if file.bytes.len() > LARGEST_UPLOAD {
        return Err(AppError::field("file", images::Refusal::TooLarge.to_string()));
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, &file.bytes).as_ref().to_vec();
    if let Some(known) = kept(&mut by.tx().await?, &digest).await? {
        return Ok(known);
    }
    let picture = {
        let _room = ROOM.acquire().await.map_err(AppError::internal)?;
        let bytes = file.bytes.clone();
        let prepare = tokio::task::spawn_blocking(move || ::images::prepare(&bytes));
        let prepared = prepare.await.map_err(AppError::internal)?;
        prepared.map_err(|refusal| AppError::field("file", refusal.to_string()))?
    };
    let (id, org) = (ImageId::new(&core.kernel().clock), by.org());
    for made in &picture.files {
        let object = object(id, made.width, made.format);
        core.kernel().objects.put(org, &object, Bytes::copy_from_slice(&made.bytes)).await?;
    }
    let mut tx = by.tx().await?;
    if !write(&mut tx, id, (&file.name, &alt), &digest, &by.actor().to_string(), &picture).await? {
        // Somebody kept the same bytes in this moment.
        let known = kept(&mut tx, &digest).await?;
        drop(tx);
        let names: Vec<String> = picture.files.iter().map(|made| object(id, made.width, made.format)).collect();
        forget(core, org, &names).await;
        return known.ok_or_else(|| AppError::conflict("the picture was removed in this moment; send it again"));
    }
    let detail = json!({ "name": file.name, "width": picture.width, "height": picture.height });
    audit::record(&mut tx, AuditEntry::new(by.actor(), "site.picture_kept").about(id).detail(detail)).await?;
    tx.commit().await?;
    Ok(id)
}

async fn kept(tx: &mut OrgTx, digest: &[u8]) -> Result<Option<ImageId>, sqlx::Error> {
    sqlx::query_scalar("select id from site_images where org_id = $1 and digest = $2")
        .bind(tx.org())
        .bind(digest)
        .fetch_optional(tx.conn())
        .await
}

/// Writes a picture and its files down; false where the same bytes are kept already.
async fn write(
    tx: &mut OrgTx,
    id: ImageId,
    (name, alt): (&str, &str),
    digest: &[u8],
    by: &str,
    picture: &Picture,
) -> Result<bool, sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let made = sqlx::query(
        "insert into site_images (org_id, id, name, alt, width, height, digest, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (org_id, digest) do nothing",
    )
    .bind(org)
    .bind(id)
    .bind(name)
    .bind(alt)
    .bind(picture.width as i32)
    .bind(picture.height as i32)
    .bind(digest)
    .bind(by)
    .bind(now)
    .execute(tx.conn())
    .await?;
    if made.rows_affected() == 0 {
        return Ok(false);
    }
    let files = &picture.files;
    sqlx::query(
        "insert into site_image_files (org_id, image_id, width, format, height, bytes, object) \
         select $1, $2, * from unnest($3::int[], $4::text[], $5::int[], $6::int[], $7::text[])",
    )
    .bind(org)
    .bind(id)
    .bind(files.iter().map(|file| file.width as i32).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.format.word()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.height as i32).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.bytes.len() as i32).collect::<Vec<_>>())
    .bind(files.iter().map(|file| object(id, file.width, file.format)).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(true)
}

fn object(id: ImageId, width: u32, format: images::Format) -> String {
    format!("site/images/{id}/{width}.{}", format.word())
}

/// Where a picture is shown: the names of pages and people, and the site's mark.
async fn uses(tx: &mut OrgTx, id: ImageId) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select title from site_pages where org_id = $1 and state <> 'archived' \
         and (image_id = $2 or position('/media/' || $3 in body) > 0) \
         union all select name from site_authors where org_id = $1 and image_id = $2 \
         union all select 'the site''s mark' from sites where org_id = $1 and look->>'logo' = $3 limit 20",
    )
    .bind(tx.org())
    .bind(id)
    .bind(id.to_string())
    .fetch_all(tx.conn())
    .await
}

/// Removes a picture that nothing shows.
///
/// # Errors
/// 404 where there is none; a conflict that names what shows it.
pub(crate) async fn remove<P: Permits>(core: &Core, by: &Allowed<P>, id: ImageId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let name: Option<String> =
        sqlx::query_scalar("select name from site_images where org_id = $1 and id = $2 for update")
            .bind(tx.org())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    let name = name.ok_or_else(|| AppError::not_found("picture"))?;
    let shown = uses(&mut tx, id).await?;
    if !shown.is_empty() {
        let shown = shown.join(", ");
        return Err(AppError::conflict(format!("the picture is shown by {shown}; take it out there first")));
    }
    let objects: Vec<String> =
        sqlx::query_scalar("select object from site_image_files where org_id = $1 and image_id = $2")
            .bind(tx.org())
            .bind(id)
            .fetch_all(tx.conn())
            .await?;
    sqlx::query("delete from site_images where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    let entry = AuditEntry::new(by.actor(), "site.picture_removed").about(id).detail(json!({ "name": name }));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    forget(core, by.org(), &objects).await;
    Ok(())
}

/// What no row names any more costs room and nothing else.
async fn forget(core: &Core, org: OrgId, objects: &[String]) {
    for object in objects {
        core.kernel().objects.delete(org, object).await.can_fail("removing a picture's bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_words_are_asked_for() {
        assert_eq!(called("..\\..\\etc/desk\0.png"), "desk.png");
        assert_eq!(called("/"), "picture");
        assert_eq!(described("  A \n desk ").ok().as_deref(), Some("A desk"));
        assert!(described(" ").is_err() && described(&"x".repeat(301)).is_err());
    }
}
