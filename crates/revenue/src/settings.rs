//! What is edited of the defaults of the scores, by organisation and by place of business, and the clock each place lives by.
//!
//! A place's settings are laid over the organisation's, field by field. The currency is the organisation's alone.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::AppError;
use utoipa::ToSchema;
use uuid::Uuid;

/// When a place is open on one day of the week, in minutes after midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpeningHours)]
pub struct Span {
    /// Opens, 0–1439.
    pub from: u32,
    /// Closes, 1–1440, after it opens.
    pub to: u32,
}

/// How much each group counts in competitive visibility; what is not measured is left out and the rest renormalised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = VisibilityWeights)]
pub struct Weights {
    /// The business profile.
    pub profile: f64,
    /// Reviews.
    pub reviews: f64,
    /// The website.
    pub on_page: f64,
    /// Clicks, calls and directions.
    pub behaviour: f64,
    /// Links to the website.
    pub links: f64,
    /// Listings in directories.
    pub citations: f64,
    /// Social profiles.
    pub social: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { profile: 32.0, reviews: 20.0, on_page: 15.0, behaviour: 9.0, links: 8.0, citations: 6.0, social: 4.0 }
    }
}

/// What can be edited of the scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ScoringSettings)]
pub struct Settings {
    /// The currency of every amount (ISO 4217).
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
    /// What one unit of another currency is worth in it; an amount in a currency that is not here is refused.
    pub rates: BTreeMap<String, f64>,
    /// The industry, for benchmarks, such as `dental`; lower case.
    pub industry: String,
    /// The size, for benchmarks: `small` (under 10 people), `medium` (under 50), `large`.
    pub size: String,
    /// Whether the scores take part, unnamed, in the quantiles that other organisations see.
    pub share_benchmarks: bool,
    /// A call that nobody answered leaks when it is not returned within so many minutes.
    pub call_minutes: i64,
    /// A message or form leaks when it is not answered within so many hours.
    pub answer_hours: i64,
    /// A lead that was never reached leaks after so many days…
    pub reach_days: i64,
    /// …with fewer attempts than this.
    pub reach_attempts: i32,
    /// A quote leaks when nothing follows within so many days.
    pub quote_days: i64,
    /// A missed or cancelled booking leaks when it is not booked anew within so many days.
    pub rebook_days: i64,
    /// A booking that was kept leaks when it is not paid within so many days; null: not watched.
    pub pay_days: Option<i64>,
    /// A call of somebody known belongs to their lead of the last so many days; after that it is a new lead.
    pub reopen_days: i64,
    /// Opening hours, seven entries from Monday; null for a closed day.
    pub hours: Vec<Option<Span>>,
    /// The window of the scores in days.
    pub window_days: u32,
    /// Rates and values are taken from so many days.
    pub rate_days: u32,
    /// The average value of a customer in minor units, where payments are not told; null: measured.
    pub assumed_value_minor: Option<i64>,
    /// Weights of competitive visibility.
    pub weights: Weights,
}

impl Default for Settings {
    fn default() -> Self {
        let open = Some(Span { from: 9 * 60, to: 17 * 60 });
        Self {
            currency: Currency::USD,
            rates: BTreeMap::new(),
            industry: String::new(),
            size: String::new(),
            share_benchmarks: false,
            call_minutes: 60,
            answer_hours: 24,
            reach_days: 14,
            reach_attempts: 6,
            quote_days: 3,
            rebook_days: 7,
            pay_days: None,
            reopen_days: 30,
            hours: vec![open, open, open, open, open, None, None],
            window_days: 28,
            rate_days: 90,
            assumed_value_minor: None,
            weights: Weights::default(),
        }
    }
}

