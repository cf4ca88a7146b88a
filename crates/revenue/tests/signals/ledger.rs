//! What the ledger tells of leads becomes signals, and other systems' signals find our contacts.

use chrono::Duration;
use connectors::signal::{Signal, SignalKind};
use kernel::channel::ChannelKind;
use kernel::ids::{ContactId, ConversationId, LeadId, MessageId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use kernel::money::{Currency, Money};

use crate::support::{House, address};

#[tokio::test]
async fn a_lead_of_ours_is_answered_and_paid_through_another_system() {
    let house = House::new().await;
    let clock = &house.web.kernel.clock;
    let (lead, contact, asked) = (LeadId::new(clock), ContactId::new(clock), clock.now() - Duration::hours(3));
    let sent = Fact::MessageSent {
        conversation: ConversationId::new(clock),
        contact,
        message: MessageId::new(clock),
        channel: ChannelKind::Whatsapp,
        writer: Writer::Bot,
        meaningful: true,
        answered_after_s: Some(40),
        first_answer: true,
    };
    let created = Fact::LeadCreated { lead, contact, channel: Some(ChannelKind::Whatsapp) };
    house
        .tell(vec![
            Event::new(Subject::Contact(contact), Actor::System, Fact::ContactCreated { contact, channel: None })
                .happened_at(asked),
            // The answer is out a moment before the lead is seen.
            Event::new(Subject::Contact(contact), Actor::Bot, sent).happened_at(asked + Duration::seconds(40)),
            Event::new(Subject::Lead(lead), Actor::System, created).happened_at(asked + Duration::seconds(42)),
        ])
        .await;
    let mut payment = Signal::new("till", "ch_1", SignalKind::Payment, asked + Duration::hours(1));
    payment.contact = Some(address(contact).to_uppercase());
    payment.value = Some(Money::new(12_000, Currency::USD));
    house.land(vec![payment]).await;
    house.settle().await;
    let mut tx = house.tx().await;
    let (after, paid, leaks): (Option<i64>, i64, bool) = sqlx::query_as(
        "select answered_after_s, paid_minor, leaks_at is not null from journeys where org_id = $1 and id = $2",
    )
    .bind(house.org)
    .bind(lead)
    .fetch_one(tx.conn())
    .await
    .expect("the journey");
    assert_eq!((after, paid, leaks), (Some(40), 12_000, false));
    drop(tx);
    let rows = house.get(&format!("/v2/signals?lead={lead}")).await.json();
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(3), "the lead, its answer and its payment: {rows}");
    house.assert_whole("with names").await;
}

#[tokio::test]
async fn a_merge_brings_stories_together_and_undoing_it_parts_them() {
    let house = House::new().await;
    let clock = &house.web.kernel.clock;
    let (lead, kept, merged) = (LeadId::new(clock), ContactId::new(clock), ContactId::new(clock));
    let at = clock.now() - Duration::hours(3);
    let mut payment = Signal::new("till", "ch_1", SignalKind::Payment, at + Duration::hours(1));
    payment.contact = Some(merged.to_string());
    payment.value = Some(Money::new(500, Currency::USD));
    house.land(vec![payment]).await;
    let created = Fact::LeadCreated { lead, contact: kept, channel: None };
    house.tell(vec![Event::new(Subject::Lead(lead), Actor::System, created).happened_at(at)]).await;
    house.settle().await;
    let paid = async || {
        let mut tx = house.tx().await;
        let paid: i64 = sqlx::query_scalar("select paid_minor from journeys where org_id = $1 and id = $2")
            .bind(house.org)
            .bind(lead)
            .fetch_one(tx.conn())
            .await
            .expect("the journey");
        paid
    };
    assert_eq!(paid().await, 0);
    house.tell(vec![Event::new(Subject::Contact(kept), Actor::System, Fact::ContactMerged { kept, merged })]).await;
    house.settle().await;
    assert_eq!(paid().await, 500);
    house.assert_whole("merged").await;
    house
        .tell(vec![Event::new(Subject::Contact(kept), Actor::System, Fact::ContactUnmerged { kept, restored: merged })])
        .await;
    house.settle().await;
    assert_eq!(paid().await, 0);
    house.assert_whole("parted").await;
}
