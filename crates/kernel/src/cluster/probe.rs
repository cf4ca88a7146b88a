//! Asks the server whether it is there, with a real connection.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Error};

use super::place::Place;
use super::{ClusterError, OWNER};

/// What the socket said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The database takes connections.
    Ready,
    /// The server takes connections, the database is not made yet.
    NoDatabase,
    /// The server is starting, recovering or stopping.
    Busy,
    /// Nobody listens.
    Absent,
}

/// Connects to one database as the owner.
pub(super) async fn probe(place: &Place, database: &str) -> Result<Answer, ClusterError> {
    match options(place, database).connect().await {
        Ok(connection) => {
            // An error while saying goodbye changes nothing: it answered.
            drop(connection.close().await);
            Ok(Answer::Ready)
        }
        Err(Error::Database(error)) => match error.code().as_deref() {
            Some("3D000") => Ok(Answer::NoDatabase),
            Some("57P03") => Ok(Answer::Busy),
            // All connections are taken: it is alive and well.
            Some("53300") => Ok(Answer::Ready),
            _ => Err(ClusterError::Refused(Error::Database(error))),
        },
        Err(Error::Io(_)) => Ok(Answer::Absent),
        Err(error) => Err(ClusterError::Refused(error)),
    }
}

/// Makes the one database; a lost race is a success.
pub(super) async fn create_database(place: &Place) -> Result<(), ClusterError> {
    let mut connection = options(place, "postgres").connect().await.map_err(ClusterError::Refused)?;
    match sqlx::query(sqlx::AssertSqlSafe(format!("create database {OWNER}"))).execute(&mut connection).await {
        Err(Error::Database(error)) if error.code().as_deref() == Some("42P04") => Ok(()),
        result => result.map(drop).map_err(ClusterError::Refused),
    }
}

fn options(place: &Place, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(place.socket_dir())
        .port(5432)
        .username(OWNER)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("recoup start")
}
