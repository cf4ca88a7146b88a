//! The platforms' send calls behind one door: opens the account's secrets for the call and forgets them after it.

use std::sync::Arc;

use connectors::channel::{
    Account, Channels, Content, Credentials, Failure, Found, Media, Outgoing, Product, Recipient, Search, SendOutcome,
    Template,
};
use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::ids::OrgId;
use kernel::vault::VaultError;

use super::check::Parcel;
use crate::channels::token_place;
use crate::webchat::{self, WebchatDoor};

/// How to reach every platform. Cheap to clone.
#[derive(Clone)]
pub struct Platforms {
    kernel: Kernel,
    channels: Channels,
    /// The one platform that is ours: chats of the organisations' own sites.
    webchat: Option<Arc<dyn WebchatDoor>>,
}

impl Platforms {
    /// The platforms as configured.
    pub fn new(kernel: &Kernel) -> Self {
        let channels = Channels::new(kernel.http.clone(), &kernel.config.connectors);
        Self { kernel: kernel.clone(), channels, webchat: None }
    }

    /// With the way to the visitors of our own sites.
    pub(crate) fn with_webchat(self, door: Arc<dyn WebchatDoor>) -> Self {
        Self { webchat: Some(door), ..self }
    }

    /// The platforms' calls that are not sending.
    pub(crate) fn calls(&self) -> &Channels {
        &self.channels
    }

    /// Sends a message. Its id is our own key at platforms that return one.
    pub(super) async fn send(&self, org: OrgId, parcel: &Parcel) -> SendOutcome {
        if parcel.channel() == ChannelKind::Webchat {
            return webchat::send(self.webchat.as_deref(), org, &parcel.recipient, parcel.id, &parcel.body).await;
        }
        let credentials = self.credentials(org, parcel, "send").await?;
        let outgoing = Outgoing {
            content: content(parcel)?,
            reply_to: parcel.reply_to.clone(),
            human_agent: parcel.human_agent,
            key: parcel.id.to_string(),
        };
        let account = account(parcel, &credentials);
        let recipient = self.recipient(org, parcel).await?;
        self.channels.send(&account, &credentials, &recipient, &outgoing).await
    }

    /// Asks the platform whether a message in doubt is there. `known` are ids of messages already accounted for.
    pub(super) async fn find(&self, org: OrgId, parcel: &Parcel, known: &[String]) -> Result<Found, Failure> {
        if parcel.channel() == ChannelKind::Webchat {
            // Sent again it is the same message: the chat holds it under its id.
            return Ok(Found::NotThere);
        }
        let credentials = self.credentials(org, parcel, "find").await?;
        let recipient = self.recipient(org, parcel).await?;
        let since = parcel.sending_since.unwrap_or_else(|| self.kernel.clock.now());
        let search = Search { recipient: &recipient, text: Some(&parcel.body), since, known };
        let account = account(parcel, &credentials);
        Ok(self.channels.find_sent(&account, &credentials, &search).await)
    }

    /// Whom to call for: the one place where a person's number is opened.
    async fn recipient(&self, org: OrgId, parcel: &Parcel) -> Result<Recipient, Failure> {
        let broken = |why: String| Failure::NotSent { why, retry_after: None };
        let vault = self.kernel.vault.of(org).await.map_err(|error| broken(error.to_string()))?;
        let id = vault.open_id(parcel.channel_id, &parcel.recipient, parcel.recipient_sealed.as_deref());
        let id = id.ok_or_else(|| broken("the recipient's id does not open any more".to_owned()))?;
        // A recipient that begins with + is a phone number (WhatsApp).
        let phone = id.starts_with('+').then(|| id.clone());
        Ok(Recipient { id, phone })
    }

    async fn credentials(&self, org: OrgId, parcel: &Parcel, purpose: &'static str) -> Result<Credentials, Failure> {
        let broken = |why: String| Failure::NotSent { why, retry_after: None };
        let vault = self.kernel.vault.of(org).await.map_err(|error| broken(error.to_string()))?;
        let (id, broken) = (parcel.channel_id, |error: VaultError| broken(error.to_string()));
        let token = parcel.token.as_deref();
        let token = token.map(|sealed| vault.open_secret(&token_place(id, "token"), sealed, id, purpose));
        let access_token = token.transpose().map_err(broken)?.unwrap_or_default();
        // A part of the same credential: its use is that of the token.
        let secret = parcel.token_secret.as_deref();
        let secret = secret.map(|sealed| vault.open_text(&token_place(id, "token_secret"), sealed).map(Secret::new));
        let token_secret = secret.transpose().map_err(broken)?;
        Ok(Credentials { access_token, token_secret })
    }
}

fn account(parcel: &Parcel, credentials: &Credentials) -> Account {
    let channel = parcel.channel();
    Account {
        channel,
        id: parcel.account_id.clone(),
        product: Product::of_token(channel, credentials.access_token.reveal()),
    }
}

fn content(parcel: &Parcel) -> Result<Content, Failure> {
    if let Some(template) = &parcel.template {
        let template: Template = serde_json::from_value(template.clone()).map_err(|error| invalid(&error))?;
        return Ok(Content::Template(template));
    }
    if let Some(media) = parcel.attachments.as_array().and_then(|list| list.first()) {
        let media: Media = serde_json::from_value(media.clone()).map_err(|error| invalid(&error))?;
        return Ok(Content::Media(media));
    }
    Ok(Content::Text { text: parcel.body.clone(), choices: Vec::new() })
}

fn invalid(error: &serde_json::Error) -> Failure {
    Failure::Refused {
        class: connectors::channel::Refusal::Invalid,
        code: "invalid_content".into(),
        message: error.to_string(),
    }
}
