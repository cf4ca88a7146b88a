//! What people do at the desk. Each answers with the conversation as it is then, and a word of what was done.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use kernel::ids::{ConversationId, MessageId};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Form, Path, Toast};

use super::Nothing;
use super::desk::{LOOK_AGAIN, render};
use crate::conversations::{
    self, AssignIn, MessageIn, ResolutionIn, StatusIn, change_status, release, settle_in_flight, take, write_note,
    write_reply,
};
use crate::core::Core;

type May = Allowed<Reply>;

/// A reply.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyForm {
    text: String,
}

/// A private note.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteForm {
    body: String,
}

/// How long to put it away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeForm {
    hours: i64,
}

/// What became of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolutionForm {
    outcome: String,
}

pub(super) async fn reply(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(form): Form<ReplyForm>,
) -> Result<Response, AppError> {
    // Browsers send line ends as CRLF.
    let text = form.text.replace("\r\n", "\n");
    write_reply(&by, id, MessageIn { text, ..MessageIn::default() }).await?;
    answer(&by, &core, id, None).await
}

pub(super) async fn take_over(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    take(&mut tx, id, by.actor(), "took over").await?;
    tx.commit().await?;
    let toast = if settle_in_flight(&by, id).await? {
        Toast::problem("You hold the pen. A message of Recoup was being sent at that moment and may still arrive.")
    } else {
        Toast::done("You hold the pen; Recoup keeps quiet")
    };
    answer(&by, &core, id, Some(toast)).await
}

pub(super) async fn hand_back(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    release(&mut tx, id, by.actor()).await?;
    tx.commit().await?;
    answer(&by, &core, id, Some(Toast::done("Recoup holds the pen again"))).await
}

pub(super) async fn assign(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let Some(me) = by.member() else {
        return Err(AppError::unprocessable("only a member can take care of a conversation"));
    };
    conversations::assign(&by, id, &AssignIn { member_id: Some(me) }).await?;
    answer(&by, &core, id, Some(Toast::done("Assigned to you").undo_by_delete(format!("/inbox/{id}/assignment")))).await
}

pub(super) async fn unassign(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Response, AppError> {
    conversations::assign(&by, id, &AssignIn { member_id: None }).await?;
    answer(&by, &core, id, Some(Toast::done("Assigned to nobody"))).await
}

pub(super) async fn note(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(form): Form<NoteForm>,
) -> Result<Response, AppError> {
    write_note(&by, id, &form.body.replace("\r\n", "\n")).await?;
    answer(&by, &core, id, None).await
}

pub(super) async fn snooze(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(form): Form<SnoozeForm>,
) -> Result<Response, AppError> {
    if !(1..=24 * 90).contains(&form.hours) {
        return Err(AppError::field("hours", "must lie between 1 and 2,160"));
    }
    set(&by, id, "snoozed", Some(TimeDelta::hours(form.hours))).await?;
    answer(
        &by,
        &core,
        id,
        Some(Toast::done("Snoozed; a new message brings it back").undo_by_delete(format!("/inbox/{id}/closure"))),
    )
    .await
}

pub(super) async fn close(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    set(&by, id, "closed", None).await?;
    answer(&by, &core, id, Some(Toast::done("Closed").undo_by_delete(format!("/inbox/{id}/closure")))).await
}

pub(super) async fn open_again(
    by: May,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Response, AppError> {
    set(&by, id, "open", None).await?;
    answer(&by, &core, id, Some(Toast::done("Open again"))).await
}

async fn set(by: &May, id: ConversationId, status: &str, wait: Option<TimeDelta>) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let given = StatusIn { status: status.to_owned(), snoozed_until: wait.map(|wait| by.now() + wait) };
    change_status(&mut tx, id, by.actor(), &given).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn resolve(
    by: May,
    State(core): State<Core>,
    Path((id, message)): Path<(ConversationId, MessageId)>,
    Form(form): Form<ResolutionForm>,
) -> Result<Response, AppError> {
    conversations::resolve(&by, message, &ResolutionIn { outcome: form.outcome }).await?;
    answer(&by, &core, id, Some(Toast::done("Noted"))).await
}

/// The panes as they are now for htmx; a browser without script is led back to the page.
pub(super) async fn answer(
    by: &May,
    core: &Core,
    id: ConversationId,
    toast: Option<Toast>,
) -> Result<Response, AppError> {
    if !by.request().fragment {
        return Ok((toast.map(Toast::on_next_page), Redirect::to(&format!("/inbox/{id}"))).into_response());
    }
    let panes = render(by, core, id).await?;
    Ok((toast, [LOOK_AGAIN], Html(panes)).into_response())
}
