//! An OpenAI-compatible endpoint that "thinks" from its input alone: it quotes what it was given, fills schemas from
//! their own words, and calls a tool when the question names it. The same request gives the same answer, and no
//! answer can be right unless the right things were sent.
//!
//! A newcomer's mistake: reading an answer as intelligence. It proves what reached the model, nothing more.

mod auth;
mod chat;
mod config;
mod embeddings;
mod errors;
mod moderation;
mod schema;
mod stream;
mod think;
mod tools;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

pub use config::{OpenAiConfig, OpenAiLimits};
pub use errors::ApiError;

use crate::delivery::Courier;
use crate::server::meter::FixedMeter;
use crate::server::{Handle, Shared, Standin};

/// The endpoint's world.
pub struct OpenAi {
    /// How it was set up.
    pub config: OpenAiConfig,
    shared: Arc<Shared>,
    meter: Mutex<FixedMeter>,
}

impl Standin for OpenAi {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl OpenAi {
    /// Starts an endpoint on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: OpenAiConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("openai", config.seed, errors::wording);
        let openai = Arc::new(Self { config, shared, meter: Mutex::default() });
        Handle::start(bind, Arc::clone(&openai), routes(openai)).await
    }
}

fn routes(openai: Arc<OpenAi>) -> Router {
    let api = Router::new()
        .route("/chat/completions", post(chat::create))
        .route("/embeddings", post(embeddings::create))
        .route("/moderations", post(moderation::create))
        .route("/models", get(models))
        .route("/models/{model}", get(model));
    Router::new().nest("/v1", api).with_state(openai)
}

async fn models(State(openai): State<Arc<OpenAi>>, _call: auth::Call) -> Json<Value> {
    let data: Vec<Value> =
        openai.config.chat_models.iter().chain(&openai.config.embedding_models).map(|id| shown(id)).collect();
    Json(json!({ "object": "list", "data": data }))
}

async fn model(
    State(openai): State<Arc<OpenAi>>,
    Path(id): Path<String>,
    _call: auth::Call,
) -> Result<Json<Value>, ApiError> {
    let known = openai.config.chat_models.iter().chain(&openai.config.embedding_models).any(|known| *known == id);
    if known { Ok(Json(shown(&id))) } else { Err(ApiError::no_model(&id)) }
}

fn shown(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "standin" })
}
