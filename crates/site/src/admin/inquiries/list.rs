//! The list of inquiries.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono_tz::Tz;
use kernel::ids::{InquiryId, LeadId};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Frame, Listed, Page, Query, Tab, show};

use super::badge;
use super::store::{self, Key, Member, Row};
use crate::admin::clock::When;
use crate::admin::content::site;
use crate::admin::tabs;
use crate::booking::slots::zone_of;
use crate::core::Core;
use crate::inquiries::story;

/// A part of the list: its word, its name, the states in it.
const PARTS: [(&str, &str, &[&str]); 5] = [
    ("waiting", "Waiting", &["new", "open"]),
    ("answered", "Answered", &["answered"]),
    ("closed", "Closed", &["closed"]),
    ("unconfirmed", "Not confirmed", &["unconfirmed"]),
    ("spam", "Spam", &["spam"]),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    part: String,
}

#[derive(Template)]
#[template(path = "site_admin/inquiries.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    parts: Vec<Tab>,
    spam: bool,
    rows: Vec<Shown>,
    more: String,
}

struct Shown {
    id: InquiryId,
    name: String,
    about: String,
    state: &'static str,
    tone: &'static str,
    score: String,
    who: String,
    follow_up_at: Option<When>,
    lead: Option<LeadId>,
    reasons: String,
    waiting: bool,
    at: When,
}

/// `GET /admin/inquiries`
pub(super) async fn page(
    by: Allowed<Reply>,
    State(core): State<Core>,
    page: Page<Key>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let part = if look.part.is_empty() { "waiting" } else { look.part.as_str() };
    let (part, _, states) =
        PARTS.into_iter().find(|(word, ..)| *word == part).ok_or_else(|| AppError::not_found("part of the list"))?;
    let vault = core.kernel().vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let counts = store::counts(&mut tx).await?;
    let members = store::members(&mut tx).await?;
    let rows = store::list(&mut tx, &vault, states, page.after, page.fetch()).await?;
    let zone = zone_of(&site(&mut tx).await?);
    let listed = Listed::new(&page, rows, |row| (row.at, row.id))?;
    let parts = PARTS.map(|(word, label, states)| {
        let count: i64 = states.iter().filter_map(|state| counts.get(*state)).sum();
        let tab = Tab::new(label, format!("/admin/inquiries?part={word}"), word == part);
        if count > 0 { tab.count(shell::page::count(count)) } else { tab }
    });
    let more = listed.next_cursor.map(|cursor| format!("/admin/inquiries?part={part}&cursor={cursor}"));
    show(&ListPage {
        frame: by.frame("Inquiries"),
        tabs: tabs("/admin/inquiries"),
        parts: parts.into(),
        spam: part == "spam",
        rows: listed.data.into_iter().map(|row| shown(row, &members, zone)).collect(),
        more: more.unwrap_or_default(),
    })
}

fn shown(row: Row, members: &[Member], zone: Tz) -> Shown {
    let (state, tone) = badge(&row.state);
    let letter = row.letter;
    let name = [letter.name, letter.company, letter.email].into_iter().find(|text| !text.is_empty());
    let who = row.assignee.and_then(|id| members.iter().find(|member| member.id == id));
    let reasons: Vec<&str> = row.spam.iter().map(|point| point.reason.as_str()).collect();
    Shown {
        id: row.id,
        name: name.unwrap_or_else(|| "Erased".to_owned()),
        about: match row.starts_at {
            Some(at) => story::about(row.kind, &When::new(at, zone).local),
            None => story::about(row.kind, &row.topic),
        },
        score: row.score.map(|score| score.to_string()).unwrap_or_default(),
        who: who.map(|member| member.name.clone()).unwrap_or_default(),
        follow_up_at: row.follow_up_at.map(|at| When::new(at, zone)),
        lead: row.lead,
        reasons: reasons.join("; "),
        waiting: row.state == "new",
        at: When::new(row.at, zone),
        state,
        tone,
    }
}
