//! HubSpot's CRM: objects, batches, search, associations, properties, OAuth and signed webhooks.
//!
//! A newcomer's mistakes: numbers as property values (they are strings, in and out), trusting search right after a
//! write (its index lags), and sending a property that the portal does not have.

mod account;
mod associations;
mod auth;
mod batch;
mod config;
mod control;
mod errors;
mod hooks;
mod oauth;
mod objects;
mod properties;
mod search;
mod state;
mod values;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post, put};

pub use config::{HubSpotConfig, HubSpotLimits};
pub use errors::HubError;
use state::State;
pub use state::{Association, Record};

use crate::delivery::Courier;
use crate::server::{Handle, Shared, Standin, locked};

/// HubSpot's world: one portal.
pub struct HubSpot {
    /// How it was set up.
    pub config: HubSpotConfig,
    shared: Arc<Shared>,
    courier: Courier,
    state: Mutex<State>,
}

impl Standin for HubSpot {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        Some(&self.courier)
    }
}

impl HubSpot {
    /// Starts a HubSpot on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: HubSpotConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("hubspot", config.seed, errors::wording);
        let signed = hooks::Signed { shared: Arc::clone(&shared), client_secret: config.client_secret.clone() };
        let courier = Courier::new(Arc::clone(&shared), signed);
        let state = Mutex::new(State::new(&config));
        let hubspot = Arc::new(Self { config, shared, courier, state });
        Handle::start(bind, Arc::clone(&hubspot), routes(hubspot)).await
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut locked(&self.state))
    }

    fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }
}

fn routes(hubspot: Arc<HubSpot>) -> Router {
    let crm = Router::new()
        .route("/crm/v3/objects/contacts/merge", post(objects::merge))
        .route("/crm/v3/objects/contacts/gdpr-delete", post(objects::gdpr_delete))
        .route("/crm/v3/objects/{object}", get(objects::list).post(objects::create))
        .route("/crm/v3/objects/{object}/search", post(search::search))
        .route("/crm/v3/objects/{object}/batch/{action}", post(batch::run))
        .route("/crm/v3/objects/{object}/{id}", get(objects::show).patch(objects::update).delete(objects::archive))
        .route("/crm/v3/objects/{object}/{id}/associations/{to}", get(associations::list_v3))
        .route("/crm/v3/objects/{object}/{id}/associations/{to}/{to_id}/{kind}", put(associations::put_v3))
        .route("/crm/v4/objects/{object}/{id}/associations/default/{to}/{to_id}", put(associations::put_default))
        .route(
            "/crm/v4/objects/{object}/{id}/associations/{to}/{to_id}",
            put(associations::put_labelled).delete(associations::remove),
        )
        .route("/crm/v4/objects/{object}/{id}/associations/{to}", get(associations::list_v4))
        .route("/crm/v4/associations/{object}/{to}/batch/create", post(associations::batch_create))
        .route("/crm/v4/associations/{object}/{to}/batch/associate/default", post(associations::batch_default))
        .route("/crm/v4/associations/{object}/{to}/batch/read", post(associations::batch_read))
        .route("/crm/v4/associations/{object}/{to}/batch/archive", post(associations::batch_archive))
        .route("/crm/v3/properties/{object}", get(properties::list).post(properties::create))
        .route("/crm/v3/properties/{object}/groups", get(properties::groups).post(properties::create_group))
        .route("/crm/v3/properties/{object}/{name}", get(properties::show).delete(properties::archive))
        .route("/crm/v3/owners", get(account::owners))
        .route("/crm/v3/owners/", get(account::owners))
        .route("/crm/v3/pipelines/deals", get(account::pipelines))
        .route("/account-info/v3/details", get(account::details))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&hubspot), auth::check));
    let sign_in = Router::new()
        .route("/oauth/authorize", get(oauth::authorize))
        .route("/oauth/v1/token", post(oauth::token))
        .route("/oauth/v3/token", post(oauth::token))
        .route("/oauth/v1/access-tokens/{token}", get(oauth::describe))
        .route("/oauth/v3/token/introspect", post(oauth::introspect))
        .route("/oauth/v3/token/revoke", post(oauth::revoke));
    let garbled = axum::middleware::from_fn(crate::sources::garbled);
    crm.merge(sign_in).layer(garbled).merge(control::routes()).with_state(hubspot)
}
