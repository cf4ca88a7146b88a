//! The inbox: channels, conversations, messages, the reply pipeline, handoff and the desk.
//!
//! Rules a newcomer would break: a webhook is answered only after its receipts are committed; a delivery is handled in one
//! transaction; a bot message carries the fence of its conversation and dies when the pen changes hands; no call to a
//! platform is made with a transaction open.

mod brain;
pub mod channels;
pub mod contacts;
mod conversations;
mod core;
mod handoff;
mod handoff_letter;
mod ingest;
mod knowledge;
mod lead_marks;
pub mod outreach;
mod pages;
pub mod pipeline;
pub mod privacy;
pub mod receiving;
mod reconcilers;
pub mod replay;
mod sealing;
pub mod sending;
pub mod settings;
pub mod waiting;
mod web;
pub mod webchat;

use std::sync::Arc;

use kernel::queue::Handlers;

pub use crate::brain::Brain;
pub use crate::contacts::{ConsentMarks, ContactMerges};
pub use crate::core::Core;
pub use handoff_letter::HandoffLetters;
pub use lead_marks::LeadMarks;
pub use reconcilers::reconcilers;
pub use web::room;

/// The inbox's background work.
pub fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add_batch(Arc::new(ingest::ReceiveGroup::new(core.clone())));
    handlers.add_batch(Arc::new(ingest::Receive::new(core.clone())));
    handlers.add(Arc::new(ingest::AnswerTurn::new(core.clone())));
    handlers.add_batch(Arc::new(sending::Send::new(core.clone())));
    handlers.add(Arc::new(handoff_letter::Write::new(core.clone())));
    handlers.add(Arc::new(contacts::LearnProfile::new(core.clone())));
    handlers.add(Arc::new(ai::knowledge::Indexer::new(&core.kernel, core.brain.embedder().cloned())));
}
