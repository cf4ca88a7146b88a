//! Checking what somebody enters for an OIDC connection.

use kernel::Kernel;

use super::{Brand, Settings, provider};
use crate::input::Check;
use crate::store::sso::connections::Connection;

/// Names that go into addresses and headers have at most this many bytes.
const LONGEST: usize = 512;

/// Checks the issuer and the settings; while the connection is not in use they may be empty.
pub(crate) fn checked(kernel: &Kernel, connection: &mut Connection, check: &mut Check) {
    let Ok(mut settings) = serde_json::from_value::<Settings>(connection.settings.clone()) else {
        check.complain("settings", "do not read as those of an OIDC connection");
        return;
    };
    for text in [&mut settings.client_id, &mut settings.groups_claim, &mut settings.hosted_domain] {
        *text = text.trim().to_owned();
    }
    let issuer = connection.issuer.as_str();
    if !issuer.is_empty() {
        match provider::address(kernel, issuer) {
            Err(trouble) => check.complain("issuer", trouble.to_string()),
            Ok(_) if issuer.contains(['?', '#']) || issuer.len() > LONGEST => {
                check.complain("issuer", "must be the bare address of the issuer");
            }
            Ok(_) if issuer.ends_with("/.well-known/openid-configuration") => {
                check.complain("issuer", "is the address without /.well-known/openid-configuration");
            }
            Ok(_) => {}
        }
    }
    let odd = |text: &str| text.len() > LONGEST || text.contains(|c: char| c.is_control());
    if odd(&settings.client_id) {
        check.complain("client_id", "is too long or has control characters");
    }
    if odd(&settings.groups_claim) {
        check.complain("groups_claim", "is too long or has control characters");
    }
    let scope = |text: &String| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    if settings.scopes.len() > 20 || !settings.scopes.iter().all(scope) {
        check.complain("scopes", "are words without spaces, at most 20");
    }
    if connection.enabled {
        if issuer.is_empty() {
            check.complain("issuer", "is required before people can sign in");
        }
        if settings.client_id.is_empty() {
            check.complain("client_id", "is required before people can sign in");
        }
        if settings.brand == Brand::Google && settings.hosted_domain.is_empty() {
            check.complain("hosted_domain", "is required for Google: without it every Google account could knock");
        }
    }
    match serde_json::to_value(settings) {
        Ok(value) => connection.settings = value,
        Err(_) => check.complain("settings", "do not read"),
    }
}
