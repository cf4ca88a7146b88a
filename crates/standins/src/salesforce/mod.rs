//! Salesforce as far as reading goes: tokens, queries with locators, leads that become opportunities, tasks and events.
//!
//! A newcomer's mistakes: an error that is no list, the daily limit as a 429 (it is a 403), and a batch of fewer than 200.

mod query;
mod soql;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::DateTime;
use serde_json::{Value, json};

use crate::delivery::Courier;
use crate::grants::{Grants, bearer};
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin, locked};
use crate::shelf::Shelf;
use crate::sources::garbled;

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct SalesforceConfig {
    /// The connected app.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a session lives, in seconds.
    pub access_s: i64,
    /// The version that is served.
    pub version: String,
    /// Leads there are at the start; every fifth became an opportunity.
    pub leads: usize,
    /// Requests in a day.
    pub per_day: u64,
    /// The seed of all ids.
    pub seed: u64,
}

impl Default for SalesforceConfig {
    fn default() -> Self {
        Self {
            client_id: "3MVG9standin".into(),
            client_secret: "standin-salesforce-secret".into(),
            access_s: 7200,
            version: "v67.0".into(),
            leads: 430,
            per_day: 1 << 40,
            seed: 22,
        }
    }
}

/// One organisation of Salesforce.
pub struct Salesforce {
    /// How it was set up.
    pub config: SalesforceConfig,
    /// The app and what was granted to it.
    pub grants: Grants,
    shared: Arc<Shared>,
    shelf: Shelf,
    locators: Mutex<HashMap<String, Vec<Value>>>,
    meter: Mutex<FixedMeter>,
}

impl Standin for Salesforce {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

/// `[{"message","errorCode"}]`.
fn error(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!([{"message": message, "errorCode": code}]))).into_response()
}

