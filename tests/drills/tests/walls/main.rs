//! Walls: what strangers, other organisations and lesser roles get from every route, and what bad deliveries do.

mod api;
mod audited;
mod routes;
mod webhooks;
