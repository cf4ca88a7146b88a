//! The identity room through the router, on a real database.

mod audit;
mod chain;
mod door;
mod invites;
mod keys;
mod members;
mod pages;
mod refresh;
mod register;
mod routes;
mod sessions;
mod support;
mod suspension;
mod teams;
