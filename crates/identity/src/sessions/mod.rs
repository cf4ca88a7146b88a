//! Sessions: a browser's (one cookie) or a program's (an access token and a family of refresh tokens).

pub(crate) mod close;
pub(crate) mod end;
pub(crate) mod list;
mod notice;
pub(crate) mod open;
mod proof;
pub(crate) mod refresh;
pub(crate) mod show;
pub(crate) mod switch;

pub(crate) use notice::Notices;
pub(crate) use proof::{Came, Proof, ProvedAt};

use chrono::Duration;

/// A session ends after this long without use; a refresh token is good for the same time.
pub(crate) const LASTS: Duration = Duration::days(7);
/// A browser session ends after this long however much it is used; a program renews by refreshing.
pub(crate) const LONGEST: Duration = Duration::days(30);
/// Use is noted this often.
pub(crate) const NOTE_EVERY: Duration = Duration::minutes(1);
