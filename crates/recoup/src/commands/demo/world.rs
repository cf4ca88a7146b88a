//! The stand-ins of the demo, and the configuration that takes them for the real systems.

use std::net::{Ipv4Addr, SocketAddr};

use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::config::{Config, MailConfig, MailTls, Secret};
use kernel::ids::ChannelId;
use kernel::ledger::Actor;
use standins::callrail::{CallRail, CallRailConfig};
use standins::stripe::{Stripe, StripeConfig};
use standins::{Handle, Platform, World, WorldConfig};

use super::business::Business;
use crate::commands::told;

/// What Meta presents when it verifies our address.
const VERIFY_TOKEN: &str = "recoup-demo";

/// The running stand-ins with what they were set up with. Cheap to clone.
#[derive(Clone)]
pub struct Outside {
    /// The stand-ins.
    pub world: World,
    /// The connected accounts.
    pub accounts: Vec<Account>,
    /// A token of the CRM's private app.
    crm_token: String,
    /// Where payments and calls are read from: accounts in which nothing has happened yet.
    #[expect(dead_code, reason = "held: a source that is dropped stops")]
    sources: (Handle<Stripe>, Handle<CallRail>),
}

/// An account of the business at a stand-in.
#[derive(Clone, Debug)]
pub struct Account {
    /// The kind of channel it becomes.
    pub kind: ChannelKind,
    /// The platform as the stand-in names it.
    pub platform: Platform,
    /// Its id there.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its token.
    pub token: String,
}

impl Outside {
    /// Starts the stand-ins, without limits over time, and points the connectors at them.
    pub async fn start(config: &mut Config) -> anyhow::Result<Self> {
        let setup = WorldConfig::unlimited();
        let accounts = accounts(&setup);
        let crm_token = setup.hubspot.private_tokens.first().cloned().unwrap_or_default();
        let world = World::start(setup.clone()).await?;
        let connectors = &mut config.connectors;
        world.meta.base_url().clone_into(&mut connectors.meta.base_url);
        connectors.meta.app_id.clone_from(&setup.meta.app_id);
        connectors.meta.app_secret = Secret::new(&setup.meta.app_secret);
        connectors.meta.instagram_app_secret = Some(Secret::new(&setup.meta.app_secret));
        connectors.meta.verify_token = Secret::new(VERIFY_TOKEN);
        world.x.base_url().clone_into(&mut connectors.x.base_url);
        connectors.x.consumer_key.clone_from(&setup.x.consumer_key);
        connectors.x.consumer_secret = Secret::new(&setup.x.consumer_secret);
        connectors.x.client_id.clone_from(&setup.x.client_id);
        connectors.x.client_secret = Secret::new(&setup.x.client_secret);
        connectors.x.bearer_token = Secret::new(&setup.x.bearer);
        world.hubspot.base_url().clone_into(&mut connectors.hubspot.base_url);
        connectors.hubspot.client_id.clone_from(&setup.hubspot.client_id);
        connectors.hubspot.client_secret = Secret::new(&setup.hubspot.client_secret);
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let stripe = Stripe::start(StripeConfig { charges: 0, ..StripeConfig::default() }, free).await?;
        let callrail = CallRail::start(CallRailConfig { days: 0, ..CallRailConfig::default() }, free).await?;
        connectors.stripe.base_url = Some(stripe.base_url().to_owned());
        connectors.callrail.base_url = Some(callrail.base_url().to_owned());
        let smtp = world.mail.smtp();
        config.mail = MailConfig {
            host: smtp.ip().to_string(),
            port: Some(smtp.port()),
            tls: MailTls::None,
            from: "Recoup <recoup@northwind.example>".to_owned(),
            ..MailConfig::default()
        };
        Ok(Self { world, accounts, crm_token, sources: (stripe, callrail) })
    }

