//! The bot's turn in a conversation: the answer to what the contact said, decided and written as an intent to send.
//!
//! A turn belongs to the conversation's turn number; a newer message of the contact makes it void, so that a burst is
//! answered once. Nothing is sent here: the intent and its job commit together, the sender does the rest.

use std::time::Instant;

use ai::answer::{Answer, AnswerKind, answer, holding_reply};
use ai::decision::Decision;
use ai::local::{Knowledge, Language, guard_output};
use ai::retrieval::Question;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};

use super::conversations::{Conv, lock_by_id, save};
use super::model::Asked;
use super::write::{self, NewMessage, preview};
use crate::brain::Mind;
use crate::core::Core;
use crate::pipeline::{Answering, Conversation, Escalation, NextStep, Read, decide};
use crate::sending::SendJob;

/// The version of the rules that put the stages together, kept in every decision.
pub(crate) const POLICY: &str = "inbox/1";

/// A turn to take after the burst window.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TurnJob {
    pub conversation: ConversationId,
    pub turn: i64,
}

impl TurnJob {
    /// The job that takes the turn after a wait.
    pub(crate) fn after(conv: &Conv, now: DateTime<Utc>, wait: TimeDelta) -> NewJob {
        NewJob::new(Lane::Ai, "inbound.turn", &Self { conversation: conv.id, turn: conv.turn })
            .key(conv.id)
            .at(now + wait)
    }
}

/// What a turn answers and what was found.
pub(crate) struct Turn {
    pub answer: Answer,
    pub step: NextStep,
    pub decision: Decision,
}

/// Under this confidence of the local answer a model is asked, where there is one.
const MODEL_BELOW: f32 = 0.8;

/// The language a reply is written in.
pub(crate) fn language<'a>(read: &'a Read, conv: &'a Conv) -> &'a str {
    if read.language.len() == 2 { &read.language } else { conv.language.as_deref().unwrap_or("en") }
}

/// The answer found without a model; the stage is kept in the decision.
pub(crate) fn local_answer(
    mind: &Mind,
    language: &str,
    text: &str,
    vector: Option<&[f32]>,
    decision: &mut Decision,
) -> Answer {
    let began = Instant::now();
    let answer = answer(&mind.index, &Question { text, language, vector }, &mind.voice);
    decision.stage("answer", "extractive/1", &["text", "language"], &answer, began.elapsed());
    for source in &answer.sources {
        decision.chunk(source.chunk_id, &source.quote);
    }
    answer
}

/// Whether a model may do better than the local answer.
pub(crate) fn model_may_help(read: &Read, answer: &Answer) -> bool {
    answer.kind != AnswerKind::Smalltalk
        && !read.marks.acknowledgement
        && read.guard.passed
        && answer.confidence < MODEL_BELOW
}

/// Decides what happens next with an answer in hand.
pub(crate) fn conclude(
    mind: &Mind,
    conv: &Conv,
    text: &str,
    read: &Read,
    answer: Answer,
    mut decision: Decision,
) -> Turn {
    let began = Instant::now();
    let state = Conversation {
        kind: conv.kind(),
        bot_holds: conv.bot_holds(),
        held_back: conv.held_back,
        unresolved: conv.unresolved,
        opted_out: conv.opted_out,
    };
    let mut step = decide(read, &answer, &state, &mind.auto_reply);
    if matches!(step, NextStep::Reply { meaningful: true, .. }) && !leaves_safely(&answer, language(read, conv), text) {
        step = NextStep::Escalate(Escalation::ReplyRejected);
    }
    decision.stage("decide", POLICY, &["answer"], &format!("{step:?}"), began.elapsed());
    Turn { answer, step, decision }
}

/// The output guardrail over what the reply rests on.
fn leaves_safely(answer: &Answer, language: &str, text: &str) -> bool {
    let knowledge = Knowledge::new(answer.sources.iter().map(|source| source.quote.as_str()).chain([text]));
    guard_output(&answer.text, Language::from_code(language).unwrap_or(Language::UNKNOWN), &knowledge).passed
}

