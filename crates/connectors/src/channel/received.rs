//! What a platform told us, in Recoup's words. A webhook body holds items of many accounts; each [`Item`] can be
//! stored, ordered and handled alone:
//! - `event_key` is the same for every delivery of the same event: drop what was seen, forever.
//! - `sender_key` names the conversation's other side: items with one key are handled in order of `at`.
//! - `raw` is a complete webhook body with just this item: the parser can be run on it again after a fix, and gives
//!   this item again.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use serde::{Deserialize, Serialize};

use super::attachment::Attachment;

/// Everything one webhook body said about one account.
#[derive(Debug, Clone)]
pub struct Received {
    pub channel: ChannelKind,
    /// The platform's id of our side: page, Instagram account, WhatsApp phone number id (business account id for
    /// events about the account), X user.
    pub account_id: String,
    pub items: Vec<Item>,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Item {
    /// Stable per platform event; unique within a channel account. At most 200 bytes.
    pub event_key: String,
    /// The other side's id; empty for events about the account itself.
    pub sender_key: String,
    /// When it happened, by the platform's clock; when we got it, where the platform does not say.
    pub at: DateTime<Utc>,
    /// Who it is about; none for events about the account itself.
    pub contact: Option<Identity>,
    /// Another application owns the thread now (Messenger, Instagram): record it, do not answer.
    pub standby: bool,
    pub kind: Kind,
    pub raw: Raw,
}

/// JSON as it is kept. It was put together of pieces that are JSON, so nobody reads it again to be sure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(String);

impl Raw {
    /// Of a text that is known to be JSON.
    pub(crate) fn of(json: String) -> Self {
        Self(json)
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A contact as the platform names them. Only the id is certain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The id to key the contact on: page- or Instagram-scoped id; WhatsApp's business-scoped user id, or `wa_id`
    /// where it is absent; X user id.
    pub id: String,
    /// Further ids of the same person on the same channel account, such as `wa_id` beside a business-scoped id.
    #[serde(default)]
    pub also: Vec<String>,
    /// E.164 with `+`, when the platform gave a number.
    pub phone: Option<String>,
    pub name: Option<String>,
    pub username: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// The contact wrote.
    Message(Box<Message>),
    /// Our side wrote: Recoup, another application, or a person in the platform's own app.
    Echo(Echo),
    /// Our messages reached the contact: those named, or all up to the watermark.
    Delivered {
        mids: Vec<String>,
        watermark: Option<DateTime<Utc>>,
    },
    /// The contact read our messages: up to this one, or up to the watermark.
    Read {
        mid: Option<String>,
        watermark: Option<DateTime<Utc>>,
    },
    /// What became of one message of ours.
    Status(Box<Status>),
    Reaction(Reaction),
    /// The contact pressed a button that is not a message.
    Postback(Box<Postback>),
    /// The contact took a message back.
    Deleted {
        mid: String,
    },
    Edited {
        mid: String,
        text: Option<String>,
    },
    /// The contact agreed to be written to.
    OptIn {
        reference: Option<String>,
        user_ref: Option<String>,
    },
    /// The contact came into an existing conversation through an ad or a link.
    Referred(Box<Referral>),
    Typing,
    Handover(Handover),
    /// The platform took a measure against the account.
    PolicyEnforcement {
        action: Option<String>,
        reason: Option<String>,
    },
    /// The contact has a new id (a new WhatsApp number).
    IdentityChanged {
        new_id: String,
        text: Option<String>,
    },
    /// A WhatsApp template was approved, rejected, paused, …
    TemplateStatus {
        id: Option<String>,
        name: Option<String>,
        language: Option<String>,
        event: Option<String>,
        reason: Option<String>,
    },
    /// The platform reports a fault of the account, not of a message.
    AccountError(StatusError),
    /// The account took our permission back.
    Revoked,
    /// Something that cannot be shown. With a `mid` it is a message of the contact: say so in the thread.
    Unsupported {
        mid: Option<String>,
        why: String,
    },
    /// An event that Recoup has no use for: counted, and kept raw.
    Unknown {
        field: String,
    },
}

/// A message from the contact. All may be absent but the id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    pub mid: String,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The payload of the button or list row that the text came from.
    pub quick_reply: Option<String>,
    /// The id of the message that this one answers.
    pub reply_to: Option<String>,
    pub story: Option<Story>,
    pub referral: Option<Referral>,
}

/// A story that a message answers or mentions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    pub kind: StoryKind,
    pub id: Option<String>,
    pub url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoryKind {
    /// The contact answered our story.
    Reply,
    /// The contact mentioned us in theirs.
    Mention,
}

/// Where a contact came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Referral {
    /// `ad`, `post`, `shortlink`, … as the platform says.
    pub source: Option<String>,
    pub source_id: Option<String>,
    pub source_url: Option<String>,
    pub headline: Option<String>,
    pub body: Option<String>,
    /// The parameter of an `m.me` or `ig.me` link, or the ad's reference.
    pub reference: Option<String>,
    /// Meta's click id, for conversion reports.
    pub click_id: Option<String>,
}

