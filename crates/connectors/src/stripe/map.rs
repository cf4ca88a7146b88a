//! Charges, refunds and disputes as payments and refunds.

use kernel::money::{Currency, Money};
use serde_json::{Value, json};

use super::{Config, NAME};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// The signals of one record of a stream.
pub(super) fn signals(config: &Config, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
    // An object says its kind; refunds carry no mode of their own, their charge does.
    if record["livemode"] == false || record["charge"]["livemode"] == false {
        return Ok(Vec::new());
    }
    let one = match stream {
        "charges" => charge(config, record)?,
        "refunds" => refund(config, record, record["status"] == "succeeded")?,
        "disputes" => refund(config, record, record["status"] == "lost")?,
        "events" => {
            let object = &record["data"]["object"];
            return match object["object"].as_str() {
                Some("charge") => signals(config, "charges", object),
                Some("refund") => signals(config, "refunds", object),
                Some("dispute") => signals(config, "disputes", object),
                _ => Ok(Vec::new()),
            };
        }
        _ => None,
    };
    Ok(one.into_iter().collect())
}

fn charge(config: &Config, charge: &Value) -> Result<Option<Signal>, Rejection> {
    let id = record::id(charge, "id")?;
    let taken = charge["status"] == "succeeded" && charge["paid"] == true && charge["captured"] == true;
    let value = money(charge, "amount_captured")?;
    if !taken || value.minor <= 0 {
        return Ok(None);
    }
    let mut signal = Signal::new(NAME, id, SignalKind::Payment, record::moment_in(charge, "created")?);
    signal.value = Some(value);
    about(config, &mut signal, charge);
    Ok(Some(signal))
}

/// Money that went back, by ourselves or by the bank of the person.
fn refund(config: &Config, refund: &Value, gone: bool) -> Result<Option<Signal>, Rejection> {
    let id = record::id(refund, "id")?;
    let value = money(refund, "amount")?;
    if !gone || value.minor <= 0 {
        return Ok(None);
    }
    let mut signal = Signal::new(NAME, id, SignalKind::Refund, record::moment_in(refund, "created")?);
    signal.value = Some(value);
    about(config, &mut signal, &refund["charge"]);
    let charge = wire::id(&refund["charge"]).or_else(|| wire::id(&refund["charge"]["id"]));
    signal.data.insert("charge".to_owned(), json!(charge));
    if let Some(reason) = wire::name(&refund["reason"]) {
        signal.data.insert("reason".to_owned(), json!(reason));
    }
    Ok(Some(signal))
}

/// Who paid, for which lead, where.
fn about(config: &Config, signal: &mut Signal, charge: &Value) {
    let billing = &charge["billing_details"];
    signal.contact = record::email(&billing["email"])
        .or_else(|| record::email(&charge["receipt_email"]))
        .or_else(|| record::phone(&billing["phone"], None))
        .or_else(|| wire::id(&charge["customer"]))
        .or_else(|| wire::id(&charge["customer"]["id"]));
    let labelled = |key: &Option<String>| wire::name(&charge["metadata"][key.as_deref()?]);
    signal.lead = labelled(&config.lead_metadata);
    signal.location = labelled(&config.location_metadata);
    if let Some(intent) = wire::id(&charge["payment_intent"]) {
        signal.data.insert("payment_intent".to_owned(), json!(intent));
    }
}

/// Stripe's integer, in the minor units of the currency: Stripe has its own list of currencies without them.
fn money(object: &Value, field: &str) -> Result<Money, Rejection> {
    let currency = record::currency(&object["currency"]);
    let currency = currency.ok_or_else(|| rejected("currency", "the currency is not a code of ISO 4217"))?;
    let amount = object[field].as_i64().ok_or_else(|| rejected(field, "the amount is not a whole number"))?;
    let (ours, theirs) = (currency.digits(), digits(currency));
    let minor = if ours >= theirs {
        amount.checked_mul(10_i64.pow(ours - theirs))
    } else {
        let unit = 10_i64.pow(theirs - ours);
        (amount % unit == 0).then_some(amount / unit)
    };
    let minor = minor.ok_or_else(|| rejected(field, format!("{amount} is not an amount of {}", currency.code())))?;
    Ok(Money::new(minor, currency))
}

