//! One line of a thread: a bubble, a note, a change of hands, a day.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, DecisionId, MessageId};
use serde_json::Value;

use super::desk::Opened;
use super::people::People;
use super::{channel_name, spoken};
use crate::conversations::{MessageRow, NoteOut};

/// What stands on a line.
pub(super) enum Line {
    /// The first of a day.
    Day(String),
    /// A message.
    Message(Bubble),
    /// A private note.
    Note(Note),
    /// Something that happened.
    Event(Happened),
}

/// A message.
pub(super) struct Bubble {
    pub id: MessageId,
    pub class: &'static str,
    pub text: String,
    pub deleted: bool,
    pub attachments: Vec<Attached>,
    pub by: String,
    pub by_icon: &'static str,
    pub decision: Option<DecisionId>,
    pub reaction: Option<String>,
    pub at: DateTime<Utc>,
    pub state: String,
    pub state_icon: &'static str,
    pub state_text: String,
    pub state_shown: bool,
    pub is_unknown: bool,
}

/// A file or place that came with a message.
pub(super) struct Attached {
    pub label: String,
    pub url: Option<String>,
}

/// A private note.
pub(super) struct Note {
    pub text: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Something that happened.
pub(super) struct Happened {
    pub icon: &'static str,
    pub text: String,
    pub at: DateTime<Utc>,
}

/// A message as a bubble.
pub(super) fn message(row: MessageRow, opened: &Opened) -> Line {
    let (by, by_icon) = match row.writer.as_str() {
        "bot" => ("Recoup".to_owned(), "sparkles"),
        "human" => (row.author_id.map_or_else(|| "the team".to_owned(), |author| opened.people.member(author)), "user"),
        "native_app" => (format!("in the {} app", channel_name(&opened.row.channel_kind)), "phone"),
        _ => (String::new(), "user"),
    };
    let outbound = row.direction == "outbound";
    let class = match (outbound, row.state.as_str(), row.writer.as_str()) {
        (false, ..) => "in",
        (true, "failed" | "cancelled", _) => "out failed",
        (true, _, "bot") => "out bot",
        (true, ..) => "out",
    };
    let (state_icon, state_text) = if outbound { state(&row) } else { ("", String::new()) };
    let attachments = attached(&row.attachments);
    let text =
        if row.body.is_empty() && attachments.is_empty() { format!("[{}]", spoken(&row.kind)) } else { row.body };
    Line::Message(Bubble {
        id: row.id,
        class,
        text,
        deleted: row.deleted_at.is_some(),
        attachments,
        by,
        by_icon,
        decision: row.decision_id.filter(|_| row.writer == "bot"),
        reaction: row.reaction.filter(|reaction| !reaction.is_empty()),
        at: row.at,
        is_unknown: row.state == "unknown",
        state_shown: matches!(row.state.as_str(), "failed" | "unknown" | "cancelled" | "queued"),
        state: row.state,
        state_icon,
        state_text,
    })
}

fn state(row: &MessageRow) -> (&'static str, String) {
    let detail =
        || row.state_detail.clone().or_else(|| row.state_code.as_deref().map(spoken)).filter(|text| !text.is_empty());
    let with = |word: &str| detail().map_or_else(|| word.to_owned(), |detail| format!("{word}: {detail}"));
    match row.state.as_str() {
        "queued" => match row.send_after {
            Some(at) => ("clock", format!("goes out {}", shell::page::clock_time(&at))),
            None => ("clock", "on its way".to_owned()),
        },
        "sending" => ("loader", "being sent".to_owned()),
        "sent" => ("check", "sent".to_owned()),
        "delivered" => ("check-check", "delivered".to_owned()),
        "read" => ("check-check", "read".to_owned()),
        "failed" => ("circle-alert", with("not delivered")),
        "unknown" => ("circle-help", "nobody knows whether it arrived".to_owned()),
        "cancelled" => ("x", with("not sent")),
        _ => ("", String::new()),
    }
}

fn attached(value: &Value) -> Vec<Attached> {
    let text = |item: &Value, key: &str| {
        item.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| Attached {
            label: text(item, "filename")
                .or_else(|| text(item, "title"))
                .or_else(|| text(item, "kind"))
                .unwrap_or_else(|| "attachment".to_owned()),
            // Only what a browser opens as a page; anything else could be a script.
            url: text(item, "url").filter(|url| url.starts_with("https://")),
        })
        .collect()
}

/// A note as a line.
pub(super) fn note(note: NoteOut, people: &People) -> Line {
    Line::Note(shown_note(note, people))
}

/// A note with its writer's name.
pub(super) fn shown_note(note: NoteOut, people: &People) -> Note {
    Note { text: note.body, by: people.member(note.author_id.uuid()), at: note.created_at }
}

/// When the pen changed hands.
pub(super) async fn handovers(
    tx: &mut OrgTx,
    id: ConversationId,
    people: &People,
) -> Result<Vec<(DateTime<Utc>, Line)>, sqlx::Error> {
    type Row = (String, String, DateTime<Utc>, Option<DateTime<Utc>>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "select by_actor, reason, at, released_at, released_by from takeovers where org_id = $1 and conversation_id = $2 order by at desc limit 100",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    let mut out = Vec::new();
    for (by, reason, at, released_at, released_by) in rows {
        let who = people.actor(&by);
        let text = match reason.as_str() {
            "replied" => format!("{who} took over by replying"),
            crate::webchat::ASKED => "The visitor asked for a person".to_owned(),
            _ => format!("{who} took over"),
        };
        out.push((at, Line::Event(Happened { icon: "hand", text, at })));
        if let Some(at) = released_at {
            let who = released_by.map_or_else(|| "Somebody".to_owned(), |by| people.actor(&by));
            out.push((at, Line::Event(Happened { icon: "bot", text: format!("{who} handed back to Recoup"), at })));
        }
    }
    Ok(out)
}
