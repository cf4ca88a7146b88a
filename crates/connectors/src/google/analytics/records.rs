//! Rows of a report as records, and records as visits.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::Config;
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks, noon};
use crate::wire::{each, key};

/// One record a row: what the headers name, and whose it is.
pub(super) fn rows(answer: &Value, config: &Config) -> Vec<Value> {
    let names = |headers: &Value| -> Vec<String> {
        each(headers).map(|head| head["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let (dimensions, metrics) = (names(&answer["dimensionHeaders"]), names(&answer["metricHeaders"]));
    let row = |row: &Value| {
        let values = |names: &[String], values: &Value| {
            let pairs = names.iter().zip(each(values)).map(|(name, value)| (name.clone(), value["value"].clone()));
            pairs.collect::<Map<String, Value>>()
        };
        json!({
            "property": config.property, "time_zone": answer["metadata"]["timeZone"],
            "dimensions": values(&dimensions, &row["dimensionValues"]), "metrics": values(&metrics, &row["metricValues"]),
            "visits": config.metrics.first(), "by": config.dimensions,
        })
    };
    each(&answer["rows"]).map(row).collect()
}

/// The day of a record.
pub(super) fn day(record: &Value) -> Option<NaiveDate> {
    walk::day(record["dimensions"]["date"].as_str()?)
}

/// The visits of a record; none where there were none.
pub(super) fn signals(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let day = day(record).ok_or_else(|| lacks("date"))?;
    let counted = |name: &str| record["metrics"][name].as_str().and_then(|text| text.parse::<f64>().ok());
    let visits = record["visits"].as_str().unwrap_or("sessions");
    let count = counted(visits).ok_or_else(|| lacks(visits))?;
    if count < 1.0 {
        return Ok(Vec::new());
    }
    let by: Vec<&str> = each(&record["by"]).filter_map(|name| record["dimensions"][name.as_str()?].as_str()).collect();
    let property = record["property"].as_str().unwrap_or_default();
    let date = day.to_string();
    let parts: Vec<&str> = [property, &date].into_iter().chain(by).collect();
    let zone = record["time_zone"].as_str().and_then(|name| name.parse().ok());
    let mut signal = Signal::new("google_analytics", key("ga4", &parts), SignalKind::Visit, noon(day, zone));
    signal.data.insert("count".into(), json!(count as u64));
    let page = ["landingPage", "pagePath", "landingPagePlusQueryString"];
    if let Some(page) = page.iter().find_map(|name| record["dimensions"][*name].as_str()) {
        signal.data.insert("page".into(), json!(page));
    }
    for (name, value) in record["dimensions"].as_object().into_iter().flatten().filter(|(name, _)| *name != "date") {
        signal.data.insert(name.clone(), value.clone());
    }
    for (name, value) in record["metrics"].as_object().into_iter().flatten().filter(|(name, _)| *name != visits) {
        let number = value.as_str().and_then(|text| serde_json::from_str::<serde_json::Number>(text).ok());
        signal.data.insert(name.clone(), number.map_or_else(|| value.clone(), Value::Number));
    }
    Ok(vec![signal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_the_visits_of_its_day() {
        let answer = json!({
            "dimensionHeaders": [{ "name": "date" }, { "name": "sessionSource" }, { "name": "sessionMedium" }],
            "metricHeaders": [{ "name": "sessions", "type": "TYPE_INTEGER" }, { "name": "keyEvents", "type": "TYPE_FLOAT" }],
            "rows": [
                { "dimensionValues": [{ "value": "20261001" }, { "value": "google" }, { "value": "organic" }],
                  "metricValues": [{ "value": "41" }, { "value": "2.5" }] },
                { "dimensionValues": [{ "value": "(other)" }, { "value": "" }, { "value": "" }],
                  "metricValues": [{ "value": "3" }, { "value": "0" }] },
            ],
            "metadata": { "timeZone": "America/Chicago" },
        });
        let config = Config { property: "3456".into(), ..Config::default() };
        let records = rows(&answer, &config);
        let [visit]: [Signal; 1] = signals(&records[0]).expect("a visit").try_into().expect("one signal");
        assert_eq!(visit.external_id, "ga4:3456:2026-10-01:google:organic");
        assert_eq!(visit.at.to_rfc3339(), "2026-10-01T17:00:00+00:00");
        assert_eq!(
            (visit.kind, &visit.data["count"], &visit.data["keyEvents"]),
            (SignalKind::Visit, &json!(41), &json!(2.5))
        );
        assert_eq!(signals(&records[1]).expect_err("no day").field.as_deref(), Some("date"));
    }
}
