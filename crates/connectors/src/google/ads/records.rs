//! Campaigns' days as spend, and calls from ads.

use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use kernel::money::Currency;
use serde_json::{Value, json};

use crate::amount::micros;
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks, local, noon};
use crate::wire::{id, key, text};

/// The day of a row.
pub(super) fn day(row: &Value) -> Option<NaiveDate> {
    let at = row["segments"]["date"].as_str().or_else(|| row["callView"]["startCallDateTime"].as_str()?.get(..10))?;
    walk::day(at)
}

fn zone(row: &Value) -> Option<Tz> {
    row["customer"]["timeZone"].as_str().and_then(|name| name.parse().ok())
}

/// An int64 is text on this wire; one that is not sent is zero.
fn whole(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

/// What a campaign cost on a day; none where nothing was shown and nothing spent.
pub(super) fn spend(row: &Value) -> Result<Vec<Signal>, Rejection> {
    let day = day(row).ok_or_else(|| lacks("segments.date"))?;
    let campaign = id(&row["campaign"]["id"]).ok_or_else(|| lacks("campaign.id"))?;
    let customer = id(&row["customer"]["id"]).ok_or_else(|| lacks("customer.id"))?;
    let currency = row["customer"]["currencyCode"].as_str().and_then(Currency::from_code);
    let currency = currency.ok_or_else(|| lacks("customer.currencyCode"))?;
    let metrics = &row["metrics"];
    let (cost, clicks, shown) =
        (whole(&metrics["costMicros"]), whole(&metrics["clicks"]), whole(&metrics["impressions"]));
    if cost == 0 && clicks == 0 && shown == 0 {
        return Ok(Vec::new());
    }
    let external_id = key("google_ads", &[&customer, &campaign, &day.to_string()]);
    let mut signal = Signal::new("google_ads", external_id, SignalKind::AdSpend, noon(day, zone(row)));
    signal.value = Some(micros(cost, currency).ok_or_else(|| lacks("metrics.costMicros"))?);
    let data = &mut signal.data;
    data.insert("campaign".into(), json!(text(&row["campaign"]["name"]).unwrap_or(campaign)));
    data.insert("clicks".into(), json!(clicks));
    data.insert("impressions".into(), json!(shown));
    data.insert("micros".into(), json!(cost));
    for (name, field) in [("conversions", "conversions"), ("conversions_value", "conversionsValue")] {
        if metrics[field].is_number() {
            data.insert(name.into(), metrics[field].clone());
        }
    }
    Ok(vec![signal])
}

/// A call from an ad. Google does not tell who called.
pub(super) fn call(row: &Value) -> Result<Vec<Signal>, Rejection> {
    let view = &row["callView"];
    let name = text(&view["resourceName"]).ok_or_else(|| lacks("callView.resourceName"))?;
    let start = view["startCallDateTime"].as_str().unwrap_or_default();
    let start =
        NaiveDateTime::parse_from_str(start, "%Y-%m-%d %H:%M:%S").map_err(|_| lacks("callView.startCallDateTime"))?;
    let mut signal = Signal::new("google_ads", key("google_ads", &[&name]), SignalKind::Call, local(start, zone(row)));
    signal.data.insert("direction".into(), json!("inbound"));
    if let Some(status) = view["callStatus"].as_str() {
        signal.data.insert("answered".into(), json!(status == "RECEIVED"));
    }
    signal.data.insert("duration_s".into(), json!(whole(&view["callDurationSeconds"])));
    Ok(vec![signal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaigns_day_costs_to_the_cent() {
        let row = json!({
            "campaign": { "resourceName": "customers/1/campaigns/55", "id": "55", "name": "Brand", "status": "ENABLED" },
            "segments": { "date": "2026-09-02" }, "customer": { "id": "1", "currencyCode": "USD", "timeZone": "America/New_York" },
            "metrics": { "impressions": "1000", "clicks": "80", "costMicros": "2500015000", "conversions": 4.0, "conversionsValue": 540.0 },
        });
        let told = spend(&row).expect("spend").remove(0);
        assert_eq!(told.external_id, "google_ads:1:55:2026-09-02");
        assert_eq!(told.value.map(|money| money.to_string()).as_deref(), Some("USD 2,500.02"));
        assert_eq!((&told.data["micros"], &told.data["clicks"]), (&json!(2_500_015_000_i64), &json!(80)));
        assert_eq!(told.at.to_rfc3339(), "2026-09-02T16:00:00+00:00");
        let mut bare = row.clone();
        bare["metrics"] = json!({});
        assert_eq!(spend(&bare), Ok(Vec::new()));
        bare["customer"]["currencyCode"] = json!("dollars");
        assert!(spend(&bare).is_err());
    }

    #[test]
    fn a_call_is_in_the_customers_time() {
        let row = json!({
            "callView": { "resourceName": "customers/1/callViews/9", "callDurationSeconds": "61",
                "startCallDateTime": "2026-09-02 09:30:00", "callStatus": "MISSED" },
            "customer": { "id": "1", "timeZone": "America/Chicago" },
        });
        let told = call(&row).expect("a call").remove(0);
        assert_eq!(told.at.to_rfc3339(), "2026-09-02T14:30:00+00:00");
        assert_eq!((&told.data["answered"], &told.data["duration_s"]), (&json!(false), &json!(61)));
    }
}
