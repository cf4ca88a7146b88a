//! Taking a deletion back: by the link and an owner's password, or by the operator.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::db::system::{self, DeletedOrganisation};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde::Deserialize;
use shell::{AppError, Form, Frame, Path, RequestInfo, show};

use crate::origin::Origin;
use crate::sign_in::page::problem;
use crate::{Identity, secrets, sign_in};

#[derive(Template)]
#[template(path = "organisation/restore.html")]
struct RestorePage {
    frame: Frame,
    token: String,
    organisation: DeletedOrganisation,
    email: String,
    problem: String,
}

#[derive(Deserialize)]
pub(crate) struct RestoreForm {
    email: String,
    password: String,
}

pub(crate) async fn get(
    State(identity): State<Identity>,
    info: RequestInfo,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let organisation = find(&identity, &token).await?;
    let frame = Frame::signed_out(&info, "Restore");
    let page = RestorePage { frame, token, organisation, email: String::new(), problem: String::new() };
    Ok(show(&page)?.into_response())
}

/// The link alone restores nothing: whoever has it proves to be one of the owners.
pub(crate) async fn post(
    State(identity): State<Identity>,
    info: RequestInfo,
    origin: Origin,
    Path(token): Path<String>,
    Form(RestoreForm { email, password }): Form<RestoreForm>,
) -> Result<Response, AppError> {
    let organisation = find(&identity, &token).await?;
    match take_back(&identity, organisation.id, &email, &password, &origin).await {
        Ok(()) => Ok(Redirect::to("/sign-in").into_response()),
        Err(error) if error.status().is_server_error() => Err(error),
        Err(error) => {
            let frame = Frame::signed_out(&info, "Restore");
            let page = RestorePage { frame, token, organisation, email, problem: problem(&error) };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

async fn find(identity: &Identity, token: &str) -> Result<DeletedOrganisation, AppError> {
    let kernel = identity.kernel();
    let found = system::deleted_by_link(&kernel.db, &secrets::hash(token)).await?;
    found
        .filter(|organisation| kernel.clock.now() < organisation.erase_at)
        .ok_or_else(|| AppError::not_found("deleted organisation: it was taken back, or its thirty days are over"))
}

async fn take_back(
    identity: &Identity,
    org: OrgId,
    email: &str,
    password: &str,
    origin: &Origin,
) -> Result<(), AppError> {
    let person = sign_in::prove(identity, email, password, origin).await?;
    let mut tx = identity.kernel().db.begin(org).await?;
    let owns: bool = sqlx::query_scalar(
        "select exists (select 1 from members where org_id = $1 and user_id = $2 and role = 'owner' and suspended_at is null)",
    )
    .bind(org)
    .bind(person.id)
    .fetch_one(tx.conn())
    .await?;
    if !owns {
        return Err(AppError::forbidden("only an owner of this organisation takes its deletion back"));
    }
    reopen(&mut tx, Actor::User(person.id), origin).await?;
    Ok(tx.commit().await?)
}

/// Takes the deletion of an organisation back: for the operator.
pub async fn restore(kernel: &Kernel, org: OrgId) -> Result<(), AppError> {
    let mut tx = kernel.db.begin(org).await?;
    reopen(&mut tx, Actor::System, &Origin::default()).await?;
    Ok(tx.commit().await?)
}

async fn reopen(tx: &mut OrgTx, by: Actor, origin: &Origin) -> Result<(), AppError> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update organisations set deleted_at = null, erase_at = null, restore_hash = null \
         where id = $1 and deleted_at is not null and erased_at is null and erase_at > $2",
    )
    .bind(tx.org())
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(AppError::not_found("deleted organisation that can be taken back"));
    }
    let entry = AuditEntry::new(by, "organisation.restored").about(tx.org()).from_ip(origin.ip);
    audit::record(tx, entry).await?;
    Ok(())
}
