//! The private cluster: made, shared, killed, found again. Every test has a cluster of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use kernel::cluster::{Cluster, ClusterError, Durability};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// A folder that the server's user can enter, unlike what `tempfile` makes.
fn data_dir() -> TempDir {
    let dir = tempfile::Builder::new().prefix("recoup").tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

async fn ensure(dir: &Path) -> Cluster {
    Cluster::ensure_with(dir, Durability::ForTests).await.unwrap()
}

async fn ask(cluster: &Cluster, question: &'static str) -> String {
    let mut connection = PgConnection::connect(cluster.url()).await.unwrap();
    let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    answer
}

async fn tell(cluster: &Cluster, statement: &'static str) {
    let mut connection = PgConnection::connect(cluster.url()).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn pid_file(dir: &Path) -> PathBuf {
    dir.join("postgres/data/postmaster.pid")
}

fn kill_server(dir: &Path) {
    let text = fs::read_to_string(pid_file(dir)).unwrap();
    let pid = text.lines().next().unwrap().trim();
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
}

const STARTED: &str = "select pg_postmaster_start_time()::text";

#[tokio::test]
async fn a_new_cluster_is_durable_private_and_utf8() {
    let dir = data_dir();
    let cluster = Cluster::ensure(dir.path()).await.unwrap();
    let settings = "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in \
                    ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'data_checksums')";
    assert_eq!(
        ask(&cluster, settings).await,
        "data_checksums=on fsync=on full_page_writes=on listen_addresses= synchronous_commit=on"
    );
    assert_eq!(ask(&cluster, "select current_setting('server_encoding')").await, "UTF8");
    assert_eq!(ask(&cluster, "select lower('ÉCOLE')").await, "école");
    assert_eq!(ask(&cluster, "select current_database() || ' ' || current_user").await, "recoup recoup");
    let data = fs::metadata(dir.path().join("postgres/data")).unwrap();
    assert_eq!(data.mode() & 0o077, 0, "nobody else may read the data");
    assert_ne!(data.uid(), 0, "the server never runs as root");
    assert!(cluster.program("pg_dump").is_file());
    cluster.stop().await.unwrap();
    assert!(!pid_file(dir.path()).exists());
}

#[tokio::test]
async fn a_running_cluster_is_shared_and_the_last_one_stops_it() {
    let dir = data_dir();
    let first = ensure(dir.path()).await;
    let second = ensure(dir.path()).await;
    assert_eq!(ask(&first, STARTED).await, ask(&second, STARTED).await);
    first.stop().await.unwrap();
    assert_eq!(ask(&second, "select 'still here'").await, "still here");
    second.stop().await.unwrap();
    assert!(!pid_file(dir.path()).exists());
}

#[tokio::test]
async fn many_starts_at_once_make_one_cluster() {
    let dir = data_dir();
    let all = futures_util::future::join_all((0..6).map(|_| ensure(dir.path()))).await;
    let first = ask(&all[0], STARTED).await;
    for cluster in &all {
        assert_eq!(ask(cluster, STARTED).await, first);
    }
    for cluster in all {
        cluster.stop().await.unwrap();
    }
    assert!(!pid_file(dir.path()).exists());
}

#[tokio::test]
async fn a_killed_server_is_recovered_with_what_was_committed() {
    let dir = data_dir();
    let before = Cluster::ensure(dir.path()).await.unwrap();
    tell(&before, "create table kept as select 'kept' as what").await;
    kill_server(dir.path());
    drop(before);
    let after = Cluster::ensure(dir.path()).await.unwrap();
    assert_eq!(ask(&after, "select what from kept").await, "kept");
    after.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_id_that_was_given_to_another_program_does_not_stop_a_start() {
    let dir = data_dir();
    let before = ensure(dir.path()).await;
    let kept = fs::read_to_string(pid_file(dir.path())).unwrap();
    before.stop().await.unwrap();

    let data = fs::metadata(dir.path().join("postgres/data")).unwrap();
    let mut stranger = Command::new("sleep");
    stranger.arg("600");
    if fs::metadata(dir.path()).unwrap().uid() == 0 {
        std::os::unix::process::CommandExt::uid(&mut stranger, data.uid());
    }
    let mut stranger = stranger.spawn().unwrap();
    let rest = kept.split_once('\n').unwrap().1;
    fs::write(pid_file(dir.path()), format!("{}\n{rest}", stranger.id())).unwrap();
    std::os::unix::fs::chown(pid_file(dir.path()), Some(data.uid()), Some(data.gid())).unwrap();

    let after = ensure(dir.path()).await;
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    after.stop().await.unwrap();
}

#[tokio::test]
async fn half_made_data_is_made_anew() {
    let dir = data_dir();
    let unfinished = dir.path().join("postgres/data.unfinished");
    ensure(dir.path()).await.stop().await.unwrap();
    fs::rename(dir.path().join("postgres/data"), &unfinished).unwrap();
    fs::remove_file(unfinished.join("global/pg_control")).unwrap();
    let cluster = ensure(dir.path()).await;
    assert!(!unfinished.exists());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_long_path_moves_the_socket() {
    let dir = data_dir();
    let deep =
        dir.path().join("a-folder-with-a-long-name/another-folder-with-a-long-name/and one with spaces & ümlauts");
    let cluster = ensure(&deep).await;
    assert!(cluster.url().contains("%2Ftmp%2Frecoup-"), "{}", cluster.url());
    assert_eq!(ask(&cluster, "select 'here'").await, "here");
    let socket_dir: String = ask(&cluster, "select current_setting('unix_socket_directories')").await;
    cluster.stop().await.unwrap();
    fs::remove_dir(socket_dir).unwrap();
}

#[tokio::test]
async fn root_with_a_closed_folder_puts_the_data_elsewhere() {
    let dir = data_dir();
    if fs::metadata(dir.path()).unwrap().uid() != 0 {
        return;
    }
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    let cluster = ensure(dir.path()).await;
    let home = fs::read_link(dir.path().join("postgres")).unwrap();
    cluster.stop().await.unwrap();
    let again = ensure(dir.path()).await;
    assert_eq!(fs::read_link(dir.path().join("postgres")).unwrap(), home, "the link is followed, not made anew");
    again.stop().await.unwrap();
    fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn data_of_a_release_that_is_not_here_is_left_alone() {
    let dir = data_dir();
    ensure(dir.path()).await.stop().await.unwrap();
    fs::write(dir.path().join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::ensure(dir.path()).await.unwrap_err();
    assert!(matches!(error, ClusterError::OtherRelease { made_by: 9, .. }), "{error}");
    assert!(error.to_string().contains("Install PostgreSQL 9"));
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let dir = data_dir();
    ensure(dir.path()).await.stop().await.unwrap();
    fs::write(dir.path().join("postgres/data/local.conf"), "shared_buffers = 'a lot'\n").unwrap();
    let error = Cluster::ensure(dir.path()).await.unwrap_err();
    assert!(matches!(error, ClusterError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("shared_buffers"), "{error}");
}
