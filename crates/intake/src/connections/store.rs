//! The rows of connections.

use chrono::{DateTime, TimeDelta, Utc};
use connectors::source::Account;
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, uuid_at};
use serde_json::Value;

use crate::core::storable;
use crate::kinds::Kind;

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub id: ConnectionId,
    pub kind: Kind,
    pub name: String,
    /// `connected`, `reconnect`, `paused` or `failing`.
    pub state: String,
    pub settings: Value,
    pub sealed: Option<Vec<u8>>,
    pub account: String,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ConnectionId,
    kind: String,
    name: String,
    state: String,
    settings: Value,
    sealed: Option<Vec<u8>>,
    account: String,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Row {
    /// A row of a kind that a newer program made is not ours to touch.
    fn out(self) -> Option<Connection> {
        let Self { id, kind, name, state, settings, sealed, account, last_error, last_error_at, read_at, created_at } =
            self;
        let kind = Kind::named(&kind)?;
        Some(Connection {
            id,
            kind,
            name,
            state,
            settings,
            sealed,
            account,
            last_error,
            last_error_at,
            read_at,
            created_at,
        })
    }
}

const COLUMNS: &str =
    "id, kind, name, state, settings, sealed, account, last_error, last_error_at, read_at, created_at";

/// One connection.
pub(crate) async fn find(tx: &mut OrgTx, id: ConnectionId) -> Result<Option<Connection>, sqlx::Error> {
    let query = format!("select {COLUMNS} from connections where org_id = $1 and id = $2");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.and_then(Row::out))
}

/// Every connection, oldest first.
pub(crate) async fn list(tx: &mut OrgTx) -> Result<Vec<Connection>, sqlx::Error> {
    let query = format!("select {COLUMNS} from connections where org_id = $1 order by id");
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().filter_map(Row::out).collect())
}

/// A connection to keep.
pub(crate) struct NewConnection<'a> {
    pub id: ConnectionId,
    pub kind: Kind,
    pub name: &'a str,
    pub state: &'a str,
    pub settings: &'a Value,
    pub sealed: Option<Vec<u8>>,
    pub door: Option<Vec<u8>>,
    pub account: &'a str,
    pub by: String,
}

