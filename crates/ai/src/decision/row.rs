//! The stored form of a decision: what may be searched in the open, the rest deflated and sealed.

use std::cell::RefCell;
use std::io::Read;

use chrono::{DateTime, Utc};
use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};
use kernel::ids::{ConversationId, DecisionId, MessageId, OrgId};
use kernel::vault::{OrgVault, VaultError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{ChunkUse, Conclusion, Decision, LOCAL, Stage, Subject};

/// The longest record that is read back, deflated data being able to claim any size.
const LONGEST: u64 = 64 << 20;

/// A decision as it is stored.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct DecisionRow {
    /// Which.
    pub id: DecisionId,
    /// Whose.
    pub org_id: OrgId,
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub kind: String,
    /// In which conversation.
    pub conversation_id: Option<ConversationId>,
    /// About which message.
    pub message_id: Option<MessageId>,
    /// The policy's version.
    pub policy: String,
    /// Who answered.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// What came of it.
    pub outcome: String,
    /// How sure.
    pub confidence: Option<f32>,
    /// Tokens of all questions.
    pub tokens_in: i64,
    /// Tokens of all answers.
    pub tokens_out: i64,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
    /// All stages together.
    pub latency_us: i64,
    /// The knowledge used.
    pub chunk_ids: Vec<Uuid>,
    /// SHA-256 of each, as it read then.
    pub chunk_hashes: Vec<Vec<u8>>,
    /// Inputs, stages and output.
    pub sealed: Vec<u8>,
}

/// A record that cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The vault refused: another organisation, another row, a destroyed key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What was sealed is not a record.
    #[error("the record cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// What was sealed is not deflated.
    #[error("the record cannot be inflated: {0}")]
    Inflate(#[from] std::io::Error),
}

#[derive(Serialize, Deserialize)]
struct Sealed<Inputs, Stages, Output> {
    inputs: Inputs,
    stages: Stages,
    output: Output,
}

impl Decision {
    /// The row to store. Only computation: many can be sealed on a worker thread and written together.
    pub fn seal(&self, vault: &OrgVault) -> Result<DecisionRow, SealError> {
        let body = Sealed { inputs: &self.inputs, stages: &self.stages, output: &self.result.output };
        let sealed = vault.seal(&associated(self.id), &deflate(&serde_json::to_vec(&body)?)?)?;
        let answered = self.model_calls().filter(|call| !call.provider.is_empty()).last();
        let sum = |of: fn(&super::ModelCall) -> u64| self.model_calls().map(of).sum::<u64>().cast_signed();
        Ok(DecisionRow {
            id: self.id,
            org_id: self.org,
            at: self.at,
            kind: self.subject.kind.clone(),
            conversation_id: self.subject.conversation,
            message_id: self.subject.message,
            policy: self.policy.clone(),
            provider: answered.map_or_else(|| LOCAL.to_owned(), |call| call.provider.clone()),
            model: answered.map_or_else(String::new, |call| call.model.clone()),
            outcome: self.result.outcome.clone(),
            confidence: self.result.confidence,
            tokens_in: sum(|call| call.tokens_in),
            tokens_out: sum(|call| call.tokens_out),
            cost_micros: sum(|call| call.cost_micros),
            latency_us: self.stages.iter().map(|stage| stage.micros).sum::<u64>().cast_signed(),
            chunk_ids: self.chunks.iter().map(|chunk| chunk.id).collect(),
            chunk_hashes: self.chunks.iter().map(|chunk| hex::decode(&chunk.hash).unwrap_or_default()).collect(),
            sealed,
        })
    }
}

impl DecisionRow {
    /// The whole decision, as it was.
    pub fn open(&self, vault: &OrgVault) -> Result<Decision, SealError> {
        let plain = unsealed(vault, self.id, &self.sealed)?;
        let body: Sealed<Map<String, Value>, Vec<Stage>, Value> = serde_json::from_slice(&plain)?;
        let hashes = self.chunk_hashes.iter().map(hex::encode);
        Ok(Decision {
            id: self.id,
            org: self.org_id,
            at: self.at,
            subject: Subject { kind: self.kind.clone(), conversation: self.conversation_id, message: self.message_id },
            policy: self.policy.clone(),
            inputs: body.inputs,
            stages: body.stages,
            chunks: self.chunk_ids.iter().zip(hashes).map(|(&id, hash)| ChunkUse { id, hash }).collect(),
            result: Conclusion { outcome: self.outcome.clone(), confidence: self.confidence, output: body.output },
        })
    }
}

/// The sealed part of a decision, opened and inflated: JSON.
pub(crate) fn unsealed(vault: &OrgVault, id: DecisionId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let deflated = vault.open(&associated(id), sealed)?;
    let mut plain = Vec::new();
    DeflateDecoder::new(deflated.as_slice()).take(LONGEST).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Deflates with the thread's own compressor: its tables are larger than any record and need not be made for each.
fn deflate(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let mut deflated = Vec::with_capacity(plain.len() / 2 + 128);
        loop {
            let rest = plain.get(compressor.total_in() as usize..).unwrap_or_default();
            if compressor.compress_vec(rest, &mut deflated, FlushCompress::Finish)? == Status::StreamEnd {
                return Ok(deflated);
            }
            deflated.reserve(deflated.capacity());
        }
    })
}

fn associated(id: DecisionId) -> String {
    format!("ai_decisions/{}", id.uuid())
}
