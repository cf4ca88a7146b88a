//! `/book`: days and times that are free, and booking one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kernel::ids::BookingId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::Deserialize;
use shell::{AppError, Detail, FieldErrors, Form};

use super::slots::{self, zone_of};
use super::store::{self, Booking};
use crate::core::Core;
use crate::inquiries::guard::{self, Given, Guard};
use crate::inquiries::{self, Kept, Kind, NewInquiry, rate};
use crate::pages::{SiteFrame, show_page};
use crate::ports::Person;
use crate::tally::Reach;
use crate::visit::Visit;

/// Bookings an hour from one address.
const PER_ADDRESS: u32 = 6;

/// A day with the times that are free on it.
pub(super) struct Day {
    /// `2026-11-30`.
    pub date: String,
    /// `Mon 30 Nov`.
    pub label: String,
    /// Where it is shown.
    pub href: String,
    pub chosen: bool,
    pub free: usize,
}

/// A time that is free.
pub(super) struct Time {
    /// The instant, as the form sends it.
    pub value: String,
    /// `10:00`.
    pub label: String,
    pub chosen: bool,
}

/// Free times as a page shows them.
pub(super) struct Times {
    pub days: Vec<Day>,
    /// Those of the chosen day.
    pub of_day: Vec<Time>,
    /// The chosen day in words.
    pub day: String,
    /// The zone's name in the time zone database.
    pub zone: String,
    /// The same as people read it.
    pub zone_name: String,
    pub minutes: i64,
    /// The address of the page, for another zone.
    pub path: String,
    pub error: String,
}

/// The form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct BookingForm {
    pub slot: String,
    pub zone: String,
    name: String,
    email: String,
    phone: String,
    company: String,
    message: String,
    #[serde(flatten)]
    guard: Given,
}

#[derive(Template)]
#[template(path = "site/booking.html")]
struct BookingPage {
    frame: SiteFrame,
    times: Times,
    form: BookingForm,
    errors: FieldErrors,
    guard: Guard,
    /// Whether letters can be sent from here.
    letter: bool,
}

/// The free times of a site in a visitor's zone. What was chosen before stays chosen while it is free.
pub(super) async fn times(
    core: &Core,
    visit: &Visit,
    zone: Tz,
    day: Option<NaiveDate>,
    slot: &str,
) -> Result<Times, AppError> {
    let hours = &visit.site.settings.hours;
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let taken = store::taken(&mut tx, hours).await?;
    drop(tx);
    let free = slots::free(hours, zone_of(&visit.site), core.kernel().clock.now(), &taken);
    let chosen = parsed(slot);
    let day = day.or_else(|| chosen.map(|slot| slot.with_timezone(&zone).date_naive()));
    Ok(arranged(&free, zone, day, chosen, &visit.path, slots::ends(hours, DateTime::UNIX_EPOCH).timestamp() / 60))
}

fn arranged(
    free: &[DateTime<Utc>],
    zone: Tz,
    wanted: Option<NaiveDate>,
    chosen: Option<DateTime<Utc>>,
    path: &str,
    minutes: i64,
) -> Times {
    let mut dates: Vec<(NaiveDate, usize)> = Vec::new();
    for starts in free {
        let date = starts.with_timezone(&zone).date_naive();
        match dates.last_mut() {
            Some((last, count)) if *last == date => *count += 1,
            _ => dates.push((date, 1)),
        }
    }
    let shown = wanted.filter(|day| dates.iter().any(|(date, _)| date == day)).or(dates.first().map(|(date, _)| *date));
    let name = zone.name();
    let days = dates.iter().map(|(date, free)| Day {
        date: date.to_string(),
        label: date.format("%a %-d %b").to_string(),
        href: format!("{path}?day={date}&zone={}", shell::page::url_encoded(name)),
        chosen: Some(*date) == shown,
        free: *free,
    });
    let of_day = free.iter().filter(|starts| Some(starts.with_timezone(&zone).date_naive()) == shown);
    let of_day = of_day.map(|starts| Time {
        value: starts.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        label: starts.with_timezone(&zone).format("%H:%M").to_string(),
        chosen: Some(*starts) == chosen,
    });
    Times {
        days: days.collect(),
        of_day: of_day.collect(),
        day: shown.map(|day| day.format("%A, %-d %B %Y").to_string()).unwrap_or_default(),
        zone: name.to_owned(),
        zone_name: name.replace('_', " "),
        minutes,
        path: path.to_owned(),
        error: String::new(),
    }
}

