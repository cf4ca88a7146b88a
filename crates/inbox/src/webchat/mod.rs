//! The chat of an organisation's own site: the one platform that is ours.
//!
//! Rules a newcomer would break: what was said carries its id in the chat, so that bringing it again changes nothing; once a visitor
//! asked for a person the pen is at people and no turn of the bot is taken; an answer goes out like every message and is written
//! into the chat under its own id, so that it stands there once however often it is sent.

mod arrival;
mod connection;
mod door;

pub(crate) use arrival::ASKED;
pub use arrival::{Said, Visitor, bring};
pub use connection::account;
pub use door::WebchatDoor;
pub(crate) use door::send;
