//! Contacts and deals as signals. The key of a lead is its contact's, so that a contact and its deals are one story.

use kernel::money::Money;
use serde_json::{Value, json};

use super::{Config, NAME};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// The signals of one record of a stream.
pub(super) fn signals(config: &Config, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
    let id = record::id(record, "id")?;
    if record["archived"] == true {
        return Ok(Vec::new());
    }
    match stream {
        "contacts" => contact(config, record, &id),
        "deals" => deal(config, record, &id),
        _ => Ok(Vec::new()),
    }
}

fn contact(config: &Config, contact: &Value, id: &str) -> Result<Vec<Signal>, Rejection> {
    let values = &contact["properties"];
    if values["lifecyclestage"].as_str().is_some_and(|stage| config.not_leads.iter().any(|not| not == stage)) {
        return Ok(Vec::new());
    }
    let key = format!("contact:{id}");
    let mut signal = Signal::new(NAME, key.clone(), SignalKind::Lead, record::moment_in(values, "createdate")?);
    signal.contact = person(config, values).or_else(|| Some(key.clone()));
    signal.location = location(config, values);
    signal.lead = Some(key);
    if let Some(origin) = wire::name(&values["hs_analytics_source"]) {
        signal.data.insert("origin".to_owned(), json!(origin));
    }
    Ok(vec![signal])
}

/// That the deal was made, and what each stage means that it entered.
fn deal(config: &Config, deal: &Value, id: &str) -> Result<Vec<Signal>, Rejection> {
    let values = &deal["properties"];
    let made = record::moment_in(values, "createdate")?;
    let value = amount(config, values)?;
    let contact = wire::id(&deal["_contact"]["id"]).map(|contact| format!("contact:{contact}"));
    let own = |name: &str, kind: SignalKind, at| {
        let mut signal = Signal::new(NAME, format!("deal:{id}:{name}"), kind, at);
        signal.contact = person(config, &deal["_contact"]).or_else(|| contact.clone());
        signal.location = location(config, values);
        signal.lead = Some(contact.clone().unwrap_or_else(|| format!("deal:{id}")));
        signal.value = value;
        signal
    };
    let mut signals = vec![own("lead", SignalKind::Lead, made)];
    let current = values["dealstage"].as_str().unwrap_or_default();
    for (stage, kind) in &config.stages {
        let entered = record::moment(&values[format!("{}{stage}", config.entered_prefix)]);
        let is_here = stage == current;
        let at = match kind {
            SignalKind::Lead => continue,
            // Money: only of a deal that is won now and has an amount, on the day it closed.
            SignalKind::Payment | SignalKind::Refund if !is_here || value.is_none() => continue,
            SignalKind::Payment | SignalKind::Refund => {
                record::moment(&values["closedate"]).or(entered).unwrap_or(made)
            }
            _ if is_here => entered.unwrap_or(made),
            _ => match entered {
                Some(entered) => entered,
                None => continue,
            },
        };
        signals.push(own(stage, *kind, at));
    }
    Ok(signals)
}

fn amount(config: &Config, values: &Value) -> Result<Option<Money>, Rejection> {
    let Some(text) = values["amount"].as_str().filter(|text| !text.is_empty()) else { return Ok(None) };
    let currency = record::currency(&values["deal_currency_code"]).or(config.currency);
    let currency = currency.ok_or_else(|| rejected("amount", "set the currency of this account in the connection"))?;
    let money = record::decimal(&json!(text), currency);
    let money = money.ok_or_else(|| rejected("amount", format!("not an amount of {}: {text}", currency.code())))?;
    Ok(Some(money).filter(|money| money.minor > 0))
}

fn person(config: &Config, values: &Value) -> Option<String> {
    let code = config.calling_code.as_deref();
    record::email(&values["email"])
        .or_else(|| record::phone(&values["mobilephone"], code))
        .or_else(|| record::phone(&values["phone"], code))
}

fn location(config: &Config, values: &Value) -> Option<String> {
    wire::name(&values[config.location_property.as_deref()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::money::Currency;

    fn config() -> Config {
        Config { currency: Some(Currency::USD), ..Config::default() }
    }

    fn sample(stage: &str) -> Value {
        json!({
            "id": "501", "archived": false, "_contact": {"id": "101", "email": "Ana@example.com"},
            "properties": {
                "createdate": "2026-10-01T10:00:00.000Z", "hs_lastmodifieddate": "2026-10-09T10:00:00.000Z", "amount": "1500.50",
                "dealstage": stage, "closedate": "2026-10-09T09:00:00.000Z", "hs_v2_date_entered_contractsent": "2026-10-03T08:00:00.000Z",
            },
        })
    }

    #[test]
    fn a_deal_tells_what_it_went_through() {
        let made = signals(&config(), "deals", &sample("closedwon")).expect("readable");
        let seen: Vec<_> = made.iter().map(|signal| (signal.external_id.as_str(), signal.kind)).collect();
        let expected = [
            ("deal:501:lead", SignalKind::Lead),
            ("deal:501:closedwon", SignalKind::Payment),
            ("deal:501:contractsent", SignalKind::Quote),
        ];
        assert_eq!(seen, expected);
        assert!(
            made.iter()
                .all(|s| s.lead.as_deref() == Some("contact:101") && s.contact.as_deref() == Some("ana@example.com"))
        );
        assert_eq!(made[1].value, Some(Money::new(150_050, Currency::USD)));
        let open = signals(&config(), "deals", &sample("presentationscheduled")).expect("readable");
        assert!(open.iter().all(|signal| signal.kind != SignalKind::Payment));
        let mut odd = sample("closedwon");
        odd["properties"]["amount"] = json!("1.5e3");
        assert_eq!(signals(&config(), "deals", &odd).expect_err("no amount").field.as_deref(), Some("amount"));
        assert!(signals(&Config::default(), "deals", &sample("closedwon")).is_err(), "whose currency?");
    }

    #[test]
    fn a_contact_is_a_lead_unless_it_only_reads_along() {
        let record = |stage: &str| json!({"id": "101", "properties": {"createdate": "2026-10-01T10:00:00Z", "email": "a@example.com", "lifecyclestage": stage}});
        let made = signals(&config(), "contacts", &record("lead")).expect("readable");
        assert_eq!((made[0].kind, made[0].lead.as_deref()), (SignalKind::Lead, Some("contact:101")));
        assert!(signals(&config(), "contacts", &record("subscriber")).expect("readable").is_empty());
    }
}
