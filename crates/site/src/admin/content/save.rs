//! Keeping what was written: a new page, or the next revision of one.

use std::collections::BTreeMap;

use axum::extract::State as Reach;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::PageId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde_json::{Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Path, Toast, show};

use super::edit::{Shown, Theirs, editor};
use super::form::{Draft, Place, Typed};
use super::step::{self, Act};
use super::store::{self, Kept};
use super::{diff, site};
use crate::content::{Entry, Kind, State};
use crate::core::Core;
use crate::sites;

type Fields = BTreeMap<String, String>;

fn act(form: &Fields) -> Result<Act, AppError> {
    let word = form.get("act").map_or("", String::as_str);
    Act::from_word(word).ok_or_else(|| AppError::field("act", "is not a button of this form"))
}

/// `POST /admin/content`
pub(super) async fn create(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Form(form): Form<Fields>,
) -> Result<Response, AppError> {
    let kind = form.get("kind").and_then(|word| Kind::from_word(word));
    let kind = kind.ok_or_else(|| AppError::not_found("kind of page"))?;
    let (act, typed) = (act(&form)?, Typed::sent(&form));
    let mut tx = by.tx().await?;
    match make(&mut tx, &by, kind, &typed, act).await {
        Ok(made) => {
            tx.commit().await?;
            Ok(done(&core, &made))
        }
        Err(error) => {
            drop(tx);
            refused(&core, &by, Shown::new(kind, typed), error).await
        }
    }
}

/// `POST /admin/content/{id}`
pub(super) async fn save(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Path(id): Path<PageId>,
    Form(form): Form<Fields>,
) -> Result<Response, AppError> {
    let (act, typed) = (act(&form)?, Typed::sent(&form));
    let seen = form.get("revision").and_then(|text| text.parse::<i32>().ok());
    let mut tx = by.tx().await?;
    let kept = store::find(&mut tx, id, true).await?.ok_or_else(|| AppError::not_found("page"))?;
    if seen != Some(kept.entry.revision) {
        return overtaken(&core, &by, tx, kept, typed).await;
    }
    match change(&mut tx, &by, &kept.entry, &typed, act).await {
        Ok(made) => {
            tx.commit().await?;
            Ok(done(&core, &made))
        }
        Err(error) => {
            drop(tx);
            let shown = Shown { kept: Some(kept), ..Shown::new(Kind::Page, typed) };
            refused(&core, &by, shown, error).await
        }
    }
}

/// What became of a page.
pub(super) struct Made {
    pub id: PageId,
    state: State,
    /// Whether visitors see something else than before.
    pub seen: bool,
    /// The token of a preview link.
    pub link: Option<String>,
}

/// Writes a new page and does to it what a button says.
pub(super) async fn make(
    tx: &mut OrgTx,
    by: &Allowed<ManageChannels>,
    kind: Kind,
    typed: &Typed,
    act: Act,
) -> Result<Made, AppError> {
    let draft = typed.read(kind, Place::of(&site(tx).await?))?;
    let next = step::next(act, (kind, State::Draft), &draft, tx.clock().now())?;
    let id = PageId::new(tx.clock());
    let written = store::insert(tx, id, kind, &draft, by.actor()).await;
    written.map_err(|error| store::complaint(&error).unwrap_or_else(|| error.into()))?;
    let state = next.map_or(State::Draft, |(state, _)| state);
    if let Some((state, at)) = next {
        store::set_state(tx, id, state, at).await?;
    }
    let after = told(&draft.slug, &draft.title, state, 1);
    let entry = AuditEntry::new(by.actor(), "site.page_created").about(id).change(Value::Null, after);
    finish(tx, (id, kind), (State::Draft, state), (by.actor(), entry)).await?;
    let link = if act == Act::Link { Some(store::set_preview(tx, id).await?) } else { None };
    Ok(Made { id, state, seen: state == State::Published, link })
}

/// Writes the next revision of a locked page and does to it what a button says.
pub(super) async fn change(
    tx: &mut OrgTx,
    by: &Allowed<ManageChannels>,
    entry: &Entry,
    typed: &Typed,
    act: Act,
) -> Result<Made, AppError> {
    let draft = typed.read(entry.kind, Place::of(&site(tx).await?))?;
    let next = step::next(act, (entry.kind, entry.state), &draft, tx.clock().now())?;
    let state = next.map_or(entry.state, |(state, _)| state);
    write(tx, by.actor(), entry, &draft, "site.page_changed", next).await?;
    let hidden = state != State::Published && state != State::Archived;
    let link = if act == Act::Link && hidden { Some(store::set_preview(tx, entry.id).await?) } else { None };
    let seen = state == State::Published || entry.state == State::Published;
    Ok(Made { id: entry.id, state, seen, link })
}

