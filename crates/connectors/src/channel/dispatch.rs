//! The one door for whoever sends: it picks the platform by the account's channel.

use kernel::channel::ChannelKind;
use kernel::config::{ConnectorsConfig, MetaConfig, XConfig};
use kernel::http::Http;

use super::sending::{Account, Action, Credentials, Failure, Found, Outgoing, Recipient, Refusal, Search, SendOutcome};
use crate::meta::graph::Graph;
use crate::x::api::Api;
use crate::{meta, whatsapp, x};

/// Sends over every platform. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Channels {
    http: Http,
    meta: MetaConfig,
    x: XConfig,
}

impl Channels {
    /// The platforms at their configured addresses.
    pub fn new(http: Http, config: &ConnectorsConfig) -> Self {
        Self { http, meta: config.meta.clone(), x: config.x.clone() }
    }

    /// Meta's calls that are not sending: consent, pages, subscriptions, templates.
    pub fn graph(&self) -> Graph<'_> {
        Graph { http: &self.http, config: &self.meta }
    }

    /// X's calls that are not sending: consent, webhooks, subscriptions.
    pub fn x(&self) -> Api<'_> {
        Api { http: &self.http, config: &self.x }
    }

    /// Sends a message once; it is never repeated here.
    pub async fn send(
        &self,
        account: &Account,
        credentials: &Credentials,
        recipient: &Recipient,
        outgoing: &Outgoing,
    ) -> SendOutcome {
        match account.channel {
            ChannelKind::Facebook | ChannelKind::Instagram => {
                meta::send::send(self.graph(), account, credentials, recipient, outgoing).await
            }
            ChannelKind::Whatsapp => {
                whatsapp::send::send(self.graph(), account, credentials, recipient, outgoing).await
            }
            ChannelKind::X => x::send::send(self.x(), credentials, recipient, outgoing).await,
            other => Err(no_platform(other)),
        }
    }

    /// Shows typing or a read mark. X has neither: there it does nothing.
    pub async fn act(
        &self,
        account: &Account,
        credentials: &Credentials,
        recipient: &Recipient,
        action: &Action,
    ) -> Result<(), Failure> {
        match account.channel {
            ChannelKind::Facebook | ChannelKind::Instagram => {
                meta::send::act(self.graph(), account, credentials, recipient, action).await
            }
            ChannelKind::Whatsapp => whatsapp::send::act(self.graph(), account, credentials, action).await,
            ChannelKind::X => Ok(()),
            other => Err(no_platform(other)),
        }
    }

    /// Asks the platform whether a message of unknown outcome went out.
    pub async fn find_sent(&self, account: &Account, credentials: &Credentials, search: &Search<'_>) -> Found {
        match account.channel {
            ChannelKind::Facebook | ChannelKind::Instagram => {
                meta::find::find(self.graph(), account, credentials, search).await
            }
            ChannelKind::X => x::find::find(self.x(), credentials, search).await,
            ChannelKind::Whatsapp => {
                Found::CannotTell { why: "WhatsApp does not list what was sent; its status webhook tells".to_owned() }
            }
            other => Found::CannotTell { why: no_platform(other).to_string() },
        }
    }
}

fn no_platform(channel: ChannelKind) -> Failure {
    let message = format!("{channel} is not sent through a platform");
    Failure::Refused { class: Refusal::Invalid, code: "channel".to_owned(), message }
}
