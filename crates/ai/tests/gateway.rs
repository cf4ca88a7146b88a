//! The model gateway on a real database, with the stand-in as its providers.

#[path = "gateway/budget.rs"]
mod budget;
#[path = "gateway/embed.rs"]
mod embed;
#[path = "gateway/fallback.rs"]
mod fallback;
#[path = "gateway/reply.rs"]
mod reply;
#[path = "gateway/stream.rs"]
mod stream;
#[path = "gateway/structured.rs"]
mod structured;
#[path = "gateway/world.rs"]
mod world;
