//! `/`: the command centre. Its parts refresh themselves when something happens: figures, scores, actions, feed.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId};
use shell::auth::Permission;
use shell::auth::permission::View;
use shell::chart::{Bars, Line, Svg, Tone};
use shell::page::{count, percent};
use shell::{Allowed, AppError, Frame, show};

use super::actions::{self, List, May};
use super::figures::{received_by_channel, received_by_day, spoken};
use super::look::{self, Told};
use super::money::{self, Panel};
use super::store::{self, FeedRow};
use super::{Figures, Waits};
use crate::pages::words;
use crate::people::People;
use crate::read;

/// The kinds of facts the feed tells.
pub(super) const TOLD: &[&str] = &[
    "message.received",
    "message.sent",
    "conversation.escalated",
    "conversation.taken_over",
    "lead.created",
    "lead.scored",
    "lead.stage",
    "crm.synced",
    "channel.failing",
    "knowledge.indexed",
];

const FEED: i64 = 14;
const WAITING: i64 = 8;

#[derive(Template)]
#[template(path = "centre/show.html")]
struct CentrePage {
    frame: Frame,
    said: Said,
    live: Live,
    money: Panel,
    actions: List,
    feed: Feed,
}

/// One sentence of what happened, refreshed.
#[derive(Template)]
#[template(path = "centre/_said.html")]
struct Said {
    is_new: bool,
    since: Option<DateTime<Utc>>,
    people_wrote: String,
    answered_alone: String,
    became_hot: String,
    /// What came besides: leads, bookings, money; each empty where there was none.
    leads: String,
    bookings: String,
    earned: String,
    waiting_count: i64,
}

/// The figures, refreshed.
#[derive(Template)]
#[template(path = "centre/_live.html")]
struct Live {
    is_new: bool,
    waiting_count: i64,
    waiting_label: String,
    median: String,
    p90: String,
    quick: String,
    answers: String,
    hot: String,
    warm: String,
    cold: String,
    waiting: Vec<Waiting>,
    line: Svg,
    bars: Svg,
}

struct Waiting {
    conversation: ConversationId,
    name: String,
    channel: String,
    since: DateTime<Utc>,
    reason: String,
}

/// The feed, refreshed.
#[derive(Template)]
#[template(path = "centre/_feed.html")]
struct Feed {
    rows: Vec<News>,
}

struct News {
    icon: &'static str,
    name: String,
    what: String,
    href: String,
    at: DateTime<Utc>,
}

pub(crate) async fn show_page(State(people): State<Arc<dyn People>>, by: Allowed<View>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let told = look::told(&mut tx, by.member(), true).await?;
    let scores = read::stored_scores(&mut tx, None).await?;
    let live = live(&mut tx, people.as_ref(), by.now(), scores.is_empty()).await?;
    let said = said(&mut tx, told, live.is_new).await?;
    let money = money::panel(&mut tx, &scores).await?;
    let may = May { plays: by.may(Permission::ManageChannels), tasks: by.may(Permission::Reply) };
    let actions = actions::list(&mut tx, &scores, may).await?;
    let feed = feed(&mut tx, people.as_ref()).await?;
    // That somebody looked is kept.
    tx.commit().await?;
    Ok(show(&CentrePage { frame: by.frame("Command centre"), said, live, money, actions, feed })?.into_response())
}

pub(crate) async fn show_live(State(people): State<Arc<dyn People>>, by: Allowed<View>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let unscored = unscored(&mut tx).await?;
    Ok(show(&live(&mut tx, people.as_ref(), by.now(), unscored).await?)?.into_response())
}

pub(crate) async fn show_said(by: Allowed<View>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let told = look::told(&mut tx, by.member(), false).await?;
    Ok(show(&said(&mut tx, told, false).await?)?.into_response())
}

/// Whether nothing was scored yet.
async fn unscored(tx: &mut OrgTx) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select not exists (select 1 from scores where org_id = $1)")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await
}

/// What happened since somebody looked, in a sentence.
async fn said(tx: &mut OrgTx, told: Told, is_new: bool) -> Result<Said, AppError> {
    let what = told.what;
    let currency = if what.revenue_minor > 0 { read::currency(tx).await?.code().to_owned() } else { String::new() };
    let (waiting_count, _) = store::count_waiting(tx).await?;
    let some = |n: i64| if n > 0 { count(n) } else { String::new() };
    Ok(Said {
        is_new,
        since: told.since,
        people_wrote: count(what.received),
        answered_alone: count(what.answered_alone),
        became_hot: count(what.became_hot),
        leads: some(what.leads),
        bookings: some(what.bookings),
        earned: if what.revenue_minor > 0 { words::money(what.revenue_minor as f64, &currency) } else { String::new() },
        waiting_count,
    })
}

pub(crate) async fn show_feed(State(people): State<Arc<dyn People>>, by: Allowed<View>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    Ok(show(&feed(&mut tx, people.as_ref()).await?)?.into_response())
}

