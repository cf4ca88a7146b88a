//! Organisations, people and what they may do: registering, signing in, members, invitations, API keys, the audit log.
//!
//! [`Identity`] is the room: [`Identity::authenticator`] goes into [`shell::App::new`], [`Identity::room`] into
//! [`shell::assemble()`]. For the command line and the demo: [`registration::register`], [`members::add()`],
//! [`keys::create()`], [`audit::verify()`].

pub mod audit;
mod doorkeeper;
mod input;
pub mod invites;
pub mod keys;
pub mod members;
mod origin;
mod passwords;
pub mod registration;
mod secrets;
mod sessions;
mod sign_in;
mod store;
mod teams;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use kernel::Kernel;
use kernel::schedule::Reconciler;
use shell::{App, AppError, Authenticator, NavItem, Permission, Room};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use input::Email;
pub use origin::Origin;
pub use passwords::{Hasher, Password};
pub use tokens::KeyRing;

use doorkeeper::Doorkeeper;

/// The identity room. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    kernel: Kernel,
    hasher: Hasher,
    keys: KeyRing,
    doorkeeper: Arc<Doorkeeper>,
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
        Ok(Self { kernel: kernel.clone(), hasher: Hasher::default(), keys, doorkeeper })
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

    fn doorkeeper(&self) -> &Doorkeeper {
        &self.doorkeeper
    }

    /// What is done by the clock.
    pub fn reconcilers(&self) -> Vec<Arc<dyn Reconciler>> {
        vec![audit::checkpoints::reconciler(&self.kernel)]
    }

    /// The routes and pages.
    pub fn room(&self, app: &App) -> Room {
        let desk = Desk { app: app.clone(), identity: self.clone() };
        Room {
            api: api().with_state(desk.clone()),
            pages: pages().with_state(desk),
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
        .routes(routes!(sessions::show::get, sessions::close::delete))
        .routes(routes!(members::list::get, members::add::post))
        .routes(routes!(members::remove::leave))
        .routes(routes!(members::role::patch, members::remove::delete))
        .routes(routes!(invites::list::get, invites::create::post))
        .routes(routes!(invites::accept::post))
        .routes(routes!(invites::revoke::delete))
        .routes(routes!(keys::list::get, keys::create::post))
        .routes(routes!(keys::revoke::delete))
        .routes(routes!(keys::rotate::post))
        .routes(routes!(teams::list::get, teams::create::post))
        .routes(routes!(teams::show::get, teams::change::patch, teams::delete::delete))
        .routes(routes!(teams::fellows::get))
        .routes(routes!(teams::membership::put, teams::membership::delete))
        .routes(routes!(audit::list::get))
        .routes(routes!(audit::verify::get))
        .routes(routes!(audit::export::get))
}

fn pages() -> Router<Desk> {
    Router::new()
        .route("/.well-known/jwks.json", get(tokens::jwks))
        .route("/sign-in", get(sign_in::page::get).post(sign_in::page::post))
        .route("/sign-out", get(sessions::close::ask).post(sessions::close::page))
        .route("/organisations", get(sessions::switch::get))
        .route("/organisations/{org}", post(sessions::switch::post))
        .route("/register", get(registration::page::get).post(registration::page::post))
        .route("/invite/{token}", get(invites::page::get).post(invites::page::post))
        .route("/settings/people", get(members::page::get))
        .route("/settings/people/invites", post(members::page::invite))
        .route("/settings/people/invites/{id}/revoke", post(members::page::take_back))
        .route("/settings/people/{id}/role", post(members::page::change_role))
        .route("/settings/people/{id}/removal", post(members::page::removal))
        .route("/settings/people/{id}/suspension", post(members::page::suspend))
        .route("/settings/teams", get(teams::page::list).post(teams::page::make))
        .route("/settings/teams/{id}", get(teams::page::one).post(teams::page::rename))
        .route("/settings/teams/{id}/deletion", post(teams::page::end))
        .route("/settings/teams/{id}/members", post(teams::page::put))
        .route("/settings/teams/{id}/members/{member}/removal", post(teams::page::take))
        .route("/settings/keys", get(keys::page::get).post(keys::page::post))
        .route("/settings/keys/{id}/revoke", post(keys::page::end))
        .route("/settings/keys/{id}/rotate", post(keys::page::rotation))
        .route("/settings/audit-log", get(audit::page::get))
        .route("/settings/audit-log/verification", get(audit::page::verification))
        .route("/settings/audit-log/export", get(audit::export::get))
}

/// The pages of the settings that this room adds.
fn settings() -> Vec<NavItem> {
    [
        NavItem::below(50, "People", "/settings/people", "users"),
        NavItem::below(52, "Teams", "/settings/teams", "users"),
        NavItem::below(60, "API keys", "/settings/keys", "key"),
        NavItem::below(90, "Audit log", "/settings/audit-log", "shield"),
    ]
    .map(|item| item.only(Permission::ManagePeople))
    .into()
}
