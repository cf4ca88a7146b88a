//! Google as a source: Business Profile, Analytics 4, Ads and Calendar on one port, with their token endpoint and the keys that pushes
//! are signed with.
//!
//! A newcomer's mistakes: a page token used with another question (it is bound to the one that gave it), reading a number where
//! the wire has text, and expecting zeroes to be sent.

mod ads;
mod analytics;
mod business;
pub mod calendar;
mod errors;
pub mod push;
mod seeds;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::NaiveDate;

pub use errors::GoogleError;
pub use seeds::{AdDay, CallView, Place, Session};

use crate::delivery::Courier;
use crate::grants::{self, Denied, Grants, bearer};
use crate::server::form::pairs;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::sign::sha256_hex;
use crate::sources::garbled;

/// Reads and changes business profiles.
pub const BUSINESS: &str = "https://www.googleapis.com/auth/business.manage";
/// Reads Analytics.
pub const ANALYTICS: &str = "https://www.googleapis.com/auth/analytics.readonly";
/// Reads and changes Ads.
pub const ADS: &str = "https://www.googleapis.com/auth/adwords";
/// Reads calendars.
pub const CALENDAR: &str = "https://www.googleapis.com/auth/calendar.readonly";

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct GoogleConfig {
    /// The app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The last day that has data.
    pub today: NaiveDate,
    /// How many days have data.
    pub days: u32,
    /// The business account's number.
    pub account: String,
    /// Reviews of each place at the start.
    pub reviews: u32,
    /// The Analytics property.
    pub property: String,
    /// The Ads customer.
    pub customer: String,
    /// A manager account that must be named in `login-customer-id`; `None` where access is direct.
    pub manager: Option<String>,
    /// A developer token that must come, as before it was given up; `None`: it is ignored.
    pub developer_token: Option<String>,
    /// The versions of Ads that are still served.
    pub ads_versions: Vec<String>,
    /// The address of whoever the calendars are of.
    pub owner: String,
    /// Rows of a page of `search`.
    pub ads_page: usize,
    /// Requests in an hour.
    pub per_hour: u64,
    /// How long an access token lives, in seconds.
    pub access_s: i64,
    /// The seed of all ids and numbers.
    pub seed: u64,
}

impl Default for GoogleConfig {
    fn default() -> Self {
        Self {
            client_id: "standin-google-client".into(),
            client_secret: "standin-google-secret".into(),
            today: NaiveDate::from_ymd_opt(2026, 10, 15).unwrap_or_default(),
            days: 60,
            account: "1001".into(),
            reviews: 23,
            property: "345678901".into(),
            customer: "1234567890".into(),
            manager: None,
            developer_token: None,
            ads_versions: ["v22", "v23", "v24", "v25"].map(str::to_owned).into(),
            owner: "front@acmedental.example".into(),
            ads_page: 10_000,
            per_hour: 40_000,
            access_s: 3599,
            seed: 11,
        }
    }
}

#[derive(Default)]
pub(super) struct Data {
    pub places: Vec<Place>,
    /// Of all places; each with the path of its place.
    pub reviews: Vec<(String, serde_json::Value)>,
    pub sessions: Vec<Session>,
    pub ad_days: Vec<AdDay>,
    pub calls: Vec<CallView>,
    /// Of all calendars.
    pub events: Vec<calendar::Event>,
    /// Changes of events so far.
    pub changes: u64,
    /// Sync tokens of before this change are forgotten.
    pub forgotten: u64,
    pub meter: FixedMeter,
}

/// Google's world: one account, one property, one customer.
pub struct Google {
    /// How it was set up.
    pub config: GoogleConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    data: Mutex<Data>,
}

impl Standin for Google {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl Google {
    /// Starts a Google on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: GoogleConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("google", config.seed, errors::wording);
        let grants = Grants::new(&config.client_id, &config.client_secret, config.access_s, false);
        let data = Mutex::new(seeds::data(&config, &shared.dice));
        let google = Arc::new(Self { config, grants, shared, data });
        Handle::start(bind, Arc::clone(&google), routes(google)).await
    }

    /// Grants scopes without a browser: an access token and a refresh token.
    pub fn grant(&self, scopes: &[&str]) -> (String, String) {
        self.grants.grant(&self.shared, scopes)
    }

    fn data<T>(&self, act: impl FnOnce(&mut Data) -> T) -> T {
        act(&mut locked(&self.data))
    }

    /// Token, scope and quota.
    fn admit(&self, parts: &Parts, scope: &str) -> Result<(), GoogleError> {
        let token = bearer(&parts.headers);
        let scopes = self.grants.scopes(&self.shared, token).map_err(|denied| match denied {
            Denied::Unknown => GoogleError::unauthenticated("Request had invalid authentication credentials."),
            Denied::Expired => GoogleError::unauthenticated("Request had expired authentication credentials."),
        })?;
        if !scopes.iter().any(|held| held == scope) {
            return Err(GoogleError::new(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes."));
        }
        let now = self.shared.clock.now_ms();
        let reading = self.data(|data| data.meter.take(scope, now, self.config.per_hour, 3_600_000));
        if reading.allowed { Ok(()) } else { Err(GoogleError::exhausted()) }
    }
}

fn routes(google: Arc<Google>) -> Router {
    Router::new()
        .route("/v1/accounts", get(business::accounts))
        .route("/v1/accounts/{account}/locations", get(business::locations))
        .route("/v4/accounts/{account}/locations/{location}/reviews", get(business::reviews))
        .route("/v1/locations/{target}", get(business::performance))
        .route("/v1beta/properties/{target}", post(analytics::run))
        .route("/{version}/customers/{customer}/{action}", post(ads::run))
        .route("/calendar/v3/users/me/calendarList", get(calendar::list))
        .route("/calendar/v3/users/me/calendarList/primary", get(calendar::primary))
        .route("/calendar/v3/calendars/{calendar}/events", get(calendar::events))
        .layer(axum::middleware::from_fn(garbled))
        .route("/o/oauth2/v2/auth", get(consent))
        .route("/token", post(token))
        .route("/oauth2/v3/certs", get(push::certs))
        .with_state(google)
}

async fn consent(State(google): State<Arc<Google>>, RawQuery(query): RawQuery) -> Response {
    google.grants.consent(&google.shared, &query.unwrap_or_default())
}

async fn token(State(google): State<Arc<Google>>, parts: Parts, body: String) -> Response {
    grants::answer(google.grants.token(&google.shared, &parts.headers, &pairs(&body)))
}

/// One page of `total`: where it starts and ends, and the token of the next, good for the same question only.
pub(super) fn page(
    token: &str,
    question: &str,
    size: usize,
    total: usize,
) -> Result<(std::ops::Range<usize>, Option<String>), GoogleError> {
    let bound = sha256_hex(question.as_bytes());
    let bound = &bound[..16];
    let start = match token.split_once('.') {
        None if token.is_empty() => 0,
        Some((start, of)) if of == bound => start.parse().unwrap_or(0),
        _ => return Err(GoogleError::invalid("The page token is not valid for this request.")),
    };
    let start = start.min(total);
    let end = (start + size).min(total);
    Ok((start..end, (end < total).then(|| format!("{end}.{bound}"))))
}
