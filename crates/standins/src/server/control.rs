//! The part of `/_control/…` that every stand-in has: faults, clock, log, counters, delivery manners.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Standin;
use super::faults::Rule;
use crate::delivery::Manners;

pub(super) fn routes<S: Standin>(system: Arc<S>) -> Router {
    Router::new()
        .route("/_control/faults", get(faults::<S>).post(add_fault::<S>).delete(clear_faults::<S>))
        .route("/_control/clock", get(clock::<S>).post(advance::<S>))
        .route("/_control/requests", get(requests::<S>))
        .route("/_control/counters", get(counters::<S>))
        .route("/_control/manners", get(manners::<S>).put(set_manners::<S>))
        .route("/_control/deliveries", get(deliveries::<S>))
        .route("/_control/quiet", post(quiet::<S>))
        .with_state(system)
}

async fn faults<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!({ "data": system.shared().faults.all() }))
}

async fn add_fault<S: Standin>(State(system): State<Arc<S>>, Json(rule): Json<Rule>) -> Json<Value> {
    Json(json!({ "id": system.shared().faults.add(rule) }))
}

async fn clear_faults<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    system.shared().faults.clear();
    Json(json!({ "success": true }))
}

async fn clock<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!({ "now_ms": system.shared().clock.now_ms() }))
}

#[derive(Deserialize)]
struct Advance {
    seconds: i64,
}

async fn advance<S: Standin>(State(system): State<Arc<S>>, Json(by): Json<Advance>) -> Json<Value> {
    let clock = &system.shared().clock;
    clock.advance(chrono::Duration::seconds(by.seconds));
    Json(json!({ "now_ms": clock.now_ms() }))
}

async fn requests<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!({ "data": system.shared().log.all() }))
}

async fn counters<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!(system.shared().counters()))
}

async fn manners<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!(system.courier().map(crate::delivery::Courier::manners)))
}

async fn set_manners<S: Standin>(State(system): State<Arc<S>>, Json(wanted): Json<Manners>) -> Json<Value> {
    if let Some(courier) = system.courier() {
        courier.change_manners(|manners| *manners = wanted);
    }
    manners(State(system)).await
}

async fn deliveries<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    Json(json!({ "data": system.courier().map(crate::delivery::Courier::attempts) }))
}

async fn quiet<S: Standin>(State(system): State<Arc<S>>) -> Json<Value> {
    if let Some(courier) = system.courier() {
        courier.quiet().await;
    }
    Json(json!({ "quiet": true }))
}
