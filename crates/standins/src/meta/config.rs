//! Who exists in Meta's world at the start: the app, its pages, Instagram accounts and phone numbers.

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct MetaConfig {
    /// The app's id, digits as text.
    pub app_id: String,
    /// The app's secret: signs webhooks and proves tokens.
    pub app_secret: String,
    /// Whether calls must carry `appsecret_proof`.
    pub require_proof: bool,
    /// Redirect addresses the app may use; empty allows any.
    pub redirects: Vec<String>,
    /// The person who signs in during OAuth: their id.
    pub user: String,
    /// Pages.
    pub pages: Vec<PageSeed>,
    /// Phone numbers.
    pub numbers: Vec<NumberSeed>,
    /// Limits over time.
    pub limits: MetaLimits,
    /// The seed of all ids.
    pub seed: u64,
}

/// A Facebook page, perhaps with an Instagram account.
#[derive(Clone, Debug)]
pub struct PageSeed {
    /// The page's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its token.
    pub token: String,
    /// Whether the app is subscribed to its webhooks from the start.
    pub subscribed: bool,
    /// The linked Instagram account.
    pub instagram: Option<InstagramSeed>,
}

/// An Instagram professional account.
#[derive(Clone, Debug)]
pub struct InstagramSeed {
    /// Its id.
    pub id: String,
    /// Its user name.
    pub username: String,
    /// Its own token, as Instagram Login gives one.
    pub token: String,
}

/// A WhatsApp number.
#[derive(Clone, Debug)]
pub struct NumberSeed {
    /// The business account's id.
    pub waba: String,
    /// The number's id.
    pub id: String,
    /// The number as shown.
    pub display: String,
    /// The verified name.
    pub name: String,
    /// The system user's token.
    pub token: String,
    /// Whether the app is subscribed to its webhooks from the start.
    pub subscribed: bool,
}

/// Limits over time.
#[derive(Clone, Copy, Debug)]
pub struct MetaLimits {
    /// Messenger and Instagram sends per second and account.
    pub sends_per_s: u64,
    /// Conversation reads per second and page.
    pub conversations_per_s: u64,
    /// WhatsApp sends per second and number.
    pub whatsapp_per_s: u64,
    /// WhatsApp sends per minute from one number to one person.
    pub pair_per_min: u64,
}

impl MetaLimits {
    /// What the platform documents.
    pub const REAL: Self = Self { sends_per_s: 300, conversations_per_s: 2, whatsapp_per_s: 80, pair_per_min: 30 };
    /// No limits worth the name, for load tests.
    pub const LIFTED: Self =
        Self { sends_per_s: u64::MAX, conversations_per_s: u64::MAX, whatsapp_per_s: u64::MAX, pair_per_min: u64::MAX };
}

impl Default for MetaConfig {
    fn default() -> Self {
        Self {
            app_id: "263902037430900".into(),
            app_secret: "standin_meta_app_secret".into(),
            require_proof: false,
            redirects: Vec::new(),
            user: "10150000000000001".into(),
            pages: vec![PageSeed {
                id: "104500000000001".into(),
                name: "Northwind Dental & Aesthetics".into(),
                token: "EAAPAGETOKEN104500000000001".into(),
                subscribed: true,
                instagram: Some(InstagramSeed {
                    id: "17841400000000001".into(),
                    username: "northwind.dental".into(),
                    token: "IGTOKEN17841400000000001".into(),
                }),
            }],
            numbers: vec![NumberSeed {
                waba: "102290000000001".into(),
                id: "106540000000002".into(),
                display: "15550100111".into(),
                name: "Northwind Dental & Aesthetics".into(),
                token: "EAASYSTEMTOKEN102290000000001".into(),
                subscribed: true,
            }],
            limits: MetaLimits::REAL,
            seed: 1,
        }
    }
}
