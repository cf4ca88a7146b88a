//! From a connection to the source that reads it: which connector, where it answers, with which credentials.
//!
//! Tokens are renewed once: by one at a time within a process, and whoever finds its refresh token used up looks at what another
//! process stored meanwhile. What was renewed is stored before it is used, because the old refresh token may be gone.

use std::sync::Arc;

use async_trait::async_trait;
use connectors::oauth::{Access, Credentials, OAuthApp, Renew, Tokens};
use connectors::source::{Source, SourceError};
use connectors::{callrail, ctm, google, hubspot, meta_ads, microsoft, mindbody, salesforce, shopify, square, stripe};
use kernel::config::{Secret, SourceConfig};
use kernel::http::Http;
use kernel::ids::{ConnectionId, OrgId};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::connections::change::extract;
use crate::connections::secrets::Secrets;
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::kinds::Kind;
use crate::rest::{Rest, RestConfig};

/// The installation's settings of a kind.
fn config_of(core: &Core, kind: Kind) -> SourceConfig {
    let all = &core.kernel.config.connectors;
    match kind {
        Kind::GoogleBusiness => all.google_business.clone(),
        Kind::GoogleAnalytics => all.google_analytics.clone(),
        Kind::GoogleAds => all.google_ads.clone(),
        Kind::GoogleCalendar => all.google_calendar.clone(),
        Kind::MicrosoftCalendar => all.microsoft_calendar.clone(),
        Kind::MetaAds => all.meta_ads.clone(),
        Kind::Callrail => all.callrail.clone(),
        Kind::Ctm => all.ctm.clone(),
        Kind::Salesforce => all.salesforce.clone(),
        Kind::Stripe => all.stripe.clone(),
        Kind::Shopify => all.shopify.clone(),
        Kind::Square => all.square.clone(),
        Kind::Mindbody => all.mindbody.clone(),
        Kind::Hubspot => SourceConfig {
            base_url: Some(all.hubspot.base_url.clone()),
            authorize_url: Some(all.hubspot.authorize()),
            client_id: all.hubspot.client_id.clone(),
            client_secret: all.hubspot.client_secret.clone(),
            ..SourceConfig::default()
        },
        Kind::Rest | Kind::Webhook | Kind::Sftp | Kind::Drop => SourceConfig::default(),
    }
}

/// Our app at a system, for consents and renewals; none where the operator entered none.
pub(crate) fn app(core: &Core, kind: Kind) -> Option<OAuthApp> {
    let config = config_of(core, kind);
    let shared = &core.kernel.config.connectors.google;
    let google = |scope: &str| {
        let (id, secret) = if config.client_id.is_empty() {
            (&shared.client_id, &shared.client_secret)
        } else {
            (&config.client_id, &config.client_secret)
        };
        let base = shared.base_url.as_deref().or(config.base_url.as_deref()).unwrap_or(google::BASE_URL);
        google::app(base, id, secret.clone(), &[scope])
    };
    let (id, secret) = (config.client_id.as_str(), config.client_secret.clone());
    let base = |usual: &str| config.base_url.clone().unwrap_or_else(|| usual.to_owned());
    let mut app = match kind {
        Kind::GoogleBusiness => google(google::BUSINESS_SCOPE),
        Kind::GoogleAnalytics => google(google::ANALYTICS_SCOPE),
        Kind::GoogleAds => google(google::ADS_SCOPE),
        Kind::GoogleCalendar => google(google::CALENDAR_SCOPE),
        Kind::MicrosoftCalendar => {
            let login = config.login_url.as_deref().unwrap_or(microsoft::LOGIN_URL);
            microsoft::app(login, id, secret)
        }
        Kind::Salesforce => salesforce::app(&base(salesforce::LOGIN_URL), id, secret),
        Kind::Square => square::app(&base(square::BASE_URL), id, secret),
        Kind::Hubspot => {
            let base = base(hubspot::BASE_URL);
            hubspot::feed::app(&base, &base, id, secret)
        }
        Kind::MetaAds => meta_ads::app(&base(meta_ads::BASE_URL), &meta_ads::Config::default().version, id, secret),
        _ => return None,
    };
    app.authorise_url = config.authorize_url.unwrap_or(app.authorise_url);
    app.token_url = config.token_url.unwrap_or(app.token_url);
    Some(app).filter(|app| !app.client_id.is_empty())
}

/// Renews the tokens of a connection, once for all processes.
struct Renewer {
    core: Core,
    org: OrgId,
    id: ConnectionId,
    app: OAuthApp,
}

