//! Accounts, companies, calls and forms.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use chrono::{DateTime, Months, NaiveDate};
use serde_json::{Value, json};

use super::CallRail;
use crate::server::form::pairs;
use crate::sources::{Plain, repeats, told};

type Answer = Result<Json<Value>, Plain>;

/// What a call shows without being asked.
const USUAL: [&str; 17] = [
    "answered",
    "business_phone_number",
    "customer_city",
    "customer_country",
    "customer_name",
    "customer_phone_number",
    "customer_state",
    "direction",
    "duration",
    "id",
    "recording",
    "recording_duration",
    "recording_player",
    "start_time",
    "tracking_phone_number",
    "voicemail",
    "created_at",
];
/// What it shows when asked.
const ASKED: [&str; 13] = [
    "call_type",
    "campaign",
    "company_id",
    "company_name",
    "company_time_zone",
    "first_call",
    "gclid",
    "lead_status",
    "medium",
    "source",
    "source_name",
    "tags",
    "value",
];

pub(super) async fn accounts(State(callrail): State<Arc<CallRail>>, parts: Parts) -> Answer {
    callrail.admit(&parts)?;
    let account = json!({ "id": callrail.config.account, "name": "Acme Dental", "hipaa_account": false });
    Ok(Json(json!({ "page": 1, "per_page": 100, "total_pages": 1, "total_records": 1, "accounts": [account] })))
}

pub(super) async fn companies(
    State(callrail): State<Arc<CallRail>>,
    Path(account): Path<String>,
    parts: Parts,
) -> Answer {
    callrail.admit(&parts)?;
    if account != callrail.config.account {
        return Err(Plain::new(404, "Not Found"));
    }
    let company =
        json!({ "id": callrail.config.company, "name": "Acme Dental Dallas", "time_zone": "America/Chicago" });
    Ok(Json(json!({ "page": 1, "per_page": 100, "total_pages": 1, "total_records": 1, "companies": [company] })))
}

pub(super) async fn calls(State(callrail): State<Arc<CallRail>>, Path(account): Path<String>, parts: Parts) -> Answer {
    let query = pairs(parts.uri.query().unwrap_or_default());
    let wanted: Vec<&str> = query.get("fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
    if let Some(odd) = wanted.iter().find(|field| !ASKED.contains(field) && !USUAL.contains(field)) {
        return Err(Plain::new(400, &format!("{odd} is not a valid field")));
    }
    let shown = |call: &Value| {
        let fields = call.as_object().into_iter().flatten();
        let kept = fields.filter(|(name, _)| USUAL.contains(&name.as_str()) || wanted.contains(&name.as_str()));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    let all = || callrail.data(|data| data.calls.clone());
    list(&callrail, &account, &parts, ("calls", "start_time"), all, shown)
}

pub(super) async fn forms(State(callrail): State<Arc<CallRail>>, Path(account): Path<String>, parts: Parts) -> Answer {
    let all = || callrail.data(|data| data.forms.clone());
    list(&callrail, &account, &parts, ("form_submissions", "submitted_at"), all, Value::clone)
}

fn list(
    callrail: &CallRail,
    account: &str,
    parts: &Parts,
    (name, time): (&str, &str),
    all: impl FnOnce() -> Vec<Value>,
    shown: impl Fn(&Value) -> Value,
) -> Answer {
    callrail.admit(parts)?;
    if account != callrail.config.account {
        return Err(Plain::new(404, "Not Found"));
    }
    let query = pairs(parts.uri.query().unwrap_or_default());
    let (from, to) = stretch(callrail, &query)?;
    let number = |name: &str, usual: usize| match query.get(name) {
        None => Some(usual),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0),
    };
    let (Some(page), Some(size)) = (number("page", 1), number("per_page", 100).filter(|size| *size <= 250)) else {
        return Err(Plain::new(400, "page or per_page is invalid"));
    };
    let page = if repeats(&parts.extensions) { 1 } else { page };
    // Days are the company's; its offset is written into every time.
    let day = |record: &Value| record[time].as_str().and_then(|at| at.get(..10)?.parse::<NaiveDate>().ok());
    let company = query.get("company_id");
    let mut records: Vec<Value> = all()
        .into_iter()
        .filter(|record| day(record).is_some_and(|day| (from..=to).contains(&day)))
        .filter(|record| company.is_none_or(|company| record["company_id"] == **company))
        .collect();
    records.sort_by_key(|record| DateTime::parse_from_rfc3339(record[time].as_str().unwrap_or_default()).ok());
    if query.get("order").map(String::as_str) != Some("asc") {
        records.reverse();
    }
    let total = told(&parts.extensions, records.len());
    let shown: Vec<Value> = records.iter().skip((page - 1) * size).take(size).map(shown).collect();
    Ok(Json(json!({
        "page": page, "per_page": size, "total_pages": total.div_ceil(size), "total_records": total, name: shown,
    })))
}

/// The days asked for; thirty where none are.
fn stretch(callrail: &CallRail, query: &BTreeMap<String, String>) -> Result<(NaiveDate, NaiveDate), Plain> {
    let today = callrail.config.today;
    let day = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => {
            let day = text.get(..10).and_then(|text| text.parse::<NaiveDate>().ok());
            day.map(Some).ok_or_else(|| Plain::new(400, &format!("{name} is invalid")))
        }
    };
    let (from, to) = (day("start_date")?, day("end_date")?);
    let from = from.unwrap_or_else(|| today.checked_sub_days(chrono::Days::new(30)).unwrap_or(today));
    if today.checked_sub_months(Months::new(25)).is_some_and(|oldest| from < oldest) {
        return Err(Plain::new(400, "The date range may not go back more than 25 months"));
    }
    Ok((from, to.unwrap_or(NaiveDate::MAX)))
}

