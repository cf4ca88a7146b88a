//! Files that the page's own session fetches: what a person gets who saves what a link leads to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::browser::Browser;

/// Fetches within the page; bytes travel as base64.
const FETCH: &str = r#"
  const [path, done] = arguments;
  (async () => {
    const answer = await fetch(path), bytes = new Uint8Array(await answer.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    done([answer.status, answer.headers.get("content-type") ?? "", btoa(text)]);
  })().catch((error) => done(String(error)));
"#;

/// What a path answered.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u64,
    /// The media type, as it was told.
    pub kind: String,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Browser {
    /// Fetches a path as the open page would. The console is told of what is refused.
    pub async fn fetch(&self, path: &str) -> Fetched {
        let answer = self.session.wait(FETCH, json!([path])).await.unwrap_or_else(|no| panic!("{path}: {no}"));
        let bytes = answer[2].as_str().and_then(|text| BASE64.decode(text).ok());
        Fetched {
            status: answer[0].as_u64().unwrap_or_else(|| panic!("{path}: {answer}")),
            kind: answer[1].as_str().unwrap_or_default().to_owned(),
            bytes: bytes.unwrap_or_else(|| panic!("{path}: {answer}")),
        }
    }
}
