//! People writing to pages and Instagram accounts, and members of staff answering in the platform's own inbox.

use serde_json::{Value, json};

use super::{Meta, events};
use crate::customer::{Content, Refusal, Writing};
use crate::threads::{Author, Platform, Visible};
use crate::whatsapp;

impl Meta {
    /// A person does something; its webhook leaves at once. Gives the platform's id of what was done.
    ///
    /// # Errors
    /// When the account does not exist or the platform lacks that kind of content.
    pub fn customer_writes(&self, writing: &Writing) -> Result<String, Refusal> {
        if writing.platform == Platform::WhatsApp {
            return whatsapp::inbound::write(self, writing);
        }
        let instagram = writing.platform == Platform::Instagram;
        self.state(|state| match state.accounts.get(&writing.account) {
            Some(account) if account.instagram == instagram => {
                state.meet(&writing.account, &writing.person, writing.name.as_deref());
                Ok(())
            }
            _ => Err(Refusal::UnknownAccount),
        })?;
        let id = self.message_id(instagram);
        let (field, name, body) = self.event(writing, instagram, &id)?;
        let at_ms = self.now_ms();
        self.show(writing, &id, at_ms, &body);
        let event = events::from_person(&writing.account, &writing.person, at_ms, name, &body);
        events::publish(self, &writing.account, &writing.person, field, &event, 0);
        Ok(id)
    }

    /// A member of staff answers by hand, outside our app: the echo carries a foreign app id, or none.
    pub fn staff_writes(
        &self,
        platform: Platform,
        account: &str,
        person: &str,
        text: &str,
        app_id: Option<u64>,
    ) -> String {
        let instagram = platform == Platform::Instagram;
        let visible = Visible {
            number: 0,
            id: self.message_id(instagram),
            platform,
            account: account.to_owned(),
            person: person.to_owned(),
            author: Author::Native,
            kind: "text".to_owned(),
            text: Some(text.to_owned()),
            key: None,
            at_ms: self.now_ms(),
            content: json!({ "text": text }),
        };
        events::sent(self, &visible, app_id);
        let id = visible.id.clone();
        self.threads.show(visible);
        id
    }

    fn message_id(&self, instagram: bool) -> String {
        let word = self.shared.dice.word(44);
        if instagram { format!("aWdf{word}") } else { format!("m_{word}") }
    }

    fn show(&self, writing: &Writing, id: &str, at_ms: i64, body: &Value) {
        if matches!(writing.content, Content::Deleted { .. } | Content::Edited { .. }) {
            return;
        }
        self.threads.show(Visible {
            number: 0,
            id: id.to_owned(),
            platform: writing.platform,
            account: writing.account.clone(),
            person: writing.person.clone(),
            author: Author::Customer,
            kind: writing.content.kind().to_owned(),
            text: writing.content.words().map(str::to_owned),
            key: None,
            at_ms,
            content: body.clone(),
        });
    }

    /// The subscription field, the event's own member, and that member's body.
    fn event(
        &self,
        writing: &Writing,
        instagram: bool,
        id: &str,
    ) -> Result<(&'static str, &'static str, Value), Refusal> {
        let message = |mut body: Value| {
            body["mid"] = json!(id);
            Ok(("messages", "message", body))
        };
        let media = |kind: &str| {
            let (mime, name) = sample(kind);
            json!({ "attachments": [{ "type": kind, "payload": { "url": self.public_media(mime, name) } }] })
        };
        match &writing.content {
            Content::Text { text, quick_reply, reply_to } => {
                let mut body = json!({ "text": text });
                if let Some(payload) = quick_reply {
                    body["quick_reply"] = json!({ "payload": payload });
                }
                if let Some(mid) = reply_to {
                    body["reply_to"] = json!({ "mid": mid });
                }
                message(body)
            }
            Content::FromAdvert { text, advert } => message(json!({
                "text": text, "referral": { "source": "ADS", "type": "OPEN_THREAD", "ad_id": advert },
            })),
            Content::Image { caption } => {
                let mut body = media("image");
                if let Some(caption) = caption {
                    body["text"] = json!(caption);
                }
                message(body)
            }
            Content::Video { .. } => message(media("video")),
            Content::Audio { .. } => message(media("audio")),
            Content::Document { .. } if !instagram => message(media("file")),
            Content::Sticker if !instagram => message(json!({ "attachments": [
                { "type": "sticker", "payload": { "url": self.public_media("image/png", "sticker.png"), "sticker_id": 369_239_263_222_822_u64 } },
            ] })),
            Content::Location { latitude, longitude } if !instagram => message(json!({ "attachments": [
                { "type": "location", "payload": { "coordinates": { "lat": latitude, "long": longitude } } },
            ] })),
            Content::StoryReply { text } if instagram => message(json!({
                "text": text, "reply_to": { "story": { "id": "18000000000000001", "url": self.public_media("video/mp4", "story.mp4") } },
            })),
            Content::StoryMention if instagram => message(media("story_mention")),
            Content::Share => message(media(if instagram { "share" } else { "fallback" })),
            Content::Unsupported if instagram => message(json!({ "is_unsupported": true })),
            Content::Deleted { id } if instagram => {
                Ok(("messages", "message", json!({ "mid": id, "is_deleted": true })))
            }
            Content::Edited { id, text } => {
                Ok(("message_edits", "message_edit", json!({ "mid": id, "text": text, "num_edit": 1 })))
            }
            Content::Reaction { to, emoji } => Ok(("message_reactions", "reaction", reaction(to, emoji.as_deref()))),
            Content::Postback { title, payload } => {
                Ok(("messaging_postbacks", "postback", json!({ "mid": id, "title": title, "payload": payload })))
            }
            _ => Err(Refusal::NotOnThisPlatform),
        }
    }
}

fn reaction(to: &str, emoji: Option<&str>) -> Value {
    match emoji {
        Some(emoji) => json!({ "mid": to, "action": "react", "reaction": "other", "emoji": emoji }),
        None => json!({ "mid": to, "action": "unreact" }),
    }
}

/// The media type and name of a sample of this attachment kind.
fn sample(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "video" | "story_mention" => ("video/mp4", "clip.mp4"),
        "audio" => ("audio/mp4", "voice.m4a"),
        "file" => ("application/pdf", "letter.pdf"),
        _ => ("image/jpeg", "photo.jpg"),
    }
}
