//! `GET /live`: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};

use super::ear::Ear;
use super::feed::{Feed, Note, Pace};
use crate::App;
use crate::auth::{Allowed, permission::View};

/// Streams the organisation's live messages. A `Last-Event-ID` means that the browser lost a line: it is told to resync.
pub(crate) async fn sse(State(app): State<App>, by: Allowed<View>, headers: HeaderMap) -> Response {
    let ear = Ear::of(&app, by.org(), &headers, by.request().caller());
    let feed = Feed::open(&app, ear, headers.contains_key("last-event-id"), Pace::USUAL);
    let mut response = Sse::new(events(feed)).into_response();
    // A proxy that collects the stream before passing it on would hold every message back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(feed, |mut feed| async move {
        let note = feed.next().await?;
        Some((Ok(event(&note)), feed))
    })
}

fn event(note: &Note) -> Event {
    let event = match note {
        // Any id makes the browser send `Last-Event-ID` when it comes back.
        Note::Hello => Event::default().id("0").retry(Duration::from_secs(2)),
        Note::Message(message) => message.id.iter().fold(Event::default(), Event::id),
        Note::Resync | Note::Beat | Note::Bye => Event::default(),
    };
    event.json_data(note.wire()).unwrap_or_else(|_| Event::default().data("{\"kind\":\"resync\"}"))
}
