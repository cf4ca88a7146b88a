//! An inquiry: its story, what was done about it, and what can be done.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono_tz::Tz;
use kernel::ids::{InquiryId, LeadId};
use serde_json::Value;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Frame, Path, Tab, show};

use super::badge;
use super::store::{self, Member, Note, Point};
use crate::admin::clock::When;
use crate::admin::content::site;
use crate::admin::tabs;
use crate::audit;
use crate::booking;
use crate::booking::slots::zone_of;
use crate::core::Core;
use crate::inquiries::{self, story};

#[derive(Template)]
#[template(path = "site_admin/inquiry.html")]
struct InquiryPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    id: InquiryId,
    name: String,
    email: String,
    title: String,
    body: String,
    about: &'static str,
    state: &'static str,
    tone: &'static str,
    /// What it can become; empty while it cannot.
    states: Vec<Choice>,
    members: Vec<Choice>,
    follow_up: String,
    lead: Option<LeadId>,
    points: Vec<Point>,
    spam: bool,
    consent: bool,
    source: Vec<(&'static str, String)>,
    notes: Vec<Shown>,
    at: When,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Shown {
    is_note: bool,
    body: String,
    by: String,
    at: When,
}

/// `GET /admin/inquiries/{id}`
pub(super) async fn page(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<InquiryId>,
) -> Result<Html<String>, AppError> {
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let row = store::held(&mut tx, &vault, id).await?.ok_or_else(|| AppError::not_found("inquiry"))?;
    let inquiry = inquiries::store::find(&mut tx, &vault, id).await?.ok_or_else(|| AppError::not_found("inquiry"))?;
    let site = site(&mut tx).await?;
    let outcome = match row.audit {
        Some(audit) => audit::store::find(&mut tx, audit).await?.and_then(|audit| audit.outcome),
        None => None,
    };
    let booking = booking::store::of_inquiry(&mut tx, id).await?;
    let notes = store::notes(&mut tx, id).await?;
    let members = store::members(&mut tx).await?;
    let story = story::of(&inquiry, &site, outcome.as_ref(), booking.as_ref());
    let (state, tone) = badge(&row.state);
    let zone = zone_of(&site);
    let day = row.follow_up_at.map(|at| at.with_timezone(&zone).date_naive().to_string());
    let name = story::shown_name(&inquiry);
    let frame = by.frame(name.clone());
    show(&InquiryPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs("/admin/inquiries"),
        id,
        name,
        email: row.letter.email.clone(),
        title: story.title,
        body: story.body,
        about: story::called(row.kind),
        state,
        tone,
        states: states(&row.state),
        members: choices(&members, &row.assignee.map(|id| id.to_string()).unwrap_or_default()),
        follow_up: day.unwrap_or_default(),
        lead: row.lead,
        points: row.spam,
        spam: row.state == "spam",
        consent: row.consent,
        source: source(&row.source),
        notes: notes.into_iter().map(|note| shown(note, &members, zone)).collect(),
        at: When::new(row.at, zone),
    })
}

/// What an inquiry can become from here.
fn states(now: &str) -> Vec<Choice> {
    let all: &[&str] = match now {
        "spam" => &[],
        "unconfirmed" => &["unconfirmed", "closed", "spam"],
        "new" => &["new", "open", "answered", "closed", "spam"],
        _ => &["open", "answered", "closed", "spam"],
    };
    let choice =
        |word: &&str| Choice { value: (*word).to_owned(), label: badge(word).0.to_owned(), chosen: *word == now };
    all.iter().map(choice).collect()
}

fn choices(members: &[Member], chosen: &str) -> Vec<Choice> {
    let nobody = Choice { value: String::new(), label: "Nobody yet".to_owned(), chosen: chosen.is_empty() };
    let each = members.iter().map(|member| {
        let value = member.id.to_string();
        Choice { chosen: value == chosen, label: member.name.clone(), value }
    });
    std::iter::once(nobody).chain(each).collect()
}

fn source(value: &Value) -> Vec<(&'static str, String)> {
    let names = [
        ("source", "Source"),
        ("medium", "Medium"),
        ("campaign", "Campaign"),
        ("referrer", "Linked from"),
        ("landing", "Page"),
    ];
    let said = |(key, name): (&str, &'static str)| Some((name, value.get(key)?.as_str()?.to_owned()));
    names.into_iter().filter_map(said).filter(|(_, text)| !text.is_empty()).collect()
}

fn shown(note: Note, members: &[Member], zone: Tz) -> Shown {
    let by = store::name_of(members, &note.by_actor);
    Shown { is_note: note.kind == "note", by, body: note.body, at: When::new(note.at, zone) }
}
