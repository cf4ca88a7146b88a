//! Chats in the database. A visitor reaches the one whose token they carry; workers reach all of the organisation's. What was said is
//! sealed.

use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ids::{ChatId, ConversationId, MessageId};
use kernel::vault::{OrgVault, VaultError};
use serde_json::Value;
use sqlx::types::Json;

use super::engine::{Data, Flow};

/// A visitor's conversation.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub id: ChatId,
    pub state: State,
    /// Where the dialogue stands.
    pub flow: Flow,
    /// Where the visit came from.
    pub source: Value,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Assistant,
    People,
    Closed,
}

impl State {
    /// The word of the database, and of the API.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::People => "people",
            Self::Closed => "closed",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "assistant" => Self::Assistant,
            "people" => Self::People,
            _ => Self::Closed,
        }
    }
}

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    Visitor,
    Assistant,
    Person,
}

impl Author {
    /// The word of the database, and of the API.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Assistant => "assistant",
            Self::Person => "person",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "visitor" => Self::Visitor,
            "assistant" => Self::Assistant,
            _ => Self::Person,
        }
    }
}

/// Something to write into a chat.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewLine<'a> {
    pub id: MessageId,
    pub author: Author,
    pub text: &'a str,
    /// Choices, links and quotes.
    pub data: Option<&'a Data>,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub id: MessageId,
    pub author: Author,
    pub text: String,
    pub data: Option<Data>,
    pub at: DateTime<Utc>,
}

type Row = (ChatId, String, Json<Flow>, Value);

fn chat((id, state, flow, source): Row) -> Chat {
    Chat { id, state: State::from_word(&state), flow: flow.0, source }
}

/// Begins a chat under a token.
pub(super) async fn begin(tx: &mut OrgTx, token: &str, flow: &Flow, source: &Value) -> Result<ChatId, sqlx::Error> {
    let (org, now, id) = (tx.org(), tx.clock().now(), ChatId::new(tx.clock()));
    sqlx::query(
        "insert into site_chats (org_id, id, token_hash, flow, source, begun_at, last_at) values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(org)
    .bind(id)
    .bind(site_token(token))
    .bind(Json(flow))
    .bind(source)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// The chat of a token.
pub(super) async fn by_token(tx: &mut OrgTx, token: &str) -> Result<Option<Chat>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("select id, state, flow, source from site_chats where org_id = $1 and token_hash = $2")
            .bind(tx.org())
            .bind(site_token(token))
            .fetch_optional(tx.conn())
            .await?;
    Ok(row.map(chat))
}

/// The same, and nobody else changes it until the transaction ends.
pub(super) async fn held(tx: &mut OrgTx, token: &str) -> Result<Option<Chat>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select id, state, flow, source from site_chats where org_id = $1 and token_hash = $2 for update",
    )
    .bind(tx.org())
    .bind(site_token(token))
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(chat))
}

/// A chat by its id, for workers; held until the transaction ends.
pub(super) async fn find(tx: &mut OrgTx, id: ChatId) -> Result<Option<Chat>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("select id, state, flow, source from site_chats where org_id = $1 and id = $2 for update")
            .bind(tx.org())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    Ok(row.map(chat))
}

/// Whether a chat is still there.
pub(super) async fn exists(tx: &mut OrgTx, id: ChatId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from site_chats where org_id = $1 and id = $2)")
        .bind(tx.org())
        .bind(id)
        .fetch_one(tx.conn())
        .await
}

/// Keeps where a chat stands, and that something was said now.
pub(super) async fn keep(tx: &mut OrgTx, id: ChatId, state: State, flow: &Flow) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("update site_chats set state = $3, flow = $4, last_at = $5 where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .bind(state.word())
        .bind(Json(flow))
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps that something was said now.
pub(super) async fn touch(tx: &mut OrgTx, id: ChatId) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query("update site_chats set last_at = $3 where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps which conversation of the inbox a chat became.
pub(super) async fn joined(tx: &mut OrgTx, id: ChatId, conversation: ConversationId) -> Result<(), sqlx::Error> {
    sqlx::query("update site_chats set conversation_id = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(conversation)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes something that was said, once: whether it was not there yet.
pub(super) async fn insert(
    tx: &mut OrgTx,
    vault: &OrgVault,
    chat: ChatId,
    line: &NewLine<'_>,
) -> Result<bool, VaultError> {
    let (org, now) = (tx.org(), tx.clock().now());
    let text: String = line.text.chars().filter(|character| *character != '\0').collect();
    let sealed = vault.seal_text(&place(chat, line.id), &text)?;
    let written = sqlx::query(
        "insert into site_chat_messages (org_id, chat_id, id, author, sealed, data, at) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict do nothing",
    )
    .bind(org)
    .bind(chat)
    .bind(line.id)
    .bind(line.author.word())
    .bind(sealed)
    .bind(line.data.map(Json))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(written.rows_affected() == 1)
}

/// How much was said in a chat.
pub(super) async fn count(tx: &mut OrgTx, chat: ChatId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from site_chat_messages where org_id = $1 and chat_id = $2")
        .bind(tx.org())
        .bind(chat)
        .fetch_one(tx.conn())
        .await
}

/// A line as the table holds it: its id, who said it, its sealed text, its data, its instant.
type Kept = (MessageId, String, Vec<u8>, Option<Json<Data>>, DateTime<Utc>);

/// What was said in a chat from an instant on, oldest first.
pub(super) async fn lines(
    tx: &mut OrgTx,
    vault: &OrgVault,
    chat: ChatId,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<Line>, VaultError> {
    let rows: Vec<Kept> = sqlx::query_as(
        "select id, author, sealed, data, at from site_chat_messages \
         where org_id = $1 and chat_id = $2 and ($3::timestamptz is null or at >= $3) order by at, id limit 1000",
    )
    .bind(tx.org())
    .bind(chat)
    .bind(since)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(id, author, sealed, data, at)| {
            let text = vault.open_text(&place(chat, id), &sealed)?;
            Ok(Line { id, author: Author::from_word(&author), text, data: data.map(|data| data.0), at })
        })
        .collect()
}

/// A text is sealed to its place in its chat.
fn place(chat: ChatId, line: MessageId) -> String {
    format!("site_chats/{chat}/{line}")
}
