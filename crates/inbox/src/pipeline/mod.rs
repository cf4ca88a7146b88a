//! The pipeline: what a contact wrote is guarded, understood, scored and answered. Everything here is a pure function of
//! its inputs; reading and writing are in `receiving` and `turn`.

mod decide;
mod escalation;
mod understand;
mod window;

pub use decide::{Answering, Conversation, NextStep, decide};
pub use escalation::Escalation;
pub use understand::{LOCAL, Read, UNDERSTANDING, language_of, understand};
pub use window::burst_window;
