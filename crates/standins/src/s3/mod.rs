//! A bucket that speaks S3: objects one by one, lists by the page, and removals by the thousand.
//!
//! It checks what S3 checks: the signature (version 4, over the request as it arrived) and its age, the digest of the
//! payload, `Content-MD5` and checksums, the bucket, in the path or in the host's name, and the conditions of a request.
//! It knows one bucket and one key. Copies, uploads in parts, versions, tags and signed addresses are answered with
//! `NotImplemented`, as S3 does with what it does not know.
//!
//! Quirks it knows, both of a removal of many: `keep:TEXT` (keys with the text in them are refused) and `busy_inside`
//! (status 200 with `SlowDown` as its body).

mod errors;
mod list;
mod object;
mod place;
mod remove;
mod signature;
mod sums;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;

use crate::delivery::Courier;
use crate::server::form::pairs;
use crate::server::{Handle, Quirk, Shared, Standin, locked};
use errors::Refused;
use object::Object;
use place::Place;

/// How it is set up: the bucket, and who may use it.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The region it stands in.
    pub region: String,
    /// The name of the bucket.
    pub bucket: String,
    /// The access key that is known.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The most keys on one page of a list.
    pub page: usize,
    /// Whether a payload may come without its digest being signed.
    pub unsigned_payload: bool,
    /// Its own host: a request for `{bucket}.{host}` is for the bucket.
    pub host: String,
    /// The seed of its chances.
    pub seed: u64,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            region: "eu-central-1".into(),
            bucket: "recoup-pictures".into(),
            access_key_id: "AKIDSTANDIN".into(),
            secret_access_key: "a-secret/of+the-stand-in".into(),
            page: 1000,
            unsigned_payload: false,
            host: "s3.standin.test".into(),
            seed: 1,
        }
    }
}

/// The system.
pub struct S3 {
    /// How it was set up.
    pub config: S3Config,
    shared: Arc<Shared>,
    objects: Mutex<BTreeMap<String, Object>>,
}

impl Standin for S3 {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl S3 {
    /// Starts it on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: S3Config, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("s3", config.seed, errors::wording);
        let s3 = Arc::new(Self { config, shared, objects: Mutex::default() });
        let routes = Router::new().route("/", any(answer)).route("/{*key}", any(answer)).with_state(Arc::clone(&s3));
        Handle::start(bind, s3, routes).await
    }

    /// Every key in the bucket, in order.
    pub fn keys(&self) -> Vec<String> {
        locked(&self.objects).keys().cloned().collect()
    }

    /// What is under a key.
    pub fn bytes(&self, key: &str) -> Option<Bytes> {
        locked(&self.objects).get(key).map(|object| object.bytes.clone())
    }

    /// Puts bytes under a key, as somebody else with a right to.
    pub fn keep(&self, key: &str, bytes: impl Into<Bytes>) {
        let object = Object::new(bytes.into(), "binary/octet-stream", self.shared.clock.now_ms());
        locked(&self.objects).insert(key.to_owned(), object);
    }

    fn respond(&self, parts: &Parts, body: &Bytes) -> Result<Response, Refused> {
        let Place { bucket, key } = Place::of(&self.config.host, parts)?;
        signature::check(&self.config, self.shared.clock.now_s(), parts, body)?;
        sums::check(&parts.headers, body)?;
        if bucket != self.config.bucket {
            let refused = Refused::new("NoSuchBucket", "The specified bucket does not exist");
            return Err(refused.with("BucketName", bucket));
        }
        let query = pairs(parts.uri.query().unwrap_or_default());
        let quirk = parts.extensions.get::<Quirk>().map(|quirk| quirk.0.as_str());
        if key.is_empty() {
            return match parts.method.as_str() {
                "HEAD" => Ok(StatusCode::OK.into_response()),
                "GET" => list::answer(self, &query),
                "POST" if query.contains_key("delete") => remove::answer(self, &parts.headers, body, quirk),
                _ => Err(Refused::not_implemented(parts.method.as_str())),
            };
        }
        if let Some(name) = query.keys().next() {
            return Err(Refused::not_implemented(name));
        }
        match parts.method.as_str() {
            "PUT" => object::put(self, key, &parts.headers, body),
            "GET" => object::get(self, &key, &parts.headers, true),
            "HEAD" => object::get(self, &key, &parts.headers, false),
            "DELETE" => {
                locked(&self.objects).remove(&key);
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            other => Err(Refused::not_implemented(other)),
        }
    }
}

async fn answer(State(s3): State<Arc<S3>>, parts: Parts, body: Bytes) -> Response {
    s3.respond(&parts, &body).unwrap_or_else(IntoResponse::into_response)
}
