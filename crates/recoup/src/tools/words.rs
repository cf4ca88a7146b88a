//! Figures as sentences say them, and which place a question means.

use kernel::db::OrgTx;
use kernel::money::{Currency, Money};
use revenue::read::{self, Location};
use uuid::Uuid;

/// Minor units in whole units, as data.
pub(super) fn whole(minor: f64, currency: Currency) -> f64 {
    let unit = 10_f64.powi(currency.digits().cast_signed());
    (minor / unit * 100.0).round() / 100.0
}

/// Minor units as people read them, without the part after the point where it is over a hundred.
pub(super) fn money(minor: f64, currency: Currency) -> String {
    let unit = 10_i64.pow(currency.digits());
    let rounded = if minor.abs() >= 100.0 * unit as f64 {
        (minor / unit as f64).round() as i64 * unit
    } else {
        minor.round() as i64
    };
    let text = Money::new(rounded, currency).to_string();
    match text.strip_suffix(".00") {
        Some(text) => text.to_owned(),
        None => text,
    }
}

/// A day as sentences name it.
pub(super) fn day(day: chrono::NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// A count with its commas.
pub(super) fn count(n: i64) -> String {
    shell::page::count(n)
}

/// A share as a whole percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Seconds in the unit people would use.
pub(super) fn wait(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} seconds")
    } else if seconds < 5_400.0 {
        format!("{:.0} minutes", seconds / 60.0)
    } else {
        format!("{:.1} hours", seconds / 3_600.0)
    }
}

/// How a figure moved, to follow it in a sentence; nothing where there is nothing before.
pub(super) fn moved(now: f64, before: Option<f64>) -> String {
    match before {
        Some(before) if before > 0.0 => {
            let change = (now - before) / before * 100.0;
            if change.abs() < 1.0 {
                ", as in the period before".to_owned()
            } else {
                let word = if change > 0.0 { "up" } else { "down" };
                format!(", {word} {:.0} % on the period before", change.abs())
            }
        }
        _ => String::new(),
    }
}

/// The place that was named, or that stands in the question.
pub(super) async fn place(tx: &mut OrgTx, named: Option<&str>, question: &str) -> anyhow::Result<Option<Location>> {
    let all = read::locations(tx).await?;
    let named = named.map(str::to_lowercase);
    let question = question.to_lowercase();
    Ok(all.into_iter().find(|place| match &named {
        Some(named) => place.key == *named || place.name.to_lowercase() == *named,
        None => place.name.chars().count() > 3 && question.contains(&place.name.to_lowercase()),
    }))
}

/// The id a place has in sums.
pub(super) fn id_of(place: Option<&Location>) -> Option<Uuid> {
    place.map(|place| place.id.uuid())
}

/// "at Riverside", or nothing.
pub(super) fn at(place: Option<&Location>) -> String {
    place.map(|place| format!(" at {}", place.name)).unwrap_or_default()
}
