//! Authenticator apps, recovery codes and the second step of the sign-in.

use chrono::Duration;
use futures_util::future::join_all;
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Person, Reply};

/// What a secret in base32 says, by RFC 4648.
fn unbase32(text: &str) -> Vec<u8> {
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).expect("base32");
        held = (held << 5) | value as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    out
}

/// The code an app shows at an instant of the house, some steps away.
pub fn code(house: &House, secret: &str, steps: i64) -> String {
    let step = house.kernel.clock.now().timestamp() / 30 + steps;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &unbase32(secret));
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Sets an app up; gives its secret and the recovery codes. The next code is a new one.
pub async fn app(house: &House, person: &Person) -> (String, Vec<String>) {
    let begun = house.post("/v2/auth/totp", json!({})).by(person).send().await.expect_status(201).json();
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    let confirm = json!({ "code": code(house, &secret, 0) });
    let confirmed = house.post("/v2/auth/totp/confirm", confirm).by(person).send().await.expect_status(200).json();
    house.advance(Duration::seconds(30));
    let codes = confirmed["recovery_codes"].as_array().expect("codes");
    (secret, codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect())
}

pub fn detail(refused: &Value, field: &str) -> String {
    let details = refused["error"]["details"].as_array().expect("details");
    let found = details.iter().find(|detail| detail["field"] == field).unwrap_or_else(|| panic!("{field}: {refused}"));
    found["reason"].as_str().expect("text").to_owned()
}

/// Signs in with the right password; gives the token of the second step.
pub async fn pending(house: &House, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let refused = house.post("/v2/auth/login", body).send().await.expect_status(401).json();
    assert_eq!(refused["error"]["code"], "second_factor_required", "{refused}");
    detail(&refused, "pending")
}

pub async fn second(house: &House, body: Value) -> Reply {
    house.post("/v2/auth/login/second-factor", body).send().await
}

async fn actions(house: &House, owner: &Person) -> String {
    house.get("/v2/audit-log").by(owner).send().await.expect_status(200).body
}

#[tokio::test]
async fn an_app_counts_from_its_first_code_on() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let begun = house.post("/v2/auth/totp", json!({})).by(&owner).send().await.expect_status(201).json();
    let secret = begun["secret"].as_str().expect("a secret");
    assert_eq!(secret.len(), 32, "160 bits");
    assert!(begun["uri"].as_str().expect("a URI").contains(&format!("secret={secret}")));
    house.login(&owner.email).await;
    let confirm = |code: String| house.post("/v2/auth/totp/confirm", json!({ "code": code })).by(&owner).send();
    let wrong = confirm(code(&house, secret, 5)).await.expect_status(422).json();
    assert_eq!(wrong["error"]["details"][0]["field"], "code");
    house.login(&owner.email).await;
    let first = code(&house, secret, 0);
    let confirmed = confirm(first.clone()).await.expect_status(200).json();
    assert_eq!(confirmed["recovery_codes"].as_array().map(Vec::len), Some(10));
    confirm(first.clone()).await.expect_status(409);
    house.post("/v2/auth/totp", json!({})).by(&owner).send().await.expect_status(409);
    let has = house.get("/v2/auth/factors").by(&owner).send().await.expect_status(200).json();
    assert_eq!((has["totp"].is_string(), &has["recovery_codes_left"]), (true, &json!(10)), "{has}");

    let token = pending(&house, &owner.email).await;
    second(&house, json!({ "pending": token, "code": first })).await.expect_status(401);
    house.advance(Duration::seconds(30));
    let tokens = second(&house, json!({ "pending": token, "code": code(&house, secret, 0) })).await.expect_status(200);
    let access = tokens.json()["access_token"].as_str().expect("a token").to_owned();
    house.get("/v2/auth/session").bearer(&access).send().await.expect_status(200);
    assert!(actions(&house, &owner).await.contains("totp.added"));
}

