//! OAuth with all four systems: consent, exchange, refresh, expiry, and what is refused.

use std::collections::HashMap;

use serde_json::{Value, json};
use standins::sign;

use crate::{PAGE, answer, get, http, post, world};

const BACK: &str = "http://127.0.0.1/back";

/// Consents and gives the code that came back beside the state.
async fn consent(url: &str, ask: &[(&str, &str)]) -> String {
    let response = http().get(url).query(ask).query(&[("redirect_uri", BACK), ("state", "s 1")]).send().await.unwrap();
    assert_eq!(response.status(), 302);
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(BACK) && to.contains("state=s%201"), "{to}");
    let (_, code) = to.split_once("code=").unwrap();
    code.split('&').next().unwrap().to_owned()
}

async fn form(url: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
    let pairs: HashMap<&str, &str> = pairs.iter().copied().collect();
    answer(http().post(url).form(&pairs)).await
}

#[tokio::test]
async fn facebook_gives_short_long_and_page_tokens() {
    let world = world().await;
    let base = world.meta.base_url();
    let app = [("client_id", "263902037430900"), ("client_secret", "standin_meta_app_secret"), ("redirect_uri", BACK)];
    let code = consent(
        &format!("{base}/v25.0/dialog/oauth"),
        &[("client_id", "263902037430900"), ("scope", "pages_messaging")],
    )
    .await;
    let exchange = |code: String| {
        answer(http().get(format!("{base}/v25.0/oauth/access_token")).query(&app).query(&[("code", code)]))
    };
    let (status, short) = exchange(code.clone()).await;
    assert_eq!((status, &short["token_type"]), (200, &json!("bearer")));
    assert_eq!(exchange(code).await.1["error"]["code"], 100, "a code works once");
    let short = short["access_token"].as_str().unwrap();
    let long = answer(
        http()
            .get(format!("{base}/v25.0/oauth/access_token"))
            .query(&app)
            .query(&[("grant_type", "fb_exchange_token"), ("fb_exchange_token", short)]),
    )
    .await
    .1;
    assert_eq!(long["expires_in"], 5_183_944);
    let long = long["access_token"].as_str().unwrap();
    let pages =
        get(&format!("{base}/v25.0/me/accounts?fields=name,access_token,tasks,instagram_business_account"), long)
            .await
            .1;
    assert_eq!((&pages["data"][0]["id"], &pages["data"][0]["access_token"]), (&json!(PAGE), &json!(crate::PAGE_TOKEN)));
    assert_eq!(pages["data"][0]["instagram_business_account"]["id"], crate::INSTAGRAM);
    world.meta.advance(chrono::Duration::days(61));
    let ended = get(&format!("{base}/v25.0/me/accounts"), long).await.1;
    assert_eq!((&ended["error"]["code"], &ended["error"]["error_subcode"]), (&json!(190), &json!(463)));
    let debug = answer(
        http()
            .get(format!("{base}/debug_token"))
            .query(&[("input_token", long), ("access_token", "263902037430900|standin_meta_app_secret")]),
    )
    .await
    .1;
    assert_eq!(debug["data"]["is_valid"], false);
}

