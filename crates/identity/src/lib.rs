//! Organisations, people and what they may do: registering, signing in, members, invitations, API keys, the audit log.
//!
//! [`Identity`] is the room: [`Identity::authenticator`] goes into [`shell::App::new`], [`Identity::room`] into
//! [`shell::assemble()`]. For the command line and the demo: [`registration::register`], [`members::add()`],
//! [`keys::create()`], [`audit::verify()`].

pub mod audit;
mod device;
mod doorkeeper;
mod factors;
mod input;
pub mod invites;
pub mod keys;
pub mod members;
pub mod organisation;
mod origin;
mod passkeys;
mod passwords;
mod people_import;
mod policy;
pub mod privacy;
mod profile;
pub mod registration;
mod reset;
mod roles;
mod scim;
mod secrets;
mod security;
mod sessions;
mod sign_in;
pub mod sso;
mod store;
mod teams;
mod tokens;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{get, post};
use kernel::Kernel;
use kernel::privacy::Holders;
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;
use shell::{App, AppError, Authenticator, NavItem, Permission, Room};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

pub use factors::reset_factors;
pub use input::Email;
pub use origin::Origin;
pub use passwords::{Hasher, Password};
pub use policy::unlock;
pub use tokens::{KeyRing, rotate as rotate_signing_key};

use doorkeeper::Doorkeeper;

/// The identity room. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    kernel: Kernel,
    hasher: Hasher,
    keys: KeyRing,
    doorkeeper: Arc<Doorkeeper>,
    holders: Holders,
    providers: sso::Providers,
}

/// What the handlers of this room can reach.
#[derive(Clone, FromRef)]
struct Desk {
    app: App,
    identity: Identity,
}

impl Identity {
    /// Opens the room; makes the first signing key when there is none.
    pub async fn open(kernel: &Kernel) -> Result<Self, AppError> {
        let keys = KeyRing::open(kernel).await?;
        let doorkeeper = Arc::new(Doorkeeper::new(kernel.clone(), keys.clone()));
        Ok(Self {
            kernel: kernel.clone(),
            hasher: Hasher::default(),
            keys,
            doorkeeper,
            holders: Holders::default(),
            providers: sso::Providers::default(),
        })
    }

    /// With the rooms that keep something of contacts.
    #[must_use]
    pub fn with_holders(mut self, holders: Holders) -> Self {
        self.holders = holders;
        self
    }

    /// The rooms that keep something of contacts.
    pub fn holders(&self) -> &Holders {
        &self.holders
    }

    /// What knows who a credential is, for [`App::new`].
    pub fn authenticator(&self) -> Arc<dyn Authenticator> {
        self.doorkeeper.clone()
    }

    /// What hashes and compares passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn keys(&self) -> &KeyRing {
        &self.keys
    }

    fn providers(&self) -> &sso::Providers {
        &self.providers
    }

    fn doorkeeper(&self) -> &Doorkeeper {
        &self.doorkeeper
    }

    /// What is done by the clock.
    pub fn reconcilers(&self) -> Vec<Arc<dyn Reconciler>> {
        vec![Arc::new(organisation::Erasure(self.kernel.clone())), audit::checkpoints::reconciler(&self.kernel)]
    }

    /// The routes and pages.
    pub fn room(&self, app: &App) -> Room {
        let desk = Desk { app: app.clone(), identity: self.clone() };
        Room {
            api: api().with_state(desk.clone()),
            pages: pages().merge(scim::routes(&desk)).with_state(desk.clone()),
            outside: posted_from_outside().with_state(desk),
            settings: settings(),
            ..Room::default()
        }
    }
}

fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(registration::api::register))
        .routes(routes!(sign_in::api::login))
        .routes(routes!(sessions::refresh::post))
        .routes(routes!(verify::api::post))
        .routes(routes!(verify::api::options))
        .routes(routes!(sign_in::second::post))
        .routes(routes!(sign_in::second::options))
        .routes(routes!(factors::api::get))
        .routes(routes!(factors::api::begin, factors::api::remove))
        .routes(routes!(factors::api::confirm))
        .routes(routes!(factors::api::renew))
        .routes(routes!(factors::reset::delete))
        .routes(routes!(passkeys::api::options))
        .routes(routes!(passkeys::api::list, passkeys::api::post))
        .routes(routes!(passkeys::api::get, passkeys::api::patch, passkeys::api::delete))
        .routes(routes!(passkeys::sign_in::options))
        .routes(routes!(passkeys::sign_in::post))
        .routes(routes!(security::rule::get, security::rule::put))
        .routes(routes!(sessions::show::get, sessions::close::delete))
        .routes(routes!(sessions::list::get, sessions::end::others))
        .routes(routes!(sessions::end::one))
        .routes(routes!(sessions::end::of_member))
        .routes(routes!(reset::api::ask))
        .routes(routes!(reset::api::choose))
        .routes(routes!(profile::letters::get, profile::letters::put))
        .routes(routes!(profile::name::patch))
        .routes(routes!(profile::password::put))
        .routes(routes!(policy::show::get, policy::save::put))
        .routes(routes!(members::list::get, members::add::post))
        .routes(routes!(members::remove::leave))
        .routes(routes!(members::role::patch, members::remove::delete))
        .routes(routes!(invites::list::get, invites::create::post))
        .routes(routes!(invites::accept::post))
        .routes(routes!(invites::revoke::delete))
        .routes(routes!(invites::resend::post))
        .routes(routes!(people_import::post).layer(DefaultBodyLimit::max(people_import::LARGEST_BODY)))
        .routes(routes!(people_import::list))
        .routes(routes!(people_import::show))
        .routes(routes!(people_import::refused))
        .routes(routes!(organisation::settings::get, organisation::settings::patch))
        .routes(routes!(organisation::ownership::post))
        .routes(routes!(organisation::deletion::post))
        .routes(routes!(keys::list::get, keys::create::post))
        .routes(routes!(keys::revoke::delete))
        .routes(routes!(keys::rotate::post))
        .routes(routes!(teams::list::get, teams::create::post))
        .routes(routes!(teams::show::get, teams::change::patch, teams::delete::delete))
        .routes(routes!(teams::fellows::get))
        .routes(routes!(teams::membership::put, teams::membership::delete))
        .routes(routes!(sso::connections::list::get, sso::connections::create::post))
        .routes(routes!(sso::connections::list::one, sso::connections::change::patch, sso::connections::remove::delete))
        .routes(routes!(sso::connections::test::post))
        .routes(routes!(sso::saml::import::post))
        .routes(routes!(sso::domains::api::get, sso::domains::api::post, sso::domains::api::delete))
        .routes(routes!(sso::policy::get, sso::policy::patch))
        .routes(routes!(audit::list::get))
        .routes(routes!(audit::verify::get))
        .merge(privacy::api())
        .routes(routes!(audit::export::get))
}

