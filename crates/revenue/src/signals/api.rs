//! `POST /v2/signals`: what programs tell; `GET /v2/signals`: the rows behind a figure.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::ids::{LeadId, LocationId};
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Query, known_day};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::{self, Filter, SignalRow};
use super::{Rejected, land};
use crate::Revenue;
use crate::scores::ScoreType;

/// The most signals of one request.
const MOST: usize = 1_000;
/// The largest body.
pub(crate) const LARGEST_BODY: usize = 8 << 20;

/// An amount as programs write it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValueIn {
    /// In major units (dollars), a decimal number or a string of one, such as 12.50.
    #[schema(value_type = String, example = "12.50")]
    amount: Value,
    /// ISO 4217. Another one than the organisation's needs a rate in the settings of the scores: none is guessed.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
}

/// A signal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignalIn {
    /// Your id of it: telling it again changes nothing, or corrects it where it differs.
    external_id: String,
    /// When it happened, with its time zone; from 1990 to a day from now.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T09:14:00Z")]
    at: String,
    /// `lead`, `response`, `call`, `quote`, `booking`, `no_show`, `payment`, `refund`, `review`, `ad_spend` or `visit`.
    #[schema(value_type = String, example = "payment")]
    kind: SignalKind,
    /// Which system tells it: a–z, 0–9, `_`, `-`, `.`.
    source: String,
    /// The place of business, by name or key; an unknown one is made.
    #[serde(default)]
    location: Option<String>,
    /// An email address, a phone number (E.164) or your key of a person.
    #[serde(default)]
    contact: Option<String>,
    /// Your key of the lead it belongs to: the same on the `lead` that opens it and on everything that follows; where the one
    /// that opens it has none, its `external_id`, for what the same source tells. What has none belongs to the latest lead of its
    /// `contact`.
    #[serde(default)]
    lead: Option<String>,
    /// The money in it; required for `payment`, `refund` and `ad_spend`, and never negative.
    #[serde(default)]
    value: Option<ValueIn>,
    /// What else the kind knows, at most 8 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

/// Signals, at most 1,000; a bare list and a single signal are read too.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body; each signal is read by itself, so that one cannot spoil the others")]
pub(crate) struct SignalsIn {
    signals: Vec<SignalIn>,
}

/// A signal that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedOut {
    /// Its place in the list, from 0.
    index: usize,
    /// Its id, as far as it reads.
    external_id: String,
    /// Why.
    reason: String,
}

/// What became of the signals.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LandedOut {
    /// New ones.
    accepted: u64,
    /// Known ones that tell the same.
    unchanged: u64,
    /// Known ones that were corrected.
    corrected: u64,
    /// What was not taken, with the reason; everything else is kept.
    rejected: Vec<RejectedOut>,
}

/// Tell signals. The same signal may be told any number of times.
#[utoipa::path(post, path = "/v2/signals", tag = "scores", request_body = SignalsIn, responses((status = 200, body = LandedOut)))]
pub(crate) async fn tell_signals(
    by: Allowed<ManageChannels>,
    State(revenue): State<Revenue>,
    Json(body): Json<Value>,
) -> Result<Json<LandedOut>, AppError> {
    let items = items(body)?;
    if items.len() > MOST {
        return Err(AppError::field("signals", "are at most 1,000; send the rest in another request"));
    }
    let (mut signals, mut places, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        let external_id = item.get("external_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        match read(item) {
            Ok(signal) => {
                signals.push(signal);
                places.push(index);
            }
            Err(reason) => rejected.push(RejectedOut { index, external_id, reason }),
        }
    }
    let vault = revenue.app.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let landed = land(&mut tx, &vault, signals).await.map_err(AppError::internal)?;
    tx.commit().await?;
    rejected.extend(landed.rejected.into_iter().map(|Rejected { index, external_id, reason }| RejectedOut {
        index: places.get(index).copied().unwrap_or(index),
        external_id,
        reason,
    }));
    rejected.sort_by_key(|one| one.index);
    let (accepted, unchanged, corrected) = (landed.new, landed.unchanged, landed.corrected);
    Ok(Json(LandedOut { accepted, unchanged, corrected, rejected }))
}

fn items(body: Value) -> Result<Vec<Value>, AppError> {
    match body {
        Value::Array(items) => Ok(items),
        // One signal by itself is a list of one.
        Value::Object(fields) if fields.contains_key("external_id") && !fields.contains_key("signals") => {
            Ok(vec![Value::Object(fields)])
        }
        Value::Object(mut fields) => match (fields.remove("signals"), fields.keys().next()) {
            (Some(Value::Array(items)), None) => Ok(items),
            (_, Some(other)) => Err(AppError::field(other.clone(), "is not a known field")),
            (_, None) => Err(AppError::field("signals", "is a list of signals")),
        },
        _ => Err(AppError::unprocessable("the body is a list of signals, or an object with one under `signals`")),
    }
}

/// One signal of a body, or why it is none.
fn read(item: Value) -> Result<Signal, String> {
    let given: SignalIn = serde_json::from_value(item).map_err(|error| error.to_string())?;
    if given.source == crate::native::SOURCE {
        return Err(format!("the source {} is Recoup's own", given.source));
    }
    let value = given.value.map(|value| money(&value)).transpose()?;
    let at = given.at.parse::<DateTime<Utc>>();
    let at = at.map_err(|_| "at is not an instant with its time zone, such as 2026-03-02T09:14:00Z".to_owned())?;
    Ok(Signal {
        external_id: given.external_id,
        at,
        kind: given.kind,
        source: given.source,
        location: given.location,
        contact: given.contact,
        lead: given.lead,
        value,
        data: given.data.unwrap_or_default(),
    })
}