#[tokio::test]
async fn the_code_of_oathtool_is_accepted_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let oathtool = |secret: &str| {
        let now = house.kernel.clock.now().format("%Y-%m-%d %H:%M:%S UTC").to_string();
        let run = std::process::Command::new("oathtool").args(["--totp", "--base32", "--now", &now, secret]).output();
        let run = run.expect("oathtool is installed (scripts/setup.sh test)");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("digits").trim().to_owned()
    };
    let begun = house.post("/v2/auth/totp", json!({})).by(&owner).send().await.expect_status(201).json();
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    let confirm = json!({ "code": oathtool(&secret) });
    house.post("/v2/auth/totp/confirm", confirm).by(&owner).send().await.expect_status(200);
    house.advance(Duration::seconds(30));
    let shown = oathtool(&secret);
    let (one, other) = (pending(&house, &owner.email).await, pending(&house, &owner.email).await);
    second(&house, json!({ "pending": one, "code": shown })).await.expect_status(200);
    let again = second(&house, json!({ "pending": other, "code": shown })).await.expect_status(401);
    assert!(again.body.contains("used already"), "{}", again.body);
}

#[tokio::test]
async fn of_many_who_bring_one_code_at_once_one_comes_in() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, _) = app(&house, &owner).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(pending(&house, &owner.email).await);
    }
    let shown = code(&house, &secret, 0);
    let calls = tokens.into_iter().map(|token| second(&house, json!({ "pending": token, "code": shown })));
    let came = join_all(calls).await.into_iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(came, 1);
}

#[tokio::test]
async fn guesses_are_counted_before_they_are_looked_at() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, codes) = app(&house, &owner).await;
    // Several sign-ins and both kinds of codes share one count.
    let (one, other) = (pending(&house, &owner.email).await, pending(&house, &owner.email).await);
    let guesses = (0..24).map(|n| {
        let token = if n % 2 == 0 { &one } else { &other };
        let body = if n % 3 == 0 {
            json!({ "pending": token, "recovery_code": "aaaa-bbbb-cccc-dddd" })
        } else {
            json!({ "pending": token, "code": format!("{n:06}") })
        };
        second(&house, body)
    });
    let statuses: Vec<u16> = join_all(guesses).await.iter().map(|reply| reply.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 19, "{statuses:?}");
    let right = json!({ "pending": one, "code": code(&house, &secret, 0) });
    let closed = second(&house, right).await.expect_status(429);
    assert!(closed.headers.contains_key("retry-after"));
    second(&house, json!({ "pending": one, "recovery_code": codes[0] })).await.expect_status(429);
    house.advance(Duration::seconds(31));
    second(&house, json!({ "pending": one, "code": code(&house, &secret, 0) })).await.expect_status(200);
}

#[tokio::test]
async fn a_pending_sign_in_is_its_persons_used_once_and_short() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let other = house.owner("two").await;
    let ((mine, _), (theirs, _)) = (app(&house, &owner).await, app(&house, &other).await);
    let token = pending(&house, &owner.email).await;
    second(&house, json!({ "pending": token, "code": code(&house, &theirs, 0) })).await.expect_status(401);
    second(&house, json!({ "pending": "rp_nonsense", "code": code(&house, &mine, 0) })).await.expect_status(401);
    second(&house, json!({ "pending": token })).await.expect_status(422);
    second(&house, json!({ "pending": token, "code": "1", "recovery_code": "2" })).await.expect_status(422);
    // A pending sign-in is no credential.
    house.get("/v2/auth/session").bearer(&token).send().await.expect_status(401);
    second(&house, json!({ "pending": token, "code": code(&house, &mine, 0) })).await.expect_status(200);
    house.advance(Duration::seconds(30));
    second(&house, json!({ "pending": token, "code": code(&house, &mine, 0) })).await.expect_status(401);
    let late = pending(&house, &owner.email).await;
    house.advance(Duration::minutes(5));
    second(&house, json!({ "pending": late, "code": code(&house, &mine, 0) })).await.expect_status(401);
}

