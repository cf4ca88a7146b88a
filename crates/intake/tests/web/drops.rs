//! Files over SFTP: dropped in our folder, and fetched from a server, which is ours too.

use std::sync::Arc;

use russh::client;
use russh::keys::PublicKeyOrCertificate;
use russh_sftp::client::SftpSession;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::support::House;

const TABLE: &str = "external_id,at,kind\nd1,2026-05-01T10:00:00Z,lead\nd2,2026-05-02T10:00:00Z,lead\n";

struct Anybody;

impl client::Handler for Anybody {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

/// Starts our server for a house; gives its address.
async fn listen(house: &House) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(intake::serve_drops_on(house.core.clone(), listener));
    address
}

async fn sign_in(address: std::net::SocketAddr, user: &str, password: &str) -> Option<SftpSession> {
    let config = Arc::new(client::Config::default());
    let mut session = client::connect(config, address, Anybody).await.expect("a connection");
    if !session.authenticate_password(user, password).await.expect("an answer").success() {
        return None;
    }
    let channel = session.channel_open_session().await.expect("a channel");
    channel.request_subsystem(true, "sftp").await.expect("sftp");
    let sftp = SftpSession::new(channel.into_stream()).await.expect("a session");
    // The session lives as long as its handle.
    std::mem::forget(session);
    Some(sftp)
}

async fn put(sftp: &SftpSession, name: &str, text: &str) -> bool {
    let Ok(mut file) = sftp.create(name).await else { return false };
    file.write_all(text.as_bytes()).await.is_ok() && file.shutdown().await.is_ok()
}