/// Carries a decided turn out in memory: messages and jobs to write, the conversation's new state, the facts.
///
/// `since` is when the first of the messages was written that the turn answers.
pub(crate) fn carry_out(
    tx: &mut OrgTx,
    mind: &Mind,
    conv: &mut Conv,
    turn: &mut Turn,
    since: DateTime<Utc>,
    out: &mut Vec<NewMessage>,
) {
    let now = tx.clock().now();
    let answering = Answering::of(&mind.auto_reply, conv.kind(), now);
    let confidence = Some(turn.answer.confidence);
    conv.dirty = true;
    if needs_no_answer(&turn.step) {
        conv.quiet_turn = conv.turn;
        // An older question may still wait for its answer.
        conv.waiting_since = conv.waiting_since.filter(|waiting| *waiting < since);
    }
    match (turn.step.clone(), answering) {
        (NextStep::Silent(why), _) => turn.decision.conclude(why, confidence, &turn.answer.text),
        (NextStep::Escalate(reason), answering) => {
            turn.decision.conclude("needs_human", confidence, &turn.answer.text);
            escalate(tx, conv, reason, Some(turn.decision.id));
            let tells = reason.tells_contact() && conv.bot_holds() && !conv.held_back && answering == Answering::Now;
            if tells {
                conv.held_back = true;
                let text = holding_reply(conv.language.as_deref().unwrap_or("en"), &mind.voice);
                out.push(intend(tx, conv, turn, text, false, None));
            }
        }
        (NextStep::Reply { .. }, Answering::Off) => {
            turn.decision.conclude("suggested", confidence, &turn.answer.text);
        }
        (NextStep::Reply { meaningful, resolves }, answering) => {
            // A person was asked for: the bot goes on suggesting, to the person.
            if conv.held_back || conv.status == "needs_human" {
                turn.decision.conclude("suggested", confidence, &turn.answer.text);
                return;
            }
            turn.decision.conclude("replied", confidence, &turn.answer.text);
            conv.unresolved = if resolves { 0 } else { conv.unresolved + 1 };
            let text = turn.answer.text.clone();
            let after = if let Answering::From(at) = answering { Some(at) } else { None };
            out.push(intend(tx, conv, turn, text, meaningful, after));
        }
    }
}

/// Greetings, thanks and goodbyes leave nobody waiting.
fn needs_no_answer(step: &NextStep) -> bool {
    matches!(step, NextStep::Silent("acknowledgement") | NextStep::Reply { meaningful: false, .. })
}

/// Marks a conversation as needing a person and says so in the ledger, once per reason.
pub(crate) fn escalate(tx: &mut OrgTx, conv: &mut Conv, reason: Escalation, decision: Option<kernel::ids::DecisionId>) {
    let subject = Subject::Conversation(conv.id);
    if let Some(fact) = conv.set_status("needs_human") {
        tx.append(Event::new(subject, Actor::Bot, fact));
    }
    if conv.escalation.as_deref() != Some(reason.word()) {
        conv.escalation = Some(reason.word().to_owned());
        conv.dirty = true;
        let fact = Fact::ConversationEscalated { conversation: conv.id, reason: reason.word().to_owned(), decision };
        tx.append(Event::new(subject, Actor::Bot, fact));
    }
}

/// An intent to send a message of the bot, with the job that sends it.
fn intend(
    tx: &mut OrgTx,
    conv: &Conv,
    turn: &Turn,
    text: String,
    meaningful: bool,
    after: Option<DateTime<Utc>>,
) -> NewMessage {
    let id = MessageId::new(tx.clock());
    let job = SendJob::of(id, conv.id);
    tx.enqueue(match after {
        Some(at) => job.at(at),
        None => job,
    });
    tx.append(Event::new(
        Subject::Conversation(conv.id),
        Actor::Bot,
        Fact::MessageQueued { conversation: conv.id, message: id, writer: Writer::Bot },
    ));
    NewMessage {
        id,
        conversation: conv.id,
        turn: conv.turn,
        channel: conv.channel_id,
        outbound: true,
        writer: "bot",
        author: None,
        platform_id: None,
        kind: "text",
        body: text,
        attachments: serde_json::Value::Array(Vec::new()),
        reply_to: None,
        state: "queued",
        meaningful,
        fence: Some(conv.fence),
        decision: Some(turn.decision.id),
        sources: (!turn.answer.sources.is_empty())
            .then(|| serde_json::to_value(&turn.answer.sources).unwrap_or_default()),
        at: tx.clock().now(),
        send_after: after,
        template: None,
        tag: None,
    }
}

/// A message of the contact that a turn answers.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Said {
    pub id: MessageId,
    pub body: String,
    pub at: DateTime<Utc>,
}

