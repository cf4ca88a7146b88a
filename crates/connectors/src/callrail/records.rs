//! Calls and forms as signals. A webhook writes the same fields in other types: ids as numbers, durations as text, nothing as "".

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks};
use crate::wire::{each, id, key, text};

/// What a call shows only when asked.
pub(super) const CALL_FIELDS: &str = "call_type,campaign,company_id,company_name,company_time_zone,created_at,first_call,gclid,lead_status,medium,source,source_name,tags,value";

/// The day of a record, in the company's time, whose offset is written into it.
pub(super) fn day(record: &Value, time: &str) -> Option<NaiveDate> {
    walk::day(record[time].as_str()?.get(..10)?)
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}

fn yes(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A call; the first one of somebody who calls in is a lead too.
pub(super) fn call(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let call_id = id(&record["id"]).ok_or_else(|| lacks("id"))?;
    let at = instant(&record["start_time"]).ok_or_else(|| lacks("start_time"))?;
    let Some(direction @ ("inbound" | "outbound")) = record["direction"].as_str() else {
        return Err(lacks("direction"));
    };
    let own = key("callrail", &[&call_id]);
    let new_lead = direction == "inbound" && yes(&record["first_call"]);
    let signal = |external_id: String, kind| {
        let mut signal = Signal::new("callrail", external_id, kind, at);
        signal.contact = text(&record["customer_phone_number"]);
        signal.location = text(&record["company_name"]);
        signal.lead = new_lead.then(|| own.clone());
        for (name, field) in [("channel", "source_name"), ("medium", "medium"), ("campaign", "campaign")] {
            if let Some(value) = text(&record[field]) {
                signal.data.insert(name.to_owned(), json!(value));
            }
        }
        signal
    };
    let mut told = Vec::new();
    if new_lead {
        told.push(signal(key("callrail", &[&call_id, "lead"]), SignalKind::Lead));
    }
    let mut call = signal(own.clone(), SignalKind::Call);
    call.data.insert("direction".into(), json!(direction));
    call.data.insert("answered".into(), json!(yes(&record["answered"])));
    if let Some(seconds) = seconds(&record["duration"]) {
        call.data.insert("duration_s".into(), json!(seconds));
    }
    for name in ["lead_status", "value"] {
        if let Some(value) = id(&record[name]) {
            call.data.insert(name.into(), json!(value));
        }
    }
    let tags: Vec<&str> = each(&record["tags"]).filter_map(Value::as_str).collect();
    if !tags.is_empty() {
        call.data.insert("tags".into(), json!(tags));
    }
    told.push(call);
    Ok(told)
}

/// Forms name their company by id only: the name is what calls are placed by.
pub(super) fn name_companies<'a>(records: &mut [Value], companies: &(impl Iterator<Item = &'a Value> + Clone)) {
    for record in records.iter_mut() {
        let company = id(&record["company_id"]);
        let name = companies.clone().find(|one| id(&one["id"]) == company).map(|one| one["name"].clone());
        if let (Some(name), Some(fields)) = (name, record.as_object_mut()) {
            fields.entry("company_name").or_insert(name);
        }
    }
}

/// A form that was sent.
pub(super) fn form(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let form_id = id(&record["id"]).ok_or_else(|| lacks("id"))?;
    let at = instant(&record["submitted_at"]).ok_or_else(|| lacks("submitted_at"))?;
    let own = key("callrail", &[&form_id]);
    let mut signal = Signal::new("callrail", own.clone(), SignalKind::Lead, at);
    signal.lead = Some(own);
    signal.location = text(&record["company_name"]).or_else(|| id(&record["company_id"]));
    let field = |part: &str| {
        let fields = record["form_data"].as_object().into_iter().flatten();
        fields.filter(|(name, _)| name.to_lowercase().contains(part)).find_map(|(_, value)| text(value))
    };
    let email = field("email").filter(|email| email.contains('@'));
    signal.contact = email.or_else(|| text(&record["customer_phone_number"])).or_else(|| field("phone"));
    for (name, field) in [("channel", "source"), ("medium", "medium"), ("campaign", "campaign"), ("form", "form_url")] {
        if let Some(value) = text(&record[field]) {
            signal.data.insert(name.to_owned(), json!(value));
        }
    }
    Ok(vec![signal])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_call_is_a_lead_and_a_call() {
        let record = json!({
            "id": 812_345_670, "answered": false, "voicemail": true, "call_type": "voicemail", "direction": "inbound",
            "duration": "13", "start_time": "2026-10-01T13:41:00.236-05:00", "company_name": "Acme Dental",
            "customer_phone_number": "+12145550123", "business_phone_number": "", "source_name": "Google Ads",
            "first_call": true, "lead_status": null, "value": "", "tags": [],
        });
        let told = call(&record).expect("signals");
        assert_eq!(told.iter().map(|one| one.kind).collect::<Vec<_>>(), [SignalKind::Lead, SignalKind::Call]);
        assert_eq!(
            (told[0].external_id.as_str(), told[1].external_id.as_str()),
            ("callrail:812345670:lead", "callrail:812345670")
        );
        assert_eq!(told[0].lead, told[1].lead);
        assert_eq!(told[1].contact.as_deref(), Some("+12145550123"));
        assert_eq!((&told[1].data["answered"], &told[1].data["duration_s"]), (&json!(false), &json!(13)));
        assert_eq!(told[1].at.to_rfc3339(), "2026-10-01T18:41:00.236+00:00");
        let mut again = record.clone();
        again["first_call"] = json!(false);
        again["value"] = json!("3500");
        let told = call(&again).expect("signals");
        assert_eq!((told.len(), told[0].lead.as_ref(), &told[0].data["value"]), (1, None, &json!("3500")));
        again["start_time"] = json!("yesterday");
        assert_eq!(call(&again).expect_err("no time").field.as_deref(), Some("start_time"));
    }

    #[test]
    fn a_form_is_a_lead_of_whoever_sent_it() {
        let mut records = [json!({
            "id": 445_566_778, "company_id": "COM1", "form_data": { "Your email": "ana@example.com", "message": "Price?" },
            "submitted_at": "2026-10-01T09:40:18.000-04:00", "source": "Google Organic",
        })];
        name_companies(&mut records, &[json!({ "id": "COM1", "name": "Acme Dental" })].iter());
        let told = form(&records[0]).expect("a lead").remove(0);
        assert_eq!((told.contact.as_deref(), told.location.as_deref()), (Some("ana@example.com"), Some("Acme Dental")));
        assert_eq!(told.external_id, "callrail:445566778");
    }
}
