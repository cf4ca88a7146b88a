//! The letter that says that a conversation needs a person: to its assignee, or to those who want to hear of unassigned ones.
//!
//! The follower only decides whether it is time for one (at most one a conversation and hour, and only for what happened just
//! now: history that is written or read again writes no letters); the job writes them, if a person is still needed then. A letter
//! names the contact, the channel and the reason, never what was said.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, MemberId};
use kernel::ledger::{Actor, Fact, Follower, Recorded};
use kernel::mail::{self, Letter, one_line};
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::Core;
use crate::pages::why_person;

/// The kind of the jobs.
const KIND: &str = "inbox.handoff_letter";
/// No second letter about a conversation within this time, and none about what is older.
const QUIET: Duration = Duration::hours(1);
/// The most people one letter goes to.
const MOST: i64 = 20;

/// Notices that conversations need a person.
pub struct HandoffLetters;

#[derive(Serialize, Deserialize)]
struct Due {
    conversation: ConversationId,
}

#[async_trait]
impl Follower for HandoffLetters {
    fn name(&self) -> &'static str {
        "inbox.handoff_letters"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["conversation.status", "conversation.escalated"])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let now = tx.clock().now();
        for event in events.iter().filter(|event| now - QUIET < event.at) {
            if let Some(conversation) = needs_person(event)
                && claim(tx, conversation, now).await?
            {
                tx.enqueue(NewJob::new(Lane::Mail, KIND, &Due { conversation }));
            }
        }
        Ok(())
    }
}

/// The conversation that the bot handed over. A person who hands one over tells the others themselves.
fn needs_person(event: &Recorded) -> Option<ConversationId> {
    match &event.fact {
        _ if matches!(event.actor, Actor::User(_) | Actor::Key(_)) => None,
        Fact::ConversationStatus { conversation, to, .. } if to == "needs_human" => Some(*conversation),
        Fact::ConversationEscalated { conversation, .. } => Some(*conversation),
        _ => None,
    }
}

/// Whether it is time for a letter about a conversation; notes that there is one.
async fn claim(tx: &mut OrgTx, conversation: ConversationId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    // A conversation that was erased meanwhile needs nobody.
    let done = sqlx::query(
        "insert into handoff_letters (org_id, conversation_id, sent_at) \
         select org_id, id, $3 from conversations where org_id = $1 and id = $2 \
         on conflict (org_id, conversation_id) do update set sent_at = excluded.sent_at where handoff_letters.sent_at <= $4",
    )
    .bind(tx.org())
    .bind(conversation)
    .bind(now)
    .bind(now - QUIET)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the letters.
pub(crate) struct Write {
    core: Core,
}

/// What a letter tells of.
#[derive(FromRow)]
struct Waiting {
    contact_id: ContactId,
    channel_kind: String,
    channel_name: String,
    escalation: Option<String>,
    assignee_id: Option<MemberId>,
}

impl Write {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

#[async_trait]
impl Handler for Write {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let kernel = &self.core.kernel;
        if !kernel.config.mail.is_set() {
            return Ok(());
        }
        let Due { conversation } = job.parse()?;
        let mut tx = kernel.db.begin(job.org).await?;
        let Some(waiting) = waiting(&mut tx, conversation).await? else { return Ok(()) };
        let to = readers(&mut tx, waiting.assignee_id).await?;
        if to.is_empty() {
            return Ok(());
        }
        let cards = self.core.contacts.cards(&mut tx, &[waiting.contact_id]).await?;
        // Erased meanwhile: there is nobody to answer.
        let Some(card) = cards.get(&waiting.contact_id) else { return Ok(()) };
        let name = one_line(&card.name, 60);
        let reason = waiting.escalation.as_deref().map_or_else(|| "It waits for a person.".to_owned(), why_person);
        let channel = format!("{} ({})", one_line(&waiting.channel_name, 60), waiting.channel_kind);
        let link = format!("{}/inbox/{conversation}", kernel.config.http.base_url());
        let settings = format!("{}/settings/profile", kernel.config.http.base_url());
        for address in to {
            let letter = Letter::new(address, format!("{name} needs a person"))
                .facts(&[("Contact", &name), ("Channel", &channel), ("Why", &reason)])
                .link("Open the conversation", &link)
                .say("There is at most one such letter a conversation and hour. Which ones you get is set in your profile:")
                .link("Profile", &settings);
            mail::post(&mut tx, &kernel.vault, &letter).await.map_err(JobError::give_up)?;
        }
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

/// The conversation, if a person is still needed and nobody has taken it.
async fn waiting(tx: &mut OrgTx, conversation: ConversationId) -> Result<Option<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "select c.contact_id, c.channel_kind, h.name as channel_name, c.escalation, c.assignee_id \
         from conversations c join channels h on h.org_id = c.org_id and h.id = c.channel_id \
         where c.org_id = $1 and c.id = $2 and c.status = 'needs_human'",
    )
    .bind(tx.org())
    .bind(conversation)
    .fetch_optional(tx.conn())
    .await
}

/// Where the letter goes: to the assignee; without one, to the owners and admins who want to hear of it.
async fn readers(tx: &mut OrgTx, assignee: Option<MemberId>) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select u.email from members m join users u on u.id = m.user_id \
         left join member_notices n on n.org_id = m.org_id and n.member_id = m.id \
         where m.org_id = $1 and m.suspended_at is null \
         and case when $2::uuid is null \
           then m.role in ('owner', 'admin') \
             and coalesce(n.needs_human, case m.role when 'owner' then 'all' else 'mine' end) = 'all' \
           else m.id = $2 and coalesce(n.needs_human, 'mine') <> 'none' end \
         order by m.id limit $3",
    )
    .bind(tx.org())
    .bind(assignee)
    .bind(MOST)
    .fetch_all(tx.conn())
    .await
}
