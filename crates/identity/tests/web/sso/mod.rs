//! Single sign-on by OpenID Connect: through the router, against a provider that can lie.

mod attacks;
mod connections;
mod discovery;
mod flow;
mod node;
mod pages;
mod real;
mod scene;
