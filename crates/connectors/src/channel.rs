//! What every channel's connector speaks with the rest of the house: received items, things to send, outcomes,
//! limits. No platform's words get past this module, except as raw bytes and error codes.

mod attachment;
mod received;

pub use attachment::{Attachment, AttachmentKind, Place, one_of_each};
pub use kernel::channel::ChannelKind;
pub use received::{
    Batches, Echo, Handover, Identity, Item, Kind, Malformed, Message, Postback, Reaction, Received, Referral, Status,
    StatusError, StatusState, Story, StoryKind,
};
