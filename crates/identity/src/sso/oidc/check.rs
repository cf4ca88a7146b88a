//! "Test connection": everything a sign-in needs of a provider, one step after the other, and what exactly is wrong.
//!
//! The last step shows the client to the token endpoint with a code that cannot exist: a provider that knows the client
//! complains about the code, one that does not complains about the client.

use kernel::Kernel;
use kernel::ids::OrgId;
use serde::{Deserialize, Serialize};
use shell::AppError;
use utoipa::ToSchema;

use super::provider::{self, Trouble};
use super::token::{Client, Failure};
use super::{Settings, secret};
use crate::store::sso::connections::Connection;

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Step {
    /// What was tried.
    #[schema(example = "Discovery document")]
    pub(crate) name: String,
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) text: String,
}

/// The steps up to the first that fails.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

impl Report {
    pub(crate) fn good(&mut self, name: &str, text: impl Into<String>) {
        self.steps.push(Step { name: name.into(), ok: true, text: text.into() });
    }

    pub(crate) fn bad(mut self, name: &str, text: impl Into<String>) -> Vec<Step> {
        self.steps.push(Step { name: name.into(), ok: false, text: text.into() });
        self.steps
    }

    pub(crate) fn done(self) -> Vec<Step> {
        self.steps
    }
}

/// Tests an OIDC connection; `callback` is what the provider must know as our address.
pub(crate) async fn run(
    kernel: &Kernel,
    org: OrgId,
    connection: &Connection,
    callback: &str,
) -> Result<Vec<Step>, AppError> {
    let (settings, secret) = (Settings::of(connection)?, secret(kernel, org, connection).await?);
    let mut report = Report::default();
    let issuer = &connection.issuer;
    match provider::address(kernel, issuer) {
        Ok(_) => report.good("Issuer address", issuer.as_str()),
        Err(trouble) => return Ok(report.bad("Issuer address", trouble.to_string())),
    }
    let metadata = match provider::discover(kernel, issuer).await {
        Ok(metadata) => metadata,
        Err(trouble) => return Ok(report.bad("Discovery document", hinted(&trouble))),
    };
    report.good("Discovery document", "it is there and reads");
    match provider::sound(kernel, &metadata, issuer) {
        Ok(()) => report.good("Issuer and endpoints", "the issuer is the same; the endpoints and algorithms fit"),
        Err(trouble) => return Ok(report.bad("Issuer and endpoints", trouble.to_string())),
    }
    match provider::keys(kernel, &metadata.jwks_uri).await {
        Ok(keys) => match keys.iter().filter(|key| key.is_usable()).count() {
            0 => {
                return Ok(
                    report.bad("Signing keys", format!("{} publishes no key that can be used", metadata.jwks_uri))
                );
            }
            usable => report.good("Signing keys", format!("{usable} can be used")),
        },
        Err(trouble) => return Ok(report.bad("Signing keys", trouble.to_string())),
    }
    let client = Client { kernel, metadata: &metadata, settings: &settings, secret: &secret };
    let answer = match client.send("recoup-connection-test", &"x".repeat(43), callback).await {
        Ok(answer) => answer,
        Err(trouble) => return Ok(report.bad("Client", trouble.to_string())),
    };
    let (status, failure) = (answer.status.as_u16(), Failure::of(&answer));
    Ok(match failure.error.as_str() {
        // The code is made up; every provider finds that out after it accepted the client.
        "invalid_grant" => {
            report.good("Client", "the provider accepts the client id and the secret");
            report.done()
        }
        "invalid_request" if status == 400 => {
            report.good(
                "Client",
                format!("the provider answers “{}”; a sign-in will tell for sure", failure.text(status)),
            );
            report.done()
        }
        _ => report.bad("Client", format!("the provider rejects the client: {}", failure.text(status))),
    })
}

/// A trouble with the discovery document, with what is usually behind it.
fn hinted(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Status(_, 404) => format!("{trouble}; is the issuer complete? It is the address before /.well-known"),
        Trouble::Status(_, 301 | 302 | 307 | 308) => {
            format!("{trouble}: a redirect, which is not followed; enter its target")
        }
        other => other.to_string(),
    }
}
