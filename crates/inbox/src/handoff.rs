//! Who holds the pen: the bot or a person. The fence of the conversation rises with every change of hands.

use kernel::db::OrgTx;
use kernel::ids::ConversationId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use uuid::Uuid;

/// Writes the row of a takeover and cancels the bot's unsent messages. The conversation must be locked and its fence raised.
pub async fn record_takeover(
    tx: &mut OrgTx,
    conversation: ConversationId,
    by: &str,
    reason: &str,
    actor: Actor,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into takeovers (org_id, id, conversation_id, by_actor, reason) values ($1, $2, $3, $4, $5)")
        .bind(tx.org())
        .bind(kernel::ids::uuid_at(tx.clock().now()))
        .bind(conversation)
        .bind(by)
        .bind(reason)
        .execute(tx.conn())
        .await?;
    cancel_drafts(tx, &[conversation.uuid()], Drafts::All, "taken_over").await?;
    let fact = Fact::ConversationTakenOver { conversation, by: by.to_owned() };
    tx.append(Event::new(Subject::Conversation(conversation), actor, fact));
    Ok(())
}

/// Which unsent messages of the bot are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drafts {
    /// All of them.
    All,
    /// Answers; not the word that a person will answer, which is said once, nor small talk.
    Answers,
}

/// Cancels bot messages that were not handed to a platform yet, with the reason. Returns how many.
pub async fn cancel_drafts(
    tx: &mut OrgTx,
    conversations: &[Uuid],
    which: Drafts,
    why: &str,
) -> Result<usize, sqlx::Error> {
    let cancelled: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "update messages set state = 'cancelled', state_code = $3 where org_id = $1 and conversation_id = any($2) \
         and state = 'queued' and writer = 'bot' and (meaningful or $4) returning id, conversation_id",
    )
    .bind(tx.org())
    .bind(conversations)
    .bind(why)
    .bind(which == Drafts::All)
    .fetch_all(tx.conn())
    .await?;
    for (message, conversation) in &cancelled {
        let conversation = ConversationId::from_uuid(*conversation);
        let fact = Fact::MessageState {
            conversation,
            message: kernel::ids::MessageId::from_uuid(*message),
            state: "cancelled".into(),
            code: Some(why.to_owned()),
        };
        tx.append(Event::new(Subject::Conversation(conversation), Actor::System, fact));
    }
    Ok(cancelled.len())
}
