//! Who is asking, and what they may do.
//!
//! Rules: a handler states its permission in its signature (`by: Allowed<Reply>`); holding the value is the permission,
//! there is no check inside the body. The shell only reads credentials; the identity room knows what they mean
//! ([`Authenticator`]).

mod allowed;
pub(crate) mod cookies;
pub(crate) mod credential;
pub(crate) mod csrf;
pub(crate) mod identify;
pub mod permission;
mod principal;

pub use allowed::{Allowed, FRESH, MaybeSignedIn};
pub use cookies::{clear_session_cookie, locked_cookie, read_cookie, session_cookie};
pub use credential::Credential;
pub use csrf::token_for_session;
pub use permission::{Permission, Permissions, Permits, Role};
pub use principal::{Plan, Principal};

use async_trait::async_trait;
use kernel::db::Caller;

use crate::AppError;

/// Turns a credential into a principal. The identity room implements it; `recoup` wires it.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// `None` when the credential is unknown, expired or revoked: the client then learns 401 and no more. [`AppError::Forbidden`]
    /// when it is good and may not be used from this address: a key or an organisation can be kept to networks.
    async fn authenticate(&self, credential: Credential<'_>, from: &Caller) -> Result<Option<Principal>, AppError>;
}
