//! The thread of a conversation: messages, private notes and changes of hands, by time.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ConversationId, MessageId};
use shell::auth::permission::View;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Listed, Page, Path, show};

use super::desk::Opened;
use super::lines::{self, Line};
use crate::conversations::{all_notes, message_rows};
use crate::core::Core;

/// Messages shown before "earlier".
const SHOWN: u32 = 60;

/// The lines of a thread, oldest first.
#[derive(Template)]
#[template(path = "inbox/_lines.html")]
pub(super) struct Thread {
    conversation: ConversationId,
    earlier: Option<String>,
    lines: Vec<Line>,
    may_reply: bool,
}

type Cursor = Page<(DateTime<Utc>, MessageId)>;

/// The lines alone, the latest or those before a cursor.
pub(super) async fn fragment(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    mut cursor: Cursor,
) -> Result<Html<String>, AppError> {
    cursor.limit = SHOWN;
    let mut tx = by.tx().await?;
    let opened = Opened::load(&mut tx, &core, id).await?;
    let may_reply = by.may(shell::Permission::Reply);
    show(&load(&mut tx, &opened, &cursor, may_reply).await?)
}

/// The latest lines.
pub(super) async fn latest(tx: &mut OrgTx, opened: &Opened, may_reply: bool) -> Result<Thread, AppError> {
    load(tx, opened, &Page { limit: SHOWN, after: None }, may_reply).await
}

async fn load(tx: &mut OrgTx, opened: &Opened, cursor: &Cursor, may_reply: bool) -> Result<Thread, AppError> {
    let id = opened.row.id;
    let found = message_rows(tx, id, cursor.after, cursor.fetch()).await?;
    let listed = Listed::new(cursor, found, |row| (row.at, row.id))?;
    let earlier = listed.next_cursor.as_ref().map(|next| format!("/inbox/{id}/thread?cursor={}", url_encoded(next)));
    // Notes and changes of hands belong between the messages of this stretch.
    let until = cursor.after.map(|(at, _)| at);
    let since = if earlier.is_some() { listed.data.last().map(|row| row.at) } else { None };
    let within = |at: DateTime<Utc>| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
    let mut lines: Vec<(DateTime<Utc>, Line)> =
        listed.data.into_iter().map(|row| (row.at, lines::message(row, opened))).collect();
    for note in all_notes(tx, id).await? {
        if within(note.created_at) {
            lines.push((note.created_at, lines::note(note, &opened.people)));
        }
    }
    for (at, event) in lines::handovers(tx, id, &opened.people).await? {
        if within(at) {
            lines.push((at, event));
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    Ok(Thread { conversation: id, earlier, lines: with_days(lines), may_reply })
}

/// Puts a rule with the day before the first line of each.
fn with_days(lines: Vec<(DateTime<Utc>, Line)>) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len() + 4);
    let mut day = None;
    for (at, line) in lines {
        if day.replace(at.date_naive()) != Some(at.date_naive()) {
            out.push(Line::Day(shell::page::day(&at)));
        }
        out.push(line);
    }
    out
}
