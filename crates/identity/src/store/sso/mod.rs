//! Single sign-on: connections, domains, links, people on their way.

pub(crate) mod assertions;
pub(crate) mod attempts;
pub(crate) mod connections;
pub(crate) mod domains;
pub(crate) mod links;
pub(crate) mod only;
