//! The portal at the start.

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct HubSpotConfig {
    /// The portal's id.
    pub portal: u64,
    /// The public app's id.
    pub app: u64,
    /// The public app's client.
    pub client_id: String,
    /// Its secret: signs webhooks.
    pub client_secret: String,
    /// Redirect addresses the app may use; empty allows any.
    pub redirects: Vec<String>,
    /// Private-app tokens that work, with every scope.
    pub private_tokens: Vec<String>,
    /// How long an access token of the public app lives, in seconds.
    pub access_s: i64,
    /// How far the search index lags, in milliseconds.
    pub index_lag_ms: i64,
    /// Custom contact properties that exist from the start.
    pub contact_properties: Vec<String>,
    /// Limits over time.
    pub limits: HubSpotLimits,
    /// The seed of all ids.
    pub seed: u64,
}

/// Limits over time.
#[derive(Clone, Copy, Debug)]
pub struct HubSpotLimits {
    /// Private-app requests in ten seconds.
    pub private_per_10_s: u64,
    /// Public-app requests in ten seconds.
    pub public_per_10_s: u64,
    /// Requests in a day.
    pub per_day: u64,
    /// Searches in a second.
    pub searches_per_s: u64,
}

impl HubSpotLimits {
    /// What the platform documents.
    pub const REAL: Self = Self { private_per_10_s: 190, public_per_10_s: 110, per_day: 650_000, searches_per_s: 5 };
    /// No limits worth the name.
    pub const LIFTED: Self =
        Self { private_per_10_s: 1 << 40, public_per_10_s: 1 << 40, per_day: 1 << 40, searches_per_s: 1 << 40 };
}

impl Default for HubSpotConfig {
    fn default() -> Self {
        Self {
            portal: 33_000_001,
            app: 1_160_452,
            client_id: "standin-hubspot-client".into(),
            client_secret: "standin-hubspot-secret".into(),
            redirects: Vec::new(),
            private_tokens: vec!["pat-na1-standin-0001".into()],
            access_s: 1800,
            index_lag_ms: 2000,
            contact_properties: Vec::new(),
            limits: HubSpotLimits::REAL,
            seed: 4,
        }
    }
}
