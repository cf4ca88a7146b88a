//! What a SAML connection keeps besides the identity provider's entity id, and checking it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::Kernel;
use saml::{Certificate, IdentityProvider, Mapping};
use serde::{Deserialize, Serialize};
use shell::AppError;
use utoipa::ToSchema;

use crate::input::Check;
use crate::sso::oidc::provider;
use crate::store::sso::connections::Connection;

/// An entity id or an attribute's name has at most this many bytes (saml-metadata allows 1024 for entity ids).
const LONGEST: usize = 1024;
/// More certificates than a roll-over needs.
pub(crate) const MOST_CERTIFICATES: usize = 10;

/// What a SAML connection needs besides the identity provider's entity id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where people are sent (HTTP-Redirect).
    #[schema(example = "https://acme.okta.example/app/recoup/exk1/sso/saml")]
    pub(crate) sso_url: String,
    /// The pinned certificates, as PEM or as base64 of DER; several while the identity provider rolls over.
    pub(crate) certificates: Vec<String>,
    /// Where the metadata was fetched; empty when it was pasted.
    pub(crate) metadata_url: String,
    /// The attribute with the email; empty takes the usual ones.
    pub(crate) email_attribute: String,
    /// The attribute with the name; empty takes the usual ones.
    pub(crate) name_attribute: String,
    /// The attribute with the groups; empty takes the usual ones.
    pub(crate) groups_attribute: String,
    /// The format of the subject that is asked for; empty leaves it to the identity provider.
    pub(crate) name_id_format: String,
}

/// A pinned certificate as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CertificateOut {
    /// Whom it names.
    #[schema(example = "CN=acme.okta.example")]
    pub(crate) subject: String,
    /// SHA-256 of the certificate in hex.
    pub(crate) fingerprint: String,
    /// Until when it is meant to be used. It goes on working here after that: what is pinned is trusted until it is removed.
    pub(crate) not_after: DateTime<Utc>,
}

impl Settings {
    /// The settings of a connection.
    pub(crate) fn of(connection: &Connection) -> Result<Self, AppError> {
        serde_json::from_value(connection.settings.clone()).map_err(AppError::internal)
    }

    /// The pinned certificates. They were read when they were stored.
    pub(crate) fn pinned(&self) -> Result<Vec<Certificate>, AppError> {
        self.certificates.iter().map(|text| Certificate::from_text(text).map_err(AppError::internal)).collect()
    }

    /// The pinned certificates for people.
    pub(crate) fn shown(&self) -> Result<Vec<CertificateOut>, AppError> {
        let shown = |one: Certificate| CertificateOut {
            fingerprint: one.fingerprint(),
            not_after: one.not_after,
            subject: one.subject,
        };
        Ok(self.pinned()?.into_iter().map(shown).collect())
    }

    /// Takes over what metadata says. Certificates are added: those pinned before go on working until somebody removes them,
    /// so that nobody is locked out while the identity provider rolls over. Another identity provider brings only its own.
    pub(crate) fn take(&mut self, read: &IdentityProvider, same_provider: bool) {
        if !same_provider {
            self.certificates.clear();
        }
        self.sso_url.clone_from(&read.sso_url);
        for certificate in &read.certificates {
            let text = STANDARD.encode(certificate.der());
            if !self.certificates.contains(&text) {
                self.certificates.push(text);
            }
        }
    }

    pub(super) fn mapping(&self) -> Mapping {
        let chosen = |name: &String| Some(name.clone()).filter(|name| !name.is_empty());
        Mapping {
            email: chosen(&self.email_attribute),
            name: chosen(&self.name_attribute),
            groups: chosen(&self.groups_attribute),
        }
    }
}

/// Checks the entity id and the settings; while the connection is not in use they may be empty. Certificates end up as one
/// spelling each.
pub(crate) fn checked(kernel: &Kernel, connection: &mut Connection, check: &mut Check) {
    let Ok(mut settings) = serde_json::from_value::<Settings>(connection.settings.clone()) else {
        check.complain("settings", "do not read as those of a SAML connection");
        return;
    };
    for text in [
        &mut settings.sso_url,
        &mut settings.metadata_url,
        &mut settings.email_attribute,
        &mut settings.name_attribute,
        &mut settings.groups_attribute,
        &mut settings.name_id_format,
    ] {
        *text = text.trim().to_owned();
    }
    let odd = |text: &str| text.len() > LONGEST || text.contains(char::is_control);
    for (field, text) in [
        ("issuer", &connection.issuer),
        ("email_attribute", &settings.email_attribute),
        ("name_attribute", &settings.name_attribute),
        ("groups_attribute", &settings.groups_attribute),
        ("name_id_format", &settings.name_id_format),
    ] {
        if odd(text) {
            check.complain(field, "is too long or has control characters");
        }
    }
    for (field, url) in [("sso_url", &settings.sso_url), ("metadata_url", &settings.metadata_url)] {
        if !url.is_empty()
            && let Err(trouble) = provider::address(kernel, url)
        {
            check.complain(field, trouble.to_string());
        }
    }
    pin(&mut settings, check);
    if connection.secret.is_some() {
        check.complain("secret", "is not needed: nothing is signed or decrypted by us");
    }
    if connection.enabled {
        complete(connection, &settings, check);
    }
    match serde_json::to_value(settings) {
        Ok(value) => connection.settings = value,
        Err(_) => check.complain("settings", "do not read"),
    }
}

/// Reads the certificates, several PEM blocks in one text too, and keeps each once as base64 of DER.
fn pin(settings: &mut Settings, check: &mut Check) {
    let mut pinned = Vec::new();
    for text in settings.certificates.iter().filter(|text| !text.trim().is_empty()) {
        match Certificate::all_from_text(text) {
            Ok(all) => pinned.extend(all.iter().map(|certificate| STANDARD.encode(certificate.der()))),
            Err(error) => check.complain("certificates", error.to_string()),
        }
    }
    let mut known = std::collections::HashSet::new();
    pinned.retain(|text| known.insert(text.clone()));
    if pinned.len() > MOST_CERTIFICATES {
        check.complain("certificates", format!("at most {MOST_CERTIFICATES}; remove those that ended"));
    }
    settings.certificates = pinned;
}

fn complete(connection: &Connection, settings: &Settings, check: &mut Check) {
    let before = "is required before people can sign in";
    if connection.issuer.is_empty() {
        check.complain("issuer", before);
    }
    if settings.sso_url.is_empty() {
        check.complain("sso_url", before);
    }
    if settings.certificates.is_empty() {
        check.complain("certificates", "at least one is required before people can sign in");
    }
}
