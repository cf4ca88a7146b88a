//! Scores leads from understood messages.

use std::collections::HashMap;

use ai::local::{LeadSignal, LeadWeights, lead_score};
use async_trait::async_trait;
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, EventId, LeadId};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Signal, Subject, Tag};

use super::store::{Scored, open_leads, present, save};
use super::weights::load_weights;

/// The follower.
pub struct Scorer;

/// What one message showed.
struct Shown<'a> {
    event: &'a Recorded,
    contact: ContactId,
    signals: Vec<LeadSignal>,
}

#[async_trait]
impl Follower for Scorer {
    fn name(&self) -> &'static str {
        "leads.score"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["message.understood"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let shown: Vec<Shown<'_>> = events.iter().filter_map(read).collect();
        if shown.is_empty() {
            return Ok(());
        }
        let weights = load_weights(tx).await?;
        let mut contacts: Vec<ContactId> = shown.iter().map(|one| one.contact).collect();
        contacts.sort_unstable();
        contacts.dedup();
        let there = present(tx, &contacts).await?;
        let mut leads = open_leads(tx, &contacts).await?;
        let before: HashMap<ContactId, (i32, String)> =
            leads.iter().map(|(contact, lead)| (*contact, (lead.score, lead.tag.clone()))).collect();
        let mut last: HashMap<ContactId, &Recorded> = HashMap::new();
        for one in shown.iter().filter(|one| there.contains(&one.contact)) {
            if !leads.contains_key(&one.contact) && !one.signals.iter().any(|signal| starts_a_lead(*signal)) {
                continue;
            }
            let lead = leads.entry(one.contact).or_insert_with(|| fresh(tx, one.contact));
            add(lead, one, &weights);
            last.insert(one.contact, one.event);
        }
        let touched: Vec<&Scored> = leads.values().filter(|lead| last.contains_key(&lead.contact)).collect();
        save(tx, &touched).await?;
        for lead in touched {
            announce(tx, lead, before.get(&lead.contact), Some(last[&lead.contact].id));
        }
        Ok(())
    }
}

fn read(event: &Recorded) -> Option<Shown<'_>> {
    let Fact::MessageUnderstood { contact, signals, .. } = &event.fact else { return None };
    let signals = signals
        .iter()
        .filter_map(|name| serde_json::from_value(serde_json::Value::String(name.clone())).ok())
        .collect();
    Some(Shown { event, contact: *contact, signals })
}

/// Signals that make a contact a possible sale; politeness alone does not.
fn starts_a_lead(signal: LeadSignal) -> bool {
    matches!(
        signal,
        LeadSignal::PriceOrBuying
            | LeadSignal::Availability
            | LeadSignal::DemoOrTrial
            | LeadSignal::ProductInquiry
            | LeadSignal::Features
            | LeadSignal::FirstContactWithInterest
    )
}

fn fresh(tx: &OrgTx, contact: ContactId) -> Scored {
    Scored {
        id: LeadId::new(tx.clock()),
        contact,
        conversation: None,
        channel: None,
        signals: Vec::new(),
        score: 0,
        tag: Tag::Cold.word().to_owned(),
        tag_by: "rules".to_owned(),
        topic: None,
        intent: None,
        is_new: true,
    }
}

/// Adds what a message showed; each signal counts once a lead.
fn add(lead: &mut Scored, shown: &Shown<'_>, weights: &LeadWeights) {
    if let Fact::MessageUnderstood { conversation, channel, topic, intent, .. } = &shown.event.fact {
        lead.conversation = Some(*conversation);
        lead.channel.get_or_insert_with(|| channel.to_string());
        lead.topic = Some(topic.clone());
        lead.intent = Some(intent.clone());
    }
    count(lead, &shown.signals, weights);
}

/// Adds signals to those the lead has, and their points to its score.
fn count(lead: &mut Scored, shown: &[LeadSignal], weights: &LeadWeights) {
    let known: Vec<LeadSignal> = lead.signals.iter().filter_map(|signal| signal_of(&signal.name)).collect();
    let mut all: Vec<LeadSignal> = known.into_iter().chain(shown.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let total = lead_score(&all, weights);
    lead.signals =
        all.iter().map(|signal| Signal { name: name_of(*signal), points: i32::from(weights.of(*signal)) }).collect();
    lead.score = i32::from(total.score);
    if lead.tag_by == "rules" {
        lead.tag = Tag::of(lead.score).word().to_owned();
    }
}

fn signal_of(name: &str) -> Option<LeadSignal> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn name_of(signal: LeadSignal) -> String {
    match serde_json::to_value(signal) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn tag_of(word: &str) -> Tag {
    [Tag::Hot, Tag::Warm].into_iter().find(|tag| tag.word() == word).unwrap_or(Tag::Cold)
}

/// Adds signals that came by no message to a contact's open lead, which is made where there is none.
pub(crate) async fn show(
    tx: &mut OrgTx,
    contact: ContactId,
    channel: ChannelKind,
    signals: &[LeadSignal],
) -> Result<LeadId, sqlx::Error> {
    let weights = load_weights(tx).await?;
    let known = open_leads(tx, &[contact]).await?.remove(&contact);
    let before = known.as_ref().map(|lead| (lead.score, lead.tag.clone()));
    let mut lead = known.unwrap_or_else(|| fresh(tx, contact));
    lead.channel.get_or_insert_with(|| channel.to_string());
    count(&mut lead, signals, &weights);
    save(tx, &[&lead]).await?;
    announce(tx, &lead, before.as_ref(), None);
    Ok(lead.id)
}

fn announce(tx: &mut OrgTx, lead: &Scored, before: Option<&(i32, String)>, cause: Option<EventId>) {
    let subject = Subject::Lead(lead.id);
    let caused = |event: Event| match cause {
        Some(cause) => event.caused_by(cause),
        None => event,
    };
    if lead.is_new {
        let channel = lead.channel.as_deref().and_then(|kind| kind.parse().ok());
        let fact = Fact::LeadCreated { lead: lead.id, contact: lead.contact, channel };
        tx.append(caused(Event::new(subject, Actor::Bot, fact)));
    }
    if before.is_none_or(|(score, tag)| *score != lead.score || *tag != lead.tag) {
        let fact = Fact::LeadScored {
            lead: lead.id,
            contact: lead.contact,
            conversation: lead.conversation,
            score: lead.score,
            tag: tag_of(&lead.tag),
            was: before.map(|(_, tag)| tag_of(tag)),
            signals: lead.signals.clone(),
        };
        tx.append(caused(Event::new(subject, Actor::Bot, fact)));
    }
}
