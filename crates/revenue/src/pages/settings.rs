//! `/settings/scores`: what can be edited of the defaults of the scores, for the organisation or for one place.
//!
//! An empty field takes what stands under it: at a place the organisation's, there the default. Only what differs is kept.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Form, Frame, Query, Toast, show};

use super::{Choice, choices, placed};
use crate::read;
use crate::settings::{self, Settings, Weights, laid_over};

/// A whole number that can be edited: name, label, unit, section.
const NUMBERS: [(&str, &str, &str, &str); 11] = [
    ("call_minutes", "A missed call leaks after", "minutes", "When a lead counts as lost"),
    ("answer_hours", "A message without an answer leaks after", "hours", "When a lead counts as lost"),
    ("reach_days", "A lead nobody reached leaks after", "days", "When a lead counts as lost"),
    ("reach_attempts", "…with fewer attempts than", "attempts", "When a lead counts as lost"),
    ("quote_days", "A quote nobody followed up leaks after", "days", "When a lead counts as lost"),
    ("rebook_days", "A missed booking leaks after", "days", "When a lead counts as lost"),
    ("pay_days", "A booking that is not paid leaks after", "days; empty: not watched", "When a lead counts as lost"),
    ("reopen_days", "A caller belongs to their lead for", "days", "When a lead counts as lost"),
    ("window_days", "The scores look back", "days", "What the scores look at"),
    ("rate_days", "Rates and values are taken from", "days", "What the scores look at"),
    ("assumed_value_minor", "A customer is worth", "in cents; empty: measured", "What the scores look at"),
];

/// Fields of the organisation alone.
const OF_WHOLE: [&str; 5] = ["industry", "size", "share_benchmarks", "currency", "rates"];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    location: String,
}

#[derive(Template)]
#[template(path = "revenue/settings.html")]
struct SettingsPage {
    frame: Frame,
    csrf: String,
    places: Vec<Choice>,
    location: String,
    sections: Vec<Section>,
    weights: Vec<Field>,
    hours: Vec<Hours>,
    own_hours: bool,
    whole: Option<Whole>,
}

/// Fields that belong together.
struct Section {
    title: &'static str,
    fields: Vec<Field>,
}

/// One number.
struct Field {
    name: String,
    label: String,
    unit: &'static str,
    own: String,
    default: String,
}

/// The opening hours of a day; empty for a closed one.
struct Hours {
    day: &'static str,
    n: usize,
    from: String,
    to: String,
}

/// What is the organisation's alone.
struct Whole {
    industry: String,
    sizes: Vec<Choice>,
    share: bool,
    currency: String,
    rates: String,
}

