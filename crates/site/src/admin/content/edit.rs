//! The editor of a page.

use askama::Template;
use axum::extract::State as Reach;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::PageId;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Frame, Path, Query, show};

use super::diff::Part;
use super::form::Typed;
use super::store::{self, Kept};
use super::{address, badge, called, site};
use crate::admin::images::{Shot, latest};
use crate::blog::{authors, zone};
use crate::content::{Kind, State, builtin};
use crate::core::Core;

/// The pictures that the editor offers, the newest ones.
const PICTURES: i64 = 24;

#[derive(Template)]
#[template(path = "site_admin/content_edit.html")]
pub(super) struct EditPage {
    frame: Frame,
    kind: &'static str,
    /// Empty while it is new.
    id: String,
    /// The revision that is written over.
    revision: i32,
    state: &'static str,
    tone: &'static str,
    typed: Typed,
    errors: FieldErrors,
    /// What another one wrote meanwhile.
    theirs: Option<Theirs>,
    authors: Vec<Choice>,
    pictures: Vec<Shot>,
    zone: String,
    /// Where visitors find it.
    address: String,
    /// Where a preview link leads that was just made.
    link: String,
    updated_at: Option<DateTime<Utc>>,
    last_by: String,
    /// What an address is, and what the fields beside words are, by kind.
    where_to: &'static str,
    hint: &'static str,
}

/// What another one wrote while this one was being written.
pub(super) struct Theirs {
    pub by: String,
    pub at: DateTime<Utc>,
    /// From their words to these.
    pub parts: Vec<Part>,
}

/// A choice of a list.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// What an editor shows.
pub(super) struct Shown {
    pub kind: Kind,
    pub kept: Option<Kept>,
    pub typed: Typed,
    pub errors: FieldErrors,
    pub theirs: Option<Theirs>,
    pub link: String,
}

impl Shown {
    pub(super) fn new(kind: Kind, typed: Typed) -> Self {
        Self { kind, kept: None, typed, errors: FieldErrors::default(), theirs: None, link: String::new() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct New {
    kind: String,
    /// Of a page that the program brings: a copy of it.
    slug: String,
}

/// `GET /admin/content/new`: an empty page, or a copy of one that the program brings.
pub(super) async fn new(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Query(new): Query<New>,
) -> Result<Html<String>, AppError> {
    let kind = Kind::from_word(if new.kind.is_empty() { "post" } else { &new.kind });
    let kind = kind.ok_or_else(|| AppError::not_found("kind of page"))?;
    let typed = match builtin::page(kind, &new.slug) {
        Some(page) => Typed::copied(page),
        None => Typed::default(),
    };
    let mut tx = by.tx().await?;
    show(&editor(&core, &by, &mut tx, Shown::new(kind, typed)).await?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    /// The token of a preview link that was just made.
    link: String,
}

/// `GET /admin/content/{id}`
pub(super) async fn page(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Path(id): Path<PageId>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let kept = store::find(&mut tx, id, false).await?.ok_or_else(|| AppError::not_found("page"))?;
    let zone = zone(&site(&mut tx).await?);
    // Only the link that holds is shown.
    let holds = !look.link.is_empty() && kept.preview_hash == Some(kernel::db::site_token(&look.link));
    let typed = Typed::of(&kept.entry, zone);
    let link = if holds { look.link } else { String::new() };
    let shown = Shown { link, kept: Some(kept), ..Shown::new(Kind::Page, typed) };
    show(&editor(&core, &by, &mut tx, shown).await?)
}

/// The editor with what it shows. Of a page that is kept, its own kind counts.
pub(super) async fn editor(
    core: &Core,
    by: &Allowed<ManageChannels>,
    tx: &mut OrgTx,
    shown: Shown,
) -> Result<EditPage, AppError> {
    let Shown { kept, typed, errors, theirs, link, kind } = shown;
    let entry = kept.as_ref().map(|kept| &kept.entry);
    let kind = entry.map_or(kind, |entry| entry.kind);
    let site = site(tx).await?;
    let base = address(core, &site);
    let path = kind.path(entry.map_or("", |entry| &entry.slug));
    let state = entry.map_or(State::Draft, |entry| entry.state);
    let last_by = kept.as_ref().map(|kept| kept.last_by.clone()).unwrap_or_default();
    let names = store::names(tx, std::slice::from_ref(&last_by)).await?;
    let authors = authors::all(tx).await?.into_iter().map(|author| Choice {
        chosen: author.id.to_string() == typed.author,
        value: author.id.to_string(),
        label: author.name,
    });
    let authors = authors.collect();
    let pictures = latest(tx, PICTURES, &typed.image).await?;
    let (one, _) = called(kind);
    let title = entry.map_or_else(|| format!("New {}", one.to_lowercase()), |entry| entry.title.clone());
    Ok(EditPage {
        frame: by.frame(title),
        kind: kind.word(),
        id: entry.map(|entry| entry.id.to_string()).unwrap_or_default(),
        revision: entry.map_or(0, |entry| entry.revision),
        state: badge(state).0,
        tone: badge(state).1,
        errors,
        theirs,
        authors,
        pictures,
        where_to: where_to(kind),
        zone: site.settings.time_zone.clone(),
        link: if link.is_empty() { link } else { format!("{base}{path}?preview={link}") },
        address: format!("{base}{path}"),
        updated_at: entry.map(|entry| entry.updated_at),
        last_by: names.get(&last_by).cloned().unwrap_or_default(),
        hint: hint(kind),
        typed,
    })
}

/// What an address is, by kind.
fn where_to(kind: Kind) -> &'static str {
    match kind {
        Kind::Page => {
            "Of one of the site's own pages, such as about, which it replaces; or a new one, where the site has its own domain."
        }
        Kind::Solution => "Of a solution that it replaces, or a new one, such as veterinarians.",
        Kind::CaseStudy | Kind::Post => {
            "Small letters, digits and hyphens, such as missed-calls. A published page that moves leads from its old address to the new one."
        }
    }
}

/// What the fields beside words are, by kind.
fn hint(kind: Kind) -> &'static str {
    match kind {
        Kind::CaseStudy => {
            "Measured figures: {\"figures\": [{\"label\": \"Missed calls\", \"value\": \"12 %\", \"how\": \"Counted by the telephone system, March to May\"}]}"
        }
        Kind::Post => "Names and values between braces; a post needs none.",
        Kind::Page | Kind::Solution => {
            "Names and values between braces. What is left out stands as the program brings it."
        }
    }
}
