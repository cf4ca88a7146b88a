use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use kernel::queue::{Handlers, Queue};
use kernel::testing::until;
use serde_json::{Value, json};
use shell::Role;

use crate::support::{House, shows};

const PRICES: &str = "# Prices\n\n## Whitening\n\nTeeth whitening costs $249 and takes about one hour.\n\n## Parking\n\nParking is free behind the house.";

/// Reads everything that waits, until the document is no longer being read.
async fn read(house: &House, token: &str, id: &str) -> Value {
    let mut handlers = Handlers::default();
    inbox::handlers(&house.core, &mut handlers);
    let running = Queue::new(house.web.kernel.db.clone(), handlers).start("worker").await.expect("a worker");
    let path = format!("/v2/knowledge/documents/{id}");
    let document = until("the document to be read", || async {
        let document = house.web.get(token, &path).await.json();
        (document["status"] != "indexing").then_some(document)
    })
    .await;
    running.drain(Duration::from_secs(10)).await;
    document
}

async fn ask(house: &House, token: &str, question: &str) -> Value {
    house.web.post(token, "/v2/knowledge/test", &json!({"question": question})).await.json()
}

#[tokio::test]
async fn what_is_added_answers_and_what_is_removed_does_not() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    let made = house.web.post(&owner, "/v2/knowledge/documents", &json!({"title": "Prices", "text": PRICES})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let document = read(&house, &owner, &id).await;
    assert_eq!((document["status"].as_str(), document["kind"].as_str()), (Some("ready"), Some("text")), "{document}");
    let asked = ask(&house, &owner, "How much does teeth whitening cost?").await;
    assert!(asked["answer"]["text"].as_str().is_some_and(|text| text.contains("$249")), "{asked}");
    assert!(asked["answer"]["confidence"].as_f64() > Some(0.4), "{asked}");
    assert_eq!(asked["chunks"][0]["document_id"], id.as_str());
    assert_eq!(asked["answer"]["sources"][0]["document_id"], id.as_str());
    assert_eq!(house.web.get(&owner, "/v2/knowledge/documents").await.json()["data"][0]["id"], id.as_str());
    assert_eq!(
        house.web.call(&owner, Method::DELETE, &format!("/v2/knowledge/documents/{id}"), None).await.status,
        204
    );
    let asked = ask(&house, &owner, "How much does teeth whitening cost?").await;
    assert_eq!(asked["chunks"], json!([]));
    assert_eq!(asked["answer"]["needs_person"], true);
}

fn upload(path: &str, name: &str, body: &str) -> axum::http::request::Builder {
    assert!(!name.is_empty() && !body.is_empty());
    Request::post(path)
        .header("content-type", "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin")
}

fn form(name: &str, body: &str) -> Body {
    Body::from(format!(
        "--XX\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nHouse rules\r\n--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/plain\r\n\r\n{body}\r\n--XX--\r\n"
    ))
}

#[tokio::test]
async fn a_file_is_uploaded_by_the_api_and_by_the_page() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    let request =
        upload("/v2/knowledge/documents", "rules.md", PRICES).header("authorization", format!("Bearer {owner}"));
    let made = house.web.send(request.body(form("rules.md", PRICES)).expect("a request")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!((made.json()["title"].as_str(), made.json()["kind"].as_str()), (Some("House rules"), Some("file")));
    read(&house, &owner, made.json()["id"].as_str().expect("an id")).await;
    let asked = ask(&house, &owner, "Is parking free?").await;
    assert!(asked["answer"]["text"].as_str().is_some_and(|text| text.contains("free")), "{asked}");

    let request = upload("/knowledge/files", "more.txt", PRICES)
        .header("cookie", format!("recoup_session={owner}"))
        .header("x-csrf-token", shell::auth::token_for_session(&owner))
        .header("hx-request", "true");
    let added = house.web.send(request.body(form("more.txt", PRICES)).expect("a request")).await;
    shows(&added, &["Upload a file"]);
    assert!(added.header("hx-trigger").contains("knowledge:changed"));
    shows(&house.web.browse(&owner, "/knowledge").await, &["more.txt", "being read", "rules.md"]);
}

