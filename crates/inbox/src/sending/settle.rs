//! The call itself, and what came of it, written for many messages with few statements.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use connectors::channel::{Failure, Refusal};
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use kernel::queue::{Job, JobError};
use uuid::Uuid;

use super::check::Parcel;
use crate::core::Core;
use crate::ingest::{escalate, lock_by_id, save};
use crate::pipeline::Escalation;

/// What became of a message.
#[derive(Clone, Debug)]
pub(super) enum Settled {
    /// The platform took it.
    Sent { platform_id: String },
    /// The platform took it earlier and told us by itself.
    AlreadySent,
    /// It was void before the call.
    Cancelled(&'static str),
    /// It cannot be sent.
    Refused { code: String, detail: String, escalate: bool },
    /// The account has to be connected again.
    Reauthorise { code: String, detail: String },
    /// Not sent; the platform wants us to wait.
    RateLimited { after: Duration, code: String },
    /// Not sent; the cause may pass.
    NotSent { why: String },
    /// In doubt, but certainly not sent after all: back to the start.
    NotThere,
    /// In doubt: look again.
    Doubtful { again_in: TimeDelta },
    /// In doubt for good.
    PersonDecides { why: String },
}

/// Calls the platform.
pub(super) async fn call(core: &Core, org: OrgId, parcel: &Parcel) -> Settled {
    match core.platforms.send(org, parcel).await {
        Ok(sent) => Settled::Sent { platform_id: sent.platform_id },
        Err(Failure::Refused { class, code, message }) => Settled::Refused {
            code: if class == Refusal::OptedOut { "opted_out".into() } else { code },
            detail: message,
            escalate: true,
        },
        Err(Failure::Reauthorise { code, message }) => Settled::Reauthorise { code, detail: message },
        Err(Failure::RateLimited { retry_after, code, .. }) => {
            Settled::RateLimited { after: retry_after.unwrap_or(Duration::from_secs(5)), code }
        }
        Err(Failure::NotSent { why, .. }) => Settled::NotSent { why },
        Err(Failure::Unknown { .. }) => Settled::Doubtful { again_in: TimeDelta::milliseconds(500) },
    }
}

impl Settled {
    /// The message's new state, code and detail; `None` leaves the row as it is.
    fn row(&self) -> Option<(&'static str, Option<&str>, Option<&str>)> {
        Some(match self {
            Self::Sent { .. } => ("sent", None, None),
            Self::AlreadySent => return None,
            Self::Cancelled(why) => ("cancelled", Some(why), None),
            Self::Refused { code, detail, .. } | Self::Reauthorise { code, detail } => {
                ("failed", Some(code), Some(detail))
            }
            Self::RateLimited { code, .. } => ("queued", Some(code), Some("waiting for the platform's rate limit")),
            Self::NotSent { why } => ("queued", Some("not_sent"), Some(why)),
            Self::NotThere => ("queued", Some("not_there"), None),
            Self::Doubtful { .. } => ("unknown", None, Some("waiting for the platform to say whether it was sent")),
            Self::PersonDecides { why } => ("unknown", Some("person_decides"), Some(why)),
        })
    }