async fn live(tx: &mut OrgTx, people: &dyn People, now: DateTime<Utc>, unscored: bool) -> Result<Live, AppError> {
    let today = now.date_naive();
    let (tomorrow, month) = (today + Days::new(1), today - Days::new(29));
    let days = store::days(tx, month).await?;
    let waits = Waits::of(&store::waits(tx, month, tomorrow).await?);
    let (waiting_count, asked) = store::count_waiting(tx).await?;
    let rows = store::waiting(tx, WAITING).await?;
    let names = names(tx, people, rows.iter().map(|row| row.contact_id).collect()).await?;
    let leads: HashMap<String, i64> = store::leads_by_tag(tx).await?.into_iter().collect();
    let tagged = |tag: &str| count(leads.get(tag).copied().unwrap_or_default());
    let said = |seconds: Option<f64>| seconds.map_or_else(|| "–".to_owned(), spoken);
    let by_day = received_by_day(&days, month, today);
    let labels = by_day.iter().map(|(day, _)| day.format("%-d %b").to_string()).collect();
    Ok(Live {
        is_new: days.is_empty() && unscored,
        waiting_count,
        waiting_label: if asked > 0 {
            format!("{} of them for a person", count(asked))
        } else {
            "for an answer".to_owned()
        },
        median: said(waits.median_s),
        p90: said(waits.p90_s),
        quick: Figures::of(&days, month, tomorrow).quick_share().map_or_else(|| "–".to_owned(), percent),
        answers: format!("of {} answers", count(waits.answers)),
        hot: tagged("HOT"),
        warm: tagged("WARM"),
        cold: tagged("COLD"),
        waiting: rows
            .into_iter()
            .map(|row| Waiting {
                conversation: row.conversation_id,
                name: names.get(&row.contact_id).cloned().unwrap_or_else(|| "Erased contact".to_owned()),
                channel: row.channel,
                since: row.since,
                reason: row.reason.as_deref().map(reason).unwrap_or_default().to_owned(),
            })
            .collect(),
        line: Line::new("Messages a day", "messages", labels)
            .series("Received", Tone::Accent, by_day.iter().map(|(_, sum)| *sum as f64).collect())
            .draw(),
        bars: Bars::new("Messages by channel, 30 days", "messages").rows(received_by_channel(&days)).draw(),
    })
}

async fn feed(tx: &mut OrgTx, people: &dyn People) -> Result<Feed, AppError> {
    let rows = store::feed(tx, FEED).await?;
    let contact =
        |row: &FeedRow| -> Option<ContactId> { serde_json::from_value(row.payload.get("contact")?.clone()).ok() };
    let names = names(tx, people, rows.iter().filter_map(contact).collect()).await?;
    let told = rows.iter().map(|row| {
        let name = contact(row).and_then(|id| names.get(&id).cloned()).unwrap_or_default();
        tell(row, name)
    });
    Ok(Feed { rows: told.collect() })
}

async fn names(
    tx: &mut OrgTx,
    people: &dyn People,
    mut contacts: Vec<ContactId>,
) -> Result<HashMap<ContactId, String>, AppError> {
    contacts.sort_unstable();
    contacts.dedup();
    people.names(tx, &contacts).await.map_err(AppError::internal)
}

/// A fact as one line.
fn tell(row: &FeedRow, name: String) -> News {
    let word = |field: &str| row.payload.get(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let bot = word("writer") == "bot";
    let (icon, what) = match row.kind.as_str() {
        "message.received" => ("message-circle", format!("wrote on {}", word("channel"))),
        "message.sent" if bot => ("bot", "was answered by Recoup".to_owned()),
        "message.sent" => ("send", "was answered by a person".to_owned()),
        "conversation.escalated" => ("hand", format!("A person is needed: {}", reason(&word("reason")))),
        "conversation.taken_over" => ("user-check", "A person took over".to_owned()),
        "lead.created" => ("target", "became a lead".to_owned()),
        "lead.scored" => ("flame", format!("is {} with a score of {}", word("tag"), row.payload["score"])),
        "lead.stage" => ("trending-up", format!("moved to {}", word("to"))),
        "crm.synced" => ("refresh-cw", format!("A lead was written to {}", word("system"))),
        "channel.failing" => ("triangle-alert", "A channel needs attention".to_owned()),
        _ => ("book-open", "A document can be answered from".to_owned()),
    };
    let conversation =
        row.payload.get("conversation").and_then(|value| value.as_str()).map(|id| format!("/inbox/{id}"));
    let href = conversation.unwrap_or_else(|| match row.subject_kind.as_str() {
        "lead" => format!("/leads/{}", kernel::ids::LeadId::from_uuid(row.subject_id)),
        _ => String::new(),
    });
    News { icon, name, what, href, at: row.at }
}

/// Why a person is needed, in words.
fn reason(word: &str) -> &str {
    match word {
        "asked_for_person" => "asked for a person",
        "legal" => "named lawyers or rights",
        "upset_and_critical" => "upset, and it is urgent",
        "low_confidence" => "the answer is not sure enough",
        "unresolved" => "three messages without a solution",
        "input_rejected" => "the message was stopped by the guardrail",
        "reply_rejected" => "the reply was stopped by the guardrail",
        "model_unavailable" => "no model answers",
        "unknown_delivery" => "it is not known whether a message arrived",
        "delivery_failed" => "a message could not be delivered",
        "cannot_read" => "sent something that cannot be read",
        other => other,
    }
}
