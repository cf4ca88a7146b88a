//! The pages, as a browser uses them.

use serde_json::json;

use crate::support::{House, PASSWORD, Person, Reply};

/// A page for the owner, without anything the content policy would refuse.
async fn page(house: &House, cookie: &str, path: &str) -> String {
    let reply = house.get(path).header("cookie", cookie).send().await.expect_status(200);
    for inline in [" style=", "<style", "<script>", " onclick=", "/assets/missing"] {
        assert!(!reply.body.contains(inline), "{path} has {inline}");
    }
    reply.body
}

struct Tab<'a> {
    house: &'a House,
    cookie: String,
    token: String,
}

impl<'a> Tab<'a> {
    async fn of(house: &'a House, person: &Person) -> Self {
        let (cookie, token) = house.browser(&person.email).await;
        Self { house, cookie, token }
    }

    /// What htmx sends.
    async fn post(&self, path: &str, body: &str) -> Reply {
        let call = self.house.form(path, body).header("cookie", &self.cookie).header("x-csrf-token", &self.token);
        call.header("hx-request", "true").send().await
    }

    /// What a browser without script sends.
    async fn plain(&self, path: &str, body: &str) -> Reply {
        let body = format!("{body}&_csrf={}", self.token);
        self.house.form(path, &body).header("cookie", &self.cookie).send().await
    }
}

#[tokio::test]
async fn a_person_registers_signs_out_and_in_again() {
    let house = House::new().await;
    assert!(page(&house, "", "/register").await.contains("Register your organisation"));
    let form = "organisation=Northwind&name=Dana+Whitfield&email=dana%40example.com&password=correct+horse+battery";
    let made = house.form("/register", form).send().await.expect_status(303);
    assert_eq!(made.location(), "/");
    let set = made.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let cookie = made.cookie();
    house.get("/sign-in").header("cookie", &cookie).send().await.expect_status(303);
    assert!(page(&house, &cookie, "/sign-out").await.contains("Sign out?"));
    let token = shell::auth::token_for_session(cookie.split_once('=').unwrap().1);
    let out =
        house.form("/sign-out", &format!("_csrf={token}")).header("cookie", &cookie).send().await.expect_status(303);
    assert_eq!(out.location(), "/sign-in?left=yes");
    house.get("/v2/auth/session").header("cookie", &cookie).send().await.expect_status(401);
    assert!(page(&house, "", "/sign-in?left=yes").await.contains("You are signed out."));
    let back = "email=dana%40example.com&password=correct+horse+battery&next=%2Fsettings%2Fpeople";
    assert_eq!(house.form("/sign-in", back).send().await.expect_status(303).location(), "/settings/people");
    let away = "email=dana%40example.com&password=correct+horse+battery&next=%2F%2Fevil.example";
    assert_eq!(house.form("/sign-in", away).send().await.expect_status(303).location(), "/");
}

#[tokio::test]
async fn forms_say_what_is_wrong_and_keep_what_was_typed() {
    let house = House::new().await;
    house.owner("one").await;
    let wrong =
        house.form("/register", "organisation=North&name=&email=nobody&password=short").send().await.expect_status(422);
    for text in ["value=\"North\"", "is required", "is not an email address", "must have at least 8 characters"] {
        assert!(wrong.body.contains(text), "{text}");
    }
    assert!(!wrong.body.contains("value=\"short\""), "a password is never sent back");
    let taken = format!("organisation=x&name=x&email=owner%40one.example&password={}", PASSWORD.replace(' ', "+"));
    assert!(house.form("/register", &taken).send().await.expect_status(409).body.contains("sign in instead"));
    let wrong = house.form("/sign-in", "email=%3Cb%3E&password=x&next=%2Finbox").send().await.expect_status(401);
    assert!(wrong.body.contains("The email or the password is not right.") && wrong.body.contains("value=\"/inbox\""));
    assert!(!wrong.body.contains("<b>"), "what was typed is escaped");
    for _ in 0..4 {
        house.form("/sign-in", "email=%3Cb%3E&password=x").send().await.expect_status(401);
    }
    assert!(
        house
            .form("/sign-in", "email=%3Cb%3E&password=x")
            .send()
            .await
            .expect_status(429)
            .body
            .contains("Try again in 30 seconds")
    );
}