async fn folder(house: &House, settings: Value) -> String {
    let made =
        house.connect(&json!({"kind": "drop", "settings": settings, "secrets": {"password": "correct horse"}})).await;
    made["door"].as_str().expect("a user").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_table_is_read_once_and_nothing_can_be_taken_away() {
    let house = House::new().await;
    let user = folder(&house, json!({})).await;
    let address = listen(&house).await;
    assert!(sign_in(address, &user, "wrong").await.is_none());
    assert!(sign_in(address, "somebody", "correct horse").await.is_none());
    let sftp = sign_in(address, &user, "correct horse").await.expect("a session");
    assert!(put(&sftp, "may.csv", TABLE).await);
    house.drain().await;
    assert_eq!(house.count("select count(*) from signals").await, 2);
    assert!(put(&sftp, "may.csv", TABLE).await, "the same file again");
    house.drain().await;
    assert_eq!(house.count("select count(*) from intake_runs").await, 1, "is not read again");
    let names: Vec<String> = sftp.read_dir("/").await.expect("a list").map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["may.csv"]);
    assert!(sftp.read("may.csv").await.is_err(), "nothing comes out");
    assert!(sftp.remove_file("may.csv").await.is_err());
    for outside in ["../escape.csv", "/a/b.csv", "..\\x.csv"] {
        assert!(!put(&sftp, outside, TABLE).await, "{outside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_leaves_questions_waits_and_a_saved_mapping_answers_them() {
    let house = House::new().await;
    let user = folder(&house, json!({})).await;
    let address = listen(&house).await;
    let sftp = sign_in(address, &user, "correct horse").await.expect("a session");
    let table = "Order No,Order date,Total\n17,03/04/2026,5.00\n";
    assert!(put(&sftp, "one.csv", table).await);
    house.drain().await;
    let listed = house.get("/v2/ingestion/connections").await.json();
    let connection = &listed["data"][0];
    assert!(connection["last_error"].as_str().expect("a reason").contains("was kept and not read"), "{connection}");
    let mapping = json!({"external_id": {"column": "Order No"}, "at": {"column": "Order date"}, "kind": {"value": "payment"}, "value": {"column": "Total"}});
    let patch = json!({"settings": {"mapping": mapping, "answers": {"date_order": "dmy", "currency": "EUR"}}});
    let path = format!("/v2/ingestion/connections/{}", connection["id"].as_str().expect("an id"));
    let saved = house.web.call(&house.admin, "PATCH".parse().expect("a method"), &path, Some(&patch)).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert!(put(&sftp, "two.csv", table).await);
    house.drain().await;
    assert_eq!(house.count("select count(*) from signals where minor = 500").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_accept_us_is_said_and_nothing_is_kept() {
    let house = House::new().await;
    let user = folder(&house, json!({})).await;
    let address = listen(&house).await;
    let settings = json!({"host": address.to_string(), "user": user});
    let wrong = house
        .post(
            "/v2/ingestion/connections",
            &json!({"kind": "sftp", "settings": settings, "secrets": {"password": "wrong"}}),
        )
        .await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.text.contains("does not accept"), "{}", wrong.text);
    let made =
        house.connect(&json!({"kind": "sftp", "settings": settings, "secrets": {"password": "correct horse"}})).await;
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    assert_eq!(house.status(&job).await["state"], "done", "an empty folder");
    let path = format!("/v2/ingestion/connections/{}", made["id"].as_str().expect("an id"));
    let pinned = house.get(&path).await.json();
    assert!(pinned["settings"]["host_key"].as_str().expect("a key").starts_with("SHA256:"), "{pinned}");
    let patch = json!({"settings": {"host_key": "SHA256:another"}});
    house.web.call(&house.admin, "PATCH".parse().expect("a method"), &path, Some(&patch)).await;
    let job = house.trigger(&made, "incremental").await;
    house.drain().await;
    assert!(house.status(&job).await["error"].as_str().expect("a reason").contains("another key"));
}

/// Files of an organisation that lie on the disk.
fn spooled(house: &House) -> usize {
    let folder = house.kernel().config.data_dir.0.join("intake").join(house.org.to_string());
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_leaves_nothing_on_the_disk() {
    let house = House::new().await;
    let user = folder(&house, json!({})).await;
    let sftp = sign_in(listen(&house).await, &user, "correct horse").await.expect("a session");
    let mut file = sftp.create("may.csv").await.expect("a file");
    file.write_all(TABLE.as_bytes()).await.expect("written");
    file.flush().await.expect("written");
    kernel::testing::until("the file", || async { (spooled(&house) == 1).then_some(()) }).await;
    sftp.close().await.expect("closed");
    kernel::testing::until("an empty folder", || async { (spooled(&house) == 0).then_some(()) }).await;
    drop(file);
    assert_eq!(house.count("select (select count(*) from intake_seen) + (select count(*) from intake_files)").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_could_not_be_taken_is_taken_when_it_comes_again() {
    let house = House::new().await;
    let settings = json!({"mapping": "nonsense"});
    let made =
        house.connect(&json!({"kind": "drop", "settings": settings, "secrets": {"password": "correct horse"}})).await;
    let (id, user) = (made["id"].as_str().expect("an id"), made["door"].as_str().expect("a user"));
    let address = listen(&house).await;
    let sftp = sign_in(address, user, "correct horse").await.expect("a session");
    assert!(!put(&sftp, "may.csv", TABLE).await, "its mapping cannot be read");
    let path = format!("/v2/ingestion/connections/{id}");
    let mended = json!({"settings": {"mapping": null}});
    let answer = house.web.call(&house.admin, axum::http::Method::PATCH, &path, Some(&mended)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let sftp = sign_in(address, user, "correct horse").await.expect("a session");
    assert!(put(&sftp, "may.csv", TABLE).await);
    house.drain().await;
    assert_eq!(house.count("select count(*) from signals").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_does_not_take_the_sessions_of_all() {
    let house = House::new().await;
    let (one, other) = (folder(&house, json!({})).await, folder(&house, json!({})).await);
    let address = listen(&house).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(sign_in(address, &one, "correct horse").await.expect("a session"));
    }
    assert!(sign_in(address, &one, "correct horse").await.is_none(), "it has all that one may have");
    assert!(sign_in(address, &other, "correct horse").await.is_some());
}
