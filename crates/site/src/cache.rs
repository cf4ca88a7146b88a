//! Pages that are the same for everybody: made once, compressed once, answered from memory.
//!
//! The key carries the site's version, so that a change never meets an old page; what nobody asks for is forgotten.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use moka::future::Cache as Moka;
use shell::AppError;

use crate::visit::Visit;

/// Bytes of pages kept in memory, in all their forms.
const MOST: u64 = 64 << 20;
/// Brotli's quality: a page is packed once and sent often.
const QUALITY: i32 = 9;

/// A page as it is sent.
struct Packed {
    kind: &'static str,
    tag: HeaderValue,
    raw: Bytes,
    br: Bytes,
    gz: Bytes,
}

/// The pages kept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cache {
    pages: Moka<Key, Arc<Packed>>,
}

/// Site, its version, the page with what it depends on, and the wording it is drawn with.
type Key = (u128, i64, String, u8);

impl Default for Cache {
    fn default() -> Self {
        let weigh = |_: &Key, page: &Arc<Packed>| (page.raw.len() + page.br.len() + page.gz.len()) as u32;
        Self { pages: Moka::builder().max_capacity(MOST).weigher(weigh).build() }
    }
}

impl Cache {
    /// Answers a page, made by `make` if it is not there. `name` is its address with whatever else it depends on (never a free text
    /// of the visitor's); `variant` the wording the visitor is drawn. `kind` is its media type.
    ///
    /// # Errors
    /// What `make` gives; nothing is kept then.
    pub(crate) async fn answer<F>(
        &self,
        visit: &Visit,
        (name, variant): (&str, u8),
        kind: &'static str,
        make: F,
    ) -> Result<Response, AppError>
    where
        F: Future<Output = Result<String, AppError>>,
    {
        let key = (visit.site.org.uuid().as_u128(), visit.site.version, name.to_owned(), variant);
        let page = if let Some(page) = self.pages.get(&key).await {
            page
        } else {
            let page = Arc::new(pack(kind, make.await?)?);
            self.pages.insert(key, page.clone()).await;
            page
        };
        Ok(page.answer(&visit.headers))
    }
}

impl Packed {
    fn answer(&self, asked: &HeaderMap) -> Response {
        let seen = asked.get(header::IF_NONE_MATCH).is_some_and(|seen| {
            seen.as_bytes().split(|byte| *byte == b',').any(|one| one.trim_ascii() == self.tag.as_bytes())
        });
        let accepts = |encoding| accepts(asked, encoding);
        let (bytes, encoding) = if accepts("br") {
            (&self.br, Some("br"))
        } else if accepts("gzip") {
            (&self.gz, Some("gzip"))
        } else {
            (&self.raw, None)
        };
        let mut response =
            if seen { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(Body::from(bytes.clone())) };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // Shared caches ask again each time: a change shows at once, and most answers are 304.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
        if let (false, Some(encoding)) = (seen, encoding) {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let line = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    line.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some(encoding) && words.all(|word| !matches!(word, "q=0" | "q=0.0"))
    })
}

fn pack(kind: &'static str, text: String) -> Result<Packed, AppError> {
    let raw = Bytes::from(text);
    let digest = ring::digest::digest(&ring::digest::SHA256, &raw);
    let tag = format!("W/\"{}\"", hex::encode(&digest.as_ref()[..12]));
    let tag = HeaderValue::from_str(&tag).map_err(AppError::internal)?;
    let mut br = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: QUALITY, ..Default::default() };
    brotli::BrotliCompress(&mut &raw[..], &mut br, &params).map_err(AppError::internal)?;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&raw).map_err(AppError::internal)?;
    let gz = encoder.finish().map_err(AppError::internal)?;
    Ok(Packed { kind, tag, raw, br: br.into(), gz: gz.into() })
}
