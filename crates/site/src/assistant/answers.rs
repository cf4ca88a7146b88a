//! What a person of the inbox answers: written into the visitor's chat under the message's own id, so that it stands there once.

use std::sync::Arc;

use kernel::Kernel;
use kernel::ids::{ChatId, MessageId, OrgId};
use kernel::live::LiveMessage;
use serde_json::json;

use super::store::{self, Author, NewLine};

/// The word of the live bus that a chat has news.
pub(super) const NEWS: &str = "site.chat";

/// Writes a person's answer into a chat and wakes its visitor. The same message again changes nothing. False when the chat is not
/// there any more.
///
/// # Errors
/// When the database or the vault does not answer: nothing was written.
pub async fn answer(kernel: &Kernel, org: OrgId, chat: ChatId, message: MessageId, text: &str) -> anyhow::Result<bool> {
    let vault = kernel.vault.of(org).await?;
    let mut tx = kernel.db.begin(org).await?;
    if !store::exists(&mut tx, chat).await? {
        return Ok(false);
    }
    let line = NewLine { id: message, author: Author::Person, text, data: None };
    let fresh = store::insert(&mut tx, &vault, chat, &line).await?;
    if fresh {
        store::touch(&mut tx, chat).await?;
    }
    tx.commit().await?;
    if fresh {
        wake(kernel, org, chat);
    }
    Ok(true)
}

/// Tells the listeners of a chat that there is something new. Carries the id alone; a listener in another process without Redis
/// finds it when it looks again.
pub(super) fn wake(kernel: &Kernel, org: OrgId, chat: ChatId) {
    let data = Arc::new(json!({ "chat": chat }));
    kernel.live.publish_everywhere(LiveMessage { org, kind: NEWS.to_owned(), id: None, data });
}
