//! Letters that carry links: where there is a mail server, the link is in the letter and nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::ids::OrgId;
use kernel::mail::Letter;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD};

/// The letters that wait in the queue, opened with their organisation's key.
async fn letters(house: &House) -> Vec<Letter> {
    let jobs: Vec<(OrgId, Value)> =
        sqlx::query_as("select org_id, payload from jobs where kind = 'mail.send' order by seq")
            .fetch_all(&mut house.db.owner().await)
            .await
            .expect("jobs");
    let mut all = Vec::new();
    for (org, payload) in jobs {
        let sealed = STANDARD.decode(payload["sealed"].as_str().expect("text")).expect("base64");
        let place = format!("letters/{}", payload["letter"].as_str().expect("an id"));
        let plain = house.kernel.vault.open(org, &place, &sealed).await.expect("opened");
        all.push(serde_json::from_slice(&plain).expect("a letter"));
    }
    all
}

/// The link of a letter.
fn link(letter: &Letter) -> String {
    let at = letter.text.find("http://127.0.0.1:8080/").expect("our address");
    letter.text[at..].split_whitespace().next().expect("a link").to_owned()
}

#[tokio::test]
async fn an_invitation_goes_by_letter_and_its_link_is_shown_to_nobody_else() {
    let house = House::with_letters().await;
    let owner = house.owner("one").await;
    let made =
        house.post("/v2/invites", json!({ "email": "sam@example.com", "role": "agent" })).by(&owner).send().await;
    let made = made.expect_status(201).json();
    assert_eq!((&made["letter_sent"], &made["link"], &made["token"]), (&json!(true), &Value::Null, &Value::Null));
    let first = letters(&house).await.remove(0);
    assert_eq!((first.to.as_str(), first.subject.as_str()), ("sam@example.com", "Your invitation to one"));
    assert!(first.text.contains("Olive Owner invites you") && first.text.contains("as agent"), "{}", first.text);
    let resend = format!("/v2/invites/{}/resend", made["id"].as_str().expect("an id"));
    let again = house.post(&resend, json!({})).by(&owner).send().await.expect_status(200).json();
    assert_eq!((&again["letter_sent"], &again["link"]), (&json!(true), &Value::Null));
    let (old, new) = (link(&first), link(&letters(&house).await[1]));
    let token = |link: &str| link.rsplit('/').next().expect("a secret").to_owned();
    let accept = |link: &str| {
        house.post("/v2/invites/accept", json!({ "token": token(link), "name": "Sam", "password": PASSWORD })).send()
    };
    accept(&old).await.expect_status(404);
    accept(&new).await.expect_status(201);
    house.post(&resend, json!({})).by(&owner).send().await.expect_status(404);
}

#[tokio::test]
async fn a_table_sends_a_letter_to_each_and_the_page_says_so() {
    let house = House::with_letters().await;
    let owner = house.owner("one").await;
    let csv = "email\nsam@example.com\nines@example.com\nnobody";
    house.post("/v2/members/import", json!({ "csv": csv, "dry_run": true })).by(&owner).send().await.expect_status(200);
    assert!(letters(&house).await.is_empty(), "trying sends nothing");
    let done =
        house.post("/v2/members/import", json!({ "csv": csv })).by(&owner).send().await.expect_status(200).json();
    assert_eq!(done["links"], json!([]));
    let to: Vec<String> = letters(&house).await.into_iter().map(|letter| letter.to).collect();
    assert_eq!(to, ["sam@example.com", "ines@example.com"]);
    house.post("/v2/members/import", json!({ "csv": csv })).by(&owner).send().await.expect_status(200);
    assert_eq!(letters(&house).await.len(), 2, "nobody is written to twice");
    let (cookie, token) = house.browser(&owner.email).await;
    let form = format!("email=tom%40example.com&role=viewer&_csrf={token}");
    let page = house.form("/settings/people/invites", &form).header("cookie", &cookie).send().await.expect_status(200);
    assert!(page.body.contains("A letter is on its way to tom@example.com") && !page.body.contains("/invite/"));
}

#[tokio::test]
async fn every_owner_is_told_of_the_end_of_an_organisation() {
    let house = House::with_letters().await;
    let owner = house.owner("one").await;
    let second = house.member(&owner, "owner").await;
    house.member(&owner, "admin").await;
    house.post("/v2/organisation/deletion", json!({ "name": "one" })).by(&owner).send().await.expect_status(202);
    let mut all = letters(&house).await;
    all.retain(|letter| letter.subject == "one was deleted");
    let mut to: Vec<&str> = all.iter().map(|letter| letter.to.as_str()).collect();
    to.sort_unstable();
    let mut expected = [owner.email.as_str(), second.email.as_str()];
    expected.sort_unstable();
    assert_eq!(to, expected);
    let path = link(&all[0]).strip_prefix("http://127.0.0.1:8080").expect("ours").to_owned();
    let form = format!("email={}&password={}", second.email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    house.form(&path, &form).send().await.expect_status(303);
    house.login(&owner.email).await;
}
