//! The OpenAI wire format, without a network: events however they are cut, failures told apart, vectors both ways.

#[path = "openai/chat.rs"]
mod chat;
#[path = "openai/embeddings.rs"]
mod embeddings;
#[path = "openai/failure.rs"]
mod failure;
#[path = "openai/limits.rs"]
mod limits;
#[path = "openai/sse.rs"]
mod sse;
#[path = "openai/stream.rs"]
mod stream;
