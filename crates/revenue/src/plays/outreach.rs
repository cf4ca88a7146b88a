//! What this room asks of whoever writes to people: whether it may, and to do it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use uuid::Uuid;

use super::Recipe;

/// Somebody a play would touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prospect {
    /// The lead.
    pub lead: Uuid,
    /// The contact, or a digest of one that is not ours.
    pub contact: Uuid,
}

/// Why chance must not decide about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempt {
    /// Waiting would do harm.
    Urgent,
    /// Law, health or the like: a person decides what is said.
    Regulated,
}

impl Exempt {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Regulated => "regulated",
        }
    }
}

/// What is known of a prospect before chance decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether a message or a person can reach them at all, and they agree to it. Others do not take part.
    pub eligible: bool,
    /// Why chance must not decide.
    pub exempt: Option<Exempt>,
}

/// What is to be done with one lead.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// Whom it concerns.
    pub prospect: Prospect,
    /// The play.
    pub play: Recipe,
    /// What to say.
    pub message: &'a str,
    /// Only a person may do it: urgent and regulated cases.
    pub by_person: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A message was queued: its id.
    Message(Uuid),
    /// A person was asked to: the activity.
    Task(Uuid),
    /// Not before this instant: quiet hours.
    Later(DateTime<Utc>),
    /// There is nobody left to reach.
    Nobody,
}

/// Writes to people within the rules of their channels, or asks a person to.
#[async_trait]
pub trait Outreach: Send + Sync + 'static {
    /// What is known of each prospect, in order.
    async fn screen(&self, tx: &mut OrgTx, play: Recipe, prospects: &[Prospect]) -> anyhow::Result<Vec<Screen>>;

    /// Does it, within the transaction: what it queues is committed with the enrolment's new state, or not at all.
    async fn act(&self, tx: &mut OrgTx, deed: &Deed<'_>) -> anyhow::Result<Done>;
}
