//! A passkey from the first to the last click, with the browser's own authenticator: made on the profile, used to sign in
//! without a password, as the second step, and as a fresh proof.

use std::net::TcpListener;

use browser_tests::{Browser, Look, watch};
use product_tests::{PASSWORD, Product};

use super::EVIDENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_and_signs_in_without_a_password() {
    // The address people use must be known before the start, because passkeys are bound to it.
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let address = format!("http://localhost:{}", free.port());
    let public = address.clone();
    let product = Product::with(|config, _| {
        config.http.bind = free;
        config.http.public_url = Some(public);
    })
    .await;
    watch(address, EVIDENCE, async |browser| {
        browser.plug_in_authenticator().await;
        browser.sign_in(&product.email, PASSWORD).await;
        makes_a_passkey(browser).await;
        signs_in_without_a_password(browser).await;
        takes_the_second_step(browser, &product.email).await;
        browser.without_errors().await;
    })
    .await;
    product.end().await;
}

async fn makes_a_passkey(browser: &Browser) {
    browser.go("/settings/profile").await;
    browser.write("input[name=passkey_name]", "Laptop").await;
    browser.click("button[type=submit]", "Add a passkey").await;
    browser.see("h1", "Your recovery codes").await;
    assert_eq!(browser.count(".recovery-codes code").await, 10);
    assert_eq!(browser.faults(Look::DESK).await, Vec::<String>::new());
    browser.click("a", "I have kept them").await;
    browser.see("#passkeys", "Laptop").await;
    browser.see("#recovery-codes", "10 left").await;
    assert_eq!(browser.faults(Look::DESK).await, Vec::<String>::new());
    // A device has one passkey of a person: the browser says so, and nothing is sent.
    browser.write("input[name=passkey_name]", "Again").await;
    browser.click("button[type=submit]", "Add a passkey").await;
    browser.see("[data-passkey-problem]", "has a passkey of yours already").await;
}

async fn sign_out(browser: &Browser) {
    browser.go("/sign-out").await;
    browser.click("button[type=submit]", "Sign out").await;
    browser.see("h1", "Sign in").await;
}

async fn signs_in_without_a_password(browser: &Browser) {
    sign_out(browser).await;
    browser.click("button[type=submit]", "Sign in with a passkey").await;
    browser.see(".rail", "Inbox").await;
    browser.go("/settings/profile").await;
    browser.see("#passkeys", "· used").await;
}

async fn takes_the_second_step(browser: &Browser, email: &str) {
    sign_out(browser).await;
    browser.write("input[name=email]", email).await;
    browser.write("input[name=password]", PASSWORD).await;
    browser.click("button[type=submit]", "Sign in").await;
    browser.see("h1", "One more step").await;
    assert_eq!(browser.faults(Look::DESK).await, Vec::<String>::new());
    browser.click("button[type=submit]", "Use a passkey").await;
    browser.see(".rail", "Inbox").await;
    browser.go("/verify?next=/settings/profile").await;
    browser.click("button[type=submit]", "Use a passkey").await;
    browser.see("#passkeys", "Laptop").await;
}
