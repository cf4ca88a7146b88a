//! A room that does what the rules are about, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use askama::Template;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Router, body::Bytes};
use kernel::ids::LeadId;
use serde::{Deserialize, Serialize};
use shell::auth::permission::{Billing, Reply, View};
use shell::testing::TestWeb;
use shell::{
    Allowed, App, AppError, Form, Frame, Json, Listed, NavItem, Page, PageParams, Patch, Path, Permission, Query, Room,
    Settings, Toast,
};
use tokio::sync::Notify;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The room's state: what a real room looks like, with a counter of effects and a gate to hold one open.
#[derive(Clone, FromRef)]
pub struct Sample {
    app: App,
    effects: Arc<AtomicU32>,
    gate: Arc<Notify>,
}

impl Sample {
    pub fn effects(&self) -> u32 {
        self.effects.load(Ordering::SeqCst)
    }

    pub fn open_gate(&self) {
        self.gate.notify_waiters();
    }
}

pub async fn web() -> (TestWeb, Sample) {
    web_with(Settings::default()).await
}

pub async fn web_with(settings: Settings) -> (TestWeb, Sample) {
    let mut made = None;
    let web = TestWeb::with(settings, |app| vec![room(app, &mut made)]).await;
    (web, made.expect("the room was made"))
}

pub fn room(app: &App, made: &mut Option<Sample>) -> Room {
    let state = Sample { app: app.clone(), effects: Arc::default(), gate: Arc::default() };
    *made = Some(state.clone());
    Room {
        api: OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, change))
            .routes(routes!(pay))
            .routes(routes!(sensitive))
            .routes(routes!(slow))
            .route("/v2/broken/panic", get(panics))
            .route("/v2/broken/row", get(no_row))
            .with_state(state.clone()),
        pages: Router::new()
            .route("/things", get(page).post(submit))
            .route("/things/broken", get(panics))
            .route("/things/size", post(|_: Allowed<View>, body: Bytes| async move { body.len().to_string() }))
            .route("/things/sensitive", get(sensitive).post(sensitive))
            .route("/open", get(|| async { Html("open to all") }).post(|| async { "posted" }))
            .with_state(state.clone()),
        webhooks: Router::new()
            .route("/webhooks/sample", post(receive))
            .route("/webhooks/broken", post(panics))
            .with_state(state),
        nav: vec![
            NavItem::main(1, "Things", "/things", "inbox").keys("g t"),
            NavItem::below(1, "Billing", "/billing", "circle-dollar-sign").only(Permission::Billing),
        ],
        ..Room::default()
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ThingIn {
    /// What it is called.
    #[schema(example = "Whitening")]
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ThingPatch {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
struct Filter {
    /// Only these tags.
    #[serde(default)]
    tag: Vec<String>,
}

/// Do something that needs a fresh proof.
#[utoipa::path(post, path = "/v2/sensitive", tag = "leads", responses((status = 204)))]
async fn sensitive(by: Allowed<View>) -> Result<StatusCode, AppError> {
    by.fresh()?;
    Ok(StatusCode::NO_CONTENT)
}

/// List things.
#[utoipa::path(get, path = "/v2/things", tag = "leads", params(PageParams, Filter), responses((status = 200, body = Listed<u32>)))]
async fn list(by: Allowed<View>, page: Page<u32>, Query(filter): Query<Filter>) -> Result<Json<Listed<u32>>, AppError> {
    let mut tx = by.tx().await?;
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(tx.conn()).await?;
    tx.commit().await?;
    let start = page.after.unwrap_or(0) + one as u32;
    let rows = (start..=5).take(page.fetch() as usize).filter(|_| filter.tag.len() < 9).collect();
    Ok(Json(Listed::new(&page, rows, |row| *row)?))
}

/// Make a thing.
#[utoipa::path(post, path = "/v2/things", tag = "leads", request_body = ThingIn, responses((status = 201, body = ThingIn)))]
async fn create(
    _by: Allowed<Reply>,
    State(effects): State<Arc<AtomicU32>>,
    Json(thing): Json<ThingIn>,
) -> Result<(StatusCode, Json<ThingIn>), AppError> {
    if thing.name == "taken" {
        return Err(AppError::conflict("there is one already"));
    }
    effects.fetch_add(1, Ordering::SeqCst);
    Ok((StatusCode::CREATED, Json(thing)))
}

/// Show a thing.
#[utoipa::path(get, path = "/v2/things/{id}", tag = "leads", params(("id" = LeadId, Path)), responses((status = 200)))]
async fn show(_by: Allowed<View>, Path(id): Path<LeadId>) -> Result<Json<LeadId>, AppError> {
    Ok(Json(id))
}

/// Change a thing.
#[utoipa::path(patch, path = "/v2/things/{id}", tag = "leads", params(("id" = LeadId, Path)), request_body = ThingPatch, responses((status = 200)))]
async fn change(_by: Allowed<Reply>, Path(_id): Path<LeadId>, Json(patch): Json<ThingPatch>) -> Json<Option<String>> {
    Json(patch.name.or(Some("stored".to_owned())))
}

/// Pay.
#[utoipa::path(post, path = "/v2/bill", tag = "billing", responses((status = 204)))]
async fn pay(_by: Allowed<Billing>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Waits for the gate.
#[utoipa::path(post, path = "/v2/slow", tag = "leads", responses((status = 200)))]
async fn slow(
    _by: Allowed<Reply>,
    State(gate): State<Arc<Notify>>,
    State(effects): State<Arc<AtomicU32>>,
) -> StatusCode {
    let opened = gate.notified();
    effects.fetch_add(1, Ordering::SeqCst);
    opened.await;
    StatusCode::OK
}

async fn panics() -> StatusCode {
    panic!("secret inside")
}

async fn no_row(by: Allowed<View>) -> Result<StatusCode, AppError> {
    let mut tx = by.tx().await?;
    sqlx::query("select 1 where false").fetch_one(tx.conn()).await?;
    Ok(StatusCode::OK)
}

#[derive(Template)]
#[template(
    source = r#"{% extends "shell/frame.html" %}{% block content %}<p>{{ ui::tag("HOT") }}</p>{% endblock %}"#,
    ext = "html"
)]
struct ThingsPage {
    frame: Frame,
}

async fn page(by: Allowed<View>) -> Result<Html<String>, AppError> {
    shell::show(&ThingsPage { frame: by.frame("Things") })
}

async fn submit(_by: Allowed<Reply>, Form(thing): Form<ThingIn>) -> Result<impl IntoResponse, AppError> {
    if thing.name.is_empty() {
        return Err(AppError::field("name", "is required"));
    }
    Ok((Toast::done(format!("Made “{}”", thing.name)).undo_by_delete("/things/1"), Html("<li>made</li>")))
}

async fn receive(body: Bytes) -> String {
    body.len().to_string()
}
