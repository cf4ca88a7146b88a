//! Middleware: writes the body of every error, JSON for programs and a page for people, and logs our faults once.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::{RequestInfo, for_scim, scim};
use crate::auth::identify::Identity;
use crate::error::{Carried, ErrorBody, ErrorOut};
use crate::page::{ErrorPage, Frame, url_encoded};
use crate::{App, AppError, Need};

/// What is said where no route is.
const NO_ADDRESS: &str = "there is no such address";

/// Stands on a response where no route was: whoever stands before the product may know the address.
#[derive(Clone, Copy, Debug)]
pub struct NoAddress;

/// Turns a bodiless error response into what its reader understands.
pub(crate) async fn render_errors(State(app): State<App>, request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned();
    let (method, here) = (request.method().clone(), open_page(request.headers()));
    let response = next.run(request).await;
    let Some(info) = info else { return response };
    render(&app, &info, (&method, here), response)
}

/// The same for an answer to a program, without a layer of its own.
pub(super) fn for_program(app: &App, info: &RequestInfo, response: Response) -> Response {
    render(app, info, (&Method::POST, None), response)
}

fn render(app: &App, info: &RequestInfo, place: (&Method, Option<String>), response: Response) -> Response {
    let Some(error) = carried(&response) else { return response };
    if let Some(cause) = error.cause() {
        tracing::error!(error.code = error.code(), error.cause = format!("{cause:#}"), "request failed");
    }
    let identity = response.extensions().get::<Identity>().cloned();
    let kept = response.headers().clone();
    let mut written = write(app, info, place, &error, identity.as_ref());
    keep_headers(written.headers_mut(), &kept);
    if !info.is_api() && matches!(&*error, AppError::NotFound(text) if text.as_ref() == NO_ADDRESS) {
        written.extensions_mut().insert(NoAddress);
    }
    if let Some(identity) = identity {
        written.extensions_mut().insert(identity);
    }
    written
}

/// Our error, or one of the router's and its extractors' own in our words.
fn carried(response: &Response) -> Option<Arc<AppError>> {
    if let Some(Carried(error)) = response.extensions().get::<Carried>() {
        return Some(error.clone());
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = kind.is_none_or(|kind| kind.starts_with("text/plain")) && !response.body().is_end_stream();
    let empty = response.body().is_end_stream() && kind.is_none();
    if !(status.is_client_error() || status.is_server_error()) || !(bare || empty) {
        return None;
    }
    Some(Arc::new(match status {
        StatusCode::NOT_FOUND => AppError::not_found("address"),
        StatusCode::METHOD_NOT_ALLOWED => AppError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge,
        StatusCode::UNAUTHORIZED => AppError::unauthenticated("the signature or credential is not valid"),
        StatusCode::FORBIDDEN => AppError::forbidden("this is not allowed"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => AppError::UnsupportedMedia("this type of body is not read here".into()),
        StatusCode::UNPROCESSABLE_ENTITY => AppError::unprocessable("the request does not make sense"),
        StatusCode::SERVICE_UNAVAILABLE => AppError::unavailable("not ready; try again in a moment"),
        _ if status.is_client_error() => AppError::bad_request("the request cannot be read"),
        _ => AppError::internal(anyhow::anyhow!("a bare {status} from a handler")),
    }))
}

fn write(
    app: &App,
    info: &RequestInfo,
    (method, here): (&Method, Option<String>),
    error: &AppError,
    identity: Option<&Identity>,
) -> Response {
    if for_scim(&info.path) {
        return scim::error(error, &info.id);
    }
    if info.is_api() {
        return (error.status(), crate::Json(body(app, info, error))).into_response();
    }
    if matches!(error, AppError::Unauthenticated(_)) {
        return to_sign_in(info, method);
    }
    if let AppError::Needs { need, .. } = error {
        return to_what_comes_first(info, method, here, *need);
    }
    if info.fragment {
        return fragment(error);
    }
    let frame = match identity {
        Some(Identity::Known(caller)) => Frame::signed_in(app, caller, info, ErrorPage::title(error).to_owned()),
        _ => Frame::signed_out(info, ErrorPage::title(error)),
    };
    match ErrorPage::new(frame, error, info).write() {
        Ok(html) => (error.status(), Html(html)).into_response(),
        Err(broken) => {
            tracing::error!(error.cause = %broken, "the error page does not render");
            error.status().into_response()
        }
    }
}

fn body(app: &App, info: &RequestInfo, error: &AppError) -> ErrorBody {
    ErrorBody {
        error: ErrorOut {
            code: error.code().to_owned(),
            message: error.to_string(),
            request_id: info.id.to_string(),
            details: error.details().to_vec(),
            timestamp: app.kernel().clock.now(),
        },
    }
}

/// Sends a person to the sign-in page and, for a page they wanted to see, back to it afterwards.
fn to_sign_in(info: &RequestInfo, method: &Method) -> Response {
    let address = if *method == Method::GET && !info.fragment {
        format!("/sign-in?next={}", url_encoded(&info.target))
    } else {
        "/sign-in".to_owned()
    };
    lead(info, StatusCode::UNAUTHORIZED, &address)
}

/// Sends a person to the page of what comes first, and from there back to the page they wanted or were on: a step that was
/// refused is repeated there by hand.
fn to_what_comes_first(info: &RequestInfo, method: &Method, here: Option<String>, need: Need) -> Response {
    let (page, leads_back) = need.page();
    let next = if *method == Method::GET && !info.fragment { Some(info.target.to_string()) } else { here };
    match next.filter(|_| leads_back) {
        Some(next) => lead(info, need.status(), &format!("{page}?next={}", url_encoded(&next))),
        None => lead(info, need.status(), page),
    }
}

/// A redirect that htmx follows with the whole page.
fn lead(info: &RequestInfo, status: StatusCode, address: &str) -> Response {
    if info.fragment {
        let mut response = status.into_response();
        if let Ok(value) = HeaderValue::from_str(address) {
            response.headers_mut().insert("hx-redirect", value);
        }
        return response;
    }
    Redirect::to(address).into_response()
}

/// Path and query of the page a form or a fragment was sent from. The host is dropped: the way back is inside.
fn open_page(headers: &HeaderMap) -> Option<String> {
    let address = headers.get("hx-current-url").or_else(|| headers.get(header::REFERER))?.to_str().ok()?;
    let (_, rest) = address.split_once("://")?;
    rest.find('/').map(|at| rest[at..].to_owned()).filter(|path| !path.starts_with("//"))
}

/// A fragment that failed must not replace what is on the page: the message goes to a toast.
fn fragment(error: &AppError) -> Response {
    let mut response = error.status().into_response();
    let toast = crate::page::Toast::problem(error.to_string());
    response.headers_mut().insert("hx-trigger", toast.header());
    response.headers_mut().insert("hx-reswap", HeaderValue::from_static("none"));
    response
}

/// `Retry-After`, `Allow`, rate-limit headers and cookies survive; what described the old body does not.
fn keep_headers(to: &mut HeaderMap, from: &HeaderMap) {
    let own: Vec<_> = to.keys().cloned().collect();
    for (name, value) in from {
        let about_body = matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING);
        if !about_body && !own.contains(name) {
            to.append(name, value.clone());
        }
    }
}
