//! The pages of the room: the inbox in three panes, knowledge, agents, connected channels.
//!
//! Every part of a page is a fragment with its own address, so that it refreshes by itself when the ledger says that
//! something happened. The text being written lives outside of what refreshes: nothing may take a draft away.

mod actions;
mod agents;
mod channels;
mod desk;
mod drafts;
mod inbox;
mod knowledge;
mod lines;
mod panel;
mod pen;
mod people;
mod templates;
mod thread;
mod webhooks;
mod why;

pub(crate) use panel::why_person;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use crate::knowledge::LARGEST_UPLOAD;
use crate::web::Desk;

/// The routes.
pub(crate) fn router() -> Router<Desk> {
    Router::new()
        .route("/inbox", get(inbox::page))
        .route("/inbox/rows", get(inbox::rows))
        .route("/inbox/count", get(inbox::count))
        .route("/inbox/{id}", get(desk::page))
        .route("/inbox/{id}/thread", get(thread::fragment))
        .route("/inbox/{id}/pen", get(pen::fragment))
        .route("/inbox/{id}/panel", get(panel::fragment))
        .route("/inbox/{id}/decisions/{decision}", get(why::drawer))
        .route("/inbox/{id}/drafts/{decision}", get(drafts::fragment))
        .route("/inbox/{id}/reply", post(actions::reply))
        .route("/inbox/{id}/templates", get(templates::drawer).post(templates::send))
        .route("/inbox/{id}/takeover", post(actions::take_over).delete(actions::hand_back))
        .route("/inbox/{id}/assignment", post(actions::assign).delete(actions::unassign))
        .route("/inbox/{id}/notes", post(actions::note))
        .route("/inbox/{id}/snooze", post(actions::snooze))
        .route("/inbox/{id}/closure", post(actions::close).delete(actions::open_again))
        .route("/inbox/{id}/messages/{message}/resolution", post(actions::resolve))
        .route("/knowledge", get(knowledge::page).post(knowledge::add))
        .route("/knowledge/documents", get(knowledge::documents))
        .route("/knowledge/documents/{id}", delete(knowledge::remove))
        .route("/knowledge/documents/{id}/reading", post(knowledge::read_again))
        .route("/knowledge/files", post(knowledge::upload).layer(DefaultBodyLimit::max(LARGEST_UPLOAD)))
        .route("/knowledge/test", post(knowledge::test))
        .route("/agents", get(agents::page))
        .route("/agents/voice", post(agents::voice))
        .route("/agents/replies", post(agents::replies))
        .route("/settings/channels", get(channels::page).post(channels::connect))
        .route("/settings/channels/{id}", delete(channels::disconnect))
        .route("/settings/webhooks", get(webhooks::page))
}

/// The body of a form without fields.
#[derive(serde::Deserialize)]
struct Nothing {}

/// A value to choose.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

impl Choice {
    fn new(value: impl Into<String>, label: impl Into<String>, current: &str) -> Self {
        let value = value.into();
        Self { chosen: value == current, value, label: label.into() }
    }
}

/// The name of a channel kind, as people write it.
fn channel_name(kind: &str) -> &'static str {
    match kind {
        "facebook" => "Facebook",
        "instagram" => "Instagram",
        "whatsapp" => "WhatsApp",
        "x" => "X",
        "webchat" => "Web chat",
        "email" => "E-mail",
        "voice" => "Voice",
        _ => "Other",
    }
}

/// A stored word for a person: `asked_for_person` is "asked for person".
fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// Where a piece of knowledge stands: the title and the heading, once where the heading begins with the title.
fn place(title: &str, heading: &str) -> String {
    if heading.is_empty() || heading == title {
        title.to_owned()
    } else if heading.starts_with(title) {
        heading.to_owned()
    } else {
        format!("{title} › {heading}")
    }
}
