//! Which letters a person gets about conversations that need a person.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::ids::MemberId;
use serde::{Deserialize, Serialize};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Form, Json, Role, Toast, show};
use utoipa::ToSchema;

use super::{Card, answer};
use crate::Identity;
use crate::store::notices;

/// Of which conversations that need a person a member is told by letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Told {
    /// Of none.
    None,
    /// Of those assigned to them.
    Mine,
    /// Also of those assigned to nobody; for owners and admins.
    All,
}

impl Told {
    const ALL: [(Self, &str); 3] =
        [(Self::None, "none"), (Self::Mine, "those assigned to me"), (Self::All, "those assigned to me or to nobody")];

    /// The word in the database and in forms.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mine => "mine",
            Self::All => "all",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().map(|(told, _)| *told).find(|told| told.word() == word)
    }

    /// What holds for a member who never chose.
    pub(crate) fn usual(role: Role) -> Self {
        if role == Role::Owner { Self::All } else { Self::Mine }
    }

    /// Whether a role hears of unassigned conversations at all.
    fn may_choose(self, role: Role) -> bool {
        self != Self::All || matches!(role, Role::Owner | Role::Admin)
    }
}

#[derive(Template)]
#[template(path = "profile/_letters.html")]
struct LettersCard {
    csrf: String,
    /// Whether this installation sends mail.
    mail: bool,
    choices: Vec<Choice>,
}

struct Choice {
    word: &'static str,
    label: &'static str,
    selected: bool,
}

/// A member's own choice of letters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Letters {
    /// Conversations that need a person; `all` is for owners and admins.
    needs_human: Told,
}

/// Show which letters you get.
#[utoipa::path(get, path = "/v2/auth/letters", tag = "auth",
    responses((status = 200, body = Letters), (status = 409, description = "An API key gets no letters.")))]
pub(crate) async fn get(by: Allowed<View>) -> Result<Json<Letters>, AppError> {
    Ok(Json(Letters { needs_human: chosen(&by).await? }))
}

/// Choose which letters you get.
#[utoipa::path(put, path = "/v2/auth/letters", tag = "auth", request_body = Letters,
    responses((status = 204, description = "Chosen."), (status = 422, description = "That is for owners and admins.")))]
pub(crate) async fn put(by: Allowed<View>, Json(letters): Json<Letters>) -> Result<StatusCode, AppError> {
    choose(&by, letters.needs_human).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<View>,
    Form(letters): Form<Letters>,
) -> Result<Response, AppError> {
    choose(&by, letters.needs_human).await?;
    let card = card(&identity, &by).await?;
    answer(&identity, &by, Some(Toast::done("Saved")), (Card::Letters, card, true)).await
}

pub(super) async fn card(identity: &Identity, by: &Allowed<View>) -> Result<String, AppError> {
    let (_, role) = member(by)?;
    let now = chosen(by).await?;
    let offered = Told::ALL.into_iter().filter(|(told, _)| told.may_choose(role));
    let choices = offered.map(|(told, label)| Choice { word: told.word(), label, selected: told == now }).collect();
    let mail = identity.kernel().config.mail.is_set();
    Ok(show(&LettersCard { csrf: by.frame("").csrf, mail, choices })?.0)
}

async fn chosen(by: &Allowed<View>) -> Result<Told, AppError> {
    let (id, role) = member(by)?;
    let mut tx = by.tx().await?;
    let told = notices::needs_human(&mut tx, id).await?.unwrap_or_else(|| Told::usual(role));
    // Whoever was an admin once and chose more than they are told of now.
    Ok(if told.may_choose(role) { told } else { Told::Mine })
}

async fn choose(by: &Allowed<View>, told: Told) -> Result<(), AppError> {
    let (id, role) = member(by)?;
    if !told.may_choose(role) {
        return Err(AppError::field("needs_human", "unassigned conversations are told to owners and admins"));
    }
    let mut tx = by.tx().await?;
    notices::set_needs_human(&mut tx, id, told).await?;
    tx.commit().await?;
    Ok(())
}

fn member(by: &Allowed<View>) -> Result<(MemberId, Role), AppError> {
    let caller = by.principal();
    caller.member.zip(caller.role).ok_or_else(|| AppError::conflict("an API key is no member and gets no letters"))
}