/// What is kept: the organisation's and, of a place, its own.
async fn kept(tx: &mut OrgTx, place: Option<LocationId>) -> Result<(Value, Value), AppError> {
    let whole: Option<Value> = sqlx::query_scalar("select value from scoring_settings where org_id = $1")
        .bind(tx.org())
        .fetch_optional(tx.conn())
        .await?;
    let own: Option<Value> = sqlx::query_scalar("select settings from locations where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(place)
        .fetch_optional(tx.conn())
        .await?;
    let empty = || Value::Object(Map::new());
    Ok((whole.unwrap_or_else(empty), own.unwrap_or_else(empty)))
}

pub(crate) async fn page(by: Allowed<ManageChannels>, Query(look): Query<Look>) -> Result<Html<String>, AppError> {
    let place = placed(&look.location)?;
    let mut tx = by.tx().await?;
    let (whole, own) = kept(&mut tx, place).await?;
    let mine = if place.is_some() { own } else { whole.clone() };
    let places = choices(&read::locations(&mut tx).await?, place)?;
    let (whole, own) = (&whole, &mine);
    let defaults = serde_json::to_value(Settings::default()).map_err(AppError::internal)?;
    let below = if place.is_some() { laid_over(defaults, whole.clone()) } else { defaults };
    let field = |name: &str, label: &str, unit: &'static str| Field {
        own: other(&own[name], &below[name]),
        default: said(&below[name]),
        name: name.to_owned(),
        label: label.to_owned(),
        unit,
    };
    let mut sections: Vec<Section> = Vec::new();
    for (name, label, unit, title) in NUMBERS {
        if sections.last().is_none_or(|section| section.title != title) {
            sections.push(Section { title, fields: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            section.fields.push(field(name, label, unit));
        }
    }
    let weights = Weights::default().list().map(|(name, _)| Field {
        name: format!("weight_{name}"),
        label: name.replace('_', " "),
        unit: "",
        own: other(&own["weights"][name], &below["weights"][name]),
        default: said(&below["weights"][name]),
    });
    let in_force = laid_over(below.clone(), own.clone());
    let hours = DAYS.into_iter().enumerate().map(|(n, day)| {
        let span = &in_force["hours"][n];
        Hours { day, n, from: clock(&span["from"]), to: clock(&span["to"]) }
    });
    let frame = by.frame("Scores");
    show(&SettingsPage {
        csrf: frame.csrf.clone(),
        frame,
        places,
        location: place.map(|id| id.to_string()).unwrap_or_default(),
        sections,
        weights: weights.into(),
        hours: hours.collect(),
        own_hours: own.get("hours").is_some_and(|hours| *hours != below["hours"]),
        whole: place.is_none().then(|| of_whole(&in_force)),
    })
}

fn of_whole(value: &Value) -> Whole {
    let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let size = word("size");
    let rates = value["rates"].as_object().into_iter().flatten().map(|(code, rate)| format!("{code} {rate}"));
    let sizes = [
        ("", "Not said"),
        ("small", "Under 10 people"),
        ("medium", "Under 50 people"),
        ("large", "50 people and more"),
    ];
    Whole {
        industry: word("industry"),
        sizes: sizes
            .into_iter()
            .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned(), chosen: value == size })
            .collect(),
        share: value["share_benchmarks"].as_bool().unwrap_or(false),
        currency: word("currency"),
        rates: rates.collect::<Vec<_>>().join("\n"),
    }
}

/// A stored number where it is not what would hold without it.
fn other(own: &Value, below: &Value) -> String {
    if own == below { String::new() } else { said(own) }
}

/// A stored number as a field shows it.
fn said(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            number.as_f64().filter(|n| n.fract() == 0.0).map_or_else(|| number.to_string(), |n| format!("{n:.0}"))
        }
        _ => String::new(),
    }
}

/// Minutes after midnight as a browser's time; midnight at the end of a day is its last minute.
fn clock(value: &Value) -> String {
    let minutes = value.as_u64().map(|minutes| minutes.min(1_439));
    minutes.map(|minutes| format!("{:02}:{:02}", minutes / 60, minutes % 60)).unwrap_or_default()
}

fn minutes(field: &str, text: &str) -> Result<u32, AppError> {
    let part = |text: &str, most: u32| text.parse::<u32>().ok().filter(|part| *part <= most);
    let read = text.split_once(':').and_then(|(hour, minute)| Some(part(hour, 23)? * 60 + part(minute, 59)?));
    let read = read.ok_or_else(|| AppError::field(field, "is a time such as 09:00"))?;
    Ok(if read == 1_439 { 1_440 } else { read })
}