#[tokio::test]
async fn nobody_learns_of_a_second_factor_without_the_password() {
    let house = House::new().await;
    let (with, without) = (house.owner("one").await, house.owner("two").await);
    app(&house, &with).await;
    let mut seen = Vec::new();
    for email in [&with.email, &without.email, "nobody@example.com"] {
        let body = json!({ "email": email, "password": "wrong wrong" });
        let mut refused = house.post("/v2/auth/login", body).send().await.expect_status(401).json();
        refused["error"]["request_id"] = Value::Null;
        refused["error"]["timestamp"] = Value::Null;
        seen.push(refused);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_recovery_code_opens_once_and_new_ones_end_the_old() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, codes) = app(&house, &owner).await;
    let open = async |typed: &str| {
        let token = pending(&house, &owner.email).await;
        second(&house, json!({ "pending": token, "recovery_code": typed })).await.status.as_u16()
    };
    assert_eq!(open(&codes[0].to_uppercase().replace('-', " ")).await, 200);
    assert_eq!(open(&codes[0]).await, 401);
    let has = house.get("/v2/auth/factors").by(&owner).send().await.json();
    assert_eq!(has["recovery_codes_left"], 9);
    let (one, other) = (pending(&house, &owner.email).await, pending(&house, &owner.email).await);
    let both = [one, other].map(|token| second(&house, json!({ "pending": token, "recovery_code": codes[1] })));
    let came = join_all(both).await.into_iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(came, 1, "of two at once");
    let renewed = house.post("/v2/auth/recovery-codes", json!({})).by(&owner).send().await.expect_status(201).json();
    assert_eq!(open(&codes[2]).await, 401);
    assert_eq!(open(renewed["recovery_codes"][0].as_str().expect("a code")).await, 200);
    house.advance(Duration::minutes(16));
    house.post("/v2/auth/recovery-codes", json!({})).by(&owner).send().await.expect_status(401);
    let token = pending(&house, &owner.email).await;
    let tokens = second(&house, json!({ "pending": token, "code": code(&house, &secret, 0) })).await;
    tokens.expect_status(200);
}

#[tokio::test]
async fn a_factor_goes_only_by_a_fresh_proof_and_that_proof_is_the_factor() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, _) = app(&house, &owner).await;
    let (cookie, csrf) = signed_in(&house, &owner, &secret).await;
    house.advance(Duration::minutes(16));
    let call = |method: &str, path: &str, body: Value| {
        let call = if method == "delete" { house.delete(path) } else { house.post(path, body) };
        call.header("cookie", &cookie).header("x-csrf-token", &csrf).send()
    };
    for (method, path) in
        [("delete", "/v2/auth/totp"), ("post", "/v2/auth/recovery-codes"), ("post", "/v2/auth/passkeys/options")]
    {
        let refused = call(method, path, json!({})).await.expect_status(403).json();
        assert_eq!(refused["error"]["code"], "step_up_required", "{path}");
    }
    call("post", "/v2/auth/verify", json!({ "password": PASSWORD })).await.expect_status(422);
    call("post", "/v2/auth/verify", json!({ "code": "000000" })).await.expect_status(401);
    call("delete", "/v2/auth/totp", json!({})).await.expect_status(403);
    call("post", "/v2/auth/verify", json!({ "code": code(&house, &secret, 0) })).await.expect_status(204);
    call("delete", "/v2/auth/totp", json!({})).await.expect_status(204);
    call("delete", "/v2/auth/totp", json!({})).await.expect_status(404);
    let has = call_get(&house, &cookie, "/v2/auth/factors").await;
    assert_eq!((&has["totp"], &has["recovery_codes_left"]), (&Value::Null, &json!(0)), "codes stand in for nothing");
    house.login(&owner.email).await;
    call("post", "/v2/auth/recovery-codes", json!({})).await.expect_status(409);
}

