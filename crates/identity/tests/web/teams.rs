use serde_json::{Value, json};

use crate::support::{House, Person};

async fn team(house: &House, by: &Person, name: &str) -> String {
    let made = house.post("/v2/teams", json!({ "name": name })).by(by).send().await.expect_status(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn inside(house: &House, by: &Person, id: &str) -> Vec<String> {
    let list = house.get(&format!("/v2/teams/{id}/members")).by(by).send().await.expect_status(200).json();
    list["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_team_is_made_filled_renamed_and_deleted() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let member = house.member_id(&agent).await;
    let id = team(&house, &owner, " Front desk ").await;
    let path = format!("/v2/teams/{id}");
    let seat = format!("{path}/members/{member}");
    house.put(&seat, json!({})).by(&owner).send().await.expect_status(204);
    house.put(&seat, json!({})).by(&owner).send().await.expect_status(204);
    assert_eq!(inside(&house, &agent, &id).await, ["The agent"]);
    let shown = house.get(&path).by(&agent).send().await.expect_status(200).json();
    assert_eq!((shown["name"].as_str(), shown["size"].as_i64()), (Some("Front desk"), Some(1)));
    let renamed = house.patch(&path, json!({ "name": "Reception" })).by(&owner).send().await.expect_status(200).json();
    assert_eq!(renamed["name"], "Reception");
    house.delete(&seat).by(&owner).send().await.expect_status(204);
    house.delete(&seat).by(&owner).send().await.expect_status(204);
    assert_eq!(inside(&house, &agent, &id).await, [""; 0]);
    house.delete(&path).by(&owner).send().await.expect_status(204);
    house.get(&path).by(&owner).send().await.expect_status(404);
    assert_eq!(house.get("/v2/teams").by(&owner).send().await.json()["data"], json!([]));
    let log = house.get("/v2/audit-log?action=team").by(&owner).send().await.expect_status(200).json();
    let actions: Vec<_> = log["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["team.deleted", "team.member_removed", "team.changed", "team.member_added", "team.created"],
        "what changed nothing is no row"
    );
}

#[tokio::test]
async fn names_are_unique_whatever_their_case_and_must_be_names() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let id = team(&house, &one, "Front desk").await;
    house.post("/v2/teams", json!({ "name": "FRONT DESK" })).by(&one).send().await.expect_status(409);
    team(&house, &two, "Front desk").await;
    let other = team(&house, &one, "Back office").await;
    house
        .patch(&format!("/v2/teams/{other}"), json!({ "name": "front desk" }))
        .by(&one)
        .send()
        .await
        .expect_status(409);
    house.patch(&format!("/v2/teams/{id}"), json!({ "name": "Front Desk" })).by(&one).send().await.expect_status(200);
    for bad in ["", " ", "a\nb", &"x".repeat(101)] {
        house.post("/v2/teams", json!({ "name": bad })).by(&one).send().await.expect_status(422);
    }
}

#[tokio::test]
async fn who_leaves_the_organisation_leaves_its_teams() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let agent = house.member(&owner, "agent").await;
    let member = house.member_id(&agent).await;
    let id = team(&house, &owner, "Front desk").await;
    house.put(&format!("/v2/teams/{id}/members/{member}"), json!({})).by(&owner).send().await.expect_status(204);
    house.delete(&format!("/v2/members/{member}")).by(&owner).send().await.expect_status(204);
    assert_eq!(inside(&house, &owner, &id).await, [""; 0]);
}

#[tokio::test]
async fn nobody_of_another_organisation_gets_into_a_team() {
    let house = House::new().await;
    let (one, two) = (house.owner("one").await, house.owner("two").await);
    let stranger = house.member_id(&two).await;
    let id = team(&house, &one, "Front desk").await;
    house.put(&format!("/v2/teams/{id}/members/{stranger}"), json!({})).by(&one).send().await.expect_status(404);
    house.put(&format!("/v2/teams/{id}/members/{stranger}"), json!({})).by(&two).send().await.expect_status(404);
    let theirs: Value = house.get("/v2/teams").by(&two).send().await.expect_status(200).json();
    assert_eq!(theirs["data"], json!([]));
}

#[tokio::test]
async fn the_pages_make_fill_and_delete_a_team() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let member = house.member_id(&house.member(&owner, "agent").await).await;
    let (cookie, csrf) = house.browser(&owner.email).await;
    let post = async |path: &str, body: &str| {
        let call = house.form(path, body).header("cookie", &cookie).header("x-csrf-token", &csrf);
        call.header("hx-request", "true").send().await
    };
    let open = async |path: &str| house.get(path).header("cookie", &cookie).send().await.expect_status(200).body;
    assert!(open("/settings/teams").await.contains("No teams yet"));
    let made = post("/settings/teams", "name=%3Cb%3EFront%3C%2Fb%3E").await.expect_status(200).body;
    assert!(made.contains("&#60;b&#62;Front") && !made.contains("<b>Front"), "{made}");
    assert!(post("/settings/teams", "name=").await.expect_status(200).body.contains("is required"));
    let teams = house.get("/v2/teams").by(&owner).send().await.json();
    let path = format!("/settings/teams/{}", teams["data"][0]["id"].as_str().unwrap());
    assert!(open(&path).await.contains("Nobody is in this team"));
    let filled = post(&format!("{path}/members"), &format!("member={member}")).await.expect_status(200).body;
    assert!(filled.contains("Take out"), "{filled}");
    let empty = post(&format!("{path}/members/{member}/removal"), "").await.expect_status(200).body;
    assert!(empty.contains("Nobody is in this team"));
    assert!(post(&path, "name=Reception").await.expect_status(200).body.contains("value=\"Reception\""));
    let gone = post(&format!("{path}/deletion"), "").await.expect_status(303);
    assert_eq!(gone.location(), "/settings/teams");
    house.get(&path).header("cookie", &cookie).send().await.expect_status(404);
}
