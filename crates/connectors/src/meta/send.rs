//! Sending over Messenger and both Instagram products.

use kernel::channel::ChannelKind;
use kernel::http::Method;
use serde_json::{Value, json};

use super::graph::{Dialect, Graph, required_id};
use crate::channel::{
    Account, Action, AttachmentKind, Choice, Content, Credentials, Failure, Media, MediaSource, Outgoing, Recipient,
    Refusal, SendOutcome, Sent,
};

/// The most buttons under a text, and the longest title of one.
const CHOICES: usize = 13;
const TITLE_CHARS: usize = 20;

/// Sends a message once.
pub async fn send(
    graph: Graph<'_>,
    account: &Account,
    credentials: &Credentials,
    recipient: &Recipient,
    outgoing: &Outgoing,
) -> SendOutcome {
    let body = body(account.channel, recipient, outgoing)?;
    let request = graph.request(Method::POST, account.product, "me/messages", credentials.access_token.reveal());
    let answer = graph.call(request.json(&body), Dialect::Messaging).await?;
    Ok(Sent { platform_id: required_id(&answer["message_id"], "message_id")? })
}

/// Shows that we write, or have read.
pub async fn act(
    graph: Graph<'_>,
    account: &Account,
    credentials: &Credentials,
    recipient: &Recipient,
    action: &Action,
) -> Result<(), Failure> {
    let sign = match action {
        Action::Typing { .. } => "typing_on",
        Action::Seen { .. } => "mark_seen",
    };
    let body = json!({ "recipient": { "id": recipient.id }, "sender_action": sign });
    let request = graph.request(Method::POST, account.product, "me/messages", credentials.access_token.reveal());
    graph.call(request.json(&body), Dialect::Messaging).await.map(drop)
}

/// The body of a send.
fn body(channel: ChannelKind, recipient: &Recipient, outgoing: &Outgoing) -> Result<Value, Failure> {
    let mut message = match &outgoing.content {
        Content::Text { text, choices } => with_choices(json!({ "text": text }), choices),
        Content::Media(media) => json!({ "attachment": attachment(channel, media)? }),
        Content::Template(_) => return Err(invalid("only WhatsApp has templates")),
    };
    if channel == ChannelKind::Facebook {
        message["metadata"] = json!(outgoing.key);
    }
    let mut body = json!({ "recipient": { "id": recipient.id }, "messaging_type": "RESPONSE", "message": message });
    if let Some(mid) = &outgoing.reply_to {
        body["reply_to"] = json!({ "mid": mid });
    }
    if outgoing.human_agent {
        body["messaging_type"] = json!("MESSAGE_TAG");
        body["tag"] = json!("HUMAN_AGENT");
    }
    Ok(body)
}

fn with_choices(mut message: Value, choices: &[Choice]) -> Value {
    if !choices.is_empty() {
        let button = |choice: &Choice| {
            let title: String = choice.title.chars().take(TITLE_CHARS).collect();
            json!({ "content_type": "text", "title": title, "payload": choice.payload })
        };
        message["quick_replies"] = choices.iter().take(CHOICES).map(button).collect();
    }
    message
}

fn attachment(channel: ChannelKind, media: &Media) -> Result<Value, Failure> {
    let kind = match media.kind {
        AttachmentKind::Image | AttachmentKind::Sticker => "image",
        AttachmentKind::Video => "video",
        AttachmentKind::Audio | AttachmentKind::Voice => "audio",
        AttachmentKind::File if channel == ChannelKind::Facebook => "file",
        _ => return Err(invalid("this kind of attachment cannot be sent on this channel")),
    };
    let payload = match &media.source {
        MediaSource::Url(url) => json!({ "url": url }),
        MediaSource::Id(id) => json!({ "attachment_id": id }),
    };
    Ok(json!({ "type": kind, "payload": payload }))
}

fn invalid(message: &str) -> Failure {
    Failure::Refused { class: Refusal::Invalid, code: "content".to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(content: Content) -> Outgoing {
        Outgoing { content, reply_to: None, human_agent: false, key: "msg_1".into() }
    }

    fn made(channel: ChannelKind, outgoing: &Outgoing) -> Result<Value, Failure> {
        body(channel, &Recipient { id: "78".into(), phone: None }, outgoing)
    }

    #[test]
    fn a_text_carries_our_key_where_there_is_a_place_for_it() {
        let text = outgoing(Content::Text { text: "Hi".into(), choices: vec![] });
        let messenger = made(ChannelKind::Facebook, &text).expect("a body");
        let message = json!({ "text": "Hi", "metadata": "msg_1" });
        assert_eq!(messenger, json!({ "recipient": { "id": "78" }, "messaging_type": "RESPONSE", "message": message }));
        assert_eq!(made(ChannelKind::Instagram, &text).expect("a body")["message"], json!({ "text": "Hi" }));
    }

    #[test]
    fn a_person_after_the_window_and_buttons() {
        let choices = vec![Choice { title: "A title that is far too long".into(), payload: "A".into() }; 20];
        let text = outgoing(Content::Text { text: "Hi".into(), choices });
        let body = made(ChannelKind::Facebook, &Outgoing { human_agent: true, ..text }).expect("a body");
        assert_eq!((body["messaging_type"].as_str(), body["tag"].as_str()), (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")));
        let buttons = body["message"]["quick_replies"].as_array().expect("buttons");
        assert_eq!((buttons.len(), buttons[0]["title"].as_str()), (13, Some("A title that is far ")));
    }

    #[test]
    fn what_the_channel_cannot_carry_is_refused_before_it_is_sent() {
        let media = Media {
            kind: AttachmentKind::File,
            source: MediaSource::Url("https://example.com/a.pdf".into()),
            caption: None,
            filename: None,
        };
        assert!(made(ChannelKind::Facebook, &outgoing(Content::Media(media.clone()))).is_ok());
        assert!(made(ChannelKind::Instagram, &outgoing(Content::Media(media))).is_err());
        assert!(
            made(ChannelKind::Facebook, &outgoing(Content::Template(crate::channel::Template::default()))).is_err()
        );
    }
}