async fn call_get(house: &House, cookie: &str, path: &str) -> Value {
    house.get(path).header("cookie", cookie).send().await.expect_status(200).json()
}

/// Signs in through the pages with both steps.
pub async fn signed_in(house: &House, person: &Person, secret: &str) -> (String, String) {
    let form = format!("email={}&password={}&next=%2Fsettings%2Fprofile", person.email, PASSWORD.replace(' ', "+"));
    let half = house.form("/sign-in", &form).send().await.expect_status(303);
    let waiting = half.cookie();
    let form = format!("next=%2Fsettings%2Fprofile&code={}", code(house, secret, 0));
    let done = house.form("/sign-in/second-factor", &form).header("cookie", &waiting).send().await.expect_status(303);
    house.advance(Duration::seconds(30));
    let cookie = done.cookie();
    let csrf = shell::auth::token_for_session(cookie.split_once('=').expect("name=value").1);
    (cookie, csrf)
}

#[tokio::test]
async fn the_pages_lead_through_the_second_step() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, _) = app(&house, &owner).await;
    let form = format!("email={}&password={}&next=%2Fsettings%2Fkeys", owner.email, PASSWORD.replace(' ', "+"));
    let half = house.form("/sign-in", &form).send().await.expect_status(303);
    assert_eq!(half.location(), "/sign-in/second-factor?next=/settings/keys");
    let set = half.headers["set-cookie"].to_str().expect("text").to_owned();
    assert!(set.starts_with("recoup_pending=rp_") && set.contains("HttpOnly") && set.contains("Max-Age=300"), "{set}");
    let waiting = half.cookie();
    house.get("/settings/keys").header("cookie", &waiting).send().await.expect_status(303);
    let page = house.get(half.location()).header("cookie", &waiting).send().await.expect_status(200).body;
    assert!(
        page.contains("One more step") && page.contains("Lost your device?") && !page.contains("data-passkey=\"use\"")
    );
    let step = |body: String| house.form("/sign-in/second-factor", &body).header("cookie", &waiting).send();
    let wrong = step("next=%2Fsettings%2Fkeys&code=000000".to_owned()).await.expect_status(401);
    assert!(wrong.body.contains("The code is not right.") && wrong.body.contains("value=\"/settings/keys\""));
    let right = format!("next=%2F%2Fevil.example&code={}", code(&house, &secret, 0));
    let done = step(right.clone()).await.expect_status(303);
    assert_eq!(done.location(), "/");
    let cookies: Vec<_> =
        done.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect();
    assert!(cookies[0].starts_with("recoup_session=") && cookies[1].starts_with("recoup_pending=;"), "{cookies:?}");
    assert_eq!(step(right).await.expect_status(303).location(), "/sign-in", "used once");
    assert_eq!(house.get("/sign-in/second-factor").send().await.expect_status(303).location(), "/sign-in");
}

