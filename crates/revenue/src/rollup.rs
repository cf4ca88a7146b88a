//! Keeps the daily roll-ups, the open waits and the leads' temperatures from the ledger.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId};
use kernel::ledger::{Fact, Follower, Recorded, Tag, Writer};
use serde_json::{Value, json};

/// Answers within this many seconds are quick.
const QUICK_S: i64 = 300;

/// The follower.
pub struct Rollup;

#[async_trait]
impl Follower for Rollup {
    fn name(&self) -> &'static str {
        "revenue.rollup"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "message.received",
            "message.understood",
            "message.sent",
            "conversation.escalated",
            "conversation.status",
            "lead.created",
            "lead.scored",
            "lead.tagged",
            "lead.stage",
        ])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let mut news = News::default();
        for event in events {
            news.read(event);
        }
        news.write(tx).await?;
        Ok(())
    }
}

#[derive(Clone, Copy, Default)]
struct Activity {
    received: i64,
    sent_bot: i64,
    sent_person: i64,
    answered: i64,
    answered_5min: i64,
    leads: i64,
    became_hot: i64,
}

/// A change of who waits.
enum Wait {
    Begins { contact: ContactId, channel: &'static str, since: DateTime<Utc>, reason: Option<String> },
    Ends,
}

/// What a batch of events changes.
#[derive(Default)]
struct News {
    activity: BTreeMap<(NaiveDate, &'static str), Activity>,
    waits: BTreeMap<(NaiveDate, i16), i64>,
    waiting: BTreeMap<ConversationId, Wait>,
    /// Reasons for conversations whose wait began in an earlier batch.
    reasons: BTreeMap<ConversationId, String>,
    leads: BTreeMap<LeadId, Temperature>,
}

/// A lead's tag and score, and whether it is closed; absent where the batch says nothing of it.
type Temperature = (Option<(Tag, i32)>, Option<bool>);

impl News {
    fn read(&mut self, event: &Recorded) {
        let day = event.at.date_naive();
        match &event.fact {
            Fact::MessageReceived { conversation, contact, channel, .. } => {
                self.activity.entry((day, channel.as_str())).or_default().received += 1;
                // Somebody who waits already goes on waiting since their first message.
                if !matches!(self.waiting.get(conversation), Some(Wait::Begins { .. })) {
                    let begins =
                        Wait::Begins { contact: *contact, channel: channel.as_str(), since: event.at, reason: None };
                    self.waiting.insert(*conversation, begins);
                }
            }
            Fact::MessageUnderstood { conversation, intent, .. }
                if matches!(intent.as_str(), "thank" | "acknowledge") =>
            {
                // Thanks ask for no answer; somebody who waited before it still does, and stands in the table already.
                if let Some(Wait::Begins { reason: None, .. }) = self.waiting.get(conversation) {
                    self.waiting.remove(conversation);
                }
            }
            Fact::MessageSent { conversation, channel, writer, meaningful, answered_after_s, .. } => {
                let activity = self.activity.entry((day, channel.as_str())).or_default();
                match writer {
                    Writer::Bot => activity.sent_bot += 1,
                    Writer::Human | Writer::NativeApp => activity.sent_person += 1,
                }
                if let Some(seconds) = answered_after_s {
                    activity.answered += 1;
                    activity.answered_5min += i64::from(*seconds <= QUICK_S);
                    *self.waits.entry((day, bucket(*seconds))).or_default() += 1;
                }
                if *meaningful {
                    self.waiting.insert(*conversation, Wait::Ends);
                    self.reasons.remove(conversation);
                }
            }
            Fact::ConversationEscalated { conversation, reason, .. } => match self.waiting.get_mut(conversation) {
                Some(Wait::Begins { reason: known, .. }) => *known = Some(reason.clone()),
                _ => {
                    self.reasons.insert(*conversation, reason.clone());
                }
            },
            Fact::ConversationStatus { conversation, to, .. } if to == "closed" => {
                self.waiting.insert(*conversation, Wait::Ends);
            }
            Fact::LeadCreated { channel, .. } => {
                let channel = channel.map_or("other", kernel::channel::ChannelKind::as_str);
                self.activity.entry((day, channel)).or_default().leads += 1;
            }
            Fact::LeadScored { lead, score, tag, was, .. } => {
                if *tag == Tag::Hot && *was != Some(Tag::Hot) {
                    self.activity.entry((day, "leads")).or_default().became_hot += 1;
                }
                self.leads.entry(*lead).or_default().0 = Some((*tag, *score));
            }
            Fact::LeadTagged { lead, tag, .. } => {
                let known = self.leads.entry(*lead).or_default();
                known.0 = Some((*tag, known.0.map_or(0, |(_, score)| score)));
            }
            Fact::LeadStage { lead, to, .. } => {
                self.leads.entry(*lead).or_default().1 = Some(!matches!(to.as_str(), "won" | "lost"));
            }
            _ => {}
        }
    }

