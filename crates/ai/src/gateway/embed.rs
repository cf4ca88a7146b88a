//! Vectors and moderation: model calls that decide nothing by themselves, within the same budget.

use std::time::Duration;

use connectors::openai::embeddings::{EmbeddingRequest, Encoding};
use connectors::openai::moderation::{Moderation, ModerationRequest};
use kernel::ids::OrgId;

use super::budget::{self, Claim, Cost, Spender};
use super::call::{Unanswered, may_be_billed};
use super::{Gateway, tokens};

/// How many texts go into one request.
const BATCH: usize = 256;
/// A message must not wait longer for moderation.
const MODERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// Vectors and the model that made them; vectors of two models cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// `provider/model`, or `local`.
    pub model: String,
    /// One for each text, of unit length.
    pub vectors: Vec<Vec<f32>>,
}

/// What moderation said.
#[derive(Debug, Clone, PartialEq)]
pub enum Moderated {
    /// A verdict for each text.
    Verdicts(Vec<Moderation>),
    /// No provider moderates, or none answered in time: pass, with the flag `moderation_skipped`.
    Skipped,
}

impl Gateway {
    /// Turns texts into vectors: by the first provider with an embedding model, else by the local embedder.
    pub async fn embed(&self, org: OrgId, texts: &[String]) -> Result<Embedded, Unanswered> {
        let provider = self.inner.providers.iter().find_map(|p| Some((p, p.embedding_model.as_deref()?)));
        let Some((provider, model)) = provider else { return self.embed_locally(texts).await };
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let most = batch.iter().map(|text| tokens::bound(text) as u64 + 4).sum();
            let cost = Cost { tokens: i64::try_from(most).unwrap_or(i64::MAX), micros: provider.price(most, 0) };
            let spender = Spender { org, conversation: None, turn: None };
            let reservation =
                budget::reserve(&self.inner.db, &spender, Claim { cost, ..Claim::default() }, self.inner.clock.now())
                    .await?;
            let guard = self.guard(reservation);
            let input = batch.iter().map(|text| if text.is_empty() { " ".to_owned() } else { text.clone() }).collect();
            let encoding_format = Some(Encoding::Base64);
            let request = EmbeddingRequest { model: model.to_owned(), input, dimensions: None, encoding_format };
            match provider.client.embed(&request).await {
                Ok(answered) => {
                    let used = u64::from(answered.value.usage.prompt_tokens);
                    let cost = Cost { tokens: used.cast_signed(), micros: provider.price(used, 0) };
                    guard.settle(cost).await;
                    vectors.extend(answered.value.vectors.into_iter().map(unit));
                }
                Err(failure) => {
                    guard.settle(if may_be_billed(&failure) { cost } else { Cost::default() }).await;
                    return Err(Unanswered::Failed(vec![format!("{}: {failure}", provider.name())]));
                }
            }
        }
        Ok(Embedded { model: format!("{}/{model}", provider.name()), vectors })
    }

    /// Asks whether texts are harmful, where a provider can say; never holds a message up for long.
    pub async fn moderate(&self, texts: &[String]) -> Moderated {
        let provider = self.inner.providers.iter().find_map(|p| Some((p, p.moderation_model.as_deref()?)));
        let Some((provider, model)) = provider else { return Moderated::Skipped };
        let request = ModerationRequest { model: model.to_owned(), input: texts.to_vec() };
        match tokio::time::timeout(MODERATION_TIMEOUT, provider.client.moderate(&request)).await {
            Ok(Ok(verdicts)) => Moderated::Verdicts(verdicts),
            Ok(Err(failure)) => {
                tracing::warn!(provider = provider.name(), kind = ?failure.kind, "moderation skipped");
                Moderated::Skipped
            }
            Err(_) => {
                tracing::warn!(provider = provider.name(), "moderation skipped: no answer in time");
                Moderated::Skipped
            }
        }
    }

    async fn embed_locally(&self, texts: &[String]) -> Result<Embedded, Unanswered> {
        let Some(embedder) = self.inner.embedder.clone() else { return Err(Unanswered::NoProvider) };
        let texts = texts.to_vec();
        let work = move || embedder.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let vectors =
            tokio::task::spawn_blocking(work).await.map_err(|error| Unanswered::Failed(vec![error.to_string()]))?;
        Ok(Embedded { model: crate::decision::LOCAL.to_owned(), vectors })
    }
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut vector {
            *number /= length;
        }
    }
    vector
}
