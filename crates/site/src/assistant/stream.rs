//! `GET /v2/site/chat/stream`: what people answer, as it comes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use kernel::ids::{ChatId, MessageId, OrgId};
use kernel::live::LiveMessage;
use kernel::vault::OrgVault;
use serde::Deserialize;
use shell::{AppError, Query};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::answers::NEWS;
use super::api::{message, streamed, token_of};
use super::store::{self, Author};
use crate::core::Core;
use crate::inquiries::rate;
use crate::visit::Visit;

/// How long a line is open before the browser opens the next: a process that stops waits for no longer.
const LIFETIME: Duration = Duration::from_secs(20);
/// How often is looked where nobody told of news: another process without Redis.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How far back is looked, so that what was written at the same moment elsewhere is not missed; the browser knows what it has.
const BACK: TimeDelta = TimeDelta::minutes(2);
/// Lines one address may open in an hour.
const OPENED_AN_HOUR: u32 = 1_000;
/// Lines open at once in a process.
const MOST: usize = 2_000;
/// Those of one chat: a tab of its visitor has one.
const MOST_OF_CHAT: usize = 5;

static OPEN: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST)));
/// How many are open of each chat that has one.
static OF_CHAT: LazyLock<Mutex<HashMap<ChatId, usize>>> = LazyLock::new(Mutex::default);

/// A line of a chat, counted while it is open.
struct Place(ChatId);

impl Place {
    /// None where the chat has enough.
    fn take(chat: ChatId) -> Option<Self> {
        let mut open = OF_CHAT.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(chat).or_default();
        if *count >= MOST_OF_CHAT {
            return None;
        }
        *count += 1;
        Some(Self(chat))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = OF_CHAT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.0) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.0);
            }
        }
    }
}

/// From where on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Since {
    /// The time of the last message that is known. Messages of up to two minutes before it come again.
    pub since: Option<DateTime<Utc>>,
}

/// Hear what people answer: events named `message`. The line closes after a while; open it again.
#[utoipa::path(get, path = "/v2/site/chat/stream", tag = "site", security(()),
    params(Since, ("x-chat-token" = String, Header, description = "The key to the chat")),
    responses((status = 200, description = "events", content_type = "text/event-stream", body = super::api::LineOut)))]
pub(crate) async fn listen(
    visit: Visit,
    State(core): State<Core>,
    Query(given): Query<Since>,
) -> Result<Response, AppError> {
    let token = token_of(&visit)?.to_owned();
    rate::check(&core, &visit, "chat_listen", OPENED_AN_HOUR).await?;
    let full = |_| AppError::unavailable("too many conversations are open at the moment; nothing was lost, try again");
    let permit = OPEN.clone().try_acquire_owned().map_err(full)?;
    let org = visit.site.org;
    // Listened to before the first look: nothing falls between the two.
    let bus = core.kernel().live.subscribe();
    let mut tx = core.kernel().db.begin_site(org, Some(&token)).await?;
    let chat = store::by_token(&mut tx, &token).await?.ok_or_else(|| AppError::not_found("chat"))?;
    drop(tx);
    let place = Place::take(chat.id).ok_or_else(|| AppError::too_many(LIFETIME))?;
    let vault = core.kernel().vault.of(org).await?;
    let ear = Ear {
        vault,
        org,
        chat: chat.id,
        token,
        since: given.since.map(|at| at - BACK),
        told: HashSet::new(),
        bus,
        until: Instant::now() + LIFETIME,
        first: true,
        _permit: permit,
        _place: place,
        core,
    };
    Ok(streamed(stream::unfold((ear, Vec::new()), |(mut ear, mut waiting)| async move {
        let event = ear.next(&mut waiting).await?;
        Some((Ok(event), (ear, waiting)))
    })))
}

/// One browser that listens.
struct Ear {
    core: Core,
    vault: Arc<OrgVault>,
    org: OrgId,
    chat: ChatId,
    token: String,
    since: Option<DateTime<Utc>>,
    /// What was told on this line.
    told: HashSet<MessageId>,
    bus: Receiver<LiveMessage>,
    until: Instant,
    first: bool,
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

impl Ear {
    /// The next event; none at the end of the line. `waiting` holds what was found and not told yet, the next one last.
    async fn next(&mut self, waiting: &mut Vec<Event>) -> Option<Event> {
        loop {
            if let Some(event) = waiting.pop() {
                return Some(event);
            }
            if !std::mem::take(&mut self.first) && !self.wait().await {
                return None;
            }
            // The database is away for a moment: the browser opens the next line and misses nothing.
            *waiting = self.look().await.ok()?;
        }
    }

    /// Waits for news of this chat, or until it is time to look; false at the end of the line.
    async fn wait(&mut self) -> bool {
        let look = Instant::now() + LOOK_EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(self.until) => return false,
                () = tokio::time::sleep_until(look) => return true,
                heard = self.bus.recv() => match heard {
                    Ok(message) if self.is_ours(&message) => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }

    fn is_ours(&self, message: &LiveMessage) -> bool {
        message.org == self.org
            && message.kind == NEWS
            && message.data["chat"].as_str() == Some(self.chat.to_string().as_str())
    }

    /// What people wrote and was not told on this line, the oldest last.
    async fn look(&mut self) -> Result<Vec<Event>, AppError> {
        let mut tx = self.core.kernel().db.begin_site(self.org, Some(&self.token)).await?;
        let lines = store::lines(&mut tx, &self.vault, self.chat, self.since).await?;
        let last = lines.iter().map(|line| line.at).max();
        self.since = self.since.max(last.map(|at| at - BACK));
        let new = lines.into_iter().filter(|line| line.author == Author::Person && self.told.insert(line.id));
        let mut events: Vec<Event> = new.map(|line| message(&line.into())).collect();
        events.reverse();
        Ok(events)
    }
}
