//! The identity room through the router, on a real database.

mod audit;
mod authenticator;
mod door;
mod factors;
mod invites;
mod keys;
mod members;
mod pages;
mod passkeys;
mod refresh;
mod register;
mod routes;
mod security;
mod sessions;
mod support;
mod suspension;
mod teams;
mod verify;
