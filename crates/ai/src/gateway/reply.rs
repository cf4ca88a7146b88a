//! A reply to a customer: from the cache, from a model with the chunks found, or the local answer.
//!
//! Rules a newcomer would break: the local answer is made before and handed in, so a reply never fails; an answer is kept
//! in the cache only when nothing personal and no history went into it; what the model cites must be a chunk it was given.

use std::sync::LazyLock;

use kernel::can_fail::CanFail;
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::cache::{self, CacheKey, CachedReply, Match};
use super::call::{Ask, Unanswered};
use super::{Gateway, Schema, Tier};
use crate::answer::{Answer, BrandVoice};
use crate::decision::Decision;
use crate::prompts::{self, Canary, ReplyPrompt};
use crate::retrieval::Chunk;

/// The most tokens of a reply.
const LONGEST_REPLY: u32 = 600;
/// A model's own confidence is never believed beyond this.
const MOST_CONFIDENCE: f32 = 0.95;

static FORM: LazyLock<Schema> = LazyLock::new(|| {
    let form = json!({
        "type": "object",
        "properties": {
            "reply": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "sources": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "needs_human": {"type": "boolean"}
        },
        "required": ["reply", "confidence", "sources", "needs_human"],
        "additionalProperties": false
    });
    Schema::new("reply", form).expect("the form of a reply is a schema")
});

/// What was said before in the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// True when the customer said it.
    pub customer: bool,
    /// What was said.
    pub text: String,
}

/// What a reply is made from.
#[derive(Debug, Clone)]
pub struct ReplyAsk<'a> {
    /// What the customer wrote.
    pub question: &'a str,
    /// ISO 639-1 code of the reply.
    pub language: &'a str,
    /// What was said before, oldest first.
    pub history: &'a [Turn],
    /// The chunks found, best first.
    pub chunks: &'a [&'a Chunk],
    /// How the organisation sounds.
    pub voice: &'a BrandVoice,
    /// The organisation's own guidelines to its agents.
    pub guidelines: &'a str,
    /// Changes whenever the organisation's knowledge does.
    pub knowledge_version: &'a str,
    /// True when the question holds personal data; its answer is then not kept.
    pub personal: bool,
    /// The local answer, which stands when no model does better.
    pub local: &'a Answer,
    /// How good it must be.
    pub tier: Tier,
}

/// Who made a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A model.
    Model,
    /// The same words were answered before.
    CachedWords,
    /// The same question in other words was answered before.
    CachedMeaning,
    /// The local answer.
    Local,
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The text; under [`crate::answer::HUMAN_BELOW`] a suggestion to a human.
    pub text: String,
    /// How sure, 0 to 1.
    pub confidence: f32,
    /// The chunks it rests on.
    pub sources: Vec<Uuid>,
    /// Who made it.
    pub origin: Origin,
    /// Why no model answered, where one could have.
    pub unanswered: Option<Unanswered>,
}

impl Gateway {
    /// A reply, recorded in `decision` with the chunks it rests on.
    pub async fn reply(&self, decision: &mut Decision, ask: &ReplyAsk<'_>) -> Reply {
        let reply = self.make_reply(decision, ask).await;
        for chunk in ask.chunks.iter().filter(|chunk| reply.sources.contains(&chunk.id)) {
            decision.chunk(chunk.id, &chunk.text);
        }
        reply
    }

    async fn make_reply(&self, decision: &mut Decision, ask: &ReplyAsk<'_>) -> Reply {
        if !self.has_providers() {
            return local(ask, None);
        }
        let vault = self.inner.vault.of(decision.org).await.can_fail("opening the keys for the response cache");
        let key = match &vault {
            Some(_) if ask.history.is_empty() && !ask.personal => Some(self.cache_key(ask).await),
            _ => None,
        };
        if let (Some(vault), Some(key)) = (&vault, &key)
            && let Some(reply) = self.cached(decision, vault, key).await
        {
            return reply;
        }
        match self.ask_model(decision, ask).await {
            Ok(reply) => {
                if let (Some(vault), Some(key)) = (&vault, &key) {
                    self.keep(decision, vault, key, &reply).await.can_fail("keeping a reply for the same question");
                }
                reply
            }
            Err(reason) => local(ask, Some(reason)),
        }
    }

