//! The page of a SAML connection, as a browser uses it.

use super::idp::{certificate, fixture};
use super::scene::{OURS, Scene};
use crate::support::Reply;

struct Tab<'a> {
    scene: &'a Scene,
    cookie: String,
    token: String,
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|b| if plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect::<Vec<_>>()
        .concat()
}

impl<'a> Tab<'a> {
    async fn of(scene: &'a Scene) -> Self {
        let (cookie, token) = scene.house.browser(&scene.owner.email).await;
        Self { scene, cookie, token }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = format!("_csrf={}", self.token);
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        self.scene.house.form(path, &body).header("cookie", &self.cookie).send().await
    }

    async fn page(&self, path: &str) -> String {
        let reply = self.scene.house.get(path).header("cookie", &self.cookie).send().await.expect_status(200);
        for inline in [" style=", "<style", "<script>", " onclick=", "/assets/missing"] {
            assert!(!reply.body.contains(inline), "{path} has {inline}");
        }
        reply.body
    }
}

#[tokio::test]
async fn an_administrator_sets_saml_up_with_the_pages_alone() {
    let scene = Scene::new().await;
    let tab = Tab::of(&scene).await;
    assert!(tab.page("/settings/sso").await.contains("SAML 2.0"));
    let made = tab.post("/settings/sso/connections", &[("kind", "saml")]).await.expect_status(303);
    let page = made.location().to_owned();
    let id = page.rsplit('/').next().expect("an id").to_owned();
    let draft = tab.page(&page).await;
    assert!(
        draft.contains(&format!("{OURS}/auth/saml/{id}/acs"))
            && draft.contains(&format!("{OURS}/auth/saml/{id}/metadata"))
    );
    // What is wrong is said, and stays typed.
    let wrong = tab.post(&format!("{page}/certificates"), &[("certificate", "hello")]).await.expect_status(422);
    assert!(wrong.body.contains("this is not a certificate"), "{}", wrong.body);
    for name in ["idp", "p256"] {
        let pem = fixture(&format!("test-only-{name}.cert.pem"));
        tab.post(&format!("{page}/certificates"), &[("certificate", &pem)]).await.expect_status(303);
    }
    let form = [
        ("name", "Acme <SAML>"),
        ("issuer", "https://idp.example/entity"),
        ("sso_url", "http://127.0.0.1:9/sso"),
        ("groups_attribute", "roles"),
        ("group", "Support"),
        ("role", "agent"),
        ("default_role", ""),
        ("enabled", "true"),
    ];
    let wrong: Vec<_> =
        form.iter().map(|one| if one.0 == "sso_url" { ("sso_url", "nonsense") } else { *one }).collect();
    let reply = tab.post(&format!("{page}/saml"), &wrong).await.expect_status(422);
    assert!(reply.body.contains("value=\"nonsense\"") && reply.body.contains("value=\"roles\""), "{}", reply.body);
    tab.post(&format!("{page}/saml"), &form).await.expect_status(303);
    let saved = tab.page(&page).await;
    for part in ["Acme &#60;SAML&#62;", "value=\"roles\"", &certificate("p256").fingerprint(), "pinned"] {
        assert!(saved.contains(part), "{part}: {saved}");
    }
    let print = certificate("p256").fingerprint();
    let removal = format!("{page}/certificates/removal");
    tab.post(&removal, &[("fingerprint", &print)]).await.expect_status(303);
    assert!(!tab.page(&page).await.contains(&print));
    // The last one stays while people sign in by it.
    let last = tab.post(&removal, &[("fingerprint", &certificate("idp").fingerprint())]).await.expect_status(422);
    assert!(last.body.contains("at least one is required"), "{}", last.body);
    tab.post(&format!("{page}/test"), &[]).await.expect_status(303);
    assert!(tab.page(&page).await.contains("no connection to http://127.0.0.1:9/sso"));
    // The other kind's form changes nothing here.
    let other = [("name", "x"), ("issuer", "x"), ("client_id", "x")];
    tab.post(&page, &other).await.expect_status(404);
    tab.post(&format!("{page}/removal"), &[]).await.expect_status(303);
    scene.house.get(&page).header("cookie", &tab.cookie).send().await.expect_status(404);
}

#[tokio::test]
async fn metadata_is_taken_over_by_the_page() {
    let scene = Scene::new().await;
    let tab = Tab::of(&scene).await;
    let page = format!("/settings/sso/{}", scene.id);
    let wrong = tab.post(&format!("{page}/metadata"), &[("xml", "<a/>"), ("url", "")]).await.expect_status(422);
    assert!(wrong.body.contains("not SAML metadata"), "{}", wrong.body);
    let wrong = tab.post(&format!("{page}/metadata"), &[("xml", ""), ("url", "http://nobody.invalid/")]).await;
    assert!(wrong.expect_status(422).body.contains("DNS"));
}
