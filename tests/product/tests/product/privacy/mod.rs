//! A contact is exported, hidden, brought back, and erased so that nothing of them is found anywhere.

mod erased;
mod exported;
mod hidden;
mod house;
mod kept;
mod sealed;
mod visitors;