impl CallRail {
    /// A day passes: one to three calls, now and then a form.
    pub fn day_comes(&self, day: NaiveDate) {
        for turn in 0..=self.shared.dice.below(3) {
            self.call_comes(&format!("{day}T{:02}:{:02}:00.000-05:00", 8 + turn * 3, self.shared.dice.below(60)));
        }
        if self.shared.dice.chance(0.5) {
            self.form_comes(&format!("{day}T19:40:18.000-05:00"));
        }
    }

    /// Somebody calls at `at`, in the company's time with its offset; its id.
    pub fn call_comes(&self, at: &str) -> String {
        let dice = &self.shared.dice;
        let (answered, id) = (dice.chance(0.7), format!("CAL{}", dice.hex(24)));
        let duration = if answered { 30 + dice.below(500) } else { 13 };
        let call = json!({
            "id": id, "answered": answered, "voicemail": !answered, "direction": "inbound", "duration": duration,
            "start_time": at, "created_at": at, "business_phone_number": answered.then_some("+12145550111"),
            "customer_name": "Ana Ruiz", "customer_phone_number": format!("+1214555{}", dice.digits(4)),
            "customer_city": "Dallas", "customer_state": "TX", "customer_country": "US",
            "tracking_phone_number": "+14045550199", "recording": Value::Null,
            "recording_duration": answered.then(|| duration.to_string()), "recording_player": Value::Null,
            "call_type": if answered { "answered" } else { "voicemail" }, "company_id": self.config.company,
            "company_name": "Acme Dental Dallas", "company_time_zone": "America/Chicago", "first_call": dice.chance(0.6),
            "lead_status": Value::Null, "source": "google_paid", "source_name": "Google Ads", "medium": "cpc",
            "campaign": "implants", "gclid": "Cj0abc", "tags": [], "value": "",
        });
        self.data(|data| data.calls.push(call));
        id
    }

    /// Somebody sends a form at `at`.
    pub fn form_comes(&self, at: &str) -> String {
        let dice = &self.shared.dice;
        let id = format!("FRM{}", dice.hex(24));
        let form = json!({
            "id": id, "company_id": self.config.company, "person_id": format!("PER{}", dice.hex(12)),
            "form_data": { "name": "Ana Ruiz", "email": format!("ana{}@example.com", dice.digits(5)), "message": "Price?" },
            "form_url": "https://acme.test/contact", "landing_page_url": "https://acme.test/", "referrer": "direct",
            "submitted_at": at, "first_form": true, "source": "Google Organic", "medium": "Organic",
            "customer_phone_number": Value::Null, "campaign": "Website",
        });
        self.data(|data| data.forms.push(form));
        id
    }

    /// Somebody scores a call and tags it, which changes it after the fact.
    pub fn call_is_scored(&self, id: &str, lead_status: &str) {
        self.data(|data| {
            if let Some(call) = data.calls.iter_mut().find(|call| call["id"] == *id) {
                call["lead_status"] = json!(lead_status);
                call["tags"] = json!(["implant"]);
            }
        });
    }

    /// How many calls, first calls of somebody, and forms there are.
    pub fn counts(&self) -> [usize; 3] {
        self.data(|data| {
            let first = data.calls.iter().filter(|call| call["first_call"] == true).count();
            [data.calls.len(), first, data.forms.len()]
        })
    }
}
