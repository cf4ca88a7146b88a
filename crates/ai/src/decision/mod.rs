//! Decision records: why the AI said what it said, kept so that it can be shown and run again.
//!
//! A [`Decision`] is built while a message is worked on, without I/O: inputs, stages with their outputs, chunks used, the
//! model calls. [`Decision::seal`] turns it into a [`DecisionRow`]; [`insert_many`] writes many rows with one statement.
//!
//! Rules a newcomer would break: a stage must be a pure function of the inputs it names (that is what makes [`replay()`]
//! possible), so a clock, a count or a random choice it needs is an input; everything personal goes into the sealed part.

mod replay;
mod row;
mod store;

pub use replay::{Difference, Replay, Stages, replay, replay_with_model};
pub(crate) use row::unsealed;
pub use row::{DecisionRow, SealError};
pub use store::{DecisionSummary, insert_many, load, of_conversation, read};

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::Clock;
use kernel::ids::{ConversationId, DecisionId, MessageId, OrgId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The provider named by a decision that asked no model.
pub const LOCAL: &str = "local";

/// A decision being made, or one read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Whose and which.
    pub id: DecisionId,
    /// The organisation.
    pub org: OrgId,
    /// When it began, by the clock that was passed in.
    pub at: DateTime<Utc>,
    /// What about.
    pub subject: Subject,
    /// The version of the policy that put the stages together.
    pub policy: String,
    /// The named inputs of the stages.
    pub inputs: Map<String, Value>,
    /// What was done, in order.
    pub stages: Vec<Stage>,
    /// The knowledge it rests on.
    pub chunks: Vec<ChunkUse>,
    /// What came of it.
    pub result: Conclusion,
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `reply`, `understanding`, `advice`, …
    pub kind: String,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// About which message.
    pub message: Option<MessageId>,
}

/// What came of a decision.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// A short stable word: `replied`, `needs_human`, `blocked`, …
    pub outcome: String,
    /// How sure, 0 to 1.
    pub confidence: Option<f32>,
    /// What was said or found.
    pub output: Value,
}

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Which.
    pub name: String,
    /// Of the code or prompt that ran.
    pub version: String,
    /// The inputs, or earlier stages, it took.
    pub takes: Vec<String>,
    /// What it gave.
    pub output: Value,
    /// How long it took.
    pub micros: u64,
    /// Set where a model was asked.
    pub model: Option<ModelCall>,
}

/// A call of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelCall {
    /// Who answered; empty when nobody did.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// The body of the request: messages and parameters.
    pub request: Value,
    /// Tokens of the question.
    pub tokens_in: u64,
    /// Tokens of the answer.
    pub tokens_out: u64,
    /// In millionths of a US dollar.
    pub cost_micros: u64,
    /// Failed attempts before it, as `provider: what`.
    pub failed: Vec<String>,
}

/// A piece of knowledge that was used, as it read then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkUse {
    /// Which chunk.
    pub id: Uuid,
    /// SHA-256 of its text, hex.
    pub hash: String,
}

impl Decision {
    /// Begins a decision.
    pub fn new(org: OrgId, kind: &str, policy: &str, clock: &Clock) -> Self {
        Self {
            id: DecisionId::new(clock),
            org,
            at: clock.now(),
            subject: Subject { kind: kind.to_owned(), conversation: None, message: None },
            policy: policy.to_owned(),
            inputs: Map::new(),
            stages: Vec::new(),
            chunks: Vec::new(),
            result: Conclusion::default(),
        }
    }

    /// Says which message it is about.
    #[must_use]
    pub fn about(mut self, conversation: ConversationId, message: MessageId) -> Self {
        self.subject.conversation = Some(conversation);
        self.subject.message = Some(message);
        self
    }

    /// Keeps an input that stages take by its name.
    pub fn input(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.inputs.insert(name.to_owned(), json(value));
    }

    /// Keeps a local stage: what it took (by name) and what it gave.
    pub fn stage(
        &mut self,
        name: &str,
        version: &str,
        takes: &[&str],
        output: &(impl Serialize + ?Sized),
        took: Duration,
    ) {
        self.push(name, version, takes, json(output), took, None);
    }

    /// Keeps a piece of knowledge that was used.
    pub fn chunk(&mut self, id: Uuid, text: &str) {
        let hash = hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()));
        if self.chunks.iter().all(|used| used.id != id) {
            self.chunks.push(ChunkUse { id, hash });
        }
    }

    /// Says what came of it.
    pub fn conclude(&mut self, outcome: &str, confidence: Option<f32>, output: &(impl Serialize + ?Sized)) {
        self.result = Conclusion { outcome: outcome.to_owned(), confidence, output: json(output) };
    }

    /// What counts together for the caps of one turn: the message, or the decision itself.
    pub fn turn(&self) -> Uuid {
        self.subject.message.map_or(self.id.uuid(), MessageId::uuid)
    }

    /// The calls of models it made.
    pub fn model_calls(&self) -> impl Iterator<Item = &ModelCall> {
        self.stages.iter().filter_map(|stage| stage.model.as_ref())
    }

    pub(crate) fn push(
        &mut self,
        name: &str,
        version: &str,
        takes: &[&str],
        output: Value,
        took: Duration,
        model: Option<ModelCall>,
    ) {
        self.stages.push(Stage {
            name: name.to_owned(),
            version: version.to_owned(),
            takes: takes.iter().map(|&name| name.to_owned()).collect(),
            output,
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            model,
        });
    }
}

/// A value as JSON; one that JSON cannot hold keeps the reason instead, since a record must not stop the work it records.
fn json(value: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| serde_json::json!({"not_recorded": error.to_string()}))
}