/// Writes the next revision of a locked page, with its state where that changes, and everything that follows from it.
pub(super) async fn write(
    tx: &mut OrgTx,
    by: Actor,
    entry: &Entry,
    draft: &Draft,
    action: &'static str,
    next: Option<(State, Option<chrono::DateTime<chrono::Utc>>)>,
) -> Result<(), AppError> {
    let written = store::update(tx, entry, draft, by).await;
    written.map_err(|error| store::complaint(&error).unwrap_or_else(|| error.into()))?;
    let state = next.map_or(entry.state, |(state, _)| state);
    if let Some((state, at)) = next {
        store::set_state(tx, entry.id, state, at).await?;
    }
    // Only an address that was ever public is known outside.
    if draft.slug != entry.slug && entry.published_at.is_some() {
        store::moved(tx, &entry.kind.path(&entry.slug), &entry.kind.path(&draft.slug), by).await?;
    }
    let before = told(&entry.slug, &entry.title, entry.state, entry.revision);
    let after = told(&draft.slug, &draft.title, state, entry.revision + 1);
    let line = AuditEntry::new(by, action).about(entry.id).change(before, after);
    finish(tx, (entry.id, entry.kind), (entry.state, state), (by, line)).await
}

/// What the audit log tells of a page.
fn told(slug: &str, title: &str, state: State, revision: i32) -> Value {
    json!({ "slug": slug, "title": title, "state": state.word(), "revision": revision })
}

/// What follows where visitors see something else than before, and the row of the audit log.
async fn finish(
    tx: &mut OrgTx,
    (page, kind): (PageId, Kind),
    (was, is): (State, State),
    (by, entry): (Actor, AuditEntry),
) -> Result<(), AppError> {
    if was == State::Published || is == State::Published {
        let fact = Fact::PageChanged { page, page_kind: kind.word().to_owned(), state: is.word().to_owned() };
        tx.append(Event::new(Subject::Org(tx.org()), by, fact));
        sites::touch(tx).await?;
    }
    audit::record(tx, entry).await?;
    Ok(())
}

fn done(core: &Core, made: &Made) -> Response {
    if made.seen {
        core.hosts().forget();
    }
    let said = match (made.state, made.seen) {
        (State::Published, _) => "Published; visitors see it now",
        (State::Scheduled, _) => "Kept; it is published when its time has come",
        (State::Archived, _) => "Archived; publish it again whenever you like",
        (State::Draft, true) => "Kept as a draft; visitors do not see it any more",
        (State::Draft, false) => "Kept",
    };
    let link = made.link.as_ref().map(|token| format!("?link={token}")).unwrap_or_default();
    let to = format!("/admin/content/{}{link}", made.id);
    (Toast::done(said).on_next_page(), Redirect::to(&to)).into_response()
}

/// The form again with what was typed and what is wrong with it. What is no fault of the form is passed on.
async fn refused(
    core: &Core,
    by: &Allowed<ManageChannels>,
    shown: Shown,
    error: AppError,
) -> Result<Response, AppError> {
    if error.details().is_empty() {
        return Err(error);
    }
    let mut tx = by.tx().await?;
    let shown = Shown { errors: FieldErrors::from(&error), ..shown };
    let page = editor(core, by, &mut tx, shown).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
}

/// Somebody else saved meanwhile: both texts are shown, and the next save of this form is over theirs.
async fn overtaken(
    core: &Core,
    by: &Allowed<ManageChannels>,
    mut tx: OrgTx,
    kept: Kept,
    typed: Typed,
) -> Result<Response, AppError> {
    let names = store::names(&mut tx, std::slice::from_ref(&kept.last_by)).await?;
    let theirs = Theirs {
        by: names.get(&kept.last_by).cloned().unwrap_or_default(),
        at: kept.entry.updated_at,
        parts: diff::folded(diff::lines(&whole(&kept.entry), &whole_typed(&typed))),
    };
    let shown = Shown { kept: Some(kept), theirs: Some(theirs), ..Shown::new(Kind::Page, typed) };
    let page = editor(core, by, &mut tx, shown).await?;
    Ok((StatusCode::CONFLICT, show(&page)?).into_response())
}

fn whole(entry: &Entry) -> String {
    format!("{}\n{}\n{}", entry.title, entry.summary, entry.body)
}

fn whole_typed(typed: &Typed) -> String {
    format!("{}\n{}\n{}", typed.title, typed.summary, typed.body)
}
