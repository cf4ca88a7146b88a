//! `/inbox`: the list of conversations with its filters.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::ids::ConversationId;
use serde::Deserialize;
use shell::auth::permission::View as MayView;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Frame, Listed, Page, Query, show};

use super::people::People;
use super::{Choice, channel_name};
use crate::conversations::{ConversationRow, Filter, cards_of, list_rows};
use crate::core::Core;

/// The filters as the page's form sends them; empty means any.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Empty for what is open, else `needs_human`, `snoozed`, `closed` or `all`.
    pub view: String,
    pub assignee: String,
    pub channel: String,
    pub tag: String,
    pub q: String,
    /// The conversation that is open beside the list.
    pub open: String,
}

type Cursor = Page<(DateTime<Utc>, ConversationId)>;

impl ListQuery {
    fn filter(&self) -> Filter {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let status = given(&self.view).filter(|view| view != "all");
        Filter {
            status,
            assignee: given(&self.assignee),
            channel: given(&self.channel),
            tag: given(&self.tag),
            q: given(&self.q),
            limit: None,
            cursor: None,
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.view, &self.assignee, &self.channel, &self.tag, &self.q].iter().any(|text| !text.is_empty())
    }

    fn query(&self) -> String {
        let Self { view, assignee, channel, tag, q, open } = self;
        [("view", view), ("assignee", assignee), ("channel", channel), ("tag", tag), ("q", q), ("open", open)]
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", url_encoded(value)))
            .collect::<Vec<_>>()
            .join("&")
    }
}

#[derive(Template)]
#[template(path = "inbox/show.html")]
struct InboxPage {
    frame: Frame,
    view: ListQuery,
    views: Vec<Choice>,
    assignees: Vec<Choice>,
    channels: Vec<Choice>,
    tags: Vec<Choice>,
    rows: String,
    desk: String,
}

#[derive(Template)]
#[template(path = "inbox/_nothing.html")]
struct NothingOpen;

#[derive(Template)]
#[template(path = "inbox/_rows.html")]
struct Listing {
    rows: Vec<Row>,
    next: Option<String>,
    first: bool,
    filtered: bool,
    any_channel: bool,
}

struct Row {
    id: ConversationId,
    name: String,
    channel: String,
    preview: String,
    by: &'static str,
    tag: String,
    score: String,
    unread: i32,
    needs_person: bool,
    snoozed: bool,
    current: bool,
    waiting: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
}

/// The whole page, nothing open.
pub(super) async fn page(
    by: Allowed<MayView>,
    State(core): State<Core>,
    cursor: Cursor,
    Query(view): Query<ListQuery>,
) -> Result<Html<String>, AppError> {
    whole(&by, &core, &cursor, view, NothingOpen.render()?).await
}

/// The whole page around an open conversation, or around none.
pub(super) async fn whole(
    by: &Allowed<MayView>,
    core: &Core,
    cursor: &Cursor,
    view: ListQuery,
    desk: String,
) -> Result<Html<String>, AppError> {
    let rows = load(by, core, cursor, &view).await?.render()?;
    let mut tx = by.tx().await?;
    let people = People::load(&mut tx).await?;
    let kinds = crate::channels::list(&mut tx).await?;
    let views =
        [("", "Open"), ("needs_human", "Needs you"), ("snoozed", "Snoozed"), ("closed", "Closed"), ("all", "All")];
    let mut assignees = vec![
        Choice::new("", "Anybody", &view.assignee),
        Choice::new("me", "Me", &view.assignee),
        Choice::new("none", "Nobody", &view.assignee),
    ];
    assignees.extend(people.members().map(|(id, name)| Choice::new(id.to_string(), name, &view.assignee)));
    let mut channels = vec![Choice::new("", "Any channel", &view.channel)];
    for channel in kinds {
        if channels.iter().all(|known| known.value != channel.kind) {
            channels.push(Choice::new(channel.kind.clone(), channel_name(&channel.kind), &view.channel));
        }
    }
    let tags = [("", "Any score"), ("HOT", "HOT, 70 and more"), ("WARM", "WARM, 40 to 69"), ("COLD", "COLD, below 40")];
    show(&InboxPage {
        frame: by.frame("Inbox"),
        views: views.map(|(value, label)| Choice::new(value, label, &view.view)).into(),
        assignees,
        channels,
        tags: tags.map(|(value, label)| Choice::new(value, label, &view.tag)).into(),
        view,
        rows,
        desk,
    })
}

/// The rows alone.
pub(super) async fn rows(
    by: Allowed<MayView>,
    State(core): State<Core>,
    cursor: Cursor,
    Query(view): Query<ListQuery>,
) -> Result<Html<String>, AppError> {
    show(&load(&by, &core, &cursor, &view).await?)
}

/// How many conversations need a person, for the rail; empty for none.
pub(super) async fn count(by: Allowed<MayView>) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let waiting: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from conversations where org_id = $1 and status = 'needs_human' limit 1000) n",
    )
    .bind(tx.org())
    .fetch_one(tx.conn())
    .await?;
    Ok(if waiting == 0 { String::new() } else { shell::page::count(waiting) })
}

async fn load(by: &Allowed<MayView>, core: &Core, cursor: &Cursor, view: &ListQuery) -> Result<Listing, AppError> {
    let mut tx = by.tx().await?;
    let mut wanted = view.filter().wanted(&mut tx, core, by.member()).await?;
    // A search looks everywhere; the plain list shows what is still to be done.
    wanted.active = view.view.is_empty() && wanted.among.is_none();
    wanted.after = cursor.after;
    wanted.limit = cursor.fetch();
    let found = list_rows(&mut tx, &wanted).await?;
    let cards = cards_of(&mut tx, core, &found).await?;
    let any_channel = !found.is_empty() || !crate::channels::list(&mut tx).await?.is_empty();
    let listed = Listed::new(cursor, found, |row| (row.last_message_at, row.id))?;
    let next =
        listed.next_cursor.as_ref().map(|next| format!("/inbox/rows?{}&cursor={}", view.query(), url_encoded(next)));
    let rows = listed.data.into_iter().map(|row| {
        let name = cards.get(&row.contact_id).map_or_else(|| "Erased contact".to_owned(), |card| card.name.clone());
        shown(row, name, &view.open)
    });
    Ok(Listing { rows: rows.collect(), next, first: cursor.after.is_none(), filtered: view.is_filtered(), any_channel })
}

fn shown(row: ConversationRow, name: String, open: &str) -> Row {
    let by = match row.last_writer.as_str() {
        "bot" => "Recoup",
        "human" => "Team",
        "native_app" => "In the app",
        _ => "",
    };
    let current = row.id.to_string() == open;
    Row {
        id: row.id,
        name,
        channel: row.channel_kind,
        preview: row.preview,
        by,
        tag: row.lead_tag.unwrap_or_default(),
        score: row.lead_score.map(|score| score.to_string()).unwrap_or_default(),
        unread: if current { 0 } else { row.unread },
        needs_person: row.status == "needs_human",
        snoozed: row.status == "snoozed",
        current,
        waiting: row.waiting_since,
        at: row.last_message_at,
    }
}
