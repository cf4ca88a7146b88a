//! Answers given before, per organisation: first by the same words, then by meaning (cosine above 0.95).
//!
//! Only an answer that depends on nothing but its context is kept: no history, nothing personal. The context is a
//! fingerprint of the knowledge, the voice, the prompt, the tier and the language, so any change of them misses.

use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use kernel::vault::OrgVault;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::telling::{normalised, telling};

/// Two questions closer than this have the same answer, if they agree in their telling words.
const SAME_MEANING: f32 = 0.95;
/// How long an answer is kept.
const KEPT: Duration = Duration::hours(24);
/// How many answers of one context are compared by meaning.
const COMPARED: i64 = 1000;

/// An answer worth keeping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CachedReply {
    pub(super) text: String,
    pub(super) confidence: f32,
    pub(super) sources: Vec<Uuid>,
}

/// A question as the cache knows it.
#[derive(Debug, Clone)]
pub(super) struct CacheKey {
    context: Vec<u8>,
    question: Vec<u8>,
    telling: Vec<String>,
    vector: Option<Vec<f32>>,
}

impl CacheKey {
    /// The key of a question in a context; `vector` has unit length.
    pub(super) fn new(context: &[&str], question: &str, vector: Option<Vec<f32>>) -> Self {
        let words = normalised(question);
        Self { context: fingerprint(context), question: fingerprint(&[&words]), telling: telling(question), vector }
    }

    fn associated(&self) -> String {
        associated(&self.context, &self.question)
    }
}

/// How an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Words,
    Meaning,
}

/// Finds an answer given before.
pub(super) async fn find(
    tx: &mut OrgTx,
    vault: &OrgVault,
    key: &CacheKey,
    now: DateTime<Utc>,
) -> anyhow::Result<Option<(CachedReply, Match)>> {
    let org = tx.org();
    let exact: Option<Vec<u8>> = sqlx::query_scalar(
        "update ai_cache set hits = hits + 1 where org_id = $1 and context = $2 and question = $3 and expires_at > $4 returning answer",
    )
    .bind(org)
    .bind(&key.context)
    .bind(&key.question)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    if let Some(sealed) = exact {
        return Ok(Some((open(vault, &key.associated(), &sealed)?, Match::Words)));
    }
    let Some(vector) = &key.vector else { return Ok(None) };
    let near: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "select question, vector, answer from ai_cache
         where org_id = $1 and context = $2 and telling = $3 and vector is not null and expires_at > $4
         order by created_at desc limit $5",
    )
    .bind(org)
    .bind(&key.context)
    .bind(&key.telling)
    .bind(now)
    .bind(COMPARED)
    .fetch_all(tx.conn())
    .await?;
    let closest = near
        .into_iter()
        .map(|(question, other, answer)| (cosine(vector, &other), question, answer))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(cosine, _, _)| *cosine > SAME_MEANING);
    let Some((_, question, sealed)) = closest else { return Ok(None) };
    Ok(Some((open(vault, &associated(&key.context, &question), &sealed)?, Match::Meaning)))
}

/// Keeps an answer, and lets go of the ones that are too old.
pub(super) async fn keep(
    tx: &mut OrgTx,
    vault: &OrgVault,
    key: &CacheKey,
    reply: &CachedReply,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let org = tx.org();
    let sealed = vault.seal(&key.associated(), &serde_json::to_vec(reply)?)?;
    sqlx::query("delete from ai_cache where org_id = $1 and expires_at <= $2")
        .bind(org)
        .bind(now)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into ai_cache (org_id, context, question, vector, telling, answer, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (org_id, context, question) do update set answer = excluded.answer, expires_at = excluded.expires_at",
    )
    .bind(org)
    .bind(&key.context)
    .bind(&key.question)
    .bind(key.vector.as_ref().map(|vector| bytes_of(vector)))
    .bind(&key.telling)
    .bind(sealed)
    .bind(now)
    .bind(now + KEPT)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn open(vault: &OrgVault, associated: &str, sealed: &[u8]) -> anyhow::Result<CachedReply> {
    Ok(serde_json::from_slice(&vault.open(associated, sealed)?)?)
}

/// Where an answer is sealed.
pub(crate) fn associated(context: &[u8], question: &[u8]) -> String {
    format!("ai_cache/{}/{}", hex::encode(context), hex::encode(question))
}

/// Each part is preceded by its length, so that no two lists of parts give the same bytes.
fn fingerprint(parts: &[&str]) -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finish().as_ref().to_vec()
}

fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Both have unit length, so the product is the cosine; another length is another model, which is no match.
fn cosine(vector: &[f32], other: &[u8]) -> f32 {
    let (numbers, rest) = other.as_chunks::<4>();
    if numbers.len() != vector.len() || !rest.is_empty() {
        return 0.0;
    }
    vector.iter().zip(numbers).map(|(a, b)| a * f32::from_le_bytes(*b)).sum()
}
