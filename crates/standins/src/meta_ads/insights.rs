//! Insights: at once with cursors, or as a report run that is asked for until it is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{CampaignDay, Data, GraphError, MetaAds, Run};
use crate::server::form::pairs;
use crate::sources::repeats;

type Answer = Result<Json<Value>, GraphError>;
type Question = BTreeMap<String, String>;

/// An ad account, or a report run.
pub(super) async fn node(
    State(meta): State<Arc<MetaAds>>,
    Path((version, id)): Path<(String, String)>,
    parts: Parts,
) -> Answer {
    meta.admit(&version, &parts)?;
    if id == format!("act_{}", meta.config.account) {
        return Ok(Json(json!({
            "id": id, "account_id": meta.config.account, "name": "Acme Dental", "currency": "USD",
            "timezone_name": "America/Chicago", "account_status": 1,
        })));
    }
    let polls = meta.config.polls;
    meta.data(|data| {
        let run = data.runs.get_mut(&id).ok_or_else(unknown)?;
        run.asked += 1;
        let done = run.asked > polls;
        let percent = if done { 100 } else { run.asked * 100 / (polls + 1) };
        Ok(Json(json!({
            "id": id, "account_id": meta.config.account, "async_percent_completion": percent,
            "async_status": if done { "Job Completed" } else { "Job Running" },
        })))
    })
}

fn unknown() -> GraphError {
    GraphError::new(400, 100, "Unsupported get request. Object does not exist.")
}

/// Orders a report.
pub(super) async fn order(
    State(meta): State<Arc<MetaAds>>,
    Path((version, id)): Path<(String, String)>,
    parts: Parts,
    body: String,
) -> Answer {
    let mut question = meta.admit(&version, &parts)?;
    question.extend(pairs(&body));
    if id != format!("act_{}", meta.config.account) {
        return Err(unknown());
    }
    Range::read(&question)?;
    let run = meta.shared.dice.digits(15);
    meta.data(|data| data.runs.insert(run.clone(), Run { question, asked: 0 }));
    Ok(Json(json!({ "report_run_id": run })))
}

/// The insights of an account, or of a report run that is complete.
pub(super) async fn list(
    State(meta): State<Arc<MetaAds>>,
    Path((version, id)): Path<(String, String)>,
    parts: Parts,
) -> Answer {
    let query = meta.admit(&version, &parts)?;
    let polls = meta.config.polls;
    meta.data(|data| {
        let question = if id == format!("act_{}", meta.config.account) {
            query.clone()
        } else {
            let run = data.runs.get(&id).ok_or_else(unknown)?;
            if run.asked <= polls {
                return Err(GraphError::parameter("The report run is not complete"));
            }
            run.question.clone()
        };
        let base = format!("{}{}", meta.shared.base_url(), parts.uri.path());
        page(data, &question, &query, repeats(&parts.extensions), &base).map(Json)
    })
}

/// A stretch of days.
struct Range {
    since: NaiveDate,
    until: NaiveDate,
}

impl Range {
    /// Reads and checks what is asked.
    fn read(question: &Question) -> Result<Self, GraphError> {
        let get = |name: &str| question.get(name).map_or("", String::as_str);
        if get("level") != "campaign" || get("time_increment") != "1" {
            return Err(GraphError::parameter("level must be campaign and time_increment must be 1"));
        }
        let known = [
            "account_id",
            "account_currency",
            "campaign_id",
            "campaign_name",
            "impressions",
            "clicks",
            "spend",
            "actions",
            "date_start",
            "date_stop",
        ];
        if let Some(odd) = get("fields").split(',').find(|field| !known.contains(field)) {
            return Err(GraphError::parameter(&format!("{odd} is not valid for fields param")));
        }
        let range: Value = serde_json::from_str(get("time_range")).unwrap_or_default();
        let day = |name: &str| range[name].as_str().and_then(|text| text.parse().ok());
        match (day("since"), day("until")) {
            (Some(since), Some(until)) if since <= until => Ok(Self { since, until }),
            _ => Err(GraphError::parameter("time_range must be {'since':'YYYY-MM-DD','until':'YYYY-MM-DD'}")),
        }
    }
}

fn page(data: &Data, question: &Question, query: &Question, again: bool, base: &str) -> Result<Value, GraphError> {
    let range = Range::read(question)?;
    let mut days: Vec<&CampaignDay> =
        data.days.iter().filter(|day| (range.since..=range.until).contains(&day.date)).collect();
    days.sort_by(|a, b| (a.date, &a.campaign).cmp(&(b.date, &b.campaign)));
    let limit = query.get("limit").and_then(|limit| limit.parse::<usize>().ok()).unwrap_or(25).clamp(1, 500);
    // A cursor belongs to its stretch of days.
    let bound = format!("{}:{}", range.since, range.until);
    let start = match query.get("after").filter(|_| !again) {
        None => 0,
        Some(after) => opened(after, &bound).ok_or_else(|| GraphError::parameter("Invalid cursors"))?,
    };
    let end = (start + limit).min(days.len());
    let shown: Vec<Value> = days.get(start..end).unwrap_or_default().iter().map(|day| row(day)).collect();
    let mut answer = json!({ "data": shown });
    if !shown.is_empty() {
        let after = URL_SAFE_NO_PAD.encode(format!("{end}:{bound}"));
        answer["paging"] = json!({ "cursors": { "before": "MAZDZD", "after": after } });
        if end < days.len() {
            answer["paging"]["next"] = json!(format!("{base}?access_token=hidden&limit={limit}&after={after}"));
        }
    }
    Ok(answer)
}

fn opened(after: &str, bound: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(after).ok()?).ok()?;
    let (start, of) = text.split_once(':')?;
    if of == bound { start.parse().ok() } else { None }
}

/// What has no data is not sent.
fn row(day: &CampaignDay) -> Value {
    let mut row = json!({
        "account_id": "880011", "account_currency": "USD", "campaign_id": day.campaign, "campaign_name": day.name,
        "impressions": day.impressions.to_string(), "clicks": day.clicks.to_string(),
        "spend": format!("{}.{:02}", day.cents / 100, day.cents % 100), "date_start": day.date, "date_stop": day.date,
    });
    if day.leads > 0 {
        row["actions"] = json!([
            { "action_type": "link_click", "value": day.clicks.to_string() },
            { "action_type": "lead", "value": day.leads.to_string() },
        ]);
    }
    row
}
