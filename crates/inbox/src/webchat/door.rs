//! The way to a visitor's chat. The room that serves the site has it; the binary wires them.

use async_trait::async_trait;
use connectors::channel::{Failure, Refusal, SendOutcome, Sent};
use kernel::ids::{ChatId, MessageId, OrgId};

/// Where messages to visitors of a site go.
#[async_trait]
pub trait WebchatDoor: Send + Sync + 'static {
    /// Writes a message into a chat under its id: the same one again changes nothing, so that it may be repeated at will. False
    /// when the chat is not there any more.
    ///
    /// # Errors
    /// When it could not be written; it may be tried again.
    async fn deliver(&self, org: OrgId, chat: ChatId, message: MessageId, text: &str) -> anyhow::Result<bool>;
}

/// Hands a message to the door; what comes of it in the words of every platform.
pub(crate) async fn send(
    door: Option<&dyn WebchatDoor>,
    org: OrgId,
    recipient: &str,
    message: MessageId,
    text: &str,
) -> SendOutcome {
    let refused = |code: &str, why: &str| Failure::Refused {
        class: Refusal::RecipientUnavailable,
        code: code.to_owned(),
        message: why.to_owned(),
    };
    let Some(door) = door else {
        return Err(refused("no_site", "This installation serves no site."));
    };
    let Ok(chat) = recipient.parse::<ChatId>() else {
        return Err(refused("no_chat", "The conversation names no chat."));
    };
    match door.deliver(org, chat, message, text).await {
        Ok(true) => Ok(Sent { platform_id: message.to_string() }),
        Ok(false) => Err(refused("chat_gone", "The visitor's chat was deleted.")),
        // The door writes under the message's id: whatever happened, trying again is safe.
        Err(error) => Err(Failure::NotSent { why: format!("{error:#}"), retry_after: None }),
    }
}
