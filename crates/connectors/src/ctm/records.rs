//! Calls as signals. The words of a call's state are not all known, so an answered call is one in which somebody talked.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::walk::{self, lacks};
use crate::wire::{each, id, instant, key, text};

/// The day of a call in the account's time, with which its text begins.
pub(super) fn day(record: &Value) -> Option<NaiveDate> {
    let on = record["called_at"].as_str().and_then(|at| walk::day(at.get(..10)?));
    on.or_else(|| instant(&record["unix_time"]).map(|at| at.date_naive()))
}

fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn answered(record: &Value) -> bool {
    let words = ["no-answer", "no answer", "busy", "failed", "canceled", "cancelled", "voicemail", "hangup", "missed"];
    let state = record["call_status"].as_str().or_else(|| record["dial_status"].as_str()).unwrap_or_default();
    seconds(&record["talk_time"]).unwrap_or(0) > 0 && !words.contains(&state.to_lowercase().as_str())
}

/// A call; the first one of somebody who calls in is a lead too.
pub(super) fn call(record: &Value) -> Result<Vec<Signal>, Rejection> {
    let call_id = id(&record["id"]).ok_or_else(|| lacks("id"))?;
    let at = instant(&record["unix_time"]).ok_or_else(|| lacks("unix_time"))?;
    let direction = match record["direction"].as_str().unwrap_or_default() {
        "inbound" => "inbound",
        "outbound" => "outbound",
        // Texts and chats are listed with calls.
        "" => return Err(lacks("direction")),
        _ => return Ok(Vec::new()),
    };
    let account = id(&record["account_id"]).unwrap_or_default();
    let own = key("ctm", &[&account, &call_id]);
    let new_lead = direction == "inbound" && record["is_new_caller"] == true;
    let signal = |external_id: String, kind| {
        let mut signal = Signal::new("ctm", external_id, kind, at);
        signal.contact = text(&record["caller_number"]).or_else(|| text(&record["contact_number"]));
        signal.location = text(&record["tracking_label"]);
        signal.lead = new_lead.then(|| own.clone());
        let paid = &record["paid"];
        for (name, value) in
            [("channel", &record["source"]), ("medium", &paid["medium"]), ("campaign", &paid["campaign"])]
        {
            if let Some(value) = text(value) {
                signal.data.insert(name.to_owned(), json!(value));
            }
        }
        signal
    };
    let mut told = Vec::new();
    if new_lead {
        told.push(signal(key("ctm", &[&account, &call_id, "lead"]), SignalKind::Lead));
    }
    let mut call = signal(own.clone(), SignalKind::Call);
    call.data.insert("direction".into(), json!(direction));
    call.data.insert("answered".into(), json!(answered(record)));
    if let Some(seconds) = seconds(&record["talk_time"]).or_else(|| seconds(&record["duration"])) {
        call.data.insert("duration_s".into(), json!(seconds));
    }
    let tags: Vec<&str> = each(&record["tag_list"]).filter_map(Value::as_str).collect();
    if !tags.is_empty() {
        call.data.insert("tags".into(), json!(tags));
    }
    told.push(call);
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_rang_out_is_not_answered() {
        let mut record = json!({
            "id": 1_409_823_321, "sid": "CAL0ABCDEF1234567890", "account_id": 533_886, "direction": "inbound",
            "source": "Google Ads", "tracking_label": "Main", "caller_number": "+12145550123",
            "called_at": "2026-10-01 10:24 AM -04:00", "unix_time": 1_790_864_640, "duration": 36, "talk_time": 0,
            "dial_status": "no-answer", "call_status": "no-answer", "status": "completed", "is_new_caller": true,
            "tag_list": [], "paid": { "source": "google", "medium": "cpc", "campaign": "implants" },
        });
        let told = call(&record).expect("signals");
        assert_eq!(told.iter().map(|one| one.kind).collect::<Vec<_>>(), [SignalKind::Lead, SignalKind::Call]);
        assert_eq!(told[1].external_id, "ctm:533886:1409823321");
        assert_eq!((&told[1].data["answered"], &told[1].data["campaign"]), (&json!(false), &json!("implants")));
        assert_eq!(told[1].at.timestamp(), 1_790_864_640);
        assert_eq!(day(&record), walk::day("2026-10-01"));
        record["talk_time"] = json!("90");
        record["call_status"] = json!("answered");
        assert_eq!(call(&record).expect("signals")[1].data["answered"], json!(true));
        record["direction"] = json!("msg_inbound");
        assert_eq!(call(&record), Ok(Vec::new()));
    }
}
