//! Sending direct messages. X has no place for our own key: after an unknown outcome, look with [`super::find`].

use kernel::http::Method;
use serde_json::{Value, json};

use super::api::Api;
use super::oauth1::percent;
use crate::channel::{Content, Credentials, Failure, MediaSource, Outgoing, Recipient, Refusal, SendOutcome, Sent};
use crate::wire::id;

/// Sends a message once.
pub async fn send(api: Api<'_>, credentials: &Credentials, recipient: &Recipient, outgoing: &Outgoing) -> SendOutcome {
    let body = body(&outgoing.content)?;
    let path = format!("/2/dm_conversations/with/{}/messages", percent(&recipient.id));
    let answer = api.call(api.as_user(Method::POST, &path, credentials)?.json(&body)).await?;
    let platform_id = id(&answer["data"]["dm_event_id"]);
    let platform_id =
        platform_id.ok_or_else(|| Failure::Unknown { why: "x: the answer has no dm_event_id".to_owned() })?;
    Ok(Sent { platform_id })
}

fn body(content: &Content) -> Result<Value, Failure> {
    let no = |message: &str| Failure::Refused {
        class: Refusal::Invalid,
        code: "content".to_owned(),
        message: message.to_owned(),
    };
    match content {
        Content::Text { text, .. } => Ok(json!({ "text": text })),
        Content::Media(media) => {
            let MediaSource::Id(media_id) = &media.source else { return Err(no("X takes only uploaded media")) };
            let mut body = json!({ "attachments": [{ "media_id": media_id }] });
            if let Some(caption) = &media.caption {
                body["text"] = json!(caption);
            }
            Ok(body)
        }
        Content::Template(_) => Err(no("only WhatsApp has templates")),
    }
}
