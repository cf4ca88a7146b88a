//! Campaigns' days as spend.

use chrono::NaiveDate;
use kernel::money::Currency;
use serde_json::{Value, json};

use super::Config;
use crate::amount::decimal;
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks, noon};
use crate::wire::{each, id, key, text};

/// What we ask for.
pub(super) const FIELDS: &str =
    "account_id,account_currency,campaign_id,campaign_name,impressions,clicks,spend,actions";

/// A row with the time zone of its account and what counts as a lead.
pub(super) fn with_zone(mut row: Value, zone: Option<&str>, config: &Config) -> Value {
    if let Some(fields) = row.as_object_mut() {
        fields.insert("_time_zone".to_owned(), json!(zone));
        fields.insert("_lead_actions".to_owned(), json!(config.lead_actions));
    }
    row
}

/// The day of a row.
pub(super) fn day(row: &Value) -> Option<NaiveDate> {
    walk::day(row["date_start"].as_str()?)
}

/// Scalars are text on this wire; numbers are understood too.
fn whole(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

/// What a campaign cost on a day.
pub(super) fn spend(row: &Value) -> Result<Vec<Signal>, Rejection> {
    let day = day(row).ok_or_else(|| lacks("date_start"))?;
    let campaign = id(&row["campaign_id"]).ok_or_else(|| lacks("campaign_id"))?;
    let account = id(&row["account_id"]).ok_or_else(|| lacks("account_id"))?;
    let currency = row["account_currency"].as_str().and_then(Currency::from_code);
    let currency = currency.ok_or_else(|| lacks("account_currency"))?;
    // A field without data is not sent.
    let cost = match &row["spend"] {
        Value::Null => decimal("0", currency),
        value => id(value).and_then(|text| decimal(&text, currency)),
    };
    let zone = row["_time_zone"].as_str().and_then(|name| name.parse().ok());
    let external_id = key("meta_ads", &[&account, &campaign, &day.to_string()]);
    let mut signal = Signal::new("meta_ads", external_id, SignalKind::AdSpend, noon(day, zone));
    signal.value = Some(cost.ok_or_else(|| lacks("spend"))?);
    let counted = each(&row["_lead_actions"]).filter_map(Value::as_str);
    let kinds: Vec<&str> = counted.collect();
    let of_kind = |action: &&Value| action["action_type"].as_str().is_some_and(|kind| kinds.contains(&kind));
    let leads: u64 = each(&row["actions"]).filter(of_kind).map(|action| whole(&action["value"])).sum();
    let data = &mut signal.data;
    data.insert("campaign".into(), json!(text(&row["campaign_name"]).unwrap_or(campaign)));
    data.insert("clicks".into(), json!(whole(&row["clicks"])));
    data.insert("impressions".into(), json!(whole(&row["impressions"])));
    if leads > 0 {
        data.insert("leads".into(), json!(leads));
    }
    Ok(vec![signal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaigns_day_costs_what_the_text_says() {
        let row = json!({
            "account_id": "880011", "account_currency": "USD", "campaign_id": "120001", "campaign_name": "Whitening",
            "impressions": "2100", "clicks": "40", "spend": "123.45", "date_start": "2026-10-01", "date_stop": "2026-10-01",
            "actions": [
                { "action_type": "lead", "value": "7", "7d_click": "5", "1d_view": "2" },
                { "action_type": "link_click", "value": "40" },
            ],
        });
        let record = with_zone(row, Some("America/Chicago"), &Config::default());
        let told = spend(&record).expect("spend").remove(0);
        assert_eq!(told.external_id, "meta_ads:880011:120001:2026-10-01");
        assert_eq!(told.value.map(|money| money.minor), Some(12_345));
        assert_eq!((&told.data["leads"], &told.data["clicks"]), (&json!(7), &json!(40)));
        assert_eq!(told.at.to_rfc3339(), "2026-10-01T17:00:00+00:00");
        let mut bare = record.clone();
        bare["spend"] = json!("a lot");
        assert_eq!(spend(&bare).expect_err("no number").field.as_deref(), Some("spend"));
        bare.as_object_mut().expect("an object").remove("spend");
        assert_eq!(spend(&bare).expect("nothing spent")[0].value.map(|money| money.minor), Some(0));
    }
}
