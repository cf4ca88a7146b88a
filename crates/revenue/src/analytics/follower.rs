//! Keeps the sums by agent, language, channel and hour of the week from the ledger.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Fact, Follower, Recorded, Writer};

use crate::settings::Rules;

/// Answers within this many seconds are quick.
const QUICK_S: i64 = 300;
/// The name of the cursor.
pub(super) const NAME: &str = "revenue.desk_sums";
/// The kinds of fact that are counted.
pub(super) const KINDS: &[&str] = &[
    "message.received",
    "message.understood",
    "message.sent",
    "conversation.taken_over",
    "conversation.escalated",
    "lead.stage",
];

/// The follower.
pub struct DeskSums;

#[async_trait]
impl Follower for DeskSums {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(KINDS)
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let zone = Rules::load(tx).await?.whole.zone;
        let mut sums = Sums::new(zone);
        for event in events {
            sums.read(event.at, event.actor, &event.fact);
        }
        sums.write(tx).await?;
        Ok(())
    }
}

/// Which sum: dimension, day, key, metric.
type Key = (&'static str, NaiveDate, String, &'static str);

/// What a batch of events adds.
pub(super) struct Sums {
    zone: Tz,
    sums: BTreeMap<Key, (i64, i64)>,
}

impl Sums {
    pub(super) fn new(zone: Tz) -> Self {
        Self { zone, sums: BTreeMap::new() }
    }

    fn add(&mut self, dimension: &'static str, at: DateTime<Utc>, key: &str, metric: &'static str, amount: i64) {
        let day = at.with_timezone(&self.zone).date_naive();
        let sum = self.sums.entry((dimension, day, key.to_owned(), metric)).or_default();
        *sum = (sum.0 + 1, sum.1 + amount);
    }

    fn hour(&self, at: DateTime<Utc>) -> String {
        let at = at.with_timezone(&self.zone);
        format!("{}-{:02}", at.weekday().number_from_monday(), at.hour())
    }

    /// Counts a fact.
    pub(super) fn read(&mut self, at: DateTime<Utc>, actor: Actor, fact: &Fact) {
        match fact {
            Fact::MessageReceived { channel, .. } => {
                self.add("channel", at, channel.as_str(), "received", 0);
                let hour = self.hour(at);
                self.add("hour", at, &hour, "received", 0);
            }
            Fact::MessageUnderstood { language, sentiment, signals, .. } => {
                let language = if language.is_empty() { "unknown" } else { language.as_str() };
                self.add("language", at, language, "received", 0);
                if sentiment == "negative" {
                    self.add("language", at, language, "upset", 0);
                }
                if !signals.is_empty() {
                    self.add("language", at, language, "asked", 0);
                }
            }
            Fact::MessageSent { channel, writer, meaningful, answered_after_s, .. } => {
                let who = if *writer == Writer::Bot { "sent_bot" } else { "sent_person" };
                self.add("channel", at, channel.as_str(), who, 0);
                if let Some(waited) = answered_after_s {
                    self.answered("channel", at, channel.as_str(), *waited);
                    // The hour that counts is the one in which somebody asked.
                    let asked = at - Duration::seconds(*waited);
                    let hour = self.hour(asked);
                    self.answered("hour", asked, &hour, *waited);
                }
                if let Actor::User(user) = actor {
                    let user = user.to_string();
                    self.add("agent", at, &user, "sent", 0);
                    if *meaningful && let Some(waited) = answered_after_s {
                        self.answered("agent", at, &user, *waited);
                    }
                }
            }
            Fact::ConversationTakenOver { .. } => self.of_agent(at, actor, "taken_over"),
            Fact::ConversationEscalated { .. } => {
                let hour = self.hour(at);
                self.add("hour", at, &hour, "escalated", 0);
            }
            Fact::LeadStage { to, .. } if to == "won" => self.of_agent(at, actor, "won"),
            _ => {}
        }
    }

    fn of_agent(&mut self, at: DateTime<Utc>, actor: Actor, metric: &'static str) {
        if let Actor::User(user) = actor {
            self.add("agent", at, &user.to_string(), metric, 0);
        }
    }

    fn answered(&mut self, dimension: &'static str, at: DateTime<Utc>, key: &str, waited: i64) {
        self.add(dimension, at, key, "answered", waited.max(0));
        if waited <= QUICK_S {
            self.add(dimension, at, key, "answered_5", 0);
        }
    }

    /// Adds them to the table.
    pub(super) async fn write(self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        if self.sums.is_empty() {
            return Ok(());
        }
        let mut rows = SumRows::default();
        for (key, sum) in &self.sums {
            rows.push(key, *sum);
        }
        sqlx::query(
            "insert into desk_metrics as d (org_id, dimension, day, key, metric, n, amount) \
             select $1, n.* from unnest($2::text[], $3::date[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) \
               as n (dimension, day, key, metric, n, amount) \
             on conflict (org_id, dimension, day, key, metric) \
             do update set n = d.n + excluded.n, amount = d.amount + excluded.amount",
        )
        .bind(tx.org())
        .bind(rows.dimensions)
        .bind(rows.days)
        .bind(rows.keys)
        .bind(rows.metrics)
        .bind(rows.counts)
        .bind(rows.amounts)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// The columns of sums, one array each.
#[derive(Default)]
struct SumRows<'a> {
    dimensions: Vec<&'static str>,
    days: Vec<NaiveDate>,
    keys: Vec<&'a str>,
    metrics: Vec<&'static str>,
    counts: Vec<i64>,
    amounts: Vec<i64>,
}

impl<'a> SumRows<'a> {
    fn push(&mut self, (dimension, day, key, metric): &'a Key, (n, amount): (i64, i64)) {
        self.dimensions.push(dimension);
        self.days.push(*day);
        self.keys.push(key);
        self.metrics.push(metric);
        self.counts.push(n);
        self.amounts.push(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_of_the_week_is_that_of_the_organisation() {
        let sums = Sums::new(Tz::America__New_York);
        // Monday, 2 in the morning in Greenwich, is Sunday evening in New York.
        let at = "2026-03-02T02:30:00Z".parse().expect("an instant");
        assert_eq!(sums.hour(at), "7-21");
    }
}
