//! Things to send, and what can come of it. The outcomes are told apart by what the sender must do next; the two
//! that matter most are [`Failure::NotSent`] (repeat at will) and [`Failure::Unknown`] (ask before repeating).

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::http::{HttpError, NotSent};
use serde::{Deserialize, Serialize};

use super::attachment::AttachmentKind;

/// Our side of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub channel: ChannelKind,
    /// The platform's id of the page, Instagram account, phone number, or user.
    pub id: String,
    /// Instagram has two products with different hosts; everything else is [`Product::Usual`].
    pub product: Product,
}

/// Which of Instagram's two products an account was connected through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Through a Facebook page (and every other channel).
    #[default]
    Usual,
    /// Through Instagram Login, without a page.
    InstagramLogin,
}

impl Product {
    /// The product that a token belongs to, by its first letters: page tokens begin with `EAA`.
    pub fn of_token(channel: ChannelKind, token: &str) -> Self {
        if channel == ChannelKind::Instagram && token.starts_with("IG") { Self::InstagramLogin } else { Self::Usual }
    }
}

/// What an account's calls are authorised with.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_token: Secret,
    /// X only: with it, calls are signed with OAuth 1.0a.
    pub token_secret: Option<Secret>,
}

/// Whom to write to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The contact's platform id ([`super::Identity::id`]).
    pub id: String,
    /// WhatsApp: the number, preferred over the id where it is known.
    pub phone: Option<String>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub content: Content,
    /// The message to quote (WhatsApp, Messenger).
    pub reply_to: Option<String>,
    /// Written by a person and outside the usual window: allowed for seven days on Messenger and Instagram, and only
    /// then to be set.
    pub human_agent: bool,
    /// Our own key. It comes back in Messenger's echo and WhatsApp's statuses.
    pub key: String,
}

/// What is in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text {
        text: String,
        /// Buttons to answer with; dropped where the platform has none.
        #[serde(default)]
        choices: Vec<Choice>,
    },
    Media(Media),
    /// WhatsApp only.
    Template(Template),
}

/// A button: its text, and what comes back when it is pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub title: String,
    pub payload: String,
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    pub kind: AttachmentKind,
    pub source: MediaSource,
    /// WhatsApp only.
    pub caption: Option<String>,
    pub filename: Option<String>,
}

/// Where a file is: X takes only uploaded media.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// A public address that the platform fetches.
    Url(String),
    /// The platform's id of uploaded media.
    Id(String),
}

/// A WhatsApp template with its variables filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    pub name: String,
    /// Such as `en` or `pt_BR`.
    pub language: String,
    pub header: Option<TemplateHeader>,
    /// The variables of the body, in order.
    pub body: Vec<TemplateValue>,
    /// The variable part of each button that has one: its index, kind (`quick_reply` or `url`) and value.
    pub buttons: Vec<(u8, String, String)>,
}

/// The variable part of a template's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateHeader {
    Text(String),
    Media(AttachmentKind, MediaSource),
}

/// One variable; `name` for templates with named ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateValue {
    pub name: Option<String>,
    pub text: String,
}

/// The small signs beside messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Shows that we are writing. WhatsApp shows it only together with a read mark, so it needs `mid` too.
    Typing { mid: Option<String> },
    /// Marks the conversation read, up to `mid`.
    Seen { mid: Option<String> },
}

/// The platform took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub platform_id: String,
}

/// What came of sending.
pub type SendOutcome = Result<Sent, Failure>;

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The platform said no, and will again: nothing was sent, do not repeat.
    #[error("refused ({code}): {message}")]
    Refused { class: Refusal, code: String, message: String },
    /// The account's authorisation is gone: stop its channel until a person connects it again.
    #[error("no longer authorised ({code}): {message}")]
    Reauthorise { code: String, message: String },
    /// Too much; nothing was sent. Wait, at the level of `scope`.
    #[error("rate limited ({code})")]
    RateLimited { retry_after: Option<Duration>, scope: RateScope, code: String },
    /// Nothing was sent and the cause may pass: repeat at will.
    #[error("not sent: {why}")]
    NotSent { why: String, retry_after: Option<Duration> },
    /// It may have been sent. Wait for the echo or status, ask with `find_sent`, and only then repeat.
    #[error("outcome unknown: {why}")]
    Unknown { why: String },
}

/// Why the platform said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The time in which this may be sent is over: a template, a person, or a new message of the contact is needed.
    WindowClosed,
    /// This contact cannot be reached: blocked us, left, is not on the platform.
    RecipientUnavailable,
    /// The contact wants no such messages: record the opt-out.
    OptedOut,
    /// The account or application lacks a permission.
    NotPermitted,
    /// The platform restricts the account: pause it and tell its owner.
    AccountRestricted,
    /// The template is missing, paused, or its variables do not fit.
    Template,
    /// The file could not be fetched or is not accepted.
    Media,
    /// The account's payment failed.
    Payment,
    /// The platform chose not to deliver this one: try another day.
    Withheld,
    /// Something in the message is not accepted.
    Invalid,
    Other,
}

/// How far a rate limit reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateScope {
    /// Everything our application sends.
    App,
    /// Everything of this account.
    Channel,
    /// Messages to this contact.
    Recipient,
}

impl Failure {
    /// From a call without an answer.
    pub fn lost(error: &HttpError, now: DateTime<Utc>) -> Self {
        let why = error.to_string();
        match error {
            HttpError::Unknown { .. } => Self::Unknown { why },
            HttpError::NotSent { why: NotSent::Invalid(_) | NotSent::Forbidden(_), .. } => {
                Self::Refused { class: Refusal::Invalid, code: "request".to_owned(), message: why }
            }
            HttpError::NotSent { why: NotSent::BreakerOpen { retry_at }, .. } => {
                Self::NotSent { why, retry_after: (*retry_at - now).to_std().ok() }
            }
            HttpError::NotSent { .. } => Self::NotSent { why, retry_after: None },
        }
    }

    /// True when the message may be at the contact.
    pub fn may_have_happened(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// A configured address that is none.
pub(crate) fn bad_url(error: &impl std::fmt::Display) -> Failure {
    Failure::Refused { class: Refusal::Invalid, code: "url".to_owned(), message: error.to_string() }
}

/// What to look for when it is unknown whether a message went out.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    pub recipient: &'a Recipient,
    /// The text that was sent; without one the message cannot be told from others.
    pub text: Option<&'a str>,
    /// When we began to send it.
    pub since: DateTime<Utc>,
    /// Platform ids of messages already accounted for: the same text may have been sent twice on purpose.
    pub known: &'a [String],
}

/// What the platform says about a message whose outcome was unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Sent {
        platform_id: String,
    },
    /// It is certain that it is not there: it can be sent again.
    NotThere,
    /// The platform cannot be asked, or its answer leaves room for doubt: wait for an echo, or ask a person.
    CannotTell {
        why: String,
    },
}
