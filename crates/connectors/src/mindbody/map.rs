//! Sales, appointments and visits as signals.
//!
//! A returned sale has negative payments; they are refunds. Mindbody does not tell when an appointment was made, so a booking stands
//! at the moment it was for.

use chrono::{DateTime, LocalResult, TimeZone, Utc};
use kernel::money::Money;
use serde_json::{Value, json};

use super::{Config, NAME};
use crate::record::{self, rejected};
use crate::signal::{Signal, SignalKind};
use crate::source::Rejection;
use crate::wire;

/// The signals of one record of a stream.
pub(super) fn signals(config: &Config, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
    let id = record::id(record, "Id")?;
    let mut signals = match stream {
        "sales" => sale(config, record, &id)?,
        "appointments" => {
            let status = record["Status"].as_str().unwrap_or_default();
            let cancelled = matches!(status, "Cancelled" | "LateCancelled");
            visit(config, record, &format!("appointment:{id}"), cancelled, status == "NoShow")?
        }
        "visits" => {
            let cancelled = record["LateCancelled"] == true;
            let unsigned = config.unsigned_is_no_show && record["SignedIn"] == false;
            visit(
                config,
                record,
                &format!("visit:{id}"),
                cancelled,
                !cancelled && (record["Missed"] == true || unsigned),
            )?
        }
        _ => Vec::new(),
    };
    for signal in &mut signals {
        signal.contact = person(config, record);
        signal.location = wire::id(&record["LocationId"]);
    }
    Ok(signals)
}

/// What was paid, and what was given back, each as a sum over the sale's payments.
fn sale(config: &Config, sale: &Value, id: &str) -> Result<Vec<Signal>, Rejection> {
    let (mut paid, mut back) = (0_i64, 0_i64);
    for payment in wire::each(&sale["Payments"]) {
        // Paid with what was paid for before: no new money.
        if payment["Type"].as_str().is_some_and(|kind| matches!(kind, "Account" | "Gift Card" | "Comp")) {
            continue;
        }
        let amount = record::decimal_in(payment, "Amount", config.currency)?.minor;
        let sum = if amount < 0 { &mut back } else { &mut paid };
        *sum = sum.checked_add(amount.abs()).ok_or_else(|| rejected("Amount", "the amounts are too large"))?;
    }
    let at = instant(config, sale, "SaleDateTime")?;
    let made = [("sale", SignalKind::Payment, paid), ("refund", SignalKind::Refund, back)].into_iter();
    let made = made.filter(|(.., minor)| *minor > 0).map(|(name, kind, minor)| {
        let mut signal = Signal::new(NAME, format!("{name}:{id}"), kind, at);
        signal.value = Some(Money::new(minor, config.currency));
        signal
    });
    Ok(made.collect())
}

/// A time that was booked, and that nobody came.
fn visit(config: &Config, record: &Value, key: &str, cancelled: bool, missed: bool) -> Result<Vec<Signal>, Rejection> {
    let at = instant(config, record, "StartDateTime")?;
    let mut booked = Signal::new(NAME, key, SignalKind::Booking, at);
    booked.data.insert("starts_at".to_owned(), json!(at.to_rfc3339()));
    booked.data.insert("cancelled".to_owned(), json!(cancelled));
    let mut signals = vec![booked];
    if missed {
        signals.push(Signal::new(NAME, format!("{key}:no_show"), SignalKind::NoShow, at));
    }
    for signal in &mut signals {
        signal.lead = Some(key.to_owned());
    }
    Ok(signals)
}

/// A time of the site's clock; where it is shown twice, the first; where it is skipped, an hour later.
fn instant(config: &Config, record: &Value, field: &str) -> Result<DateTime<Utc>, Rejection> {
    let Some(wall) = record::local(&record[field]) else { return record::moment_in(record, field) };
    let on_wall = |wall| match config.time_zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => None,
    };
    on_wall(wall)
        .or_else(|| on_wall(wall + chrono::Duration::hours(1)))
        .ok_or_else(|| rejected(field, "the time is not one of the site's clock"))
}

fn person(config: &Config, record: &Value) -> Option<String> {
    let client = &record["_client"];
    record::email(&client["Email"])
        .or_else(|| record::phone(&client["MobilePhone"], config.calling_code.as_deref()))
        .or_else(|| wire::id(&record["ClientId"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config { time_zone: chrono_tz::America::Chicago, ..Config::default() }
    }

    #[test]
    fn a_sale_is_what_was_paid_on_the_sites_clock() {
        let record = json!({
            "Id": 20417, "SaleDateTime": "2026-10-01T10:52:00", "ClientId": "100014552", "LocationId": 1,
            "Payments": [{"Id": 103, "Amount": 150.0, "Type": "Cash"}, {"Id": 104, "Amount": 0.29, "Type": "Visa"}, {"Id": 105, "Amount": 20, "Type": "Account"}],
            "_client": {"Email": "Ana@example.com"},
        });
        let made = signals(&config(), "sales", &record).expect("readable");
        assert_eq!(made.len(), 1);
        assert_eq!((made[0].kind, made[0].value.map(|value| value.minor)), (SignalKind::Payment, Some(15_029)));
        assert_eq!(made[0].at.to_rfc3339(), "2026-10-01T15:52:00+00:00");
        assert_eq!((made[0].contact.as_deref(), made[0].location.as_deref()), (Some("ana@example.com"), Some("1")));
        let mut back = record;
        back["Payments"] = json!([{"Id": 106, "Amount": -40.5, "Type": "Visa"}]);
        let made = signals(&config(), "sales", &back).expect("readable");
        assert_eq!(
            (made[0].kind, made[0].external_id.as_str(), made[0].value.map(|value| value.minor)),
            (SignalKind::Refund, "refund:20417", Some(4_050))
        );
    }

    #[test]
    fn appointments_and_visits_may_be_missed() {
        let record = |status: &str| json!({"Id": "558901", "Status": status, "StartDateTime": "2026-10-05T14:00:00", "ClientId": 7});
        let kinds = |stream: &str, record: &Value| {
            signals(&config(), stream, record).expect("readable").iter().map(|s| s.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds("appointments", &record("Completed")), [SignalKind::Booking]);
        assert_eq!(kinds("appointments", &record("NoShow")), [SignalKind::Booking, SignalKind::NoShow]);
        let visit =
            json!({"Id": 5, "StartDateTime": "2026-10-05T14:00:00", "ClientId": 7, "SignedIn": false, "Missed": true});
        assert_eq!(kinds("visits", &visit), [SignalKind::Booking, SignalKind::NoShow]);
        let made = signals(&config(), "appointments", &record("LateCancelled")).expect("readable");
        assert_eq!((&made[0].data["cancelled"], made[0].contact.as_deref()), (&json!(true), Some("7")));
    }

    #[test]
    fn a_skipped_hour_is_an_hour_later() {
        let at = |text: &str| instant(&config(), &json!({"at": text}), "at").map(|at| at.to_rfc3339());
        assert_eq!(at("2026-03-08T02:30:00").as_deref(), Ok("2026-03-08T08:30:00+00:00"));
        assert_eq!(at("2026-11-01T01:30:00").as_deref(), Ok("2026-11-01T06:30:00+00:00"));
    }
}
