//! The ledger: immutable facts, appended in the transaction of the change they tell of.
//!
//! Everything that is not the change itself reads the ledger: live updates, webhooks, roll-ups, timelines. Facts carry ids
//! and numbers, never message text, names, addresses or tokens. A follower keeps a cursor and commits it with its work.

mod event;
mod fact;
mod follower;
mod read;
mod recent;

pub use event::{Actor, Event, Recorded, Subject};
pub use fact::{Direction, Fact, Signal, Tag, Writer};
pub use follower::{Follower, catch_up, run_followers};
pub use read::{TailCursor, tail_start, timeline};
pub(crate) use recent::Recent;