#[tokio::test]
async fn instagram_login_exchanges_and_refreshes_after_a_day() {
    let world = world().await;
    let base = world.meta.base_url();
    let code =
        consent(&format!("{base}/oauth/authorize"), &[("client_id", "263902037430900"), ("response_type", "code")])
            .await;
    let body = [
        ("client_id", "263902037430900"),
        ("client_secret", "standin_meta_app_secret"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", BACK),
        ("code", &code),
    ];
    let short = form(&format!("{base}/oauth/access_token"), &body).await.1;
    assert_eq!(short["user_id"], crate::INSTAGRAM);
    let short = short["access_token"].as_str().unwrap().to_owned();
    let long = answer(http().get(format!("{base}/access_token")).query(&[
        ("grant_type", "ig_exchange_token"),
        ("client_secret", "standin_meta_app_secret"),
        ("access_token", &short),
    ]))
    .await
    .1;
    let long = long["access_token"].as_str().unwrap().to_owned();
    let refresh = || {
        answer(
            http()
                .get(format!("{base}/refresh_access_token"))
                .query(&[("grant_type", "ig_refresh_token"), ("access_token", &long)]),
        )
    };
    assert_eq!(refresh().await.0, 400, "too young");
    world.meta.advance(chrono::Duration::hours(25));
    let (status, fresh) = refresh().await;
    assert_eq!(status, 200);
    let me = get(&format!("{base}/v25.0/me?fields=id,username"), fresh["access_token"].as_str().unwrap()).await.1;
    assert_eq!(me["username"], "northwind.dental");
}

#[tokio::test]
async fn the_app_sets_its_webhook_by_the_api() {
    let world = world().await;
    let receiver = crate::receiver::Receiver::start().await;
    let url = format!("{}/v25.0/263902037430900/subscriptions", world.meta.base_url());
    let app = "263902037430900|standin_meta_app_secret";
    let body = |token: &str| json!({ "object": "page", "callback_url": receiver.url, "verify_token": token, "fields": "messages" });
    assert_eq!(post(&url, crate::PAGE_TOKEN, &body("verify-me")).await.0, 403);
    assert_eq!(post(&url, app, &body("wrong")).await.1["error"]["code"], 2200);
    assert_eq!(post(&url, app, &body("verify-me")).await.1, json!({ "success": true }));
}

#[tokio::test]
async fn x_wants_the_verifier_and_rotates_refresh_tokens() {
    let world = world().await;
    let base = world.x.base_url();
    let verifier = "a-verifier-of-more-than-forty-three-characters-1234";
    let challenge = sign::pkce(verifier);
    let ask = [
        ("response_type", "code"),
        ("client_id", "standin_x_client"),
        ("scope", "dm.read dm.write tweet.read users.read offline.access"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let token = |body: Vec<(&'static str, String)>| {
        let body: HashMap<&str, String> = body.into_iter().collect();
        answer(
            http()
                .post(format!("{base}/2/oauth2/token"))
                .basic_auth("standin_x_client", Some("standin_x_client_secret"))
                .form(&body),
        )
    };
    let redeem = |code: String, verifier: &str| {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", BACK.to_owned()),
            ("code_verifier", verifier.to_owned()),
        ]
    };
    let authorize = format!("{base}/i/oauth2/authorize");
    assert_eq!(token(redeem(consent(&authorize, &ask).await, "another")).await.0, 400);
    let late = consent(&authorize, &ask).await;
    world.x.advance(chrono::Duration::seconds(31));
    assert_eq!(token(redeem(late, verifier)).await.0, 400, "a code lives thirty seconds");
    let (status, first) = token(redeem(consent(&authorize, &ask).await, verifier)).await;
    assert_eq!((status, &first["expires_in"]), (200, &json!(7200)));
    let refresh = |of: &Value| {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", of["refresh_token"].as_str().unwrap().to_owned()),
        ]
    };
    let (status, second) = token(refresh(&first)).await;
    assert_eq!(status, 200);
    assert_eq!(token(refresh(&first)).await.0, 400, "a refresh token works once");
    let me = get(&format!("{base}/2/users/me"), second["access_token"].as_str().unwrap()).await;
    assert_eq!((me.0, &me.1["data"]["username"]), (200, &json!("northwinddental")));
    world.x.advance(chrono::Duration::hours(2));
    assert_eq!(get(&format!("{base}/2/users/me"), second["access_token"].as_str().unwrap()).await.0, 401);
}

#[tokio::test]
async fn x_gives_the_app_its_own_token() {
    let world = world().await;
    let url = format!("{}/oauth2/token", world.x.base_url());
    let ask = |secret: &'static str| {
        answer(
            http()
                .post(&url)
                .basic_auth("standin_x_consumer_key", Some(secret))
                .form(&[("grant_type", "client_credentials")]),
        )
    };
    assert_eq!(ask("standin_x_consumer_secret").await.1["access_token"], "AAAASTANDINAPPONLYBEARER");
    assert_eq!(ask("wrong").await.0, 403);
}

#[tokio::test]
async fn hubspot_tokens_end_and_know_their_scopes() {
    let world = world().await;
    let base = world.hubspot.base_url();
    let client = [("client_id", "standin-hubspot-client"), ("client_secret", "standin-hubspot-secret")];
    let code = consent(
        &format!("{base}/oauth/authorize"),
        &[("client_id", "standin-hubspot-client"), ("scope", "oauth crm.objects.contacts.read")],
    )
    .await;
    let url = format!("{base}/oauth/v3/token");
    let (status, token) = form(
        &url,
        &[client[0], client[1], ("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code", &code)],
    )
    .await;
    assert_eq!((status, &token["expires_in"], &token["hub_id"]), (200, &json!(1800), &json!(33_000_001)));
    let access = token["access_token"].as_str().unwrap();
    let contacts = format!("{base}/crm/v3/objects/contacts");
    assert_eq!(get(&contacts, access).await.0, 200);
    assert_eq!(post(&contacts, access, &json!({ "properties": {} })).await.1["category"], "MISSING_SCOPES");
    let described = answer(http().get(format!("{base}/oauth/v1/access-tokens/{access}"))).await.1;
    assert_eq!(described["scopes"], json!(["oauth", "crm.objects.contacts.read"]));
    world.hubspot.advance(chrono::Duration::seconds(1801));
    assert_eq!(get(&contacts, access).await.1["category"], "EXPIRED_AUTHENTICATION");
    let refresh = token["refresh_token"].as_str().unwrap();
    let fresh =
        form(&url, &[client[0], client[1], ("grant_type", "refresh_token"), ("refresh_token", refresh)]).await.1;
    assert_eq!(get(&contacts, fresh["access_token"].as_str().unwrap()).await.0, 200);
    assert_eq!(get(&contacts, "nonsense").await.1["category"], "INVALID_AUTHENTICATION");
    assert_eq!(
        form(
            &url,
            &[client[0], ("client_secret", "wrong"), ("grant_type", "refresh_token"), ("refresh_token", refresh)]
        )
        .await
        .0,
        400
    );
}
