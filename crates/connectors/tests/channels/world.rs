//! Stand-ins of Meta and X, and a sender that speaks to them.

use std::net::SocketAddr;
use std::time::Duration;

use connectors::channel::{
    Account, ChannelKind, Channels, Content, Credentials, Found, Outgoing, Product, Recipient, Search, SendOutcome,
};
use kernel::Clock;
use kernel::config::{ConnectorsConfig, Secret};
use kernel::http::{Http, HttpConfig, Retry, Timeouts};
use standins::meta::{Meta, MetaConfig};
use standins::x::{X, XConfig};
use standins::{Handle, Platform, Writing};

pub const PERSON: &str = "7812345678901234";
pub const NUMBER: &str = "16505550123";
pub const USER: &str = "2222222222222222222";

pub struct World {
    pub meta: Handle<Meta>,
    pub x: Handle<X>,
    pub channels: Channels,
}

/// One account of every kind, as the stand-ins know them.
pub struct Side {
    pub account: Account,
    pub credentials: Credentials,
    pub recipient: Recipient,
    platform: Platform,
}

impl World {
    pub async fn start() -> Self {
        let bind = || SocketAddr::from(([127, 0, 0, 1], 0));
        let (meta_seed, x_seed) = (MetaConfig { require_proof: true, ..MetaConfig::default() }, XConfig::default());
        let mut config = ConnectorsConfig::default();
        config.meta.app_id.clone_from(&meta_seed.app_id);
        config.meta.app_secret = Secret::new(&meta_seed.app_secret);
        config.meta.instagram_app_secret = Some(Secret::new(&meta_seed.app_secret));
        config.x.consumer_key.clone_from(&x_seed.consumer_key);
        config.x.consumer_secret = Secret::new(&x_seed.consumer_secret);
        config.x.client_id.clone_from(&x_seed.client_id);
        config.x.client_secret = Secret::new(&x_seed.client_secret);
        config.x.bearer_token = Secret::new(&x_seed.bearer);
        let meta = Meta::start(meta_seed, bind()).await.expect("a Meta");
        let x = X::start(x_seed, bind()).await.expect("an X");
        meta.base_url().clone_into(&mut config.meta.base_url);
        x.base_url().clone_into(&mut config.x.base_url);
        let outbound = HttpConfig {
            timeouts: Timeouts { connect: Duration::from_secs(2), total: Duration::from_millis(1500) },
            retry: Retry { base: Duration::from_millis(1), longest_wait: Duration::from_millis(50) },
            ..HttpConfig::default()
        };
        let http = Http::new(outbound, Clock::system()).expect("a client");
        Self { meta, x, channels: Channels::new(http, &config) }
    }

    /// The contact writes, so that the window is open.
    pub fn opened(&self, side: &Side) {
        let writing = Writing::text(side.platform, &side.account.id, side.contact(), "Hello?");
        match side.platform {
            Platform::X => self.x.customer_writes(&writing).expect("written"),
            _ => self.meta.customer_writes(&writing).expect("written"),
        };
    }

    pub async fn send(&self, side: &Side, text: &str) -> SendOutcome {
        self.channels.send(&side.account, &side.credentials, &side.recipient, &outgoing(text)).await
    }

    pub async fn find(&self, side: &Side, text: &str, known: &[String]) -> Found {
        let since = Clock::system().now() - chrono::Duration::seconds(5);
        let search = Search { recipient: &side.recipient, text: Some(text), since, known };
        self.channels.find_sent(&side.account, &side.credentials, &search).await
    }

    /// What the contact sees of us: each message's id and our key.
    pub fn seen(&self, side: &Side) -> Vec<(String, Option<String>)> {
        let threads = if side.platform == Platform::X { &self.x.threads } else { &self.meta.threads };
        let thread = threads.thread(&side.account.id, side.contact());
        thread.into_iter().filter(|message| message.author == standins::Author::App).map(|m| (m.id, m.key)).collect()
    }
}

impl Side {
    fn new(channel: ChannelKind, id: &str, token: &str, recipient: &str, platform: Platform) -> Self {
        Self {
            account: Account { channel, id: id.to_owned(), product: Product::of_token(channel, token) },
            credentials: Credentials { access_token: Secret::new(token), token_secret: None },
            recipient: Recipient { id: recipient.to_owned(), phone: None },
            platform,
        }
    }

    pub fn facebook() -> Self {
        Self::new(ChannelKind::Facebook, "104500000000001", "EAAPAGETOKEN104500000000001", PERSON, Platform::Messenger)
    }

    pub fn instagram_login() -> Self {
        Self::new(ChannelKind::Instagram, "17841400000000001", "IGTOKEN17841400000000001", PERSON, Platform::Instagram)
    }

    /// The same account through its page.
    pub fn instagram_by_page() -> Self {
        Self::new(
            ChannelKind::Instagram,
            "17841400000000001",
            "EAAPAGETOKEN104500000000001",
            PERSON,
            Platform::Instagram,
        )
    }

    pub fn whatsapp() -> Self {
        let side = Self::new(
            ChannelKind::Whatsapp,
            "106540000000002",
            "EAASYSTEMTOKEN102290000000001",
            "US.12",
            Platform::WhatsApp,
        );
        let recipient = Recipient { id: "US.12".to_owned(), phone: Some(format!("+{NUMBER}")) };
        Self { recipient, ..side }
    }

    /// X with an OAuth 2.0 token.
    pub fn x() -> Self {
        Self::new(ChannelKind::X, "1111111111111111111", "XOAUTH2USERTOKEN1111111111111111111", USER, Platform::X)
    }

    /// X with OAuth 1.0a.
    pub fn x_signed() -> Self {
        let token_secret = Some(Secret::new("STANDINTOKENSECRET"));
        let credentials = Credentials { access_token: Secret::new("1111111111111111111-STANDINTOKEN"), token_secret };
        Self { credentials, ..Self::x() }
    }

    pub fn all() -> [Self; 6] {
        [
            Self::facebook(),
            Self::instagram_by_page(),
            Self::instagram_login(),
            Self::whatsapp(),
            Self::x(),
            Self::x_signed(),
        ]
    }

    /// The contact as the stand-in knows them.
    fn contact(&self) -> &str {
        if self.platform == Platform::WhatsApp { NUMBER } else { &self.recipient.id }
    }
}

pub fn outgoing(text: &str) -> Outgoing {
    let content = Content::Text { text: text.to_owned(), choices: Vec::new() };
    Outgoing { content, reply_to: None, human_agent: false, key: "msg_key_1".to_owned() }
}
