//! What the site asks of other rooms; `recoup` wires them.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ChatId, ContactId, ConversationId, InquiryId, LeadId, MemberId, MessageId, TaskId};
use shell::Tab;

/// Somebody who made themselves known on the site.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// How they call themselves; empty when they did not say.
    pub name: String,
    /// Checked for its form.
    pub email: String,
    /// As they wrote it; empty when they did not say.
    pub phone: String,
    /// Empty when they did not say.
    pub company: String,
}

/// What they want, as the desk should read it: it becomes the lead's story.
#[derive(Clone, Debug)]
pub struct Story {
    /// What it came from.
    pub inquiry: InquiryId,
    /// One line, such as `Maturity audit: 43 of 100`.
    pub title: String,
    /// What they wrote, answered and saw, in plain text.
    pub body: String,
    /// Where the desk reads all of it: a path of ours.
    pub href: String,
    /// What is to be done about it; empty for no task.
    pub task: String,
    /// By when.
    pub due_at: Option<DateTime<Utc>>,
    /// A consultation: a meeting of the lead.
    pub meeting: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What the business could win back a year, in minor units and a currency, where the audit says so.
    pub value: Option<(i64, String)>,
    /// Whether they agreed to letters; none when they were not asked.
    pub letters: Option<bool>,
}

/// Whom and what it became.
#[derive(Clone, Copy, Debug)]
pub struct Arrived {
    /// The contact, found by address or made.
    pub contact: ContactId,
    /// The open lead, found or made.
    pub lead: LeadId,
    /// The task, where one was wanted.
    pub task: Option<TaskId>,
}

/// Something that somebody should do now.
#[derive(Clone, Copy, Debug)]
pub struct Reminder<'a> {
    /// What it is made from: while such a task is open no second one is made.
    pub key: &'a str,
    /// 1 to 200 characters.
    pub title: &'a str,
    /// Why.
    pub body: &'a str,
    /// Whose it is.
    pub assignee: Option<MemberId>,
    /// By when.
    pub due_at: DateTime<Utc>,
}

/// The room of contacts and leads.
#[async_trait]
pub trait Crm: Send + Sync {
    /// Finds or makes the contact by its address, its open lead, the story as an activity, and the task; within the transaction. The
    /// same story again changes nothing and gives the same; another story of the same inquiry (a consultation that was moved) takes
    /// the place of the one before.
    async fn arrived(&self, tx: &mut OrgTx, person: &Person, story: &Story) -> anyhow::Result<Arrived>;

    /// Makes a task about a lead, where none of this key is open.
    async fn remind(&self, tx: &mut OrgTx, lead: LeadId, reminder: &Reminder<'_>) -> anyhow::Result<TaskId>;
}

/// Something a visitor wrote.
#[derive(Clone, Debug)]
pub struct Said {
    /// The id it has in the chat: the same one again changes nothing.
    pub id: MessageId,
    /// Whether the site's assistant wrote it.
    pub by_assistant: bool,
    /// The words.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The inbox.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Brings a chat before people: makes the organisation's web chat channel if there is none and the conversation with all that was
    /// said, asks for a person, and gives the conversation. Called again it adds what is new. Answers come back through
    /// [`crate::answer()`].
    async fn hand_over(
        &self,
        tx: &mut OrgTx,
        chat: ChatId,
        person: &Person,
        said: &[Said],
    ) -> anyhow::Result<ConversationId>;
}

/// A figure of the last 90 days, from what an organisation's own sources told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Minutes or percent, rounded against the business; none where no source tells it.
    pub value: Option<u32>,
    /// Of how many leads, appointments, quotes or reviews it is made.
    pub cases: u64,
    /// What was counted, in a sentence.
    pub how: String,
    /// The first day.
    pub from: NaiveDate,
    /// The last day, included.
    pub to: NaiveDate,
    /// The page that says more about it: a path of ours.
    pub href: &'static str,
}

/// What an organisation measures of the areas that an audit asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Minutes until the first answer that helps: the median.
    pub answer_minutes: Figure,
    /// Calls, messages and forms that nobody answered, in percent.
    pub missed_percent: Figure,
    /// Appointments that nobody came to, in percent.
    pub no_show_percent: Figure,
    /// Quotes that were followed up within a week, in percent.
    pub followed_up_percent: Figure,
    /// Reviews that were answered, in percent.
    pub reviews_answered_percent: Figure,
}

/// Whoever keeps an organisation's figures.
#[async_trait]
pub trait Measured: Send + Sync {
    /// The figures as of now, from sums that are kept anyway: they are asked for whenever somebody looks.
    async fn figures(&self, tx: &mut OrgTx) -> anyhow::Result<Figures>;

    /// The tabs of the pages about figures, under which a page of ours stands too; `here` is its address.
    fn tabs(&self, here: &str) -> Vec<Tab>;
}
