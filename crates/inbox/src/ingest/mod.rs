//! What happens to a kept delivery: contacts, conversations, messages, understanding, and the bot's turn, many at a time.
//!
//! A batch is one transaction on one organisation, or a few where order or size asks for it; its jobs end with the last, and a
//! delivery counts as handled with the one that handled it, so a crash repeats what is not committed and nothing else.
//! Conversations are locked in the order of their ids, before anything is decided about them. Those of somebody new are written
//! whole, before what belongs to them.

pub(crate) mod apply;
mod conversations;
mod echo;
mod groups;
mod handler;
mod incoming;
mod load;
mod marks;
mod model;
mod opening;
mod outcome;
mod singles;
mod states;
mod turn;
mod waves;
mod write;

pub(crate) use conversations::{Conv, Thread, announce_opened, lock, lock_by_id, save};
pub use groups::ReceiveGroup;
pub(crate) use incoming::Incoming;
pub(crate) use load::event_of;
pub use singles::Receive;
pub use turn::AnswerTurn;
pub(crate) use turn::{POLICY, escalate};
pub(crate) use write::{NewMessage, clean, insert, preview};
