//! Reviews and daily figures as signals.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks, noon};
use crate::wire::{each, key, text};

/// The figures we ask for.
pub(super) const METRICS: [&str; 9] = [
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS",
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH",
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS",
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH",
    "BUSINESS_DIRECTION_REQUESTS",
    "CALL_CLICKS",
    "WEBSITE_CLICKS",
    "MESSAGING_CLICKS",
    "BUSINESS_BOOKINGS",
];
/// What each is called in a signal, beside those seen.
const CLICKS: [(&str, &str); 5] = [
    ("CALL_CLICKS", "call_clicks"),
    ("WEBSITE_CLICKS", "website_clicks"),
    ("BUSINESS_DIRECTION_REQUESTS", "direction_requests"),
    ("MESSAGING_CLICKS", "messaging_clicks"),
    ("BUSINESS_BOOKINGS", "bookings"),
];

/// Places with the keys that signals name them by: the chain's own code, else a title that no other place has, else Google's name.
pub(super) fn places(found: &[Value]) -> Vec<(String, String)> {
    let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
    for title in found.iter().filter_map(|place| place["title"].as_str()) {
        *titles.entry(title).or_default() += 1;
    }
    let name = |place: &Value| {
        let name = text(&place["name"])?;
        let title = place["title"].as_str().filter(|title| titles.get(title) == Some(&1));
        let key = text(&place["storeCode"]).or_else(|| title.map(str::to_owned)).unwrap_or_else(|| name.clone());
        Some((name, key))
    };
    found.iter().filter_map(name).collect()
}

/// A review with the place it is of.
pub(super) fn of_place(mut review: Value, key: &str) -> Value {
    if let Some(fields) = review.as_object_mut() {
        fields.insert("_location".to_owned(), json!(key));
    }
    review
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}

/// When a review was changed last.
pub(super) fn changed(review: &Value) -> Option<DateTime<Utc>> {
    instant(&review["updateTime"]).or_else(|| instant(&review["createTime"]))
}

/// A review, of when it was written.
pub(super) fn review(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let name = text(&record["name"]).or_else(|| text(&record["reviewId"])).ok_or_else(|| lacks("name"))?;
    let at = instant(&record["createTime"]).ok_or_else(|| lacks("createTime"))?;
    let stars = ["ONE", "TWO", "THREE", "FOUR", "FIVE"];
    let given = record["starRating"].as_str().unwrap_or_default();
    let rating = stars.iter().position(|star| *star == given).ok_or_else(|| lacks("starRating"))? + 1;
    let mut signal = Signal::new("google_business", key("gbp", &[&name]), SignalKind::Review, at);
    signal.location = text(&record["_location"]);
    signal.data.insert("rating".into(), json!(rating));
    signal.data.insert("commented".into(), json!(text(&record["comment"]).is_some()));
    // The state of a reply is told at one of two places; one that was rejected is not seen by anybody.
    let reply = &record["reviewReply"];
    let state = [&reply["reviewReplyState"], &record["reviewReplyState"]].into_iter().find_map(Value::as_str);
    if let Some(replied) = instant(&reply["updateTime"]).filter(|_| state != Some("REJECTED")) {
        signal.data.insert("replied_at".into(), json!(replied));
    }
    Ok(vec![signal])
}

/// One record a day of a place: the figures of that day; a figure that is not sent is zero.
pub(super) fn days(answer: &Value, place: &str, key: &str, zone: Option<&str>) -> Vec<Value> {
    let mut days: BTreeMap<NaiveDate, serde_json::Map<String, Value>> = BTreeMap::new();
    let series = each(&answer["multiDailyMetricTimeSeries"]).flat_map(|many| each(&many["dailyMetricTimeSeries"]));
    for one in series {
        let Some(metric) = one["dailyMetric"].as_str() else { continue };
        for dated in each(&one["timeSeries"]["datedValues"]) {
            let part = |name: &str| dated["date"][name].as_i64();
            let date = part("year").zip(part("month")).zip(part("day"));
            let date = date.and_then(|((year, month), day)| {
                NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month.try_into().ok()?, day.try_into().ok()?)
            });
            let Some(date) = date else { continue };
            let value = dated["value"].as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            if value > 0 {
                days.entry(date).or_default().insert(metric.to_owned(), json!(value));
            }
        }
    }
    days.into_iter()
        .map(|(day, figures)| {
            json!({ "location": place, "_location": key, "date": day, "time_zone": zone, "figures": figures })
        })
        .collect()
}

