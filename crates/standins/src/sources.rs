//! The systems that signals are read from, each started when it is first asked for, on a free loopback port.
//!
//! Quirks they all know: `malformed` (status 200 with half a body), `repeat_page` (the first page again, whatever page was asked
//! for) and `lie_total:N` (says that there are N records).

use std::net::{Ipv4Addr, SocketAddr};

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::callrail::{CallRail, CallRailConfig};
use crate::ctm::{Ctm, CtmConfig};
use crate::google::{Google, GoogleConfig};
use crate::meta_ads::{MetaAds, MetaAdsConfig};
use crate::microsoft::{Microsoft, MicrosoftConfig};
use crate::mindbody::{Mindbody, MindbodyConfig};
use crate::salesforce::{Salesforce, SalesforceConfig};
use crate::server::{Handle, Quirk};
use crate::shopify::{Shopify, ShopifyConfig};
use crate::square::{Square, SquareConfig};
use crate::stripe::{Stripe, StripeConfig};

/// The sources that run.
#[derive(Default)]
pub struct Sources {
    google: OnceCell<Handle<Google>>,
    meta_ads: OnceCell<Handle<MetaAds>>,
    callrail: OnceCell<Handle<CallRail>>,
    ctm: OnceCell<Handle<Ctm>>,
    microsoft: OnceCell<Handle<Microsoft>>,
    mindbody: OnceCell<Handle<Mindbody>>,
    salesforce: OnceCell<Handle<Salesforce>>,
    shopify: OnceCell<Handle<Shopify>>,
    square: OnceCell<Handle<Square>>,
    stripe: OnceCell<Handle<Stripe>>,
}

/// A free loopback port.
pub(crate) fn free() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

impl Sources {
    /// Business Profile, Analytics, Ads and Calendar.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn google(&self) -> std::io::Result<&Handle<Google>> {
        self.google.get_or_try_init(|| Google::start(GoogleConfig::default(), free())).await
    }

    /// Meta's insights.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn meta_ads(&self) -> std::io::Result<&Handle<MetaAds>> {
        self.meta_ads.get_or_try_init(|| MetaAds::start(MetaAdsConfig::default(), free())).await
    }

    /// CallRail.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn callrail(&self) -> std::io::Result<&Handle<CallRail>> {
        self.callrail.get_or_try_init(|| CallRail::start(CallRailConfig::default(), free())).await
    }

    /// `CallTrackingMetrics`.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn ctm(&self) -> std::io::Result<&Handle<Ctm>> {
        self.ctm.get_or_try_init(|| Ctm::start(CtmConfig::default(), free())).await
    }

    /// Outlook's calendars.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn microsoft(&self) -> std::io::Result<&Handle<Microsoft>> {
        self.microsoft.get_or_try_init(|| Microsoft::start(MicrosoftConfig::default(), free())).await
    }

    /// Mindbody.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn mindbody(&self) -> std::io::Result<&Handle<Mindbody>> {
        self.mindbody.get_or_try_init(|| Mindbody::start(MindbodyConfig::default(), free())).await
    }

    /// Salesforce.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn salesforce(&self) -> std::io::Result<&Handle<Salesforce>> {
        self.salesforce.get_or_try_init(|| Salesforce::start(SalesforceConfig::default(), free())).await
    }

    /// Shopify.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn shopify(&self) -> std::io::Result<&Handle<Shopify>> {
        self.shopify.get_or_try_init(|| Shopify::start(ShopifyConfig::default(), free())).await
    }

    /// Square.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn square(&self) -> std::io::Result<&Handle<Square>> {
        self.square.get_or_try_init(|| Square::start(SquareConfig::default(), free())).await
    }

    /// Stripe.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn stripe(&self) -> std::io::Result<&Handle<Stripe>> {
        self.stripe.get_or_try_init(|| Stripe::start(StripeConfig::default(), free())).await
    }
}

/// An error of a system that only has words: `{"error": "…"}`.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    status: u16,
    message: String,
}

impl Plain {
    /// An error with a status.
    pub(crate) fn new(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned() }
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": self.message }))).into_response()
    }
}

/// A quirk of the request, if the plan asks for one.
pub(crate) fn quirk(request: &axum::http::Extensions) -> Option<&str> {
    request.get::<Quirk>().map(|quirk| quirk.0.as_str())
}

/// Whether the first page is to be given again.
pub(crate) fn repeats(extensions: &axum::http::Extensions) -> bool {
    quirk(extensions) == Some("repeat_page")
}

/// The total to tell: the real one, or the lie that the plan asks for.
pub(crate) fn told(extensions: &axum::http::Extensions, total: usize) -> usize {
    let lie = quirk(extensions).and_then(|name| name.strip_prefix("lie_total:"));
    lie.and_then(|lie| lie.parse().ok()).unwrap_or(total)
}

/// The middleware that carries out `malformed`: a layer of every source's routes.
pub(crate) async fn garbled(request: Request, next: Next) -> Response {
    if quirk(request.extensions()) == Some("malformed") {
        return ([(CONTENT_TYPE, "application/json")], "{\"rows\": [{\"id\": \"1").into_response();
    }
    next.run(request).await
}
