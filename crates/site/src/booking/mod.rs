//! Consultations: free times as pages, a booking with its letter, moving and cancelling by link.
//!
//! Rules a newcomer would break: a time is free when its quarters of an hour are, and the table of quarters decides, not the page;
//! times are instants, and only their showing knows time zones.

pub(crate) mod calendar;
mod changes;
mod choose;
mod manage;
pub(crate) mod slots;
pub(crate) mod store;

use axum::Router;
use axum::routing::{get, post};
use kernel::db::OrgTx;
use kernel::ids::InquiryId;

use crate::core::Core;
use crate::sites::Site;
use store::Booking;

pub(crate) use changes::Changes;

/// The pages of bookings.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/book", get(choose::page).post(choose::book))
        .route("/book/{token}", get(manage::page))
        .route("/book/{token}/move", get(manage::other_times).post(manage::move_to))
        .route("/book/{token}/cancel", post(manage::cancel))
        .route("/book/{token}/calendar.ics", get(manage::calendar))
}

/// The booking of an inquiry that is seen to, with its time: one that was kept aside as spam and is none takes its time now, and is
/// cancelled where somebody else has it.
pub(crate) async fn certain(tx: &mut OrgTx, site: &Site, inquiry: InquiryId) -> Result<Option<Booking>, sqlx::Error> {
    let Some(mut booking) = store::of_inquiry(tx, inquiry).await? else { return Ok(None) };
    if booking.stands() && !store::has_quarters(tx, booking.id).await? {
        let is_over = booking.starts_at <= tx.clock().now();
        if is_over || !store::take(tx, &site.settings.hours, booking.id, booking.starts_at).await? {
            store::give_back(tx, booking.id).await?;
            store::cancel(tx, booking.id).await?;
            booking.state = "cancelled".to_owned();
        }
    }
    Ok(Some(booking))
}
