//! The intake through the router, on a real database.

mod consent;
mod csv;
mod drops;
mod notices;
mod pages;
mod push;
mod rest;
mod support;
mod webhook;