/// Takes turns whose burst window is over.
pub struct AnswerTurn {
    core: Core,
}

impl AnswerTurn {
    /// The handler over the inbox.
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The conversation as it stands, without a lock: a model may think for seconds.
    async fn look(&self, org: kernel::ids::OrgId, conversation: ConversationId) -> Result<Option<Conv>, sqlx::Error> {
        let mut tx = self.core.kernel.db.begin_by_key(org).await?;
        Ok(lock_by_id(&mut tx, &[conversation.uuid()]).await?.pop())
    }

    /// What the contact said since the last answer, oldest first.
    async fn unanswered(tx: &mut OrgTx, conversation: ConversationId) -> Result<Vec<Said>, sqlx::Error> {
        let mut rows: Vec<Said> = sqlx::query_as(
            "with recent as (select id, direction, state, turn, body, at from messages where org_id = $1 and conversation_id = $2 \
               order by at desc, id desc limit 100) \
             select id, body, at from recent where direction = 'inbound' and body <> '' \
               and turn > coalesce((select max(turn) from recent where direction = 'outbound' and state not in ('cancelled', 'failed')), -1) \
               and turn > (select quiet_turn from conversations where org_id = $1 and id = $2) \
             order by at desc, id desc limit 10",
        )
        .bind(tx.org())
        .bind(conversation)
        .fetch_all(tx.conn())
        .await?;
        rows.reverse();
        Ok(rows)
    }
}

#[async_trait]
impl Handler for AnswerTurn {
    fn kind(&self) -> &'static str {
        "inbound.turn"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let task: TurnJob = job.parse()?;
        let mind = self.core.brain.of(job.org).await?;
        let vault = self.core.kernel.vault.of(job.org).await.map_err(JobError::retry)?;
        let said = {
            let mut tx = self.core.kernel.db.begin_by_key(job.org).await?;
            Self::unanswered(&mut tx, task.conversation).await?
        };
        let (Some(first), Some(last)) = (said.first(), said.last()) else { return Ok(()) };
        let text = said.iter().map(|one| one.body.as_str()).collect::<Vec<_>>().join("\n");
        let vector = self.core.brain.vectors(vec![text.clone()]).await.pop().flatten();
        let Some(seen) = self.look(job.org, task.conversation).await? else { return Ok(()) };
        if seen.turn != task.turn {
            // The contact wrote again: that message's own turn answers everything.
            return Ok(());
        }
        let reading = self.core.brain.read(&text, seen.language.as_deref(), vector.clone());
        let mut decision = Decision::new(job.org, "reply", POLICY, &self.core.kernel.clock).about(seen.id, last.id);
        let read = super::apply::read_stages(&reading, super::apply::history(&seen), &mut decision);
        let mut answer = local_answer(&mind, language(&read, &seen), &text, vector.as_deref(), &mut decision);
        let gateway = self.core.brain.gateway();
        let mut unanswered = false;
        if gateway.has_providers() && seen.bot_holds() && model_may_help(&read, &answer) {
            let asked = Asked {
                mind: &mind,
                text: &text,
                language: language(&read, &seen),
                vector: vector.as_deref(),
                history: &said,
            };
            (answer, unanswered) = super::model::ask(gateway, &mut decision, &asked, answer).await;
        }

        let mut tx = self.core.kernel.db.begin_by_key(job.org).await?;
        let Some(mut conv) = lock_by_id(&mut tx, &[task.conversation.uuid()]).await?.pop() else { return Ok(()) };
        if conv.turn != task.turn {
            return Ok(());
        }
        let mut turn = conclude(&mind, &conv, &text, &read, answer, decision);
        if unanswered && turn.step == NextStep::Escalate(Escalation::LowConfidence) {
            turn.step = NextStep::Escalate(Escalation::ModelUnavailable);
        }
        let mut out = Vec::new();
        carry_out(&mut tx, &mind, &mut conv, &mut turn, first.at, &mut out);
        if let Some(last) = out.last() {
            conv.preview = preview(&last.body);
            conv.last_writer = "bot".to_owned();
            conv.last_message_at = last.at.max(conv.last_message_at);
        }
        write::insert(&mut tx, &out).await?;
        save(&mut tx, &[&conv]).await?;
        let row = turn.decision.seal(&vault).map_err(JobError::retry)?;
        ai::decision::insert_many(&mut tx, &[row]).await?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}
