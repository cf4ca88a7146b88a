//! Handles kept deliveries: the one place where the steps stand in their order.

use std::collections::{HashMap, HashSet};

use ai::decision::{Decision, DecisionRow};
use chrono::TimeDelta;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, OrgId, ReceiptId};
use kernel::queue::{Job, NewJob};
use kernel::vault::OrgVault;
use uuid::Uuid;

use super::conversations::{Conv, announce_opened, lock, lock_or_begin, save};
use super::echo::{self, Told, echo_of};
use super::incoming::Incoming;
use super::load::{Loaded, threads};
use super::marks::Mark;
use super::opening::{Opening, write_ours};
use super::states::{self, News};
use super::turn::{POLICY, TurnJob, carry_out, conclude, language, local_answer, model_may_help};
use super::waves::parts;
use super::write::{self, NewMessage, preview};
use super::{apply, marks, outcome};
use crate::brain::Mind;
use crate::contacts::{Person, ProfileJob};
use crate::core::Core;
use crate::handoff::Drafts;
use crate::pipeline::{Escalation, burst_window};

/// Handles kept deliveries.
pub(super) struct Deliveries {
    pub core: Core,
    pub opening: Opening,
}

/// What the last transaction of a batch does when its deliveries are handled.
#[derive(Default)]
pub(super) struct End<'a> {
    /// The jobs that end with it.
    pub jobs: Vec<&'a Job>,
    /// Jobs of single deliveries that it leaves.
    pub alone: Vec<NewJob>,
}

impl End<'_> {
    fn write(self, tx: &mut OrgTx) {
        for job in self.alone {
            tx.enqueue(job);
        }
        for job in self.jobs {
            tx.finish(job);
        }
    }
}

/// The parts of a batch while it is worked on.
struct Batch {
    convs: HashMap<ConversationId, Conv>,
    messages: Vec<NewMessage>,
    decisions: Vec<Decision>,
    outcomes: Vec<(ReceiptId, &'static str)>,
}

/// A contact's message with its place.
struct Heard<'a> {
    loaded: &'a Loaded,
    incoming: Incoming,
    conversation: ConversationId,
    vector: Option<Vec<f32>>,
}

impl Deliveries {
    /// Handles deliveries, those of one thread in the order they came. A part that is committed is not repeated when a later one
    /// fails: its deliveries count as handled then.
    pub(super) async fn handle(
        &self,
        org: OrgId,
        vault: &OrgVault,
        loaded: Vec<Loaded>,
        end: End<'_>,
    ) -> anyhow::Result<()> {
        let mut parts = parts(loaded);
        let Some(last) = parts.pop() else {
            let mut tx = self.core.kernel.db.begin_by_key(org).await?;
            end.write(&mut tx);
            return Ok(tx.commit().await?);
        };
        let mind = self.core.brain.of(org).await?;
        for part in parts {
            self.part(org, &mind, vault, part, End::default()).await?;
        }
        self.part(org, &mind, vault, last, end).await
    }

