//! Replies that need no language model: greetings and thanks from templates, questions from the words of the knowledge.
//!
//! An answer quotes its chunks word for word and says which. What it is sure of is calibrated: under 0.4 a human answers
//! (the text is then only a suggestion to them). Knowledge is data: nothing in a chunk or a message changes what happens
//! here, and a chunk that reads like an instruction is never quoted.

mod apart;
mod candidates;
mod confidence;
mod evidence;
mod expected;
mod extract;
mod lists;
mod smalltalk;
mod split;
mod templates;
mod voice;

pub(crate) use apart::Apart;
pub use confidence::{FEATURES, Features};
pub use expected::Expected;
pub use extract::{Answer, AnswerKind, Source, answer};
pub(crate) use extract::{asks_own_record, candidates as candidate_quotes};
pub use smalltalk::{Smalltalk, smalltalk};
pub use templates::{holding_reply, smalltalk_reply};
pub use voice::{BrandVoice, Tone};

/// Under this confidence a human answers.
pub const HUMAN_BELOW: f32 = 0.4;
