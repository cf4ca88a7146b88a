//! The page a member sees when they are back from the platform.

use askama::Template;
use kernel::channel::ChannelKind;
use shell::Frame;

use super::join::Joined;
use super::title;

/// An account to choose.
pub(super) struct Choice {
    pub account_id: String,
    pub name: String,
}

/// What came of it, and what to do next.
#[derive(Template)]
#[template(path = "oauth/consent.html")]
pub(super) struct ConsentPage {
    pub frame: Frame,
    pub kind: ChannelKind,
    pub heading: String,
    pub tone: &'static str,
    pub sentence: String,
    pub joined: Vec<Joined>,
    pub choices: Vec<Choice>,
    /// What the choice is kept under.
    pub choice: String,
}

impl ConsentPage {
    /// A page that says one thing.
    pub(super) fn new(frame: Frame, kind: ChannelKind, tone: &'static str, sentence: String) -> Self {
        Self {
            frame,
            kind,
            heading: format!("Connect {}", title(kind)),
            tone,
            sentence,
            joined: Vec::new(),
            choices: Vec::new(),
            choice: String::new(),
        }
    }
}
