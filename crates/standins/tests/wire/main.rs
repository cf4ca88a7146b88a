//! The stand-ins over the wire: each check and each fault, asked with an ordinary HTTP client.

mod delivery;
mod faults;
mod hubspot;
mod instagram;
mod mail;
mod messenger;
mod openai;
mod receiver;
mod s3;
mod sign_in;
mod whatsapp;
mod x;

use serde_json::Value;
use standins::{World, WorldConfig};

pub const PAGE: &str = "104500000000001";
pub const PAGE_TOKEN: &str = "EAAPAGETOKEN104500000000001";
pub const INSTAGRAM: &str = "17841400000000001";
pub const INSTAGRAM_TOKEN: &str = "IGTOKEN17841400000000001";
pub const NUMBER: &str = "106540000000002";
pub const WABA: &str = "102290000000001";
pub const SYSTEM_TOKEN: &str = "EAASYSTEMTOKEN102290000000001";
pub const APP_SECRET: &str = "standin_meta_app_secret";
pub const X_USER: &str = "1111111111111111111";
pub const X_BEARER: &str = "XOAUTH2USERTOKEN1111111111111111111";
pub const X_SECRET: &str = "standin_x_consumer_secret";

pub async fn world() -> World {
    World::start(WorldConfig::default()).await.expect("loopback ports are free")
}

pub fn http() -> reqwest::Client {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    #[expect(clippy::disallowed_methods, reason = "the tests stand outside the product and want a plain client")]
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A JSON POST with a bearer token.
pub async fn post(url: &str, token: &str, body: &Value) -> (u16, Value) {
    answer(http().post(url).bearer_auth(token).json(body)).await
}

/// A GET with a bearer token.
pub async fn get(url: &str, token: &str) -> (u16, Value) {
    answer(http().get(url).bearer_auth(token)).await
}

pub async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// One header of an answer, as text.
pub fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