#[async_trait]
impl Renew for Renewer {
    async fn renew(&self, old: &Tokens) -> Result<Tokens, SourceError> {
        // One at a time within the process; another process is found out by what it stored.
        let _turn = self.core.renewals.lock().await;
        let kept = self.kept().await?;
        if kept.access_token != old.access_token {
            return Ok(kept);
        }
        let http = &self.core.kernel.http;
        let renewed = match kept.refresh_token.clone() {
            Some(refresh) => self.app.refresh(http, &refresh).await,
            None => Err(SourceError::Reconnect("the access ended and nothing renews it".to_owned())),
        };
        let mut fresh = match renewed {
            Ok(fresh) => fresh,
            Err(SourceError::Reconnect(why)) => {
                // The refresh token may have been used up by another process, which stored what it got.
                let now = self.kept().await?;
                return if now.access_token == kept.access_token { Err(SourceError::Reconnect(why)) } else { Ok(now) };
            }
            Err(error) => return Err(error),
        };
        if fresh.more.is_empty() {
            fresh.more = kept.more;
        }
        self.store(&fresh).await.map_err(|error| away(&error))?;
        Ok(fresh)
    }
}

fn away(error: &anyhow::Error) -> SourceError {
    SourceError::Unavailable(format!("the tokens cannot be reached: {error}"))
}

impl Renewer {
    /// The tokens as they are stored now.
    async fn kept(&self) -> Result<Tokens, SourceError> {
        let secrets = self.secrets().await.map_err(|error| away(&error))?;
        let (secrets, _) = secrets.ok_or_else(|| SourceError::Refused("the connection was removed".to_owned()))?;
        secrets.tokens.ok_or_else(|| SourceError::Reconnect("there is no token".to_owned()))
    }

    async fn secrets(&self) -> anyhow::Result<Option<(Secrets, Connection)>> {
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(self.org).await?;
        let mut tx = kernel.db.begin(self.org).await?;
        let Some(connection) = store::find(&mut tx, self.id).await? else { return Ok(None) };
        let secrets = Secrets::open(&vault, &connection, "renew")?;
        Ok(Some((secrets, connection)))
    }

    async fn store(&self, tokens: &Tokens) -> anyhow::Result<()> {
        let Some((mut secrets, _)) = self.secrets().await? else { return Ok(()) };
        secrets.tokens = Some(tokens.clone());
        let kernel = &self.core.kernel;
        let vault = kernel.vault.of(self.org).await?;
        let sealed = secrets.seal(&vault, self.id)?;
        let mut tx = kernel.db.begin(self.org).await?;
        store::seal(&mut tx, self.id, sealed).await?;
        Ok(tx.commit().await?)
    }
}

/// The source of a connection, for a purpose that the audit log names.
pub(crate) async fn open(
    core: &Core,
    org: OrgId,
    connection: &Connection,
    purpose: &'static str,
) -> Result<Box<dyn Source>, SourceError> {
    let vault = core.kernel.vault.of(org).await.map_err(|error| SourceError::Unavailable(error.to_string()))?;
    let secrets = Secrets::open(&vault, connection, purpose);
    let secrets = secrets.map_err(|error| SourceError::Reconnect(format!("the credentials do not open ({error})")))?;
    if connection.kind == Kind::Rest {
        return rest(core, connection, &secrets);
    }
    let config = config_of(core, connection.kind);
    let base = |usual: &str| config.base_url.clone().unwrap_or_else(|| usual.to_owned());
    let setting = |name: &str| connection.settings[name].as_str().unwrap_or_default().trim().to_owned();
    let account = || [("account", setting("account_id"))];
    let credentials = credentials(core, org, connection, &secrets)?;
    let making = Making { http: &core.kernel.http, connection, credentials };
    match connection.kind {
        Kind::Stripe => making.source(stripe::source, &base(stripe::BASE_URL), &[]),
        Kind::Shopify => {
            let shop = shopify::shop_url(&setting("shop")).ok_or_else(|| {
                SourceError::Refused("the shop is not a name such as northwind.myshopify.com".to_owned())
            })?;
            making.source(shopify::source, &base(&shop), &[])
        }
        Kind::Square => making.source(square::source, &base(square::BASE_URL), &[]),
        Kind::Hubspot => making.source(hubspot::feed::source, &base(hubspot::BASE_URL), &[]),
        Kind::Salesforce => {
            // Every account has an address of its own, which came with its tokens.
            let own = secrets.tokens.as_ref().and_then(|tokens| salesforce::instance_url(&tokens.more));
            let url = config.base_url.clone().or(own);
            let url = url.ok_or_else(|| SourceError::Reconnect("the account's address is missing".to_owned()))?;
            making.source(salesforce::source, &url, &[])
        }
        Kind::GoogleAnalytics => {
            let own = [("property", setting("property_id"))];
            making.source(google::analytics::source, &base(google::BASE_URL), &own)
        }
        Kind::GoogleAds => {
            let own = [
                ("customer", setting("customer_id")),
                ("login_customer", setting("login_customer_id")),
                ("developer_token", config.developer_token.reveal().to_owned()),
            ];
            making.source(google::ads::source, &base(google::BASE_URL), &own)
        }
        Kind::GoogleBusiness => {
            let own = [("account", setting("account")), ("time_zone", setting("time_zone"))];
            making.source(google::business::source, &base(google::BASE_URL), &own)
        }
        kind @ (Kind::GoogleCalendar | Kind::MicrosoftCalendar) => {
            let own = ["calendars", "whole", "words", "domains", "location"].map(|name| (name, setting(name)));
            if kind == Kind::GoogleCalendar {
                making.source(google::calendar::source, &base(google::BASE_URL), &own)
            } else {
                making.source(microsoft::source, &base(microsoft::BASE_URL), &own)
            }
        }
        Kind::MetaAds => making.source(meta_ads::source, &base(meta_ads::BASE_URL), &account()),
        Kind::Callrail => making.source(callrail::source, &base(callrail::BASE_URL), &account()),
        Kind::Ctm => making.source(ctm::source, &base(ctm::BASE_URL), &account()),
        Kind::Mindbody => {
            let currency = setting("currency").to_uppercase();
            let own = [("site_id", setting("site_id")), ("time_zone", setting("time_zone")), ("currency", currency)];
            making.source(mindbody::source, &base(mindbody::BASE_URL), &own)
        }
        other => Err(SourceError::Refused(format!("{} is not read by pages", other.title()))),
    }
}

