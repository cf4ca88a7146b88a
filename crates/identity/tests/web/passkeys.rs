//! Passkeys through the router: registering, signing in with and without a password, and what attackers bring.

use chrono::Duration;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shell::page::url_encoded;

use crate::authenticator::Authenticator;
use crate::factors::{CLOSED, OPEN, app, audit_log, code, pending, second};
use crate::support::{House, PASSWORD, Person, Reply};

/// The house's public address is a loopback one, for which `localhost` stands.
const ORIGIN: &str = "http://localhost:8080";

async fn options(house: &House, person: &Person) -> Value {
    house.post("/v2/auth/passkeys/options", json!({})).by(person).send().await.expect_status(200).json()
}

async fn register(house: &House, person: &Person, passkey: Value) -> Reply {
    house.post("/v2/auth/passkeys", json!({ "name": "Laptop", "passkey": passkey })).by(person).send().await
}

/// A registered passkey of a person.
async fn passkey(house: &House, person: &Person) -> Authenticator {
    let mut authenticator = Authenticator::new(-7, ORIGIN);
    let made = authenticator.make(&options(house, person).await);
    register(house, person, made).await.expect_status(201);
    authenticator
}

async fn sign_in_options(house: &House) -> Value {
    house.post("/v2/auth/passkeys/sign-in/options", json!({})).send().await.expect_status(200).json()
}

async fn sign_in(house: &House, given: &Value) -> Reply {
    house.post("/v2/auth/passkeys/sign-in", json!({ "passkey": given })).send().await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let asked = options(&house, &owner).await;
    assert_eq!((&asked["rp"]["id"], &asked["attestation"]), (&json!("localhost"), &json!("none")));
    let selection = &asked["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!("required"), &json!("required")));
    let mut authenticator = Authenticator::new(-8, ORIGIN);
    let made = register(&house, &owner, authenticator.make(&asked)).await.expect_status(201).json();
    assert_eq!((&made["name"], made["recovery_codes"].as_array().map(Vec::len)), (&json!("Laptop"), Some(10)));
    let again = options(&house, &owner).await;
    assert_eq!(again["excludeCredentials"].as_array().map(Vec::len), Some(1));

    let asked = sign_in_options(&house).await;
    assert_eq!(asked["allowCredentials"], json!([]), "whichever the browser finds");
    authenticator.count = 1;
    let came = sign_in(&house, &authenticator.answer(&asked)).await.expect_status(200).json();
    assert_eq!(came["user"]["email"], owner.email.as_str());
    let access = came["access_token"].as_str().expect("a token");
    let has = house.get("/v2/auth/factors").bearer(access).send().await.expect_status(200).json();
    assert!(has["passkeys"][0]["last_used_at"].is_string(), "{has}");
    // With the password, the passkey is the second step.
    pending(&house, &owner.email).await;
}

#[tokio::test]
async fn the_page_signs_in_by_what_its_script_filled_in() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut authenticator = passkey(&house, &owner).await;
    let page = house.get("/sign-in?next=/settings/keys").send().await.expect_status(200).body;
    assert!(page.contains("data-passkey=\"use\" data-options=\"/v2/auth/passkeys/sign-in/options\""));
    let given = authenticator.answer(&sign_in_options(&house).await).to_string();
    let form = format!("next=%2Fsettings%2Fkeys&passkey={}", url_encoded(&given));
    let came = house.form("/sign-in/passkey", &form).send().await.expect_status(303);
    assert_eq!(came.location(), "/settings/keys");
    house.get("/settings/keys").header("cookie", &came.cookie()).send().await.expect_status(200);
    let again = house.form("/sign-in/passkey", &form).send().await.expect_status(401);
    assert!(again.body.contains("The passkey came too late or twice"), "{}", again.body);
    house.form("/sign-in/passkey", "next=%2F&passkey=nonsense").send().await.expect_status(401);
}