#[tokio::test]
async fn people_are_invited_join_change_role_and_go() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let tab = Tab::of(&house, &owner).await;
    let bad = tab.post("/settings/people/invites", "email=sam&role=viewer").await.expect_status(200).body;
    assert!(bad.contains("is not an email address") && bad.contains("value=\"sam\""));
    let made = tab.post("/settings/people/invites", "email=sam%40example.com&role=agent").await.expect_status(200).body;
    assert!(made.starts_with("<div id=\"people\""), "htmx gets the part");
    let link = made.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).expect("the link, once");
    let path = link.strip_prefix("http://127.0.0.1:8080").expect("our address");
    let seen = page(&house, &tab.cookie, "/settings/people").await;
    assert!(seen.contains("sam@example.com") && !seen.contains(path) && seen.contains("aria-current=\"page\">People"));

    let door = page(&house, "", path).await;
    assert!(door.contains("Choose a password") && door.contains("name=\"name\" type=\"text\" value=\"\""), "{door}");
    assert!(page(&house, &tab.cookie, path).await.contains("for somebody else"));
    tab.plain(path, "name=x&password=x").await.expect_status(409);
    house.form(path, "name=&password=short").send().await.expect_status(422);
    let joined = house.form(path, "name=Sam+Okafor&password=correct+horse+battery").send().await.expect_status(303);
    house.get("/v2/auth/session").header("cookie", &joined.cookie()).send().await.expect_status(200);
    house.get(path).send().await.expect_status(404);

    let sam = house.login("sam@example.com").await;
    let id = house.member_id(&sam).await;
    let changed = tab.post(&format!("/settings/people/{id}/role"), "role=analyst").await.expect_status(200);
    assert!(changed.headers["hx-trigger"].to_str().unwrap().contains("Sam Okafor is analyst now"));
    let owner_id = house.member_id(&owner).await;
    let last = tab.post(&format!("/settings/people/{owner_id}/role"), "role=viewer").await.expect_status(200);
    assert!(last.headers["hx-trigger"].to_str().unwrap().contains("at least one owner"));
    tab.post(&format!("/settings/people/{owner_id}/removal"), "").await.expect_status(409);
    tab.post(&format!("/settings/people/{id}/removal"), "").await.expect_status(200);
    tab.post(&format!("/settings/people/{id}/removal"), "").await.expect_status(404);
}

#[tokio::test]
async fn somebody_signed_in_joins_with_one_button_and_an_account_with_its_password() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let invite = async |email: &str| {
        let made = house.post("/v2/invites", json!({ "email": email, "role": "agent" })).by(&one).send().await;
        format!("/invite/{}", made.expect_status(201).json()["token"].as_str().unwrap())
    };
    let path = invite(&two.email).await;
    assert!(page(&house, "", &path).await.contains("You have an account already"));
    let wrong = house.form(&path, "password=not+this+one").send().await.expect_status(401);
    assert!(wrong.body.contains("The email or the password is not right."));
    let tab = Tab::of(&house, &two).await;
    assert!(
        page(&house, &tab.cookie, &path)
            .await
            .contains("<button class=\"button primary wide\" type=\"submit\">Join one")
    );
    let joined = tab.plain(&path, "x=").await;
    // An unknown field is refused, as everywhere.
    joined.expect_status(422);
    let joined = tab.plain(&path, "").await.expect_status(303);
    let me = house.get("/v2/auth/session").header("cookie", &joined.cookie()).send().await.expect_status(200).json();
    assert_eq!((me["org"]["id"].as_str(), me["role"].as_str()), (Some(one.org.as_str()), Some("agent")));
}