/// What every source is made with.
struct Making<'a> {
    http: &'a Http,
    connection: &'a Connection,
    credentials: Credentials,
}

impl Making<'_> {
    /// The source that a connector makes, at an address and with its own settings.
    fn source<C: DeserializeOwned, S: Source + 'static>(
        self,
        make: impl FnOnce(&Http, &str, C, Credentials) -> S,
        base: &str,
        own: &[(&str, String)],
    ) -> Result<Box<dyn Source>, SourceError> {
        let options = options(self.connection, own)?;
        Ok(Box::new(make(self.http, base, options, self.credentials)))
    }
}

/// A connector's own settings: those under `options`, and what the connect form asked for under the connector's names.
fn options<T: DeserializeOwned>(connection: &Connection, own: &[(&str, String)]) -> Result<T, SourceError> {
    let mut all = connection.settings.get("options").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    for (name, value) in own.iter().filter(|(_, value)| !value.is_empty()) {
        all.insert((*name).to_owned(), Value::String(value.clone()));
    }
    serde_json::from_value(Value::Object(all))
        .map_err(|error| SourceError::Refused(format!("the connection's options do not fit: {error}")))
}

fn credentials(
    core: &Core,
    org: OrgId,
    connection: &Connection,
    secrets: &Secrets,
) -> Result<Credentials, SourceError> {
    let missing = || SourceError::Reconnect("the credentials are missing: connect again".to_owned());
    let value = |name: &str| secrets.of(name).cloned().ok_or_else(missing);
    let user = || connection.settings["user"].as_str().unwrap_or_default().trim().to_owned();
    if let Some(tokens) = secrets.tokens.clone() {
        return Ok(Credentials::OAuth(match app(core, connection.kind) {
            Some(app) => {
                let renewer = Renewer { core: core.clone(), org, id: connection.id, app };
                Access::renewed(tokens, Arc::new(renewer))
            }
            None => Access::fixed(tokens),
        }));
    }
    Ok(match connection.kind {
        Kind::Stripe | Kind::Callrail => Credentials::Key(value("key")?),
        Kind::Ctm => Credentials::Basic { user: user(), secret: value("secret")? },
        Kind::Mindbody => Credentials::Staff { api_key: value("api_key")?, user: user(), password: value("password")? },
        Kind::Shopify | Kind::Square | Kind::Hubspot | Kind::MetaAds => Credentials::token(value("token")?.reveal()),
        _ => return Err(missing()),
    })
}

fn rest(core: &Core, connection: &Connection, secrets: &Secrets) -> Result<Box<dyn Source>, SourceError> {
    let wrong = |error: String| SourceError::Refused(format!("the connection's settings do not fit: {error}"));
    let config: RestConfig =
        serde_json::from_value(connection.settings.clone()).map_err(|error| wrong(error.to_string()))?;
    let extract = extract(&connection.settings, "rest").map_err(|found| wrong(format!("{found:?}")))?;
    Ok(Box::new(Rest {
        http: core.kernel.http.clone(),
        allow_private: core.kernel.config.intake.allow_private,
        secret: secrets.of("secret").map(|secret| Secret::new(secret.reveal())),
        config,
        extract,
        now: core.kernel.clock.now(),
    }))
}
