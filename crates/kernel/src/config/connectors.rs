//! Outside systems: each has a `base_url`, so that a stand-in, a proxy or a sandbox can take its place.

use serde::Deserialize;

use super::Secret;

/// Every connector's settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectorsConfig {
    /// `RECOUP__CONNECTORS__META__…`: Messenger, Instagram and WhatsApp.
    pub meta: MetaConfig,
    /// `RECOUP__CONNECTORS__X__…`
    pub x: XConfig,
    /// `RECOUP__CONNECTORS__HUBSPOT__…`
    pub hubspot: HubspotConfig,
    /// `RECOUP__CONNECTORS__HTTP__…`: outbound calls.
    pub http: HttpConfig,
    /// `RECOUP__CONNECTORS__GOOGLE__…`: the app that Business Profile, Analytics, Ads and Calendar share.
    pub google: SourceConfig,
    /// `RECOUP__CONNECTORS__GOOGLE_BUSINESS__…`
    pub google_business: SourceConfig,
    /// `RECOUP__CONNECTORS__GOOGLE_ANALYTICS__…`
    pub google_analytics: SourceConfig,
    /// `RECOUP__CONNECTORS__GOOGLE_ADS__…`
    pub google_ads: SourceConfig,
    /// `RECOUP__CONNECTORS__GOOGLE_CALENDAR__…`
    pub google_calendar: SourceConfig,
    /// `RECOUP__CONNECTORS__GOOGLE_PUSH__…`: pushes of Business Profile by Pub/Sub.
    pub google_push: GooglePushConfig,
    /// `RECOUP__CONNECTORS__MICROSOFT_CALENDAR__…`: Outlook's calendars.
    pub microsoft_calendar: SourceConfig,
    /// `RECOUP__CONNECTORS__META_ADS__…`
    pub meta_ads: SourceConfig,
    /// `RECOUP__CONNECTORS__CALLRAIL__…`
    pub callrail: SourceConfig,
    /// `RECOUP__CONNECTORS__CTM__…`: CallTrackingMetrics.
    pub ctm: SourceConfig,
    /// `RECOUP__CONNECTORS__SALESFORCE__…`
    pub salesforce: SourceConfig,
    /// `RECOUP__CONNECTORS__STRIPE__…`
    pub stripe: SourceConfig,
    /// `RECOUP__CONNECTORS__SHOPIFY__…`
    pub shopify: SourceConfig,
    /// `RECOUP__CONNECTORS__SQUARE__…`
    pub square: SourceConfig,
    /// `RECOUP__CONNECTORS__MINDBODY__…`
    pub mindbody: SourceConfig,
}

/// A system that signals are read from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// Where the API answers; the system's own address when absent.
    pub base_url: Option<String>,
    /// Where the consent page is, where the base URL was changed.
    pub authorize_url: Option<String>,
    /// Where codes become tokens, where the base URL was changed.
    pub token_url: Option<String>,
    /// Our app there; empty: nobody can connect by consent.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Google Ads' developer token.
    pub developer_token: Secret,
    /// Where people sign in at Microsoft, with the tenant; any tenant's people when absent.
    pub login_url: Option<String>,
}

/// Pushes of Pub/Sub; none are taken unless audience and service account are set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GooglePushConfig {
    /// Whom the tokens are for, as the push subscription says it.
    pub audience: String,
    /// The address of the service account that the subscription pushes as.
    pub service_account: String,
    /// Where Google's keys are; Google's own address when absent.
    pub keys_url: Option<String>,
}

/// Meta's Graph API.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaConfig {
    /// Where the Graph API answers.
    pub base_url: String,
    /// Where the Instagram Graph API answers; the base URL when absent and that was changed.
    pub instagram_base_url: Option<String>,
    /// Where the consent dialog is; the base URL when absent and that was changed.
    pub dialog_url: Option<String>,
    /// The Graph version, such as `v25.0`.
    pub version: String,
    /// The app's id.
    pub app_id: String,
    /// The app's secret: signs webhooks.
    pub app_secret: Secret,
    /// What the webhook verification must present.
    pub verify_token: Secret,
    /// The app of an Instagram Login set-up, when it is another one.
    pub instagram_app_id: Option<String>,
    /// Its secret.
    pub instagram_app_secret: Option<Secret>,
}

impl Default for MetaConfig {
    fn default() -> Self {
        Self {
            base_url: "https://graph.facebook.com".into(),
            instagram_base_url: None,
            dialog_url: None,
            version: "v25.0".into(),
            app_id: String::new(),
            app_secret: Secret::default(),
            verify_token: Secret::default(),
            instagram_app_id: None,
            instagram_app_secret: None,
        }
    }
}

impl MetaConfig {
    fn is_default_host(&self) -> bool {
        self.base_url == "https://graph.facebook.com"
    }

    /// Where the Instagram Graph API answers.
    pub fn instagram_url(&self) -> &str {
        match &self.instagram_base_url {
            Some(url) => url,
            None if self.is_default_host() => "https://graph.instagram.com",
            None => &self.base_url,
        }
    }

    /// Where people give their consent.
    pub fn dialog(&self) -> &str {
        match &self.dialog_url {
            Some(url) => url,
            None if self.is_default_host() => "https://www.facebook.com",
            None => &self.base_url,
        }
    }
}

/// X.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XConfig {
    /// Where the API answers.
    pub base_url: String,
    /// Where the consent page is; the base URL when absent and that was changed.
    pub authorize_url: Option<String>,
    /// The API key of OAuth 1.0a.
    pub consumer_key: String,
    /// The API secret: signs webhooks and answers the CRC.
    pub consumer_secret: Secret,
    /// The OAuth 2 client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The app-only bearer token, for webhooks and subscriptions.
    pub bearer_token: Secret,
}

impl Default for XConfig {
    fn default() -> Self {
        Self {
            base_url: "https://api.x.com".into(),
            authorize_url: None,
            consumer_key: String::new(),
            consumer_secret: Secret::default(),
            client_id: String::new(),
            client_secret: Secret::default(),
            bearer_token: Secret::default(),
        }
    }
}

impl XConfig {
    /// Where people give their consent.
    pub fn authorize(&self) -> String {
        match &self.authorize_url {
            Some(url) => url.clone(),
            None if self.base_url == "https://api.x.com" => "https://x.com/i/oauth2/authorize".into(),
            None => format!("{}/i/oauth2/authorize", self.base_url),
        }
    }
}

/// HubSpot.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubspotConfig {
    /// Where the API answers.
    pub base_url: String,
    /// Where the consent page is; the base URL when absent and that was changed.
    pub authorize_url: Option<String>,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret: signs webhooks.
    pub client_secret: Secret,
}

impl Default for HubspotConfig {
    fn default() -> Self {
        Self {
            base_url: "https://api.hubapi.com".into(),
            authorize_url: None,
            client_id: String::new(),
            client_secret: Secret::default(),
        }
    }
}

impl HubspotConfig {
    /// Where people give their consent.
    pub fn authorize(&self) -> String {
        match &self.authorize_url {
            Some(url) => url.clone(),
            None if self.base_url == "https://api.hubapi.com" => "https://app.hubspot.com/oauth/authorize".into(),
            None => format!("{}/oauth/authorize", self.base_url),
        }
    }
}

/// Outbound calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Seconds to connect.
    pub connect_timeout_s: u64,
    /// Seconds for a whole call, unless the caller says otherwise.
    pub timeout_s: u64,
    /// Idle connections kept a host.
    pub pool_per_host: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { connect_timeout_s: 5, timeout_s: 20, pool_per_host: 128 }
    }
}
