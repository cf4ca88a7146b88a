//! Each way to get in without being the person is refused, says why, and is in the audit log.

use futures_util::future::join_all;
use serde_json::json;

use super::idp::{Message, Signer};
use super::scene::Scene;

#[tokio::test]
async fn a_response_in_another_browser_signs_nobody_in() {
    let scene = Scene::new().await;
    // The attacker's own sign-in, carried into the victim's browser (login CSRF).
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("idp"));
    let ticket = scene.accepted(&message, &began).await;
    let reply = scene.house.get(&ticket).send().await;
    scene.is_refused(reply, "begun in another browser").await;
    let reply = scene.finish(&ticket, &began.cookie).await;
    scene.is_refused(reply, "has ended or was used already").await;
    // A relay state is no ticket.
    let began = scene.start("").await;
    let path = format!("/auth/saml/{}/finish?ticket={}", scene.id, began.relay_state);
    let reply = scene.finish(&path, &began.cookie).await;
    scene.is_refused(reply, "has ended or was used already").await;
}

#[tokio::test]
async fn a_request_gets_one_response() {
    let scene = Scene::new().await;
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_one");
    let bad = message.clone().sign_assertion(&Signer::rsa("other"));
    let reply = scene.posted(&bad, &began.relay_state).await;
    scene.is_refused(reply, "none of the 1 pinned certificates has signed this").await;
    let reply = scene.posted(&message.sign_assertion(&Signer::rsa("idp")), &began.relay_state).await;
    scene.is_refused(reply, "has ended or was used already").await;
    assert!(scene.log().await.contains("none of the 1 pinned certificates has signed this"));
}