impl Settings {
    /// What is wrong with it, as field and reason.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let ranges = [
            ("call_minutes", self.call_minutes, 1, 1_440),
            ("answer_hours", self.answer_hours, 1, 168),
            ("reach_days", self.reach_days, 1, 90),
            ("reach_attempts", i64::from(self.reach_attempts), 1, 50),
            ("quote_days", self.quote_days, 1, 180),
            ("rebook_days", self.rebook_days, 1, 180),
            ("pay_days", self.pay_days.unwrap_or(1), 1, 365),
            ("reopen_days", self.reopen_days, 1, 365),
            ("window_days", i64::from(self.window_days), 7, 92),
            ("rate_days", i64::from(self.rate_days), 28, 366),
            ("assumed_value_minor", self.assumed_value_minor.unwrap_or(0), 0, 1_000_000_000_000),
        ];
        for (field, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Some((field, format!("must lie between {least} and {most}")));
            }
        }
        if self.hours.len() != 7 {
            return Some(("hours", "needs seven entries, from Monday".to_owned()));
        }
        if self.hours.iter().flatten().any(|span| span.from >= span.to || span.to > 1_440) {
            return Some(("hours", "closes after it opens, at most at minute 1440".to_owned()));
        }
        if self.rates.iter().any(|(code, rate)| Currency::from_code(code).is_none() || !(*rate > 0.0 && *rate < 1e9)) {
            return Some(("rates", "each is a currency code with a positive rate".to_owned()));
        }
        if !["", "small", "medium", "large"].contains(&self.size.as_str()) {
            return Some(("size", "is small, medium or large".to_owned()));
        }
        if self.industry.len() > 64 {
            return Some(("industry", "is at most 64 characters".to_owned()));
        }
        let weights = self.weights.list();
        if weights.iter().any(|(_, weight)| !(0.0..=100.0).contains(weight))
            || weights.iter().all(|(_, weight)| *weight == 0.0)
        {
            return Some(("weights", "each lies between 0 and 100, and one is above 0".to_owned()));
        }
        None
    }

    /// An amount in the organisation's currency, or why it cannot be: no rate is guessed.
    pub fn settled(&self, money: Money) -> Result<i64, String> {
        if money.currency == self.currency {
            return Ok(money.minor);
        }
        let code = money.currency.code();
        let rate = self.rates.get(code).ok_or_else(|| {
            format!(
                "the amount is in {code}, and no rate from {code} to {} was entered; enter one, or change the currency, in the \
                 settings of the scores",
                self.currency.code()
            )
        })?;
        let digits = self.currency.digits() as i32 - money.currency.digits() as i32;
        Ok((money.minor as f64 * rate * 10_f64.powi(digits)).round() as i64)
    }
}

impl Weights {
    /// Each group with its weight, in the order of the definition.
    pub fn list(&self) -> [(&'static str, f64); 7] {
        [
            ("profile", self.profile),
            ("reviews", self.reviews),
            ("on_page", self.on_page),
            ("behaviour", self.behaviour),
            ("links", self.links),
            ("citations", self.citations),
            ("social", self.social),
        ]
    }
}

/// A place with what holds there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The settings in force.
    pub settings: Settings,
    /// Its time zone.
    pub zone: Tz,
    /// Bookings a month it can take; none: unknown.
    pub capacity: Option<i32>,
}

impl Default for Place {
    fn default() -> Self {
        Self { settings: Settings::default(), zone: Tz::UTC, capacity: None }
    }
}

impl Place {
    /// The day of an instant.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// Seconds of opening hours between two instants; at most 400 days are looked at.
    pub fn business_seconds(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let mut total = 0;
        let (mut day, last) = (self.day(from), self.day(to));
        for _ in 0..400 {
            if day > last {
                break;
            }
            let open = self.settings.hours.get(day.weekday().num_days_from_monday() as usize).copied().flatten();
            if let Some(span) = open {
                let (opens, closes) = (self.instant(day, span.from), self.instant(day, span.to));
                total += (closes.min(to) - opens.max(from)).num_seconds().max(0);
            }
            day = day + Days::new(1);
        }
        total
    }