    async fn write(self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        let activity: Vec<Value> = self
            .activity
            .iter()
            .map(|((day, channel), a)| {
                json!({ "day": day, "channel": channel, "received": a.received, "sent_bot": a.sent_bot, "sent_person": a.sent_person,
                    "answered": a.answered, "answered_5min": a.answered_5min, "leads": a.leads, "became_hot": a.became_hot })
            })
            .collect();
        run(tx, ACTIVITY, activity).await?;
        let waits = self
            .waits
            .iter()
            .map(|((day, bucket), answers)| json!({ "day": day, "bucket": bucket, "answers": answers }));
        run(tx, WAITS, waits.collect()).await?;
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        for (conversation, wait) in &self.waiting {
            match wait {
                Wait::Ends => ended.push(json!({ "conversation_id": conversation.uuid() })),
                Wait::Begins { contact, channel, since, reason } => begun.push(json!({
                    "conversation_id": conversation.uuid(), "contact_id": contact.uuid(), "channel": channel, "since": since, "reason": reason,
                })),
            }
        }
        run(tx, ENDED, ended).await?;
        run(tx, BEGUN, begun).await?;
        let reasons = self
            .reasons
            .iter()
            .map(|(conversation, reason)| json!({ "conversation_id": conversation.uuid(), "reason": reason }));
        run(tx, REASONS, reasons.collect()).await?;
        let leads = self.leads.iter().map(|(lead, (marks, is_open))| {
            let (tag, score) = marks.map(|(tag, score)| (tag.word(), score)).unzip();
            json!({ "lead_id": lead.uuid(), "tag": tag, "score": score, "is_open": is_open })
        });
        run(tx, LEADS, leads.collect()).await
    }
}

async fn run(tx: &mut OrgTx, statement: &'static str, rows: Vec<Value>) -> Result<(), sqlx::Error> {
    if !rows.is_empty() {
        sqlx::query(statement).bind(tx.org()).bind(Value::Array(rows)).execute(tx.conn()).await?;
    }
    Ok(())
}

/// The bucket of a wait.
pub(crate) fn bucket(seconds: i64) -> i16 {
    ((1.0 + seconds.max(0) as f64).log2() * 8.0).floor().min(400.0) as i16
}

/// The seconds in the middle of a bucket.
pub(crate) fn seconds_of(bucket: i16) -> f64 {
    ((f64::from(bucket) + 0.5) / 8.0).exp2() - 1.0
}

const ACTIVITY: &str = "insert into daily_activity as a (org_id, day, channel, received, sent_bot, sent_person, answered, answered_5min, \
    leads, became_hot) select $1, n.* from jsonb_to_recordset($2) as n (day date, channel text, received bigint, sent_bot bigint, \
      sent_person bigint, answered bigint, answered_5min bigint, leads bigint, became_hot bigint) \
    on conflict (org_id, day, channel) do update set received = a.received + excluded.received, sent_bot = a.sent_bot + excluded.sent_bot, \
      sent_person = a.sent_person + excluded.sent_person, answered = a.answered + excluded.answered, \
      answered_5min = a.answered_5min + excluded.answered_5min, leads = a.leads + excluded.leads, became_hot = a.became_hot + excluded.became_hot";

const WAITS: &str = "insert into daily_waits as w (org_id, day, bucket, answers) \
    select $1, n.* from jsonb_to_recordset($2) as n (day date, bucket smallint, answers bigint) \
    on conflict (org_id, day, bucket) do update set answers = w.answers + excluded.answers";

const ENDED: &str = "delete from open_waits w using jsonb_to_recordset($2) as n (conversation_id uuid) \
    where w.org_id = $1 and w.conversation_id = n.conversation_id";

const BEGUN: &str = "insert into open_waits as w (org_id, conversation_id, contact_id, channel, since, reason) \
    select $1, n.* from jsonb_to_recordset($2) as n (conversation_id uuid, contact_id uuid, channel text, since timestamptz, reason text) \
    on conflict (org_id, conversation_id) do update set since = least(w.since, excluded.since), reason = coalesce(excluded.reason, w.reason)";

const REASONS: &str = "update open_waits w set reason = n.reason from jsonb_to_recordset($2) as n (conversation_id uuid, reason text) \
    where w.org_id = $1 and w.conversation_id = n.conversation_id";

const LEADS: &str = "insert into lead_temperatures as l (org_id, lead_id, tag, score, is_open) \
    select $1, n.lead_id, coalesce(n.tag, 'COLD'), coalesce(n.score, 0), coalesce(n.is_open, true) \
    from jsonb_to_recordset($2) as n (lead_id uuid, tag text, score int, is_open boolean) \
    on conflict (org_id, lead_id) do update set \
      tag = case when (select x.tag from jsonb_to_recordset($2) as x (lead_id uuid, tag text) where x.lead_id = l.lead_id) is null \
        then l.tag else excluded.tag end, \
      score = case when (select x.score from jsonb_to_recordset($2) as x (lead_id uuid, score int) where x.lead_id = l.lead_id) is null \
        then l.score else excluded.score end, \
      is_open = case when (select x.is_open from jsonb_to_recordset($2) as x (lead_id uuid, is_open boolean) where x.lead_id = l.lead_id) is null \
        then l.is_open else excluded.is_open end";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_back_within_a_tenth() {
        for seconds in [3_i64, 10, 45, 120, 299, 301, 1_800, 86_400] {
            let told = seconds_of(bucket(seconds));
            let off = (told - seconds as f64).abs() / seconds as f64;
            assert!(off < 0.1, "{seconds} s is told as {told:.1} s");
        }
        assert!(bucket(0) == 0 && bucket(i64::MAX) == 400);
    }
}
