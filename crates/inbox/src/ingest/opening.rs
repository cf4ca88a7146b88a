//! New conversations: begun in memory, and each row written once.
//!
//! A row must be there before what refers to it is written, and it is cheapest when it is written with all that its first messages
//! make of it. Whoever writes it late may find that somebody else wrote one meanwhile: what was decided about the own one is void
//! then, and all of it is done again, with the row first.

use kernel::db::OrgTx;
use kernel::ids::ConversationId;
use kernel::vault::{OrgVault, VaultError};
use sqlx::Row as _;
use uuid::Uuid;

use super::conversations::{Conv, ConvRows, Kind, Place, Thread};

/// When the rows of new conversations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// At once: what others wrote meanwhile is seen before anything is decided.
    AtOnce,
    /// With their first messages: fails where others wrote one, or one of those messages, meanwhile.
    WithMessages,
}

/// What the row of a new conversation needs beside it, until it is written.
#[derive(Clone, Debug)]
pub(crate) struct Unwritten {
    /// The id to answer to, sealed where rows hold only its mark.
    sealed: Option<Vec<u8>>,
}

/// A thread's conversation as it begins. The values are those of a row of which nothing more is said.
pub(super) fn begin(tx: &OrgTx, vault: &OrgVault, thread: &Thread) -> Result<Conv, VaultError> {
    let sealed = vault.seal_id(thread.kind, thread.channel, &thread.recipient)?;
    Ok(Conv {
        id: ConversationId::new(tx.clock()),
        channel_id: thread.channel,
        channel_kind: Kind(thread.kind),
        contact_id: thread.contact,
        recipient: vault.kept_id(thread.kind, &thread.recipient),
        status: "open".to_owned(),
        holder: "bot".to_owned(),
        fence: 1,
        turn: 0,
        quiet_turn: 0,
        language: None,
        inbound_count: 0,
        unresolved: 0,
        held_back: false,
        escalation: None,
        last_inbound_at: None,
        last_outbound_at: None,
        last_message_at: thread.at,
        waiting_since: None,
        window_from: None,
        preview: String::new(),
        last_writer: "contact".to_owned(),
        unread: 0,
        sentiment: None,
        urgency: None,
        opted_out: false,
        snoozed_until: None,
        opened: true,
        dirty: false,
        unwritten: Some(Unwritten { sealed }),
    })
}

/// Writes the rows of those that have none yet, as they stand. Gives the places at which somebody else's row was already.
pub(super) async fn write_new(tx: &mut OrgTx, convs: Vec<&mut Conv>) -> Result<Vec<Place>, sqlx::Error> {
    let mut new: Vec<&mut Conv> = convs.into_iter().filter(|conv| conv.unwritten.is_some()).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    // In one order for all, so that two who open the same do not wait for each other.
    new.sort_unstable_by_key(|conv| conv.place());
    let written = insert(tx, &new).await?;
    let mut elsewhere = Vec::new();
    for conv in new {
        if written.contains(&conv.id.uuid()) {
            conv.unwritten = None;
            conv.dirty = false;
        } else {
            elsewhere.push(conv.place());
        }
    }
    Ok(elsewhere)
}

/// Writes the rows of those that have none yet, and fails where somebody else's row was already.
pub(super) async fn write_ours(tx: &mut OrgTx, convs: Vec<&mut Conv>) -> anyhow::Result<()> {
    let elsewhere = write_new(tx, convs).await?;
    anyhow::ensure!(elsewhere.is_empty(), "a conversation was opened elsewhere while its first message was handled");
    Ok(())
}

async fn insert(tx: &mut OrgTx, new: &[&mut Conv]) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut rows = ConvRows::default();
    for conv in new {
        rows.push(conv);
    }
    let sealed: Vec<Option<&[u8]>> =
        new.iter().map(|conv| conv.unwritten.as_ref().and_then(|row| row.sealed.as_deref())).collect();
    let written = rows
        .bound_to(INSERT, tx.org())
        .bind(new.iter().map(|conv| conv.channel_id.uuid()).collect::<Vec<_>>())
        .bind(new.iter().map(|conv| conv.kind().as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|conv| conv.contact_id.uuid()).collect::<Vec<_>>())
        .bind(sealed)
        .fetch_all(tx.conn())
        .await?;
    written.iter().map(|row| row.try_get("id")).collect()
}

/// Writes conversations that are not there yet, from one array a column.
const INSERT: &str = "insert into conversations (org_id, id, recipient, status, holder, fence, turn, quiet_turn, language, inbound_count, \
      unresolved, held_back, escalation, last_inbound_at, last_outbound_at, last_message_at, waiting_since, window_from, preview, \
      last_writer, unread, sentiment, urgency, opted_out, snoozed_until, channel_id, channel_kind, contact_id, recipient_sealed) \
    select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], \
      $10::int[], $11::int[], $12::boolean[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], \
      $17::timestamptz[], $18::timestamptz[], $19::text[], $20::text[], $21::int[], $22::text[], $23::text[], $24::boolean[], \
      $25::timestamptz[], $26::uuid[], $27::text[], $28::uuid[], $29::bytea[]) \
    on conflict (org_id, contact_id, channel_id) do nothing returning id";
