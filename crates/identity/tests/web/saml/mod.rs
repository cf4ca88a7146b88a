//! Single sign-on by SAML: through the router, against an identity provider that signs whatever it is told to sign, and
//! against one that is not ours.

mod attacks;
mod flow;
#[path = "../../../../saml/tests/saml/support.rs"]
#[expect(dead_code, reason = "the tests of the crate use all of it")]
mod idp;
mod pages;
mod program;
mod real;
mod scene;
mod setup;