#[tokio::test]
async fn an_app_is_set_up_in_the_pages() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let page = async |path: &str| house.get(path).header("cookie", &cookie).send().await.expect_status(200).body;
    let post =
        |path: &str, body: &str| house.form(path, &format!("_csrf={csrf}&{body}")).header("cookie", &cookie).send();
    let profile = page("/settings/profile").await;
    assert!(
        profile.contains("Set up an app") && profile.contains("Add a passkey") && !profile.contains("Recovery codes")
    );
    let begun = post("/settings/profile/authenticator", "").await.expect_status(303);
    let setting_up = page(begun.location()).await;
    assert!(setting_up.contains("<svg class=\"qr\"") && !setting_up.contains(" style="));
    let secret = setting_up.split("<code>").nth(1).and_then(|rest| rest.split('<').next()).expect("a key").to_owned();
    let confirm = "/settings/profile/authenticator/confirmation";
    let wrong = post(confirm, "code=000000").await.expect_status(422);
    assert!(wrong.body.contains("is not the code of this moment") && wrong.body.contains(&secret));
    let codes = post(confirm, &format!("code={}", code(&house, &secret, 0))).await.expect_status(200);
    assert_eq!(codes.body.matches("<li><code>").count(), 10);
    let profile = page("/settings/profile").await;
    assert!(profile.contains("10 left") && profile.contains("Remove the app"));
    assert!(
        !codes
            .body
            .split("<li><code>")
            .nth(1)
            .and_then(|rest| rest.split('<').next())
            .is_some_and(|code| profile.contains(code))
    );
    let people = page("/settings/people").await;
    assert!(people.contains("second factor"), "the list of people says so");
    let removed = post("/settings/profile/authenticator/removal", "").await.expect_status(303);
    assert_eq!(removed.location(), "/settings/profile");
    house.advance(Duration::minutes(16));
    let stale = house.form("/settings/profile/authenticator", &format!("_csrf={csrf}")).header("cookie", &cookie);
    let stale = stale.header("referer", "http://127.0.0.1:8080/settings/profile").send().await.expect_status(303);
    assert_eq!(stale.location(), "/verify?next=/settings/profile");
}

#[tokio::test]
async fn the_secret_rests_sealed_and_codes_rest_as_hashes() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (secret, codes) = app(&house, &owner).await;
    let mut db = house.db.owner().await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("select sealed from totp_secrets").fetch_one(&mut db).await.expect("a row");
    let plain = unbase32(&secret);
    assert!(!sealed.windows(plain.len()).any(|window| window == plain), "the secret can be read");
    let found: i64 = sqlx::query_scalar("select count(*) from recovery_codes r where position($1 in r::text) > 0")
        .bind(codes[0].replace('-', ""))
        .fetch_one(&mut db)
        .await
        .expect("a count");
    assert_eq!(found, 0);
    // A sealed secret that is moved to another person does not open.
    let other = house.owner("two").await;
    sqlx::query("update totp_secrets set user_id = (select id from users where email = $1)")
        .bind(&other.email)
        .execute(&mut db)
        .await
        .expect("moved");
    let token = pending(&house, &other.email).await;
    second(&house, json!({ "pending": token, "code": code(&house, &secret, 0) })).await.expect_status(500);
}

#[tokio::test]
async fn an_administrator_resets_what_a_member_lost_and_nobody_else_does() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (admin, agent) = (house.member(&owner, "admin").await, house.member(&owner, "agent").await);
    let id = house.member_id(&agent).await;
    let path = format!("/v2/members/{id}/factors");
    house.delete(&path).by(&admin).send().await.expect_status(409);
    app(&house, &agent).await;
    app(&house, &owner).await;
    let owners = format!("/v2/members/{}/factors", house.member_id(&owner).await);
    house.delete(&owners).by(&admin).send().await.expect_status(403);
    house.delete(&owners).by(&owner).send().await.expect_status(409);
    house.delete(&path).by(&agent).send().await.expect_status(403);
    let two = house.owner("two").await;
    house.delete(&path).by(&two).send().await.expect_status(404);
    house.delete(&path).by(&admin).send().await.expect_status(204);
    house.get("/v2/auth/session").by(&agent).send().await.expect_status(401);
    let agent = house.login(&agent.email).await;
    assert!(actions(&house, &owner).await.contains("factors.reset"));

    // Somebody who is in another organisation too is not weakened by one of them.
    app(&house, &agent).await;
    let invite = house.post("/v2/invites", json!({ "email": agent.email, "role": "viewer" })).by(&two).send().await;
    let link = invite.expect_status(201).json()["link"].as_str().expect("a link").to_owned();
    let token = link.rsplit('/').next().expect("the secret");
    let body = json!({ "token": token, "password": PASSWORD });
    let refused = house.post("/v2/invites/accept", body).send().await.expect_status(409);
    assert!(refused.body.contains("sign in first"), "an invitation is no way past the second factor");
    let kernel = &house.kernel;
    let new = identity::members::NewMember {
        email: agent.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Viewer,
    };
    identity::members::add(kernel, two.org.parse().expect("an id"), new).await.expect("added");
    let refused = house.delete(&path).by(&admin).send().await.expect_status(409);
    assert!(refused.body.contains("other organisations"), "{}", refused.body);
    identity::reset_factors(kernel, &agent.email).await.expect("the operator may");
    house.login(&agent.email).await;
}

