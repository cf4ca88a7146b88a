//! Connecting by consent: the state, the tokens, their renewal, and what a refused one comes to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};
use shell::Role;

use super::support::House;

#[derive(Default)]
struct World {
    gone: bool,
    exchanged: u64,
}

type Shared = Arc<Mutex<World>>;

async fn token(State(world): State<Shared>, body: String) -> Response {
    let mut world = world.lock().expect("the world");
    if world.gone {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": "invalid_grant"}))).into_response();
    }
    world.exchanged += 1;
    assert!(body.contains("client-secret-of-ours"), "the app proves itself");
    let n = world.exchanged;
    axum::Json(json!({"access_token": format!("at-{n}"), "refresh_token": format!("rt-{n}"), "expires_in": 1, "merchant_id": "M1"})).into_response()
}

async fn serve() -> (String, Shared) {
    let world = Shared::default();
    // Everything but the token endpoint says that the token ended.
    let router = Router::new()
        .route("/oauth2/token", post(token))
        .route(
            "/{*rest}",
            any(|| async { (StatusCode::UNAUTHORIZED, axum::Json(json!({"errors": [{"code": "UNAUTHORIZED"}]}))) }),
        )
        .with_state(world.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, world)
}

async fn house(address: &str) -> (House, Value) {
    let base = address.to_owned();
    let house = House::with(|config| {
        config.connectors.square.base_url = Some(base);
        config.connectors.square.client_id = "our-app".into();
        config.connectors.square.client_secret = kernel::config::Secret::new("client-secret-of-ours");
    })
    .await;
    let made = house.connect(&json!({"kind": "square"})).await;
    assert_eq!(made["state"], "reconnect", "it waits for the consent");
    (house, made)
}

async fn state(house: &House, made: &Value) -> String {
    let path = format!("/ingestion/connections/{}/consent", made["id"].as_str().expect("an id"));
    let away = house.web.browse(&house.admin, &path).await;
    assert_eq!(away.status, 303, "{}", away.text);
    let address = away.header("location").to_owned();
    assert!(address.contains("client_id=our-app") && !address.contains("client-secret"), "{address}");
    address.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state").to_owned()
}

#[tokio::test]
async fn a_state_is_good_once_in_the_session_that_began_it() {
    let (address, world) = serve().await;
    let (house, made) = house(&address).await;
    let given = state(&house, &made).await;
    let back = format!("/ingestion/consent?state={given}&code=abc&response_type=code");
    let colleague = house.web.token(house.org, Role::Admin);
    let stolen = house.web.browse(&colleague, &back).await;
    assert_eq!((stolen.status, stolen.header("location")), (303, "/ingestion"), "another session's");
    assert_eq!(world.lock().expect("the world").exchanged, 0);
    assert_eq!(house.web.browse(&house.admin, &back).await.header("location"), "/ingestion", "and it is burnt");
    let declined = format!("/ingestion/consent?state={}&error=access_denied", state(&house, &made).await);
    let page = format!("/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    assert_eq!(house.web.browse(&house.admin, &declined).await.header("location"), page);
    house.kernel().clock.advance(chrono::Duration::minutes(1));
    let old = format!("/ingestion/consent?state={}&code=abc", state(&house, &made).await);
    house.kernel().clock.advance(chrono::Duration::minutes(11));
    assert_eq!(house.web.browse(&house.admin, &old).await.header("location"), "/ingestion", "older than ten minutes");
    assert_eq!(world.lock().expect("the world").exchanged, 0);
}

#[tokio::test]
async fn a_refused_renewal_asks_a_person_to_connect_again_and_keeps_the_cursor() {
    let (address, world) = serve().await;
    let (house, made) = house(&address).await;
    let back = format!("/ingestion/consent?state={}&code=abc", state(&house, &made).await);
    house.web.browse(&house.admin, &back).await;
    assert!(world.lock().expect("the world").exchanged >= 1, "the code was exchanged");
    let sealed: Vec<u8> = sqlx::query_scalar("select sealed from connections")
        .fetch_one(&mut house.web.db.owner().await)
        .await
        .expect("sealed");
    assert!(!String::from_utf8_lossy(&sealed).contains("at-1"));
    // As if it had been read before, and the permission was taken away meanwhile.
    let mut owner = house.web.db.owner().await;
    sqlx::query("update connections set state = 'connected'").execute(&mut owner).await.expect("updated");
    sqlx::query("insert into intake_cursors (org_id, connection_id, stream, cursor, read_at) select org_id, id, 'payments', '{\"at\": 7}', now() from connections")
        .execute(&mut owner)
        .await
        .expect("a cursor");
    world.lock().expect("the world").gone = true;
    house.kernel().clock.advance(chrono::Duration::hours(1));
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    let failed = house.status(&job).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["error"].as_str().expect("a reason").contains("connect again"), "{failed}");
    let page = format!("/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    let shown = house.web.browse(&house.admin, &page).await;
    assert!(shown.text.contains("connect again") && shown.text.contains("/consent"), "{}", shown.text);
    assert_eq!(
        house.count("select count(*) from intake_cursors where cursor = '{\"at\": 7}'").await,
        1,
        "the cursor stays"
    );
}
