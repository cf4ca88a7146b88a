//! Where visitors of a site who made themselves known go: to the leads room, and what they agreed to goes to the consent records.

use ai::local::LeadSignal;
use async_trait::async_trait;
use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{LeadId, TaskId};
use leads::arrivals::{Arrival, arrive};
use leads::tasks::NewTask;
use site::ports::{Arrived, Crm, Person, Reminder, Story};

/// Whose tasks and words these are.
const SOURCE: &str = "site";

/// The leads room and the consent records as the site asks for them.
pub struct Visitors(pub Kernel);

#[async_trait]
impl Crm for Visitors {
    async fn arrived(&self, tx: &mut OrgTx, person: &Person, story: &Story) -> anyhow::Result<Arrived> {
        let vault = self.0.vault.of(tx.org()).await?;
        let Person { name, email, phone, company } = person;
        let arrival = Arrival {
            from: story.inquiry.uuid(),
            channel: ChannelKind::Webchat,
            source: SOURCE,
            name,
            email,
            phone,
            company,
            title: &story.title,
            body: &story.body,
            href: &story.href,
            meeting: story.meeting,
            value: story.value.as_ref().map(|(minor, currency)| (*minor, currency.as_str())),
            signals: signals(story),
            task: &story.task,
            due_at: story.due_at,
        };
        let found = arrive(tx, &vault, &arrival).await?;
        if let Some(agrees) = story.letters {
            let word = (SOURCE, story.href.as_str());
            identity::privacy::record_marketing(tx, found.contact, agrees, word).await?;
        }
        Ok(Arrived { contact: found.contact, lead: found.lead, task: found.task })
    }

    async fn remind(&self, tx: &mut OrgTx, lead: LeadId, reminder: &Reminder<'_>) -> anyhow::Result<TaskId> {
        let task = NewTask {
            title: reminder.title,
            body: reminder.body,
            href: "",
            source: SOURCE,
            source_key: Some(reminder.key),
            assignee: reminder.assignee,
            due_at: Some(reminder.due_at),
        };
        Ok(leads::arrivals::remind(tx, lead, &task).await?)
    }
}

/// What a story shows of somebody's interest: who books wants to see it, who had the business looked at knows why, and who asks for
/// nothing but letters shows nothing yet.
fn signals(story: &Story) -> &'static [LeadSignal] {
    if story.meeting.is_some() {
        &[LeadSignal::DemoOrTrial, LeadSignal::FirstContactWithInterest]
    } else if story.value.is_some() {
        &[LeadSignal::ProductInquiry, LeadSignal::FirstContactWithInterest]
    } else if story.task.is_empty() {
        &[]
    } else {
        &[LeadSignal::ProductInquiry]
    }
}
