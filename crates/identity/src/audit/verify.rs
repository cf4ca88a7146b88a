//! Proving the audit log: every hash is computed again from the first row to the head, and the signed statements about it
//! are held against it.
//!
//! A changed row, a missing row, an inserted row, rows that changed places and a cut end are found by the chain itself; a
//! chain that was written anew as a whole is found by what was signed of it. Somebody who owns the database and removes the
//! checkpoints too is found only by what was kept elsewhere: an export, or the checkpoints in the program's log.

use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use serde::Serialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::chain::{Fault, Walk};
use super::signing::{Checkpoint, Kind, PublicKeys};
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
    /// What is wrong, in words.
    #[schema(example = "entry 17 was changed after it was written")]
    pub fault: Option<String>,
    /// The last right hash, hexadecimal; empty before the first row. Keep it elsewhere to compare later.
    pub head: String,
    /// The last entry that a signed checkpoint vouches for; 0 when nothing was signed yet.
    pub signed_to: i64,
    /// When that checkpoint was signed.
    pub signed_at: Option<DateTime<Utc>>,
}

/// Prove that the audit log is whole.
#[utoipa::path(get, path = "/v2/audit-log/verification", tag = "audit log", responses((status = 200, body = Verdict)))]
pub(crate) async fn get(by: Allowed<ManagePeople>) -> Result<Json<Verdict>, AppError> {
    let keys = PublicKeys::of(by.kernel()).await?;
    Ok(Json(walk(&mut by.tx().await?, &keys).await?))
}

/// Verifies an organisation's audit log: for the command line.
pub async fn verify(kernel: &Kernel, org: OrgId) -> Result<Verdict, sqlx::Error> {
    let keys = PublicKeys::of(kernel).await?;
    walk(&mut kernel.db.begin(org).await?, &keys).await
}

pub(crate) async fn walk(tx: &mut OrgTx, keys: &PublicKeys) -> Result<Verdict, sqlx::Error> {
    let org = tx.org();
    // The head first: rows that are added while we read are beyond it.
    let (last, head) = log::head(tx).await?.unwrap_or_default();
    let known = log::checkpoints(tx).await?;
    let anchor = known.iter().filter(|known| known.kind == Kind::Anchor).max_by_key(|anchor| anchor.seq);
    let start = Walk::from(org, anchor.map(|anchor| (anchor.seq, anchor.hash.clone())));
    let first = start.seq;
    let mut reached = start.clone();
    let outcome = proved(tx, (start, last, head), &known, keys, &mut reached).await?;
    let vouched = known.iter().filter(|known| known.kind == Kind::Head && known.seq <= reached.seq);
    let vouched = vouched.max_by_key(|known| known.seq);
    Ok(Verdict {
        intact: outcome.is_ok(),
        entries: reached.seq - first,
        broken_at: outcome.as_ref().err().and_then(Fault::seq),
        fault: outcome.err().map(|fault| fault.to_string()),
        head: hex::encode(reached.hash),
        signed_to: vouched.map_or(0, |known| known.seq),
        signed_at: vouched.map(|known| known.at),
    })
}

/// Walks to the head and holds the checkpoints against it; `reached` says how far all was right.
async fn proved(
    tx: &mut OrgTx,
    (start, last, head): (Walk, i64, Vec<u8>),
    known: &[Checkpoint],
    keys: &PublicKeys,
    reached: &mut Walk,
) -> Result<Result<(), Fault>, sqlx::Error> {
    if let Some(fault) = signatures(tx.org(), known, keys) {
        return Ok(Err(fault));
    }
    let signed = |at: &Walk| differs(known, at);
    let end = match walk_to(tx, start, last, |walk| {
        let fault = signed(walk);
        if fault.is_none() {
            reached.clone_from(walk);
        }
        fault
    })
    .await?
    {
        Ok(end) => end,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Some(beyond) = known.iter().map(|known| known.seq).max().filter(|signed| *signed > end.seq) {
        return Ok(Err(Fault::Cut { last: end.seq, expected: beyond }));
    }
    // A chain whose end does not meet its head was cut and written again.
    if end.hash != head {
        return Ok(Err(Fault::Head { seq: end.seq }));
    }
    Ok(Ok(()))
}

/// The first statement that was not signed by the key it names.
pub(super) fn signatures(org: OrgId, known: &[Checkpoint], keys: &PublicKeys) -> Option<Fault> {
    let wrong = known.iter().find(|checkpoint| !checkpoint.holds(org, keys))?;
    Some(Fault::Signature { seq: wrong.seq, kid: wrong.kid.clone() })
}

/// Whether a place that was signed has another hash now.
fn differs(known: &[Checkpoint], walk: &Walk) -> Option<Fault> {
    // They are in the order of the chain.
    let from = known.partition_point(|checkpoint| checkpoint.seq < walk.seq);
    let mut here = known[from..].iter().take_while(|checkpoint| checkpoint.seq == walk.seq);
    let wrong = here.find(|checkpoint| checkpoint.hash != walk.hash)?;
    Some(Fault::Rewritten { seq: wrong.seq, at: wrong.at })
}

/// Walks on to a place in the chain; `look` is asked at every row.
pub(super) async fn walk_to(
    tx: &mut OrgTx,
    mut walk: Walk,
    last: i64,
    mut look: impl FnMut(&Walk) -> Option<Fault>,
) -> Result<Result<Walk, Fault>, sqlx::Error> {
    while walk.seq < last {
        let rows = log::after(tx, walk.seq, BATCH).await?;
        if rows.is_empty() {
            return Ok(Err(Fault::Cut { last: walk.seq, expected: last }));
        }
        for (place, row) in rows.iter().enumerate() {
            if let Err(fault) = walk.step(row) {
                return Ok(Err(walk.explain(&rows[place..]).unwrap_or(fault)));
            }
            if let Some(fault) = look(&walk) {
                return Ok(Err(fault));
            }
            if walk.seq == last {
                break;
            }
        }
    }
    Ok(Ok(walk))
}

/// Whether an organisation's log has an entry with a hash at a place: for comparing it with an export kept elsewhere.
pub async fn holds_at(kernel: &Kernel, org: OrgId, seq: i64, hash: &str) -> Result<bool, sqlx::Error> {
    let mut tx = kernel.db.begin(org).await?;
    let row = log::after(&mut tx, seq - 1, 1).await?.pop();
    Ok(row.is_some_and(|row| row.seq == seq && hex::encode(row.hash) == hash))
}