    /// Has the platforms verify our address, and tells them who wrote lately, so that an answer is within their windows.
    pub async fn point_at(&self, kernel: &Kernel, business: &Business, address: SocketAddr) -> anyhow::Result<()> {
        let meta = self.world.meta.verify_webhook(&format!("http://{address}/webhooks/facebook"), VERIFY_TOKEN).await;
        let x = self.world.x.verify_webhook(&format!("http://{address}/webhooks/x")).await;
        anyhow::ensure!(meta && x, "our own address http://{address} does not answer the platforms' verification");
        for (kind, account, recipient, at_ms) in heard_lately(kernel, business).await? {
            let threads = if kind == "x" { &self.world.x.threads } else { &self.world.meta.threads };
            threads.heard(&account, &recipient, at_ms);
            // A phone number is known by the person's own id and by its digits.
            if let Some(digits) = recipient.strip_prefix("US.") {
                threads.heard(&account, digits, at_ms);
            }
        }
        Ok(())
    }

    /// Connects the CRM. Each start does: the stand-in begins empty, and what the business sold before is written again.
    pub async fn connect_crm(&self, leads: &leads::Core, business: &Business) -> anyhow::Result<()> {
        self.world.hubspot.webhooks_to(&format!("{}/webhooks/hubspot", leads.kernel.config.http.base_url()));
        leads::connect_hubspot(leads, business.org, Actor::System, &self.crm_token).await.map_err(told)
    }

    /// The account of a platform.
    pub fn account(&self, platform: Platform) -> Option<&Account> {
        self.accounts.iter().find(|account| account.platform == platform)
    }
}

type Heard = (String, String, String, i64);

/// A conversation as it is kept: channel, its kind and account, the recipient and what is sealed of it, the last message.
type Kept = (ChannelId, String, String, String, Option<Vec<u8>>, i64);

async fn heard_lately(kernel: &Kernel, business: &Business) -> anyhow::Result<Vec<Heard>> {
    let vault = kernel.vault.of(business.org).await?;
    let mut tx = kernel.db.begin(business.org).await?;
    let rows: Vec<Kept> = sqlx::query_as(
        "select c.channel_id, c.channel_kind, h.account_id, c.recipient, c.recipient_sealed, (extract(epoch from c.last_inbound_at) * 1000)::bigint \
         from conversations c join channels h on h.org_id = c.org_id and h.id = c.channel_id \
         where c.org_id = $1 and c.last_inbound_at > $2",
    )
    .bind(business.org)
    .bind(kernel.clock.now() - chrono::Duration::days(7))
    .fetch_all(tx.conn())
    .await?;
    let opened = rows.into_iter().filter_map(|(channel, kind, account, kept, sealed, at_ms)| {
        Some((kind, account, vault.open_id(channel, &kept, sealed.as_deref())?, at_ms))
    });
    Ok(opened.collect())
}

/// What the stand-ins know the business by.
pub fn accounts(setup: &WorldConfig) -> Vec<Account> {
    let mut accounts = Vec::new();
    for page in &setup.meta.pages {
        accounts.push(Account {
            kind: ChannelKind::Facebook,
            platform: Platform::Messenger,
            id: page.id.clone(),
            name: page.name.clone(),
            token: page.token.clone(),
        });
        accounts.extend(page.instagram.iter().map(|account| Account {
            kind: ChannelKind::Instagram,
            platform: Platform::Instagram,
            id: account.id.clone(),
            name: format!("@{}", account.username),
            token: page.token.clone(),
        }));
    }
    accounts.extend(setup.meta.numbers.iter().map(|number| Account {
        kind: ChannelKind::Whatsapp,
        platform: Platform::WhatsApp,
        id: number.id.clone(),
        name: format!("+{}", number.display),
        token: number.token.clone(),
    }));
    accounts.extend(setup.x.users.iter().map(|user| Account {
        kind: ChannelKind::X,
        platform: Platform::X,
        id: user.id.clone(),
        name: format!("@{}", user.username),
        token: user.bearer.clone(),
    }));
    accounts
}
