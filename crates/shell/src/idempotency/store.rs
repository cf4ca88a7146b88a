//! Keys and the answers given to them: callers' in one table, visitors' in another, because the role that serves visitors has no table
//! of the product. Both have the same columns.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::Duration;
use kernel::Kernel;
use kernel::db::{OrgTx, site_token};
use kernel::ids::OrgId;
use sqlx::{AssertSqlSafe, Row};

use super::Sender;
use crate::AppError;

/// How long an answer is kept.
pub(super) const KEPT_FOR: Duration = Duration::hours(24);
/// After this long without an answer, the process that had the key is taken for dead.
const ABANDONED_AFTER: Duration = Duration::minutes(2);

/// Where the answers to callers of the product are.
const CALLERS: &str = "idempotency_keys";
/// Where the answers to visitors of public sites are.
const VISITORS: &str = "site_answers";
/// All of them.
pub(super) const TABLES: [&str; 2] = [CALLERS, VISITORS];

/// A key as one sender sent it.
pub(super) struct Keyed {
    org: OrgId,
    /// Of a visitor: the token that the site's role sees rows by.
    token: Option<String>,
    table: &'static str,
    actor: String,
    key: String,
    fingerprint: Vec<u8>,
}

/// What the table says about a key.
pub(super) enum Claim {
    /// Ours to run.
    First,
    /// Answered before.
    Answered(Response),
}

/// What ties a kept answer to its row.
pub(super) fn place(actor: &str, key: &str) -> String {
    format!("idempotency:{actor}:{key}")
}

impl Keyed {
    pub(super) fn new(sender: Sender, key: String, fingerprint: Vec<u8>) -> Self {
        match sender {
            Sender::Caller { org, actor } => Self { org, token: None, table: CALLERS, actor, key, fingerprint },
            Sender::Visitor { org, token } => {
                let actor = site_token(&token);
                Self { org, token: Some(token), table: VISITORS, actor, key, fingerprint }
            }
        }
    }

    async fn begin(&self, kernel: &Kernel) -> Result<OrgTx, sqlx::Error> {
        match &self.token {
            None => kernel.db.begin(self.org).await,
            Some(token) => kernel.db.begin_site(self.org, Some(token)).await,
        }
    }

    /// Takes the key, or finds what was answered to it.
    pub(super) async fn claim(&self, kernel: &Kernel) -> Result<Claim, AppError> {
        let (table, now) = (self.table, kernel.clock.now());
        let mut tx = self.begin(kernel).await?;
        sqlx::query(AssertSqlSafe(format!("delete from {table} where org_id = $1 and created_at < $2")))
            .bind(self.org)
            .bind(now - KEPT_FOR)
            .execute(tx.conn())
            .await?;
        // Of two claims at once the second waits here for the first's commit, and then sees its row.
        let claim = format!(
            "insert into {table} as kept (org_id, actor, key, fingerprint, created_at) values ($1, $2, $3, $4, $5) \
             on conflict (org_id, actor, key) do update set created_at = excluded.created_at \
             where kept.status is null and kept.created_at < $6 and kept.fingerprint = excluded.fingerprint"
        );
        let claimed = sqlx::query(AssertSqlSafe(claim))
            .bind(self.org)
            .bind(&self.actor)
            .bind(&self.key)
            .bind(&self.fingerprint)
            .bind(now)
            .bind(now - ABANDONED_AFTER)
            .execute(tx.conn())
            .await?;
        if claimed.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(Claim::First);
        }
        self.stored(kernel, tx).await.map(Claim::Answered)
    }

    async fn stored(&self, kernel: &Kernel, mut tx: OrgTx) -> Result<Response, AppError> {
        let kept = format!(
            "select fingerprint, status, content_type, body from {} where org_id = $1 and actor = $2 and key = $3",
            self.table
        );
        let row = sqlx::query(AssertSqlSafe(kept))
            .bind(self.org)
            .bind(&self.actor)
            .bind(&self.key)
            .fetch_optional(tx.conn())
            .await?;
        drop(tx);
        let running =
            || AppError::conflict("the first request with this Idempotency-Key is still running; try again shortly");
        let row = row.ok_or_else(running)?;
        if row.try_get::<Vec<u8>, _>("fingerprint")? != self.fingerprint {
            return Err(AppError::unprocessable(
                "this Idempotency-Key was used for a different request; use a new one",
            ));
        }
        let status: i16 = row.try_get::<Option<i16>, _>("status")?.ok_or_else(running)?;
        let sealed: Vec<u8> = row.try_get("body")?;
        let body = kernel.vault.open(self.org, &place(&self.actor, &self.key), &sealed).await?;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status as u16).map_err(AppError::internal)?;
        if let Some(kind) = row.try_get::<Option<String>, _>("content_type")? {
            let kind = HeaderValue::from_str(&kind).map_err(AppError::internal)?;
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        Ok(response)
    }

    /// Keeps the answer.
    pub(super) async fn keep(
        &self,
        kernel: &Kernel,
        status: i16,
        kind: Option<&str>,
        body: &[u8],
    ) -> Result<(), AppError> {
        // An answer may hold what is shown once (a new key) or personal data: it rests encrypted.
        let sealed = kernel.vault.seal(self.org, &place(&self.actor, &self.key), body).await?;
        let mut tx = self.begin(kernel).await?;
        let keep = format!(
            "update {} set status = $4, content_type = $5, body = $6 where org_id = $1 and actor = $2 and key = $3",
            self.table
        );
        sqlx::query(AssertSqlSafe(keep))
            .bind(self.org)
            .bind(&self.actor)
            .bind(&self.key)
            .bind(status)
            .bind(kind)
            .bind(sealed)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Gives the key back: there was no answer to keep.
    pub(super) async fn free(&self, kernel: &Kernel) -> Result<(), AppError> {
        let mut tx = self.begin(kernel).await?;
        let free =
            format!("delete from {} where org_id = $1 and actor = $2 and key = $3 and status is null", self.table);
        sqlx::query(AssertSqlSafe(free)).bind(self.org).bind(&self.actor).bind(&self.key).execute(tx.conn()).await?;
        Ok(tx.commit().await?)
    }
}
