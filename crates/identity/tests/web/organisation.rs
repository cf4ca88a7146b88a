//! The organisation's name, owner and end.

use chrono::Duration;
use identity::organisation::{Erasure, restore};
use kernel::db::system;
use kernel::schedule::Reconciler;
use serde_json::{Value, json};

use crate::support::{House, Person, Reply};

async fn hand_over(house: &House, by: &Person, to: &str) -> Reply {
    house.post("/v2/organisation/ownership", json!({ "member_id": to })).by(by).send().await
}

async fn delete(house: &House, by: &Person, name: &str) -> Reply {
    house.post("/v2/organisation/deletion", json!({ "name": name })).by(by).send().await
}

async fn owners(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from members where role = 'owner'")
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap()
}

async fn actions(house: &House, by: &Person) -> Vec<String> {
    let log = house.get("/v2/audit-log").by(by).send().await.expect_status(200).json();
    log["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn name_and_time_zone_are_changed_by_those_who_may_and_noted() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let seen = house.get("/v2/organisation").by(&agent).send().await.expect_status(200).json();
    assert_eq!((seen["name"].as_str(), seen["time_zone"].as_str()), (Some("one"), Some("UTC")));
    let patch = |by: &Person, body: Value| house.patch("/v2/organisation", body).by(by).send();
    patch(&agent, json!({ "name": "Mine" })).await.expect_status(403);
    let bad = patch(&owner, json!({ "name": " ", "time_zone": "Mars/Base" })).await.expect_status(422).json();
    assert_eq!(bad["error"]["details"].as_array().map(Vec::len), Some(2));
    patch(&owner, json!({ "plan": "enterprise" })).await.expect_status(422);
    let changed = patch(&owner, json!({ "name": " Northwind ", "time_zone": "Europe/Berlin" })).await;
    assert_eq!(changed.expect_status(200).json()["name"], "Northwind");
    patch(&owner, json!({})).await.expect_status(200);
    let me = house.get("/v2/auth/session").by(&agent).send().await.json();
    assert_eq!(me["org"]["name"], "Northwind", "from the next request");
    let log = house.get("/v2/audit-log?action=organisation").by(&owner).send().await.expect_status(200).json();
    let rows = log["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "what changed nothing is not noted");
    assert!(rows[0].to_string().contains("Northwind") && rows[0].to_string().contains("\"one\""), "{}", rows[0]);
}

#[tokio::test]
async fn ownership_passes_in_one_step() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let admin = house.member(&owner, "admin").await;
    let (own, to) = (house.member_id(&owner).await, house.member_id(&agent).await);
    for (by, status) in [(&admin, 403), (&agent, 403)] {
        hand_over(&house, by, &to).await.expect_status(status);
    }
    hand_over(&house, &owner, &own).await.expect_status(409);
    hand_over(&house, &owner, "member_01h455vb4pex5vsknk084sn02q").await.expect_status(404);
    let two = house.owner("two").await;
    hand_over(&house, &two, &to).await.expect_status(404);
    let taken = hand_over(&house, &owner, &to).await.expect_status(200).json();
    assert_eq!((taken["id"].as_str(), taken["role"].as_str()), (Some(to.as_str()), Some("owner")));
    // It holds from the next request of both.
    assert_eq!(house.get("/v2/auth/session").by(&agent).send().await.json()["role"], "owner");
    assert_eq!(house.get("/v2/auth/session").by(&owner).send().await.json()["role"], "admin");
    hand_over(&house, &owner, &to).await.expect_status(403);
    let log = actions(&house, &agent).await;
    assert_eq!(log[..3], ["organisation.handed_over", "member.role_changed", "member.role_changed"]);
    // A key owns nothing, whatever its scopes.
    let key = house.post("/v2/keys", json!({ "name": "k", "scopes": ["billing", "view"] })).by(&agent).send().await;
    let key = key.expect_status(201).json()["key"].as_str().map(str::to_owned);
    if let Some(key) = key {
        let call = house.post("/v2/organisation/ownership", json!({ "member_id": own })).bearer(&key);
        call.send().await.expect_status(409);
    }
}

#[tokio::test]
async fn an_owner_who_hands_over_twice_at_once_does_so_once() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let (a, b) = (house.member(&owner, "admin").await, house.member(&owner, "agent").await);
    let (to_a, to_b) = (house.member_id(&a).await, house.member_id(&b).await);
    let (one, other) = tokio::join!(hand_over(&house, &owner, &to_a), hand_over(&house, &owner, &to_b));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 403], "{statuses:?}");
    assert_eq!(owners(&house).await, 1);
}

