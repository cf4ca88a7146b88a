//! Connections to identity providers.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{SessionId, SsoId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::{AppError, Role};
use sqlx::FromRow;
use utoipa::ToSchema;

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// OpenID Connect.
    Oidc,
    /// SAML 2.0.
    Saml,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Saml => "saml",
        }
    }
}

/// The role of everybody in one of the provider's groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct GroupRole {
    /// The group as the provider names it (for Entra its object id).
    #[schema(example = "recoup-admins")]
    pub(crate) group: String,
    /// Any role but owner.
    pub(crate) role: Role,
}

/// A connection to an identity provider.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: SsoId,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    /// The issuer (OIDC), the entity id (SAML).
    pub(crate) issuer: String,
    /// What its kind needs besides.
    pub(crate) settings: Value,
    /// Sealed for [`Connection::place`].
    pub(crate) secret: Option<Vec<u8>>,
    /// The first whose group a person has decides their role.
    pub(crate) group_roles: Vec<GroupRole>,
    /// The role of somebody in none of the groups; none: they are refused.
    pub(crate) default_role: Option<Role>,
    /// Whether somebody unknown becomes a member by arriving.
    pub(crate) just_in_time: bool,
    /// SAML: whether the provider may begin.
    pub(crate) idp_initiated: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) tested_at: Option<DateTime<Utc>>,
    /// The steps of the last test.
    pub(crate) test: Option<Value>,
}

impl Connection {
    /// What the vault binds the secret to.
    pub(crate) fn place(id: SsoId) -> String {
        format!("sso/{id}/secret")
    }

    /// Whether every step of the last test went well; a changed connection has none.
    pub(crate) fn works(&self) -> bool {
        let steps = self.test.as_ref().and_then(Value::as_array);
        steps.is_some_and(|steps| !steps.is_empty() && steps.iter().all(|step| step["ok"] == true))
    }
}

#[derive(FromRow)]
struct Row {
    id: SsoId,
    kind: String,
    name: String,
    enabled: bool,
    issuer: String,
    settings: Value,
    secret: Option<Vec<u8>>,
    group_roles: Value,
    default_role: Option<String>,
    just_in_time: bool,
    idp_initiated: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    tested_at: Option<DateTime<Utc>>,
    test: Option<Value>,
}

impl TryFrom<Row> for Connection {
    type Error = AppError;

    fn try_from(row: Row) -> Result<Self, AppError> {
        Ok(Self {
            id: row.id,
            kind: if row.kind == "saml" { Kind::Saml } else { Kind::Oidc },
            name: row.name,
            enabled: row.enabled,
            issuer: row.issuer,
            settings: row.settings,
            secret: row.secret,
            group_roles: serde_json::from_value(row.group_roles).map_err(AppError::internal)?,
            default_role: row.default_role.map(|word| word.parse()).transpose().map_err(AppError::internal)?,
            just_in_time: row.just_in_time,
            idp_initiated: row.idp_initiated,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tested_at: row.tested_at,
            test: row.test,
        })
    }
}

const SELECT: &str = "select id, kind, name, enabled, issuer, settings, secret, group_roles, default_role, just_in_time, \
     idp_initiated, created_at, updated_at, tested_at, test from sso_connections where org_id = $1";

/// All connections of the organisation, oldest first.
pub(crate) async fn list(tx: &mut OrgTx) -> Result<Vec<Connection>, AppError> {
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} order by id")))
        .bind(tx.org())
        .fetch_all(tx.conn())
        .await?;
    rows.into_iter().map(Connection::try_from).collect()
}

/// One connection.
pub(crate) async fn find(tx: &mut OrgTx, id: SsoId) -> Result<Option<Connection>, AppError> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} and id = $2")))
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    row.map(Connection::try_from).transpose()
}

/// Writes a connection, new or changed; its last test is forgotten, because it was of something else.
pub(crate) async fn put(tx: &mut OrgTx, connection: &Connection) -> Result<(), AppError> {
    let groups = serde_json::to_value(&connection.group_roles).map_err(AppError::internal)?;
    sqlx::query(
        "insert into sso_connections (org_id, id, kind, name, enabled, issuer, settings, secret, group_roles, default_role, \
           just_in_time, idp_initiated, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         on conflict (org_id, id) do update set name = $4, enabled = $5, issuer = $6, settings = $7, secret = $8, \
           group_roles = $9, default_role = $10, just_in_time = $11, idp_initiated = $12, updated_at = $14, \
           tested_at = null, test = null",
    )
    .bind(tx.org())
    .bind(connection.id)
    .bind(connection.kind.as_str())
    .bind(&connection.name)
    .bind(connection.enabled)
    .bind(&connection.issuer)
    .bind(&connection.settings)
    .bind(&connection.secret)
    .bind(groups)
    .bind(connection.default_role.map(Role::as_str))
    .bind(connection.just_in_time)
    .bind(connection.idp_initiated)
    .bind(connection.created_at)
    .bind(connection.updated_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps what a test found.
pub(crate) async fn set_test(tx: &mut OrgTx, id: SsoId, steps: &Value) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query("update sso_connections set tested_at = $3, test = $4 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(now)
        .bind(steps)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whether somebody signed in by a connection that is in use.
pub(crate) async fn was_used(tx: &mut OrgTx) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from sso_links l join sso_connections c on c.org_id = l.org_id and c.id = l.connection_id \
         where l.org_id = $1 and c.enabled)",
    )
    .bind(tx.org())
    .fetch_one(tx.conn())
    .await
}

/// Ends the sessions that a connection opened, but for one.
pub(crate) async fn end_sessions(tx: &mut OrgTx, id: SsoId, kept: Option<SessionId>) -> Result<u64, sqlx::Error> {
    let now = tx.clock().now();
    let done = sqlx::query(
        "update sessions set revoked_at = $3 \
         where org_id = $1 and sso_connection = $2 and revoked_at is null and id is distinct from $4",
    )
    .bind(tx.org())
    .bind(id)
    .bind(now)
    .bind(kept)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Removes a connection with its links; false when there is none.
pub(crate) async fn remove(tx: &mut OrgTx, id: SsoId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from sso_connections where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