#[tokio::test]
async fn a_passkey_is_the_second_step_and_the_fresh_proof() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut authenticator = passkey(&house, &owner).await;
    let token = pending(&house, &owner.email).await;
    let path = "/v2/auth/login/second-factor/options";
    let asked = house.post(path, json!({ "pending": token })).send().await.expect_status(200).json();
    assert_eq!(asked["allowCredentials"].as_array().map(Vec::len), Some(1));
    house.post(path, json!({ "pending": "rp_nonsense" })).send().await.expect_status(401);
    let given = authenticator.answer(&asked);
    let tokens = second(&house, json!({ "pending": token, "passkey": given })).await.expect_status(200).json();
    let access = tokens["access_token"].as_str().expect("a token").to_owned();
    house.advance(Duration::minutes(14));
    let asked = house.post("/v2/auth/verify/options", json!({})).bearer(&access).send().await.expect_status(200).json();
    let given = authenticator.answer(&asked);
    house.post("/v2/auth/verify", json!({ "password": PASSWORD })).bearer(&access).send().await.expect_status(422);
    house.post("/v2/auth/verify", json!({ "passkey": given })).bearer(&access).send().await.expect_status(204);
    house.post("/v2/auth/verify", json!({ "passkey": given })).bearer(&access).send().await.expect_status(401);
}

#[tokio::test]
async fn a_passkey_and_its_row_in_the_audit_log_come_and_go_together_or_not_at_all() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let listed = || async {
        let all = house.get("/v2/auth/passkeys").by(&owner).send().await.expect_status(200).json();
        all["data"].as_array().expect("a list").clone()
    };
    let mut authenticator = Authenticator::new(-7, ORIGIN);
    let made = authenticator.make(&options(&house, &owner).await);
    audit_log(&house, CLOSED).await;
    register(&house, &owner, made).await.expect_status(500);
    assert_eq!(listed().await, Vec::<Value>::new(), "no row, no passkey");
    audit_log(&house, OPEN).await;
    passkey(&house, &owner).await;
    let path = format!("/v2/auth/passkeys/{}", listed().await[0]["id"].as_str().expect("an id"));
    audit_log(&house, CLOSED).await;
    house.delete(&path).by(&owner).send().await.expect_status(500);
    assert_eq!(listed().await.len(), 1, "no row, and it stays");
    audit_log(&house, OPEN).await;
    house.delete(&path).by(&owner).send().await.expect_status(204);
}

#[tokio::test]
async fn passkeys_are_listed_renamed_and_removed_by_their_owner_alone() {
    let house = House::new().await;
    let (owner, other) = (house.owner("one").await, house.owner("two").await);
    passkey(&house, &owner).await;
    let id = house.get("/v2/auth/passkeys").by(&owner).send().await.json()["data"][0]["id"].clone();
    let path = format!("/v2/auth/passkeys/{}", id.as_str().expect("an id"));
    for call in [house.get(&path), house.patch(&path, json!({ "name": "Mine" })), house.delete(&path)] {
        call.by(&other).send().await.expect_status(404);
    }
    house.patch(&path, json!({ "name": "" })).by(&owner).send().await.expect_status(422);
    let renamed = house.patch(&path, json!({ "name": "Old laptop" })).by(&owner).send().await.expect_status(200).json();
    assert_eq!(renamed["name"], "Old laptop");
    house.get(&path).by(&owner).send().await.expect_status(200);
    house.delete(&path).by(&owner).send().await.expect_status(204);
    house.get(&path).by(&owner).send().await.expect_status(404);
    house.login(&owner.email).await;
    let log = house.get("/v2/audit-log").by(&owner).send().await.expect_status(200).body;
    assert!(log.contains("passkey.added") && log.contains("passkey.removed"));
}

#[tokio::test]
async fn a_challenge_is_taken_once_in_time_for_its_purpose_and_its_person() {
    let house = House::new().await;
    let (owner, other) = (house.owner("one").await, house.owner("two").await);
    let mut authenticator = passkey(&house, &owner).await;
    // Once, also of two at the same time.
    let given = authenticator.answer(&sign_in_options(&house).await);
    let came = join_all([sign_in(&house, &given), sign_in(&house, &given)]).await;
    assert_eq!(came.iter().filter(|reply| reply.status.as_u16() == 200).count(), 1);
    // A refused answer has used its challenge up.
    let asked = sign_in_options(&house).await;
    authenticator.origin = "https://evil.example".to_owned();
    sign_in(&house, &authenticator.answer(&asked)).await.expect_status(401);
    authenticator.origin = ORIGIN.to_owned();
    sign_in(&house, &authenticator.answer(&asked)).await.expect_status(401);
    // In time.
    let asked = sign_in_options(&house).await;
    house.advance(Duration::minutes(5));
    sign_in(&house, &authenticator.answer(&asked)).await.expect_status(401);
    // One of our own making, and one that is nobody's.
    authenticator.challenge = Some("bm90IG91cnM".to_owned());
    sign_in(&house, &authenticator.answer(&json!({}))).await.expect_status(401);
    authenticator.challenge = None;
    // For its purpose: what was asked for a fresh proof signs nobody in.
    let (owner, other) = (sign_in_again(&house, &mut authenticator, &owner).await, house.login(&other.email).await);
    let asked = house.post("/v2/auth/verify/options", json!({})).by(&owner).send().await.expect_status(200).json();
    sign_in(&house, &authenticator.answer(&asked)).await.expect_status(401);
    // For its person: what one was asked to register, another cannot.
    let asked = options(&house, &owner).await;
    let made = Authenticator::new(-7, ORIGIN).make(&asked);
    register(&house, &other, made.clone()).await.expect_status(401);
    register(&house, &owner, made).await.expect_status(201);
}

