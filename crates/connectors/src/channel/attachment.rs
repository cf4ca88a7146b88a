//! What comes with a message besides its text.

use serde::{Deserialize, Serialize};

/// Something attached to a message. Which fields are set depends on the platform; none is required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attachment {
    pub kind: AttachmentKind,
    /// Where it can be fetched. Platforms let such links expire: fetch soon, or by `media_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The platform's id of the media (WhatsApp) or of the sticker (Messenger).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A title, or a one-line description of what has no file: a shared contact, an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What an attachment is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    Image,
    Video,
    Audio,
    /// A voice note recorded in the app.
    Voice,
    File,
    Sticker,
    Location,
    /// A post, reel or link shared into the conversation.
    Share,
    /// A story in which the account was mentioned.
    StoryMention,
    /// A card or structured message.
    Template,
    /// A contact card.
    ContactCard,
    Order,
    /// A kind that Recoup does not know.
    #[default]
    Other,
}

/// A shared location, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub latitude: f64,
    pub longitude: f64,
}

/// Drops what is there twice: exact repeats, and the `image` that Messenger sent along with each `sticker` during its
/// transition of 2026.
#[must_use]
pub fn one_of_each(attachments: Vec<Attachment>) -> Vec<Attachment> {
    let stickers: Vec<Attachment> =
        attachments.iter().filter(|a| a.kind == AttachmentKind::Sticker).take(16).cloned().collect();
    let mut kept: Vec<Attachment> = Vec::with_capacity(attachments.len());
    for attachment in attachments {
        let shadow = attachment.kind == AttachmentKind::Image
            && stickers.iter().any(|sticker| same_picture(sticker, &attachment));
        // Repeats come next to each other or nearly so; a hostile list of thousands is not compared in full.
        let repeat = kept.iter().rev().take(16).any(|other| *other == attachment);
        if !shadow && !repeat {
            kept.push(attachment);
        }
    }
    kept
}

fn same_picture(sticker: &Attachment, image: &Attachment) -> bool {
    (sticker.media_id.is_some() && sticker.media_id == image.media_id)
        || (sticker.url.is_some() && sticker.url == image.url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(kind: AttachmentKind, id: Option<&str>, url: &str) -> Attachment {
        Attachment { kind, media_id: id.map(str::to_owned), url: Some(url.to_owned()), ..Attachment::default() }
    }

    #[test]
    fn a_sticker_and_its_image_are_one_sticker() {
        let image = picture(AttachmentKind::Image, Some("369"), "https://cdn.example/1.png");
        let sticker = picture(AttachmentKind::Sticker, Some("369"), "https://cdn.example/1.png");
        let photo = picture(AttachmentKind::Image, None, "https://cdn.example/2.png");
        let kept = one_of_each(vec![image, sticker.clone(), photo.clone()]);
        assert_eq!(kept, vec![sticker, photo]);
    }

    #[test]
    fn a_sticker_without_an_id_is_matched_by_its_address() {
        let image = picture(AttachmentKind::Image, None, "https://cdn.example/1.png");
        let sticker = picture(AttachmentKind::Sticker, None, "https://cdn.example/1.png");
        assert_eq!(one_of_each(vec![sticker.clone(), image]), vec![sticker]);
    }

    #[test]
    fn two_photos_stay_two() {
        let photos = vec![
            picture(AttachmentKind::Image, None, "https://cdn.example/1.png"),
            picture(AttachmentKind::Image, None, "https://cdn.example/2.png"),
        ];
        assert_eq!(one_of_each(photos.clone()), photos);
    }
}
