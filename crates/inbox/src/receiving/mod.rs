//! Receiving: `POST /webhooks/{channel}` verifies, keeps and answers; everything else happens behind the queue.
//!
//! Order that must not change: signature over the raw bytes, then parse, then the organisation by the account, then a durable
//! commit, then 200. A request is answered only after its own receipts are committed.

mod batcher;
mod routes;
pub(crate) mod sealed;
mod tally;
mod webhooks;

pub use routes::Routes;
pub use tally::Tally;
pub use webhooks::{Receiver, router};
