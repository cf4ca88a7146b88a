//! The ground tests stand on is tested too.

use kernel::testing::{TestDb, TestRedis, until};
use sqlx::{Connection, PgConnection};

#[tokio::test]
async fn every_database_is_migrated_and_its_own() {
    let (one, other) = tokio::join!(TestDb::new(), TestDb::new());
    assert_ne!(one.url(), other.url());
    for db in [&one, &other] {
        let tables: i64 = sqlx::query_scalar("select count(*) from pg_class where relname = 'organisations'")
            .fetch_one(&mut db.owner().await)
            .await
            .unwrap();
        assert_eq!(tables, 1);
    }
    sqlx::query("create table mine ()").execute(&mut one.owner().await).await.unwrap();
    assert!(sqlx::query("select from mine").execute(&mut other.owner().await).await.is_err());
}

#[tokio::test]
async fn a_dropped_database_is_gone_even_while_somebody_is_connected() {
    let db = TestDb::new().await;
    let url = db.url().to_owned();
    let mut open = db.owner().await;
    drop(db);
    assert!(open.ping().await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());
}

#[tokio::test]
async fn a_kernel_opens_over_it_with_organisations() {
    let db = TestDb::new().await;
    let kernel = db.kernel().await;
    let org = db.org(&kernel, "Northwind").await;
    let sealed = kernel.vault.seal(org, "place", b"secret").await.unwrap();
    // A second kernel is a second process: it has the same master key.
    let other = db.kernel().await;
    assert_eq!(other.vault.open(org, "place", &sealed).await.unwrap(), b"secret");
}

#[tokio::test]
async fn redis_can_go_and_come_back() {
    let mut redis = TestRedis::start().await;
    let client = redis::Client::open(redis.url()).unwrap();
    redis.stop();
    assert!(client.get_multiplexed_async_connection().await.is_err());
    redis.resume().await;
    until("a connection", || async { client.get_multiplexed_async_connection().await.ok() }).await;
}