#[tokio::test]
async fn what_cannot_be_knowledge_is_refused_with_its_field() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": "  "}), "text"),
        (json!({"text": "a", "url": "https://example.com"}), "text"),
        (json!({"url": "http://127.0.0.1/secrets"}), "url"),
        (json!({"url": "ftp://example.com/x"}), "url"),
        (json!({"faq": {"question": "", "answer": "b"}}), "question"),
        (json!({"text": "a", "language": "xx-yy"}), "language"),
    ] {
        let refused = house.web.post(&owner, "/v2/knowledge/documents", &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text);
        assert!(refused.text.contains(&format!("\"{field}\"")), "{body}: {}", refused.text);
    }
    let request = upload("/v2/knowledge/documents", "x.exe", "MZ").header("authorization", format!("Bearer {owner}"));
    assert_eq!(house.web.send(request.body(form("x.exe", "MZ\u{1}\u{2}")).expect("a request")).await.status, 422);
    assert_eq!(house.web.post(&owner, "/v2/knowledge/test", &json!({"question": " "})).await.status, 422);
}

#[tokio::test]
async fn knowledge_is_changed_by_those_who_may_and_stays_at_home() {
    let house = House::new().await;
    let (owner, agent) = (house.token(Role::Owner), house.token(Role::Agent));
    let faq = json!({"faq": {"question": "Do you take children?", "answer": "Yes, from the age of four."}});
    assert_eq!(house.web.post(&agent, "/v2/knowledge/documents", &faq).await.status, 403);
    let made = house.web.post(&owner, "/v2/knowledge/documents", &faq).await.json();
    let id = made["id"].as_str().expect("an id");
    read(&house, &owner, id).await;
    let theirs = house.web.token(house.web.org("Theirs").await, Role::Owner);
    let path = format!("/v2/knowledge/documents/{id}");
    assert_eq!(house.web.get(&theirs, &path).await.status, 404);
    assert_eq!(house.web.call(&theirs, Method::DELETE, &path, None).await.status, 404);
    assert_eq!(house.web.submit(&theirs, Method::DELETE, &format!("/knowledge/documents/{id}"), "").await.status, 404);
    assert_eq!(
        house.web.submit(&theirs, Method::POST, &format!("/knowledge/documents/{id}/reading"), "").await.status,
        404
    );
    assert_eq!(ask(&house, &theirs, "Do you take children?").await["chunks"], json!([]));
    let page = house.web.browse(&agent, "/knowledge").await;
    shows(&page, &["Do you take children?", "ready", "Test a question"]);
    assert!(!page.text.contains("Add knowledge"), "an agent asks and does not change");
}

#[tokio::test]
async fn the_page_adds_tests_reads_again_and_removes() {
    let house = House::new().await;
    let owner = house.token(Role::Owner);
    shows(&house.web.browse(&owner, "/knowledge").await, &["Nothing to answer from yet", "Read a web page"]);
    let added = house
        .web
        .submit(&owner, Method::POST, "/knowledge", "title=Prices&text=Teeth+whitening+costs+%24249+for+everyone.")
        .await;
    shows(&added, &["Write or paste text"]);
    let refused = house.web.submit(&owner, Method::POST, "/knowledge", "url=http%3A%2F%2F127.0.0.1%2Fx").await;
    shows(&refused, &["field-error", "http://127.0.0.1/x"]);
    let id = house.web.get(&owner, "/v2/knowledge/documents").await.json()["data"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    read(&house, &owner, &id).await;
    let asked =
        house.web.submit(&owner, Method::POST, "/knowledge/test", "question=What+does+teeth+whitening+cost%3F").await;
    shows(&asked, &["$249", "% sure", "What was found", "quoted"]);
    let again = house.web.submit(&owner, Method::POST, &format!("/knowledge/documents/{id}/reading"), "").await;
    shows(&again, &["being read"]);
    shows(
        &house.web.submit(&owner, Method::DELETE, &format!("/knowledge/documents/{id}"), "").await,
        &["Nothing to answer from yet"],
    );
}
