//! `/settings/profile`: a person's own name, password and sessions.
//!
//! Each card is a template of its own with its handler in a file of its own; every action answers with its card as it is now,
//! or, for a browser without script, with the whole page. To add a card: one line in [`page`].

pub(crate) mod letters;
pub(crate) mod name;
pub(crate) mod password;
pub(crate) mod sessions;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use shell::auth::permission::View;
use shell::{Allowed, AppError, Frame, Toast, show};

use crate::{Identity, factors};

#[derive(Template)]
#[template(path = "profile/show.html")]
struct ProfilePage {
    frame: Frame,
    cards: Vec<String>,
}

/// The cards of the page, in its order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Card {
    Name,
    Password,
    Factors,
    Sessions,
    Letters,
}

const CARDS: [Card; 5] = [Card::Name, Card::Password, Card::Factors, Card::Sessions, Card::Letters];

/// A card as it is when nothing was typed.
async fn card(card: Card, identity: &Identity, by: &Allowed<View>) -> Result<String, AppError> {
    match card {
        Card::Name => name::card(by),
        Card::Password => password::card(by),
        Card::Factors => factors::page::card(identity, by, String::new()).await,
        Card::Sessions => sessions::card(by).await,
        Card::Letters => letters::card(identity, by).await,
    }
}

pub(crate) async fn get(State(identity): State<Identity>, by: Allowed<View>) -> Result<Response, AppError> {
    crate::sessions::list::person(by.principal())?;
    page(&identity, &by, None).await
}

/// What an action answers: the card for htmx; the page without script, anew when the action is done, with the card's complaints
/// when it is not.
pub(crate) async fn answer(
    identity: &Identity,
    by: &Allowed<View>,
    toast: Option<Toast>,
    (which, html, done): (Card, String, bool),
) -> Result<Response, AppError> {
    if by.request().fragment {
        return Ok((toast, axum::response::Html(html)).into_response());
    }
    if done {
        return Ok(Redirect::to("/settings/profile").into_response());
    }
    page(identity, by, Some((which, html))).await
}

pub(crate) async fn page(
    identity: &Identity,
    by: &Allowed<View>,
    instead: Option<(Card, String)>,
) -> Result<Response, AppError> {
    let mut cards = Vec::with_capacity(CARDS.len());
    for one in CARDS {
        cards.push(match &instead {
            Some((which, html)) if *which == one => html.clone(),
            _ => card(one, identity, by).await?,
        });
    }
    Ok(show(&ProfilePage { frame: by.frame("Profile & security"), cards })?.into_response())
}
