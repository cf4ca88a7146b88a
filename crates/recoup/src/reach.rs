//! How plays reach people: the inbox writes where it may, the leads room gives a person a task where it may not, and consent and
//! urgency are asked before chance is.

use async_trait::async_trait;
use inbox::outreach::{Written, standing, write};
use kernel::db::OrgTx;
use kernel::ids::ContactId;
use kernel::ledger::Actor;
use leads::tasks::{NewTask, make};
use revenue::plays::{Deed, Done, Exempt, Outreach, Prospect, Recipe, Screen};

/// The inbox, the leads room and consent, as plays ask for them.
pub struct Reach;

#[async_trait]
impl Outreach for Reach {
    async fn screen(&self, tx: &mut OrgTx, play: Recipe, prospects: &[Prospect]) -> anyhow::Result<Vec<Screen>> {
        let contacts: Vec<ContactId> = prospects.iter().map(|one| ContactId::from_uuid(one.contact)).collect();
        let stand = standing(tx, &contacts).await?;
        let messages = identity::privacy::latest_consents(tx, &contacts, "messages").await?;
        let marketing = identity::privacy::latest_consents(tx, &contacts, "marketing").await?;
        Ok(contacts
            .iter()
            .map(|contact| {
                let stands = stand.get(contact).copied().unwrap_or_default();
                let refused = stands.opted_out || messages.get(contact) == Some(&false);
                let advertised = marketing.get(contact);
                // Advertising needs a yes; everything else must not have met a no.
                let agrees = if play.is_marketing() { advertised == Some(&true) } else { advertised != Some(&false) };
                let exempt =
                    if stands.urgent { Some(Exempt::Urgent) } else { stands.regulated.then_some(Exempt::Regulated) };
                // An urgent or regulated case goes to a person, whatever may be written.
                Screen { eligible: exempt.is_some() || (!refused && agrees), exempt }
            })
            .collect())
    }

    async fn act(&self, tx: &mut OrgTx, deed: &Deed<'_>) -> anyhow::Result<Done> {
        if !deed.by_person {
            match write(tx, ContactId::from_uuid(deed.prospect.contact), deed.message).await? {
                Written::Queued(message) => return Ok(Done::Message(message.uuid())),
                Written::Quiet(until) => return Ok(Done::Later(until)),
                Written::NoChannel => {}
            }
        }
        let title = format!("{}: get in touch", deed.play.title());
        let body = if deed.by_person {
            format!("{} This case is urgent or regulated: please decide what is said.", deed.play.when())
        } else {
            format!("{} No channel takes a message now. What the play would say: {}", deed.play.when(), deed.message)
        };
        let href = format!("/revenue/leads/{}", deed.prospect.lead);
        let key = format!("{}:{}", deed.play.as_str(), deed.prospect.lead);
        let task = NewTask {
            title: &title,
            body: &body,
            href: &href,
            source: "play",
            source_key: Some(&key),
            due_at: Some(tx.clock().now() + chrono::Duration::days(1)),
            ..NewTask::default()
        };
        Ok(Done::Task(make(tx, Actor::System, &task).await?.uuid()))
    }
}
