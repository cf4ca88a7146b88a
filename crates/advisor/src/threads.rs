//! Kept conversations with the advisor: a member's own, sealed.

use ai::gateway::Turn;
use chrono::{DateTime, Utc};
use kernel::ids::{MemberId, OrgId};
use kernel::vault::OrgVault;
use serde_json::{Value, json};
use shell::AppError;
use uuid::Uuid;

use crate::answer::Done;
use crate::core::Core;
use crate::tool::{Action, Chart, Citation};

/// The most turns that are read back.
const MOST_TURNS: i64 = 40;

/// A conversation in the list.
#[derive(Debug)]
pub(crate) struct Thread {
    pub id: Uuid,
    pub title: String,
    pub updated_at: DateTime<Utc>,
}

/// One turn as it is shown.
#[derive(Debug)]
pub(crate) struct Kept {
    pub asked: bool,
    pub text: String,
    pub citations: Vec<Citation>,
    pub charts: Vec<Chart>,
    pub actions: Vec<Action>,
    pub decision: Option<Uuid>,
}

fn place(thread: Uuid) -> String {
    format!("advisor_messages/{thread}")
}

/// A member's conversations, the latest first.
pub(crate) async fn list(core: &Core, org: OrgId, member: MemberId) -> anyhow::Result<Vec<Thread>> {
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let rows: Vec<(Uuid, Vec<u8>, DateTime<Utc>)> = sqlx::query_as(
        "select id, title, updated_at from advisor_threads where org_id = $1 and member_id = $2 order by updated_at desc limit 30",
    )
    .bind(tx.org())
    .bind(member)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|(id, title, updated_at)| Ok(Thread { id, title: vault.open_text(&place(id), &title)?, updated_at }))
        .collect()
}

/// The turns of a conversation; `None` where it is not the member's.
pub(crate) async fn read(core: &Core, org: OrgId, member: MemberId, thread: Uuid) -> anyhow::Result<Option<Vec<Kept>>> {
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let own: Option<i32> =
        sqlx::query_scalar("select 1 from advisor_threads where org_id = $1 and id = $2 and member_id = $3")
            .bind(tx.org())
            .bind(thread)
            .bind(member)
            .fetch_optional(tx.conn())
            .await?;
    if own.is_none() {
        return Ok(None);
    }
    let mut rows: Vec<(String, Vec<u8>, Value, Option<Uuid>)> = sqlx::query_as(
        "select role, content, citations, decision_id from advisor_messages where org_id = $1 and thread_id = $2 \
         order by place desc limit $3",
    )
    .bind(tx.org())
    .bind(thread)
    .bind(MOST_TURNS)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    rows.reverse();
    let kept = rows.into_iter().map(|row| open(&vault, thread, row)).collect::<anyhow::Result<_>>()?;
    Ok(Some(kept))
}

fn open(
    vault: &OrgVault,
    thread: Uuid,
    (role, content, extras, decision): (String, Vec<u8>, Value, Option<Uuid>),
) -> anyhow::Result<Kept> {
    let list = |name: &str| extras.get(name).cloned().unwrap_or_else(|| json!([]));
    Ok(Kept {
        asked: role == "user",
        text: vault.open_text(&place(thread), &content)?,
        citations: serde_json::from_value(list("citations"))?,
        charts: serde_json::from_value(list("charts"))?,
        actions: serde_json::from_value(list("actions"))?,
        decision,
    })
}

/// What was said before, for the next answer.
pub(crate) async fn history(core: &Core, org: OrgId, member: MemberId, thread: &str) -> Result<Vec<Turn>, AppError> {
    let thread: Uuid =
        thread.parse().map_err(|_| AppError::field("metadata.thread_id", "is not a conversation of yours"))?;
    let kept = read(core, org, member, thread).await?;
    let kept = kept.ok_or_else(|| AppError::field("metadata.thread_id", "is not a conversation of yours"))?;
    Ok(kept.into_iter().map(|kept| Turn { customer: kept.asked, text: kept.text }).collect())
}

/// Keeps a question and its answer; the first question names the conversation.
pub(crate) async fn keep(
    core: &Core,
    org: OrgId,
    member: MemberId,
    thread: Uuid,
    question: &str,
    text: &str,
    done: &Done,
) -> anyhow::Result<()> {
    let vault = core.kernel.vault.of(org).await?;
    let now = core.kernel.clock.now();
    let title: String = question.chars().take(80).collect();
    let mut tx = core.kernel.db.begin(org).await?;
    // The row's lock keeps the places of two answers at once apart; a conversation of somebody else is not written to.
    let own: Option<i32> = sqlx::query_scalar(
        "insert into advisor_threads as t (org_id, id, member_id, title, created_at, updated_at) values ($1, $2, $3, $4, $5, $5) \
         on conflict (org_id, id) do update set updated_at = $5 where t.member_id = $3 returning 1",
    )
    .bind(tx.org())
    .bind(thread)
    .bind(member)
    .bind(vault.seal_text(&place(thread), &title)?)
    .bind(now)
    .fetch_optional(tx.conn())
    .await?;
    anyhow::ensure!(own.is_some(), "the conversation belongs to another member");
    let extras = json!({"citations": done.citations, "charts": done.charts, "actions": done.actions});
    let turns = [("user", question, json!({}), None), ("assistant", text, extras, done.decision)];
    for (role, said, extras, decision) in turns {
        sqlx::query(
            "insert into advisor_messages (org_id, thread_id, place, role, content, citations, decision_id, at) \
             select $1, $2, coalesce(max(place), 0) + 1, $3, $4, $5, $6, $7 from advisor_messages where org_id = $1 and thread_id = $2",
        )
        .bind(tx.org())
        .bind(thread)
        .bind(role)
        .bind(vault.seal_text(&place(thread), said)?)
        .bind(extras)
        .bind(decision)
        .bind(now)
        .execute(tx.conn())
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Forgets a conversation of a member; false where there was none.
pub(crate) async fn forget(core: &Core, org: OrgId, member: MemberId, thread: Uuid) -> anyhow::Result<bool> {
    let mut tx = core.kernel.db.begin(org).await?;
    let done = sqlx::query("delete from advisor_threads where org_id = $1 and id = $2 and member_id = $3")
        .bind(tx.org())
        .bind(thread)
        .bind(member)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected() > 0)
}
