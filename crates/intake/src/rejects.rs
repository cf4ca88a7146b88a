//! Rows and records that gave no signal: kept with their reason, sealed, and given back as a table to mend and send again.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use connectors::source::Rejection;
use csv::ByteRecord;
use futures_util::{StreamExt as _, stream};
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{OrgId, RunId};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::csv::Csv;
use utoipa::ToSchema;

/// The longest cell that is kept.
const LONGEST: usize = 4_000;
/// The most cells of a row that are kept: twice those of the widest table.
const WIDEST: usize = 1_000;

/// A row that gave no signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reject {
    /// Its number in the file, the header being 1; or its place in the run.
    pub row: u64,
    /// The field to blame, where there is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The row as it came; a record as one cell of JSON.
    pub cells: Vec<String>,
}

impl Reject {
    /// Of a row of a table.
    pub fn of_row(row: u64, record: &ByteRecord, rejection: Rejection) -> Self {
        let cells = record.iter().take(WIDEST);
        let cells = cells.map(|cell| String::from_utf8_lossy(cell).chars().take(LONGEST).collect()).collect();
        Self { row, field: rejection.field, reason: rejection.reason, cells }
    }

    /// What is wrong, with the field to blame.
    pub fn why(&self) -> String {
        self.field.as_deref().map(|field| format!("{field} ")).unwrap_or_default() + &self.reason
    }

    /// Of a record of a source.
    pub fn of_record(row: u64, record: &Value, rejection: Rejection) -> Self {
        let text = record.to_string().chars().take(4 * LONGEST).collect();
        Self { row, field: rejection.field, reason: rejection.reason, cells: vec![text] }
    }
}

/// Where a batch's rejects are sealed.
pub(crate) fn place(run: RunId, seq: i64) -> String {
    format!("intake_rejects/{run}/{seq}/sealed")
}

/// Keeps the rejects of a batch.
pub(crate) async fn keep(
    tx: &mut OrgTx,
    vault: &OrgVault,
    run: RunId,
    seq: i64,
    rejects: &[Reject],
) -> anyhow::Result<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    let sealed = vault.seal(&place(run, seq), &serde_json::to_vec(rejects)?)?;
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_rejects (org_id, run_id, seq, rows, sealed, at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, run_id, seq) do update set rows = excluded.rows, sealed = excluded.sealed",
    )
    .bind(tx.org())
    .bind(run)
    .bind(seq)
    .bind(rejects.len() as i32)
    .bind(sealed)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The rejects of the first batch after `seq`, with its number.
pub(crate) async fn next(
    tx: &mut OrgTx,
    vault: &OrgVault,
    run: RunId,
    seq: i64,
) -> anyhow::Result<Option<(i64, Vec<Reject>)>> {
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "select seq, sealed from intake_rejects where org_id = $1 and run_id = $2 and seq > $3 order by seq limit 1",
    )
    .bind(tx.org())
    .bind(run)
    .bind(seq)
    .fetch_optional(tx.conn())
    .await?;
    let Some((seq, sealed)) = row else { return Ok(None) };
    Ok(Some((seq, serde_json::from_slice(&vault.open(&place(run, seq), &sealed)?)?)))
}

/// The whole table as a download, batch by batch: it may be as long as the file was.
pub(crate) fn download(kernel: Kernel, org: OrgId, run: RunId, columns: &[String]) -> Response {
    let mut header = vec!["row", "field", "reason"];
    header.extend(columns.iter().map(String::as_str));
    let first = Csv::new(&header).text().to_owned();
    let pieces = stream::unfold((kernel, Some(i64::MIN), Some(first)), move |(kernel, seq, first)| async move {
        if let Some(first) = first {
            return Some((Ok::<_, anyhow::Error>(first), (kernel, seq, None)));
        }
        match piece(&kernel, org, run, seq?).await {
            Ok(Some((seq, text))) => Some((Ok(text), (kernel, Some(seq), None))),
            Ok(None) => None,
            Err(error) => Some((Err(error), (kernel, None, None))),
        }
    });
    // Whoever compresses it asks once more after the end.
    let pieces = pieces.fuse();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"rejected-{run}.csv\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], Body::from_stream(pieces))
        .into_response()
}

async fn piece(kernel: &Kernel, org: OrgId, run: RunId, seq: i64) -> anyhow::Result<Option<(i64, String)>> {
    let vault = kernel.vault.of(org).await?;
    let mut tx = kernel.db.begin(org).await?;
    let Some((seq, rejects)) = next(&mut tx, &vault, run, seq).await? else { return Ok(None) };
    let mut table = Csv::default();
    for reject in &rejects {
        let row = reject.row.to_string();
        let mut cells = vec![row.as_str(), reject.field.as_deref().unwrap_or_default(), reject.reason.as_str()];
        cells.extend(reject.cells.iter().map(String::as_str));
        table.row(&cells);
    }
    Ok(Some((seq, table.text().to_owned())))
}