    /// The instant of a minute of a day; in the hour that a clock change leaves out, the one after it.
    pub fn instant(&self, day: NaiveDate, minute: u32) -> DateTime<Utc> {
        let naive = day.and_time(chrono::NaiveTime::MIN) + chrono::Duration::minutes(i64::from(minute));
        let local = self.zone.from_local_datetime(&naive).earliest();
        let later = || self.zone.from_local_datetime(&(naive + chrono::Duration::hours(1))).earliest();
        local.or_else(later).map_or_else(|| naive.and_utc(), |at| at.with_timezone(&Utc))
    }
}

/// What holds in the whole organisation and at each place.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Where no place was named.
    pub whole: Place,
    /// The places.
    pub places: HashMap<Uuid, Place>,
}

impl Rules {
    /// What holds at a place; the organisation's where it is unknown.
    pub fn of(&self, location: Option<Uuid>) -> &Place {
        location.and_then(|id| self.places.get(&id)).unwrap_or(&self.whole)
    }

    /// Reads them.
    pub async fn load(tx: &mut OrgTx) -> Result<Self, sqlx::Error> {
        let (zone, value): (Option<String>, Option<Value>) = sqlx::query_as(
            "select (select time_zone from organisations where id = $1), \
               (select value from scoring_settings where org_id = $1)",
        )
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await?;
        let value = value.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let zone = zone.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        let whole = Place { settings: read(value.clone()), zone, capacity: None };
        let rows: Vec<(Uuid, Option<String>, Option<i32>, Value)> =
            sqlx::query_as("select id, time_zone, monthly_capacity, settings from locations where org_id = $1")
                .bind(tx.org())
                .fetch_all(tx.conn())
                .await?;
        let places = rows
            .into_iter()
            .map(|(id, zone, capacity, own)| {
                let mut settings = read(laid_over(value.clone(), own));
                settings.currency = whole.settings.currency;
                settings.rates.clone_from(&whole.settings.rates);
                let zone = zone.and_then(|zone| zone.parse().ok()).unwrap_or(whole.zone);
                (id, Place { settings, zone, capacity })
            })
            .collect();
        Ok(Self { whole, places })
    }
}

/// Stored settings; a field that a newer program wrote leaves the defaults in force rather than nothing.
fn read(value: Value) -> Settings {
    serde_json::from_value(value).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "the settings of the scores do not read; the defaults are in force");
        Settings::default()
    })
}

/// Keeps what is edited, of the whole organisation or of one place, and has the views made anew. An object with unknown fields,
/// or fields out of range, is refused.
pub(crate) async fn keep(
    tx: &mut OrgTx,
    actor: Actor,
    location: Option<LocationId>,
    given: Value,
) -> Result<Settings, AppError> {
    if !given.is_object() {
        return Err(AppError::unprocessable("the settings are an object"));
    }
    // Nothing lands between the change and the views that are made by it.
    crate::signals::hold(tx, true).await?;
    let rules = Rules::load(tx).await?;
    let before = rules.of(location.map(LocationId::uuid)).settings.clone();
    let whole = serde_json::to_value(&rules.whole.settings).map_err(AppError::internal)?;
    let laid = if location.is_some() { laid_over(whole, given.clone()) } else { given.clone() };
    let after: Settings = serde_json::from_value(laid)
        .map_err(|error| AppError::unprocessable(format!("the settings do not read: {error}")))?;
    if let Some((field, reason)) = after.problem() {
        return Err(AppError::field(field, reason));
    }
    if after.currency != rules.whole.settings.currency {
        if location.is_some() {
            return Err(AppError::field("currency", "is the organisation's; a place has none of its own"));
        }
        let told: bool =
            sqlx::query_scalar("select exists (select 1 from signals where org_id = $1 and minor is not null)")
                .bind(tx.org())
                .fetch_one(tx.conn())
                .await?;
        if told {
            let kept = rules.whole.settings.currency;
            return Err(AppError::conflict(format!("amounts are kept in {} already", kept.code())));
        }
    }
    match location {
        Some(id) => {
            let done = sqlx::query("update locations set settings = $3 where org_id = $1 and id = $2")
                .bind(tx.org())
                .bind(id)
                .bind(given)
                .execute(tx.conn())
                .await?;
            if done.rows_affected() == 0 {
                return Err(AppError::not_found("location"));
            }
        }
        None => {
            sqlx::query(
                "insert into scoring_settings (org_id, value) values ($1, $2) \
                 on conflict (org_id) do update set value = excluded.value, updated_at = now()",
            )
            .bind(tx.org())
            .bind(serde_json::to_value(&after).map_err(AppError::internal)?)
            .execute(tx.conn())
            .await?;
        }
    }
    crate::journeys::rebuild_later(tx);
    let values = |settings: &Settings| serde_json::to_value(settings).map_err(AppError::internal);
    let (old, new) = audit::difference(&values(&before)?, &values(&after)?).map_err(AppError::internal)?;
    let about = location.map_or_else(|| "scoring".to_owned(), |id| id.to_string());
    let org = tx.org();
    tx.append(Event::new(Subject::Org(org), actor, Fact::SettingsChanged { group: "scoring".to_owned() }));
    audit::record(tx, AuditEntry::new(actor, "settings.changed").about(about).change(old, new)).await?;
    Ok(after)
}

