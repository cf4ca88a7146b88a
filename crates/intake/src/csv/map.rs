//! A row as a signal, by a mapping that was compiled once. It runs for every row of files of millions: it looks at bytes and
//! makes only what the signal keeps.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use connectors::signal::{Signal, SignalKind};
use connectors::source::Rejection;
use csv::ByteRecord;
use kernel::money::{Currency, Money};
use ring::digest;
use serde_json::{Map, Value};

use super::columns::Column;
use super::dates::{self, DateOrder};
use super::mapping::{Answers, Mapping, Origin};
use super::money::{self, DecimalMark, Says};
use super::propose;

/// The longest id and key.
const LONGEST_KEY: usize = 200;
/// The longest text in `data`.
const LONGEST_TEXT: usize = 2_000;
/// The source of rows that name none.
pub const SOURCE: &str = "csv";

/// Where a text comes from.
#[derive(Debug)]
enum Text {
    Fixed(String),
    Column(usize),
}

#[derive(Debug)]
enum Kinds {
    Fixed(SignalKind),
    Column(usize, HashMap<Vec<u8>, SignalKind>),
}

#[derive(Debug)]
enum Currencies {
    Fixed(Currency),
    Column(usize),
    Sign,
}

/// A mapping, ready for rows.
#[derive(Debug)]
pub struct Plan {
    width: usize,
    /// The column of ids; none: made from the row.
    id: Option<usize>,
    at: usize,
    order: Option<DateOrder>,
    zone: Tz,
    kind: Kinds,
    source: Text,
    location: Option<Text>,
    contact: Option<Text>,
    lead: Option<Text>,
    value: Option<(usize, Currencies, DecimalMark)>,
    data: Vec<(String, Text)>,
    now: DateTime<Utc>,
}