    /// Handles deliveries among which no thread has both messages of the contact and news of ours: their order does not matter.
    async fn part(
        &self,
        org: OrgId,
        mind: &Mind,
        vault: &OrgVault,
        loaded: Vec<Loaded>,
        end: End<'_>,
    ) -> anyhow::Result<()> {
        let incoming: Vec<Option<Incoming>> =
            loaded.iter().map(|one| one.item.as_ref().and_then(Incoming::of)).collect();
        let texts = incoming.iter().map(|one| one.as_ref().map_or(String::new(), |one| one.body.clone())).collect();
        let vectors = self.core.brain.vectors(texts).await;

        let mut tx = self.core.kernel.db.begin_by_key(org).await?;
        let contacts = self.contacts(&mut tx, &loaded, &incoming).await?;
        let threads = threads(&loaded, &contacts);
        let convs = match self.opening {
            Opening::AtOnce => lock(&mut tx, vault, &threads).await?,
            Opening::WithMessages => lock_or_begin(&mut tx, vault, &threads).await?,
        };
        let place = |one: &Loaded, at: usize| {
            contacts[at].and_then(|contact| convs.get(&(one.channel, contact))).map(|conv| conv.id)
        };
        let mut heard = Vec::new();
        let mut told = Vec::new();
        let mut news = Vec::new();
        let mut marks = Vec::new();
        for (at, (one, incoming)) in loaded.iter().zip(incoming).enumerate() {
            match (incoming, one.item.as_ref(), place(one, at)) {
                (Some(incoming), _, Some(conversation)) => {
                    heard.push(Heard {
                        loaded: one,
                        incoming,
                        conversation,
                        vector: vectors.get(at).cloned().flatten(),
                    });
                }
                (_, Some(item), Some(conversation)) if echo_of(item).is_some() => {
                    told.extend(echo_of(item).map(|echo| Told {
                        channel: one.channel,
                        conversation,
                        at: item.at,
                        echo,
                    }));
                }
                // Hidden while it was handled: tried again, they are somebody new.
                (Some(_), _, None) if contacts[at].is_some() => {
                    anyhow::bail!("the contact was erased while their message was handled");
                }
                (_, Some(item), _) => {
                    news.extend(News::of(one.channel, item).into_iter().map(|told| told.kept(vault, one.kind)));
                    marks.extend(Mark::of(one.channel, item));
                }
                _ => {}
            }
        }
        let convs = convs.into_values().map(|conv| (conv.id, conv)).collect();
        let mut batch = Batch { convs, messages: Vec::new(), decisions: Vec::new(), outcomes: outcome::of(&loaded) };
        for conv in batch.convs.values().filter(|conv| conv.opened) {
            announce_opened(&mut tx, conv);
        }
        self.settle(&mut tx, &mut batch, &told, &news).await?;
        self.hear(&mut tx, mind, &mut batch, heard).await?;
        write_down(&mut tx, &mut batch, &marks).await?;
        let rows =
            batch.decisions.iter().map(|decision| decision.seal(vault)).collect::<Result<Vec<DecisionRow>, _>>()?;
        ai::decision::insert_many(&mut tx, &rows).await?;
        outcome::record(&mut tx, &batch.outcomes).await?;
        outcome::heard_of(&mut tx, &loaded).await?;
        end.write(&mut tx);
        tx.commit().await?;
        Ok(())
    }

    /// The contact of each delivery that opens or belongs to a thread; the others need none.
    async fn contacts(
        &self,
        tx: &mut OrgTx,
        loaded: &[Loaded],
        incoming: &[Option<Incoming>],
    ) -> anyhow::Result<Vec<Option<ContactId>>> {
        let mut people = Vec::new();
        let mut places = vec![None; loaded.len()];
        for (at, one) in loaded.iter().enumerate() {
            let Some(item) = &one.item else { continue };
            let Some(identity) = item.contact.as_ref().filter(|_| incoming[at].is_some() || echo_of(item).is_some())
            else {
                continue;
            };
            places[at] = Some(people.len());
            people.push(Person {
                channel: one.channel,
                kind: one.kind,
                platform_id: identity.id.clone(),
                also: identity.also.clone(),
                phone: identity.phone.clone(),
                name: identity.name.as_deref().map(write::clean),
                username: identity.username.as_deref().map(write::clean),
            });
        }
        let resolved = self.core.contacts.resolve(tx, &people).await?;
        let mut asked = HashSet::new();
        let unnamed = people
            .iter()
            .zip(&resolved)
            .filter(|(person, found)| found.created && ProfileJob::asks_for(person) && asked.insert(found.contact))
            .map(|(person, _)| person);
        for job in ProfileJob::of(unnamed) {
            tx.enqueue(job);
        }
        Ok(places
            .into_iter()
            .map(|place| place.and_then(|place| resolved.get(place)).map(|found| found.contact))
            .collect())
    }