fn pages() -> Router<Desk> {
    Router::new()
        .route("/.well-known/jwks.json", get(tokens::jwks))
        .route("/sign-in", get(sign_in::page::get).post(sign_in::page::post))
        .route("/sign-in/passkey", post(passkeys::sign_in::page))
        .route("/sign-in/second-factor", get(sign_in::second_page::get).post(sign_in::second_page::post))
        .route("/sign-in/second-factor/options", post(sign_in::second_page::options))
        .route("/settings/profile/authenticator", get(factors::page::setting_up).post(factors::page::begin))
        .route("/settings/profile/authenticator/confirmation", post(factors::page::confirm))
        .route("/settings/profile/authenticator/removal", post(factors::page::remove_totp))
        .route("/settings/profile/recovery-codes", post(factors::page::renew))
        .route("/settings/profile/passkeys", post(factors::page::add_passkey))
        .route("/settings/profile/passkeys/{id}/name", post(factors::page::rename_passkey))
        .route("/settings/profile/passkeys/{id}/removal", post(factors::page::remove_passkey))
        .route("/settings/sign-in/second-factor", post(security::page::post))
        .route("/settings/people/{id}/factors-reset", post(members::page::reset_factors))
        .route("/verify", get(verify::page::get).post(verify::page::post))
        .route("/sign-out", get(sessions::close::ask).post(sessions::close::page))
        .route("/sign-in/sso", get(sign_in::sso::get).post(sign_in::sso::post))
        .route("/auth/oidc/{connection}/start", get(sso::oidc::flow::start))
        .route("/auth/oidc/{connection}/callback", get(sso::oidc::flow::callback))
        .route("/auth/saml/{connection}/start", get(sso::saml::flow::start))
        .route("/auth/saml/{connection}/finish", get(sso::saml::flow::finish))
        .route("/auth/saml/{connection}/metadata", get(sso::saml::flow::metadata))
        .route("/reset", get(reset::page::get).post(reset::page::post))
        .route("/reset/{token}", get(reset::page::open).post(reset::page::choose))
        .route("/settings/profile", get(profile::get))
        .route("/settings/profile/letters", post(profile::letters::post))
        .route("/settings/profile/name", post(profile::name::post))
        .route("/settings/profile/password", post(profile::password::post))
        .route("/settings/profile/sessions/end", post(profile::sessions::others))
        .route("/settings/profile/sessions/{id}/end", post(profile::sessions::one))
        .route("/settings/sign-in", get(policy::page::get).post(policy::page::post))
        .route("/organisations", get(sessions::switch::get))
        .route("/organisations/{org}", post(sessions::switch::post))
        .route("/register", get(registration::page::get).post(registration::page::post))
        .route("/invite/{token}", get(invites::page::get).post(invites::page::post))
        .route("/settings/people", get(members::page::get))
        .route("/settings/people/invites", post(members::page::invite))
        .route("/settings/people/invites/{id}/revoke", post(members::page::take_back))
        .route("/settings/people/invites/{id}/resend", post(members::page::resend))
        .route("/settings/people/import", get(people_import::page::get))
        .route(
            "/settings/people/import",
            post(people_import::page::post).layer(DefaultBodyLimit::max(people_import::LARGEST_BODY)),
        )
        .route("/settings/people/imports/{id}", get(people_import::page::report).post(people_import::page::finish))
        .route("/settings/organisation", get(organisation::page::get).post(organisation::page::change))
        .route("/settings/organisation/ownership", post(organisation::page::hand_over))
        .route("/settings/organisation/deletion", post(organisation::page::delete))
        .route("/restore/{token}", get(organisation::restore::get).post(organisation::restore::post))
        .route("/settings/roles", get(roles::page))
        .route("/settings/people/{id}/role", post(members::page::change_role))
        .route("/settings/people/{id}/removal", post(members::page::removal))
        .route("/settings/people/{id}/suspension", post(members::page::suspend))
        .route("/settings/scim", get(scim::page::get))
        .route("/settings/scim/tokens", post(scim::page::token))
        .route("/settings/teams", get(teams::page::list).post(teams::page::make))
        .route("/settings/teams/{id}", get(teams::page::one).post(teams::page::rename))
        .route("/settings/teams/{id}/deletion", post(teams::page::end))
        .route("/settings/teams/{id}/members", post(teams::page::put))
        .route("/settings/teams/{id}/members/{member}/removal", post(teams::page::take))
        .route("/settings/sso", get(sso::pages::overview::get))
        .route("/settings/sso/only", post(sso::pages::overview::only))
        .route("/settings/sso/connections", post(sso::pages::overview::connect))
        .route("/settings/sso/domains", post(sso::pages::domains::add))
        .route("/settings/sso/domains/verification", post(sso::pages::domains::verify))
        .route("/settings/sso/domains/removal", post(sso::pages::domains::remove))
        .route("/settings/sso/{id}", get(sso::pages::connection::get).post(sso::pages::connection::post))
        .route("/settings/sso/{id}/saml", post(sso::pages::saml::post))
        .route("/settings/sso/{id}/metadata", post(sso::pages::saml::metadata))
        .route("/settings/sso/{id}/certificates", post(sso::pages::saml::pin))
        .route("/settings/sso/{id}/certificates/removal", post(sso::pages::saml::unpin))
        .route("/settings/sso/{id}/test", post(sso::pages::connection::test))
        .route("/settings/sso/{id}/unlink", post(sso::pages::connection::unlink))
        .route("/settings/sso/{id}/removal", post(sso::pages::connection::remove))
        .route("/settings/people/{id}/sessions/end", post(members::page::end_sessions))
        .route("/settings/keys", get(keys::page::get).post(keys::page::post))
        .route("/settings/keys/{id}/revoke", post(keys::page::end))
        .route("/settings/keys/{id}/rotate", post(keys::page::rotation))
        .route("/settings/audit-log", get(audit::page::get))
        .route("/settings/audit-log/verification", get(audit::page::verification))
        .route("/settings/audit-log/export", get(audit::export::get))
        .merge(privacy::pages())
}

/// What pages of other sites post: no session comes along, and what they bring is signed.
fn posted_from_outside() -> Router<Desk> {
    Router::new().route("/auth/saml/{connection}/acs", post(sso::saml::flow::acs))
}

/// The pages of the settings that this room adds.
fn settings() -> Vec<NavItem> {
    let mut items: Vec<NavItem> = [
        NavItem::below(50, "People", "/settings/people", "users"),
        NavItem::below(51, "Teams", "/settings/teams", "users"),
        NavItem::below(52, "Roles", "/settings/roles", "list-checks"),
        NavItem::below(53, "Organisation", "/settings/organisation", "building-2"),
        NavItem::below(54, "Sign-in rules", "/settings/sign-in", "lock"),
        NavItem::below(55, "Single sign-on", "/settings/sso", "lock"),
        NavItem::below(56, "Provisioning", "/settings/scim", "refresh-cw"),
        NavItem::below(60, "API keys", "/settings/keys", "key"),
        NavItem::below(90, "Audit log", "/settings/audit-log", "shield"),
    ]
    .map(|item| item.only(Permission::ManagePeople))
    .into();
    items.push(NavItem::below(80, "Privacy", "/settings/privacy", "lock").only(Permission::Export));
    items.push(NavItem::below(10, "Profile & security", "/settings/profile", "user"));
    items
}

/// The background work of the room.
pub fn handlers(kernel: &Kernel, handlers: &mut Handlers) {
    handlers.add(Arc::new(sessions::Notices::new(kernel.clone())));
}
