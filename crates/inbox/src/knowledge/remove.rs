//! `DELETE /v2/knowledge/documents/{id}`.

use ai::knowledge;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::DocumentId;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Path};

use crate::core::Core;

/// Removes a document with its chunks.
pub(crate) async fn remove(by: &Allowed<ManageChannels>, core: &Core, id: DocumentId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    if !knowledge::delete(&mut tx, id, by.actor()).await? {
        return Err(AppError::not_found("document"));
    }
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok(())
}

/// Remove a document. Answers do not rest on it any more, from the next message on.
#[utoipa::path(delete, path = "/v2/knowledge/documents/{id}", tag = "knowledge", responses((status = 204)))]
pub(crate) async fn delete_document(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, AppError> {
    remove(&by, &core, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