fn money(value: &ValueIn) -> Result<Money, String> {
    let refuse = || format!("value.amount is not a decimal number of {}", value.currency.code());
    let text = match &value.amount {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err(refuse()),
    };
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let places = value.currency.digits() as usize;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > places {
        return Err(refuse());
    }
    let minor: i64 = format!("{whole}{part:0<places$}").parse().map_err(|_| refuse())?;
    Ok(Money::new(sign * minor, value.currency))
}

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// The kinds; all when absent.
    #[serde(default)]
    #[param(value_type = Vec<String>)]
    kind: Vec<SignalKind>,
    /// The rows behind a score.
    #[serde(rename = "score")]
    #[param(value_type = Option<String>)]
    score: Option<ScoreType>,
    /// Behind one component of it.
    component: Option<String>,
    /// Of leads that leaked at a stage.
    stage: Option<String>,
    /// Of one place.
    #[param(value_type = Option<String>)]
    location_id: Option<LocationId>,
    /// Of one source.
    source: Option<String>,
    /// Of one lead: its id, or the digest that rows show.
    lead: Option<String>,
    /// The first day, at the place.
    from: Option<NaiveDate>,
    /// The last day, included.
    to: Option<NaiveDate>,
}

/// List signals, newest first: the rows behind a figure.
#[utoipa::path(get, path = "/v2/signals", tag = "scores", params(RowsQuery, PageParams), responses((status = 200, body = Listed<SignalRow>)))]
pub(crate) async fn list_signals(
    by: Allowed<View>,
    Query(asked): Query<RowsQuery>,
    page: Page<(DateTime<Utc>, Uuid)>,
) -> Result<Json<Listed<SignalRow>>, AppError> {
    let mut filter =
        asked.score.map_or_else(Filter::default, |score| Filter::behind(score, asked.component.as_deref()));
    if asked.component.is_some() && asked.score.is_none() {
        return Err(AppError::field("component", "is of a score; name it as `score`"));
    }
    if !asked.kind.is_empty() {
        filter.kinds = asked.kind;
    }
    filter.stage = asked.stage.or(filter.stage);
    filter.location = asked.location_id.map(LocationId::uuid);
    filter.source = asked.source;
    filter.lead = asked.lead.map(|text| lead(&text)).transpose()?;
    filter.from = asked.from.map(|day| known_day("from", day)).transpose()?;
    filter.to = asked.to.map(|day| known_day("to", day)).transpose()?;
    let mut tx = by.tx().await?;
    let found = rows::read(&mut tx, &filter, page.after, page.fetch()).await.map_err(AppError::internal)?;
    Ok(Json(Listed::new(&page, found, |row| (row.at, row.id))?))
}

fn lead(text: &str) -> Result<Uuid, AppError> {
    let ours = text.parse::<LeadId>().map(LeadId::uuid).ok();
    ours.or_else(|| text.parse().ok()).ok_or_else(|| AppError::field("lead", "is not the id of a lead"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn minor(amount: &Value, currency: &str) -> Result<i64, String> {
        money(&serde_json::from_value(json!({ "amount": amount, "currency": currency })).expect("a value"))
            .map(|m| m.minor)
    }

    #[test]
    fn amounts_are_decimal_and_exact() {
        assert_eq!(minor(&json!(12.5), "USD"), Ok(1_250));
        assert_eq!(minor(&json!("0.10"), "USD"), Ok(10));
        assert_eq!(minor(&json!("12.500"), "USD"), Ok(1_250));
        assert_eq!(minor(&json!(-3), "USD"), Ok(-300), "the check refuses it with its reason");
        assert_eq!(minor(&json!(1_500), "JPY"), Ok(1_500));
        assert_eq!(minor(&json!("1.234"), "BHD"), Ok(1_234));
        assert_eq!(minor(&json!(1_500), "UGX"), Ok(1_500), "a shilling has no minor unit");
        let odd = [json!(null), json!(true), json!({ "minor": 3 }), json!("1e3"), json!("NaN")];
        let bad = [json!("1.234"), json!("1,50"), json!(""), json!(1e30), json!("99999999999999999999")];
        for bad in bad.iter().chain(&odd) {
            assert!(minor(bad, "USD").is_err(), "{bad}");
        }
    }

    #[test]
    fn optional_fields_may_be_null_and_what_does_not_read_says_why_in_words() {
        let with = |name: &str, value: Value| {
            let mut item =
                json!({ "external_id": "1", "at": "2026-03-02T09:14:00+01:00", "kind": "lead", "source": "web" });
            item[name] = value;
            read(item)
        };
        for name in ["location", "contact", "lead", "value", "data"] {
            assert!(with(name, Value::Null).is_ok(), "{name}");
        }
        for (name, value, says) in [
            ("at", json!("2026-03-02T09:14:00"), "time zone"),
            ("at", json!("yesterday"), "time zone"),
            ("kind", json!("dream"), "dream"),
            ("value", json!({ "amount": null, "currency": "USD" }), "decimal number"),
            ("value", json!({ "amount": 1, "currency": "dollars" }), "ISO 4217"),
            ("colour", json!("red"), "colour"),
        ] {
            let reason = with(name, value).expect_err(name);
            assert!(reason.contains(says), "{name}: {reason}");
        }
    }

    #[test]
    fn a_list_comes_bare_or_by_name() {
        assert_eq!(items(json!([1])).expect("a list").len(), 1);
        assert_eq!(items(json!({ "signals": [1, 2] })).expect("a list").len(), 2);
        assert_eq!(items(json!({ "external_id": "1", "kind": "lead" })).expect("one by itself").len(), 1);
        assert!(
            items(json!({ "signals": [], "more": 1 })).is_err()
                && items(json!({})).is_err()
                && items(json!(3)).is_err()
        );
    }
}