/// The same person with a session just opened by their passkey.
async fn sign_in_again(house: &House, authenticator: &mut Authenticator, person: &Person) -> Person {
    let given = authenticator.answer(&sign_in_options(house).await);
    let came = sign_in(house, &given).await.expect_status(200).json();
    Person { access: came["access_token"].as_str().expect("a token").to_owned(), ..person.clone() }
}

/// What an authenticator or a browser says that is not so.
type Lie = fn(&mut Authenticator);

#[tokio::test]
async fn lies_are_refused_through_the_router() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let lies: [Lie; 8] = [
        |a| a.origin = "https://localhost:8080".into(),
        |a| a.origin = "http://127.0.0.1:8080".into(),
        |a| a.cross_origin = true,
        |a| a.party = "evil.example".into(),
        |a| a.flags = 0x01,
        |a| a.flags = 0x00,
        |a| a.kind = Some("payment.get"),
        |a| a.secret = Authenticator::new(-8, ORIGIN).secret,
    ];
    for (index, lie) in lies.into_iter().enumerate() {
        let mut authenticator = passkey(&house, &owner).await;
        lie(&mut authenticator);
        let given = authenticator.answer(&sign_in_options(&house).await);
        let refused = sign_in(&house, &given).await;
        assert_eq!(refused.status.as_u16(), 401, "lie {index}: {}", refused.body);
        if index < 7 {
            let mut new = Authenticator::new(-7, ORIGIN);
            lie(&mut new);
            let made = new.make(&options(&house, &owner).await);
            assert_eq!(register(&house, &owner, made).await.status.as_u16(), 401, "lie {index} at registration");
        }
    }
    for nonsense in [json!({}), json!("x"), json!({ "id": "a", "rawId": "b", "type": "public-key", "response": {} })] {
        sign_in(&house, &nonsense).await.expect_status(401);
        register(&house, &owner, nonsense).await.expect_status(401);
    }
    let log = house.get("/v2/audit-log").by(&owner).send().await.expect_status(200).body;
    assert!(log.contains("passkey.added"));
}

#[tokio::test]
async fn a_copy_is_noticed_by_its_count() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let mut authenticator = passkey(&house, &owner).await;
    let status = async |authenticator: &mut Authenticator, count: u32| {
        authenticator.count = count;
        let given = authenticator.answer(&sign_in_options(&house).await);
        sign_in(&house, &given).await.status.as_u16()
    };
    assert_eq!(status(&mut authenticator, 0).await, 200, "it does not count yet");
    assert_eq!(status(&mut authenticator, 0).await, 200);
    assert_eq!(status(&mut authenticator, 5).await, 200);
    for stale in [5, 4, 0] {
        assert_eq!(status(&mut authenticator, stale).await, 401, "{stale} after 5");
    }
    assert_eq!(status(&mut authenticator, 6).await, 200);
    // The original and a copy at the same time: one comes in.
    authenticator.count = 7;
    let (one, other) = (sign_in_options(&house).await, sign_in_options(&house).await);
    let (one, other) = (authenticator.answer(&one), authenticator.answer(&other));
    let came = join_all([sign_in(&house, &one), sign_in(&house, &other)]).await;
    assert_eq!(came.iter().filter(|reply| reply.status.as_u16() == 200).count(), 1);
}

