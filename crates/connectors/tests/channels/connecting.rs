//! Connecting accounts at the stand-ins: consent, tokens, pages, subscriptions, templates.

use connectors::channel::{ChannelKind, Credentials, Failure, Product};
use connectors::{meta, whatsapp, x};
use kernel::config::Secret;
use kernel::http::{Http, HttpConfig, Url};

use crate::world::{Side, World};

const BACK: &str = "https://recoup.example.com/auth/callback/facebook";

/// Opens the consent page, which consents at once, and gives the code it sends back.
async fn consent(url: &str) -> String {
    let http = Http::new(HttpConfig::default(), kernel::Clock::system()).expect("a client");
    let answer = http.get("browser", url).send().await.expect("an answer");
    let to = answer.header("location").unwrap_or_else(|| panic!("{} {:?}", answer.status, answer.body)).to_owned();
    let to = Url::parse(&to).expect("a URL");
    assert!(to.query_pairs().any(|(name, value)| name == "state" && value == "state-1"), "{to}");
    let code = to.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
    code.expect("a code")
}

#[tokio::test]
async fn a_page_and_its_instagram_account_are_found_after_consent() {
    let world = World::start().await;
    let graph = world.channels.graph();
    let url = graph.consent_url(ChannelKind::Facebook, Product::Usual, BACK, "state-1").expect("a URL");
    let tokens = graph.exchange(Product::Usual, &consent(&url).await, BACK).await.expect("tokens");
    assert!(tokens.expires_in.is_none_or(|time| time.as_secs() > 86_400), "{:?}", tokens.expires_in);
    let found = graph.pages(&tokens.access).await.expect("pages");
    let kinds: Vec<(ChannelKind, &str)> = found.iter().map(|found| (found.channel, found.id.as_str())).collect();
    assert_eq!(kinds, [(ChannelKind::Facebook, "104500000000001"), (ChannelKind::Instagram, "17841400000000001")]);
    let page = Side::facebook();
    let credentials = Credentials { access_token: found[0].token.clone().expect("a page token"), token_secret: None };
    meta::subscription::subscribe(graph, &page.account, &credentials).await.expect("subscribed");
    meta::subscription::unsubscribe(graph, &page.account, &credentials).await.expect("unsubscribed");
    let state = graph.debug_token(&tokens.access).await.expect("a state");
    assert!(state.valid && state.app_id.is_some(), "{state:?}");
    let again = graph.exchange(Product::Usual, "used-up", BACK).await;
    assert!(again.is_err(), "a code that was never given");
}

#[tokio::test]
async fn an_instagram_login_account_is_connected_without_a_page() {
    let world = World::start().await;
    let graph = world.channels.graph();
    let url = graph.consent_url(ChannelKind::Instagram, Product::InstagramLogin, BACK, "state-1").expect("a URL");
    let tokens = graph.exchange(Product::InstagramLogin, &consent(&url).await, BACK).await.expect("tokens");
    let me = graph.instagram_me(&tokens.access).await.expect("an account");
    assert_eq!((me.id.as_str(), me.username.as_deref()), ("17841400000000001", Some("northwind.dental")));
    assert_eq!(me.product, Product::InstagramLogin);
}

#[tokio::test]
async fn an_x_account_is_connected_with_pkce_and_renewed() {
    let world = World::start().await;
    let api = world.channels.x();
    let verifier = x::oauth2::verifier().expect("random");
    let code = consent(&api.consent_url(BACK, "state-1", &verifier).expect("a URL")).await;
    let tokens = api.exchange(&code, BACK, &verifier).await.expect("tokens");
    assert!(tokens.scopes.iter().any(|scope| scope == "dm.write") && tokens.expires_in.is_some());
    let credentials = Credentials { access_token: tokens.access, token_secret: None };
    let me = api.me(&credentials).await.expect("a user");
    assert_eq!((me.id.as_str(), me.username.as_deref()), ("1111111111111111111", Some("northwinddental")));
    let refresh = tokens.refresh.expect("a refresh token");
    let renewed = api.refresh(&refresh).await.expect("renewed");
    assert!(api.refresh(&refresh).await.is_err(), "a refresh token is used up");
    api.revoke(&renewed.access).await.expect("revoked");
    let gone = Credentials { access_token: renewed.access, token_secret: None };
    assert!(matches!(api.me(&gone).await, Err(Failure::Reauthorise { .. })));
    assert!(api.app_token().await.is_ok());
}

#[tokio::test]
async fn x_subscriptions_are_made_once_and_ended() {
    let world = World::start().await;
    let api = world.channels.x();
    let side = Side::x();
    for _ in 0..2 {
        for event in x::subscriptions::EVENTS {
            api.subscribe(&side.credentials, &side.account.id, event, None, "org-dm").await.expect("subscribed");
        }
    }
    let subscriptions = api.subscriptions().await.expect("a list");
    for event in x::subscriptions::EVENTS {
        assert_eq!(subscriptions.iter().filter(|s| s.event == event).count(), 1, "{event} in {subscriptions:?}");
    }
    for subscription in &subscriptions {
        api.unsubscribe(&subscription.id).await.expect("ended");
        api.unsubscribe(&subscription.id).await.expect("ended already");
    }
    assert!(api.subscriptions().await.expect("a list").is_empty());
    assert!(api.webhooks().await.expect("a list").is_empty());
}

#[tokio::test]
async fn a_whatsapp_account_shows_its_numbers_and_templates() {
    let world = World::start().await;
    let graph = world.channels.graph();
    let token = "EAASYSTEMTOKEN102290000000001";
    let numbers = whatsapp::account::numbers(graph, "102290000000001", token).await.expect("numbers");
    assert_eq!(numbers[0].id, "106540000000002");
    for template in whatsapp::account::templates(graph, "102290000000001", token).await.expect("templates") {
        assert!(!template.name.is_empty() && !template.language.is_empty());
    }
    whatsapp::account::subscribe(graph, "102290000000001", token).await.expect("subscribed");
    let media = whatsapp::media::upload(graph, "106540000000002", token, "a.png", "image/png", vec![1, 2, 3]).await;
    let media = media.expect("uploaded");
    let described = whatsapp::media::describe(graph, "106540000000002", &media, token).await.expect("described");
    let bytes = whatsapp::media::download(graph, &described.url, token, 1024).await.expect("downloaded");
    assert_eq!(&bytes[..], [1, 2, 3]);
    let wrong = Secret::new("EAAwrong");
    assert!(matches!(
        whatsapp::account::numbers(graph, "102290000000001", wrong.reveal()).await,
        Err(Failure::Reauthorise { .. })
    ));
}
