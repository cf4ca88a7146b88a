//! The identity room through the router, on a real database.

mod audit;
mod door;
mod invites;
mod keys;
mod members;
mod own_sessions;
mod pages;
mod policy;
mod profile;
mod refresh;
mod register;
mod reset;
mod routes;
mod sessions;
mod support;
mod suspension;
mod teams;