/// A message from our side, told back by the platform.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Echo {
    pub mid: String,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    /// The application that sent it, when the platform says.
    pub app_id: Option<String>,
    /// Our own key, when we sent it with one (Messenger).
    pub metadata: Option<String>,
    /// True when it is certain that Recoup sent it. When false, look the `mid` up among the messages we sent: only
    /// an echo that is not there was written elsewhere, and counts as a person taking over.
    pub ours: bool,
}

/// What became of one message of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub mid: String,
    pub state: StatusState,
    pub error: Option<StatusError>,
    /// Our own key, when we sent it with one (WhatsApp).
    pub callback_data: Option<String>,
    /// Whether the platform bills for it.
    pub billable: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    Sent,
    Delivered,
    Read,
    Failed,
    /// A state that Recoup does not know.
    Other(String),
}

/// An error told in a webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusError {
    pub code: Option<i64>,
    pub title: Option<String>,
    pub detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub mid: String,
    /// None when the platform names none.
    pub emoji: Option<String>,
    pub removed: bool,
}

/// A pressed button.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Postback {
    pub mid: Option<String>,
    pub title: Option<String>,
    pub payload: Option<String>,
    pub referral: Option<Referral>,
}

/// The thread changed hands between applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// To the named application; to us, when it is our id.
    Passed { to: Option<String>, metadata: Option<String> },
    /// From the named application.
    Taken { from: Option<String>, metadata: Option<String> },
    /// The named application asks for it.
    Requested { by: Option<String>, metadata: Option<String> },
}

/// The body is no event of the platform: answer 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the body is not JSON")]
    NotJson,
    #[error("the body is not an event of this platform")]
    NotAnEvent,
}

/// Collects items by account, in the order in which accounts first appear.
#[derive(Debug, Default)]
pub struct Batches {
    batches: Vec<Received>,
    /// Where each account's batch is; empty while there is one account, as in most bodies.
    places: HashMap<(ChannelKind, String), usize>,
}

impl Batches {
    /// Adds an item to its account's batch.
    pub fn push(&mut self, channel: ChannelKind, account_id: &str, item: Item) {
        // Nearly always the account is the last one.
        if let Some(last) =
            self.batches.last_mut().filter(|last| last.channel == channel && last.account_id == account_id)
        {
            return last.items.push(item);
        }
        let place = self.place(channel, account_id);
        if place == self.batches.len() {
            self.batches.push(Received { channel, account_id: account_id.to_owned(), items: Vec::new() });
        }
        self.batches[place].items.push(item);
    }

    /// Which batch is an account's; one behind the last, when it has none yet.
    fn place(&mut self, channel: ChannelKind, account_id: &str) -> usize {
        let Some(first) = self.batches.first() else { return 0 };
        if self.places.is_empty() {
            self.places.insert((first.channel, first.account_id.clone()), 0);
        }
        *self.places.entry((channel, account_id.to_owned())).or_insert(self.batches.len())
    }

    /// The batches.
    pub fn done(self) -> Vec<Received> {
        self.batches
    }
}
