//! Payments, refunds and bookings as signals.

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
    let status = record["status"].as_str().unwrap_or_default();
    let about = |mut signal: Signal| {
        signal.contact = person(config, record);
        signal.location = wire::name(&record["location_id"]);
        signal
    };
    match (stream, status) {
        ("payments", "COMPLETED") => {
            let value = money(record, "total_money")?;
            let mut signal =
                about(Signal::new(NAME, id, SignalKind::Payment, record::moment_in(record, "created_at")?));
            signal.value = Some(value);
            signal.data.insert("order".to_owned(), json!(wire::id(&record["order_id"])));
            Ok(if value.minor > 0 { vec![signal] } else { Vec::new() })
        }
        ("refunds", "COMPLETED") => {
            let value = money(record, "amount_money")?;
            let mut signal = about(Signal::new(NAME, id, SignalKind::Refund, record::moment_in(record, "created_at")?));
            signal.value = Some(value);
            signal.data.insert("payment".to_owned(), json!(wire::id(&record["payment_id"])));
            Ok(if value.minor > 0 { vec![signal] } else { Vec::new() })
        }
        ("bookings", _) => booking(record, &id, status).map(|made| made.into_iter().map(about).collect()),
        _ => Ok(Vec::new()),
    }
}

/// A booking, and that nobody came.
fn booking(record: &Value, id: &str, status: &str) -> Result<Vec<Signal>, Rejection> {
    let starts = record::moment_in(record, "start_at")?;
    let key = format!("booking:{id}");
    let mut booked = Signal::new(NAME, key.clone(), SignalKind::Booking, record::moment_in(record, "created_at")?);
    booked.data.insert("starts_at".to_owned(), json!(starts.to_rfc3339()));
    booked.data.insert("cancelled".to_owned(), json!(status.starts_with("CANCELLED") || status == "DECLINED"));
    let mut signals = vec![booked];
    if status == "NO_SHOW" {
        signals.push(Signal::new(NAME, format!("{key}:no_show"), SignalKind::NoShow, starts));
    }
    for signal in &mut signals {
        signal.lead = Some(key.clone());
    }
    Ok(signals)
}

fn person(config: &Config, record: &Value) -> Option<String> {
    let customer = &record["_customer"];
    record::email(&record["buyer_email_address"])
        .or_else(|| record::email(&customer["email_address"]))
        .or_else(|| record::phone(&customer["phone_number"], config.calling_code.as_deref()))
        .or_else(|| wire::id(&record["customer_id"]))
}

fn money(record: &Value, field: &str) -> Result<Money, Rejection> {
    let currency = record::currency(&record[field]["currency"]);
    let currency = currency.ok_or_else(|| rejected(field, "the currency is not a code of ISO 4217"))?;
    let amount = record[field]["amount"].as_i64().ok_or_else(|| rejected(field, "the amount is not a whole number"))?;
    Ok(Money::new(amount, currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::money::Currency;

    fn of(stream: &str, record: &Value) -> Vec<Signal> {
        signals(&Config::default(), stream, record).expect("readable")
    }

    #[test]
    fn a_completed_payment_is_money() {
        let mut record = json!({
            "id": "pAy0001", "created_at": "2026-10-01T21:27:30.171Z", "updated_at": "2026-10-01T21:27:34.000Z", "status": "COMPLETED",
            "amount_money": {"amount": 10000, "currency": "USD"}, "total_money": {"amount": 11500, "currency": "USD"},
            "location_id": "LOCINVENTED01", "order_id": "oRd0001", "customer_id": "CUST1",
        });
        let made = of("payments", &record);
        assert_eq!((made[0].kind, made[0].value), (SignalKind::Payment, Some(Money::new(11_500, Currency::USD))));
        assert_eq!((made[0].location.as_deref(), made[0].contact.as_deref()), (Some("LOCINVENTED01"), Some("CUST1")));
        record["_customer"] = json!({"email_address": "ANA@example.com"});
        assert_eq!(of("payments", &record)[0].contact.as_deref(), Some("ana@example.com"));
        record["status"] = json!("APPROVED");
        assert!(of("payments", &record).is_empty());
        record["status"] = json!("COMPLETED");
        record["total_money"]["amount"] = json!("11500");
        assert!(signals(&Config::default(), "payments", &record).is_err());
    }

    #[test]
    fn a_booking_may_be_cancelled_or_missed() {
        let record = |status: &str| json!({"id": "b1", "created_at": "2026-10-01T10:00:00Z", "start_at": "2026-10-05T14:00:00Z", "status": status});
        let kinds = |status: &str| of("bookings", &record(status)).iter().map(|signal| signal.kind).collect::<Vec<_>>();
        assert_eq!(kinds("ACCEPTED"), [SignalKind::Booking]);
        assert_eq!(kinds("NO_SHOW"), [SignalKind::Booking, SignalKind::NoShow]);
        assert_eq!(of("bookings", &record("CANCELLED_BY_CUSTOMER"))[0].data["cancelled"], true);
        assert_eq!(of("bookings", &record("NO_SHOW"))[1].lead.as_deref(), Some("booking:b1"));
    }
}
