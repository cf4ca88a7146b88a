//! 90 days of customers, made deterministically: the same seed and the same instant give the same history.
//!
//! [`tell`] is a pure function that lets the product's own pipeline answer scripted people; [`write`] puts what came of it
//! into the tables with past instants, in one transaction with its marker, so that it is there once or not at all.

mod tell;
mod write;

#[cfg(test)]
mod tests;

use ai::retrieval::Index;
use inbox::settings::AutoReply;
use kernel::Kernel;
use kernel::db::OrgTx;

use super::business::Business;

/// Days of the past.
const DAYS: u32 = 90;
/// The seed of everything.
const SEED: u64 = 11;
/// The marker among the settings.
const MARKER: &str = "demo_history";

/// What the business answers with.
pub struct Clinic<'a> {
    /// Its knowledge.
    pub index: &'a Index,
    /// How it sounds.
    pub voice: &'a ai::answer::BrandVoice,
    /// When the bot answers.
    pub auto_reply: &'a AutoReply,
}

/// How much history there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Threads.
    pub conversations: usize,
    /// Messages of both sides.
    pub messages: usize,
    /// Possible sales.
    pub leads: usize,
    /// Facts in the ledger.
    pub events: usize,
}

/// Makes the history if it is not there; says what was made.
pub async fn ensure(
    kernel: &Kernel,
    inbox: &inbox::Core,
    business: &Business,
    people: usize,
) -> anyhow::Result<Option<Counts>> {
    let mut tx = kernel.db.begin(business.org).await?;
    if is_there(&mut tx).await? || people == 0 {
        return Ok(None);
    }
    let mind = inbox.brain.of(business.org).await?;
    let clinic = Clinic { index: &mind.index, voice: &mind.voice, auto_reply: &mind.auto_reply };
    let told = tell::all(&clinic, people, kernel.clock.now());
    let vault = kernel.vault.of(business.org).await?;
    let counts = write::all(&mut tx, &vault, business, &told).await?;
    sqlx::query("insert into settings (org_id, name, value) values ($1, $2, $3)")
        .bind(business.org)
        .bind(MARKER)
        .bind(serde_json::to_value(counts)?)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(Some(counts))
}

async fn is_there(tx: &mut OrgTx) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from settings where org_id = $1 and name = $2)")
        .bind(tx.org())
        .bind(MARKER)
        .fetch_one(tx.conn())
        .await
}
