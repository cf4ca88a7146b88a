//! Every request passes here: it is written down, the fault plan is asked, and the fault is carried out.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::faults::Fault;
use super::{Cut, Shared, log};

const LARGEST_BODY: usize = 128 << 20;
const LOGGED_BODY: usize = 64 << 10;

/// A behaviour the plan asks of the handler itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirk(pub String);

/// The middleware.
pub(super) async fn apply(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    shared.count("requests");
    let fault = shared.faults.draw(request.method().as_str(), request.uri().path());
    if let Some(fault) = &fault {
        shared.count(&format!("fault.{}", name_of(fault)));
    }
    if fault == Some(Fault::Close) {
        write_down(&shared, request.method().as_str(), request.uri(), request.headers(), &[], fault.as_ref());
        cut.now();
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let number = write_down(&shared, parts.method.as_str(), &parts.uri, &parts.headers, &body, fault.as_ref());
    if let Some(Fault::Quirk { name }) = &fault {
        parts.extensions.insert(Quirk(name.clone()));
    }
    let answer = next;
    let request = Request::from_parts(parts, Body::from(body));
    let response = match fault {
        None | Some(Fault::Quirk { .. } | Fault::Close) => answer.run(request).await,
        Some(Fault::Status { status, retry_after }) => with_retry_after((shared.wording)(status, None), retry_after),
        Some(Fault::Error { name, retry_after }) => with_retry_after((shared.wording)(400, Some(&name)), retry_after),
        Some(Fault::Delay { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            answer.run(request).await
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::SlowBody { chunk, ms }) => drip(answer.run(request).await, chunk, ms).await,
        Some(Fault::CutBody { after }) => break_off(answer.run(request).await, after, cut).await,
        Some(Fault::LoseAnswer) => {
            answer.run(request).await;
            cut.now();
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    shared.log.answered(number, response.status().as_u16());
    response
}

fn name_of(fault: &Fault) -> &'static str {
    match fault {
        Fault::Status { .. } => "status",
        Fault::Error { .. } => "error",
        Fault::Delay { .. } => "delay",
        Fault::Hang => "hang",
        Fault::SlowBody { .. } => "slow_body",
        Fault::CutBody { .. } => "cut_body",
        Fault::Close => "close",
        Fault::LoseAnswer => "lose_answer",
        Fault::Quirk { .. } => "quirk",
    }
}

fn write_down(
    shared: &Shared,
    method: &str,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
    body: &[u8],
    fault: Option<&Fault>,
) -> u64 {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    shared.log.add(log::Request {
        number: 0,
        at_ms: shared.clock.now_ms(),
        method: method.to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: String::from_utf8_lossy(&body[..body.len().min(LOGGED_BODY)]).into_owned(),
        fault: fault.map(|fault| name_of(fault).to_owned()),
        status: None,
    })
}

fn with_retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

async fn drip(response: Response, chunk: usize, ms: u64) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let pieces: Vec<Bytes> = bytes.chunks(chunk.max(1)).map(Bytes::copy_from_slice).collect();
    let stream = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok::<_, Infallible>(piece)
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

/// Sends the first bytes, gives them time to leave, and cuts the connection.
async fn break_off(response: Response, after: usize, cut: Cut) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let kept = bytes.slice(..after.min(bytes.len()));
    let first = stream::once(async move { Ok::<_, std::io::Error>(kept) });
    let end = stream::once(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        cut.now();
        Err(std::io::ErrorKind::ConnectionReset.into())
    });
    Response::from_parts(parts, Body::from_stream(first.chain(end)))
}
