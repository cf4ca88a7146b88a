//! What happens to a kept delivery: contacts, conversations, messages, understanding, and the bot's turn, many at a time.
//!
//! One batch is one transaction on one organisation; the job ends with it, so a crash repeats all of it or none.
//! Conversations are locked in the order of their ids, before anything is decided about them.

pub(crate) mod apply;
mod conversations;
mod echo;
mod handler;
mod incoming;
mod load;
mod marks;
mod model;
mod outcome;
mod states;
mod turn;
mod waves;
mod write;

pub(crate) use conversations::{Conv, Thread, announce_opened, lock, lock_by_id, save};
pub use handler::Receive;
pub(crate) use incoming::Incoming;
pub(crate) use load::event_of;
pub use turn::AnswerTurn;
pub(crate) use turn::{POLICY, escalate};
pub(crate) use write::{NewMessage, clean, insert, preview};
