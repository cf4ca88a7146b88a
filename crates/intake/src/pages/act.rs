//! What people do to connections and runs; each ends on a page again.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::ids::{ConnectionId, RunId};
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Form, Path, Toast};

use crate::connections::{change, store};
use crate::core::Core;
use crate::notices::address;
use crate::runs::api::{Turn, turn};
use crate::runs::trigger;

#[derive(Debug, Deserialize)]
pub(crate) struct Act {
    act: String,
}

fn back(page: &str, said: Toast) -> Response {
    (said.on_next_page(), Redirect::to(page)).into_response()
}

pub(super) async fn connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ConnectionId>,
    Form(given): Form<Act>,
) -> Result<Response, AppError> {
    let page = format!("/ingestion/connections/{id}");
    let mut tx = by.tx().await?;
    let connection = store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("connection"))?;
    let said = match given.act.as_str() {
        "check" => {
            drop(tx);
            let account = match change::ask(&core, by.org(), &connection).await {
                Ok(account) => account,
                Err(error) if matches!(error, AppError::Internal(_)) => return Err(error),
                Err(error) => return Ok(back(&page, Toast::problem(error.to_string()))),
            };
            let mut tx = by.tx().await?;
            store::good(&mut tx, id, &account).await?;
            change::told(&mut tx, by.actor(), "ingestion.checked", &connection, None).await?;
            tx.commit().await?;
            return Ok(back(&page, Toast::done(format!("It answers: {}", account.name))));
        }
        mode @ ("read" | "backfill" | "dry") => {
            let (mode, dry) = if mode == "backfill" { ("backfill", false) } else { ("incremental", mode == "dry") };
            return match trigger::make(&mut tx, &connection, mode, by.actor().to_string(), dry).await {
                Ok(run) => {
                    change::told(&mut tx, by.actor(), "ingestion.triggered", &connection, None).await?;
                    tx.commit().await?;
                    Ok(back(&format!("/ingestion/runs/{run}"), Toast::done("Reading begins")))
                }
                Err(error @ AppError::Conflict(_)) => Ok(back(&page, Toast::problem(error.to_string()))),
                Err(error) => Err(error),
            };
        }
        "pause" | "go" => {
            let paused = given.act == "pause";
            store::pause(&mut tx, id, paused).await?;
            let action = if paused { "ingestion.connection_paused" } else { "ingestion.connection_resumed" };
            change::told(&mut tx, by.actor(), action, &connection, None).await?;
            Toast::done(if paused { "Paused; nothing is read until you let it go on" } else { "It goes on" })
        }
        "address" if connection.kind.gives_notice() => {
            let vault = core.kernel.vault.of(by.org()).await?;
            address::renew(&mut tx, &vault, id).await.map_err(AppError::internal)?;
            change::told(&mut tx, by.actor(), "ingestion.address_renewed", &connection, None).await?;
            Toast::done("It has a new address; enter it at the system, the one before is refused from now on")
        }
        "remove" => {
            change::remove(&mut tx, by.actor(), &connection).await?;
            tx.commit().await?;
            return Ok(back("/ingestion", Toast::done("Removed; its keys are destroyed, what was read stays")));
        }
        _ => return Err(AppError::field("act", "is not something that can be done")),
    };
    tx.commit().await?;
    Ok(back(&page, said))
}

pub(super) async fn run(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<RunId>,
    Form(given): Form<Act>,
) -> Result<Response, AppError> {
    let (what, said) = match given.act.as_str() {
        "pause" => (Turn::Pause, "Paused; it stops behind the batch that is landing"),
        "resume" => (Turn::Resume, "It goes on where it stopped"),
        "cancel" => (Turn::Cancel, "Cancelled; what landed stays"),
        _ => return Err(AppError::field("act", "is not something that can be done")),
    };
    let mut tx = by.tx().await?;
    let said = match turn(&core, &mut tx, by.actor(), id, what).await {
        Ok(()) => Toast::done(said),
        Err(error @ AppError::Conflict(_)) => Toast::problem(error.to_string()),
        Err(error) => return Err(error),
    };
    tx.commit().await?;
    Ok(back(&format!("/ingestion/runs/{id}"), said))
}