#[tokio::test]
async fn keys_are_made_shown_once_and_revoked() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let tab = Tab::of(&house, &owner).await;
    let empty = page(&house, &tab.cookie, "/settings/keys").await;
    assert!(empty.contains("No keys yet") && empty.contains("name=\"name\" type=\"text\" value=\"\""), "{empty}");
    let bad = tab.post("/settings/keys", "name=&lasts=90").await.expect_status(200).body;
    assert!(bad.contains("is required") && bad.contains("choose at least one"));
    let made =
        tab.plain("/settings/keys", "name=Website&scopes=view&scopes=reply&lasts=0").await.expect_status(200).body;
    let key = made.split("<code>rk_").nth(1).and_then(|rest| rest.split('<').next()).expect("the key, once");
    house.get("/v2/members").bearer(&format!("rk_{key}")).send().await.expect_status(200);
    let seen = page(&house, &tab.cookie, "/settings/keys").await;
    assert!(!seen.contains(key) && seen.contains("view, reply") && seen.contains("Website"));
    let id = house.get("/v2/keys").by(&owner).send().await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    tab.post(&format!("/settings/keys/{id}/revoke"), "").await.expect_status(200);
    house.get("/v2/members").bearer(&format!("rk_{key}")).send().await.expect_status(401);
    tab.post(&format!("/settings/keys/{id}/revoke"), "").await.expect_status(404);
}

#[tokio::test]
async fn the_audit_log_reads_as_sentences_goes_on_and_proves_itself() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let tab = Tab::of(&house, &owner).await;
    let seen = page(&house, &tab.cookie, "/settings/audit-log").await;
    assert!(seen.contains("registered the organisation") && seen.contains("Olive Owner"));
    assert!(page(&house, &tab.cookie, "/settings/audit-log?action=vault").await.contains("Nothing of this kind yet"));
    let first = page(&house, &tab.cookie, "/settings/audit-log?limit=2").await;
    let more = first.split("class=\"more\" href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("more");
    let rest = house
        .get(&more.replace("&amp;", "&").replace("&#38;", "&"))
        .header("cookie", &tab.cookie)
        .header("hx-request", "true");
    assert!(rest.send().await.expect_status(200).body.starts_with("<ol class=\"feed"));
    assert!(page(&house, &tab.cookie, "/settings/audit-log/verification").await.contains("whole and in order"));
    sqlx::query("update audit_log set ip = '203.0.113.1' where seq = 2")
        .execute(&mut house.db.owner().await)
        .await
        .unwrap();
    assert!(
        page(&house, &tab.cookie, "/settings/audit-log/verification")
            .await
            .contains("entry 2 was changed after it was written")
    );
}

#[tokio::test]
async fn the_audit_log_shows_what_was_changed_and_is_narrowed_by_a_click() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    let change = house.patch(&format!("/v2/members/{id}"), json!({ "role": "viewer" })).by(&owner);
    change.header("user-agent", "Firefox/<140>").at_ip("192.0.2.7").send().await.expect_status(200);
    let tab = Tab::of(&house, &owner).await;
    let seen = page(&house, &tab.cookie, "/settings/audit-log?action=member").await;
    assert!(seen.contains("<del>agent</del>") && seen.contains("<ins>viewer</ins>"), "{seen}");
    assert!(seen.contains("192.0.2.7") && !seen.contains("<140>"), "what a client says of itself is text");
    let narrowed = page(&house, &tab.cookie, &format!("/settings/audit-log?subject={id}&ip=192.0.2.7")).await;
    assert!(narrowed.contains("show others too") && narrowed.contains("changed a role"));
    assert!(!narrowed.contains("registered the organisation"));
    assert!(page(&house, &tab.cookie, "/settings/audit-log?ip=nowhere").await.contains("This is no address."));
    assert!(
        page(&house, &tab.cookie, "/settings/audit-log?from=2000-01-01&to=2000-01-02")
            .await
            .contains("Nothing of this kind yet")
    );
    let file = house
        .get("/settings/audit-log/export?action=member")
        .header("cookie", &tab.cookie)
        .send()
        .await
        .expect_status(200);
    assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    identity::audit::prove(file.body.as_bytes(), &[]).unwrap();
}

