//! `POST /v2/sso/connections/{id}/metadata`: an identity provider's metadata, pasted or fetched.

use axum::extract::State;
use kernel::Kernel;
use kernel::http::Method;
use kernel::ids::SsoId;
use saml::{IdentityProvider, MAX_METADATA};
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Path};
use utoipa::ToSchema;

use super::Settings;
use crate::origin::Origin;
use crate::sso::connections::ConnectionOut;
use crate::sso::connections::change::{self, ConnectionPatch};
use crate::sso::connections::list::find;
use crate::sso::oidc::provider::{self, Trouble};
use crate::store::sso::connections::{Connection, Kind};

/// Metadata of an identity provider: the document, or where it is.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct MetadataIn {
    /// The document (`EntityDescriptor`).
    pub(crate) xml: String,
    /// An https address from which it is fetched now; it is kept, so that a test can look again.
    #[schema(example = "https://acme.okta.example/app/exk1/sso/saml/metadata")]
    pub(crate) url: String,
}

/// Take over an identity provider's metadata: its entity id, its address and its certificates.
///
/// Certificates are added to those that are pinned; the metadata of another identity provider replaces them.
#[utoipa::path(post, path = "/v2/sso/connections/{id}/metadata", tag = "sso", operation_id = "import_saml_metadata",
    params(("id" = SsoId, Path,)), request_body = MetadataIn,
    responses((status = 200, body = ConnectionOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 422, description = "The document says no identity provider, or cannot be fetched.")))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    Path(id): Path<SsoId>,
    origin: Origin,
    Json(metadata): Json<MetadataIn>,
) -> Result<Json<ConnectionOut>, AppError> {
    let changed = import(&by, id, metadata, &origin).await?;
    Ok(Json(ConnectionOut::of(changed, &app.settings().public_url)))
}

pub(crate) async fn import(
    by: &Allowed<ManagePeople>,
    id: SsoId,
    metadata: MetadataIn,
    origin: &Origin,
) -> Result<Connection, AppError> {
    // Before anything is fetched; the change itself asks again.
    by.fresh()?;
    let connection = find(by, id).await?;
    if connection.kind != Kind::Saml {
        return Err(AppError::conflict("only a SAML connection has metadata to import"));
    }
    let (kernel, url) = (by.kernel(), metadata.url.trim());
    let (field, read) = match (metadata.xml.trim(), url) {
        ("", "") => return Err(AppError::field("url", "enter the address of the metadata, or paste the document")),
        ("", url) => ("url", from_url(kernel, url).await),
        (xml, "") => ("xml", from_text(kernel, xml)),
        _ => return Err(AppError::field("url", "enter an address or paste a document, not both")),
    };
    let read = read.map_err(|trouble| AppError::field(field, trouble.to_string()))?;
    let mut settings = Settings::of(&connection)?;
    settings.take(&read, connection.issuer == read.entity_id);
    if settings.certificates.len() > super::settings::MOST_CERTIFICATES {
        return Err(AppError::field(
            field,
            "brings more certificates than can be pinned; remove those that ended first",
        ));
    }
    url.clone_into(&mut settings.metadata_url);
    let settings = Some(serde_json::to_value(settings).map_err(AppError::internal)?);
    let patch = ConnectionPatch { issuer: Some(read.entity_id), settings, ..ConnectionPatch::default() };
    change::change(by, id, patch, origin).await
}

/// Reads metadata that somebody pasted.
fn from_text(kernel: &Kernel, text: &str) -> Result<IdentityProvider, Trouble> {
    let plain = kernel.config.sso.allow_private;
    let read = IdentityProvider::read(text.trim().as_bytes(), kernel.clock.now(), plain);
    let read = read.map_err(|error| Trouble::Content(error.to_string()))?;
    // The address inside is one that a browser is sent to, and the test of the connection calls it.
    provider::address(kernel, &read.sso_url)?;
    Ok(read)
}

/// Fetches metadata from an address of the identity provider; private networks are as closed as for every such address.
pub(super) async fn from_url(kernel: &Kernel, url: &str) -> Result<IdentityProvider, Trouble> {
    let request = provider::call(kernel, Method::GET, url)?.max_body(MAX_METADATA).safe_to_repeat(2);
    let answer = request.send().await.map_err(|error| provider::unsent(url, &error))?;
    if !answer.status.is_success() {
        return Err(Trouble::Status(url.to_owned(), answer.status.as_u16()));
    }
    let text = std::str::from_utf8(&answer.body);
    from_text(kernel, text.map_err(|_| Trouble::Content("the metadata is not UTF-8".into()))?)
}
