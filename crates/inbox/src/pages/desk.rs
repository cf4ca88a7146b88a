//! `/inbox/{id}`: a conversation open at the desk: head, thread, composer, contact.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ConversationId;
use shell::auth::Permits;
use shell::auth::permission::View as MayView;
use shell::{Allowed, AppError, Page, Path, Permission};

use super::inbox::{ListQuery, whole};
use super::panel::Contact;
use super::pen::Pen;
use super::people::People;
use super::thread;
use crate::contacts::ContactCard;
use crate::conversations::{self, ConversationRow, cards_of};
use crate::core::Core;

/// How long a conversation can be put away, in hours.
const SNOOZES: [(u32, &str); 5] = [
    (1, "For an hour"),
    (4, "For four hours"),
    (24, "Until this time tomorrow"),
    (72, "For three days"),
    (168, "For a week"),
];

/// Tells the list beside the conversation that it should look again, once the new fragment is in place.
pub(super) const LOOK_AGAIN: (HeaderName, HeaderValue) =
    (HeaderName::from_static("hx-trigger-after-swap"), HeaderValue::from_static("inbox:changed"));

/// What every part of an open conversation shows or asks for.
pub(super) struct Head {
    pub id: ConversationId,
    pub name: String,
    pub channel: String,
    pub status: String,
    pub is_mine: bool,
    pub may_reply: bool,
    pub snoozes: [(u32, &'static str); 5],
}

/// A conversation with what its parts are made from.
pub(super) struct Opened {
    pub row: ConversationRow,
    pub card: Option<ContactCard>,
    pub channel: Option<crate::channels::Channel>,
    pub people: People,
}

impl Opened {
    /// Loads it, or 404.
    pub(super) async fn load(tx: &mut OrgTx, core: &Core, id: ConversationId) -> Result<Self, AppError> {
        let row = conversations::one(tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
        let channel = crate::channels::find(tx, row.channel_id).await?;
        let card = cards_of(tx, core, std::slice::from_ref(&row)).await?.remove(&row.contact_id);
        let people = People::load(tx).await?;
        Ok(Self { row, card, channel, people })
    }

    /// Its head for a caller.
    pub(super) fn head<P: Permits>(&self, by: &Allowed<P>) -> Head {
        Head {
            id: self.row.id,
            name: self.card.as_ref().map_or_else(|| "Erased contact".to_owned(), |card| card.name.clone()),
            channel: self.row.channel_kind.clone(),
            status: self.row.status.clone(),
            is_mine: self.row.assignee_id.is_some() && self.row.assignee_id == by.member(),
            may_reply: by.may(Permission::Reply),
            snoozes: SNOOZES,
        }
    }
}

#[derive(Template)]
#[template(path = "inbox/_desk.html")]
struct DeskPanes {
    csrf: String,
    oob: bool,
    head: Head,
    pen: Pen,
    contact: Contact,
    thread: String,
}

/// The conversation: its panes for htmx, else the whole page.
pub(super) async fn page(
    by: Allowed<MayView>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    cursor: Page<(DateTime<Utc>, ConversationId)>,
) -> Result<Response, AppError> {
    let panes = render(&by, &core, id).await?;
    if by.may(Permission::Reply) {
        read(&by, id).await?;
    }
    if by.request().fragment {
        return Ok(([LOOK_AGAIN], axum::response::Html(panes)).into_response());
    }
    let view = ListQuery { open: id.to_string(), ..ListQuery::default() };
    Ok(whole(&by, &core, &cursor, view, panes).await?.into_response())
}

/// The panes of an open conversation.
pub(super) async fn render<P: Permits>(by: &Allowed<P>, core: &Core, id: ConversationId) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let opened = Opened::load(&mut tx, core, id).await?;
    let head = opened.head(by);
    let thread = thread::latest(&mut tx, &opened, head.may_reply).await?.render()?;
    let contact = Contact::of(&mut tx, &opened).await?;
    let pen = Pen::of(&mut tx, by, core, &opened).await?;
    Ok(DeskPanes { csrf: by.frame("").csrf, oob: false, head, pen, contact, thread }.render()?)
}

/// Marks what the contact wrote as seen.
async fn read(by: &Allowed<MayView>, id: ConversationId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    sqlx::query("update conversations set unread = 0 where org_id = $1 and id = $2 and unread > 0")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}
