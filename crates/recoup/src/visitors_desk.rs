//! How chats of a site come before people, and how what people answer comes back into the chat.

use async_trait::async_trait;
use inbox::webchat::{Visitor, WebchatDoor, account, bring};
use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChatId, ConversationId, MessageId, OrgId};
use site::ports::{Desk, Person, Said};

/// The inbox, as the site asks for it.
pub struct VisitorsDesk {
    inbox: inbox::Core,
}

impl VisitorsDesk {
    /// Over the inbox.
    pub fn new(inbox: inbox::Core) -> Self {
        Self { inbox }
    }
}

#[async_trait]
impl Desk for VisitorsDesk {
    async fn hand_over(
        &self,
        tx: &mut OrgTx,
        chat: ChatId,
        person: &Person,
        said: &[Said],
    ) -> anyhow::Result<ConversationId> {
        let email = given(&person.email);
        if let Some(email) = email {
            // Who wrote a letter or a form under this address is the same contact, and their lead has this conversation.
            let vault = self.inbox.kernel.vault.of(tx.org()).await?;
            let channel = account(tx).await?;
            leads::contacts::link(tx, &vault, channel, ChannelKind::Webchat, &chat.to_string(), email).await?;
        }
        let visitor = Visitor { chat, name: given(&person.name), email, phone: given(&person.phone) };
        let said: Vec<inbox::webchat::Said> = said.iter().map(spoken).collect();
        Ok(bring(&self.inbox, tx, &visitor, &said).await?.0)
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn spoken(said: &Said) -> inbox::webchat::Said {
    let Said { id, by_assistant, text, at } = said.clone();
    inbox::webchat::Said { id, by_assistant, text, at }
}

/// The visitors' chats, as the inbox sends to them.
pub struct ChatDoor {
    kernel: Kernel,
}

impl ChatDoor {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl WebchatDoor for ChatDoor {
    async fn deliver(&self, org: OrgId, chat: ChatId, message: MessageId, text: &str) -> anyhow::Result<bool> {
        site::answer(&self.kernel, org, chat, message, text).await
    }
}