/// One object over another, field by field.
pub(crate) fn laid_over(mut below: Value, above: Value) -> Value {
    if let (Value::Object(below), Value::Object(above)) = (&mut below, above) {
        below.extend(above);
    }
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn business_time_is_counted_in_the_zone_of_the_place_and_over_a_clock_change() {
        let berlin = Place { zone: Tz::Europe__Berlin, ..Place::default() };
        // Friday 16:00 to Monday 10:00 in Berlin, over the night in which the clock goes forward.
        assert_eq!(berlin.business_seconds(at("2026-03-27T15:00:00Z"), at("2026-03-30T08:00:00Z")), 2 * 3_600);
        assert_eq!(berlin.business_seconds(at("2026-03-28T09:00:00Z"), at("2026-03-29T09:00:00Z")), 0, "a weekend");
        assert_eq!(berlin.business_seconds(at("2026-03-27T10:00:00Z"), at("2026-03-27T10:05:00Z")), 300);
    }

    #[test]
    fn the_default_settings_are_valid_and_wrong_ones_are_named() {
        assert_eq!(Settings::default().problem(), None);
        let wrong = Settings { answer_hours: 0, ..Settings::default() };
        assert_eq!(wrong.problem().map(|(field, _)| field), Some("answer_hours"));
        let wrong = Settings { hours: Vec::new(), ..Settings::default() };
        assert_eq!(wrong.problem().map(|(field, _)| field), Some("hours"));
    }

    #[test]
    fn money_of_another_currency_needs_a_rate_that_somebody_entered() {
        let mut settings = Settings::default();
        let euros = Money::new(1_000, Currency::from_code("EUR").expect("a code"));
        assert!(settings.settled(euros).is_err());
        settings.rates.insert("EUR".into(), 1.1);
        assert_eq!(settings.settled(euros), Ok(1_100));
        settings.rates.insert("JPY".into(), 0.0067);
        let yen = Money::new(1_000, Currency::from_code("JPY").expect("a code"));
        assert_eq!(settings.settled(yen), Ok(670), "a yen has no minor unit");
    }

    #[test]
    fn a_place_lays_its_own_over_the_organisation() {
        let laid = laid_over(
            serde_json::json!({ "answer_hours": 12, "quote_days": 5 }),
            serde_json::json!({ "quote_days": 9 }),
        );
        let settings = read(laid);
        assert_eq!((settings.answer_hours, settings.quote_days, settings.reach_days), (12, 9, 14));
    }
}
