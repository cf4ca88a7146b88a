//! The head of the composer: who holds the pen, what the channel allows now, what the bot would say.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, DecisionId};
use shell::auth::Permits;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Path, show};

use super::desk::{Head, Opened};
use crate::conversations::facts;
use crate::core::Core;
use crate::sending::policy::{self, Outgoing, Verdict};

/// An answer less sure than this is a guess and would only be in the way.
const WORTH_SHOWING: f64 = 0.1;

/// Who may write, and how.
pub(super) struct Pen {
    pub bot_holds: bool,
    pub hint: &'static str,
    pub can_send: bool,
    pub rule: Option<String>,
    pub window_ends: Option<DateTime<Utc>>,
    pub limit: String,
    /// Whether the channel has templates that go out at any time.
    pub has_templates: bool,
    pub suggestion: Option<Suggestion>,
}

/// What the bot would say.
pub(super) struct Suggestion {
    pub decision: DecisionId,
    pub text: String,
    pub confidence: String,
    pub tone: &'static str,
}

#[derive(Template)]
#[template(path = "inbox/_pen_fragment.html")]
struct PenFragment {
    head: Head,
    pen: Pen,
    oob: bool,
}

/// The pen, with the head of the conversation beside it.
pub(super) async fn fragment(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let opened = Opened::load(&mut tx, &core, id).await?;
    let pen = Pen::of(&mut tx, &by, &core, &opened).await?;
    show(&PenFragment { head: opened.head(&by), pen, oob: true })
}

impl Pen {
    /// The pen of an open conversation.
    pub(super) async fn of<P: Permits>(
        tx: &mut OrgTx,
        by: &Allowed<P>,
        core: &Core,
        opened: &Opened,
    ) -> Result<Self, AppError> {
        let row = &opened.row;
        let connected = opened.channel.as_ref().is_some_and(|channel| channel.status == "connected");
        let facts = facts(row, connected);
        let verdict = policy::judge(&facts, &Outgoing { body: "x", template: false, by_person: true }, by.now());
        let ends = policy::window_ends(&facts).filter(|_| row.window_from.is_some());
        let (can_send, rule, window_ends) = match verdict {
            Verdict::Allowed { human_agent: true } => (
                true,
                Some("The 24-hour window is over. This goes out marked as written by a person.".to_owned()),
                None,
            ),
            Verdict::Allowed { human_agent: false } => (true, ends.map(|_| "Free text until".to_owned()), ends),
            Verdict::Refused { reason, instead, .. } => (false, Some(format!("{reason} {instead}")), None),
        };
        let bot_holds = row.holder == "bot";
        let hint = match (bot_holds, row.status.as_str()) {
            (true, "needs_human") => "It waits for a person.",
            (true, _) => "It answers what it is sure of.",
            (false, _) => "Recoup keeps quiet and suggests.",
        };
        let (most, unit) = policy::longest(facts.kind);
        let limit = format!("up to {} {unit}", shell::page::count(i64::try_from(most).unwrap_or(i64::MAX)));
        let wanted =
            row.status != "closed" && row.waiting_since.is_some() && (!bot_holds || row.status == "needs_human");
        let suggestion = if wanted { suggestion(tx, core, row.id).await? } else { None };
        let has_templates = connected && facts.kind == ChannelKind::Whatsapp;
        Ok(Self { bot_holds, hint, can_send, rule, window_ends, limit, has_templates, suggestion })
    }
}

/// The answer of the latest decision, when it was kept for a person.
async fn suggestion(tx: &mut OrgTx, core: &Core, id: ConversationId) -> Result<Option<Suggestion>, AppError> {
    let latest = ai::decision::of_conversation(tx, id, None, 1).await?.pop();
    let Some(latest) = latest
        .filter(|decision| matches!(decision.outcome.as_str(), "needs_human" | "suggested" | "person_holds_the_pen"))
    else {
        return Ok(None);
    };
    let confidence = f64::from(latest.confidence.unwrap_or(0.0));
    if confidence < WORTH_SHOWING {
        return Ok(None);
    }
    let Some(text) = said(tx, core, id, latest.id).await? else { return Ok(None) };
    let tone = if confidence >= 0.6 { "won" } else { "wait" };
    Ok(Some(Suggestion {
        decision: latest.id,
        text,
        confidence: format!("{} sure", shell::page::percent(confidence)),
        tone,
    }))
}

/// What a decision of a conversation said; `None` when it said nothing or is of another conversation.
pub(super) async fn said(
    tx: &mut OrgTx,
    core: &Core,
    conversation: ConversationId,
    decision: DecisionId,
) -> Result<Option<String>, AppError> {
    let Some(row) = ai::decision::load(tx, decision).await?.filter(|row| row.conversation_id == Some(conversation))
    else {
        return Ok(None);
    };
    let vault = core.kernel.vault.of(tx.org()).await?;
    let opened = row.open(&vault).map_err(AppError::internal)?;
    Ok(opened.result.output.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned))
}
