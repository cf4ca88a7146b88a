//! Meta's Marketing API as far as insights go: an ad account, its campaigns' days, sync with cursors and async with report runs.
//!
//! A newcomer's mistakes: reading `spend` as a number (all scalars are text), expecting fields that have no data, and following
//! `paging.next` blindly (it carries the token).

mod errors;
mod insights;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{Days, NaiveDate};
use serde_json::json;

pub use errors::GraphError;

use crate::delivery::Courier;
use crate::grants::{Denied, Grants, bearer};
use crate::server::form::pairs;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct MetaAdsConfig {
    /// The app.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// The ad account's number, without `act_`.
    pub account: String,
    /// The versions that are served.
    pub versions: Vec<String>,
    /// The last day that has data.
    pub today: NaiveDate,
    /// How many days have data.
    pub days: u32,
    /// How often a report run is asked for before it is complete.
    pub polls: u32,
    /// Requests in an hour.
    pub per_hour: u64,
    /// How long a token lives, in seconds.
    pub access_s: i64,
    /// The seed of all ids and numbers.
    pub seed: u64,
}

impl Default for MetaAdsConfig {
    fn default() -> Self {
        Self {
            app_id: "7001".into(),
            app_secret: "standin-meta-ads-secret".into(),
            account: "880011".into(),
            versions: ["v23.0", "v24.0", "v25.0"].map(str::to_owned).into(),
            today: NaiveDate::from_ymd_opt(2026, 10, 15).unwrap_or_default(),
            days: 45,
            polls: 2,
            per_hour: 10_000,
            access_s: 5_183_944,
            seed: 12,
        }
    }
}

/// One campaign's day.
#[derive(Clone, Debug)]
pub struct CampaignDay {
    /// The day, in the account's time zone.
    pub date: NaiveDate,
    /// The campaign.
    pub campaign: String,
    /// Its name.
    pub name: String,
    /// Shown.
    pub impressions: u64,
    /// Clicks.
    pub clicks: u64,
    /// Spent, in cents.
    pub cents: u64,
    /// Leads.
    pub leads: u64,
}

/// A report that is being made.
pub(super) struct Run {
    question: BTreeMap<String, String>,
    asked: u32,
}

#[derive(Default)]
pub(super) struct Data {
    pub days: Vec<CampaignDay>,
    pub runs: BTreeMap<String, Run>,
    pub meter: FixedMeter,
}

/// One ad account.
pub struct MetaAds {
    /// How it was set up.
    pub config: MetaAdsConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    data: Mutex<Data>,
}

impl Standin for MetaAds {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl MetaAds {
    /// Starts an ad account's Graph on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: MetaAdsConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("meta_ads", config.seed, errors::wording);
        let grants = Grants::new(&config.app_id, &config.app_secret, config.access_s, false);
        let meta = Self { config, grants, shared, data: Mutex::default() };
        for back in (0..u64::from(meta.config.days)).rev() {
            if let Some(day) = meta.config.today.checked_sub_days(Days::new(back)) {
                meta.day_comes(day);
            }
        }
        let meta = Arc::new(meta);
        Handle::start(bind, Arc::clone(&meta), routes(meta)).await
    }

    /// Grants `ads_read` without a browser.
    pub fn grant(&self) -> String {
        self.grants.grant(&self.shared, &["ads_read"]).0
    }

    /// A day passes: both campaigns have figures.
    pub fn day_comes(&self, date: NaiveDate) {
        let dice = &self.shared.dice;
        for (campaign, name) in [("120001", "Whitening"), ("120002", "Implants")] {
            let clicks = 4 + dice.below(40);
            let day = CampaignDay {
                date,
                campaign: campaign.to_owned(),
                name: name.to_owned(),
                impressions: clicks * (20 + dice.below(30)),
                clicks,
                cents: clicks * 87 + dice.below(99),
                leads: dice.below(4),
            };
            self.data(|data| data.days.push(day));
        }
    }