impl Plan {
    /// Compiles a mapping that has no problems and leaves no question. `zone` is the organisation's. The error names a field and
    /// says what is wrong.
    pub fn new(
        mapping: &Mapping,
        answers: &Answers,
        columns: &[Column],
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self, (String, String)> {
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let wrong = |field: &str, why: &str| (field.to_owned(), why.to_owned());
        let text = |field: &str| -> Option<Text> {
            let origin = mapping.of(field)?;
            match (&origin.value, &origin.column) {
                (Some(value), _) => Some(Text::Fixed(value.clone())),
                (None, Some(column)) => place(column).map(Text::Column),
                (None, None) => None,
            }
        };
        let id = mapping.of("external_id").ok_or_else(|| wrong("mapping.external_id", "is required"))?;
        let id = if id.row {
            None
        } else {
            let column = id.column.as_deref().and_then(place);
            Some(column.ok_or_else(|| wrong("mapping.external_id", "must be a column, or made from the row"))?)
        };
        let at = mapping.of("at").and_then(|origin| origin.column.as_deref()).and_then(place);
        let at = at.ok_or_else(|| wrong("mapping.at", "must be a column"))?;
        let given = answers.time_zone.as_deref().map(str::parse::<Tz>).transpose();
        let zone = given.map_err(|_| wrong("time_zone", "is not a time zone such as Europe/Berlin"))?.unwrap_or(zone);
        let kind = kinds(mapping.of("kind"), &place).map_err(|why| ("mapping.kind".to_owned(), why))?;
        let seen = columns[at].facts.orders.and_then(propose::order_of);
        let mut data = Vec::new();
        for field in mapping.0.keys() {
            if let (Some(name), Some(from)) = (field.strip_prefix("data."), text(field)) {
                data.push((name.to_owned(), from));
            }
        }
        Ok(Self {
            width: columns.len(),
            id,
            at,
            order: answers.date_order.or(seen),
            zone,
            kind,
            source: text("source").unwrap_or_else(|| Text::Fixed(SOURCE.to_owned())),
            location: text("location"),
            contact: text("contact"),
            lead: text("lead"),
            value: amounts(mapping, answers, columns, &place)?,
            data,
            now,
        })
    }

    /// The signal of a row, or why there is none.
    pub fn signal(&self, row: &ByteRecord) -> Result<Signal, Rejection> {
        let more = row.iter().skip(self.width).any(|cell| !cell.trim_ascii().is_empty());
        if row.len() < self.width || more {
            return Err(reject(None, format!("has {} cells where the header has {}", row.len(), self.width)));
        }
        let at = dates::instant(cell(row, self.at, "at")?, self.order, self.zone, self.now)
            .map_err(|why| reject(Some("at"), why))?;
        let kind = self.kind(row)?;
        let source = source(text(row, &self.source, "source")?);
        let id = match self.id {
            Some(column) => {
                let id = cell(row, column, "external_id")?;
                if id.is_empty() || id.len() > LONGEST_KEY {
                    return Err(reject(Some("external_id"), "must have 1 to 200 characters".to_owned()));
                }
                id.to_owned()
            }
            None => digest_of(row),
        };
        let mut signal = Signal::new(source, id, kind, at);
        signal.location = key(row, self.location.as_ref(), "location")?;
        signal.contact = key(row, self.contact.as_ref(), "contact")?;
        signal.lead = key(row, self.lead.as_ref(), "lead")?;
        signal.value = self.value(row, kind)?;
        if !self.data.is_empty() {
            signal.data = self.data(row)?;
        }
        Ok(signal)
    }

    fn kind(&self, row: &ByteRecord) -> Result<SignalKind, Rejection> {
        match &self.kind {
            Kinds::Fixed(kind) => Ok(*kind),
            Kinds::Column(column, known) => {
                let word = cell(row, *column, "kind")?;
                let kind = known.get(word.as_bytes()).copied().or_else(|| SignalKind::named(word));
                kind.ok_or_else(|| reject(Some("kind"), format!("{} is not a kind of signal", short(word))))
            }
        }
    }

    fn value(&self, row: &ByteRecord, kind: SignalKind) -> Result<Option<Money>, Rejection> {
        let Some((column, currencies, mark)) = &self.value else { return Ok(None) };
        let text = cell(row, *column, "value")?;
        if text.is_empty() {
            return Ok(None);
        }
        let currency = match currencies {
            Currencies::Fixed(currency) => money::of_sign(text).unwrap_or(*currency),
            Currencies::Column(column) => {
                let code = cell(row, *column, "currency")?;
                money::currency(code)
                    .ok_or_else(|| reject(Some("currency"), format!("{} is not a currency in use", short(code))))?
            }
            Currencies::Sign => money::of_sign(text)
                .ok_or_else(|| reject(Some("currency"), "the amount names no currency".to_owned()))?,
        };
        if matches!(money::says(text), Says::Only(other) if other != *mark) {
            return Err(reject(Some("value"), "has another mark before its decimals than the others".to_owned()));
        }
        let minor = money::minor(text, *mark, currency).map_err(|why| reject(Some("value"), why))?;
        if minor < 0 {
            let what = if kind == SignalKind::Payment {
                "is less than nothing; money that went back is a refund"
            } else {
                "is less than nothing"
            };
            return Err(reject(Some("value"), what.to_owned()));
        }
        Ok(Some(Money::new(minor, currency)))
    }

    fn data(&self, row: &ByteRecord) -> Result<Map<String, Value>, Rejection> {
        let mut data = Map::new();
        for (name, from) in &self.data {
            let text = self::text(row, from, "data")?;
            if text.len() > LONGEST_TEXT {
                return Err(reject(Some("data"), format!("{name} is longer than 2,000 characters")));
            }
            if !text.is_empty() {
                data.insert(name.clone(), plain(text));
            }
        }
        Ok(data)
    }
}

fn text<'a>(row: &'a ByteRecord, from: &'a Text, field: &'static str) -> Result<&'a str, Rejection> {
    match from {
        Text::Fixed(text) => Ok(text),
        Text::Column(column) => cell(row, *column, field),
    }
}

