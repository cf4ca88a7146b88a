//! The identity room through the router, on a real database.

mod audit;
mod door;
mod import;
mod invites;
mod keys;
mod letters;
mod members;
mod organisation;
mod pages;
mod privacy;
mod refresh;
mod register;
mod roles;
mod routes;
mod saml;
mod scim;
mod sessions;
mod speed;
mod sso;
mod support;
mod suspension;
mod teams;