    /// Late attribution: the leads of a day are corrected.
    pub fn leads_are_corrected(&self, date: NaiveDate, campaign: &str, leads: u64) {
        self.data(|data| {
            let same = |day: &&mut CampaignDay| day.date == date && day.campaign == campaign;
            if let Some(day) = data.days.iter_mut().find(same) {
                day.leads = leads;
            }
        });
    }

    /// How many days of campaigns there are.
    pub fn count(&self) -> usize {
        self.data(|data| data.days.len())
    }

    fn data<T>(&self, act: impl FnOnce(&mut Data) -> T) -> T {
        act(&mut locked(&self.data))
    }

    /// Version, token, scope and quota.
    fn admit(&self, version: &str, parts: &Parts) -> Result<BTreeMap<String, String>, GraphError> {
        let query = pairs(parts.uri.query().unwrap_or_default());
        if !self.config.versions.iter().any(|known| known == version) {
            return Err(GraphError::new(400, 2635, "You are calling a deprecated version of the Ads API."));
        }
        let token = bearer(&parts.headers);
        let token = if token.is_empty() { query.get("access_token").map_or("", String::as_str) } else { token };
        let scopes = self.grants.scopes(&self.shared, token).map_err(|denied| match denied {
            Denied::Unknown => GraphError::token("Invalid OAuth access token - Cannot parse access token", None),
            Denied::Expired => GraphError::token("Error validating access token: Session has expired", Some(463)),
        })?;
        if !scopes.iter().any(|scope| scope == "ads_read" || scope == "ads_management") {
            return Err(GraphError::new(
                403,
                200,
                "Ad account owner has NOT grant ads_management or ads_read permission",
            ));
        }
        let now = self.shared.clock.now_ms();
        let reading = self.data(|data| data.meter.take("account", now, self.config.per_hour, 3_600_000));
        if reading.allowed { Ok(query) } else { Err(GraphError::too_many()) }
    }
}

fn routes(meta: Arc<MetaAds>) -> Router {
    Router::new()
        .route("/{version}/{id}", get(insights::node))
        .route("/{version}/{id}/insights", get(insights::list).post(insights::order))
        .layer(axum::middleware::from_fn(garbled))
        .route("/{version}/dialog/oauth", get(dialog))
        .route("/{version}/oauth/access_token", get(token).post(token))
        .with_state(meta)
}

async fn dialog(State(meta): State<Arc<MetaAds>>, RawQuery(query): RawQuery) -> Response {
    meta.grants.consent(&meta.shared, &query.unwrap_or_default())
}

/// A code for a token, or a token that still works for one that lasts.
async fn token(State(meta): State<Arc<MetaAds>>, parts: Parts, body: String) -> Response {
    let mut fields = pairs(parts.uri.query().unwrap_or_default());
    fields.extend(pairs(&body));
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    if get("client_id") != meta.config.app_id || get("client_secret") != meta.config.app_secret {
        return GraphError::new(400, 101, "Error validating application.").into_response();
    }
    if get("grant_type") == "fb_exchange_token" {
        let held = meta.grants.scopes(&meta.shared, get("fb_exchange_token"));
        let Ok(scopes) = held else {
            return GraphError::token("Error validating access token: Session has expired", Some(463)).into_response();
        };
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let (access, _) = meta.grants.grant(&meta.shared, &scopes);
        let answer = json!({ "access_token": access, "token_type": "bearer", "expires_in": meta.config.access_s });
        return axum::Json(answer).into_response();
    }
    fields.insert("grant_type".to_owned(), "authorization_code".to_owned());
    match meta.grants.token(&meta.shared, &parts.headers, &fields) {
        Ok(mut answer) => {
            if let Some(answer) = answer.as_object_mut() {
                answer.remove("refresh_token");
                answer.remove("scope");
            }
            axum::Json(answer).into_response()
        }
        Err(_) => GraphError::new(400, 100, "This authorization code has been used.").into_response(),
    }
}
