//! The session policy: how long sessions last, and from where the organisation is reached.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Person, Reply};

const HERE: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.7";

async fn save(house: &House, by: &Person, policy: Value) -> Reply {
    house.put("/v2/session-policy", policy).by(by).at_ip(HERE).send().await
}

async fn asked(house: &House, header: (&'static str, &str), ip: &str) -> u16 {
    house.get("/v2/auth/session").header(header.0, header.1).at_ip(ip).send().await.status.as_u16()
}

#[tokio::test]
async fn idle_sessions_end_sooner_where_the_organisation_says_so_also_those_there_are() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, _) = house.browser(&owner.email).await;
    let cookie = ("cookie", cookie.as_str());
    save(&house, &owner, json!({ "idle_minutes": 60 })).await.expect_status(200);
    for _ in 0..3 {
        house.advance(Duration::minutes(59));
        assert_eq!(asked(&house, cookie, HERE).await, 200, "use keeps it alive");
    }
    house.advance(Duration::minutes(62));
    assert_eq!(asked(&house, cookie, HERE).await, 401);
    let refresh = json!({ "refresh_token": owner.refresh });
    house.post("/v2/auth/refresh", refresh).send().await.expect_status(401);
    let fresh = house.login(&owner.email).await;
    house.advance(Duration::minutes(30));
    let next = house.post("/v2/auth/refresh", json!({ "refresh_token": fresh.refresh })).send().await;
    let next = next.expect_status(200).json();
    house.advance(Duration::minutes(62));
    let next = json!({ "refresh_token": next["refresh_token"] });
    house.post("/v2/auth/refresh", next).send().await.expect_status(401);
}

#[tokio::test]
async fn no_session_outlives_the_age_the_organisation_allows_not_even_by_refreshing() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    save(&house, &owner, json!({ "longest_minutes": 60 })).await.expect_status(200);
    let (cookie, _) = house.browser(&owner.email).await;
    let mut program = house.login(&owner.email).await;
    for _ in 0..5 {
        house.advance(Duration::minutes(10));
        assert_eq!(asked(&house, ("cookie", &cookie), HERE).await, 200);
        let body = json!({ "refresh_token": program.refresh });
        let next = house.post("/v2/auth/refresh", body).send().await.expect_status(200).json();
        program.refresh = next["refresh_token"].as_str().expect("a token").to_owned();
        program.access = next["access_token"].as_str().expect("a token").to_owned();
    }
    house.advance(Duration::minutes(10));
    assert_eq!(asked(&house, ("cookie", &cookie), HERE).await, 401);
    house.get("/v2/auth/session").by(&program).send().await.expect_status(401);
    house.post("/v2/auth/refresh", json!({ "refresh_token": program.refresh })).send().await.expect_status(401);
    let listed = house.login(&owner.email).await;
    let own = house.get("/v2/auth/sessions").by(&listed).send().await.expect_status(200).json();
    assert_eq!(own["data"].as_array().expect("a list").len(), 1, "what ended is not listed");
}

#[tokio::test]
async fn from_elsewhere_every_credential_is_refused_and_nobody_signs_in() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, _) = house.browser(&owner.email).await;
    let key = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = key.expect_status(201).json()["key"].as_str().expect("a key").to_owned();
    let bearer = format!("Bearer {}", owner.access);
    let credentials = [("cookie", cookie.as_str()), ("authorization", bearer.as_str()), ("x-api-key", key.as_str())];
    for credential in credentials {
        assert_eq!(asked(&house, credential, ELSEWHERE).await, 200);
    }
    let saved = save(&house, &owner, json!({ "networks": ["203.0.113.0/24", "2001:db8::/32"] })).await;
    assert_eq!(saved.expect_status(200).json()["networks"], json!(["2001:db8::/32", "203.0.113.0/24"]));
    for credential in credentials {
        for (ip, status) in [(HERE, 200), (ELSEWHERE, 403), (HERE, 200), (ELSEWHERE, 403)] {
            assert_eq!(asked(&house, credential, ip).await, status, "{} from {ip}", credential.0);
        }
        let nowhere = house.get("/v2/auth/session").header(credential.0, credential.1).send().await;
        nowhere.expect_status(403);
    }
    let login = || house.post("/v2/auth/login", json!({ "email": owner.email, "password": PASSWORD }));
    let refused = login().at_ip(ELSEWHERE).send().await.expect_status(403);
    assert!(refused.body.contains("198.51.100.7 is not among them"), "{}", refused.body);
    login().at_ip(HERE).send().await.expect_status(200);
    let form = format!("email={}&password={}", owner.email, PASSWORD.replace(' ', "+"));
    house.form("/sign-in", &form).at_ip(ELSEWHERE).send().await.expect_status(403);
    let refresh = || house.post("/v2/auth/refresh", json!({ "refresh_token": owner.refresh }));
    refresh().at_ip(ELSEWHERE).send().await.expect_status(403);
    refresh().at_ip(HERE).send().await.expect_status(200);
    // Whoever is barred still reaches the door, for an organisation without a list.
    house.get("/sign-in").header("cookie", &cookie).at_ip(ELSEWHERE).send().await.expect_status(200);
    let page = house.get("/settings/people").header("cookie", &cookie).at_ip(ELSEWHERE).send().await.expect_status(403);
    assert!(page.body.contains("is not among them"), "{}", page.body);
    // A wrong password from elsewhere reads as it always did: the list tells only whoever proved themselves.
    let wrong = json!({ "email": owner.email, "password": "wrong password" });
    house.post("/v2/auth/login", wrong).at_ip(ELSEWHERE).send().await.expect_status(401);
}