    /// What the job does next.
    fn verdict(&self, job: &Job) -> Result<(), JobError> {
        match self {
            Self::RateLimited { after, .. } => Err(JobError::later(*after)),
            Self::NotSent { .. } if job.is_last_attempt() => Ok(()),
            Self::NotSent { why } => Err(JobError::retry(anyhow::anyhow!("{why}"))),
            Self::NotThere => Err(JobError::later(Duration::from_millis(1))),
            Self::Doubtful { again_in } => {
                Err(JobError::later(again_in.to_std().unwrap_or(Duration::from_millis(500))))
            }
            _ => Ok(()),
        }
    }
}

/// Writes what became of messages, tells the ledger, and ends their jobs with it.
pub(super) async fn record(
    core: &Core,
    org: OrgId,
    settled: &[(&Parcel, Settled)],
    jobs: &HashMap<Uuid, &Job>,
    results: &mut HashMap<Uuid, Result<(), JobError>>,
) -> anyhow::Result<()> {
    let mut tx = core.kernel.db.begin_by_key(org).await?;
    lock_conversations(&mut tx, settled).await?;
    update_messages(&mut tx, settled, jobs).await?;
    update_conversations(&mut tx, settled, jobs).await?;
    for (parcel, outcome) in settled {
        if let Settled::Reauthorise { code, detail } = outcome {
            crate::channels::mark_failing(&mut tx, parcel.channel_id, parcel.channel(), code, detail).await?;
        }
    }
    for (parcel, outcome) in settled {
        let Some(job) = jobs.get(&parcel.id.uuid()) else { continue };
        let verdict = outcome.verdict(job);
        if verdict.is_ok() {
            tx.finish(job);
        }
        results.insert(job.id.uuid(), verdict);
    }
    tx.commit().await?;
    Ok(())
}

/// Locks go conversations first, then messages, as everywhere: the other way round two batches wait for one another. A statement
/// of its own, because what follows must see what was written by whoever held the lock before.
async fn lock_conversations(tx: &mut OrgTx, settled: &[(&Parcel, Settled)]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = settled.iter().map(|(parcel, _)| parcel.conversation_id.uuid()).collect();
    sqlx::query("select 1 from conversations where org_id = $1 and id = any($2) order by id for update")
        .bind(tx.org())
        .bind(ids)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A last attempt that was not sent is a failure that a person must see.
fn is_final_failure(outcome: &Settled, job: Option<&&Job>) -> bool {
    matches!(outcome, Settled::NotSent { .. }) && job.is_some_and(|job| job.is_last_attempt())
}

async fn update_messages(
    tx: &mut OrgTx,
    settled: &[(&Parcel, Settled)],
    jobs: &HashMap<Uuid, &Job>,
) -> Result<(), sqlx::Error> {
    delete_foreign(tx, settled).await?;
    let mut rows = OutcomeRows::default();
    for (parcel, outcome) in settled {
        rows.push(parcel, outcome, jobs);
    }
    if rows.ids.is_empty() {
        return Ok(());
    }
    // What the platform told by itself meanwhile wins: states only move forward from `sent` on. Found by their ids, so that the
    // plan goes by the key, and locks are taken in its order.
    sqlx::query(
        "update messages m set state = case when m.state in ('queued', 'sending', 'unknown') then n.state else m.state end, \
           state_code = n.code, state_detail = n.detail, platform_id = coalesce(m.platform_id, n.platform_id), \
           sent_at = case when n.state = 'sent' then coalesce(m.sent_at, $7) else m.sent_at end, \
           announced = m.announced or n.state = 'sent' \
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) as n (id, state, code, detail, platform_id) \
         where m.org_id = $1 and m.id = any($2::uuid[]) and m.id = n.id",
    )
    .bind(tx.org())
    .bind(rows.ids)
    .bind(rows.states)
    .bind(rows.codes)
    .bind(rows.details)
    .bind(rows.platform_ids)
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// An echo that came before this record, and could not be matched, stands as a foreign message under the same id.
async fn delete_foreign(tx: &mut OrgTx, settled: &[(&Parcel, Settled)]) -> Result<(), sqlx::Error> {
    let (mut ids, mut channels, mut platform_ids) = (Vec::new(), Vec::new(), Vec::new());
    for (parcel, outcome) in settled {
        if let Settled::Sent { platform_id } = outcome {
            ids.push(parcel.id.uuid());
            channels.push(parcel.channel_id.uuid());
            platform_ids.push(platform_id.as_str());
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from messages where org_id = $1 and writer = 'native_app' and id = any(array(select m.id \
           from unnest($2::uuid[], $3::uuid[], $4::text[]) as n (id, channel_id, platform_id) \
           cross join lateral (select f.id from messages f where f.org_id = $1 and f.channel_id = n.channel_id \
             and f.platform_id = n.platform_id and f.id <> n.id offset 0) m))",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(channels)
    .bind(platform_ids)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The columns of messages whose row changes, one array each.
#[derive(Default)]
struct OutcomeRows<'a> {
    ids: Vec<Uuid>,
    states: Vec<&'static str>,
    codes: Vec<Option<&'a str>>,
    details: Vec<Option<&'a str>>,
    platform_ids: Vec<Option<&'a str>>,
}

impl<'a> OutcomeRows<'a> {
    fn push(&mut self, parcel: &Parcel, outcome: &'a Settled, jobs: &HashMap<Uuid, &Job>) {
        let Some((state, code, detail)) = outcome.row() else { return };
        let failed = is_final_failure(outcome, jobs.get(&parcel.id.uuid()));
        self.ids.push(parcel.id.uuid());
        self.states.push(if failed { "failed" } else { state });
        self.codes.push(code);
        self.details.push(detail);
        self.platform_ids.push(if let Settled::Sent { platform_id } = outcome {
            Some(platform_id.as_str())
        } else {
            None
        });
    }
}

#[derive(sqlx::FromRow)]
struct Answered {
    id: ConversationId,
    after_s: Option<i64>,
    first_answer: bool,
}

/// Changes the conversations of sent and failed messages, and tells the ledger.
async fn update_conversations(
    tx: &mut OrgTx,
    settled: &[(&Parcel, Settled)],
    jobs: &HashMap<Uuid, &Job>,
) -> anyhow::Result<()> {
    let sent: Vec<&Parcel> = settled
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Settled::Sent { .. } | Settled::AlreadySent))
        .map(|(parcel, _)| *parcel)
        .collect();
    let answered = mark_answered(tx, &sent).await?;
    for parcel in sent {
        let clock = answered.iter().find(|row| row.id == parcel.conversation_id);
        tx.append(Event::new(
            Subject::Conversation(parcel.conversation_id),
            actor(parcel),
            Fact::MessageSent {
                conversation: parcel.conversation_id,
                contact: parcel.contact_id,
                message: parcel.id,
                channel: parcel.channel(),
                writer: if parcel.writer == "bot" { Writer::Bot } else { Writer::Human },
                meaningful: parcel.meaningful,
                answered_after_s: clock.and_then(|row| row.after_s),
                first_answer: clock.is_some_and(|row| row.first_answer),
            },
        ));
    }
    let mut troubled: Vec<(ConversationId, Escalation)> = Vec::new();
    for (parcel, outcome) in settled {
        let (state, code) = match outcome {
            Settled::Refused { code, escalate, .. } => {
                if *escalate {
                    troubled.push((parcel.conversation_id, Escalation::DeliveryFailed));
                }
                ("failed", code.clone())
            }
            Settled::Reauthorise { code, .. } => {
                troubled.push((parcel.conversation_id, Escalation::DeliveryFailed));
                ("failed", code.clone())
            }
            Settled::PersonDecides { .. } => {
                troubled.push((parcel.conversation_id, Escalation::UnknownDelivery));
                ("unknown", "person_decides".to_owned())
            }
            Settled::Cancelled(why) => ("cancelled", (*why).to_owned()),
            _ if is_final_failure(outcome, jobs.get(&parcel.id.uuid())) => {
                troubled.push((parcel.conversation_id, Escalation::DeliveryFailed));
                ("failed", "not_sent".to_owned())
            }
            _ => continue,
        };
        let fact = Fact::MessageState {
            conversation: parcel.conversation_id,
            message: parcel.id,
            state: state.to_owned(),
            code: Some(code),
        };
        tx.append(Event::new(Subject::Conversation(parcel.conversation_id), Actor::System, fact));
    }
    if !troubled.is_empty() {
        let ids: Vec<Uuid> = troubled.iter().map(|(id, _)| id.uuid()).collect();
        let mut convs = lock_by_id(tx, &ids).await?;
        for conv in &mut convs {
            if let Some((_, reason)) = troubled.iter().find(|(id, _)| *id == conv.id) {
                escalate(tx, conv, *reason, None);
            }
        }
        save(tx, &convs.iter().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

fn actor(parcel: &Parcel) -> Actor {
    if parcel.writer == "bot" { Actor::Bot } else { Actor::System }
}

/// Stops the waiting clock of conversations that got a meaningful answer; gives how long the contact waited. Who wrote again
/// while the answer was on its way waits on, from then.
async fn mark_answered(tx: &mut OrgTx, sent: &[&Parcel]) -> Result<Vec<Answered>, sqlx::Error> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = sent.iter().map(|parcel| parcel.conversation_id.uuid()).collect();
    let meaningful: Vec<bool> = sent.iter().map(|parcel| parcel.meaningful).collect();
    let turns: Vec<i64> = sent.iter().map(|parcel| parcel.turn).collect();
    let writers: Vec<&str> = sent.iter().map(|parcel| parcel.writer.as_str()).collect();
    let previews: Vec<String> = sent.iter().map(|parcel| crate::ingest::preview(&parcel.body)).collect();
    // A list that is ordered to ten seconds does not need the moment of sending: without it no index of the table is written.
    sqlx::query_as(
        "with told as (select distinct on (id) * from unnest($2::uuid[], $3::boolean[], $5::text[], $6::text[], $7::bigint[]) \
             as t (id, meaningful, writer, preview, turn) order by id, meaningful desc, turn desc), \
           before as (select c.id, c.waiting_since, c.first_answered_at, t.meaningful, t.writer, t.preview, t.turn from conversations c join told t using (id) \
             where c.org_id = $1 and c.id = any($2) order by c.id for update of c) \
         update conversations c set last_outbound_at = greatest(c.last_outbound_at, $4), \
           last_message_at = case when c.last_message_at < $4::timestamptz - interval '10 seconds' then $4 else c.last_message_at end, \
           last_writer = b.writer, preview = b.preview, \
           waiting_since = case when not b.meaningful then c.waiting_since when c.turn > greatest(b.turn, c.quiet_turn) then \
             (select min(m.at) from messages m where m.org_id = $1 and m.conversation_id = c.id and m.direction = 'inbound' \
               and m.turn > greatest(b.turn, c.quiet_turn)) end, \
           first_answered_at = case when b.meaningful then coalesce(c.first_answered_at, $4) else c.first_answered_at end \
         from before b where c.org_id = $1 and c.id = any($2) and c.id = b.id \
         returning c.id, case when b.meaningful then extract(epoch from $4 - b.waiting_since)::bigint end as after_s, \
           (b.meaningful and b.first_answered_at is null) as first_answer",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(meaningful)
    .bind(tx.clock().now())
    .bind(writers)
    .bind(previews)
    .bind(turns)
    .fetch_all(tx.conn())
    .await
}
