//! `/ingestion/files/{id}`: how a table is to be read, with its first rows as they would become signals.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use connectors::signal::SignalKind;
use csv::ByteRecord;
use kernel::ids::UploadId;
use shell::auth::permission::ManageChannels;
use shell::page::bytes_size;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Frame, Path, Toast, show};

use super::home;
use crate::core::Core;
use crate::csv::columns::Column;
use crate::csv::dates::DateOrder;
use crate::csv::map::Plan;
use crate::csv::mapping::{Mapping, Origin};
use crate::csv::money::DecimalMark;
use crate::csv::propose;
use crate::files::api::{begin, preview};
use crate::files::look::{Look, PreviewOut};
use crate::files::start::{StartIn, look_again};
use crate::files::{store, upload as uploads};
use crate::web::Desk;

#[derive(Template)]
#[template(path = "intake/file.html")]
struct FilePage {
    frame: Frame,
    file: PreviewOut,
    size: String,
    fields: Vec<FieldOut>,
    meanings: Meanings,
    orders: Vec<Choice>,
    marks: Vec<Choice>,
    time_zone: String,
    currency: String,
    dry_run: bool,
    errors: FieldErrors,
    open: Vec<Detail>,
    trial: Trial,
}

/// A field of a signal with what may fill it.
struct FieldOut {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    options: Vec<Choice>,
    error: String,
}

/// A word of the column of kinds with what it may mean.
struct WordOut {
    word: String,
    name: String,
    options: Vec<Choice>,
}

