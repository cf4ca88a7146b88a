//! Connected accounts: how they are connected, what state they are in, how they are let go.

mod api;
mod connect;
pub(crate) mod oauth;
mod store;
mod templates;

pub(crate) use api::{ChannelIn, api, let_go, open};
pub use connect::{NewChannel, connect};
pub(crate) use store::token_place;
pub use store::{Channel, disconnect, find, list, mark_failing};
pub(crate) use templates::templates_of;
