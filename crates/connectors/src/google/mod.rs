//! Google: Business Profile, Analytics 4, Ads and Calendar, each read with a consent to the same app.
//!
//! Rules a newcomer would break: 64-bit numbers are text on these wires, zeroes are left out, a refresh gives no new refresh token,
//! and reviews live on another host than everything else of Business Profile.

pub mod ads;
pub mod analytics;
pub mod business;
pub mod calendar;
mod failure;
pub mod push;

use kernel::config::Secret;

use crate::oauth::OAuthApp;

/// Stands for all of Google's hosts; any other base address takes the place of every one of them.
pub const BASE_URL: &str = "https://www.googleapis.com";

/// Reads Business Profile.
pub const BUSINESS_SCOPE: &str = "https://www.googleapis.com/auth/business.manage";
/// Reads Analytics.
pub const ANALYTICS_SCOPE: &str = "https://www.googleapis.com/auth/analytics.readonly";
/// Reads Ads.
pub const ADS_SCOPE: &str = "https://www.googleapis.com/auth/adwords";
/// Reads calendars.
pub const CALENDAR_SCOPE: &str = "https://www.googleapis.com/auth/calendar.readonly";

/// Our app at Google, asking for `scopes`.
pub fn app(base_url: &str, client_id: &str, client_secret: Secret, scopes: &[&str]) -> OAuthApp {
    OAuthApp {
        service: "google".to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{}/o/oauth2/v2/auth", host(base_url, "https://accounts.google.com")),
        token_url: format!("{}/token", host(base_url, "https://oauth2.googleapis.com")),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        // Offline makes a refresh token appear, and only a consent asked for anew makes it appear again.
        extra: [("access_type", "offline"), ("prompt", "consent"), ("include_granted_scopes", "true")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        pkce: true,
        ..OAuthApp::default()
    }
}

/// Google's own host, or the base address that takes its place.
fn host<'a>(base_url: &'a str, googles: &'a str) -> &'a str {
    let base_url = base_url.trim_end_matches('/');
    if base_url.is_empty() || base_url == BASE_URL { googles } else { base_url }
}
