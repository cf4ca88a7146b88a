//! The outermost layers, in the order a request meets them: context, security headers, compression, error bodies,
//! panics, time limit. [`crate::assemble()`] puts them together. Webhooks have one layer of their own, [`Platforms`].

mod context;
mod panics;
mod platforms;
mod render_errors;
mod request_info;
mod scim;
mod security;
mod timeout;

pub(crate) use context::context;
pub(crate) use panics::catch;
pub(crate) use platforms::Platforms;
pub use render_errors::NoAddress;
pub(crate) use render_errors::render_errors;
pub use request_info::RequestInfo;
pub(crate) use request_info::for_scim;
pub use security::policy_with;
pub(crate) use security::security_headers;
pub(crate) use timeout::time_limit;