/// Reads the form over what was kept: an empty field is taken out.
fn read_form(
    form: &BTreeMap<String, String>,
    mut own: Map<String, Value>,
    at_place: bool,
) -> Result<Map<String, Value>, AppError> {
    let text = |name: &str| form.get(name).map_or("", |text| text.trim());
    for (name, ..) in NUMBERS {
        match text(name) {
            "" => drop(own.remove(name)),
            number => {
                let number: i64 = number.parse().map_err(|_| AppError::field(name, "is a whole number"))?;
                own.insert(name.to_owned(), json!(number));
            }
        }
    }
    let weights =
        Weights::default().list().map(|(name, weight)| (name, weight, text(&format!("weight_{name}")).to_owned()));
    if weights.iter().all(|(_, _, given)| given.is_empty()) {
        own.remove("weights");
    } else {
        let mut map = Map::new();
        for (name, default, given) in weights {
            let weight: f64 = if given.is_empty() {
                default
            } else {
                given.parse().map_err(|_| AppError::field(format!("weight_{name}"), "is a number"))?
            };
            map.insert(name.to_owned(), json!(weight));
        }
        own.insert("weights".to_owned(), Value::Object(map));
    }
    if form.contains_key("own_hours") {
        let mut hours = Vec::with_capacity(7);
        for n in 0..7 {
            let (from, to) = (text(&format!("from_{n}")), text(&format!("to_{n}")));
            hours.push(match (from, to) {
                ("", _) | (_, "") => Value::Null,
                (from, to) => {
                    json!({ "from": minutes(&format!("from_{n}"), from)?, "to": minutes(&format!("to_{n}"), to)? })
                }
            });
        }
        own.insert("hours".to_owned(), Value::Array(hours));
    } else {
        own.remove("hours");
    }
    if at_place {
        for name in OF_WHOLE {
            own.remove(name);
        }
        return Ok(own);
    }
    own.insert("industry".to_owned(), json!(text("industry").to_lowercase()));
    own.insert("size".to_owned(), json!(text("size")));
    own.insert("share_benchmarks".to_owned(), json!(form.contains_key("share_benchmarks")));
    if !text("currency").is_empty() {
        own.insert("currency".to_owned(), json!(text("currency").to_uppercase()));
    }
    let mut rates = Map::new();
    for line in text("rates").lines().filter(|line| !line.trim().is_empty()) {
        let (code, rate) = line.trim().split_once([' ', '=', ':']).ok_or_else(rate_wanted)?;
        let rate: f64 = rate.trim().parse().map_err(|_| rate_wanted())?;
        rates.insert(code.trim().to_uppercase(), json!(rate));
    }
    own.insert("rates".to_owned(), Value::Object(rates));
    Ok(own)
}

fn rate_wanted() -> AppError {
    AppError::field("rates", "needs a currency and a rate on each line, such as EUR 1.08")
}

/// Keeps the settings and has everything that depends on them made anew.
pub(crate) async fn save(
    by: Allowed<ManageChannels>,
    Query(look): Query<Look>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    let place = placed(&look.location)?;
    let mut tx = by.tx().await?;
    choices(&read::locations(&mut tx).await?, place)?;
    let (whole, own) = kept(&mut tx, place).await?;
    let Value::Object(fields) = (if place.is_some() { own } else { whole }) else {
        return Err(AppError::internal(anyhow::anyhow!("the settings of the scores are no object")));
    };
    let after = Value::Object(read_form(&form, fields, place.is_some())?);
    settings::keep(&mut tx, by.actor(), place, after).await?;
    tx.commit().await?;
    let back = place.map_or_else(|| "/settings/scores".to_owned(), |id| format!("/settings/scores?location={id}"));
    Ok((Toast::done("Kept; the scores are made anew").on_next_page(), Redirect::to(&back)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_empty_field_takes_the_default_and_a_place_has_no_currency() {
        let kept = json!({ "answer_hours": 12, "quote_days": 5, "currency": "EUR" });
        let Value::Object(kept) = kept else { panic!("an object") };
        let given = form(&[
            ("answer_hours", ""),
            ("quote_days", "9"),
            ("from_0", "08:30"),
            ("to_0", "17:00"),
            ("own_hours", "true"),
        ]);
        let read = read_form(&given, kept, true).expect("it reads");
        assert_eq!(read.get("answer_hours"), None);
        assert_eq!((&read["quote_days"], read.get("currency")), (&json!(9), None));
        assert_eq!(read["hours"][0], json!({ "from": 510, "to": 1_020 }));
        assert_eq!(read["hours"][6], Value::Null);
    }

    #[test]
    fn what_does_not_read_is_named() {
        for (name, text) in [("answer_hours", "soon"), ("weight_profile", "x"), ("rates", "EUR")] {
            let wrong = read_form(&form(&[(name, text)]), Map::new(), false).expect_err(name);
            assert_eq!(wrong.details()[0].field, name);
        }
    }

    #[test]
    fn numbers_and_times_read_as_they_were_typed() {
        assert_eq!(
            (said(&json!(32.0)), said(&json!(1.5)), said(&Value::Null)),
            ("32".into(), "1.5".into(), String::new())
        );
        assert_eq!((clock(&json!(540)), clock(&json!(1_440))), ("09:00".to_owned(), "23:59".to_owned()));
        assert_eq!((minutes("to", "23:59").expect("a time"), minutes("to", "9:05").expect("a time")), (1_440, 545));
    }
}
