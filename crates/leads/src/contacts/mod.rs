//! Contacts: people outside, with the accounts they write from.
//!
//! Names, handles, addresses and numbers are sealed at rest and found by keyed fingerprints. Contacts are never merged by
//! themselves; a merge is a person's decision and can be undone.

mod card;
mod link;
mod merge;
mod resolve;
mod sealed;
pub(crate) mod sealing;
mod show;
mod suggest;

pub use card::{Card, cards, find};
pub use link::link;
pub use resolve::{Found, Person, resolve};
pub use sealed::{Field, Profile};
pub(crate) use show::{ContactOut, api, load};