#[tokio::test]
async fn nobody_uses_or_takes_over_somebody_elses_passkey() {
    let house = House::new().await;
    let (owner, thief) = (house.owner("one").await, house.owner("two").await);
    let mut theirs = passkey(&house, &owner).await;
    let mut own = passkey(&house, &thief).await;
    // As the second step of another person.
    let token = pending(&house, &owner.email).await;
    let path = "/v2/auth/login/second-factor/options";
    let asked = house.post(path, json!({ "pending": token })).send().await.expect_status(200).json();
    second(&house, json!({ "pending": token, "passkey": own.answer(&asked) })).await.expect_status(401);
    // With another person's handle, and with none at all.
    own.handle = theirs.handle.clone();
    sign_in(&house, &own.answer(&sign_in_options(&house).await)).await.expect_status(401);
    own.handle = None;
    sign_in(&house, &own.answer(&sign_in_options(&house).await)).await.expect_status(401);
    // Registering the id of somebody else's passkey, with the thief's own key.
    let mut copy = Authenticator::new(-7, ORIGIN);
    copy.id = theirs.id.clone();
    let made = copy.make(&options(&house, &thief).await);
    register(&house, &thief, made).await.expect_status(409);
    let given = theirs.answer(&sign_in_options(&house).await);
    let came = sign_in(&house, &given).await.expect_status(200).json();
    assert_eq!(came["user"]["email"], owner.email.as_str());
}

#[tokio::test]
async fn registering_needs_a_fresh_proof_and_stops_at_twenty() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let asked = options(&house, &owner).await;
    let made = Authenticator::new(-7, ORIGIN).make(&asked);
    let (secret, _) = app(&house, &owner).await;
    for _ in 0..20 {
        passkey(&house, &owner).await;
    }
    let one_more = Authenticator::new(-7, ORIGIN).make(&options(&house, &owner).await);
    register(&house, &owner, one_more).await.expect_status(409);
    let token = pending(&house, &owner.email).await;
    let body = json!({ "pending": token, "code": code(&house, &secret, 0) });
    let tokens = second(&house, body).await.expect_status(200).json();
    let owner = Person { access: tokens["access_token"].as_str().expect("a token").to_owned(), ..owner };
    sqlx::query("update sessions set verified_at = null").execute(&mut house.db.owner().await).await.expect("arranged");
    house.advance(Duration::seconds(1));
    let refused = register(&house, &owner, made).await.expect_status(403).json();
    assert_eq!(refused["error"]["code"], "step_up_required");
}

#[tokio::test]
async fn the_pages_keep_passkeys() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let post =
        |path: &str, body: &str| house.form(path, &format!("_csrf={csrf}&{body}")).header("cookie", &cookie).send();
    let asked = house.post("/v2/auth/passkeys/options", json!({})).header("cookie", &cookie);
    asked.send().await.expect_status(403);
    let asked =
        house.post("/v2/auth/passkeys/options", json!({})).header("cookie", &cookie).header("x-csrf-token", &csrf);
    let asked = asked.send().await.expect_status(200).json();
    let made = url_encoded(&Authenticator::new(-7, ORIGIN).make(&asked).to_string());
    let nameless =
        post("/settings/profile/passkeys", &format!("passkey_name=&passkey={made}")).await.expect_status(422);
    assert!(nameless.body.contains("The name is required."), "{}", nameless.body);
    let scriptless = post("/settings/profile/passkeys", "passkey_name=Laptop&passkey=").await.expect_status(422);
    assert!(scriptless.body.contains("No passkey arrived"));
    let codes = post("/settings/profile/passkeys", &format!("passkey_name=Work+laptop&passkey={made}")).await;
    assert_eq!(codes.expect_status(200).body.matches("<li><code>").count(), 10);
    let profile = house.get("/settings/profile").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(profile.contains("Work laptop") && profile.contains("not used yet"));
    let id = profile.split("/settings/profile/passkeys/").nth(1).and_then(|rest| rest.split('/').next());
    let path = format!("/settings/profile/passkeys/{}", id.expect("an id"));
    post(&format!("{path}/name"), "name=Desk").await.expect_status(303);
    let profile = house.get("/settings/profile").header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(profile.contains("Remove Desk"));
    post(&format!("{path}/removal"), "").await.expect_status(303);
    post(&format!("{path}/removal"), "").await.expect_status(404);
}
