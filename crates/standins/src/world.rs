//! All stand-ins together, on loopback ports.

use std::net::{Ipv4Addr, SocketAddr};

use crate::customer::{Refusal, Writing};
use crate::hubspot::{HubSpot, HubSpotConfig, HubSpotLimits};
use crate::mail::{Mail, MailConfig};
use crate::meta::{Meta, MetaConfig, MetaLimits};
use crate::openai::{OpenAi, OpenAiConfig};
use crate::server::Handle;
use crate::threads::{Platform, Visible};
use crate::x::{X, XConfig, XLimits};

/// How the world is set up.
#[derive(Clone, Debug, Default)]
pub struct WorldConfig {
    /// Meta.
    pub meta: MetaConfig,
    /// X.
    pub x: XConfig,
    /// The model endpoint.
    pub openai: OpenAiConfig,
    /// HubSpot.
    pub hubspot: HubSpotConfig,
    /// The mail server.
    pub mail: MailConfig,
    /// Ports for Meta, X, the model endpoint, HubSpot and the page of letters; 0 takes a free one.
    pub ports: [u16; 5],
}

impl WorldConfig {
    /// The usual world without limits over time, for load and crash tests.
    #[must_use]
    pub fn unlimited() -> Self {
        let mut config = Self::default();
        config.meta.limits = MetaLimits::LIFTED;
        config.x.limits = XLimits::LIFTED;
        config.hubspot.limits = HubSpotLimits::LIFTED;
        config
    }
}

/// The running world. Dropping it stops every stand-in.
#[derive(Clone)]
pub struct World {
    /// Messenger, Instagram and WhatsApp.
    pub meta: Handle<Meta>,
    /// X.
    pub x: Handle<X>,
    /// The model endpoint.
    pub openai: Handle<OpenAi>,
    /// HubSpot.
    pub hubspot: Handle<HubSpot>,
    /// The mail server.
    pub mail: Handle<Mail>,
}

impl World {
    /// Starts everything.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(config: WorldConfig) -> std::io::Result<Self> {
        let [meta, x, openai, hubspot, mail] = config.ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(Self {
            meta: Meta::start(config.meta, meta).await?,
            x: X::start(config.x, x).await?,
            openai: OpenAi::start(config.openai, openai).await?,
            hubspot: HubSpot::start(config.hubspot, hubspot).await?,
            mail: Mail::start(config.mail, mail).await?,
        })
    }

    /// A person does something on any platform; the signed webhook leaves at once.
    ///
    /// # Errors
    /// When the account does not exist or the platform lacks that kind of content.
    pub fn customer_writes(&self, writing: &Writing) -> Result<String, Refusal> {
        match writing.platform {
            Platform::X => self.x.customer_writes(writing),
            _ => self.meta.customer_writes(writing),
        }
    }

    /// Every visible message of every platform, Meta's first.
    pub fn messages(&self) -> Vec<Visible> {
        let mut all = self.meta.threads.since(0);
        all.extend(self.x.threads.since(0));
        all
    }

    /// One conversation as its person sees it.
    pub fn thread(&self, platform: Platform, account: &str, person: &str) -> Vec<Visible> {
        match platform {
            Platform::X => self.x.threads.thread(account, person),
            _ => self.meta.threads.thread(account, person),
        }
    }

    /// Waits until every webhook has been delivered or given up.
    pub async fn quiet(&self) {
        self.meta.quiet().await;
        self.x.quiet().await;
        self.hubspot.quiet().await;
    }
}