    async fn ask_model(&self, decision: &mut Decision, ask: &ReplyAsk<'_>) -> Result<Reply, Unanswered> {
        let canary = Canary::of(decision.id);
        // A chunk that reads like an instruction is not shown to a model at all.
        let chunks: Vec<&Chunk> = ask.chunks.iter().copied().filter(|chunk| !chunk.suspicious).collect();
        let prompt = ReplyPrompt {
            voice: ask.voice,
            guidelines: ask.guidelines,
            language: ask.language,
            chunks: &chunks,
            history: ask.history,
            question: ask.question,
        };
        let mut call = Ask::new("reply", prompts::REPLY.version, prompts::reply(&prompt, &canary), LONGEST_REPLY);
        call.tier = ask.tier;
        let structured = self.checked(decision, call, &FORM, &canary).await?;
        let form: Form =
            serde_json::from_value(structured.value).map_err(|error| Unanswered::Invalid(error.to_string()))?;
        let sources: Vec<Uuid> = form.sources.iter().filter_map(|&n| Some(chunks.get(n.checked_sub(1)?)?.id)).collect();
        let sure = if form.needs_human { 0.0 } else { form.confidence.min(MOST_CONFIDENCE) };
        Ok(Reply { text: form.reply, confidence: sure, sources, origin: Origin::Model, unanswered: None })
    }

    async fn cache_key(&self, ask: &ReplyAsk<'_>) -> CacheKey {
        let voice = serde_json::to_string(ask.voice).unwrap_or_default();
        let tier = format!("{:?}", ask.tier);
        let context = [prompts::REPLY.version, &tier, ask.language, ask.knowledge_version, &voice, ask.guidelines];
        // The local embedder knows English only: elsewhere it calls different questions the same.
        let vector = match &self.inner.embedder {
            Some(embedder) if ask.language == "en" => {
                let (embedder, question) = (embedder.clone(), ask.question.to_owned());
                let embedded = tokio::task::spawn_blocking(move || embedder.embed(&[&question]).pop());
                embedded.await.can_fail("embedding a question").flatten()
            }
            _ => None,
        };
        CacheKey::new(&context, ask.question, vector)
    }

    async fn cached(&self, decision: &mut Decision, vault: &OrgVault, key: &CacheKey) -> Option<Reply> {
        let begun = std::time::Instant::now();
        let look = async {
            let mut tx = self.inner.db.begin(decision.org).await?;
            let found = cache::find(&mut tx, vault, key, self.inner.clock.now()).await?;
            tx.commit().await?;
            anyhow::Ok(found)
        };
        let (found, how) = look.await.can_fail("looking for the same question")??;
        decision.push(
            "cache",
            "1",
            &[],
            json!({"text": found.text, "same": format!("{how:?}")}),
            begun.elapsed(),
            None,
        );
        let origin = match how {
            Match::Words => Origin::CachedWords,
            Match::Meaning => Origin::CachedMeaning,
        };
        Some(Reply { text: found.text, confidence: found.confidence, sources: found.sources, origin, unanswered: None })
    }

    async fn keep(&self, decision: &Decision, vault: &OrgVault, key: &CacheKey, reply: &Reply) -> anyhow::Result<()> {
        if reply.confidence < crate::answer::HUMAN_BELOW || reply.sources.is_empty() {
            return Ok(());
        }
        let cached =
            CachedReply { text: reply.text.clone(), confidence: reply.confidence, sources: reply.sources.clone() };
        let mut tx = self.inner.db.begin(decision.org).await?;
        cache::keep(&mut tx, vault, key, &cached, self.inner.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

#[derive(Deserialize)]
struct Form {
    reply: String,
    confidence: f32,
    sources: Vec<usize>,
    needs_human: bool,
}

fn local(ask: &ReplyAsk<'_>, unanswered: Option<Unanswered>) -> Reply {
    Reply {
        text: ask.local.text.clone(),
        confidence: ask.local.confidence,
        sources: ask.local.sources.iter().map(|source| source.chunk_id).collect(),
        origin: Origin::Local,
        unanswered,
    }
}