pub(super) fn parsed(slot: &str) -> Option<DateTime<Utc>> {
    slot.parse().ok()
}

/// The zone that was asked for, or the site's.
pub(super) fn zone_asked(visit: &Visit, word: &str) -> Tz {
    word.parse().unwrap_or_else(|_| zone_of(&visit.site))
}

/// Whether a time is offered at all; whether it is free the table decides.
pub(super) fn offered(core: &Core, visit: &Visit, slot: &str) -> Result<DateTime<Utc>, AppError> {
    let missing = || AppError::field("slot", "choose a time");
    let starts = parsed(slot).ok_or_else(missing)?;
    let all = slots::offered(&visit.site.settings.hours, zone_of(&visit.site), core.kernel().clock.now());
    if all.contains(&starts) { Ok(starts) } else { Err(gone()) }
}

/// The complaint about a time that somebody else has.
pub(super) fn gone() -> AppError {
    AppError::field("slot", "that time is not free any more; what you typed is still here, choose another")
}

/// Whether consultations can be booked here.
pub(super) fn is_on(visit: &Visit) -> Result<(), AppError> {
    if visit.site.flags.booking { Ok(()) } else { Err(AppError::not_found("page")) }
}

fn frame(visit: &Visit) -> SiteFrame {
    let about = format!(
        "Choose a time to talk with {}: what you lose, what it is worth, and what to do first.",
        visit.site.name
    );
    SiteFrame::new(visit, "Book a talk", about).with_trail(&[("Book a talk", "/book")])
}

/// `GET /book`; `?day=` and `?zone=` choose what is shown.
pub(super) async fn page(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    is_on(&visit)?;
    core.tally().view(&visit);
    let zone = zone_asked(&visit, &visit.query_value("zone").unwrap_or_default());
    let form = BookingForm { zone: zone.name().to_owned(), ..BookingForm::default() };
    shown(&core, &visit, form, FieldErrors::default()).await
}

async fn shown(core: &Core, visit: &Visit, form: BookingForm, errors: FieldErrors) -> Result<Response, AppError> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let day = visit.query_value("day").and_then(|day| day.parse().ok());
    let mut times = times(core, visit, zone_asked(visit, &form.zone), day, &form.slot).await?;
    errors.on("slot").clone_into(&mut times.error);
    let (guard, letter) = (guard::issue(core, visit).await?, core.kernel().config.mail.is_set());
    let page = BookingPage { frame: frame(visit), times, form, errors, guard, letter };
    Ok((status, Html(show_page(&page)?)).into_response())
}

/// `POST /book`. The same form sent twice is one booking.
pub(super) async fn book(
    visit: Visit,
    State(core): State<Core>,
    Form(form): Form<BookingForm>,
) -> Result<Response, AppError> {
    is_on(&visit)?;
    match take(&core, &visit, &form).await {
        Ok(token) => {
            core.tally().reached(&visit, Reach::Contact);
            Ok(Redirect::to(&format!("/book/{token}")).into_response())
        }
        Err(error) if !error.details().is_empty() => {
            let errors = FieldErrors::from(&error);
            shown(&core, &visit, form, errors).await
        }
        Err(error) => Err(error),
    }
}

