//! People writing to the business on X, and staff answering by hand.

use serde_json::json;

use super::{X, events};
use crate::customer::{Content, Refusal, Writing};
use crate::threads::{Author, Platform, Visible};

impl X {
    /// A person writes; the webhook leaves at once. Gives the event's id.
    ///
    /// # Errors
    /// When the account does not exist or X lacks that kind of content.
    pub fn customer_writes(&self, writing: &Writing) -> Result<String, Refusal> {
        if writing.platform != Platform::X || !self.is_user(&writing.account) {
            return Err(Refusal::UnknownAccount);
        }
        if !matches!(writing.content, Content::Text { .. } | Content::Image { .. }) {
            return Err(Refusal::NotOnThisPlatform);
        }
        let now = self.now_ms();
        let id = self.state(|state| {
            let person = state.people.entry(writing.person.clone()).or_default();
            if writing.name.is_some() {
                person.name.clone_from(&writing.name);
            }
            state.next_id(now)
        });
        let text = writing.content.words().map(str::to_owned);
        let message = Visible {
            author: Author::Customer,
            kind: writing.content.kind().to_owned(),
            ..self.blank(&id, &writing.account, &writing.person, text, now)
        };
        events::received(self, &message);
        self.threads.show(message);
        Ok(id)
    }

    /// A member of staff answers by hand in X itself.
    pub fn staff_writes(&self, account: &str, person: &str, text: &str) -> String {
        let now = self.now_ms();
        let id = self.state(|state| state.next_id(now));
        let message = self.blank(&id, account, person, Some(text.to_owned()), now);
        events::sent(self, &message);
        self.threads.show(message);
        id
    }

    /// A person's settings refuse our messages, or no longer do.
    pub fn close_messages(&self, person: &str, closed: bool) {
        self.state(|state| state.people.entry(person.to_owned()).or_default().closed = closed);
    }

    /// A user withdraws the app's access.
    pub fn revoke(&self, user: &str) {
        self.state(|state| {
            state.tokens.retain(|_, grant| grant.user != user);
            state.refreshes.retain(|_, grant| grant.user != user);
            state.revoked.insert(user.to_owned());
        });
    }

    fn blank(&self, id: &str, account: &str, person: &str, text: Option<String>, at_ms: i64) -> Visible {
        self.shared.count("messages");
        let content = json!({ "text": text });
        Visible {
            number: 0,
            id: id.to_owned(),
            platform: Platform::X,
            account: account.to_owned(),
            person: person.to_owned(),
            author: Author::Native,
            kind: "text".to_owned(),
            text,
            key: None,
            at_ms,
            content,
        }
    }
}
