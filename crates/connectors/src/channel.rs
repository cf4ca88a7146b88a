//! What every channel's connector speaks with the rest of the house: received items, things to send, outcomes,
//! limits. No platform's words get past this module, except as raw bytes and error codes.

mod attachment;
mod dispatch;
mod limits;
pub mod oauth;
mod received;
mod sending;

pub use attachment::{Attachment, AttachmentKind, Place, one_of_each};
pub use dispatch::Channels;
pub use kernel::channel::ChannelKind;
pub use limits::{Limits, MediaLimit, Rate, TextLimit, limits};
pub use received::{
    Batches, Echo, Handover, Identity, Item, Kind, Malformed, Message, Postback, Raw, Reaction, Received, Referral,
    Status, StatusError, StatusState, Story, StoryKind,
};
pub(crate) use sending::bad_url;
pub use sending::{
    Account, Action, Choice, Content, Credentials, Failure, Found, Media, MediaSource, Outgoing, Product, RateScope,
    Recipient, Refusal, Search, SendOutcome, Sent, Template, TemplateHeader, TemplateValue,
};
