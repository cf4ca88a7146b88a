//! `/book/{token}`: a booking as its visitor sees it, moving and cancelling it.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::db::OrgTx;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use shell::{AppError, Form, Path};

use super::changes;
use super::choose::{Times, gone, offered, times, zone_asked};
use super::store::{self, Booking};
use crate::core::Core;
use crate::inquiries::story::time;
use crate::inquiries::{Sender, rate};
use crate::pages::{SiteFrame, show_page};
use crate::visit::Visit;

/// How often an hour one address may try links.
const TRIES: u32 = 240;
/// How often a consultation may be moved: each time a letter goes to an address that nobody has confirmed.
const MOST_MOVES: i32 = 5;

#[derive(Template)]
#[template(path = "site/booking_show.html")]
struct ShowPage {
    frame: SiteFrame,
    token: String,
    when: String,
    minutes: i64,
    stands: bool,
    /// Whether it can still be moved and cancelled.
    open: bool,
    moved: bool,
    /// Whether a letter was sent.
    letter: bool,
}

#[derive(Template)]
#[template(path = "site/booking_move.html")]
struct MovePage {
    frame: SiteFrame,
    token: String,
    when: String,
    times: Times,
}

/// The form of another time.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct MoveForm {
    slot: String,
    zone: String,
}

fn frame(visit: &Visit, title: &str) -> SiteFrame {
    SiteFrame::new(visit, title, "Your consultation: when it is, and how to move or cancel it.").private()
}

fn unknown() -> AppError {
    AppError::not_found("booking: its link is not one of ours, or it was removed")
}

async fn begin(core: &Core, visit: &Visit, token: &str) -> Result<OrgTx, AppError> {
    rate::check(core, visit, "booking links", TRIES).await?;
    Ok(core.kernel().db.begin_site(visit.site.org, Some(token)).await?)
}

async fn found(core: &Core, visit: &Visit, token: &str) -> Result<Booking, AppError> {
    let mut tx = begin(core, visit, token).await?;
    store::by_token(&mut tx, token).await?.ok_or_else(unknown)
}

fn when(visit: &Visit, booking: &Booking) -> String {
    time(booking.starts_at, zone_asked(visit, &booking.time_zone))
}

fn is_open(core: &Core, booking: &Booking) -> bool {
    booking.stands() && booking.starts_at > core.kernel().clock.now()
}

/// `GET /book/{token}`.
pub(super) async fn page(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Html<String>, AppError> {
    let booking = found(&core, &visit, &token).await?;
    let page = ShowPage {
        frame: frame(&visit, if booking.stands() { "Your consultation" } else { "Cancelled" }),
        token,
        when: when(&visit, &booking),
        minutes: (booking.ends_at - booking.starts_at).num_minutes(),
        stands: booking.stands(),
        open: is_open(&core, &booking),
        moved: booking.moved > 0,
        letter: core.kernel().config.mail.is_set(),
    };
    Ok(Html(show_page(&page)?))
}

/// `GET /book/{token}/move`.
pub(super) async fn other_times(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let zone = visit.query_value("zone").unwrap_or_default();
    move_page(&core, &visit, token, &MoveForm { slot: String::new(), zone }, None).await
}

async fn move_page(
    core: &Core,
    visit: &Visit,
    token: String,
    form: &MoveForm,
    error: Option<&AppError>,
) -> Result<Response, AppError> {
    let booking = found(core, visit, &token).await?;
    if !is_open(core, &booking) {
        return Ok(Redirect::to(&format!("/book/{token}")).into_response());
    }
    let zone = if form.zone.is_empty() { &booking.time_zone } else { &form.zone };
    let day = visit.query_value("day").and_then(|day| day.parse().ok());
    let mut times = times(core, visit, zone_asked(visit, zone), day, &form.slot).await?;
    if let Some(detail) = error.and_then(|error| error.details().first()) {
        times.error.clone_from(&detail.reason);
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let when = when(visit, &booking);
    let page = MovePage { frame: frame(visit, "Choose another time"), token, when, times };
    Ok((status, Html(show_page(&page)?)).into_response())
}

/// `POST /book/{token}/move`.
pub(super) async fn move_to(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
    Form(form): Form<MoveForm>,
) -> Result<Response, AppError> {
    match change(&core, &visit, &token, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/book/{token}")).into_response()),
        Err(error) if !error.details().is_empty() => move_page(&core, &visit, token, &form, Some(&error)).await,
        Err(error) => Err(error),
    }
}

async fn change(core: &Core, visit: &Visit, token: &str, form: &MoveForm) -> Result<(), AppError> {
    let mut tx = begin(core, visit, token).await?;
    let booking = store::held(&mut tx, token).await?.ok_or_else(unknown)?;
    if !is_open(core, &booking) {
        return Err(AppError::conflict("the consultation was cancelled or is over; book another one"));
    }
    let starts = offered(core, visit, &form.slot)?;
    if starts == booking.starts_at {
        return Ok(());
    }
    if booking.moved >= MOST_MOVES {
        return Err(AppError::conflict(
            "it was moved several times already; it stands as it is. Cancel it and book another",
        ));
    }
    let hours = &visit.site.settings.hours;
    // One that was kept aside takes nobody's time and tells nobody.
    let counts = store::has_quarters(&mut tx, booking.id).await?;
    store::give_back(&mut tx, booking.id).await?;
    if counts && !store::take(&mut tx, hours, booking.id, starts).await? {
        return Err(gone());
    }
    store::move_to(&mut tx, booking.id, starts, super::slots::ends(hours, starts)).await?;
    if counts {
        tell(&mut tx, &booking, "moved");
    }
    tx.commit().await?;
    Ok(())
}

/// `POST /book/{token}/cancel`. A second time changes nothing.
pub(super) async fn cancel(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let mut tx = begin(&core, &visit, &token).await?;
    let booking = store::held(&mut tx, &token).await?.ok_or_else(unknown)?;
    if is_open(&core, &booking) {
        let counts = store::has_quarters(&mut tx, booking.id).await?;
        store::give_back(&mut tx, booking.id).await?;
        store::cancel(&mut tx, booking.id).await?;
        if counts {
            tell(&mut tx, &booking, "cancelled");
        }
        tx.commit().await?;
    }
    Ok(Redirect::to(&format!("/book/{token}")).into_response())
}

fn tell(tx: &mut OrgTx, booking: &Booking, state: &str) {
    let fact = Fact::BookingChanged { booking: booking.id, inquiry: booking.inquiry_id, state: state.to_owned() };
    tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
    tx.enqueue(changes::job_of(booking.inquiry_id));
}

/// `GET /book/{token}/calendar.ics`.
pub(super) async fn calendar(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let booking = found(&core, &visit, &token).await?;
    let sender = Sender::new(&visit.site, &core.kernel().config.http.base_url());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"consultation.ics\"")),
    ];
    Ok((headers, sender.calendar(&booking, &token)).into_response())
}