/// Books a time; the token of its link.
async fn take(core: &Core, visit: &Visit, form: &BookingForm) -> Result<String, AppError> {
    rate::check(core, visit, "booking", PER_ADDRESS).await?;
    let zone = zone_asked(visit, &form.zone);
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    // The fields first, so that everything that is wrong is said at once.
    let kept = inquiries::keep(core, visit, &mut tx, inquiry(visit, form)).await;
    let starts = offered(core, visit, &form.slot);
    let (kept, starts) = match (kept, starts) {
        (Ok(kept), Ok(starts)) => (kept, starts),
        (kept, starts) => return Err(both(kept.err(), starts.err())),
    };
    let hours = &visit.site.settings.hours;
    let booking = Booking {
        id: BookingId::new(tx.clock()),
        inquiry_id: kept.id,
        starts_at: starts,
        ends_at: slots::ends(hours, starts),
        time_zone: zone.name().to_owned(),
        state: "booked".to_owned(),
        moved: 0,
        at: tx.clock().now(),
    };
    // What is kept aside takes nobody's time.
    if !kept.is_spam && !store::take(&mut tx, hours, booking.id, starts).await? {
        drop(tx);
        return mine(core, visit, &kept, starts).await?.ok_or_else(gone);
    }
    if !store::insert(&mut tx, &booking, &kept.token).await? {
        drop(tx);
        return mine(core, visit, &kept, starts).await?.ok_or_else(gone);
    }
    if !kept.is_spam {
        let fact = Fact::BookingChanged { booking: booking.id, inquiry: kept.id, state: "booked".to_owned() };
        tx.append(Event::new(Subject::Org(tx.org()), Actor::System, fact));
    }
    tx.commit().await?;
    Ok(kept.token)
}

/// The token, where the time is taken by this very form, sent before.
async fn mine(core: &Core, visit: &Visit, kept: &Kept, starts: DateTime<Utc>) -> Result<Option<String>, AppError> {
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&kept.token)).await?;
    let found = store::by_token(&mut tx, &kept.token).await?;
    Ok(found.filter(|booking| booking.starts_at == starts && booking.stands()).map(|_| kept.token.clone()))
}

fn both(fields: Option<AppError>, slot: Option<AppError>) -> AppError {
    let details = |error: &AppError| error.details().to_vec();
    match (fields, slot) {
        (Some(fields), _) if fields.details().is_empty() => fields,
        (Some(fields), Some(slot)) => AppError::fields([details(&slot), details(&fields)].concat()),
        (Some(error), None) | (None, Some(error)) => error,
        (None, None) => AppError::fields(vec![Detail::new("slot", "choose a time")]),
    }
}

fn inquiry(visit: &Visit, form: &BookingForm) -> NewInquiry {
    NewInquiry {
        kind: Kind::Booking,
        // The time is a part of what was sent: another time is another inquiry.
        topic: parsed(&form.slot).map(|starts| starts.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default(),
        person: Person {
            name: form.name.clone(),
            email: form.email.clone(),
            phone: form.phone.clone(),
            company: form.company.clone(),
        },
        message: form.message.clone(),
        letters: None,
        audit: None,
        guard: Some(form.guard.clone()),
        source: crate::tally::source(visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn times_are_arranged_by_the_days_of_the_visitor() {
        let free = [at("2026-11-30T22:00:00Z"), at("2026-11-30T23:30:00Z"), at("2026-12-01T00:00:00Z")];
        let times = arranged(&free, chrono_tz::Europe::Berlin, None, None, "/book", 30);
        let days: Vec<(&str, usize, bool)> =
            times.days.iter().map(|day| (day.date.as_str(), day.free, day.chosen)).collect();
        assert_eq!(days, [("2026-11-30", 1, true), ("2026-12-01", 2, false)]);
        assert_eq!(times.of_day[0].label, "23:00");
        let other = arranged(&free, chrono_tz::Europe::Berlin, "2026-12-01".parse().ok(), Some(free[2]), "/book", 30);
        assert_eq!(
            other.of_day.iter().map(|time| (time.label.as_str(), time.chosen)).collect::<Vec<_>>(),
            [("00:30", false), ("01:00", true),]
        );
        assert!(arranged(&[], chrono_tz::UTC, None, None, "/book", 30).days.is_empty());
    }
}
