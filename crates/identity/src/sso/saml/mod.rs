//! SAML 2.0: we are the service provider. The cryptography and the checklist are the crate `saml`; here is what it cannot
//! know: the connection, the request that is outstanding, the browser, the assertions that were used.
//!
//! [`flow`] is the way there and back, [`import`] reads an identity provider's metadata, [`check`] tells an administrator what
//! is wrong. Rule: trusted are the certificates that the organisation pinned. Looking at metadata again pins nothing by
//! itself; somebody imports it.

pub(crate) mod check;
pub(crate) mod flow;
pub(crate) mod import;
pub(crate) mod settings;

use kernel::ids::SsoId;
use saml::SignIn;
use serde::Serialize;
use shell::AppError;
use utoipa::ToSchema;

use super::Proof;
use crate::store::sso::connections::Connection;
pub(crate) use settings::{CertificateOut, Settings};

impl Settings {
    fn proof(&self, sign_in: &SignIn) -> Proof {
        let profile = sign_in.profile(&self.mapping());
        Proof {
            subject: sign_in.name_id.value.clone(),
            email: profile.email,
            // SAML has no word for it; whether the domain is the organisation's own decides.
            email_verified: None,
            name: profile.name,
            groups: profile.groups,
        }
    }
}

/// The addresses that the identity provider has to know.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// Our entity id, which is also where our metadata is.
    pub(crate) entity_id: String,
    /// Where responses are posted.
    pub(crate) acs: String,
}

impl Addresses {
    pub(crate) fn of(public_url: &str, connection: SsoId) -> Self {
        let base = format!("{public_url}/auth/saml/{connection}");
        Self { entity_id: format!("{base}/metadata"), acs: format!("{base}/acs") }
    }
}

/// The two sides of a SAML connection, for whoever sets it up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SamlOut {
    /// Our entity id (audience), to be entered at the identity provider; our metadata is at this address.
    pub(crate) entity_id: String,
    /// Our assertion consumer service (reply URL), to be entered at the identity provider.
    pub(crate) acs_url: String,
    /// The pinned certificates.
    pub(crate) certificates: Vec<CertificateOut>,
}

impl SamlOut {
    pub(crate) fn of(connection: &Connection, public_url: &str) -> Result<Self, AppError> {
        let Addresses { entity_id, acs } = Addresses::of(public_url, connection.id);
        Ok(Self { entity_id, acs_url: acs, certificates: Settings::of(connection)?.shown()? })
    }
}