#[tokio::test]
async fn nobody_raises_themselves() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    for role in ["admin", "analyst", "agent", "viewer"] {
        let member = house.member(&owner, role).await;
        let id = house.member_id(&member).await;
        for wanted in ["owner", "admin"].into_iter().filter(|wanted| *wanted != role) {
            let body = json!({ "role": wanted });
            house.patch(&format!("/v2/members/{id}"), body).by(&member).send().await.expect_status(403);
        }
        assert_eq!(house.get("/v2/auth/session").by(&member).send().await.json()["role"], role);
    }
    // A key that manages people makes no owner either, though an owner made it.
    let scopes = json!({ "name": "k", "scopes": ["manage_people"] });
    let key = house.post("/v2/keys", scopes).by(&owner).send().await.expect_status(201).json();
    let key = key["key"].as_str().expect("a key").to_owned();
    let invite = json!({ "email": "x@example.com", "role": "owner" });
    house.post("/v2/invites", invite).bearer(&key).send().await.expect_status(403);
    let table = json!({ "csv": "email,role\nx@example.com,owner" });
    let report = house.post("/v2/members/import", table).bearer(&key).send().await.expect_status(200).json();
    assert_eq!(report["report"][0]["outcome"], "refused");
    assert_eq!(owners(&house).await, 1);
}

#[tokio::test]
async fn a_deleted_organisation_is_closed_at_once_and_an_owner_takes_it_back() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let two = house.owner("two").await;
    let key = house.post("/v2/keys", json!({ "name": "k", "scopes": ["view"] })).by(&owner).send().await;
    let key = key.expect_status(201).json()["key"].as_str().expect("a key").to_owned();
    delete(&house, &admin, "one").await.expect_status(403);
    delete(&house, &owner, "two").await.expect_status(422);
    let deleted = delete(&house, &owner, "one").await.expect_status(202).json();
    for person in [&owner, &admin] {
        house.get("/v2/members").by(person).send().await.expect_status(401);
        let login = json!({ "email": person.email, "password": crate::support::PASSWORD });
        house.post("/v2/auth/login", login).send().await.expect_status(403);
    }
    house.get("/v2/members").bearer(&key).send().await.expect_status(401);
    let path = deleted["restore_link"].as_str().expect("a link").strip_prefix("http://127.0.0.1:8080").expect("ours");
    assert!(house.get(path).send().await.expect_status(200).body.contains("Take one back"));
    let back = |email: &str, password: &str| {
        let form = format!("email={}&password={}", email.replace('@', "%40"), password.replace(' ', "+"));
        house.form(path, &form).send()
    };
    // The link alone is not enough, and neither is being somebody.
    back(&owner.email, "not the password").await.expect_status(401);
    back(&two.email, crate::support::PASSWORD).await.expect_status(403);
    back(&admin.email, crate::support::PASSWORD).await.expect_status(403);
    house.get("/restore/nonsense").send().await.expect_status(404);
    assert_eq!(back(&owner.email, crate::support::PASSWORD).await.expect_status(303).location(), "/sign-in");
    house.get(path).send().await.expect_status(404);
    house.get("/v2/members").by(&owner).send().await.expect_status(401);
    let owner = house.login(&owner.email).await;
    house.get("/v2/members").bearer(&key).send().await.expect_status(200);
    assert_eq!(actions(&house, &owner).await[1..3], ["organisation.restored", "organisation.deleted"]);
}