#[tokio::test]
async fn an_assertion_signs_in_once_whoever_is_faster() {
    let scene = Scene::new().await;
    scene.change(json!({ "idp_initiated": true })).await;
    let message = scene.message(None, "_one").sign_assertion(&Signer::rsa("idp"));
    let replies = join_all((0..8).map(|_| scene.posted(&message, ""))).await;
    let entered = replies.iter().filter(|reply| reply.status.as_u16() == 303).count();
    assert_eq!(entered, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert_eq!(scene.count("select count(*) from sessions where kind = 'browser'").await, 1);
    let reply = scene.posted(&message, "").await.expect_status(403);
    assert!(reply.body.contains("was used already (replay)"), "{}", reply.body);
    // What is too old to be accepted is not remembered for ever.
    scene.house.advance(chrono::Duration::minutes(20));
    let reply = scene.posted(&message, "").await.expect_status(403);
    assert!(reply.body.contains("ended at"), "{}", reply.body);
    let fresh = scene.message(None, "_two").sign_assertion(&Signer::rsa("idp"));
    scene.posted(&fresh, "").await.expect_status(303);
    assert_eq!(scene.count("select count(*) from saml_assertions").await, 1);
}

/// What an attacker does to a message.
type Change<'a> = Box<dyn Fn(Message) -> Message + 'a>;

#[tokio::test]
async fn what_the_crate_refuses_is_refused_here() {
    let scene = Scene::new().await;
    let idp = Signer::rsa("idp");
    let cases: [(&str, Change<'_>); 8] = [
        ("neither the response nor the assertion is signed", Box::new(|message| message)),
        (
            "was changed after it was signed",
            Box::new(|m| m.sign_assertion(&idp).edit("ada@customer", "owner@customer")),
        ),
        ("is for the audience", Box::new(|m| m.edit("/metadata<", "/other<").sign_assertion(&idp))),
        ("to be delivered to", Box::new(|m| m.edit("Recipient=\"http", "Recipient=\"https").sign_assertion(&idp))),
        ("for the destination", Box::new(|m| m.edit("Destination=\"http", "Destination=\"https").sign_response(&idp))),
        ("the issuer is https://evil.example", Box::new(|m| m.edit("idp.example", "evil.example").sign_response(&idp))),
        (
            "is used twice",
            Box::new(|m| m.edit("<saml:AuthnContext>", "<saml:AuthnContext ID=\"_r1\">").sign_response(&idp)),
        ),
        (
            "document type declaration",
            Box::new(|m| {
                m.edit("<samlp:Response", "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><samlp:Response")
            }),
        ),
    ];
    for (part, twist) in cases {
        let began = scene.start("").await;
        let message = twist(scene.message(Some(&began.request), "_one"));
        let reply = scene.posted(&message, &began.relay_state).await;
        scene.is_refused(reply, part).await;
        assert!(scene.log().await.contains(part), "{part} is in the log");
    }
}

#[tokio::test]
async fn a_response_for_one_connection_opens_no_other() {
    let mut scene = Scene::new().await;
    let first = scene.id.clone();
    let began = scene.start("").await;
    let message = scene.message(Some(&began.request), "_one").sign_response(&Signer::rsa("idp"));
    // The same identity provider, another connection of the same organisation: other addresses, another request.
    scene.id = scene.connect(json!({ "idp_initiated": true })).await;
    let reply = scene.posted(&message, &began.relay_state).await;
    scene.is_refused(reply, "for the destination").await;
    // The first one's request is still there for its own response.
    scene.id = first;
    let ticket = scene.accepted(&message, &began).await;
    scene.finish(&ticket, &began.cookie).await.expect_status(303);
}

#[tokio::test]
async fn an_identity_provider_vouches_for_its_own_domains_only() {
    let scene = Scene::new().await;
    for (email, part) in
        [("owner@acme.example", "is not verified by this organisation"), ("nobody", "did not send an email")]
    {
        let began = scene.start("").await;
        let message = scene.message(Some(&began.request), &format!("_{}", email.len()));
        let message = message.edit("ada@customer.example", email).sign_assertion(&Signer::rsa("idp"));
        let ticket = scene.accepted(&message, &began).await;
        let reply = scene.finish(&ticket, &began.cookie).await;
        scene.is_refused(reply, part).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_not_in_use_and_nonsense_get_nowhere() {
    let scene = Scene::new().await;
    let began = scene.start("").await;
    for body in ["", "SAMLResponse=", "RelayState=x", "SAMLResponse=%25%25", "a=b&c=d", &"x".repeat(100_000)] {
        let reply = scene.posted_text(body).await;
        scene.is_refused(reply, "has ended or was used already").await;
    }
    let reply = scene.posted_text(&format!("SAMLResponse=%25%25&RelayState={}", began.relay_state)).await;
    scene.is_refused(reply, "SAMLResponse is not base64").await;
    let began = scene.start("").await;
    scene.change(json!({ "enabled": false })).await;
    let message = scene.message(Some(&began.request), "_one").sign_assertion(&Signer::rsa("idp"));
    assert_eq!(scene.posted(&message, &began.relay_state).await.status.as_u16(), 404);
    scene.house.get(&format!("/auth/saml/{}/start", scene.id)).send().await.expect_status(404);
    scene.house.get("/auth/saml/sso_00000000000000000000000000/start").send().await.expect_status(404);
    let large = "x".repeat(2 << 20);
    assert_eq!(scene.posted_text(&format!("SAMLResponse={large}")).await.status.as_u16(), 413);
}

#[tokio::test]
async fn only_the_acs_takes_what_another_site_posts() {
    let scene = Scene::new().await;
    let (cookie, token) = scene.house.browser(&scene.owner.email).await;
    for path in ["test", "saml", "metadata", "certificates", "certificates/removal", "removal"] {
        let call = scene.house.form(&format!("/settings/sso/{}/{path}", scene.id), &format!("_csrf={token}"));
        let call = call.header("cookie", &cookie).header("sec-fetch-site", "cross-site");
        let reply = call.send().await.expect_status(403);
        assert!(reply.body.contains("another site"), "{path}: {}", reply.body);
    }
}
