//! `GET /v2/audit-log/export`: the audit log as a file that proves itself ([`super::file`]).

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde_json::json;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Query};

use super::lines::{self, CheckpointLine, EntryLine, KeyLine, Statement};
use super::list::Filter;
use super::signing::{Checkpoint, Kind, PublicKeys, Signer};
use crate::store::log::{self, Chosen, Wanted};

/// Rows read at a time; each time is a transaction of its own, so that a slow reader holds none open.
const BATCH: i64 = 1_000;

/// Export the audit log as JSON lines, with what proves it: see `recoup audit verify`.
#[utoipa::path(get, path = "/v2/audit-log/export", tag = "audit log", params(Filter),
    responses((status = 200, body = String, content_type = "application/x-ndjson",
        description = "A signed statement of what the file holds, the public keys, the signed checkpoints, and the entries, oldest first.")))]
pub(crate) async fn get(by: Allowed<ManagePeople>, Query(filter): Query<Filter>) -> Result<Response, AppError> {
    by.fresh()?;
    let told = filter.told();
    let mut tx = by.tx().await?;
    let entry = AuditEntry::new(by.actor(), "audit_log.exported").about(by.org()).detail(json!({ "filter": told }));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    let name = format!("attachment; filename=\"audit-log-{}.jsonl\"", by.now().format("%Y-%m-%d"));
    let lines = written_out(by.kernel().clone(), by.org(), filter.wanted(), told).await?;
    let body = Body::from_stream(lines.map_err(std::io::Error::other));
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

/// Exports an organisation's whole audit log: for the command line. The export is itself an entry of it.
pub async fn export(
    kernel: &Kernel,
    org: OrgId,
) -> Result<impl Stream<Item = anyhow::Result<Bytes>> + Send + use<>, AppError> {
    let mut tx = kernel.db.begin(org).await?;
    audit::record(&mut tx, AuditEntry::new(Actor::System, "audit_log.exported").about(org)).await?;
    tx.commit().await?;
    written_out(kernel.clone(), org, Wanted::default(), String::new()).await
}

/// What an export is of.
struct Extent {
    statement: Statement,
    checkpoints: Vec<Checkpoint>,
}

async fn written_out(
    kernel: Kernel,
    org: OrgId,
    wanted: Wanted,
    told: String,
) -> Result<impl Stream<Item = anyhow::Result<Bytes>> + Send + use<>, AppError> {
    let signer = Signer::of(&kernel).await.map_err(AppError::Internal)?;
    let keys = PublicKeys::of(&kernel).await?;
    let Extent { statement, checkpoints } = extent(&kernel, org, &wanted, told, &signer).await?;
    let mut head = lines::line(&statement).map_err(AppError::internal)?;
    let mut named: Vec<&str> = checkpoints.iter().map(|checkpoint| checkpoint.kid.as_str()).collect();
    named.push(&signer.kid);
    named.sort_unstable();
    named.dedup();
    for kid in named {
        let public = keys.get(kid).unwrap_or(&signer.public_key);
        head.extend(lines::line(&KeyLine::of(kid, public)).map_err(AppError::internal)?);
    }
    for checkpoint in &checkpoints {
        head.extend(lines::line(&CheckpointLine::of(checkpoint)).map_err(AppError::internal)?);
    }
    let first = stream::once(async { Ok(Bytes::from(head)) });
    let place = (statement.start_seq, statement.last_seq);
    // A span is a piece of the chain with every row in it: clocks of several machines may differ by a little.
    let wanted = if wanted.chooses() { wanted } else { Wanted::default() };
    let rest = stream::try_unfold((kernel, wanted, place), move |(kernel, wanted, (after, last))| async move {
        let mut tx = kernel.db.begin(org).await?;
        let rows = log::chosen(&mut tx, &wanted, (after, last), BATCH).await?;
        let Some(reached) = rows.last().map(|row| row.entry.seq) else { return anyhow::Ok(None) };
        let bytes = written(rows, wanted.chooses())?;
        Ok(Some((bytes, (kernel, wanted, (reached, last)))))
    });
    Ok(first.chain(rest))
}

fn written(rows: Vec<Chosen>, chosen: bool) -> serde_json::Result<Bytes> {
    let mut bytes = Vec::new();
    for Chosen { entry, previous } in rows {
        bytes.extend(lines::line(&EntryLine::of(entry, chosen.then_some(&previous))?)?);
    }
    Ok(bytes.into())
}

/// From where to where the file goes. What is chosen by more than a span of time is not a piece of the chain.
async fn extent(
    kernel: &Kernel,
    org: OrgId,
    wanted: &Wanted,
    told: String,
    signer: &Signer,
) -> Result<Extent, AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let (last, last_hash) = log::head(&mut tx).await?.unwrap_or_default();
    let mut checkpoints = log::checkpoints(&mut tx).await?;
    let anchor = checkpoints.iter().filter(|known| known.kind == Kind::Anchor).max_by_key(|anchor| anchor.seq);
    let mut start = anchor.map(|anchor| (anchor.seq, anchor.hash.clone())).unwrap_or_default();
    let mut end = (last, last_hash);
    if !wanted.chooses() && (wanted.from.is_some() || wanted.to.is_some()) {
        match log::span(&mut tx, wanted.from, wanted.to).await? {
            Some((first, last)) => {
                start = place(&mut tx, first - 1, start).await?;
                end = place(&mut tx, last, end).await?;
            }
            None => end = start.clone(),
        }
    }
    let entries = if wanted.chooses() { log::count(&mut tx, wanted, end.0).await? } else { end.0 - start.0 };
    // A chosen row may be signed too; a checkpoint beyond the end says nothing about the file.
    checkpoints.retain(|checkpoint| checkpoint.seq > start.0 && checkpoint.seq <= end.0);
    let statement = Statement {
        kind: "export".into(),
        org,
        start_seq: start.0,
        start_hash: hex::encode(start.1),
        last_seq: end.0,
        last_hash: hex::encode(end.1),
        entries,
        filter: if wanted.chooses() { told } else { String::new() },
        exported_at: kernel.clock.now(),
        kid: String::new(),
        signature: String::new(),
    };
    Ok(Extent { statement: statement.signed(signer), checkpoints })
}

/// A place and the hash there; the other when there is no such row.
async fn place(tx: &mut kernel::db::OrgTx, seq: i64, otherwise: (i64, Vec<u8>)) -> Result<(i64, Vec<u8>), sqlx::Error> {
    let row = log::after(tx, seq - 1, 1).await?.pop().filter(|row| row.seq == seq);
    Ok(row.map_or(otherwise, |row| (row.seq, row.hash)))
}
