//! Keeps the daily roll-ups, the open waits and the leads' temperatures from the ledger.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId};
use kernel::ledger::{Fact, Follower, Recorded, Tag, Writer};
use uuid::Uuid;

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

    async fn write(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        self.write_activity(tx).await?;
        self.write_waits(tx).await?;
        self.write_waiting(tx).await?;
        self.write_reasons(tx).await?;
        self.write_leads(tx).await
    }

    async fn write_activity(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        if self.activity.is_empty() {
            return Ok(());
        }
        let (days, channels): (Vec<NaiveDate>, Vec<&str>) = self.activity.keys().copied().unzip();
        let sums = |of: fn(&Activity) -> i64| -> Vec<i64> { self.activity.values().map(of).collect() };
        sqlx::query(ACTIVITY)
            .bind(tx.org())
            .bind(days)
            .bind(channels)
            .bind(sums(|one| one.received))
            .bind(sums(|one| one.sent_bot))
            .bind(sums(|one| one.sent_person))
            .bind(sums(|one| one.answered))
            .bind(sums(|one| one.answered_5min))
            .bind(sums(|one| one.leads))
            .bind(sums(|one| one.became_hot))
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn write_waits(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        if self.waits.is_empty() {
            return Ok(());
        }
        let (days, buckets): (Vec<NaiveDate>, Vec<i16>) = self.waits.keys().copied().unzip();
        let answers: Vec<i64> = self.waits.values().copied().collect();
        sqlx::query(WAITS).bind(tx.org()).bind(days).bind(buckets).bind(answers).execute(tx.conn()).await?;
        Ok(())
    }

    async fn write_waiting(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        let (mut begun, mut ended) = (WaitRows::default(), Vec::new());
        for (conversation, wait) in &self.waiting {
            match wait {
                Wait::Ends => ended.push(conversation.uuid()),
                Wait::Begins { contact, channel, since, reason } => {
                    begun.conversations.push(conversation.uuid());
                    begun.contacts.push(contact.uuid());
                    begun.channels.push(channel);
                    begun.since.push(*since);
                    begun.reasons.push(reason.as_deref());
                }
            }
        }
        if !ended.is_empty() {
            sqlx::query(ENDED).bind(tx.org()).bind(ended).execute(tx.conn()).await?;
        }
        if !begun.conversations.is_empty() {
            sqlx::query(BEGUN)
                .bind(tx.org())
                .bind(begun.conversations)
                .bind(begun.contacts)
                .bind(begun.channels)
                .bind(begun.since)
                .bind(begun.reasons)
                .execute(tx.conn())
                .await?;
        }
        Ok(())
    }

    async fn write_reasons(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        if self.reasons.is_empty() {
            return Ok(());
        }
        let conversations: Vec<Uuid> = self.reasons.keys().map(|conversation| conversation.uuid()).collect();
        let reasons: Vec<&str> = self.reasons.values().map(String::as_str).collect();
        sqlx::query(REASONS).bind(tx.org()).bind(conversations).bind(reasons).execute(tx.conn()).await?;
        Ok(())
    }

    async fn write_leads(&self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        if self.leads.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = self.leads.keys().map(|lead| lead.uuid()).collect();
        let tags: Vec<Option<&str>> = self.leads.values().map(|(marks, _)| marks.map(|(tag, _)| tag.word())).collect();
        let scores: Vec<Option<i32>> = self.leads.values().map(|(marks, _)| marks.map(|(_, score)| score)).collect();
        let open: Vec<Option<bool>> = self.leads.values().map(|(_, is_open)| *is_open).collect();
        sqlx::query(LEADS).bind(tx.org()).bind(ids).bind(tags).bind(scores).bind(open).execute(tx.conn()).await?;
        Ok(())
    }
}

/// The columns of waits that begin, one array each.
#[derive(Default)]
struct WaitRows<'a> {
    conversations: Vec<Uuid>,
    contacts: Vec<Uuid>,
    channels: Vec<&'a str>,
    since: Vec<DateTime<Utc>>,
    reasons: Vec<Option<&'a str>>,
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
    leads, became_hot) select $1, n.* from unnest($2::date[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
      $8::bigint[], $9::bigint[], $10::bigint[]) as n \
    on conflict (org_id, day, channel) do update set received = a.received + excluded.received, sent_bot = a.sent_bot + excluded.sent_bot, \
      sent_person = a.sent_person + excluded.sent_person, answered = a.answered + excluded.answered, \
      answered_5min = a.answered_5min + excluded.answered_5min, leads = a.leads + excluded.leads, became_hot = a.became_hot + excluded.became_hot";

const WAITS: &str = "insert into daily_waits as w (org_id, day, bucket, answers) \
    select $1, n.* from unnest($2::date[], $3::smallint[], $4::bigint[]) as n \
    on conflict (org_id, day, bucket) do update set answers = w.answers + excluded.answers";

const ENDED: &str = "delete from open_waits w using unnest($2::uuid[]) as n (conversation_id) \
    where w.org_id = $1 and w.conversation_id = n.conversation_id";

const BEGUN: &str = "insert into open_waits as w (org_id, conversation_id, contact_id, channel, since, reason) \
    select $1, n.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[]) as n \
    on conflict (org_id, conversation_id) do update set since = least(w.since, excluded.since), reason = coalesce(excluded.reason, w.reason)";

const REASONS: &str = "update open_waits w set reason = n.reason from unnest($2::uuid[], $3::text[]) as n (conversation_id, reason) \
    where w.org_id = $1 and w.conversation_id = n.conversation_id";

/// What the batch says nothing of stays as it is: it is looked up by the lead's place in the arrays, since `excluded` has the defaults.
const LEADS: &str = "insert into lead_temperatures as l (org_id, lead_id, tag, score, is_open) \
    select $1, n.lead_id, coalesce(n.tag, 'COLD'), coalesce(n.score, 0), coalesce(n.is_open, true) \
    from unnest($2::uuid[], $3::text[], $4::int[], $5::boolean[]) as n (lead_id, tag, score, is_open) \
    on conflict (org_id, lead_id) do update set \
      tag = coalesce(($3::text[])[array_position($2::uuid[], l.lead_id)], l.tag), \
      score = coalesce(($4::int[])[array_position($2::uuid[], l.lead_id)], l.score), \
      is_open = coalesce(($5::boolean[])[array_position($2::uuid[], l.lead_id)], l.is_open)";

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
