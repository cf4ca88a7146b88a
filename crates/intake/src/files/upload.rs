//! `multipart/form-data` as it comes: the file goes to the disk piece by piece, whatever its size.

use std::path::PathBuf;

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use futures_util::{StreamExt as _, stream};
use kernel::CanFail;
use kernel::ids::{ConnectionId, OrgId, UploadId};
use ring::digest;
use shell::AppError;
use tokio::io::AsyncWriteExt;

use super::look::{Look, PreviewOut, look};
use super::{forget, path_of, store};
use crate::core::Core;
use crate::csv::mapping::{Answers, Mapping};

/// The largest file, packed or not.
pub(crate) const LARGEST: u64 = 50 << 30;
/// The largest other field.
const LARGEST_FIELD: usize = 256 << 10;

/// A file that lies on the disk.
pub(crate) struct Spooled {
    pub id: UploadId,
    pub name: String,
    pub bytes: u64,
    pub digest: Vec<u8>,
}

/// What a form sent besides its file.
#[derive(Default)]
pub(crate) struct Wishes {
    pub mapping: Option<Mapping>,
    pub answers: Answers,
    pub start: bool,
    pub dry_run: bool,
}

/// Takes a form: one file, and how it is to be read if the sender knows.
pub(crate) async fn receive<S: Send + Sync>(
    core: &Core,
    org: OrgId,
    request: Request,
    state: &S,
) -> Result<(Spooled, Wishes), AppError> {
    if !store::has_room(&mut core.kernel.db.begin(org).await?).await? {
        return Err(AppError::conflict(store::FULL));
    }
    let parts = Multipart::from_request(paced(request), state).await;
    let mut parts = parts.map_err(|refused| AppError::bad_request(refused.body_text()))?;
    let (mut file, mut wishes) = (None, Wishes::default());
    let taken = take(core, org, &mut parts, &mut file, &mut wishes).await;
    match (taken, file) {
        (Ok(()), Some(file)) => Ok((file, wishes)),
        (Ok(()), None) => Err(AppError::field("file", "is required")),
        (Err(error), file) => {
            if let Some(Spooled { id, .. }) = file {
                forget(core, org, id).await;
            }
            Err(error)
        }
    }
}

/// Gives the pieces of a body one at a time: what takes a form apart takes all that is ready before it hands on any of it, which
/// would be a whole file where the sender is faster than the disk.
fn paced(request: Request) -> Request {
    request.map(|body| {
        let pieces = stream::unfold((body.into_data_stream(), false), |(mut pieces, waits)| async move {
            if waits {
                tokio::task::yield_now().await;
            }
            let piece = pieces.next().await?;
            // As it was before it was wrapped: who reads it tells by it what went wrong.
            Some((piece.map_err(axum::Error::into_inner), (pieces, true)))
        });
        Body::from_stream(pieces)
    })
}

async fn take(
    core: &Core,
    org: OrgId,
    parts: &mut Multipart,
    file: &mut Option<Spooled>,
    wishes: &mut Wishes,
) -> Result<(), AppError> {
    while let Some(mut part) = parts.next_field().await.map_err(|error| broken(&error))? {
        let field = part.name().unwrap_or_default().to_owned();
        match field.as_str() {
            "file" if file.is_some() => return Err(AppError::field("file", "stands twice; send one file a request")),
            "file" => *file = Some(spool(core, org, &mut part).await?),
            // The page's own token, checked before.
            "_csrf" => {}
            _ => wish(wishes, &field, &text(part).await?)?,
        }
    }
    Ok(())
}

fn wish(wishes: &mut Wishes, field: &str, text: &str) -> Result<(), AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let word = |text: &str| serde_json::Value::String(text.to_owned());
    match field {
        "mapping" => {
            let mapping = serde_json::from_str(text);
            wishes.mapping =
                Some(mapping.map_err(|error| AppError::field("mapping", format!("is not a mapping: {error}")))?);
        }
        "date_order" => {
            let order = serde_json::from_value(word(text));
            wishes.answers.date_order = Some(order.map_err(|_| AppError::field("date_order", "is ymd, dmy or mdy"))?);
        }
        "decimal_mark" => {
            let mark = serde_json::from_value(word(text));
            wishes.answers.decimal_mark = Some(mark.map_err(|_| AppError::field("decimal_mark", "is point or comma"))?);
        }
        "time_zone" => wishes.answers.time_zone = Some(text.to_owned()),
        "currency" => wishes.answers.currency = Some(text.to_owned()),
        "start" => wishes.start = flag("start", text)?,
        "dry_run" => wishes.dry_run = flag("dry_run", text)?,
        _ => return Err(AppError::field(field, "is not a known field")),
    }
    Ok(())
}

fn flag(field: &str, text: &str) -> Result<bool, AppError> {
    match text {
        "true" | "on" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(AppError::field(field, "must be true or false")),
    }
}

async fn text(mut part: Field<'_>) -> Result<String, AppError> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST_FIELD {
            return Err(AppError::TooLarge);
        }
    }
    String::from_utf8(bytes).map_err(|_| AppError::bad_request("a field of the form is not UTF-8"))
}

