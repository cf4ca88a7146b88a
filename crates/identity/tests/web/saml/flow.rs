//! The way there and back.

use chrono::Duration;
use serde_json::json;

use super::idp::{Message, Signer};
use super::scene::Scene;

#[tokio::test]
async fn somebody_signs_in_and_lands_where_they_wanted() {
    let scene = Scene::new().await;
    let began = scene.start("?return_to=/inbox/conv_1%3Ftag%3DHOT&login_hint=ada@customer.example").await;
    assert!(began.cookie.starts_with("recoup_sso=") && began.relay_state.len() <= 80);
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("idp"));
    let ticket = scene.accepted(&message, &began).await;
    let reply = scene.finish(&ticket, &began.cookie).await.expect_status(303);
    assert_eq!(reply.location(), "/inbox/conv_1?tag=HOT");
    let session = scene.session(&reply.cookie()).await;
    assert_eq!((session["email"].as_str(), session["role"].as_str()), (Some("ada@customer.example"), Some("agent")));
    // The next sign-in, of the whole response this time, is the same person with what the groups say then.
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_two").edit(">Support<", ">Kitchen<");
    let message = message.sign_response(&Signer::rsa("idp"));
    let ticket = scene.accepted(&message, &began).await;
    let again = scene.finish(&ticket, &began.cookie).await.expect_status(303);
    assert_eq!(again.location(), "/");
    let now = scene.session(&again.cookie()).await;
    assert_eq!((&now["user"], now["role"].as_str()), (&session["user"], Some("viewer")));
    assert_eq!(scene.count("select count(*) from sso_links").await, 1);
    assert_eq!(scene.count("select count(*) from sso_attempts").await, 0, "nothing of the way is kept");
}

#[tokio::test]
async fn what_waits_for_the_browser_is_sealed() {
    let scene = Scene::new().await;
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("idp"));
    scene.accepted(&message, &began).await;
    let found = "select count(*) from sso_attempts a where a::text like '%ada%' or a::text like '%Support%'";
    assert_eq!(scene.count("select count(*) from sso_attempts").await, 1);
    assert_eq!(scene.count(found).await, 0);
}

#[tokio::test]
async fn a_provider_may_begin_where_the_organisation_says_so() {
    let scene = Scene::new().await;
    let message = scene.message(None, "_one").sign_assertion(&Signer::rsa("idp"));
    let reply = scene.posted(&message, "/somewhere").await;
    scene.is_refused(reply, "has ended or was used already").await;
    scene.change(json!({ "idp_initiated": true })).await;
    let reply = scene.posted(&message, "https://evil.example/").await.expect_status(303);
    assert_eq!(reply.location(), "/", "a relay state of others leads nowhere");
    assert_eq!(scene.session(&reply.cookie()).await["email"], "ada@customer.example");
    // A request that is outstanding still has to be answered.
    let began = scene.start("").await;
    let silent = scene.message(None, "_two").sign_assertion(&Signer::rsa("idp"));
    let reply = scene.posted(&silent, &began.relay_state).await.expect_status(403);
    assert!(reply.body.contains("answers another request"), "{}", reply.body);
}

#[tokio::test]
async fn a_roll_over_needs_both_certificates_for_a_while() {
    let scene = Scene::new().await;
    let pem = |name: &str| super::idp::fixture(&format!("test-only-{name}.cert.pem"));
    let settings = |certificates: serde_json::Value| json!({ "settings": { "sso_url": "http://127.0.0.1:9/sso?tenant=1", "certificates": certificates } });
    scene.change(settings(json!([format!("{}\n{}", pem("idp"), pem("p256"))]))).await;
    for (signer, assertion) in [(Signer::rsa("idp"), "_old"), (Signer::p256(), "_new")] {
        let began = scene.start("").await;
        let message = scene.message(Some(&began.request), assertion).sign_assertion(&signer);
        let ticket = scene.accepted(&message, &began).await;
        scene.finish(&ticket, &began.cookie).await.expect_status(303);
    }
    scene.change(settings(json!([pem("p256")]))).await;
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_late").sign_assertion(&Signer::rsa("idp"));
    let reply = scene.posted(&message, &began.relay_state).await.expect_status(403);
    assert!(reply.body.contains("none of the 1 pinned certificates has signed this"), "{}", reply.body);
}

#[tokio::test]
async fn chosen_attributes_are_the_only_ones() {
    let scene = Scene::new().await;
    let certificates = [super::idp::fixture("test-only-idp.cert.pem")];
    let settings = json!({ "sso_url": "http://127.0.0.1:9/sso?tenant=1", "certificates": certificates, "email_attribute": "work" });
    scene.change(json!({ "settings": settings })).await;
    let sign_in = async |assertion: &str, attribute: &str| {
        let began = scene.start("").await;
        let message: Message = scene.message(Some(&began.request), assertion);
        let message = message.edit("<saml:AttributeStatement>", &format!("<saml:AttributeStatement>{attribute}"));
        let ticket = scene.accepted(&message.sign_assertion(&Signer::rsa("idp")), &began).await;
        scene.finish(&ticket, &began.cookie).await
    };
    let reply = sign_in("_one", "").await;
    scene.is_refused(reply, "did not send an email address").await;
    let work = "<saml:Attribute Name=\"work\"><saml:AttributeValue>nia@customer.example</saml:AttributeValue></saml:Attribute>";
    let reply = sign_in("_two", work).await.expect_status(303);
    assert_eq!(scene.session(&reply.cookie()).await["email"], "nia@customer.example");
}

#[tokio::test]
async fn a_way_that_takes_too_long_has_ended() {
    let scene = Scene::new().await;
    let began = scene.start("").await;
    scene.house.advance(Duration::minutes(11));
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("idp"));
    let reply = scene.posted(&message, &began.relay_state).await;
    scene.is_refused(reply, "has ended or was used already").await;
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_two").sign_assertion(&Signer::rsa("idp"));
    let ticket = scene.accepted(&message, &began).await;
    scene.house.advance(Duration::minutes(2));
    let reply = scene.finish(&ticket, &began.cookie).await;
    scene.is_refused(reply, "has ended or was used already").await;
}
