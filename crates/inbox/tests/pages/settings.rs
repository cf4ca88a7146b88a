use axum::http::Method;
use shell::Role;

use crate::support::{House, shows};

#[tokio::test]
async fn the_voice_and_the_automatic_answers_are_saved_from_their_forms() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    shows(
        &house.web.browse(&owner, "/agents").await,
        &["Automatic answers", "Brand voice", "value=\"40\"", "WhatsApp"],
    );
    let form = "business_name=Northwind&tone=concise&style=Short.&guidelines=Never+promise.&emoji=true&max_length=400&languages=en%2C+de&sign_off=";
    let saved = house.web.submit(&owner, Method::POST, "/agents/voice", form).await;
    shows(&saved, &["value=\"concise\" selected", "value=\"en, de\""]);
    let voice = house.web.get(&owner, "/v2/settings/brand-voice").await.json();
    assert_eq!(
        (voice["tone"].as_str(), voice["max_length"].as_u64(), voice["emoji"].as_bool()),
        (Some("concise"), Some(400), Some(true)),
        "{voice}"
    );
    let form = "enabled=true&sure=55&is_quiet=true&from=21%3A00&to=08%3A00&time_zone=Europe%2FBerlin&channels=facebook&channels=x";
    shows(&house.web.submit(&owner, Method::POST, "/agents/replies", form).await, &["Europe/Berlin", "value=\"55\""]);
    let replies = house.web.get(&owner, "/v2/settings/auto-reply").await.json();
    assert_eq!(replies["channels"], serde_json::json!(["facebook", "x"]));
    assert_eq!(replies["quiet_hours"]["time_zone"], "Europe/Berlin");
}

#[tokio::test]
async fn the_audit_log_tells_what_a_setting_was_and_what_it_became() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    for (enabled, channels) in [(true, vec!["facebook"]), (false, vec!["facebook", "x"])] {
        let body = serde_json::json!({ "enabled": enabled, "channels": channels });
        let saved = house.web.call(&owner, Method::PUT, "/v2/settings/auto-reply", Some(&body)).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
    }
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select subject, before, after from audit_log where action = 'settings.changed' order by seq")
            .fetch_all(&mut house.web.db.owner().await)
            .await
            .expect("rows");
    let [first, second] = rows.as_slice() else { panic!("{rows:?}") };
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(first.0, "auto_reply");
    assert_eq!(
        (json(&first.1)["channels"].clone(), json(&first.2)["channels"].clone()),
        (json("null"), json("[\"facebook\"]"))
    );
    assert_eq!(json(&second.1), json("{\"enabled\":true,\"channels\":[\"facebook\"]}"), "only what was changed");
    assert_eq!(json(&second.2), json("{\"enabled\":false,\"channels\":[\"facebook\",\"x\"]}"));
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_is_not_saved() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    let form = "business_name=&tone=friendly&style=&guidelines=&max_length=10&languages=&sign_off=";
    shows(
        &house.web.submit(&owner, Method::POST, "/agents/voice", form).await,
        &["must lie between 80 and 4,000", "aria-invalid"],
    );
    let form = "sure=50&is_quiet=true&from=21%3A00&to=08%3A00&time_zone=Mars%2FBase";
    shows(&house.web.submit(&owner, Method::POST, "/agents/replies", form).await, &["field-error", "Europe/Berlin"]);
    assert_eq!(house.web.get(&owner, "/v2/settings/auto-reply").await.json()["enabled"], true);
}

#[tokio::test]
async fn a_channel_is_connected_with_a_token_listed_and_let_go() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    shows(&house.web.browse(&owner, "/settings/channels").await, &["No channel yet", "Connect an account"]);
    let form =
        "kind=whatsapp&name=Front+desk&platform_account_id=15550100&access_token=a-secret-token&access_token_secret=";
    let connected = house.web.submit(&owner, Method::POST, "/settings/channels", form).await;
    shows(&connected, &["Front desk", "connected", "15550100"]);
    assert!(!connected.text.contains("a-secret-token"), "a token is never shown again");
    let refused = house
        .web
        .submit(
            &owner,
            Method::POST,
            "/settings/channels",
            "kind=x&name=&platform_account_id=1&access_token=t&access_token_secret=",
        )
        .await;
    shows(&refused, &["field-error", "value=\"x\" selected"]);
    let id = house.web.get(&owner, "/v2/channels").await.json()["data"][0]["id"].as_str().expect("an id").to_owned();
    let theirs = house.web.token(house.web.org("Theirs").await, Role::Owner);
    assert_eq!(house.web.submit(&theirs, Method::DELETE, &format!("/settings/channels/{id}"), "").await.status, 404);
    shows(
        &house.web.submit(&owner, Method::DELETE, &format!("/settings/channels/{id}"), "").await,
        &["No channel yet"],
    );
}

#[tokio::test]
async fn agents_and_viewers_do_not_change_how_it_works() {
    let house = House::new().await;
    for role in [Role::Agent, Role::Viewer, Role::Analyst] {
        let token = house.token(role);
        for path in ["/agents", "/settings/channels"] {
            assert_eq!(house.web.browse(&token, path).await.status, 403, "{role} {path}");
        }
        assert_eq!(
            house.web.submit(&token, Method::POST, "/agents/replies", "sure=1&from=&to=&time_zone=").await.status,
            403
        );
    }
}

#[tokio::test]
async fn every_platform_s_address_stands_on_the_webhooks_page_with_what_it_lacks() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    let page = house.web.browse(&owner, "/settings/webhooks").await;
    let url = "http://127.0.0.1:8080/webhooks/";
    shows(
        &page,
        &[
            &format!("{url}facebook"),
            &format!("{url}instagram"),
            &format!("{url}whatsapp"),
            &format!("{url}x"),
            "Nothing was delivered yet",
        ],
    );
    // Nothing is configured in a test: every receiver would refuse everything, and the page says what to set.
    shows(
        &page,
        &["refuses everything", "RECOUP__CONNECTORS__X__CONSUMER_SECRET is not set", "META__VERIFY_TOKEN is not set"],
    );
    assert_eq!(house.web.browse(&house.token(Role::Viewer), "/settings/webhooks").await.status, 403);
    house.conversation("Hello").await;
    let mut db = house.web.db.owner().await;
    for (number, outcome) in ["message", "message", "status"].into_iter().enumerate() {
        sqlx::query(
            "insert into receipts (org_id, id, channel_id, event_key, raw, outcome) select org_id, gen_random_uuid(), id, $1, '{}', $2 from channels",
        )
        .bind(number.to_string())
        .bind(outcome)
        .execute(&mut db)
        .await
        .expect("a receipt");
    }
    shows(&house.web.browse(&owner, "/settings/webhooks").await, &["messages 2, delivery states 1", "Last delivery"]);
}
