//! Leads, opportunities, tasks and events as signals.

use serde_json::{Value, json};

use super::{Config, NAME};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// The signals of one record of a stream.
pub(super) fn signals(config: &Config, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
    let id = record::id(record, "Id")?;
    match stream {
        "leads" => lead(config, record, id).map(|signal| vec![signal]),
        "opportunities" => opportunity(config, record, &id),
        "tasks" => Ok(task(record, id)?.map(|signal| about(config, signal, record)).into_iter().collect()),
        "events" => {
            let mut signal = Signal::new(NAME, id, SignalKind::Booking, record::moment_in(record, "CreatedDate")?);
            let starts = record::moment_in(record, "StartDateTime")?;
            signal.data.insert("starts_at".to_owned(), json!(starts.to_rfc3339()));
            Ok(vec![about(config, signal, record)])
        }
        _ => Ok(Vec::new()),
    }
}

fn lead(config: &Config, lead: &Value, id: String) -> Result<Signal, Rejection> {
    let mut signal = Signal::new(NAME, id.clone(), SignalKind::Lead, record::moment_in(lead, "CreatedDate")?);
    signal.contact = person(config, lead);
    signal.location = location(config, lead);
    signal.lead = Some(id);
    if let Some(origin) = wire::name(&lead["LeadSource"]) {
        signal.data.insert("origin".to_owned(), json!(origin));
    }
    Ok(signal)
}

/// A lead when it was made, what its stage means, and a payment when it was won.
fn opportunity(config: &Config, record: &Value, id: &str) -> Result<Vec<Signal>, Rejection> {
    let made = record::moment_in(record, "CreatedDate")?;
    let value = if record["Amount"].is_null() {
        None
    } else {
        let own = record::currency(&record["CurrencyIsoCode"]).or(config.currency);
        let own = own.ok_or_else(|| rejected("Amount", "set the currency of this account in the connection"))?;
        Some(record::decimal_in(record, "Amount", own)?).filter(|money| money.minor > 0)
    };
    let own = |kind: SignalKind, at| {
        let mut signal = Signal::new(NAME, format!("{id}:{}", kind.as_str()), kind, at);
        signal.location = location(config, record);
        let lead = record["_lead"]["Id"].as_str();
        signal.lead = Some(lead.unwrap_or(id).to_owned());
        signal.contact = person(config, &record["_lead"]);
        signal.value = value;
        signal
    };
    let mut signals = Vec::new();
    // One that came out of a lead was asked for when the lead was made.
    if record["_lead"].is_null() {
        signals.push(own(SignalKind::Lead, made));
    }
    let changed = config.stage_date_field.as_deref().and_then(|field| record::moment(&record[field])).unwrap_or(made);
    if record["IsWon"] == true {
        let closed = record::moment_in(record, "CloseDate")?;
        signals.extend(value.is_some().then(|| own(SignalKind::Payment, closed)));
    } else if let Some(kind) = record["StageName"].as_str().and_then(|stage| config.stages.get(stage)) {
        let known = *kind != SignalKind::Lead && (*kind != SignalKind::Payment || value.is_some());
        signals.extend(known.then(|| own(*kind, changed)));
    }
    Ok(signals)
}

/// A call that was made, or an email that was written; other tasks are our own business.
fn task(task: &Value, id: String) -> Result<Option<Signal>, Rejection> {
    let kind = match task["TaskSubtype"].as_str() {
        Some("Call") => SignalKind::Call,
        Some("Email" | "ListEmail") => SignalKind::Response,
        _ => return Ok(None),
    };
    if task["Status"] != "Completed" {
        return Ok(None);
    }
    let at = match record::moment(&task["CompletedDateTime"]) {
        Some(at) => at,
        None => record::moment_in(task, "CreatedDate")?,
    };
    let mut signal = Signal::new(NAME, id, kind, at);
    if kind == SignalKind::Call {
        let seconds = task["CallDurationInSeconds"].as_u64();
        let inbound = task["CallType"] == "Inbound";
        signal.data.insert("direction".to_owned(), json!(if inbound { "inbound" } else { "outbound" }));
        if let Some(seconds) = seconds {
            signal.data.insert("answered".to_owned(), json!(seconds > 0));
            signal.data.insert("duration_s".to_owned(), json!(seconds));
        }
    } else {
        signal.data.insert("writer".to_owned(), json!("person"));
    }
    Ok(Some(signal))
}

