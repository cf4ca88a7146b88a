//! Letters: asking for them, confirming the address, and stopping them. A link shows a page and changes nothing: programs that look
//! into letters follow links.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ids::InquiryId;
use serde::Deserialize;
use shell::{AppError, FieldErrors, Form, Path};

use super::guard::{self, Given, Guard};
use super::keep::job_of;
use super::{Kind, NewInquiry, keep};
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::ports::Person;
use crate::visit::Visit;

/// How often an hour one address may try links.
const TRIES: u32 = 120;

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignUp {
    name: String,
    email: String,
    #[serde(flatten)]
    guard: Given,
}

#[derive(Template)]
#[template(path = "site/letters.html")]
struct LettersPage {
    frame: SiteFrame,
    name: String,
    email: String,
    errors: FieldErrors,
    guard: Guard,
}

#[derive(Template)]
#[template(path = "site/letters_thanks.html")]
struct ThanksPage {
    frame: SiteFrame,
    /// Whether letters can be sent from here.
    letter: bool,
}

/// What a link is for.
#[derive(Template)]
#[template(path = "site/letters_confirm.html")]
struct ConfirmPage {
    frame: SiteFrame,
    /// Where the button leads.
    action: String,
    /// Whether the link stops letters.
    stops: bool,
    /// Whether that is so already.
    done: bool,
}

fn frame(visit: &Visit) -> SiteFrame {
    let about = format!("Letters of {}: what is worth knowing about revenue that is lost and found.", visit.site.name);
    SiteFrame::new(visit, "Letters", about)
}

async fn form(core: &Core, visit: &Visit, given: SignUp, errors: FieldErrors) -> Result<Response, AppError> {
    let SignUp { name, email, guard: _ } = given;
    let guard = guard::issue(core, visit).await?;
    let status =
        if errors.is_empty() { axum::http::StatusCode::OK } else { axum::http::StatusCode::UNPROCESSABLE_ENTITY };
    let page = LettersPage { frame: frame(visit), name, email, errors, guard };
    Ok((status, Html(show_page(&page)?)).into_response())
}

fn is_on(visit: &Visit) -> Result<(), AppError> {
    if visit.site.flags.letters { Ok(()) } else { Err(AppError::not_found("page")) }
}

/// `GET /letters`.
pub(super) async fn page(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    is_on(&visit)?;
    core.tally().view(&visit);
    form(&core, &visit, SignUp::default(), FieldErrors::default()).await
}

/// `POST /letters`.
pub(super) async fn sign_up(
    visit: Visit,
    State(core): State<Core>,
    Form(given): Form<SignUp>,
) -> Result<Response, AppError> {
    is_on(&visit)?;
    let new = NewInquiry {
        kind: Kind::Letters,
        topic: String::new(),
        person: Person { name: given.name.clone(), email: given.email.clone(), ..Person::default() },
        message: String::new(),
        letters: Some(true),
        audit: None,
        guard: Some(given.guard.clone()),
        source: crate::tally::source(&visit),
    };
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    match keep(&core, &visit, &mut tx, new).await {
        Ok(_) => {}
        Err(error) if !error.details().is_empty() => {
            drop(tx);
            return form(&core, &visit, given, FieldErrors::from(&error)).await;
        }
        Err(error) => return Err(error),
    }
    tx.commit().await?;
    Ok(Redirect::to("/letters/thanks").into_response())
}

/// `GET /letters/thanks`.
pub(super) async fn thanks(visit: Visit, State(core): State<Core>) -> Result<Html<String>, AppError> {
    is_on(&visit)?;
    let letter = core.kernel().config.mail.is_set();
    Ok(Html(show_page(&ThanksPage { frame: frame(&visit).private(), letter })?))
}

/// What a visitor's link may see of its inquiry.
#[derive(sqlx::FromRow)]
struct Row {
    id: InquiryId,
    consent: bool,
    confirmed_at: Option<DateTime<Utc>>,
}

/// The link of a consultation is shown to whoever books, whatever address they type: it speaks for no address.
async fn row(core: &Core, visit: &Visit, token: &str) -> Result<(OrgTx, Row), AppError> {
    super::rate::check(core, visit, "letter links", TRIES).await?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    let row: Option<Row> = sqlx::query_as(
        "select id, consent, confirmed_at from site_inquiries where org_id = $1 and token_hash = $2 \
         and state <> 'spam' and kind <> 'booking'",
    )
    .bind(tx.org())
    .bind(site_token(token))
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or_else(|| AppError::not_found("letter: its link is not one of ours, or it was removed"))?;
    Ok((tx, row))
}

fn confirm_page(visit: &Visit, token: &str, stops: bool, done: bool) -> Result<Html<String>, AppError> {
    let word = if stops { "stop" } else { "confirm" };
    let page = ConfirmPage { frame: frame(visit).private(), action: format!("/letters/{word}/{token}"), stops, done };
    Ok(Html(show_page(&page)?))
}

/// `GET /letters/confirm/{token}`.
pub(super) async fn ask(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Html<String>, AppError> {
    let (_, row) = row(&core, &visit, &token).await?;
    confirm_page(&visit, &token, false, row.consent)
}

/// `POST /letters/confirm/{token}`. A second time changes nothing.
pub(super) async fn confirm(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let (tx, row) = row(&core, &visit, &token).await?;
    if !row.consent {
        say(tx, row.id, true).await?;
    }
    Ok(Redirect::to(&format!("/letters/confirm/{token}")).into_response())
}

/// `GET /letters/stop/{token}`.
pub(super) async fn ask_to_stop(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Html<String>, AppError> {
    let (_, row) = row(&core, &visit, &token).await?;
    confirm_page(&visit, &token, true, !row.consent && row.confirmed_at.is_some())
}

/// `POST /letters/stop/{token}`.
pub(super) async fn stop(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let (tx, row) = row(&core, &visit, &token).await?;
    if row.consent || row.confirmed_at.is_none() {
        say(tx, row.id, false).await?;
    }
    Ok(Redirect::to(&format!("/letters/stop/{token}")).into_response())
}

/// Keeps a word about letters; the job tells the contact's record.
async fn say(mut tx: OrgTx, id: InquiryId, agrees: bool) -> Result<(), AppError> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_inquiries set consent = $3, confirmed_at = coalesce(confirmed_at, $4), updated_at = $4, \
         state = case when state = 'unconfirmed' and $3 then 'new' else state end where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(agrees)
    .bind(now)
    .execute(tx.conn())
    .await?;
    tx.enqueue(job_of(id));
    tx.commit().await?;
    Ok(())
}
