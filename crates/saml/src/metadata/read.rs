//! Reads an identity provider's metadata. A signature on it is not looked at: an administrator brings the document, or an
//! address of the identity provider, and that is the moment in which its certificates are pinned.

use chrono::{DateTime, Utc};

use crate::certificate::{BadCertificate, Certificate};
use crate::names::{METADATA, PROTOCOL, REDIRECT, SIGNATURE};
use crate::refusal::shown;
use crate::time;
use crate::xml::{self, Element, XmlError};

/// The largest document that is read, in bytes.
pub const MAX_METADATA: usize = 1024 * 1024;
/// The most certificates of one identity provider.
const MAX_CERTIFICATES: usize = 10;

/// What metadata says of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    pub entity_id: String,
    /// Where requests go, by HTTP-Redirect.
    pub sso_url: String,
    /// Certificates whose keys sign; several while the identity provider rolls over.
    pub certificates: Vec<Certificate>,
    /// Whether it insists on signed requests, which we do not make.
    pub wants_signed_requests: bool,
}

/// Why a document does not introduce an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Another document.
    #[error("this is {0}, not SAML metadata (EntityDescriptor)")]
    NotMetadata(String),
    /// A federation's list.
    #[error("the document describes {0} identity providers; take the metadata of one")]
    NotOne(usize),
    /// Nothing to call it by.
    #[error("the metadata has no entity id")]
    NoEntityId,
    /// Old.
    #[error("the metadata was valid until {}; take a fresh copy", time::write(*.0))]
    Expired(DateTime<Utc>),
    /// No address for requests.
    #[error("the metadata has no SingleSignOnService with the HTTP-Redirect binding and an https address")]
    NoSso,
    /// No key.
    #[error("the metadata has no signing certificate")]
    NoCertificate,
    /// Too many keys.
    #[error("the metadata has more than {MAX_CERTIFICATES} signing certificates")]
    TooManyCertificates,
    /// A certificate in it cannot be used.
    #[error("a certificate of the metadata: {0}")]
    Certificate(#[from] BadCertificate),
}

impl IdentityProvider {
    /// Reads a document. `plain` also takes an address with `http`, for an identity provider within the house.
    pub fn read(document: &[u8], now: DateTime<Utc>, plain: bool) -> Result<Self, MetadataError> {
        let root = xml::parse(document, MAX_METADATA)?;
        let entity = one_entity(&root)?;
        for element in [&root, entity] {
            let until = element.attribute("validUntil").and_then(time::read);
            if let Some(until) = until.filter(|until| *until <= now) {
                return Err(MetadataError::Expired(until));
            }
        }
        let entity_id = entity.attribute("entityID").map(str::trim).filter(|id| !id.is_empty() && id.len() <= 1024);
        let entity_id = entity_id.ok_or(MetadataError::NoEntityId)?.to_owned();
        let role = role(entity).ok_or(MetadataError::NotOne(0))?;
        let sso_url = role
            .children(METADATA, "SingleSignOnService")
            .filter(|service| service.attribute("Binding") == Some(REDIRECT))
            .filter_map(|service| service.attribute("Location").map(str::trim))
            .find(|url| url.starts_with("https://") || (plain && url.starts_with("http://")))
            .ok_or(MetadataError::NoSso)?
            .to_owned();
        let wants = role.attribute("WantAuthnRequestsSigned");
        let wants_signed_requests = matches!(wants, Some("true" | "1"));
        Ok(Self { entity_id, sso_url, certificates: certificates(role)?, wants_signed_requests })
    }
}

fn role(entity: &Element) -> Option<&Element> {
    entity.children(METADATA, "IDPSSODescriptor").find(|role| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    })
}

fn one_entity(root: &Element) -> Result<&Element, MetadataError> {
    if root.is(METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !root.is(METADATA, "EntitiesDescriptor") {
        return Err(MetadataError::NotMetadata(shown(root.name())));
    }
    let mut providers = Vec::new();
    root.walk(&mut |element| {
        if element.is(METADATA, "EntityDescriptor") && role(element).is_some() {
            providers.push(element);
        }
    });
    match *providers {
        [one] => Ok(one),
        _ => Err(MetadataError::NotOne(providers.len())),
    }
}

fn certificates(role: &Element) -> Result<Vec<Certificate>, MetadataError> {
    let mut found: Vec<Certificate> = Vec::new();
    let keys = role.children(METADATA, "KeyDescriptor").filter(|key| key.attribute("use") != Some("encryption"));
    for data in keys.flat_map(|key| key.children(SIGNATURE, "KeyInfo")).flat_map(|i| i.children(SIGNATURE, "X509Data"))
    {
        for text in data.children(SIGNATURE, "X509Certificate") {
            let certificate = Certificate::from_text(&text.text())?;
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    match found.len() {
        0 => Err(MetadataError::NoCertificate),
        1..=MAX_CERTIFICATES => Ok(found),
        _ => Err(MetadataError::TooManyCertificates),
    }
}