/// The lead a task or event is of: the lead it began as, else the opportunity, else the person.
fn about(config: &Config, mut signal: Signal, record: &Value) -> Signal {
    let what = record["WhatId"].as_str().filter(|id| id.starts_with("006"));
    let who = record["WhoId"].as_str();
    let key = record["_lead"]["Id"].as_str().or(what).or(who);
    signal.lead = key.map(str::to_owned);
    signal.contact = person(config, &record["_lead"]).or_else(|| who.map(str::to_owned));
    signal
}

fn person(config: &Config, lead: &Value) -> Option<String> {
    let code = config.calling_code.as_deref();
    record::email(&lead["Email"])
        .or_else(|| record::phone(&lead["MobilePhone"], code))
        .or_else(|| record::phone(&lead["Phone"], code))
}

fn location(config: &Config, record: &Value) -> Option<String> {
    wire::name(&record[config.location_field.as_deref()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::money::{Currency, Money};

    fn config() -> Config {
        Config { currency: Some(Currency::USD), ..Config::default() }
    }

    fn deal(stage: &str, won: bool) -> Value {
        json!({
            "attributes": {"type": "Opportunity"}, "Id": "006A1", "SystemModstamp": "2026-10-02T10:00:00.000+0000",
            "CreatedDate": "2026-10-01T10:00:00.000+0000", "Amount": 1500.5, "StageName": stage, "IsWon": won, "CloseDate": "2026-10-09",
            "LastStageChangeDate": "2026-10-02T09:00:00.000+0000",
            "_lead": {"Id": "00Q7", "Email": "ana@example.com", "ConvertedOpportunityId": "006A1"},
        })
    }

    #[test]
    fn a_deal_keeps_the_key_of_the_lead_it_was() {
        let quoted = signals(&config(), "opportunities", &deal("Proposal/Price Quote", false)).expect("readable");
        assert_eq!(quoted.len(), 1);
        assert_eq!(
            (quoted[0].kind, quoted[0].lead.as_deref(), quoted[0].external_id.as_str()),
            (SignalKind::Quote, Some("00Q7"), "006A1:quote")
        );
        let won = signals(&config(), "opportunities", &deal("Closed Won", true)).expect("readable");
        assert_eq!((won[0].kind, won[0].value), (SignalKind::Payment, Some(Money::new(150_050, Currency::USD))));
        let task = json!({"Id": "00T1", "CreatedDate": "2026-10-01T12:00:00.000+0000", "Status": "Completed", "TaskSubtype": "Call",
            "CallType": "Outbound", "CallDurationInSeconds": 31, "WhoId": "003C", "WhatId": "006A1", "_lead": {"Id": "00Q7"}});
        let call = signals(&config(), "tasks", &task).expect("readable");
        assert_eq!(
            (call[0].kind, call[0].lead.as_deref(), &call[0].data["answered"]),
            (SignalKind::Call, Some("00Q7"), &json!(true))
        );
        let mut direct = deal("Qualification", false);
        direct["_lead"] = Value::Null;
        let own = signals(&config(), "opportunities", &direct).expect("readable");
        assert_eq!((own.len(), own[0].kind, own[0].lead.as_deref()), (1, SignalKind::Lead, Some("006A1")));
    }

    #[test]
    fn an_amount_without_a_currency_says_what_to_do() {
        let why = signals(&Config::default(), "opportunities", &deal("Closed Won", true)).expect_err("whose currency?");
        assert_eq!(why.field.as_deref(), Some("Amount"));
        let mut named = deal("Closed Won", true);
        named["CurrencyIsoCode"] = json!("EUR");
        assert!(signals(&Config::default(), "opportunities", &named).is_ok());
    }

    #[test]
    fn open_tasks_and_other_tasks_are_nothing() {
        for (status, subtype) in [("Not Started", "Call"), ("Completed", "Task")] {
            let task = json!({"Id": "00T1", "CreatedDate": "2026-10-01T12:00:00.000+0000", "Status": status, "TaskSubtype": subtype});
            assert!(signals(&config(), "tasks", &task).expect("readable").is_empty());
        }
    }
}
