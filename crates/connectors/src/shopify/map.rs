//! Orders, refunds and checkouts as signals.

use kernel::money::Money;
use serde_json::{Value, json};

use super::{Config, NAME};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// The signals of one record of a stream.
pub(super) fn signals(config: &Config, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
    match stream {
        "orders" => order(config, record),
        "checkouts" => Ok(checkout(config, record)?.into_iter().collect()),
        _ => Ok(Vec::new()),
    }
}

/// The gross payment, and each refund as its own.
fn order(config: &Config, order: &Value) -> Result<Vec<Signal>, Rejection> {
    let id = number(order)?;
    if order["test"] == true {
        return Ok(Vec::new());
    }
    let with = |mut signal: Signal, value: Money| {
        signal.contact = person(config, order);
        signal.location.clone_from(&config.location);
        signal.value = Some(value);
        signal.data.insert("order".to_owned(), json!(wire::name(&order["name"])));
        signal
    };
    let mut signals = Vec::new();
    let paid = matches!(order["displayFinancialStatus"].as_str(), Some("PAID" | "PARTIALLY_REFUNDED" | "REFUNDED"));
    if paid {
        let value = money(order, "totalPriceSet")?;
        if value.minor > 0 {
            let at = record::moment_in(order, "processedAt")?;
            signals.push(with(Signal::new(NAME, format!("order:{id}"), SignalKind::Payment, at), value));
        }
    }
    for refund in wire::each(&order["refunds"]) {
        let value = money(refund, "totalRefundedSet")?;
        if value.minor > 0 {
            let external_id = format!("refund:{}", number(refund)?);
            let at = record::moment_in(refund, "createdAt")?;
            signals.push(with(Signal::new(NAME, external_id, SignalKind::Refund, at), value));
        }
    }
    Ok(signals)
}

/// Somebody who asked and left: a lead of the checkout's worth.
fn checkout(config: &Config, checkout: &Value) -> Result<Option<Signal>, Rejection> {
    let id = number(checkout)?;
    // Without a person there is nobody to answer.
    let Some(contact) = person(config, checkout) else { return Ok(None) };
    let key = format!("checkout:{id}");
    let mut signal = Signal::new(NAME, key.clone(), SignalKind::Lead, record::moment_in(checkout, "createdAt")?);
    signal.contact = Some(contact);
    signal.location.clone_from(&config.location);
    signal.lead = Some(key);
    signal.value = Some(money(checkout, "totalPriceSet")?).filter(|value| value.minor > 0);
    signal.data.insert("origin".to_owned(), json!("checkout"));
    Ok(Some(signal))
}

/// The number of a record: `legacyResourceId`, or the end of its gid.
fn number(record: &Value) -> Result<String, Rejection> {
    if let Some(id) = wire::id(&record["legacyResourceId"]) {
        return Ok(id);
    }
    let gid = record::id(record, "id")?;
    let number = gid.rsplit('/').next().unwrap_or_default();
    let number = number.split('?').next().unwrap_or_default();
    if number.is_empty() { Err(rejected("id", "the record has no id")) } else { Ok(number.to_owned()) }
}

fn person(config: &Config, record: &Value) -> Option<String> {
    let (customer, code) = (&record["customer"], config.calling_code.as_deref());
    record::email(&record["email"])
        .or_else(|| record::email(&customer["email"]))
        .or_else(|| record::phone(&record["phone"], code))
        .or_else(|| record::phone(&customer["phone"], code))
        .or_else(|| wire::id(&customer["id"]))
}

fn money(record: &Value, field: &str) -> Result<Money, Rejection> {
    let set = &record[field]["shopMoney"];
    let currency = record::currency(&set["currencyCode"]);
    let currency = currency.ok_or_else(|| rejected(field, "the currency is not a code of ISO 4217"))?;
    record::decimal(&set["amount"], currency)
        .ok_or_else(|| rejected(field, format!("not an amount: {}", set["amount"])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::money::Currency;

    fn sum(amount: &str) -> Value {
        json!({"shopMoney": {"amount": amount, "currencyCode": "USD"}})
    }

    fn sample() -> Value {
        json!({
            "id": "gid://shopify/Order/5512340987001", "legacyResourceId": "5512340987001", "name": "#1001", "test": false,
            "createdAt": "2026-10-01T13:12:28Z", "processedAt": "2026-10-01T13:12:28Z", "updatedAt": "2026-10-03T08:00:00Z",
            "displayFinancialStatus": "PARTIALLY_REFUNDED", "email": "Ana@example.com", "totalPriceSet": sum("103.50"),
            "customer": {"id": "gid://shopify/Customer/6612340987001", "email": "ana@example.com"},
            "refunds": [{"id": "gid://shopify/Refund/77", "createdAt": "2026-10-03T08:00:00Z", "totalRefundedSet": sum("20.25")}],
        })
    }

    #[test]
    fn an_order_is_paid_gross_and_its_refunds_are_their_own() {
        let made = signals(&Config::default(), "orders", &sample()).expect("readable");
        let seen: Vec<_> = made.iter().map(|s| (s.external_id.as_str(), s.kind, s.value)).collect();
        let usd = |minor| Some(Money::new(minor, Currency::USD));
        assert_eq!(
            seen,
            [("order:5512340987001", SignalKind::Payment, usd(10_350)), ("refund:77", SignalKind::Refund, usd(2_025))]
        );
        assert!(made.iter().all(|signal| signal.contact.as_deref() == Some("ana@example.com")));
    }

    #[test]
    fn tests_and_unpaid_orders_are_no_money() {
        for (field, value) in [
            ("test", json!(true)),
            ("displayFinancialStatus", json!("PENDING")),
            ("displayFinancialStatus", json!(null)),
        ] {
            let mut record = sample();
            record[field] = value;
            record["refunds"] = json!([]);
            assert!(signals(&Config::default(), "orders", &record).expect("readable").is_empty(), "{field}");
        }
        let mut odd = sample();
        odd["totalPriceSet"] = sum("103.505");
        assert_eq!(
            signals(&Config::default(), "orders", &odd).expect_err("too exact").field.as_deref(),
            Some("totalPriceSet")
        );
    }

    #[test]
    fn a_checkout_that_was_left_is_a_lead() {
        let record = json!({"id": "gid://shopify/AbandonedCheckout/9?key=1", "createdAt": "2026-10-01T13:12:28Z", "totalPriceSet": sum("40"),
            "customer": {"id": "gid://shopify/Customer/1", "email": null, "phone": "+12145550123"}});
        let made = signals(&Config::default(), "checkouts", &record).expect("readable");
        assert_eq!(
            (made[0].kind, made[0].lead.as_deref(), made[0].contact.as_deref()),
            (SignalKind::Lead, Some("checkout:9"), Some("+12145550123"))
        );
        let mut nobody = record;
        nobody["customer"] = Value::Null;
        assert!(signals(&Config::default(), "checkouts", &nobody).expect("readable").is_empty());
    }
}
