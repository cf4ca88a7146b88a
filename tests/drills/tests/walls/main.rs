//! Walls: what strangers, other organisations, lesser roles and ended credentials get from every route, and what attackers try.
//!
//! The routes are those of the router itself ([`map`]), pages included: one that is added without a thought about who may call
//! it fails here until it is guarded or stands on a list with its reason.

mod api;
mod attacks;
mod audited;
mod furniture;
mod house;
mod map;
mod matrix;
mod redirects;
mod ssrf;
mod tenants;
mod visitors;
mod webhooks;
