//! What a page said before, what changed when, and the way back.

use askama::Template;
use axum::extract::State as Reach;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::ids::PageId;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Form, Frame, Path, Query, Tab, Toast, show};

use super::diff::{self, Part};
use super::form::Draft;
use super::save::write;
use super::store::{self, Revision};
use crate::content::State;
use crate::core::Core;

#[derive(Template)]
#[template(path = "site_admin/content_history.html")]
struct HistoryPage {
    frame: Frame,
    tabs: Vec<Tab>,
    id: String,
    title: String,
    /// The revision that is shown, and the one that stands now.
    number: i32,
    current: i32,
    rows: Vec<Row>,
    parts: Vec<Part>,
    same: bool,
}

struct Row {
    number: i32,
    by: String,
    at: DateTime<Utc>,
    active: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    revision: Option<i32>,
}

/// `GET /admin/content/{id}/history`: the revisions, and what one of them changed.
pub(super) async fn page(
    by: Allowed<ManageChannels>,
    Path(id): Path<PageId>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let kept = store::find(&mut tx, id, false).await?.ok_or_else(|| AppError::not_found("page"))?;
    let current = kept.entry.revision;
    let number = look.revision.unwrap_or(current);
    let shown = match store::revision(&mut tx, id, number).await? {
        Some(shown) => shown,
        // What was never changed at this desk is its own first revision.
        None if number == current => Revision::of(&kept.entry),
        None => return Err(AppError::not_found("revision")),
    };
    let before = store::revision(&mut tx, id, number - 1).await?;
    let lines = diff::lines(&before.as_ref().map(whole).unwrap_or_default(), &whole(&shown));
    let all = store::revisions(&mut tx, id).await?;
    let actors: Vec<String> = all.iter().map(|(_, actor, _)| actor.clone()).collect();
    let names = store::names(&mut tx, &actors).await?;
    let rows = all.into_iter().map(|(one, actor, at)| Row {
        number: one,
        by: names.get(&actor).cloned().unwrap_or_default(),
        at,
        active: one == number,
    });
    show(&HistoryPage {
        frame: by.frame(format!("History of {}", kept.entry.title)),
        tabs: crate::admin::tabs("/admin/content"),
        id: id.to_string(),
        title: kept.entry.title,
        number,
        current,
        rows: rows.collect(),
        same: lines.iter().all(|line| line.mark == diff::Mark::Same),
        parts: diff::folded(lines),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Back {
    /// The revision whose words are wanted.
    revision: i32,
    /// The one that stood when that was decided.
    over: i32,
}

/// `POST /admin/content/{id}/history`: the words of a revision again, as the next one.
pub(super) async fn restore(
    by: Allowed<ManageChannels>,
    Reach(core): Reach<Core>,
    Path(id): Path<PageId>,
    Form(back): Form<Back>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let entry = store::find(&mut tx, id, true).await?.ok_or_else(|| AppError::not_found("page"))?.entry;
    if entry.revision != back.over {
        return Err(AppError::conflict(
            "somebody saved this page meanwhile; nothing was changed, look at the history again",
        ));
    }
    let wanted = store::revision(&mut tx, id, back.revision).await?.ok_or_else(|| AppError::not_found("revision"))?;
    let Revision { title, summary, body, fields } = wanted;
    let draft = Draft {
        title,
        summary,
        body,
        fields,
        slug: entry.slug.clone(),
        category: entry.category.clone(),
        tags: entry.tags.clone(),
        author: entry.author,
        image: entry.image,
        publish_at: entry.publish_at,
    };
    write(&mut tx, by.actor(), &entry, &draft, "site.page_restored", None).await?;
    tx.commit().await?;
    if entry.state == State::Published {
        core.hosts().forget();
    }
    let said = format!("The words of revision {} are back, as revision {}", back.revision, entry.revision + 1);
    Ok((Toast::done(said).on_next_page(), Redirect::to(&format!("/admin/content/{id}"))).into_response())
}

/// Everything a revision says, as one text.
fn whole(revision: &Revision) -> String {
    let fields = match &revision.fields {
        serde_json::Value::Object(map) if map.is_empty() => String::new(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    format!("{}\n{}\n\n{}\n{fields}", revision.title, revision.summary, revision.body)
}
