//! Which requests are visitors' of a site: by host, and on the installation's own address by path.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use shell::{AppError, NoAddress, has_session};
use tower::{Service, ServiceExt};

use crate::core::Core;
use crate::hosts::plain;
use crate::visit::host;

/// A site's own pages, on the installation's address too. `/` is the site's for those who are not signed in.
const PAGES: [&str; 8] =
    ["/about", "/pricing", "/privacy", "/terms", "/feed.xml", "/robots.txt", "/sitemap.xml", "/favicon.ico"];
/// What pages below pages begin with.
const FOLDERS: [&str; 10] =
    ["audit", "blog", "book", "case-studies", "contact", "letters", "media", "roi", "site", "solutions"];
/// What visitors' browsers and published forms call. It is served outside the product's own rules: a form on somebody else's site may
/// call it, and no session comes along.
const CALLS: [&str; 4] = ["/v2/audit/", "/v2/contact/", "/v2/calculator/", "/v2/site/chat"];
/// What every host serves.
const SHARED: [&str; 2] = ["/assets/", "/health/"];

struct Front {
    core: Core,
    inside: Router,
    site: Router,
    secure: bool,
}

/// Puts the sites before the product: requests of visitors go to `site`, all others to `inside`. Neither has looked at a request that
/// the other one gets.
pub fn front(core: &Core, inside: Router, site: Router) -> Router {
    let secure = core.kernel().config.http.base_url().starts_with("https://");
    Router::new().fallback_service(Door(Arc::new(Front { core: core.clone(), inside, site, secure })))
}

/// Transport security of a host that is a customer's: what lies beneath their name is theirs to decide.
const OF_ANOTHER: &str = "max-age=63072000";

/// Where every request comes in. What platforms deliver is most of it, and goes straight through.
#[derive(Clone)]
struct Door(Arc<Front>);

impl Service<Request> for Door {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let is_own = self.0.core.hosts().is_own(host(request.headers()));
        if request.uri().path().starts_with("/webhooks/") {
            let answered = self.0.inside.clone().call(request);
            return Box::pin(async move { Ok(of_host(answered.await?, is_own)) });
        }
        let front = Arc::clone(&self.0);
        Box::pin(async move { Ok(of_host(answered(&front, request).await, is_own)) })
    }
}

/// An answer as the host it comes from may give it.
fn of_host(mut response: Response, is_own: bool) -> Response {
    if !is_own && let Some(value) = response.headers_mut().get_mut(header::STRICT_TRANSPORT_SECURITY) {
        *value = HeaderValue::from_static(OF_ANOTHER);
    }
    response
}

async fn answered(front: &Front, request: Request) -> Response {
    let path = request.uri().path();
    if SHARED.iter().any(|shared| path.starts_with(shared)) {
        return sent(&front.inside, request).await;
    }
    let found = match front.core.hosts().find(host(request.headers())).await {
        Ok(found) => found,
        // The product can do without its site; the site cannot do without its database.
        Err(error) if !is_page(path) => {
            tracing::warn!(error = format!("{error:#}"), "the site at a host cannot be looked up");
            None
        }
        Err(error) => return AppError::internal(error).into_response(),
    };
    let Some(found) = found else { return sent(&front.inside, request).await };
    let headers = request.headers();
    if found.domain.as_deref().is_some_and(|domain| plain(host(headers)) == domain) || front.is_visit(path, headers) {
        return sent(&front.site, request).await;
    }
    // What the product does not know may have moved, or be a page of the site's own.
    let reads = matches!(*request.method(), Method::GET | Method::HEAD) && !has_session(headers, front.secure);
    let again = reads.then(|| copied(&request));
    let response = sent(&front.inside, request).await;
    match again {
        Some(again) if response.extensions().get::<NoAddress>().is_some() => sent(&front.site, again).await,
        _ => response,
    }
}

async fn sent(router: &Router, request: Request) -> Response {
    match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A request without a body, as it came.
fn copied(request: &Request) -> Request {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

impl Front {
    /// Whether a request to the installation's own address is for the site.
    fn is_visit(&self, path: &str, headers: &HeaderMap) -> bool {
        if path == "/" { !has_session(headers, self.secure) } else { is_page(path) || is_call(path) }
    }
}

fn is_call(path: &str) -> bool {
    CALLS.iter().any(|call| path.starts_with(call))
}

fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    PAGES.contains(&path) || FOLDERS.contains(&first)
}
