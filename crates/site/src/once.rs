//! What a published form sends with an `Idempotency-Key` has its effect once, as on the product's own part of the API.
//!
//! A key is one visitor's: the same one from another network, on another path or to another site is another key. The answer is kept
//! with the site's role, under a token that is made of all of these and that the visitor does not have to keep.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::json;
use shell::{AppError, Sender, idempotency_key, neighbourhood};
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;
use crate::inquiries::rate;
use crate::visit::Visit;

/// Keyed requests an hour of one address: each may write a row before the call looks at its own limit.
const AN_HOUR: u32 = 600;

/// Lets the routes of a router be called with a key. Put [`crate::cors::open`] around it: an answer that is given again may be read from
/// anywhere too.
pub(crate) fn keyed(core: &Core, router: OpenApiRouter<Core>) -> OpenApiRouter<Core> {
    router.layer(from_fn_with_state(core.clone(), once))
}

async fn once(State(core): State<Core>, visit: Visit, request: Request, next: Next) -> Result<Response, AppError> {
    let key = if request.method() == Method::POST { idempotency_key(request.headers())? } else { None };
    let Some(key) = key else { return Ok(next.run(request).await) };
    rate::check(&core, &visit, "keyed", AN_HOUR).await?;
    let org = visit.site.org;
    let network = visit.ip.map(neighbourhood);
    let vault = core.kernel().vault.of(org).await?;
    // Keyed, so that nobody who sees the table can try out networks and keys.
    let token = hex::encode(vault.blind_index("site_answers", &json!([&*visit.path, network, key]).to_string()));
    let path = visit.path.to_string();
    shell::once(core.kernel(), Sender::Visitor { org, token }, path, request, |request| next.run(request)).await
}