/// Takes from the program what it needs to write the audit log, or gives it back.
pub async fn audit_log(house: &House, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&mut house.db.owner().await).await.expect("done");
}

pub const CLOSED: &str = "revoke insert on audit_log from recoup_app";
pub const OPEN: &str = "grant insert on audit_log to recoup_app";

#[tokio::test]
async fn an_app_and_its_row_in_the_audit_log_come_and_go_together_or_not_at_all() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let factors = || async { house.get("/v2/auth/factors").by(&owner).send().await.expect_status(200).json() };
    let begun = house.post("/v2/auth/totp", json!({})).by(&owner).send().await.expect_status(201).json();
    let confirm = json!({ "code": code(&house, begun["secret"].as_str().expect("a secret"), 0) });

    audit_log(&house, CLOSED).await;
    house.post("/v2/auth/totp/confirm", confirm.clone()).by(&owner).send().await.expect_status(500);
    let has = factors().await;
    assert_eq!((&has["totp"], &has["recovery_codes_left"]), (&Value::Null, &json!(0)), "no row, no factor");
    audit_log(&house, OPEN).await;
    let made = house.post("/v2/auth/totp/confirm", confirm).by(&owner).send().await.expect_status(200).json();
    let first = made["recovery_codes"][0].clone();

    audit_log(&house, CLOSED).await;
    house.post("/v2/auth/recovery-codes", json!({})).by(&owner).send().await.expect_status(500);
    house.delete("/v2/auth/totp").by(&owner).send().await.expect_status(500);
    let has = factors().await;
    assert_eq!((has["totp"].is_string(), &has["recovery_codes_left"]), (true, &json!(10)), "no row, no change: {has}");
    audit_log(&house, OPEN).await;
    // The codes are the ones that were shown.
    let token = pending(&house, &owner.email).await;
    second(&house, json!({ "pending": token, "recovery_code": first })).await.expect_status(200);
    house.delete("/v2/auth/totp").by(&owner).send().await.expect_status(204);
    let has = factors().await;
    assert_eq!((&has["totp"], &has["recovery_codes_left"]), (&Value::Null, &json!(0)), "{has}");
}

#[tokio::test]
async fn a_reset_and_its_rows_are_there_together_or_not_at_all() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    app(&house, &agent).await;
    let path = format!("/v2/members/{}/factors", house.member_id(&agent).await);
    audit_log(&house, CLOSED).await;
    house.delete(&path).by(&owner).send().await.expect_status(500);
    identity::reset_factors(&house.kernel, &agent.email).await.expect_err("it cannot be written down");
    audit_log(&house, OPEN).await;
    pending(&house, &agent.email).await;
    house.delete(&path).by(&owner).send().await.expect_status(204);
    house.login(&agent.email).await;
}

#[tokio::test]
async fn a_key_is_no_person() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let scopes = json!({ "name": "k", "scopes": ["view", "manage_people"] });
    let made = house.post("/v2/keys", scopes).by(&owner).send().await.expect_status(201).json();
    let key = made["key"].as_str().expect("shown once");
    for path in ["/v2/auth/totp", "/v2/auth/recovery-codes", "/v2/auth/passkeys/options", "/v2/auth/verify/options"] {
        house.post(path, json!({})).bearer(key).send().await.expect_status(409);
    }
    let rule = json!({ "required": false });
    house.put("/v2/security/second-factor", rule).bearer(key).send().await.expect_status(403);
}
