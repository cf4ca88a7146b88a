//! WhatsApp's media: uploaded for sending, and fetched from messages. A download address lives for minutes: ask for
//! it right before the download.

use kernel::http::{Method, multipart};
use serde_json::Value;

use crate::channel::{Failure, Product, Refusal};
use crate::meta::graph::{Dialect, Graph, READS, required_id};
use crate::wire::text;

/// Received or uploaded media, as the platform describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub url: String,
    pub mime: Option<String>,
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
}

/// Uploads a file for the phone number; gives its media id.
pub async fn upload(
    graph: Graph<'_>,
    phone_number_id: &str,
    token: &str,
    filename: &str,
    mime: &str,
    bytes: Vec<u8>,
) -> Result<String, Failure> {
    let unfit =
        |_| Failure::Refused { class: Refusal::Media, code: "mime".to_owned(), message: "not a media type".to_owned() };
    let file = multipart::Part::bytes(bytes).file_name(filename.to_owned()).mime_str(mime).map_err(unfit)?;
    let form =
        multipart::Form::new().text("messaging_product", "whatsapp").text("type", mime.to_owned()).part("file", file);
    let request = graph.request(Method::POST, Product::Usual, &format!("{phone_number_id}/media"), token);
    let answer = graph.call(request.multipart(form), Dialect::Whatsapp).await?;
    required_id(&answer["id"], "media id")
}

/// Where media can be downloaded now, and what it is.
pub async fn describe(
    graph: Graph<'_>,
    phone_number_id: &str,
    media_id: &str,
    token: &str,
) -> Result<Description, Failure> {
    let request = graph.request(Method::GET, Product::Usual, media_id, token);
    let request = request.query(&[("phone_number_id", phone_number_id)]).safe_to_repeat(READS);
    let answer = graph.call(request, Dialect::Whatsapp).await?;
    Ok(Description {
        url: required_id(&answer["url"], "media address")?,
        mime: text(&answer["mime_type"]),
        sha256: text(&answer["sha256"]),
        bytes: size(&answer["file_size"]),
    })
}

/// Downloads media of at most `max_bytes`.
pub async fn download(graph: Graph<'_>, url: &str, token: &str, max_bytes: usize) -> Result<bytes::Bytes, Failure> {
    let request = graph.http.get("meta.media", url).bearer(token).max_body(max_bytes).safe_to_repeat(READS);
    let now = graph.http.clock().now();
    let response = request.send().await.map_err(|error| Failure::lost(&error, now))?;
    if response.status.is_success() {
        return Ok(response.body);
    }
    let (status, message) = (response.status, "the media cannot be downloaded".to_owned());
    match status.as_u16() {
        401 | 403 => Err(Failure::Refused { class: Refusal::NotPermitted, code: status.as_u16().to_string(), message }),
        // The address has expired, or will work again: ask for a new one.
        404 | 410 | 429 | 500.. => {
            Err(Failure::NotSent { why: format!("{message}: {status}"), retry_after: response.retry_after(now) })
        }
        _ => Err(Failure::Refused { class: Refusal::Media, code: status.as_u16().to_string(), message }),
    }
}

/// The size, which the specification writes as text and the servers as a number.
fn size(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