async fn spool(core: &Core, org: OrgId, part: &mut Field<'_>) -> Result<Spooled, AppError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let mut writer = Writer::new(core, org, &name).await.map_err(AppError::internal)?;
    loop {
        match part.chunk().await {
            Ok(Some(piece)) => writer.write(&piece).await?,
            Ok(None) => break,
            Err(error) => return Err(broken(&error)),
        }
    }
    let spooled = writer.finish().await.map_err(AppError::internal)?;
    if spooled.bytes == 0 {
        forget(core, org, spooled.id).await;
        return Err(AppError::field("file", "is empty"));
    }
    Ok(spooled)
}

/// Writes a file to the disk and counts it. One that is dropped before its end takes its bytes with it: nobody can fill the disk
/// by beginning.
pub(crate) struct Writer {
    id: UploadId,
    name: String,
    path: PathBuf,
    ended: bool,
    file: tokio::io::BufWriter<tokio::fs::File>,
    digest: digest::Context,
    bytes: u64,
}

impl Writer {
    /// A new file; the folder is made where it is missing, for nobody but us.
    pub(crate) async fn new(core: &Core, org: OrgId, name: &str) -> std::io::Result<Self> {
        let id = UploadId::new(&core.kernel.clock);
        tokio::fs::create_dir_all(core.folder(org)).await?;
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let path = path_of(core, org, id);
        let file = options.open(&path).await?;
        let name =
            name.rsplit(['/', '\\']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(120).collect();
        let file = tokio::io::BufWriter::with_capacity(1 << 20, file);
        Ok(Self { id, name, path, ended: false, file, digest: digest::Context::new(&digest::SHA256), bytes: 0 })
    }

    /// Adds a piece.
    pub(crate) async fn write(&mut self, piece: &[u8]) -> Result<(), AppError> {
        self.bytes += piece.len() as u64;
        if self.bytes > LARGEST {
            return Err(AppError::TooLarge);
        }
        self.digest.update(piece);
        self.file.write_all(piece).await.map_err(AppError::internal)
    }

    /// Ends the file.
    pub(crate) async fn finish(mut self) -> std::io::Result<Spooled> {
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        self.ended = true;
        let digest = self.digest.clone().finish().as_ref().to_vec();
        Ok(Spooled { id: self.id, name: std::mem::take(&mut self.name), bytes: self.bytes, digest })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.ended {
            std::fs::remove_file(&self.path).can_fail("removing a file that broke off; the sweep tries again");
        }
    }
}

/// Looks at a file and keeps what was seen.
pub(crate) async fn register(
    core: &Core,
    org: OrgId,
    spooled: &Spooled,
    connection: Option<ConnectionId>,
    answers: &Answers,
    by: String,
) -> Result<(Look, PreviewOut), AppError> {
    let path = path_of(core, org, spooled.id);
    let looked = tokio::task::spawn_blocking(move || look(&path)).await.map_err(AppError::internal)?;
    let seen = match looked {
        Ok(seen) => seen,
        Err(error) => {
            forget(core, org, spooled.id).await;
            return Err(AppError::field("file", error.to_string()));
        }
    };
    let (mapping, certain, questions) = seen.proposal(answers);
    let preview = PreviewOut {
        id: spooled.id,
        name: spooled.name.clone(),
        bytes: spooled.bytes as i64,
        layout: seen.layout.clone(),
        columns: seen.columns.clone(),
        rows: seen.rows.clone(),
        mapping,
        certain,
        questions,
        job_id: None,
    };
    let plain = serde_json::to_vec(&preview).map_err(AppError::internal)?;
    let sealed = core.kernel.vault.seal(org, &store::place(spooled.id), &plain).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let new = store::NewUpload {
        id: spooled.id,
        connection,
        name: &spooled.name,
        bytes: spooled.bytes as i64,
        digest: &spooled.digest,
        layout: &seen.layout,
        preview: sealed,
        by,
    };
    store::keep(&mut tx, new).await?;
    tx.commit().await?;
    Ok((seen, preview))
}

fn broken(error: &MultipartError) -> AppError {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        AppError::TooLarge
    } else {
        AppError::bad_request(error.body_text())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::http::header;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_ready_at_once_is_not_taken_at_once() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let head = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n".to_vec();
        let pieces = std::iter::once(head).chain(std::iter::repeat_n(vec![b'1'; 1_024], 1_000));
        let pieces = pieces.map(move |piece| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(piece)
        });
        let request = axum::http::Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from_stream(stream::iter(pieces)))
            .expect("a request");
        let mut parts = Multipart::from_request(paced(request), &()).await.expect("a form");
        let mut part = parts.next_field().await.expect("a part").expect("a file");
        assert!(!part.chunk().await.expect("a piece").expect("some of it").is_empty());
        assert!(taken.load(Ordering::Relaxed) < 10, "{taken:?} pieces are in memory");
    }
}