/// Rows of an organisation in every table that has an organisation.
async fn rows_of(house: &House, org: &str) -> Vec<(String, i64)> {
    let org: kernel::ids::OrgId = org.parse().unwrap();
    let mut owner = house.db.owner().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' \
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let query = format!("select count(*) from {table} where org_id = $1");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(org).fetch_one(&mut owner).await.unwrap();
        if count > 0 {
            all.push((table, count));
        }
    }
    all
}

#[tokio::test]
async fn after_thirty_days_nothing_is_left_of_it_and_all_of_the_others() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let (agent, shared) = (house.member(&one, "agent").await, house.member(&one, "viewer").await);
    let new = identity::members::NewMember {
        email: shared.email.clone(),
        name: String::new(),
        password: String::new(),
        role: shell::Role::Agent,
    };
    identity::members::add(&house.kernel, two.org.parse().unwrap(), new).await.unwrap();
    house.post("/v2/members/import", json!({ "csv": "email\nx@example.com" })).by(&one).send().await.expect_status(200);
    let erasure = Erasure(house.kernel.clone());
    let before = rows_of(&house, &two.org).await;
    assert!(rows_of(&house, &one.org).await.len() >= 8, "there is something to erase");
    let deleted = delete(&house, &one, "one").await.expect_status(202).json();
    let path = deleted["restore_link"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap().to_owned();
    house.advance(Duration::days(30) - Duration::seconds(1));
    erasure.run().await.unwrap();
    assert!(!rows_of(&house, &one.org).await.is_empty(), "not a second too early");
    house.get(&path).send().await.expect_status(200);
    house.advance(Duration::seconds(1));
    house.get(&path).send().await.expect_status(404);
    let org = one.org.parse().unwrap();
    assert!(restore(&house.kernel, org).await.is_err(), "the operator cannot either, once it is due");
    erasure.run().await.unwrap();
    assert_eq!(rows_of(&house, &one.org).await, Vec::new());
    assert_eq!(rows_of(&house, &two.org).await, before, "the other organisation lost nothing");
    assert!(house.kernel.vault.of(org).await.is_err() || keys(&house, &one.org).await == 0, "its keys are gone");
    let people: Vec<String> =
        sqlx::query_scalar("select email from users order by 1").fetch_all(&mut house.db.owner().await).await.unwrap();
    assert!(people.contains(&shared.email) && people.contains(&two.email), "{people:?}");
    assert!(!people.contains(&one.email) && !people.contains(&agent.email), "{people:?}");
    let left: (String, bool) = sqlx::query_as("select name, erased_at is not null from organisations where id = $1")
        .bind(org)
        .fetch_one(&mut house.db.owner().await)
        .await
        .unwrap();
    assert_eq!(left, ("erased".to_owned(), true));
    erasure.run().await.unwrap();
    assert!(system::deleted_organisations(&house.kernel.db).await.unwrap().is_empty());
}

async fn keys(house: &House, org: &str) -> i64 {
    let org: kernel::ids::OrgId = org.parse().unwrap();
    let query = sqlx::query_scalar("select count(*) from org_keys where org_id = $1").bind(org);
    query.fetch_one(&mut house.db.owner().await).await.unwrap()
}

#[tokio::test]
async fn an_organisation_that_is_not_deleted_cannot_be_erased() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org = owner.org.parse().unwrap();
    let now = house.kernel.clock.now() + Duration::days(400);
    assert!(!system::destroy_keys(&house.kernel.db, org, now).await.unwrap());
    assert!(system::erase_rows(&house.kernel.db, org, now, 10).await.is_err());
    delete(&house, &owner, "one").await.expect_status(202);
    assert!(!system::destroy_keys(&house.kernel.db, org, house.kernel.clock.now()).await.unwrap());
    assert!(system::erase_rows(&house.kernel.db, org, house.kernel.clock.now(), 10).await.is_err());
    restore(&house.kernel, org).await.unwrap();
    assert!(!system::destroy_keys(&house.kernel.db, org, now).await.unwrap());
    assert_eq!(keys(&house, &owner.org).await, 1);
}