/// Digits after the point in Stripe's integers; ISK and UGX have two there, always zero.
fn digits(currency: Currency) -> u32 {
    match currency.code() {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV" | "XAF"
        | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        json!({
            "id": "ch_3Q0", "object": "charge", "amount": 15000, "amount_captured": 15000, "amount_refunded": 5000, "currency": "usd",
            "captured": true, "paid": true, "refunded": false, "disputed": false, "status": "succeeded", "customer": "cus_9",
            "payment_intent": "pi_3Q0", "created": 1_790_864_000, "livemode": true, "metadata": {"lead": "L-7", "shop": "North"},
            "billing_details": {"email": "Ana@Example.com", "phone": null}, "receipt_email": null,
        })
    }

    fn of(stream: &str, record: &Value) -> Vec<Signal> {
        let (lead_metadata, location_metadata) = (Some("lead".to_owned()), Some("shop".to_owned()));
        signals(&Config { lead_metadata, location_metadata, ..Config::default() }, stream, record).expect("readable")
    }

    #[test]
    fn a_charge_is_a_payment_of_what_was_captured() {
        let made = of("charges", &sample());
        assert_eq!(
            (made.len(), made[0].kind, made[0].value),
            (1, SignalKind::Payment, Some(Money::new(15_000, Currency::USD)))
        );
        assert_eq!((made[0].external_id.as_str(), made[0].at.timestamp()), ("ch_3Q0", 1_790_864_000));
        assert_eq!(made[0].contact.as_deref(), Some("ana@example.com"));
        assert_eq!((made[0].lead.as_deref(), made[0].location.as_deref()), (Some("L-7"), Some("North")));
    }

    #[test]
    fn what_is_not_money_gives_nothing() {
        for (field, value) in [
            ("livemode", json!(false)),
            ("status", json!("failed")),
            ("captured", json!(false)),
            ("amount_captured", json!(0)),
        ] {
            let mut record = sample();
            record[field] = value;
            assert!(of("charges", &record).is_empty(), "{field}");
        }
    }

    #[test]
    fn zero_decimal_currencies_are_whole() {
        let minor = |currency: &str, amount: i64| {
            money(&json!({"currency": currency, "amount": amount}), "amount").map(|m| m.minor)
        };
        assert_eq!(minor("jpy", 1500), Ok(1500));
        assert_eq!(minor("usd", 1500), Ok(1500));
        let rwf = Currency::from_code("RWF").expect("a code");
        assert_eq!(
            minor("rwf", 15),
            Ok(15 * 10_i64.pow(rwf.digits())),
            "in the units that the rest of the house counts in"
        );
        assert_eq!(
            minor("isk", 150_000),
            Ok(150_000 / 10_i64.pow(2 - Currency::from_code("ISK").expect("a code").digits()))
        );
        assert!(minor("x", 1).is_err() && minor("usd", i64::MAX).is_ok());
    }

    #[test]
    fn refunds_and_lost_disputes_are_their_own() {
        let refund = json!({
            "id": "re_1", "object": "refund", "amount": 5000, "currency": "usd", "created": 1_790_868_240, "status": "succeeded",
            "reason": "requested_by_customer", "charge": sample(),
        });
        let made = of("refunds", &refund);
        assert_eq!((made[0].kind, made[0].value), (SignalKind::Refund, Some(Money::new(5_000, Currency::USD))));
        assert_eq!(
            (made[0].contact.as_deref(), made[0].data["charge"].as_str()),
            (Some("ana@example.com"), Some("ch_3Q0"))
        );
        let mut dispute = refund.clone();
        dispute["object"] = json!("dispute");
        dispute["status"] = json!("under_review");
        assert!(of("disputes", &dispute).is_empty());
        dispute["status"] = json!("lost");
        let event = json!({"type": "charge.dispute.closed", "data": {"object": dispute}});
        assert_eq!(of("events", &event)[0].kind, SignalKind::Refund);
        let mut test = refund;
        test["charge"]["livemode"] = json!(false);
        assert!(of("refunds", &test).is_empty());
    }
}