/// Keeps a connection.
pub(crate) async fn keep(tx: &mut OrgTx, new: NewConnection<'_>) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into connections (org_id, id, kind, name, state, settings, sealed, door_hash, account, created_at, made_by) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(tx.org())
    .bind(new.id)
    .bind(new.kind.as_str())
    .bind(new.name)
    .bind(new.state)
    .bind(new.settings)
    .bind(new.sealed)
    .bind(new.door)
    .bind(new.account)
    .bind(now)
    .bind(new.by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes name and settings, and the credentials where they are new.
pub(crate) async fn change(
    tx: &mut OrgTx,
    id: ConnectionId,
    name: &str,
    settings: &Value,
    sealed: Option<Vec<u8>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update connections set name = $3, settings = $4, sealed = coalesce($5, sealed) where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(name)
    .bind(settings)
    .bind(sealed)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps the key that a server showed first; what a person entered meanwhile stays.
pub(crate) async fn pin(tx: &mut OrgTx, id: ConnectionId, fingerprint: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update connections set settings = jsonb_set(settings, '{host_key}', to_jsonb($3::text)) \
         where org_id = $1 and id = $2 and coalesce(settings ->> 'host_key', '') = ''",
    )
    .bind(tx.org())
    .bind(id)
    .bind(fingerprint)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes new credentials alone: a renewal keeps the state.
pub(crate) async fn seal(tx: &mut OrgTx, id: ConnectionId, sealed: Vec<u8>) -> Result<(), sqlx::Error> {
    sqlx::query("update connections set sealed = $3 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(sealed)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Says that the credentials are good, and what the outside system calls itself. A business account that nobody chose is held fast:
/// it is the one that is read, and pushes name it.
pub(crate) async fn good(tx: &mut OrgTx, id: ConnectionId, account: &Account) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update connections set state = case when state = 'paused' then 'paused' else 'connected' end, account = $3, \
         last_error = null, last_error_at = null, \
         settings = case when kind = 'google_business' and $4::text <> '' and coalesce(settings ->> 'account', '') = '' \
           then jsonb_set(settings, '{account}', to_jsonb($4::text)) else settings end \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(&account.name)
    .bind(&account.id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes how the last attempt ended. A pause of a person stays.
pub(crate) async fn ended(
    tx: &mut OrgTx,
    id: ConnectionId,
    error: Option<&str>,
    state: &str,
) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "update connections set state = case when state = 'paused' then 'paused' else $4 end, last_error = $3, \
         last_error_at = case when $3 is null then null else $5 end, read_at = case when $3 is null then $5 else read_at end \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(error.map(storable))
    .bind(state)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Says what went wrong with something that came by itself; the state stays, and the next reading that ends well takes it away.
pub(crate) async fn said(tx: &mut OrgTx, id: ConnectionId, error: &str) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "update connections set last_error = $3, last_error_at = $4 \
         where org_id = $1 and id = $2 and state <> 'reconnect' and last_error is distinct from $3",
    )
    .bind(tx.org())
    .bind(id)
    .bind(storable(error))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes what a connection is found by from now on, and the same sealed, to be shown.
pub(crate) async fn set_door(
    tx: &mut OrgTx,
    id: ConnectionId,
    hash: Vec<u8>,
    sealed: Vec<u8>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update connections set door_hash = $3, door_sealed = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(hash)
        .bind(sealed)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a connection is found by, sealed; none where it is not to be shown, or is not there.
pub(crate) async fn door_sealed(tx: &mut OrgTx, id: ConnectionId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select door_sealed from connections where org_id = $1 and id = $2")
            .bind(tx.org())
            .bind(id)
            .fetch_optional(tx.conn())
            .await?;
    Ok(found.flatten())
}

/// Pauses, or lets go on.
pub(crate) async fn pause(tx: &mut OrgTx, id: ConnectionId, paused: bool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update connections set state = case when $3 then 'paused' when last_error is null then 'connected' else 'failing' end \
         where org_id = $1 and id = $2",
    )
    .bind(tx.org())
    .bind(id)
    .bind(paused)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Removes a connection with what belongs to it alone; runs stay, as history.
pub(crate) async fn remove(tx: &mut OrgTx, id: ConnectionId) -> Result<(), sqlx::Error> {
    for table in ["intake_cursors", "intake_refusals", "intake_seen", "intake_consents", "intake_notices"] {
        let query = format!("delete from {table} where org_id = $1 and connection_id = $2");
        sqlx::query(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).execute(tx.conn()).await?;
    }
    sqlx::query("delete from connections where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Connections that are read by the clock and were not since an instant. A run of some streams that a notice asked for is none.
pub(crate) async fn due(tx: &mut OrgTx, before: DateTime<Utc>) -> Result<Vec<ConnectionId>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.id from connections c where c.org_id = $1 and c.state in ('connected', 'failing') \
           and c.kind not in ('webhook', 'drop') and (c.sealed is not null or c.kind in ('rest')) \
           and not exists (select from intake_runs r where r.org_id = c.org_id and r.connection_id = c.id \
             and r.file_id is null and r.state in ('queued', 'running', 'paused')) \
           and not exists (select from intake_runs r where r.org_id = c.org_id and r.connection_id = c.id \
             and r.file_id is null and r.streams is null and r.id >= $3 and r.created_at > $2) order by c.id",
    )
    .bind(tx.org())
    .bind(before)
    // Ids are in the order of time: what is old is not looked at, however much there is.
    .bind(uuid_at(before - TimeDelta::seconds(1)))
    .fetch_all(tx.conn())
    .await
}
