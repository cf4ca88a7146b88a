//! The contact beside the thread: who they are, how warm, private notes.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId};
use serde::Deserialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Path, Query, show};

use super::desk::{Head, Opened};
use super::lines::{Note, shown_note};
use super::{channel_name, spoken};
use crate::conversations::all_notes;
use crate::core::Core;

/// What the panel shows of a contact.
pub(super) struct Contact {
    pub id: ContactId,
    pub handle: String,
    pub tag: String,
    pub score: String,
    pub facts: Vec<(&'static str, String)>,
    pub escalation: String,
    pub since: DateTime<Utc>,
    pub notes: Vec<Note>,
}

#[derive(Template)]
#[template(path = "inbox/_panel_fragment.html")]
struct PanelFragment {
    csrf: String,
    head: Head,
    contact: Contact,
    drawer: bool,
}

/// Where the panel is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Place {
    /// In the drawer, with a button that closes it.
    drawer: bool,
}

/// The panel alone.
pub(super) async fn fragment(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Query(place): Query<Place>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let opened = Opened::load(&mut tx, &core, id).await?;
    let contact = Contact::of(&mut tx, &opened).await?;
    show(&PanelFragment { csrf: by.frame("").csrf, head: opened.head(&by), contact, drawer: place.drawer })
}

impl Contact {
    /// The contact of an open conversation.
    pub(super) async fn of(tx: &mut OrgTx, opened: &Opened) -> Result<Self, AppError> {
        let (row, card) = (&opened.row, opened.card.as_ref());
        let notes = all_notes(tx, row.id).await?.into_iter().map(|note| shown_note(note, &opened.people)).collect();
        let channel = opened
            .channel
            .as_ref()
            .map_or_else(|| channel_name(&row.channel_kind).to_owned(), |channel| channel.name.clone());
        let known = [
            ("E-mail", card.and_then(|card| card.email.clone())),
            ("Phone", card.and_then(|card| card.phone.clone())),
            ("Channel", Some(channel)),
            ("Language", row.language.as_deref().map(language_name)),
            ("Mood", row.sentiment.clone()),
            ("Urgency", row.urgency.clone()),
            (
                "Assigned to",
                Some(row.assignee_id.map_or_else(|| "nobody".to_owned(), |member| opened.people.member(member.uuid()))),
            ),
        ];
        let score = card.and_then(|card| card.score).or(row.lead_score);
        let tag = card.and_then(|card| card.tag).map(|tag| tag.word().to_owned()).or_else(|| row.lead_tag.clone());
        Ok(Self {
            id: row.contact_id,
            handle: card.and_then(|card| card.username.clone()).unwrap_or_default(),
            tag: tag.unwrap_or_default(),
            score: score.unwrap_or(0).to_string(),
            facts: known.into_iter().filter_map(|(label, value)| Some((label, value?))).collect(),
            escalation: row.escalation.as_deref().map(why_person).unwrap_or_default(),
            since: row.created_at,
            notes,
        })
    }
}

/// A language as people call it; its code when that is all we know.
fn language_name(code: &str) -> String {
    const NAMES: [(&str, &str); 14] = [
        ("ar", "Arabic"),
        ("de", "German"),
        ("en", "English"),
        ("es", "Spanish"),
        ("fr", "French"),
        ("hi", "Hindi"),
        ("it", "Italian"),
        ("ja", "Japanese"),
        ("nl", "Dutch"),
        ("pl", "Polish"),
        ("pt", "Portuguese"),
        ("ru", "Russian"),
        ("tr", "Turkish"),
        ("zh", "Chinese"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name).to_owned()
}

/// Why a person is needed, as a sentence.
pub(crate) fn why_person(reason: &str) -> String {
    match reason {
        "asked_for_person" => "They asked for a person.".to_owned(),
        "legal" => "They speak of lawyers, regulators or their data.".to_owned(),
        "upset_and_critical" => "They are upset and it is urgent.".to_owned(),
        "low_confidence" => "Recoup was not sure enough of its answer.".to_owned(),
        "unresolved" => "Three messages went by without a resolution.".to_owned(),
        "input_rejected" => "Their message was stopped by the guard.".to_owned(),
        "reply_rejected" => "The guard stopped Recoup's own reply.".to_owned(),
        "model_unavailable" => "No model answered and the local answer was not sure enough.".to_owned(),
        "unknown_delivery" => "Nobody knows whether a message arrived. Decide about it in the thread.".to_owned(),
        "delivery_failed" => "A message could not be delivered.".to_owned(),
        "cannot_read" => "They sent something that Recoup cannot read.".to_owned(),
        other => spoken(other),
    }
}