fn key(row: &ByteRecord, from: Option<&Text>, field: &'static str) -> Result<Option<String>, Rejection> {
    let Some(from) = from else { return Ok(None) };
    let text = self::text(row, from, field)?;
    if text.len() > LONGEST_KEY {
        return Err(reject(Some(field), "is longer than 200 characters".to_owned()));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn kinds(origin: Option<&Origin>, place: &impl Fn(&str) -> Option<usize>) -> Result<Kinds, String> {
    let origin = origin.ok_or("is required")?;
    let kind = |word: &str| SignalKind::named(word).ok_or_else(|| format!("{word} is not a kind of signal"));
    if let Some(value) = &origin.value {
        return Ok(Kinds::Fixed(kind(value)?));
    }
    let column = origin.column.as_deref().and_then(place).ok_or("names a column that the file does not have")?;
    let known = origin.values.iter().map(|(word, meant)| kind(meant).map(|kind| (word.clone().into_bytes(), kind)));
    Ok(Kinds::Column(column, known.collect::<Result<_, String>>()?))
}

type Amounts = Option<(usize, Currencies, DecimalMark)>;

fn amounts(
    mapping: &Mapping,
    answers: &Answers,
    columns: &[Column],
    place: &impl Fn(&str) -> Option<usize>,
) -> Result<Amounts, (String, String)> {
    let Some(column) = mapping.of("value").and_then(|origin| origin.column.as_deref()) else { return Ok(None) };
    let column = place(column).ok_or_else(|| ("mapping.value".to_owned(), "names no column of the file".to_owned()))?;
    let facts = &columns[column].facts;
    let unknown = |code: &str| ("currency".to_owned(), format!("{code} is not a currency in use"));
    let named = mapping.of("currency");
    let fixed = named.and_then(|origin| origin.value.as_deref()).or(answers.currency.as_deref());
    let currencies = match (named.and_then(|origin| origin.column.as_deref()).and_then(place), fixed) {
        (Some(column), _) => Currencies::Column(column),
        (None, Some(code)) => Currencies::Fixed(money::currency(code).ok_or_else(|| unknown(code))?),
        (None, None) => Currencies::Sign,
    };
    let mark = answers.decimal_mark.or(facts.mark).unwrap_or(DecimalMark::Point);
    Ok(Some((column, currencies, mark)))
}

/// A cell as text without spaces around it.
fn cell<'a>(row: &'a ByteRecord, column: usize, field: &'static str) -> Result<&'a str, Rejection> {
    let bytes = row.get(column).unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(bytes)
        .map_err(|_| reject(Some(field), "has bytes that are no characters of the file's encoding".to_owned()))?;
    if text.contains(['\u{fffd}', '\0']) {
        return Err(reject(Some(field), "has bytes that are no characters of the file's encoding".to_owned()));
    }
    Ok(text)
}

/// A source's name: lower case, with `_` for what a name cannot hold.
fn source(text: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return text.to_owned();
    }
    let name: String =
        text.to_lowercase().chars().map(|c| if c.is_ascii() && allowed(c as u8) { c } else { '_' }).take(64).collect();
    if name.is_empty() { SOURCE.to_owned() } else { name }
}

fn digest_of(row: &ByteRecord) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for cell in row {
        context.update(&(cell.len() as u64).to_be_bytes());
        context.update(cell);
    }
    format!("row-{}", hex::encode(&context.finish().as_ref()[..16]))
}

