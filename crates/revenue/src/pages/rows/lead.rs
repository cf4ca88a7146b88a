//! `/revenue/leads/{id}`: one lead's story, for the drawer or as a page.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use kernel::ids::LeadId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Frame, Path, show};
use uuid::Uuid;

use super::{Told, kind_word, name_of, names, state, value};
use crate::pages::{store, words};
use crate::people::People;
use crate::read;

/// The source of signals that are made from the ledger.
const OURS: &str = crate::native::SOURCE;

#[derive(Template)]
#[template(path = "revenue/_lead.html")]
struct Detail {
    /// On a page of its own, where no drawer is to be closed.
    alone: bool,
    name: String,
    href: String,
    state: String,
    tone: &'static str,
    facts: Vec<(&'static str, String)>,
    story: Vec<Told>,
}

/// The same as a page: a task leads to it.
#[derive(Template)]
#[template(path = "revenue/lead.html")]
struct LeadPage {
    frame: Frame,
    part: Detail,
}

/// One lead's story: for the drawer, or as a page.
pub(crate) async fn detail(
    by: Allowed<View>,
    State(people): State<Arc<dyn People>>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let row = store::lead(&mut tx, id).await?.ok_or_else(|| AppError::not_found("lead"))?;
    let currency = read::currency(&mut tx).await?;
    let places: HashMap<Uuid, String> =
        read::locations(&mut tx).await?.into_iter().map(|place| (place.id.uuid(), place.name)).collect();
    let names = names(&mut tx, people.as_ref(), row.contact.into_iter()).await?;
    let story = store::story(&mut tx, &row).await?;
    let (state, tone) = state(&row, by.now());
    let facts = vec![
        ("Source", row.source.clone()),
        ("Location", row.location_id.and_then(|id| places.get(&id)).cloned().unwrap_or_else(|| "not named".to_owned())),
        ("Came by", if row.opening == "call" { "telephone" } else { "message" }.to_owned()),
        ("First answer", row.answered_after_s.map_or_else(|| "never".to_owned(), |s| crate::centre::spoken(s as f64))),
        ("Worth", value(&row, currency.code())),
    ];
    let alone = !by.request().fragment;
    let part = Detail {
        alone,
        name: name_of(&row, &names),
        href: if row.source == OURS { format!("/leads/{}", LeadId::from_uuid(row.id)) } else { String::new() },
        state,
        tone,
        facts,
        story: story
            .into_iter()
            .map(|told| Told {
                what: kind_word(&told.kind).to_owned(),
                place: String::new(),
                source: told.source,
                at: told.at,
                value: told.minor.map(|minor| words::money(minor as f64, currency.code())).unwrap_or_default(),
                note: note(&told.kind, told.data.as_ref()),
            })
            .collect(),
    };
    if alone { show(&LeadPage { frame: by.frame(part.name.clone()), part }) } else { show(&part) }
}

/// What else is worth saying of a signal.
fn note(kind: &str, data: Option<&serde_json::Value>) -> String {
    let is = |name: &str| data.and_then(|data| data.get(name)).and_then(serde_json::Value::as_bool);
    let word = |name: &str| data.and_then(|data| data.get(name)).and_then(|value| value.as_str());
    match kind {
        "call" => match (word("direction"), is("answered")) {
            (Some("outbound"), _) => "made by you",
            (_, Some(false)) => "nobody answered",
            _ => "",
        },
        "response" if is("meaningful") == Some(false) => "an acknowledgement",
        "response" if word("writer") == Some("bot") => "by Recoup",
        "booking" if is("cancelled") == Some(true) => "cancelled",
        _ => "",
    }
    .to_owned()
}
