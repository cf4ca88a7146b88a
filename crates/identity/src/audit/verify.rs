//! Proving the audit log: every hash is computed again from the first row to the head.
//!
//! A changed row, a missing row, an inserted row and a cut end are found. Somebody who can write every table could compute a
//! whole new chain; keep a copy of the last hash elsewhere to notice that too.

use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use serde::Serialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::store::log;

/// Rows read at a time.
const BATCH: i64 = 1_000;

/// What verifying found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Whether every row is what was written, and none is missing.
    pub intact: bool,
    /// How many rows were right.
    pub entries: i64,
    /// The first place in the chain that is not right.
    pub broken_at: Option<i64>,
    /// The last right hash, hexadecimal; empty before the first row. Keep it elsewhere to compare later.
    pub head: String,
}

/// Prove that the audit log is whole.
#[utoipa::path(get, path = "/v2/audit-log/verification", tag = "audit log", responses((status = 200, body = Verdict)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<Verdict>, AppError> {
    Ok(Json(walk(&mut by.tx().await?).await?))
}

/// Verifies an organisation's audit log: for the command line.
pub async fn verify(kernel: &Kernel, org: OrgId) -> Result<Verdict, sqlx::Error> {
    walk(&mut kernel.db.begin(org).await?).await
}

pub(crate) async fn walk(tx: &mut OrgTx) -> Result<Verdict, sqlx::Error> {
    // The head first: rows that are added while we read are beyond it.
    let (last, head) = log::head(tx).await?.unwrap_or_default();
    let (mut seq, mut hash) = (0, Vec::new());
    while seq < last {
        let rows = log::after(tx, seq, BATCH).await?;
        for row in &rows {
            if row.seq != seq + 1 || row.link(tx.org()).hash(&hash) != row.hash {
                return Ok(broken(seq, &hash));
            }
            (seq, hash) = (row.seq, row.hash.clone());
            if seq == last {
                break;
            }
        }
        if rows.is_empty() {
            return Ok(broken(seq, &hash));
        }
    }
    // A chain whose end does not meet its head was cut and written again.
    if hash != head {
        return Ok(broken(seq, &hash));
    }
    Ok(Verdict { intact: true, entries: seq, broken_at: None, head: hex::encode(hash) })
}

fn broken(right: i64, hash: &[u8]) -> Verdict {
    Verdict { intact: false, entries: right, broken_at: Some(right + 1), head: hex::encode(hash) }
}
