//! "Test connection": what can be known without a person who signs in, and what the last one who tried met, in the words of
//! [`saml::Refusal`].

use chrono::Duration;
use kernel::Kernel;
use kernel::http::Method;
use kernel::ids::OrgId;
use saml::{Certificate, IdentityProvider};
use shell::AppError;

use super::{Settings, import};
use crate::sso::oidc::check::{Report, Step};
use crate::sso::oidc::provider;
use crate::store::sso::assertions;
use crate::store::sso::connections::Connection;

/// A certificate that ends sooner is worth a word.
const SOON: Duration = Duration::days(30);

/// Tests a SAML connection.
pub(crate) async fn run(kernel: &Kernel, org: OrgId, connection: &Connection) -> Result<Vec<Step>, AppError> {
    let settings = Settings::of(connection)?;
    let pinned = settings.pinned()?;
    let mut report = Report::default();
    match certificates(kernel, &pinned) {
        Ok(text) => report.good("Certificates", text),
        Err(text) => return Ok(report.bad("Certificates", text)),
    }
    let mut tx = kernel.db.begin(org).await?;
    let last = assertions::last_sign_in(&mut tx, connection.id, connection.updated_at).await?;
    drop(tx);
    match last {
        Some((at, None)) => report.good("Last sign-in", format!("came in at {}", at.format("%Y-%m-%d %H:%M UTC"))),
        Some((at, Some(why))) => {
            let text = format!("refused at {}: {why}", at.format("%Y-%m-%d %H:%M UTC"));
            return Ok(report.bad("Last sign-in", text));
        }
        // Nobody tried since it was saved.
        None => {}
    }
    let request = match provider::call(kernel, Method::GET, &settings.sso_url) {
        Ok(request) => request,
        Err(trouble) => return Ok(report.bad("Sign-in address", trouble.to_string())),
    };
    // Without a request it may answer what it likes; that it answers shows that the address leads somewhere.
    match request.send().await {
        Ok(answer) if answer.status.is_server_error() || answer.status.as_u16() == 404 => {
            let text = format!("{} answers with status {}", settings.sso_url, answer.status.as_u16());
            return Ok(report.bad("Sign-in address", text));
        }
        Ok(_) => report.good("Sign-in address", format!("{} answers", settings.sso_url)),
        Err(error) => {
            return Ok(report.bad("Sign-in address", provider::unsent(&settings.sso_url, &error).to_string()));
        }
    }
    if settings.metadata_url.is_empty() {
        return Ok(report.done());
    }
    match import::from_url(kernel, &settings.metadata_url).await {
        Err(trouble) => Ok(report.bad("Metadata", trouble.to_string())),
        Ok(published) => match compare(connection, &settings, &pinned, &published) {
            Ok(text) => {
                report.good("Metadata", text);
                Ok(report.done())
            }
            Err(text) => Ok(report.bad("Metadata", text)),
        },
    }
}

fn certificates(kernel: &Kernel, pinned: &[Certificate]) -> Result<String, String> {
    let now = kernel.clock.now();
    let Some(last) = pinned.iter().map(|certificate| certificate.not_after).max() else {
        return Err("none is pinned: paste the identity provider's signing certificate or its metadata".into());
    };
    let day = last.format("%Y-%m-%d");
    if last <= now {
        return Err(format!(
            "the last one ended on {day}; it still works here, but ask whether the identity provider has a new one"
        ));
    }
    let soon = if last <= now + SOON { "; pin the next one before that day" } else { "" };
    Ok(format!("{} pinned; the last one ends on {day}{soon}", pinned.len()))
}

/// What the published metadata says against what is stored.
fn compare(
    connection: &Connection,
    settings: &Settings,
    pinned: &[Certificate],
    published: &IdentityProvider,
) -> Result<String, String> {
    if published.entity_id != connection.issuer {
        return Err(format!(
            "the entity id there is “{}”, here it is “{}”; they must be the same, letter by letter",
            published.entity_id, connection.issuer
        ));
    }
    if published.sso_url != settings.sso_url {
        return Err(format!("the sign-in address there is {}, here it is {}", published.sso_url, settings.sso_url));
    }
    let missing = published.certificates.iter().filter(|certificate| !pinned.contains(certificate)).count();
    if missing > 0 {
        return Err(format!("{missing} of the certificates there are not pinned here; import the metadata again"));
    }
    if published.wants_signed_requests {
        return Err(
            "the identity provider wants signed requests, which Recoup does not send; turn that off there".into()
        );
    }
    Ok("it is there, and says what is stored here".into())
}
