//! `GET /ws`: the same messages over a WebSocket, one JSON text each. The client need not send anything.

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use kernel::CanFail;

use super::ear::Ear;
use super::feed::{Feed, Note, Pace};
use crate::auth::{Allowed, csrf, permission::View};
use crate::{App, AppError};

/// The largest message a client may send; it has nothing to say.
const INCOMING_LIMIT: usize = 4 << 10;

/// Opens the socket. Browsers send cookies with sockets of other sites, so the origin is checked here.
pub(crate) async fn ws(
    State(app): State<App>,
    by: Allowed<View>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, AppError> {
    if csrf::is_cross_site(&headers) {
        return Err(AppError::forbidden("this socket was opened by another site"));
    }
    let ear = Ear::of(&app, by.org(), &headers, by.request().caller());
    let feed = Feed::open(&app, ear, false, Pace::USUAL);
    Ok(upgrade.max_message_size(INCOMING_LIMIT).on_upgrade(move |socket| speak(socket, feed)))
}

async fn speak(mut socket: WebSocket, mut feed: Feed) {
    loop {
        tokio::select! {
            note = feed.next() => {
                let Some(note) = note else { break };
                let Ok(text) = serde_json::to_string(&note.wire()) else { break };
                if socket.send(Message::Text(text.into())).await.is_err() || note == Note::Bye {
                    break;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
    let goodbye = CloseFrame { code: close_code::RESTART, reason: "connect again".into() };
    socket.send(Message::Close(Some(goodbye))).await.can_fail("saying goodbye on a socket");
}
