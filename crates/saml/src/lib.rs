//! SAML 2.0 for a service provider: the request that starts a sign-in, the response that ends it, metadata both ways.
//!
//! Pure functions: nothing here reads a clock, a file or the network, and nothing is remembered. Whoever calls keeps the
//! requests that are outstanding and the assertions that were used.
//!
//! Rules a newcomer would break:
//! - What a response says is read only from the bytes that a pinned key has signed, canonicalised and parsed again
//!   ([`signature`]); never from the document that arrived.
//! - One parser for everything ([`xml`]). A second one would see another document.
//! - Whom to trust is what the organisation pinned. `KeyInfo` in a message is at most a hint for an error message.

mod certificate;
mod metadata;
mod names;
mod profile;
mod refusal;
mod request;
mod response;
pub mod signature;
mod time;
pub mod xml;

pub use certificate::{BadCertificate, Certificate};
pub use metadata::{IdentityProvider, MAX_METADATA, MetadataError, ServiceProvider};
pub use names::NAME_ID_EMAIL;
pub use profile::{Mapping, Profile};
pub use refusal::Refusal;
pub use request::AuthnRequest;
pub use response::{Attribute, Expected, MAX_RESPONSE, NameId, SignIn, Signed, read_response};