    /// Settles our own messages: echoes first, then what the platform says became of them.
    async fn settle(&self, tx: &mut OrgTx, batch: &mut Batch, told: &[Told<'_>], news: &[News]) -> anyhow::Result<()> {
        // A change of hands is a row of its own, which refers to its conversation's.
        let of_echoes = batch.convs.values_mut().filter(|conv| told.iter().any(|one| one.conversation == conv.id));
        write_ours(tx, of_echoes.collect()).await?;
        let mut foreign = echo::settle(tx, told).await?;
        for message in &mut foreign {
            echo::take_over(tx, &mut batch.convs, message).await?;
        }
        batch.messages.extend(foreign);
        for changed in states::apply(tx, news).await? {
            if changed.state == "failed" {
                self.report_failed(tx, batch, changed.conversation_id).await?;
            }
        }
        Ok(())
    }

    /// A message that the platform could not deliver needs a person's eyes.
    async fn report_failed(
        &self,
        tx: &mut OrgTx,
        batch: &mut Batch,
        conversation: ConversationId,
    ) -> anyhow::Result<()> {
        if !batch.convs.contains_key(&conversation) {
            for conv in super::conversations::lock_by_id(tx, &[conversation.uuid()]).await? {
                batch.convs.insert(conv.id, conv);
            }
        }
        if let Some(conv) = batch.convs.get_mut(&conversation) {
            super::turn::escalate(tx, conv, Escalation::DeliveryFailed, None);
        }
        Ok(())
    }

    /// Stores what contacts wrote, understands it, and takes or schedules the bot's turn.
    async fn hear(
        &self,
        tx: &mut OrgTx,
        mind: &Mind,
        batch: &mut Batch,
        mut heard: Vec<Heard<'_>>,
    ) -> anyhow::Result<()> {
        heard.sort_by_key(|one| (one.conversation, one.incoming.at));
        let mut turns: HashMap<ConversationId, i64> = HashMap::new();
        let stored: Vec<NewMessage> = heard
            .iter()
            .filter_map(|one| batch.convs.get(&one.conversation).map(|conv| (conv, &one.incoming)))
            .map(|(conv, incoming)| {
                let turn = turns.entry(conv.id).or_insert(conv.turn);
                *turn += 1;
                apply::to_message(tx, conv, *turn, incoming)
            })
            .collect();
        // What is the first of its conversation is written after that one's row, and counts as new until then.
        let has_row =
            |message: &&NewMessage| batch.convs.get(&message.conversation).is_none_or(|conv| conv.unwritten.is_none());
        let (at_once, later): (Vec<&NewMessage>, Vec<&NewMessage>) = stored.iter().partition(has_row);
        let mut fresh = write::insert_each(tx, &at_once).await?;
        let later = write::firsts(&later);
        fresh.extend(&later);
        supersede(tx, batch, stored.iter().filter(|message| fresh.contains(&message.id.uuid()))).await?;
        let mut start = 0;
        while start < heard.len() {
            let conversation = heard[start].conversation;
            let end = start + heard[start..].iter().take_while(|one| one.conversation == conversation).count();
            let new: Vec<(&Heard<'_>, &NewMessage)> = heard[start..end]
                .iter()
                .zip(&stored[start..end])
                .filter(|(_, message)| fresh.contains(&message.id.uuid()))
                .collect();
            if let Some(conv) = batch.convs.get_mut(&conversation) {
                self.answer(tx, mind, conv, &new, &mut batch.messages, &mut batch.decisions);
            }
            start = end;
        }
        batch.messages.extend(stored.into_iter().filter(|message| later.contains(&message.id.uuid())));
        Ok(())
    }

    fn answer(
        &self,
        tx: &mut OrgTx,
        mind: &Mind,
        conv: &mut Conv,
        new: &[(&Heard<'_>, &NewMessage)],
        out: &mut Vec<NewMessage>,
        decisions: &mut Vec<Decision>,
    ) {
        let Some((last, _)) = new.last() else { return };
        let was_waiting = conv.waiting_since.is_some();
        let since_last = conv.last_inbound_at.map(|at| last.incoming.at - at);
        for (at, (one, message)) in new.iter().enumerate() {
            apply::receive(tx, conv, &one.incoming, message);
            if !one.incoming.readable {
                super::turn::escalate(tx, conv, Escalation::CannotRead, None);
                continue;
            }
            let reading = self.core.brain.read(&message.body, conv.language.as_deref(), one.vector.clone());
            let mut decision = Decision::new(tx.org(), "reply", POLICY, tx.clock()).about(conv.id, message.id);
            let read = apply::read_stages(&reading, apply::history(conv), &mut decision);
            apply::understood(tx, conv, &read, message.id, &decision);
            let is_last = at + 1 == new.len();
            let wait = burst_window(&message.body, since_last);
            if is_last && one.loaded.item.is_some() && !one.incoming.standby {
                // Alone and whole, and no model to ask: answered at once, in this transaction. Otherwise after the window,
                // all of it together.
                let answer = (wait.is_zero() && new.len() == 1 && !was_waiting)
                    .then(|| {
                        local_answer(mind, language(&read, conv), &message.body, one.vector.as_deref(), &mut decision)
                    })
                    .filter(|answer| {
                        !(self.core.brain.gateway().has_providers()
                            && conv.bot_holds()
                            && model_may_help(&read, answer))
                    });
                if let Some(answer) = answer {
                    let mut turn = conclude(mind, conv, &message.body, &read, answer, decision);
                    carry_out(tx, mind, conv, &mut turn, one.incoming.at, out);
                    decision = turn.decision;
                } else {
                    tx.enqueue(TurnJob::after(conv, tx.clock().now(), wait.max(TimeDelta::zero())));
                    decision.conclude("waits", None, "");
                }
            } else {
                decision.conclude("understood", None, "");
            }
            decisions.push(decision);
        }
        if let Some(reply) = out.last().filter(|message| message.conversation == conv.id && message.writer == "bot") {
            conv.preview = preview(&reply.body);
            conv.last_writer = "bot".to_owned();
            conv.last_message_at = conv.last_message_at.max(reply.at);
        }
    }
}

/// Writes what became of a batch: the conversations that it opened before the messages in them.
async fn write_down(tx: &mut OrgTx, batch: &mut Batch, marks: &[Mark]) -> anyhow::Result<()> {
    write_ours(tx, batch.convs.values_mut().collect()).await?;
    let written = write::insert(tx, &batch.messages).await?;
    let mut heard = batch.messages.iter().filter(|message| !message.outbound);
    anyhow::ensure!(
        heard.all(|message| written.contains(&message.id.uuid())),
        "a message was written elsewhere while it was handled as the first of its conversation"
    );
    // After the messages of this batch are there: one may be marked in the breath that brought it.
    marks::apply(tx, marks).await?;
    let changed: Vec<&Conv> = batch.convs.values().collect();
    save(tx, &changed).await?;
    Ok(())
}

/// A newer message makes the unsent answer to the older one void; the next turn answers both. A message that was there
/// before does not: nothing would answer in its place.
async fn supersede(tx: &mut OrgTx, batch: &Batch, fresh: impl Iterator<Item = &NewMessage>) -> Result<(), sqlx::Error> {
    let mut waiting: Vec<Uuid> = fresh
        .filter_map(|message| batch.convs.get(&message.conversation))
        .filter(|conv| conv.waiting_since.is_some())
        .map(|conv| conv.id.uuid())
        .collect();
    waiting.dedup();
    if !waiting.is_empty() {
        crate::handoff::cancel_drafts(tx, &waiting, Drafts::Answers, "superseded").await?;
    }
    Ok(())
}