/// The day of a record.
pub(super) fn day(record: &Value) -> Option<NaiveDate> {
    walk::day(record["date"].as_str()?)
}

/// Those who saw the profile on a day, and what they did there.
pub(super) fn visits(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let day = day(record).ok_or_else(|| lacks("date"))?;
    let place = record["location"].as_str().ok_or_else(|| lacks("location"))?;
    let figure = |name: &str| record["figures"][name].as_u64().unwrap_or(0);
    let seen: u64 = METRICS.iter().filter(|name| name.contains("IMPRESSIONS")).map(|name| figure(name)).sum();
    let zone = record["time_zone"].as_str().and_then(|name| name.parse().ok());
    let id = key("gbp", &[place, &day.to_string()]);
    let mut signal = Signal::new("google_business", id, SignalKind::Visit, noon(day, zone));
    signal.location = text(&record["_location"]);
    signal.data.insert("count".into(), json!(seen));
    signal.data.insert("page".into(), json!("business_profile"));
    for (metric, name) in CLICKS {
        if figure(metric) > 0 {
            signal.data.insert(name.to_owned(), json!(figure(metric)));
        }
    }
    Ok(vec![signal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_has_its_stars_and_its_reply() {
        let record = json!({
            "name": "accounts/1/locations/2/reviews/AbC1", "reviewId": "AbC1", "starRating": "FOUR",
            "createTime": "2026-10-01T08:00:00Z", "updateTime": "2026-10-02T08:00:00.5Z", "_location": "DAL",
            "reviewer": { "displayName": "Ana", "isAnonymous": false },
            "reviewReply": { "comment": "Thanks", "updateTime": "2026-10-02T08:00:00.5Z" },
        });
        let [told]: [Signal; 1] = review(&record).expect("a review").try_into().expect("one");
        assert_eq!(told.external_id, "gbp:accounts/1/locations/2/reviews/AbC1");
        assert_eq!((&told.data["rating"], &told.data["commented"]), (&json!(4), &json!(false)));
        assert!(told.data.contains_key("replied_at"));
        assert_eq!(told.location.as_deref(), Some("DAL"));
        let mut rejected = record.clone();
        rejected["reviewReply"]["reviewReplyState"] = json!("REJECTED");
        assert!(!review(&rejected).expect("a review")[0].data.contains_key("replied_at"));
        rejected["starRating"] = json!("STAR_RATING_UNSPECIFIED");
        assert_eq!(review(&rejected).expect_err("no stars").field.as_deref(), Some("starRating"));
    }

    #[test]
    fn figures_left_out_are_zero() {
        let dated = |day: u32, value: Option<&str>| {
            let mut dated = json!({ "date": { "year": 2026, "month": 10, "day": day } });
            if let Some(value) = value {
                dated["value"] = json!(value);
            }
            dated
        };
        let answer = json!({ "multiDailyMetricTimeSeries": [{ "dailyMetricTimeSeries": [
            { "dailyMetric": "BUSINESS_IMPRESSIONS_MOBILE_MAPS", "timeSeries": { "datedValues": [dated(1, Some("12")), dated(2, None)] } },
            { "dailyMetric": "BUSINESS_IMPRESSIONS_MOBILE_SEARCH", "timeSeries": { "datedValues": [dated(1, Some("3"))] } },
            { "dailyMetric": "CALL_CLICKS", "timeSeries": { "datedValues": [dated(1, Some("2")), dated(2, None)] } },
        ] }] });
        let records = days(&answer, "locations/2", "DAL", Some("America/Chicago"));
        assert_eq!(records.len(), 1, "a day without figures is no record");
        let told = visits(&records[0]).expect("visits").remove(0);
        assert_eq!(told.external_id, "gbp:locations/2:2026-10-01");
        assert_eq!((&told.data["count"], &told.data["call_clicks"]), (&json!(15), &json!(2)));
    }

    #[test]
    fn places_are_named_by_what_tells_them_apart() {
        let found = [
            json!({ "name": "locations/1", "title": "Acme", "storeCode": "DAL" }),
            json!({ "name": "locations/2", "title": "Acme" }),
            json!({ "name": "locations/3", "title": "Acme Plano" }),
        ];
        let keys: Vec<String> = places(&found).into_iter().map(|(_, key)| key).collect();
        assert_eq!(keys, ["DAL", "locations/2", "Acme Plano"]);
    }
}
