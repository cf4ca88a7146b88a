//! The list of what the site says.

use askama::Template;
use axum::extract::State as Reach;
use axum::response::Html;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Frame, Query, Tab, show};

use super::store::{self, Narrowed, PER_PAGE};
use super::{address, badge, called, site};
use crate::content::{Kind, State, builtin};
use crate::core::Core;

/// Pages of a list that can be asked for.
const MOST_PAGES: u32 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    kind: String,
    state: String,
    q: String,
    page: Option<u32>,
}

#[derive(Template)]
#[template(path = "site_admin/content.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    kinds: Vec<Tab>,
    kind: &'static str,
    one: &'static str,
    states: Vec<(&'static str, bool)>,
    q: String,
    rows: Vec<Row>,
    /// Pages that the program brings and nobody has written over.
    brought: Vec<Brought>,
    narrowed: bool,
    newer: String,
    older: String,
}

struct Row {
    id: String,
    title: String,
    path: String,
    state: &'static str,
    tone: &'static str,
    publish_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

struct Brought {
    title: &'static str,
    slug: &'static str,
    address: String,
    path: String,
}

/// `GET /admin/content`
pub(super) async fn page(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let kind = if look.kind.is_empty() { Some(Kind::Post) } else { Kind::from_word(&look.kind) };
    let kind = kind.ok_or_else(|| AppError::not_found("kind of page"))?;
    let state = match look.state.as_str() {
        "" => None,
        word => Some(State::from_word(word).ok_or_else(|| AppError::field("state", "is not a state of a page"))?),
    };
    let number = look.page.unwrap_or(1).clamp(1, MOST_PAGES);
    let mut tx = by.tx().await?;
    let narrowed = Narrowed { kind, state, words: look.q.trim(), skip: i64::from(number - 1) * PER_PAGE };
    let mut rows = store::list(&mut tx, &narrowed).await?;
    let more = rows.len() as i64 > PER_PAGE;
    rows.truncate(PER_PAGE as usize);
    let is_narrowed = state.is_some() || !narrowed.words.is_empty();
    let brought = if is_narrowed || number > 1 { Vec::new() } else { brought(&core, &mut tx, kind).await? };
    let at = |number: u32| {
        let q = shell::page::url_encoded(narrowed.words);
        format!("/admin/content?kind={}&state={}&q={q}&page={number}", kind.word(), look.state)
    };
    let link = |other: Kind| Tab::new(called(other).1, format!("/admin/content?kind={}", other.word()), other == kind);
    show(&ListPage {
        frame: by.frame("Content"),
        tabs: crate::admin::tabs("/admin/content"),
        kinds: [Kind::Post, Kind::Page, Kind::Solution, Kind::CaseStudy].map(link).into(),
        kind: kind.word(),
        one: called(kind).0,
        states: State::ALL.map(|one| (one.word(), Some(one) == state)).into(),
        newer: if number > 1 { at(number - 1) } else { String::new() },
        older: if more { at(number + 1) } else { String::new() },
        rows: rows.into_iter().map(|row| shown(kind, row)).collect(),
        brought,
        narrowed: is_narrowed,
        q: look.q.clone(),
    })
}

fn shown(kind: Kind, row: store::Listed) -> Row {
    let (state, tone) = State::from_word(&row.state).map_or(("", ""), badge);
    Row {
        id: row.id.to_string(),
        path: kind.path(&row.slug),
        title: row.title,
        state,
        tone,
        publish_at: row.publish_at.filter(|_| state == "scheduled"),
        updated_at: row.updated_at,
    }
}

/// Pages of a kind that the program brings and that nobody has written over.
async fn brought(core: &Core, tx: &mut kernel::db::OrgTx, kind: Kind) -> Result<Vec<Brought>, AppError> {
    let written = store::slugs(tx, kind).await?;
    let base = address(core, &site(tx).await?);
    let pages = builtin::all().iter().filter(|page| page.kind == kind && !written.contains(page.slug));
    let line = |page: &'static builtin::Builtin| {
        let path = kind.path(page.slug);
        Brought { title: &page.title, slug: page.slug, address: format!("{base}{path}"), path }
    };
    Ok(pages.map(line).collect())
}
