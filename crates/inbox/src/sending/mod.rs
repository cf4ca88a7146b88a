//! Sending: an outbound message is an intent first (`queued → sending → sent | failed | unknown`), so that it has one
//! visible effect even when the process dies between the call and its answer.
//!
//! Order that must not change: check who holds the pen and what the platform allows, commit `sending`, call with no
//! transaction open, commit what came of it. A message found in `sending` by a later run was under way when something
//! died: it is never sent again before the platform was asked, and where it cannot be asked a person decides.

mod check;
mod handler;
mod platforms;
pub mod policy;
mod rates;
mod reconcile;
mod settle;

pub use handler::{Send, SendJob};
pub use platforms::Platforms;
