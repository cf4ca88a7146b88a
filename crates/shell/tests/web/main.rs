//! Every rule of the edge, through the router, with a room made for the purpose.

mod assets;
mod csrf;
mod edge;
mod idempotency;
mod input;
mod limits;
mod live;
mod openapi;
mod pages;
mod permission;
mod sample;
