//! What every handler can reach, and what a room plugs in.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use kernel::Kernel;
use kernel::config::Config;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::{Authenticator, Permission};
use crate::limits::Limiter;

/// How the web frame behaves; `recoup` fills it from the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address people use, without a trailing slash. `https://…` turns on HSTS and secure cookies.
    pub public_url: String,
    /// Believe `X-Forwarded-For`: only behind a proxy that sets it.
    pub trust_proxy: bool,
    /// Serve `/styleguide`: development and demo only.
    pub styleguide: bool,
    /// Sign-in and registration attempts a minute from one address.
    pub sign_in_per_minute: u32,
    /// Multiplies the request rates of the plans; 0 turns rate limits off (load tests).
    pub rate_factor: u32,
    /// Shares rate limits between processes; without it, or while it is away, each process counts alone.
    pub redis_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            trust_proxy: false,
            styleguide: false,
            sign_in_per_minute: 60,
            rate_factor: 1,
            redis_url: None,
        }
    }
}

impl Settings {
    /// The settings that follow from the configuration; the caller decides the others (`..Settings::of(&config)`).
    pub fn of(config: &Config) -> Self {
        Self {
            public_url: config.http.base_url(),
            trust_proxy: config.http.trust_proxy,
            redis_url: config.redis_url.clone(),
            ..Self::default()
        }
    }
}

/// The state every room builds on. A room has its own state struct with an `App` inside and `FromRef` to reach it.
#[derive(Clone)]
pub struct App {
    // One pointer: every layer that a request passes holds a clone of its own.
    web: Arc<Web>,
}

/// What the frame itself holds, once per process.
struct Web {
    kernel: Kernel,
    auth: Arc<dyn Authenticator>,
    settings: Settings,
    limiter: Limiter,
    drain: CancellationToken,
    /// Known when the rooms are assembled, after they were built with this `App` inside.
    menu: OnceLock<Menu>,
}

/// Where the rail, the palette and the search lead.
#[derive(Debug, Default)]
pub(crate) struct Menu {
    pub(crate) nav: Vec<NavItem>,
    pub(crate) settings: Vec<NavItem>,
    pub(crate) searches: Vec<Search>,
}

impl App {
    /// The state over a kernel and the identity room's authenticator.
    pub fn new(kernel: Kernel, auth: Arc<dyn Authenticator>, settings: Settings) -> Self {
        let limiter = Limiter::new(kernel.clock.clone(), settings.redis_url.as_deref());
        let web = Web { kernel, auth, settings, limiter, drain: CancellationToken::new(), menu: OnceLock::new() };
        Self { web: Arc::new(web) }
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.web.kernel
    }

    /// How the web frame behaves.
    pub fn settings(&self) -> &Settings {
        &self.web.settings
    }

    /// Whether people reach us over HTTPS.
    pub fn is_secure(&self) -> bool {
        self.web.settings.public_url.starts_with("https://")
    }

    /// Cancelled when the process stops taking work: live connections say goodbye and end.
    pub fn drain(&self) -> &CancellationToken {
        &self.web.drain
    }

    pub(crate) fn auth(&self) -> &dyn Authenticator {
        self.web.auth.as_ref()
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.web.limiter
    }

    pub(crate) fn menu(&self) -> Option<&Menu> {
        self.web.menu.get()
    }

    /// Sets the menu; the first assembly wins, which matters only to tests that assemble twice.
    pub(crate) fn set_menu(&self, menu: Menu) {
        self.web.menu.get_or_init(|| menu);
    }
}

/// Where in the rail an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NavGroup {
    /// The daily pages.
    Main,
    /// The pages for setting things up and watching over them.
    Below,
}

/// An entry of the left rail and of the command palette.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// What it is called.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// A name from `assets/icons`.
    pub icon: &'static str,
    /// Where it stands.
    pub group: NavGroup,
    /// Smaller comes first within its group.
    pub order: u8,
    /// Shown only to callers with this permission.
    pub permission: Permission,
    /// The keys that lead there, such as `g i`.
    pub keys: &'static str,
    /// Answers a small number (or nothing) as text, shown beside the label and refreshed live; empty for none.
    pub count_href: &'static str,
}

impl NavItem {
    /// An entry of the daily pages, for everyone.
    pub const fn main(order: u8, label: &'static str, href: &'static str, icon: &'static str) -> Self {
        Self { label, href, icon, group: NavGroup::Main, order, permission: Permission::View, keys: "", count_href: "" }
    }

    /// An entry of the lower group, for everyone.
    pub const fn below(order: u8, label: &'static str, href: &'static str, icon: &'static str) -> Self {
        Self { group: NavGroup::Below, ..Self::main(order, label, href, icon) }
    }

    /// Shows it only to callers with the permission.
    #[must_use]
    pub const fn only(self, permission: Permission) -> Self {
        Self { permission, ..self }
    }

    /// The keys that lead there, such as `g i`.
    #[must_use]
    pub const fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }

    /// Where its live number comes from.
    #[must_use]
    pub const fn count(self, count_href: &'static str) -> Self {
        Self { count_href, ..self }
    }
}

/// A list that can be searched from the palette: `Search { label: "Search messages", href: "/inbox?q=" }`.
#[derive(Clone, Debug)]
pub struct Search {
    /// What it is called.
    pub label: &'static str,
    /// The address to which the encoded words are appended.
    pub href: &'static str,
}

/// What a room plugs into the web frame. Every router has its state already (`.with_state(…)`), every path is complete
/// (`/v2/conversations/{id}`), so that a search for the address finds the handler.
#[derive(Default)]
pub struct Room {
    /// Routes under `/v2`, described for OpenAPI.
    pub api: OpenApiRouter,
    /// Routes for people.
    pub pages: Router,
    /// What another site has a browser post here (single sign-on): no session comes along, so nothing is asked of one and no
    /// form of ours is behind it; what is posted must prove itself.
    pub outside: Router,
    /// Routes for outside systems: raw body, no session, no rate limit; they verify signatures themselves.
    pub webhooks: Router,
    /// Entries of the rail.
    pub nav: Vec<NavItem>,
    /// Pages of the settings: `ui::settings_nav(frame)` lists them on each, `/settings` leads to the first one allowed.
    pub settings: Vec<NavItem>,
    /// Lists the palette can search.
    pub searches: Vec<Search>,
}

/// The address of the client, as far as it is known.
pub(crate) type ClientIp = Option<IpAddr>;