/// Numbers and switches as JSON has them; anything else stays text.
fn plain(text: &str) -> Value {
    match text {
        "true" | "TRUE" | "True" | "yes" | "Yes" => return Value::Bool(true),
        "false" | "FALSE" | "False" | "no" | "No" => return Value::Bool(false),
        _ => {}
    }
    // A phone number or an id with a leading zero is no number.
    let looks = text.len() < 16
        && !(text.len() > 1 && text.starts_with('0') && !text.starts_with("0."))
        && !text.starts_with('+');
    if looks && let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    match text.parse::<f64>() {
        Ok(number) if looks && number.is_finite() => number.into(),
        _ => text.into(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn reject(field: Option<&'static str>, reason: String) -> Rejection {
    Rejection { field: field.map(str::to_owned), reason }
}

#[cfg(test)]
mod tests {
    use super::super::columns::look;
    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn plan(columns: &[(&str, &[&str])], mapping: Value, answers: &Answers) -> Plan {
        let columns: Vec<Column> = columns.iter().map(|(name, cells)| look(name, cells)).collect();
        let mapping: Mapping = serde_json::from_value(mapping).expect("a mapping");
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        assert_eq!(mapping.problems(&names), []);
        let now = DateTime::from_timestamp(NOW, 0).expect("a valid instant");
        Plan::new(&mapping, answers, &columns, chrono_tz::Europe::Berlin, now).expect("a plan")
    }

    fn sales() -> Plan {
        plan(
            &[
                ("Id", &["1"]),
                ("When", &["25.01.2026"]),
                ("What", &["Sale"]),
                ("Sum", &["1.234,50 €"]),
                ("Mail", &["a@b.example"]),
                ("Stars", &["5"]),
            ],
            serde_json::json!({
                "external_id": {"column": "Id"}, "at": {"column": "When"}, "source": {"value": "pos"},
                "kind": {"column": "What", "values": {"Sale": "payment"}}, "value": {"column": "Sum"},
                "contact": {"column": "Mail"}, "data.rating": {"column": "Stars"},
            }),
            &Answers::default(),
        )
    }

    fn read(plan: &Plan, cells: &[&str]) -> Result<Signal, Rejection> {
        plan.signal(&ByteRecord::from(cells.to_vec()))
    }

    #[test]
    fn a_row_becomes_a_signal() {
        let signal = read(&sales(), &["17", "03.02.2026 10:00", "Sale", "1.234,50 €", " sam@example.com ", "5"])
            .expect("a signal");
        assert_eq!(
            (signal.external_id.as_str(), signal.kind, signal.source.as_str()),
            ("17", SignalKind::Payment, "pos")
        );
        assert_eq!(signal.at.to_rfc3339(), "2026-02-03T09:00:00+00:00");
        assert_eq!(
            signal.value.map(|value| (value.minor, value.currency.code().to_owned())),
            Some((123_450, "EUR".to_owned()))
        );
        assert_eq!(signal.contact.as_deref(), Some("sam@example.com"));
        assert_eq!(signal.data["rating"], 5);
    }

    #[test]
    fn every_bad_row_says_which_field_and_why() {
        let plan = sales();
        let good = ["17", "03.02.2026", "Sale", "5 €", "", ""];
        for (place, bad, field) in [
            (0, "", "external_id"),
            (1, "2026-99-99", "at"),
            (1, "01.01.1970", "at"),
            (1, "01.01.2120", "at"),
            (2, "Gift", "kind"),
            (3, "-5 €", "value"),
            (3, "999999999999 €", "value"),
            (3, "5", "currency"),
            (3, "1,234.50 €", "value"),
            (4, "sam\u{fffd}@example.com", "contact"),
        ] {
            let mut cells = good;
            cells[place] = bad;
            let rejection = read(&plan, &cells).expect_err(bad);
            assert_eq!(rejection.field.as_deref(), Some(field), "{bad}: {rejection}");
        }
        assert!(read(&plan, &good[..4]).expect_err("ragged").reason.contains("4 cells"));
        assert!(read(&plan, &["17", "03.02.2026", "Sale", "5 €", "", "", "more"]).is_err());
        assert!(read(&plan, &["17", "03.02.2026", "Sale", "5 €", "", "", ""]).is_ok(), "a delimiter at the end");
    }

    #[test]
    fn an_id_made_from_the_row_is_the_same_for_the_same_row() {
        let plan = plan(
            &[("at", &["2026-01-01"]), ("x", &["1"])],
            serde_json::json!({"external_id": {"row": true}, "at": {"column": "at"}, "kind": {"value": "visit"}}),
            &Answers::default(),
        );
        let id = |cells: &[&str]| read(&plan, cells).expect("a signal").external_id;
        assert_eq!(id(&["2026-01-01", "1"]), id(&["2026-01-01", "1"]));
        assert_ne!(id(&["2026-01-01", "1"]), id(&["2026-01-01", "2"]));
    }

    #[test]
    fn data_keeps_its_type_and_ids_stay_text() {
        assert_eq!(plain("4.5"), serde_json::json!(4.5));
        assert_eq!(plain("0123"), serde_json::json!("0123"));
        assert_eq!(plain("+15550100"), serde_json::json!("+15550100"));
        assert_eq!(plain("yes"), serde_json::json!(true));
        assert_eq!(plain("NaN"), serde_json::json!("NaN"));
    }
}