fn wording(status: u16, name: Option<&str>) -> Response {
    match (status, name) {
        (_, Some("REQUEST_LIMIT_EXCEEDED")) | (403 | 429, None) => {
            error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        }
        (_, Some("UNABLE_TO_LOCK_ROW")) => {
            error(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        }
        (_, Some("INVALID_QUERY_LOCATOR")) => error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
        (401, _) | (_, Some("INVALID_SESSION_ID")) => error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        _ => error(status, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
    }
}

fn stamp(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

impl Salesforce {
    /// Starts an organisation on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: SalesforceConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("salesforce", config.seed, wording);
        let grants = Grants::new(&config.client_id, &config.client_secret, config.access_s, false);
        let (locators, meter) = (Mutex::default(), Mutex::default());
        let salesforce = Self { config, grants, shared, shelf: Shelf::new(), locators, meter };
        salesforce.seed();
        let salesforce = Arc::new(salesforce);
        Handle::start(bind, Arc::clone(&salesforce), routes(salesforce)).await
    }

    fn seed(&self) {
        self.shelf.put("Organization", "Id", json!({"Id": "00D000000000001", "Name": "Smile Dental"}));
        for n in 0..self.config.leads {
            let lead = self.lead(&format!("lead{n}@example.com"));
            if n % 3 == 0 {
                self.call(&lead, "", 20 + n as i64);
            }
            if n % 5 == 0 {
                let deal = self.convert(&lead, &format!("{}.5", 100 + n));
                if n % 10 == 0 {
                    self.stage(&deal, "Closed Won");
                }
            }
            if n % 50 == 0 {
                self.meeting(&lead);
            }
        }
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:012}", self.shelf.number())
    }

    /// A new lead; three at a time share a stamp.
    pub fn lead(&self, email: &str) -> String {
        let id = self.id("00Q");
        let number = self.shelf.number();
        let at = stamp(self.shelf.tick(if number % 3 == 0 { 1000 } else { 0 }));
        self.shelf.put(
            "Lead",
            "Id",
            json!({
                "Id": id, "SystemModstamp": at, "CreatedDate": at, "LastName": "Example", "Company": "Example", "Email": email,
                "Phone": null, "MobilePhone": null, "LeadSource": "Web", "Status": "Open - Not Contacted", "IsConverted": false,
                "ConvertedOpportunityId": null, "ConvertedContactId": null,
            }),
        );
        id
    }

    /// A lead becomes an opportunity of this amount, and a contact. Gives the opportunity's id.
    pub fn convert(&self, lead: &str, amount: &str) -> String {
        let (deal, contact) = (self.id("006"), self.id("003"));
        let at = stamp(self.shelf.tick(1000));
        if let Some(mut held) = self.shelf.find("Lead", "Id", lead) {
            for (field, value) in [
                ("IsConverted", json!(true)),
                ("Status", json!("Closed - Converted")),
                ("ConvertedOpportunityId", json!(deal)),
                ("ConvertedContactId", json!(contact)),
                ("SystemModstamp", json!(at)),
            ] {
                held[field] = value;
            }
            self.shelf.put("Lead", "Id", held);
        }
        let amount: f64 = amount.parse().unwrap_or_default();
        self.shelf.put(
            "Opportunity",
            "Id",
            json!({
                "Id": deal, "SystemModstamp": at, "CreatedDate": at, "LastStageChangeDate": at, "Amount": amount, "IsWon": false,
                "StageName": "Proposal/Price Quote", "CloseDate": &at[..10], "LeadSource": "Web", "CurrencyIsoCode": "USD",
            }),
        );
        deal
    }

    /// An opportunity enters a stage.
    pub fn stage(&self, deal: &str, stage_name: &str) {
        let at = stamp(self.shelf.tick(1000));
        if let Some(mut held) = self.shelf.find("Opportunity", "Id", deal) {
            held["IsWon"] = json!(stage_name == "Closed Won");
            held["StageName"] = json!(stage_name);
            held["LastStageChangeDate"] = json!(at);
            held["CloseDate"] = json!(&at[..10]);
            held["SystemModstamp"] = json!(at);
            self.shelf.put("Opportunity", "Id", held);
        }
    }

    /// Somebody called a person about something.
    pub fn call(&self, who: &str, what: &str, seconds: i64) {
        let at = stamp(self.shelf.tick(1000));
        self.shelf.put(
            "Task",
            "Id",
            json!({
                "Id": self.id("00T"), "SystemModstamp": at, "CreatedDate": at, "CompletedDateTime": at, "Status": "Completed",
                "TaskSubtype": "Call", "CallType": "Outbound", "CallDurationInSeconds": seconds, "WhoId": who,
                "WhatId": (!what.is_empty()).then_some(what),
            }),
        );
    }

    /// A meeting with a person.
    pub fn meeting(&self, who: &str) {
        let at = self.shelf.tick(1000);
        self.shelf.put(
            "Event",
            "Id",
            json!({
                "Id": self.id("00U"), "SystemModstamp": stamp(at), "CreatedDate": stamp(at), "StartDateTime": stamp(at + 86_400_000),
                "WhoId": who, "WhatId": null,
            }),
        );
    }

    /// Days pass: what happens next happens then.
    pub fn days_pass(&self, days: i64) {
        self.shelf.tick(days * 86_400_000);
    }

    /// Forgets every query locator, as it does after a while.
    pub fn forget_locators(&self) {
        locked(&self.locators).clear();
    }

    /// Why a request is not served.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        if self.grants.scopes(&self.shared, bearer(headers)).is_err() {
            return Some(wording(401, None));
        }
        let now = self.shared.clock.now_ms();
        let allowed = locked(&self.meter).take("day", now, self.config.per_day, 86_400_000).allowed;
        (!allowed).then(|| wording(403, None))
    }
}

fn routes(salesforce: Arc<Salesforce>) -> Router {
    Router::new()
        .route("/services/oauth2/authorize", get(query::authorise))
        .route("/services/oauth2/token", post(query::token))
        .route("/services/data/{version}/query", get(query::query))
        .route("/services/data/{version}/query/{locator}", get(query::more))
        .layer(axum::middleware::from_fn(garbled))
        .with_state(salesforce)
}
