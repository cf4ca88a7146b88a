//! Addresses that a tenant may enter never lead into the house's own network.

use kernel::http::Method;
use serde_json::json;

use crate::house::House;

/// Ways to write an address that is not on the public internet.
const INSIDE: &[&str] = &[
    "http://127.0.0.1/",
    "http://127.0.0.1:5432/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1.:80/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://168.63.129.16/",
    "http://１２７.０.０.１/",
    "http://①②⑦.⓪.⓪.①/",
    "http://user:pass@8.8.8.8/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/",
    "unix:/var/run/docker.sock",
    "data:text/html,hello",
    "jar:http://127.0.0.1!/",
    "//127.0.0.1/",
    "127.0.0.1",
    "http://",
    "",
];

/// Where the API takes an address from a tenant, with a body that holds it. `saml` is a connection without metadata.
fn entrances(url: &str, saml: &str) -> Vec<(String, serde_json::Value)> {
    let issuer = json!({ "kind": "oidc", "name": "Provider", "enabled": true, "issuer": url, "secret": "a secret",
        "settings": { "client_id": "recoup" } });
    vec![
        ("/v2/knowledge/documents".to_owned(), json!({ "title": "A page", "url": url })),
        ("/v2/sso/connections".to_owned(), issuer),
        (format!("/v2/sso/connections/{saml}/metadata"), json!({ "url": url })),
        ("/v2/ingestion/connections".to_owned(), json!({ "kind": "rest", "settings": { "url": url } })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_entrance_takes_an_address_inside() {
    let house = House::new().await;
    let owner = house.token(&house.email).await;
    let draft = json!({ "kind": "saml", "name": "A draft" });
    let (status, made) = house.call(&owner, "POST", "/v2/sso/connections", &draft).await;
    assert_eq!(status, 201, "{made}");
    let saml = made["id"].as_str().expect("an id");
    for url in INSIDE {
        for (path, body) in entrances(url, saml) {
            let (status, answer) = house.call(&owner, "POST", &path, &body).await;
            assert_eq!(status, 422, "{path} took {url:?}: {answer}");
        }
    }
    // What is public is taken; the metadata would be fetched at once, and these tests reach nothing outside.
    for (path, body) in entrances("https://93.184.215.14/menu", saml).into_iter().take(2) {
        let (status, answer) = house.call(&owner, "POST", &path, &body).await;
        assert!((200..300).contains(&status), "{path}: a public address is taken: {answer}");
    }
}

#[tokio::test]
async fn the_client_refuses_names_that_resolve_inside_and_addresses_in_every_spelling() {
    let house = House::new().await;
    for url in INSIDE {
        assert!(house.kernel.http.public(Method::GET, url).is_err(), "{url:?}");
    }
    // A name passes the look at the URL; the resolver that the connection uses refuses what it leads to.
    let url = "http://localhost:9/";
    let error = house.kernel.http.public(Method::GET, url).expect("a name").send().await.expect_err("refused");
    let told = format!("{error:?}");
    assert!(told.contains("PrivateAddress"), "{url}: {told}");
}