#[tokio::test]
async fn the_page_shows_owners_what_only_they_may_do() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let admin = house.member(&owner, "admin").await;
    let id = house.member_id(&admin).await;
    let (cookie, token) = house.browser(&owner.email).await;
    let page = async |cookie: &str| {
        house.get("/settings/organisation").header("cookie", cookie).send().await.expect_status(200).body
    };
    let seen = page(&cookie).await;
    assert!(seen.contains("Hand it over") && seen.contains("The admin (admin)") && seen.contains("Europe/Berlin"));
    let (theirs, _) = house.browser(&admin.email).await;
    let seen = page(&theirs).await;
    assert!(!seen.contains("Hand it over") && !seen.contains("Delete the organisation"));
    let post =
        |path: &str, form: String| house.form(path, &format!("{form}&_csrf={token}")).header("cookie", &cookie).send();
    post("/settings/organisation", "name=Northwind&time_zone=Europe%2FBerlin".into()).await.expect_status(303);
    assert!(page(&cookie).await.contains("value=\"Northwind\""));
    let wrong = post("/settings/organisation/deletion", "typed=one".into()).await.expect_status(422);
    assert!(wrong.body.contains("is not this organisation&#39;s name"), "{}", wrong.body);
    post("/settings/organisation/ownership", format!("member_id={id}")).await.expect_status(303);
    post("/settings/organisation/ownership", format!("member_id={id}")).await.expect_status(403);
    let (cookie, token) = house.browser(&admin.email).await;
    let form = format!("typed=Northwind&_csrf={token}");
    let gone = house.form("/settings/organisation/deletion", &form).header("cookie", &cookie).send().await;
    assert!(gone.expect_status(200).body.contains("/restore/"));
    house.get("/settings/organisation").header("cookie", &cookie).send().await.expect_status(303);
}

#[tokio::test]
async fn handing_over_and_deleting_want_a_fresh_proof() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let id = house.member_id(&agent).await;
    let (cookie, token) = house.browser(&owner.email).await;
    house.advance(Duration::minutes(20));
    let post = |path: &str, body: Value| {
        house.post(path, body).header("cookie", &cookie).header("x-csrf-token", &token).send()
    };
    for (path, body) in [
        ("/v2/organisation/ownership", json!({ "member_id": id })),
        ("/v2/organisation/deletion", json!({ "name": "one" })),
    ] {
        let refused = post(path, body).await.expect_status(403).json();
        assert_eq!(refused["error"]["code"], "step_up_required", "{path}");
    }
    let form = format!("member_id={id}&_csrf={token}");
    let led = house.form("/settings/organisation/ownership", &form).header("cookie", &cookie).send().await;
    assert!(led.expect_status(303).location().starts_with("/verify"));
    assert_eq!(owners(&house).await, 1);
    post("/v2/auth/verify", json!({ "password": crate::support::PASSWORD })).await.expect_status(204);
    post("/v2/organisation/ownership", json!({ "member_id": id })).await.expect_status(200);
}

#[tokio::test]
async fn a_legal_hold_keeps_an_organisation() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let org: kernel::ids::OrgId = owner.org.parse().unwrap();
    let hold = "insert into legal_holds (org_id, id, contact_id, reason, placed_by, placed_at) \
                values ($1, gen_random_uuid(), gen_random_uuid(), 'a court', 'system', now())";
    sqlx::query(hold).bind(org).execute(&mut house.db.owner().await).await.unwrap();
    let refused = delete(&house, &owner, "one").await.expect_status(409).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("legal hold"), "{refused}");
    let release = "update legal_holds set released_at = now(), released_by = 'system'";
    sqlx::query(release).execute(&mut house.db.owner().await).await.unwrap();
    delete(&house, &owner, "one").await.expect_status(202);
}
