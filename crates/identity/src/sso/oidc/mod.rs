//! OpenID Connect: we are the relying party (authorization code with PKCE).
//!
//! [`flow`] is the way there and back, [`provider`] what is asked of the provider itself, [`jws`] and [`id_token`] decide
//! whether its word can be trusted, [`check`] tells an administrator what is wrong. Rules: the issuer is compared as text; an
//! algorithm comes from our list, never from the token; whatever an organisation typed is called through [`provider::call`].

pub(crate) mod check;
pub(crate) mod flow;
mod id_token;
mod jws;
pub(crate) mod provider;
pub(crate) mod settings;
mod token;

use kernel::Kernel;
use kernel::ids::OrgId;
use serde::{Deserialize, Serialize};
use shell::AppError;
use utoipa::ToSchema;

pub(crate) use provider::Providers;

use super::Proof;
use crate::store::sso::connections::Connection;
use id_token::Claims;

/// Whose provider it is, where that changes what its claims mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Brand {
    /// Okta.
    Okta,
    /// Microsoft Entra: the account is (`tid`, `oid`).
    Entra,
    /// Google Workspace: `hd` must be the organisation's domain.
    Google,
    /// Any other.
    #[default]
    Other,
}

/// How the client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenAuth {
    /// By the `Authorization` header.
    ClientSecretBasic,
    /// In the form.
    ClientSecretPost,
}

/// What an OIDC connection needs besides its issuer and its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// The client's id at the provider.
    #[schema(example = "0oa1b2c3d4")]
    pub(crate) client_id: String,
    /// Whose provider it is.
    pub(crate) brand: Brand,
    /// How the secret is sent; absent, as the provider's discovery document prefers.
    pub(crate) token_auth: Option<TokenAuth>,
    /// Scopes besides `openid email profile`.
    pub(crate) scopes: Vec<String>,
    /// The claim with the person's groups; `groups` when empty.
    pub(crate) groups_claim: String,
    /// Google: the Workspace domain people must belong to.
    pub(crate) hosted_domain: String,
}

impl Settings {
    /// The settings of a connection.
    pub(crate) fn of(connection: &Connection) -> Result<Self, AppError> {
        serde_json::from_value(connection.settings.clone()).map_err(AppError::internal)
    }

    fn groups_claim(&self) -> &str {
        if self.groups_claim.is_empty() { "groups" } else { &self.groups_claim }
    }

    fn scope(&self) -> String {
        let mut scope = "openid email profile".to_owned();
        for more in &self.scopes {
            scope.push(' ');
            scope.push_str(more);
        }
        scope
    }
}

/// Where the provider sends people back to; to be registered there.
pub(crate) fn callback_url(public_url: &str, connection: kernel::ids::SsoId) -> String {
    format!("{public_url}/auth/oidc/{connection}/callback")
}

/// The client's secret in clear; empty for a client without one.
async fn secret(kernel: &Kernel, org: OrgId, connection: &Connection) -> Result<String, AppError> {
    let Some(sealed) = &connection.secret else { return Ok(String::new()) };
    let vault = kernel.vault.of(org).await?;
    let secret = vault.open_secret(&Connection::place(connection.id), sealed, connection.id, "sign_in")?;
    Ok(secret.reveal().to_owned())
}

/// Why a provider's word does not count; the text finishes "your provider's answer cannot be trusted: …".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Untrusted(&'static str);

/// What the claims say about a person, by the rules of the provider's brand.
fn proof(settings: &Settings, claims: &Claims) -> Result<Proof, Untrusted> {
    let text = |name: &str| claims.text(name).map(str::to_owned);
    let mut email = text("email");
    let subject = match settings.brand {
        Brand::Entra => {
            email = email.or_else(|| text("preferred_username").filter(|name| name.contains('@')));
            match (claims.text("tid"), claims.text("oid")) {
                (Some(tenant), Some(object)) if !tenant.is_empty() && !object.is_empty() => {
                    format!("{tenant}:{object}")
                }
                _ => return Err(Untrusted("it names no tenant and object (tid, oid), as Entra's tokens do")),
            }
        }
        Brand::Google if claims.text("hd") != Some(settings.hosted_domain.as_str()) => {
            return Err(Untrusted("the account is not of your Google Workspace domain (hd)"));
        }
        _ => claims.sub.clone(),
    };
    let full = [text("given_name"), text("family_name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Proof {
        subject,
        email,
        email_verified: claims.flag("email_verified"),
        name: text("name").or(Some(full)).filter(|name| !name.trim().is_empty()),
        groups: claims.list(settings.groups_claim()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "a test reads better with its `json!` in place")]
    fn claims(more: Value) -> Claims {
        let mut all = json!({ "iss": "i", "sub": "s", "aud": "c", "exp": 1, "iat": 1 });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn entra_accounts_are_tenant_and_object() {
        let settings = Settings { brand: Brand::Entra, ..Settings::default() };
        let read =
            proof(&settings, &claims(json!({ "tid": "t", "oid": "o", "preferred_username": "a@b.example" }))).unwrap();
        assert_eq!((read.subject.as_str(), read.email.as_deref()), ("t:o", Some("a@b.example")));
        for lacking in [
            json!({ "tid": "t" }),
            json!({ "oid": "o" }),
            json!({ "tid": "", "oid": "o" }),
            json!({ "tid": 1, "oid": "o" }),
        ] {
            assert!(proof(&settings, &claims(lacking)).is_err());
        }
    }

    #[test]
    fn a_google_account_is_of_the_workspace_domain() {
        let settings = Settings { brand: Brand::Google, hosted_domain: "acme.example".into(), ..Settings::default() };
        assert_eq!(proof(&settings, &claims(json!({ "hd": "acme.example" }))).unwrap().subject, "s");
        for other in [json!({}), json!({ "hd": "evil.example" }), json!({ "hd": ["acme.example"] })] {
            assert!(proof(&settings, &claims(other)).is_err());
        }
    }

    #[test]
    fn names_groups_and_verification_are_read_in_the_shapes_that_providers_send() {
        let settings = Settings { groups_claim: "roles".into(), ..Settings::default() };
        let all = json!({ "given_name": "Nia", "family_name": "Ro", "roles": "one", "groups": ["x"], "email_verified": "false" });
        let read = proof(&settings, &claims(all)).unwrap();
        assert_eq!(read.name.as_deref(), Some("Nia Ro"));
        assert_eq!((read.groups, read.email_verified), (vec!["one".to_owned()], Some(false)));
        let read =
            proof(&Settings::default(), &claims(json!({ "groups": ["a", 1, "b"], "email_verified": true }))).unwrap();
        assert_eq!((read.groups, read.email_verified, read.name), (vec!["a".into(), "b".into()], Some(true), None));
    }
}
