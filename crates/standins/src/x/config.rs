//! Who exists in X's world at the start: the app and the business's users.

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct XConfig {
    /// The app's API key, for OAuth 1.0a.
    pub consumer_key: String,
    /// The app's API secret: signs webhooks, answers challenges, signs OAuth 1.0a.
    pub consumer_secret: String,
    /// The app-only bearer token.
    pub bearer: String,
    /// The OAuth 2.0 client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Redirect addresses the client may use; empty allows any.
    pub redirects: Vec<String>,
    /// Whether webhook addresses must be https without a port, as the real system wants.
    pub strict_urls: bool,
    /// The business's users.
    pub users: Vec<XUserSeed>,
    /// Limits over time.
    pub limits: XLimits,
    /// The seed of all ids.
    pub seed: u64,
}

/// A user of the business.
#[derive(Clone, Debug)]
pub struct XUserSeed {
    /// The user's id.
    pub id: String,
    /// The handle.
    pub username: String,
    /// The name.
    pub name: String,
    /// The OAuth 1.0a access token.
    pub token: String,
    /// Its secret.
    pub token_secret: String,
    /// An OAuth 2.0 user token that works from the start.
    pub bearer: String,
    /// Whether the app is subscribed to the user's direct messages from the start.
    pub subscribed: bool,
}

/// Limits over time.
#[derive(Clone, Copy, Debug)]
pub struct XLimits {
    /// Direct messages per user in 15 minutes.
    pub dms_per_15_min: u64,
    /// Direct messages per user in a day.
    pub dms_per_day: u64,
    /// Direct-message reads per user in 15 minutes.
    pub reads_per_15_min: u64,
    /// Calls to the activity and webhook endpoints in 15 minutes.
    pub admin_per_15_min: u64,
}

impl XLimits {
    /// What the platform documents.
    pub const REAL: Self = Self { dms_per_15_min: 15, dms_per_day: 1440, reads_per_15_min: 15, admin_per_15_min: 450 };
    /// No limits worth the name, for load tests.
    pub const LIFTED: Self =
        Self { dms_per_15_min: 1 << 40, dms_per_day: 1 << 40, reads_per_15_min: 1 << 40, admin_per_15_min: 1 << 40 };
}

impl Default for XConfig {
    fn default() -> Self {
        Self {
            consumer_key: "standin_x_consumer_key".into(),
            consumer_secret: "standin_x_consumer_secret".into(),
            bearer: "AAAASTANDINAPPONLYBEARER".into(),
            client_id: "standin_x_client".into(),
            client_secret: "standin_x_client_secret".into(),
            redirects: Vec::new(),
            strict_urls: false,
            users: vec![XUserSeed {
                id: "1111111111111111111".into(),
                username: "northwinddental".into(),
                name: "Northwind Dental & Aesthetics".into(),
                token: "1111111111111111111-STANDINTOKEN".into(),
                token_secret: "STANDINTOKENSECRET".into(),
                bearer: "XOAUTH2USERTOKEN1111111111111111111".into(),
                subscribed: true,
            }],
            limits: XLimits::REAL,
            seed: 2,
        }
    }
}
