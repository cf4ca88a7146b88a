//! Everything that must come in comes in, and everything that must not says exactly why.

mod canonical;
mod certificate;
mod metadata;
mod profile;
mod request;
mod response;
mod signature;
mod support;
mod wrapping;
mod xml;