/// What the words of the column of kinds mean; empty where none is that column.
#[derive(Template)]
#[template(path = "intake/_words.html")]
struct Meanings {
    words: Vec<WordOut>,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// The first rows as they would become signals.
#[derive(Template)]
#[template(path = "intake/_trial.html")]
struct Trial {
    rows: Vec<Tried>,
    problem: String,
}

struct Tried {
    row: usize,
    kind: &'static str,
    at: String,
    id: String,
    value: String,
    contact: String,
    place: String,
    problem: String,
}

/// What the page calls the fields.
const FIELDS: [(&str, &str, &str); 9] = [
    ("external_id", "Name of the row", "A number that no other row has: an order, an invoice."),
    ("at", "When it happened", ""),
    ("kind", "What it is", ""),
    ("value", "Amount", ""),
    ("currency", "Currency of the amount", ""),
    ("contact", "Whose it is", "An e-mail address, a phone number or a customer number."),
    ("lead", "Lead it belongs to", ""),
    ("location", "Place", ""),
    ("source", "Where it comes from", "Such as a till or a channel; csv when nothing is chosen."),
];

type Values = BTreeMap<String, String>;

/// The form as a request to start. A column is `c:<name>`, a fixed value `v:<value>`, the row itself `row`.
fn asked(form: &Values) -> StartIn {
    let mut mapping = Mapping::default();
    for (field, ..) in FIELDS {
        let chosen = form.get(field).map(String::as_str).unwrap_or_default();
        let origin = match chosen.split_once(':') {
            Some(("c", name)) => Origin::column(name),
            Some(("v", value)) => Origin::fixed(value),
            _ if chosen == "row" => Origin { row: true, ..Origin::default() },
            _ => continue,
        };
        mapping.0.insert(field.to_owned(), origin);
    }
    if let Some(kind) = mapping.0.get_mut("kind").filter(|kind| kind.column.is_some()) {
        let words =
            form.iter().filter_map(|(name, meant)| Some((name.strip_prefix("word:")?.to_owned(), meant.clone())));
        kind.values = words.filter(|(_, meant)| !meant.is_empty()).collect();
    }
    for (name, value) in form {
        if let Some(column) = name.strip_prefix("data:").filter(|_| value == "true") {
            let field = column.strip_prefix("data.").unwrap_or(column);
            let field: String = field
                .chars()
                .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
                .take(64)
                .collect();
            mapping.0.insert(format!("data.{field}"), Origin::column(column));
        }
    }
    let text = |name: &str| form.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let word = |name: &str| text(name).map(serde_json::Value::String);
    StartIn {
        mapping: Some(mapping),
        date_order: word("date_order").and_then(|value| serde_json::from_value(value).ok()),
        time_zone: text("time_zone"),
        currency: text("currency_code").map(|code| code.to_uppercase()),
        decimal_mark: word("decimal_mark").and_then(|value| serde_json::from_value(value).ok()),
        dry_run: form.get("dry_run").is_some_and(|value| value == "true"),
    }
}

/// Gives the words of the column of kinds that the form did not ask about what they seem to mean. Says whether the form has to ask
/// about others than it did.
fn complete(given: &mut StartIn, form: &Values, columns: &[Column]) -> bool {
    let asked_about = |word: &str| form.contains_key(&format!("word:{word}"));
    let mut asked = form.keys().filter_map(|name| name.strip_prefix("word:"));
    let kind = given.mapping.as_mut().and_then(|mapping| mapping.0.get_mut("kind"));
    let name = kind.as_ref().and_then(|kind| kind.column.clone());
    let column = columns.iter().find(|column| Some(&column.name) == name.as_ref());
    let words = column.map(|column| column.words.as_slice()).unwrap_or_default();
    let mut others = asked.any(|word| !words.iter().any(|known| known == word));
    if let Some(kind) = kind {
        for word in words.iter().filter(|word| !asked_about(word)) {
            others = true;
            if let Some(meant) = propose::kind_of(word) {
                kind.values.insert(word.clone(), meant.as_str().to_owned());
            }
        }
    }
    others
}

fn options(field: &str, columns: &[Column], origin: Option<&Origin>) -> Vec<Choice> {
    let column = origin.and_then(|origin| origin.column.as_deref());
    let fixed = origin.and_then(|origin| origin.value.as_deref());
    let mut options = vec![Choice { value: String::new(), label: "—".to_owned(), chosen: origin.is_none() }];
    options.extend(columns.iter().map(|one| Choice {
        value: format!("c:{}", one.name),
        label: one.name.clone(),
        chosen: column == Some(one.name.as_str()),
    }));
    match field {
        "kind" => options.extend(SignalKind::ALL.map(|kind| Choice {
            value: format!("v:{}", kind.as_str()),
            label: format!("every row: {}", kind.as_str().replace('_', " ")),
            chosen: fixed == Some(kind.as_str()),
        })),
        "external_id" => {
            let chosen = origin.is_some_and(|origin| origin.row);
            options.push(Choice { value: "row".to_owned(), label: "none: all the row says".to_owned(), chosen });
        }
        _ => {}
    }
    options
}

fn words(columns: &[Column], mapping: &Mapping) -> Vec<WordOut> {
    let Some(kind) = mapping.of("kind") else { return Vec::new() };
    let column = columns.iter().find(|column| Some(column.name.as_str()) == kind.column.as_deref());
    let words = column.map(|column| column.words.clone()).unwrap_or_default();
    words
        .into_iter()
        .map(|word| {
            let meant = kind.values.get(&word).cloned();
            let meant = meant.or_else(|| Some(propose::kind_of(&word)?.as_str().to_owned())).unwrap_or_default();
            let mut options = vec![Choice {
                value: String::new(),
                label: "keep those rows aside".to_owned(),
                chosen: meant.is_empty(),
            }];
            options.extend(SignalKind::ALL.map(|kind| Choice {
                value: kind.as_str().to_owned(),
                label: kind.as_str().replace('_', " "),
                chosen: meant == kind.as_str(),
            }));
            WordOut { name: format!("word:{word}"), word, options }
        })
        .collect()
}

fn attempt_of(seen: &Look, given: &StartIn, zone: chrono_tz::Tz, now: chrono::DateTime<chrono::Utc>) -> Trial {
    let (mapping, answers) = (given.mapping.clone().unwrap_or_default(), given.answers());
    let plan = match mapping.problems(&seen.names()).into_iter().next() {
        Some((field, why)) => Err((field, why)),
        None => Plan::new(&mapping, &answers, &seen.columns, zone, now),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err((field, why)) => {
            let field = field.trim_start_matches("mapping.");
            let label = FIELDS.iter().find(|(name, ..)| *name == field).map_or(field, |(_, label, _)| *label);
            return Trial { rows: Vec::new(), problem: format!("{label} {why}.") };
        }
    };
    let first = if seen.layout.has_header { 2 } else { 1 };
    let rows = seen.rows.iter().enumerate().map(|(place, cells)| {
        let row = first + place;
        match plan.signal(&ByteRecord::from(cells.clone())) {
            Ok(signal) => Tried {
                row,
                kind: signal.kind.as_str(),
                at: signal.at.format("%-d %b %Y, %H:%M UTC").to_string(),
                id: signal.external_id,
                value: signal.value.map(|value| value.to_string()).unwrap_or_default(),
                contact: signal.contact.unwrap_or_default(),
                place: signal.location.unwrap_or_default(),
                problem: String::new(),
            },
            Err(rejection) => {
                let field = rejection.field.map(|field| field + " ").unwrap_or_default();
                let problem = field + &rejection.reason;
                let none = String::new;
                Tried { row, kind: "", at: none(), id: none(), value: none(), contact: none(), place: none(), problem }
            }
        }
    });
    Trial { rows: rows.collect(), problem: String::new() }
}

async fn look(
    by: &Allowed<ManageChannels>,
    core: &Core,
    id: UploadId,
    given: Option<StartIn>,
    error: Option<&AppError>,
) -> Result<FilePage, AppError> {
    let mut tx = by.tx().await?;
    let file = preview(core, by.org(), &mut tx, id).await?;
    let zone = store::zone(&mut tx).await?;
    drop(tx);
    let seen = look_again(core, by.org(), id).await?;
    let given = given.unwrap_or_else(|| StartIn { mapping: Some(file.mapping.clone()), ..StartIn::default() });
    let mapping = given.mapping.clone().unwrap_or_default();
    let errors = error.map(FieldErrors::from).unwrap_or_default();
    let open = match error {
        Some(error) => error.details().to_vec(),
        None => propose::questions(&seen.columns, &mapping, &given.answers())
            .into_iter()
            .map(|question| Detail::new(question.field, question.text))
            .collect(),
    };
    let fields = FIELDS.map(|(name, label, hint)| FieldOut {
        name,
        label,
        hint,
        options: options(name, &file.columns, mapping.of(name)),
        error: errors.on(&format!("mapping.{name}")).to_owned(),
    });
    let choice =
        |value: &str, label: &str, chosen: bool| Choice { value: value.to_owned(), label: label.to_owned(), chosen };
    let orders = vec![
        choice("", "as the file says", given.date_order.is_none()),
        choice("dmy", "day, month, year", given.date_order == Some(DateOrder::Dmy)),
        choice("mdy", "month, day, year", given.date_order == Some(DateOrder::Mdy)),
        choice("ymd", "year, month, day", given.date_order == Some(DateOrder::Ymd)),
    ];
    let marks = vec![
        choice("", "as the file says", given.decimal_mark.is_none()),
        choice("point", "1,234.56", given.decimal_mark == Some(DecimalMark::Point)),
        choice("comma", "1.234,56", given.decimal_mark == Some(DecimalMark::Comma)),
    ];
    Ok(FilePage {
        frame: by.frame("Read a table"),
        fields: fields.into(),
        meanings: Meanings { words: words(&file.columns, &mapping) },
        orders,
        marks,
        time_zone: given.time_zone.clone().unwrap_or_else(|| zone.name().to_owned()),
        currency: given.currency.clone().unwrap_or_default(),
        dry_run: given.dry_run,
        trial: attempt_of(&seen, &given, zone, by.now()),
        errors,
        open,
        size: bytes_size(file.bytes as u64),
        file,
    })
}

pub(super) async fn upload(
    by: Allowed<ManageChannels>,
    State(desk): State<Desk>,
    request: Request,
) -> Result<Response, AppError> {
    let core = desk.core();
    let sent = async {
        let (spooled, wishes) = uploads::receive(core, by.org(), request, &desk).await?;
        uploads::register(core, by.org(), &spooled, None, &wishes.answers, by.actor().to_string()).await
    };
    match sent.await {
        Ok((_, preview)) => Ok(Redirect::to(&format!("/ingestion/files/{}", preview.id)).into_response()),
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let page = home::look(&by, FieldErrors::from(&error)).await?;
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}

pub(super) async fn page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<UploadId>,
) -> Result<Html<String>, AppError> {
    show(&look(&by, &core, id, None, None).await?)
}

/// The first rows by what is chosen now; and what words are to mean, where another column is that of kinds now.
pub(super) async fn attempt(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<UploadId>,
    Form(form): Form<Values>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    store::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("file"))?;
    let zone = store::zone(&mut tx).await?;
    drop(tx);
    let seen = look_again(&core, by.org(), id).await?;
    let mut given = asked(&form);
    let others = complete(&mut given, &form, &seen.columns);
    let Html(mut shown) = show(&attempt_of(&seen, &given, zone, by.now()))?;
    if others {
        let meanings = Meanings { words: words(&seen.columns, &given.mapping.unwrap_or_default()) }.render()?;
        shown.push_str(&format!("<div id=\"words\" hx-swap-oob=\"true\">{meanings}</div>"));
    }
    Ok(Html(shown))
}

pub(super) async fn start(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<UploadId>,
    Form(form): Form<Values>,
) -> Result<Response, AppError> {
    let mut given = asked(&form);
    if let Ok(seen) = look_again(&core, by.org(), id).await {
        complete(&mut given, &form, &seen.columns);
    }
    match begin(&by, &core, id, given.clone()).await {
        Ok(run) => {
            let said = if given.dry_run { "Reading and counting; nothing is written" } else { "Reading begins" };
            Ok((Toast::done(said).on_next_page(), Redirect::to(&format!("/ingestion/runs/{run}"))).into_response())
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let page = look(&by, &core, id, Some(given), Some(&error)).await?;
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}
