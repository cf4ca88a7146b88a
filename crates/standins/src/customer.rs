//! The person's side of a conversation: what somebody may write, on any of the platforms.

use serde::{Deserialize, Serialize};

use crate::threads::Platform;

/// Something a person does in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    /// The platform.
    pub platform: Platform,
    /// The business's account there: page id, Instagram account id, phone number id, X user id.
    pub account: String,
    /// The person's id there. On WhatsApp digits are a phone number and anything else a business-scoped user id,
    /// so that the message arrives without a phone number.
    pub person: String,
    /// The name the platform knows, if it shows one.
    #[serde(default)]
    pub name: Option<String>,
    /// What is written.
    #[serde(flatten)]
    pub content: Content,
}

impl Writing {
    /// A plain text.
    pub fn text(platform: Platform, account: &str, person: &str, text: &str) -> Self {
        Self::new(platform, account, person, Content::text(text))
    }

    /// Any content.
    pub fn new(platform: Platform, account: &str, person: &str, content: Content) -> Self {
        Self { platform, account: account.to_owned(), person: person.to_owned(), name: None, content }
    }

    /// The same, by somebody with this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }
}

/// What can be written. Not every platform knows every kind; asking for one it lacks is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Words, perhaps by tapping a quick reply, perhaps quoting an earlier message.
    Text {
        /// The words.
        text: String,
        /// The tapped quick reply's payload.
        #[serde(default)]
        quick_reply: Option<String>,
        /// The quoted message's id.
        #[serde(default)]
        reply_to: Option<String>,
    },
    /// A picture.
    Image {
        /// Words under it.
        #[serde(default)]
        caption: Option<String>,
    },
    /// A film.
    Video {
        /// Words under it.
        #[serde(default)]
        caption: Option<String>,
    },
    /// A recording.
    Audio {
        /// Spoken into the phone rather than a file.
        voice: bool,
    },
    /// A file.
    Document {
        /// Its name.
        filename: String,
    },
    /// A sticker.
    Sticker,
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// A reaction to a message, or its withdrawal when there is no emoji.
    Reaction {
        /// The message's id.
        to: String,
        /// The emoji.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// An answer to one of the business's stories.
    StoryReply {
        /// The words.
        text: String,
    },
    /// The business mentioned in the person's story.
    StoryMention,
    /// A shared post.
    Share,
    /// Something the platform cannot pass on.
    Unsupported,
    /// A message taken back.
    Deleted {
        /// Its id.
        id: String,
    },
    /// A message changed.
    Edited {
        /// Its id.
        id: String,
        /// The new words.
        text: String,
    },
    /// A tap on a button of ours.
    Postback {
        /// The button's label.
        title: String,
        /// The button's payload.
        payload: String,
    },
    /// A choice from a list of ours.
    ListReply {
        /// The row's id.
        id: String,
        /// The row's label.
        title: String,
    },
    /// A contact card.
    ContactCard {
        /// The name on it.
        name: String,
        /// The number on it.
        phone: String,
    },
    /// An order from the catalogue.
    Order {
        /// The product.
        product: String,
        /// How many.
        quantity: u32,
    },
    /// The first words of somebody who came from an advertisement.
    FromAdvert {
        /// The words.
        text: String,
        /// The advertisement's id.
        advert: String,
    },
    /// The person changed their phone number.
    NumberChanged {
        /// The new one.
        new: String,
    },
}

impl Content {
    /// Plain words.
    pub fn text(text: &str) -> Self {
        Self::Text { text: text.to_owned(), quick_reply: None, reply_to: None }
    }

    /// The kind's name, as in its JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::Video { .. } => "video",
            Self::Audio { .. } => "audio",
            Self::Document { .. } => "document",
            Self::Sticker => "sticker",
            Self::Location { .. } => "location",
            Self::Reaction { .. } => "reaction",
            Self::StoryReply { .. } => "story_reply",
            Self::StoryMention => "story_mention",
            Self::Share => "share",
            Self::Unsupported => "unsupported",
            Self::Deleted { .. } => "deleted",
            Self::Edited { .. } => "edited",
            Self::Postback { .. } => "postback",
            Self::ListReply { .. } => "list_reply",
            Self::ContactCard { .. } => "contact_card",
            Self::Order { .. } => "order",
            Self::FromAdvert { .. } => "from_advert",
            Self::NumberChanged { .. } => "number_changed",
        }
    }

    /// The words a reader sees, if there are any.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. }
            | Self::StoryReply { text }
            | Self::Edited { text, .. }
            | Self::FromAdvert { text, .. } => Some(text),
            Self::Image { caption } | Self::Video { caption } => caption.as_deref(),
            Self::Postback { title, .. } | Self::ListReply { title, .. } => Some(title),
            _ => None,
        }
    }
}

/// Why a platform would not carry something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The business has no such account on the platform.
    UnknownAccount,
    /// The platform has no such kind of content.
    NotOnThisPlatform,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnknownAccount => "the business has no such account here",
            Self::NotOnThisPlatform => "this platform cannot carry that",
        })
    }
}

impl std::error::Error for Refusal {}
