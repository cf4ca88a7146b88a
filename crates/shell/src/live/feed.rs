//! What one connection hears, whatever it speaks.

use std::time::Duration;

use kernel::live::LiveMessage;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::ear::Ear;
use crate::App;

/// How often and how long.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// A sign of life this often, so that either side notices a dead line.
    beat: Duration,
    /// After this long the line is closed and opened again, so that no line is older than what it was opened by.
    lifetime: Duration,
}

impl Pace {
    pub(super) const USUAL: Self = Self { beat: Duration::from_secs(20), lifetime: Duration::from_secs(15 * 60) };
}

/// One thing to say on a connection.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Note {
    /// The line is open.
    Hello,
    /// Something was missed: ask again for all that is shown.
    Resync,
    /// A message of the organisation.
    Message(LiveMessage),
    /// A sign of life.
    Beat,
    /// The line closes; connect again.
    Bye,
}

/// The same shape on both wires.
#[derive(Debug, Serialize)]
pub(super) struct Wire<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl Note {
    pub(super) fn wire(&self) -> Wire<'_> {
        let bare = |kind| Wire { kind, id: None, data: None };
        match self {
            Self::Hello => bare("hello"),
            Self::Resync => bare("resync"),
            Self::Beat => bare("beat"),
            Self::Bye => bare("bye"),
            Self::Message(message) => {
                Wire { kind: &message.kind, id: message.id.as_deref(), data: Some(message.data.as_ref()) }
            }
        }
    }
}

/// The notes of one connection, in order.
pub(super) struct Feed {
    ear: Ear,
    bus: Receiver<LiveMessage>,
    drain: CancellationToken,
    beat: Interval,
    until: Instant,
    opening: Vec<Note>,
    /// Heard and not passed on yet: whoever drops a call of [`Feed::next`] loses nothing.
    heard: Option<LiveMessage>,
    over: bool,
}

impl Feed {
    /// Listens from now on. `resumed`: the client was here before and may have missed something.
    pub(super) fn open(app: &App, ear: Ear, resumed: bool, pace: Pace) -> Self {
        let mut beat = interval_at(Instant::now() + pace.beat, pace.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let opening = if resumed { vec![Note::Resync, Note::Hello] } else { vec![Note::Hello] };
        Self {
            ear,
            bus: app.kernel().live.subscribe(),
            drain: app.drain().clone(),
            beat,
            until: Instant::now() + pace.lifetime,
            opening,
            heard: None,
            over: false,
        }
    }

    /// The next note; none after `Bye`.
    pub(super) async fn next(&mut self) -> Option<Note> {
        if let Some(note) = self.opening.pop() {
            return Some(note);
        }
        if self.over {
            return None;
        }
        loop {
            if self.heard.is_some() {
                let may = self.ear.may_hear().await;
                let message = self.heard.take().filter(|_| may);
                self.over = !may;
                return Some(message.map_or(Note::Bye, Note::Message));
            }
            let note = tokio::select! {
                () = self.drain.cancelled() => Note::Bye,
                () = tokio::time::sleep_until(self.until) => Note::Bye,
                heard = self.bus.recv() => match heard {
                    Ok(message) => {
                        self.heard = Some(message).filter(|message| message.org == self.ear.org());
                        continue;
                    }
                    Err(RecvError::Lagged(_)) => Note::Resync,
                    Err(RecvError::Closed) => Note::Bye,
                },
                _ = self.beat.tick() => Note::Beat,
            };
            self.over = note == Note::Bye;
            return Some(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrgId;

    use super::*;
    use crate::testing::TestWeb;

    #[tokio::test]
    async fn a_quiet_line_gives_signs_of_life_and_ends_in_time() {
        let web = TestWeb::new(|_| Vec::new()).await;
        let org = OrgId::new(&web.kernel.clock);
        let pace = Pace { beat: Duration::from_millis(1), lifetime: Duration::from_millis(40) };
        let ear = Ear::of(&web.app, org, &axum::http::HeaderMap::new(), kernel::db::Caller::default());
        let mut feed = Feed::open(&web.app, ear, true, pace);
        assert_eq!((feed.next().await, feed.next().await), (Some(Note::Hello), Some(Note::Resync)));
        assert_eq!(feed.next().await, Some(Note::Beat));
        while let Some(note) = feed.next().await {
            assert!(matches!(note, Note::Beat | Note::Bye));
        }
    }
}
