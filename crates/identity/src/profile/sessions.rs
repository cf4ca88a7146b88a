//! Where a person is signed in, and ending it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::ids::SessionId;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Form, Path, Toast, show};

use super::{Card, answer};
use crate::Identity;
use crate::origin::Origin;
use crate::sessions::end;
use crate::sessions::list::{self, OwnSessionOut};

#[derive(Template)]
#[template(path = "profile/_sessions.html")]
struct SessionsCard {
    csrf: String,
    sessions: Vec<OwnSessionOut>,
    others: usize,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn one(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Path(id): Path<SessionId>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    end::end_one(&identity, &by, id, &origin).await?;
    let card = card(&by).await?;
    answer(&identity, &by, Some(Toast::done("That session is over")), (Card::Sessions, card, true)).await
}

pub(crate) async fn others(
    State(identity): State<Identity>,
    by: Allowed<View>,
    origin: Origin,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    end::end_others(&identity, &by, &origin).await?;
    let card = card(&by).await?;
    answer(&identity, &by, Some(Toast::done("Only this session is left")), (Card::Sessions, card, true)).await
}

pub(super) async fn card(by: &Allowed<View>) -> Result<String, AppError> {
    let sessions = list::own(by).await?;
    let others = sessions.iter().filter(|session| !session.current).count();
    Ok(show(&SessionsCard { csrf: by.frame("").csrf, sessions, others })?.0)
}
