//! `/inbox/{id}/drafts/{decision}`: a suggestion as the text of the composer.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use kernel::ids::{ConversationId, DecisionId};
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Path, show};

use super::pen::said;
use crate::core::Core;

#[derive(Template)]
#[template(path = "inbox/_draft.html")]
struct Draft {
    text: String,
}

/// The text field with what the bot would say.
pub(super) async fn fragment(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path((id, decision)): Path<(ConversationId, DecisionId)>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let text = said(&mut tx, &core, id, decision).await?.ok_or_else(|| AppError::not_found("suggestion"))?;
    show(&Draft { text })
}
