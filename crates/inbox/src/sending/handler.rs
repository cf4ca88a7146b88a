//! The batch handler of outbound messages.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kernel::ids::{ConversationId, MessageId, OrgId};
use kernel::queue::{BatchHandler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::check::{self, Parcel};
use super::policy::Verdict;
use super::rates::{Rate, Rates};
use super::reconcile;
use super::settle::{self, Settled};
use crate::brain::Mind;
use crate::core::Core;

/// A message to send. The key is its conversation, so that messages of one thread leave in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendJob {
    /// Which message.
    pub message: MessageId,
}

impl SendJob {
    /// The job that sends a message.
    pub fn of(message: MessageId, conversation: ConversationId) -> NewJob {
        NewJob::new(Lane::Outbound, "outbound.send", &Self { message }).key(conversation)
    }

    /// The same outside the conversation's order: for a message scheduled for later.
    pub fn unkeyed(message: MessageId) -> NewJob {
        NewJob::new(Lane::Outbound, "outbound.send", &Self { message })
    }
}

/// Sends messages.
pub struct Send {
    core: Core,
    rates: Rates,
}

impl Send {
    /// The handler over the inbox.
    pub fn new(core: Core) -> Self {
        Self { core, rates: Rates::default() }
    }
}

#[async_trait]
impl BatchHandler for Send {
    fn kind(&self) -> &'static str {
        "outbound.send"
    }

    async fn run_batch(&self, org: OrgId, jobs: &[Job]) -> Vec<Result<(), JobError>> {
        match self.send_all(org, jobs).await {
            Ok(mut results) => jobs.iter().map(|job| results.remove(&job.id.uuid()).unwrap_or(Ok(()))).collect(),
            // Before a call nothing happened; after one the messages are marked and will be reconciled.
            Err(error) => jobs.iter().map(|_| Err(JobError::retry(anyhow::anyhow!("{error:#}")))).collect(),
        }
    }
}

/// What the check decided for one message.
enum Plan {
    /// Call the platform.
    Send,
    /// A run before this one was interrupted.
    Reconcile,
    /// Already settled: nothing to call.
    Settle(Settled),
    /// Not now.
    Wait(Duration),
    /// Nothing left to do.
    Done,
}

/// How long answers wait for others to be written together. One slow platform call must not keep the others in doubt.
const TOGETHER: Duration = Duration::from_millis(50);

/// Adds the answers that come together: up to the first and a moment longer.
async fn gather<'a>(
    under_way: &mut FuturesUnordered<impl Future<Output = (&'a Parcel, Settled)>>,
    settled: &mut Vec<(&'a Parcel, Settled)>,
) {
    if settled.is_empty() {
        settled.extend(under_way.next().await);
    }
    let until = Instant::now() + TOGETHER;
    while let Ok(Some(answer)) = timeout_at(until, under_way.next()).await {
        settled.push(answer);
    }
}

type Results = HashMap<Uuid, Result<(), JobError>>;

impl Send {
    async fn send_all(&self, org: OrgId, jobs: &[Job]) -> anyhow::Result<Results> {
        let mind = self.core.brain.of(org).await?;
        let wanted: Vec<(Uuid, &Job)> =
            jobs.iter().filter_map(|job| job.parse::<SendJob>().ok().map(|task| (task.message.uuid(), job))).collect();
        let ids: Vec<Uuid> = wanted.iter().map(|(id, _)| *id).collect();
        let (parcels, plans) = self.check(org, &ids, &mind).await?;
        let by_message: HashMap<Uuid, &Job> = wanted.into_iter().collect();

        let mut results = Results::new();
        let mut settled = Vec::new();
        let mut calls = Vec::new();
        for (parcel, plan) in parcels.iter().zip(plans) {
            let Some(job) = by_message.get(&parcel.id.uuid()) else { continue };
            match plan {
                Plan::Send => calls.push((parcel, false)),
                Plan::Reconcile => calls.push((parcel, true)),
                Plan::Settle(outcome) => settled.push((parcel, outcome)),
                Plan::Wait(after) => {
                    results.insert(job.id.uuid(), Err(JobError::later(after)));
                }
                Plan::Done => {}
            }
        }
        let mut under_way: FuturesUnordered<_> = calls
            .into_iter()
            .map(|(parcel, doubtful)| async move {
                let answer = if doubtful {
                    reconcile::ask(&self.core, org, parcel).await
                } else {
                    settle::call(&self.core, org, parcel).await
                };
                (parcel, answer)
            })
            .collect();
        loop {
            gather(&mut under_way, &mut settled).await;
            if settled.is_empty() {
                return Ok(results);
            }
            for (parcel, outcome) in &settled {
                if let Settled::RateLimited { after, .. } = outcome {
                    self.rates.close(parcel.channel_id, self.core.kernel.clock.now() + *after);
                }
            }
            if let Err(error) = settle::record(&self.core, org, &settled, &by_message, &mut results).await {
                // They stay marked as under way, so the next run asks the platform.
                for job in settled.iter().filter_map(|(parcel, _)| by_message.get(&parcel.id.uuid())) {
                    results.insert(job.id.uuid(), Err(JobError::retry(anyhow::anyhow!("{error:#}"))));
                }
            }
            settled.clear();
        }
    }

    /// The transaction before the call: loads, decides, and marks what will be sent.
    async fn check(&self, org: OrgId, ids: &[Uuid], mind: &Mind) -> anyhow::Result<(Vec<Parcel>, Vec<Plan>)> {
        let mut tx = self.core.kernel.db.begin_by_key(org).await?;
        let mut parcels = check::load(&mut tx, ids).await?;
        let plans: Vec<Plan> = parcels.iter_mut().map(|parcel| self.plan(parcel, mind)).collect();
        let leaving: Vec<Uuid> = parcels
            .iter()
            .zip(&plans)
            .filter(|(_, plan)| matches!(plan, Plan::Send))
            .map(|(parcel, _)| parcel.id.uuid())
            .collect();
        if !leaving.is_empty() {
            check::mark_sending(&mut tx, &leaving).await?;
        }
        tx.commit().await?;
        Ok((parcels, plans))
    }

    fn plan(&self, parcel: &mut Parcel, mind: &Mind) -> Plan {
        let now = self.core.kernel.clock.now();
        match parcel.state.as_str() {
            "sending" | "unknown" => return Plan::Reconcile,
            // An echo or status settled it while the answer was lost: only the ledger must still hear of it.
            "sent" | "delivered" | "read" if !parcel.announced => return Plan::Settle(Settled::AlreadySent),
            "queued" => {}
            _ => return Plan::Done,
        }
        if parcel.lost_the_pen() {
            return Plan::Settle(Settled::Cancelled("taken_over"));
        }
        match parcel.verdict(now) {
            Verdict::Refused { code, reason, .. } => {
                return Plan::Settle(Settled::Refused { code: code.to_owned(), detail: reason, escalate: true });
            }
            Verdict::Allowed { human_agent } => parcel.human_agent = human_agent,
        }
        let rate = mind
            .rates
            .of(parcel.channel())
            .map_or_else(|| Rate::of_platform(parcel.channel()), |rate| Rate::new(rate.messages, rate.seconds));
        match self.rates.take(parcel.channel_id, rate, now) {
            Ok(()) => Plan::Send,
            Err(after) => Plan::Wait(after.max(Duration::from_millis(50))),
        }
    }
}
