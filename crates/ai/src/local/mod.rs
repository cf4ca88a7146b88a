//! The models that need no key: small, deterministic, in the repository, and measured by `recoup eval`.
//!
//! [`Local::read`] looks at a message once; the stages are methods of the [`Reading`] it returns. Every stage accepts
//! any UTF-8 and answers something; none of them reads a clock, a file or the network.

mod concepts;
mod dense;
pub mod embedder;
mod entities;
mod features;
mod fold;
mod guard;
mod heads;
mod intent;
pub mod intents;
pub mod language;
mod lead;
mod lexicon;
mod marks;
mod reading;
mod sentiment;
mod topic;
mod understanding;
mod urgency;
mod verdict;

pub use concepts::{CONCEPTS, Concepts};
pub use embedder::Embedder;
pub use entities::{Entity, EntityType};
pub use features::Features;
pub use fold::fold;
pub use guard::{Flag, Guardrail, Knowledge, guard_output, pii};
pub use intent::{Intent, IntentDecision, RecommendedAction};
pub use language::Language;
pub use lead::{LeadScore, LeadSignal, LeadTag, LeadWeights, SenderHistory, lead_score};
pub use marks::Marks;
pub use reading::{Local, Reading};
pub use sentiment::{EMOTION_GROUPS, Sentiment, Tone};
pub use topic::Topic;
pub use understanding::Understanding;
pub use urgency::Urgency;