#[tokio::test]
async fn the_keys_page_rotates_and_tells_where_a_key_may_come_from() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let tab = Tab::of(&house, &owner).await;
    let send = async |path: String, body: String| {
        let call = house.form(&path, &body).header("cookie", &tab.cookie).header("x-csrf-token", &tab.token);
        call.header("hx-request", "true").send().await.expect_status(200).body
    };
    let form = "name=Office&scopes=view&lasts=30&allow_from=192.0.2.0%2F24%2C+2001%3Adb8%3A%3A%2F32";
    let made = send("/settings/keys".into(), form.into()).await;
    assert!(made.contains("is ready") && made.contains("only from 192.0.2.0/24, 2001:db8::/32"), "{made}");
    let wrong = send("/settings/keys".into(), "name=Office&scopes=view&lasts=7&allow_from=192.0.2.1%2F24".into()).await;
    assert!(wrong.contains("within 192.0.2.0/24") && wrong.contains("value=\"192.0.2.1/24\""), "{wrong}");
    let list = house.get("/v2/keys").by(&owner).send().await.json();
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let rotated = send(format!("/settings/keys/{id}/rotate"), "overlap_hours=24".into()).await;
    assert!(rotated.contains("is ready") && rotated.contains("replaced"), "{rotated}");
    house.advance(chrono::Duration::days(17));
    let owner = house.login(&owner.email).await;
    let tab = Tab::of(&house, &owner).await;
    let seen = page(&house, &tab.cookie, "/settings/keys").await;
    assert!(seen.contains("ends soon") && seen.contains("ended"), "{seen}");
}

#[tokio::test]
async fn settings_lead_to_the_first_page_allowed_and_others_are_told() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let viewer = house.member(&owner, "viewer").await;
    let (cookie, _) = house.browser(&owner.email).await;
    assert_eq!(
        house.get("/settings").header("cookie", &cookie).send().await.expect_status(303).location(),
        "/settings/profile"
    );
    let (cookie, _) = house.browser(&viewer.email).await;
    assert!(
        house
            .get("/settings/people")
            .header("cookie", &cookie)
            .send()
            .await
            .expect_status(403)
            .body
            .contains("Not allowed")
    );
    let away = house.get("/settings/people").send().await.expect_status(303);
    assert_eq!(away.location(), "/sign-in?next=/settings/people");
}

#[tokio::test]
async fn a_person_of_two_organisations_goes_from_one_to_the_other() {
    let house = House::new().await;
    let (one, two, three) = (house.owner("one").await, house.owner("two").await, house.owner("three").await);
    let new = identity::members::NewMember {
        email: one.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Viewer,
    };
    identity::members::add(&house.kernel, two.org.parse().unwrap(), new).await.unwrap();
    let tab = Tab::of(&house, &one).await;
    let seen = page(&house, &tab.cookie, "/organisations").await;
    assert!(seen.contains(&format!("/organisations/{}", two.org)) && !seen.contains(&three.org));
    tab.plain(&format!("/organisations/{}", three.org), "").await.expect_status(404);
    let gone = tab.plain(&format!("/organisations/{}", two.org), "").await.expect_status(303);
    let me = house.get("/v2/auth/session").header("cookie", &gone.cookie()).send().await.expect_status(200).json();
    assert_eq!((me["org"]["id"].as_str(), me["role"].as_str()), (Some(two.org.as_str()), Some("viewer")));
    house.get("/v2/auth/session").header("cookie", &tab.cookie).send().await.expect_status(401);
}
