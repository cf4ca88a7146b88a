//! Business Profile: accounts, locations, reviews (still version 4) and daily performance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{BUSINESS, Google, GoogleError, page};
use crate::server::form::pairs;
use crate::sources::{repeats, told};

type Answer = Result<Json<Value>, GoogleError>;
type Query = BTreeMap<String, String>;

fn query(parts: &Parts) -> Query {
    pairs(parts.uri.query().unwrap_or_default())
}

/// The question without its page token.
fn question(parts: &Parts, query: &Query) -> String {
    let kept: Vec<_> = query.iter().filter(|(name, _)| *name != "pageToken").collect();
    format!("{} {kept:?}", parts.uri.path())
}

/// The page token asked for; none while the plan repeats the first page.
fn token<'a>(parts: &Parts, query: &'a Query) -> &'a str {
    if repeats(&parts.extensions) { "" } else { query.get("pageToken").map_or("", String::as_str) }
}

fn size(query: &Query, usual: usize, most: usize) -> usize {
    query.get("pageSize").and_then(|size| size.parse().ok()).unwrap_or(usual).clamp(1, most)
}

pub(super) async fn accounts(State(google): State<Arc<Google>>, parts: Parts) -> Answer {
    google.admit(&parts, BUSINESS)?;
    Ok(Json(json!({ "accounts": [{
        "name": format!("accounts/{}", google.config.account), "accountName": "Acme Dental", "type": "LOCATION_GROUP",
        "role": "PRIMARY_OWNER", "verificationState": "VERIFIED", "vettedState": "VETTED",
    }] })))
}

pub(super) async fn locations(State(google): State<Arc<Google>>, Path(account): Path<String>, parts: Parts) -> Answer {
    google.admit(&parts, BUSINESS)?;
    let query = query(&parts);
    if account != google.config.account {
        return Err(GoogleError::missing());
    }
    let mask = query.get("readMask").map(String::as_str).filter(|mask| !mask.is_empty());
    let mask: Vec<&str> = mask.ok_or_else(|| GoogleError::invalid("Read mask is required."))?.split(',').collect();
    google.data(|data| {
        let total = data.places.len();
        let (range, next) = page(token(&parts, &query), &question(&parts, &query), size(&query, 10, 100), total)?;
        let shown: Vec<Value> = data.places[range]
            .iter()
            .map(|place| {
                let all = json!({ "name": place.name, "title": place.title, "storeCode": place.store_code });
                let kept = all.as_object().into_iter().flatten();
                let kept = kept.filter(|(name, value)| mask.contains(&name.as_str()) && !value.is_null());
                Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
            })
            .collect();
        let mut answer = json!({ "locations": shown, "totalSize": told(&parts.extensions, total) });
        if let Some(next) = next {
            answer["nextPageToken"] = json!(next);
        }
        Ok(Json(answer))
    })
}

pub(super) async fn reviews(
    State(google): State<Arc<Google>>,
    Path((account, location)): Path<(String, String)>,
    parts: Parts,
) -> Answer {
    google.admit(&parts, BUSINESS)?;
    let query = query(&parts);
    let path = format!("accounts/{account}/locations/{location}");
    google.data(|data| {
        if account != google.config.account || !data.places.iter().any(|place| path.ends_with(&place.name)) {
            return Err(GoogleError::missing());
        }
        let mut reviews: Vec<&Value> =
            data.reviews.iter().filter(|(of, _)| *of == path).map(|(_, review)| review).collect();
        match query.get("orderBy").map_or("updateTime desc", String::as_str) {
            "updateTime desc" => reviews.sort_by_key(|review| std::cmp::Reverse(review["updateTime"].to_string())),
            "rating" | "rating desc" => reviews.sort_by_key(|review| review["starRating"].to_string()),
            _ => return Err(GoogleError::invalid("Invalid order by.")),
        }
        if query.get("pageSize").and_then(|size| size.parse::<usize>().ok()).is_some_and(|size| size > 50) {
            return Err(GoogleError::invalid("Page size must be at most 50."));
        }
        let total = reviews.len();
        let (range, next) = page(token(&parts, &query), &question(&parts, &query), size(&query, 50, 50), total)?;
        let mut answer = json!({
            "reviews": reviews[range], "averageRating": 4.2, "totalReviewCount": told(&parts.extensions, total),
        });
        if let Some(next) = next {
            answer["nextPageToken"] = json!(next);
        }
        Ok(Json(answer))
    })
}

const METRICS: [&str; 4] =
    ["BUSINESS_IMPRESSIONS_MOBILE_SEARCH", "CALL_CLICKS", "WEBSITE_CLICKS", "BUSINESS_DIRECTION_REQUESTS"];
const OTHER_METRICS: [&str; 8] = [
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS",
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH",
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS",
    "BUSINESS_CONVERSATIONS",
    "MESSAGING_CLICKS",
    "BUSINESS_BOOKINGS",
    "BUSINESS_FOOD_ORDERS",
    "BUSINESS_FOOD_MENU_CLICKS",
];

fn date(query: &Query, which: &str) -> Result<NaiveDate, GoogleError> {
    let part = |name: &str| query.get(&format!("dailyRange.{which}.{name}")).and_then(|text| text.parse::<i32>().ok());
    let date = part("year").zip(part("month")).zip(part("day"));
    date.and_then(|((year, month), day)| NaiveDate::from_ymd_opt(year, month as u32, day as u32))
        .ok_or_else(|| GoogleError::invalid("Invalid daily range."))
}

pub(super) async fn performance(State(google): State<Arc<Google>>, Path(target): Path<String>, parts: Parts) -> Answer {
    google.admit(&parts, BUSINESS)?;
    let Some((location, "fetchMultiDailyMetricsTimeSeries")) = target.split_once(':') else {
        return Err(GoogleError::missing());
    };
    let query = query(&parts);
    let (from, to) = (date(&query, "startDate")?, date(&query, "endDate")?);
    let asked = parts.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("dailyMetrics="));
    let asked: Vec<&str> = asked.collect();
    let known = |metric: &&str| METRICS.contains(metric) || OTHER_METRICS.contains(metric);
    if asked.is_empty() || !asked.iter().all(known) || from > to {
        return Err(GoogleError::invalid("Request contains an invalid argument."));
    }
    google.data(|data| {
        let place = data.places.iter().find(|place| place.name == format!("locations/{location}"));
        let place = place.ok_or_else(GoogleError::missing)?;
        let series: Vec<Value> = asked
            .iter()
            .map(|&metric| {
                let index = METRICS.iter().position(|known| *known == metric);
                let days = place.days.iter().filter(|(day, _)| (from..=to).contains(day));
                let values: Vec<Value> = days
                    .map(|(day, figures)| {
                        let (year, month, day) = split(*day);
                        let mut value = json!({ "date": { "year": year, "month": month, "day": day } });
                        let figure = index.map_or(0, |index| figures[index]);
                        if figure > 0 {
                            value["value"] = json!(figure.to_string());
                        }
                        value
                    })
                    .collect();
                json!({ "dailyMetric": metric, "timeSeries": { "datedValues": values } })
            })
            .collect();
        Ok(Json(json!({ "multiDailyMetricTimeSeries": [{ "dailyMetricTimeSeries": series }] })))
    })
}

fn split(day: NaiveDate) -> (i32, u32, u32) {
    use chrono::Datelike as _;
    (day.year(), day.month(), day.day())
}
