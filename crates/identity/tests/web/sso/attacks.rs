//! Each lie of a provider, and each way to carry somebody else's sign-in into a browser, is refused on its own.

use chrono::Duration;
use serde_json::json;
use standins::oidc::Twist;

use super::scene::{Scene, person};

/// A test a lie: the sign-in ends with the words, and nobody is signed in.
macro_rules! lies {
    ($($name:ident: $twist:ident, $part:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let scene = Scene::new().await;
            scene.provider.twist(Twist::$twist);
            scene.refused($part).await;
            scene.provider.twist(Twist::None);
            scene.signed_in().await;
        }
    )*};
}

lies! {
    a_token_of_another_issuer: Issuer, "(iss)";
    a_token_for_another_application: Audience, "(aud)";
    a_token_issued_to_another_application: AuthorizedParty, "(azp)";
    a_token_of_another_sign_in: Nonce, "(nonce)";
    a_token_without_a_nonce: NoNonce, "(nonce)";
    an_expired_token: Expired, "(exp)";
    a_token_from_the_future: Future, "(iat)";
    a_token_not_valid_yet: NotYet, "(nbf)";
    a_token_of_another_access_token: AccessHash, "(at_hash)";
    an_unsigned_token: AlgNone, "an algorithm that is not allowed";
    a_token_signed_with_the_public_key_as_a_secret: AlgHmac, "an algorithm that is not allowed";
    a_token_of_an_unknown_key: UnknownKey, "a key that the provider does not publish";
    a_token_of_a_foreign_key_under_a_known_name: ForeignKey, "signature is not the provider";
    another_state: State, "has ended or was used already";
    an_answer_of_another_provider: MixUp, "from another provider (iss)";
    an_answer_that_hides_its_provider: NoIss, "from another provider (iss)";
    a_person_who_says_no: Denied, "access_denied The person &#60;b&#62;said no";
}

#[tokio::test]
async fn userinfo_about_somebody_else() {
    let scene = Scene::new().await;
    scene.provider.person(json!({ "sub": "sub-nia" }));
    scene.provider.userinfo(json!({ "email": "owner@acme.example" }));
    scene.provider.twist(Twist::Userinfo);
    scene.refused("about another account (sub)").await;
}

#[tokio::test]
async fn a_callback_without_the_cookie_signs_nobody_in() {
    let scene = Scene::new().await;
    let back = scene.go("").await;
    let reply = scene.house.get(&back.path).send().await;
    scene.is_refused(reply, "begun in another browser").await;
    // The attempt is spent: the attacker's own browser cannot use it afterwards either.
    let reply = scene.back(&back).await;
    scene.is_refused(reply, "has ended or was used already").await;
}

#[tokio::test]
async fn a_callback_in_another_persons_browser_signs_nobody_in() {
    let scene = Scene::new().await;
    let attackers = scene.go("").await;
    let victims = scene.go("").await;
    let reply = scene.house.get(&attackers.path).header("cookie", &victims.cookie).send().await;
    scene.is_refused(reply, "begun in another browser").await;
}

#[tokio::test]
async fn a_callback_comes_once_and_in_time() {
    let scene = Scene::new().await;
    let late = scene.go("").await;
    scene.house.advance(Duration::minutes(10));
    scene.provider.advance(Duration::minutes(10));
    let reply = scene.back(&late).await;
    scene.is_refused(reply, "has ended or was used already").await;
    let back = scene.go("").await;
    scene.back(&back).await.expect_status(303);
    assert!(scene.back(&back).await.expect_status(400).body.contains("used already"));
    for path in ["", "?state=", "?state=x&code=y"] {
        let reply = scene.house.get(&format!("/auth/oidc/{}/callback{path}", scene.id)).send().await;
        assert_eq!(reply.status.as_u16(), 400, "{}", reply.body);
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_in_another_sign_in() {
    let scene = Scene::new().await;
    let (first, second) = (scene.go("").await, scene.go("").await);
    let code = |path: &str| path.split(['?', '&']).find(|part| part.starts_with("code=")).expect("a code").to_owned();
    // The second sign-in's state with the first one's code: the verifier does not fit it.
    let path = second.path.replace(&code(&second.path), &code(&first.path));
    let reply = scene.house.get(&path).header("cookie", &second.cookie).send().await;
    scene.is_refused(reply, "invalid_grant").await;
}

#[tokio::test]
async fn an_attempt_of_one_connection_is_none_of_another() {
    let scene = Scene::new().await;
    let other = scene.connect(json!({ "name": "Other" })).await;
    let back = scene.go("").await;
    let path = back.path.replace(&scene.id, &other);
    let reply = scene.house.get(&path).header("cookie", &back.cookie).send().await;
    scene.is_refused(reply, "has ended or was used already").await;
}

#[tokio::test]
async fn return_to_never_leads_outside() {
    let scene = Scene::new().await;
    for outside in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
        "/sign-out",
        "%2F%2Fevil.example",
    ] {
        let back = scene.go(&format!("?return_to={outside}")).await;
        assert_eq!(scene.back(&back).await.expect_status(303).location(), "/", "{outside}");
    }
}

#[tokio::test]
async fn a_token_of_another_organisations_client_is_refused() {
    // The same provider serves two organisations; each connection takes only what was issued to its own client.
    let scene = Scene::new().await;
    let two = scene.house.owner("two").await;
    let org = two.org.parse().expect("an id");
    identity::sso::verify_domain(&scene.house.kernel, org, "two.example").await.expect("verified");
    // Its administrator connects the provider of the first organisation: people of that domain stay out of reach.
    let body = json!({
        "kind": "oidc", "name": "Copied", "enabled": true, "issuer": scene.provider.base_url(),
        "settings": { "client_id": scene.provider.config.client_id }, "secret": scene.provider.config.client_secret,
    });
    let made = scene.house.post("/v2/sso/connections", body).by(&two).send().await.expect_status(201).json();
    scene.provider.person(json!({ "sub": "o", "email": "owner@acme.example", "email_verified": true }));
    let copied = Scene { id: made["id"].as_str().expect("an id").to_owned(), ..scene };
    copied.refused("domain of your email address is not verified").await;
}

#[tokio::test]
async fn an_address_that_is_not_verified_counts_for_nothing() {
    let scene = Scene::new().await;
    for flag in [json!(false), json!("false"), json!(0), json!(null)] {
        let mut claims = person("sub-nia");
        claims["email_verified"] = flag.clone();
        scene.provider.person(claims);
        scene.refused("not verified").await;
    }
}

#[tokio::test]
async fn a_connection_that_is_off_or_nobodys_does_not_exist() {
    let scene = Scene::new().await;
    let back = scene.go("").await;
    let path = format!("/v2/sso/connections/{}", scene.id);
    scene.house.patch(&path, json!({ "enabled": false })).by(&scene.owner).send().await.expect_status(200);
    scene.back(&back).await.expect_status(404);
    scene.house.get(&format!("/auth/oidc/{}/start", scene.id)).send().await.expect_status(404);
    scene.house.get("/auth/oidc/sso_00000000000000000000000000/start").send().await.expect_status(404);
    scene.house.get("/auth/oidc/nonsense/start").send().await.expect_status(404);
}