#[tokio::test]
async fn the_operator_opens_a_door_that_locked_everybody_out() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    save(&house, &owner, json!({ "idle_minutes": 60, "networks": ["203.0.113.0/24"] })).await.expect_status(200);
    let bearer = format!("Bearer {}", owner.access);
    assert_eq!(asked(&house, ("authorization", &bearer), ELSEWHERE).await, 403);
    identity::unlock(&house.kernel, owner.org.parse().expect("an id")).await.expect("unlocked");
    // This process kept what it knew for less than a second.
    kernel::testing::until("the door to open", || async {
        (asked(&house, ("authorization", &bearer), ELSEWHERE).await == 200).then_some(())
    })
    .await;
    let now = house.get("/v2/session-policy").by(&owner).send().await.expect_status(200).json();
    assert_eq!(now, json!({ "idle_minutes": 60, "longest_minutes": null, "networks": [] }));
}

#[tokio::test]
async fn a_list_that_would_lock_out_its_author_or_does_not_read_is_refused() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for networks in [json!(["198.51.100.0/24"]), json!(["203.0.113.0/33"]), json!(["203.0.113.7/24"]), json!(["here"])]
    {
        let refused = save(&house, &owner, json!({ "networks": networks })).await.expect_status(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], "networks", "{networks}");
    }
    // Nobody knows this address, so no list can hold it.
    let unknown = house.put("/v2/session-policy", json!({ "networks": ["0.0.0.0/0"] })).by(&owner);
    unknown.send().await.expect_status(422);
    let now = house.get("/v2/session-policy").by(&owner).send().await.expect_status(200).json();
    assert_eq!(now["networks"], json!([]));
}

#[tokio::test]
async fn the_page_saves_and_says_what_is_wrong_and_the_log_tells_before_and_after() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (cookie, token) = house.browser(&owner.email).await;
    let page =
        house.get("/settings/sign-in").header("cookie", &cookie).at_ip(HERE).send().await.expect_status(200).body;
    assert!(page.contains("Your own address is <code>203.0.113.7</code>"), "{page}");
    let post = |body: String| {
        let call = house.form("/settings/sign-in", &body).header("cookie", &cookie).header("x-csrf-token", &token);
        call.header("hx-request", "true").at_ip(HERE).send()
    };
    let wrong = post("idle=60&longest=0&networks=198.51.100.0/24".into()).await.expect_status(200).body;
    assert!(wrong.contains("would lock you out") && wrong.contains("198.51.100.0/24"), "{wrong}");
    let saved = post("idle=60&longest=0&networks=203.0.113.0/24%0A%0A10.0.0.0/8".into()).await.expect_status(200).body;
    assert!(saved.contains("10.0.0.0/8\n203.0.113.0/24"), "{saved}");
    assert!(saved.contains("value=\"60\" selected"), "{saved}");
    let log = house.get("/v2/audit-log?action=session_policy").by(&owner).at_ip(HERE).send().await.expect_status(200);
    assert!(log.body.contains("203.0.113.0/24"), "{}", log.body);
    // Another organisation knows nothing of it.
    let two = house.owner("two").await;
    let theirs = house.get("/v2/session-policy").by(&two).send().await.expect_status(200).json();
    assert_eq!(theirs, json!({ "idle_minutes": null, "longest_minutes": null, "networks": [] }));
}
