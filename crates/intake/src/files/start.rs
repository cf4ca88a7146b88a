//! Says how a file is to be read and makes the run that reads it.

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{RunId, UploadId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::{AppError, Detail};
use utoipa::ToSchema;

use super::look::Look;
use super::{path_of, store};
use crate::core::Core;
use crate::csv::map::Plan;
use crate::csv::mapping::{Answers, Mapping};
use crate::csv::propose;
use crate::runs::store as runs;

/// How to read a file: what the preview proposed, where nothing else is said.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StartIn {
    /// From fields of a signal to columns; the proposed mapping when absent.
    pub mapping: Option<Mapping>,
    /// `ymd`, `dmy` or `mdy`, where the dates can be read in two orders.
    pub date_order: Option<crate::csv::dates::DateOrder>,
    /// Of times without an offset, such as `Europe/Berlin`; the organisation's when absent.
    pub time_zone: Option<String>,
    /// Of amounts that name none (ISO 4217).
    pub currency: Option<String>,
    /// `point` or `comma`, where the amounts fit both.
    pub decimal_mark: Option<crate::csv::money::DecimalMark>,
    /// Read and count, and write nothing.
    pub dry_run: bool,
}

impl StartIn {
    /// The answers in it.
    pub(crate) fn answers(&self) -> Answers {
        Answers {
            date_order: self.date_order,
            time_zone: self.time_zone.clone(),
            currency: self.currency.clone(),
            decimal_mark: self.decimal_mark,
        }
    }
}

/// Whether a file can be read so: what is wrong and what is open is an error, field by field.
pub(crate) fn check(seen: &Look, mapping: &Mapping, answers: &Answers, zone: chrono_tz::Tz) -> Result<(), AppError> {
    let wrong = mapping.problems(&seen.names());
    if !wrong.is_empty() {
        return Err(AppError::fields(wrong.into_iter().map(|(field, why)| Detail::new(field, why)).collect()));
    }
    let open = propose::questions(&seen.columns, mapping, answers);
    if !open.is_empty() {
        let details = open.into_iter().map(|question| Detail::new(question.field, question.text)).collect();
        return Err(AppError::Unprocessable {
            message:
                "the file leaves open how it is to be read; nothing was read: answer the questions and start again"
                    .into(),
            details,
        });
    }
    Plan::new(mapping, answers, &seen.columns, zone, chrono::DateTime::UNIX_EPOCH)
        .map_err(|(field, why)| AppError::field(field, why))?;
    Ok(())
}

/// Looks at a file again; the same file gives the same.
pub(crate) async fn look_again(core: &Core, org: kernel::ids::OrgId, id: UploadId) -> Result<Look, AppError> {
    let path = path_of(core, org, id);
    let looked = tokio::task::spawn_blocking(move || super::look::look(&path)).await.map_err(AppError::internal)?;
    looked.map_err(|error| AppError::field("file", error.to_string()))
}

/// Keeps how a file is to be read and makes its run.
pub(crate) async fn start(
    tx: &mut OrgTx,
    upload: &store::Upload,
    mapping: &Mapping,
    answers: &Answers,
    dry_run: bool,
    by: Actor,
) -> Result<RunId, AppError> {
    // The write holds the row: of two that start a file at once the second sees the run of the first.
    store::decide(tx, upload.id, mapping, answers).await?;
    if store::is_taken(tx, upload.id).await? {
        return Err(AppError::conflict("this file is being read or was read already; look at its run"));
    }
    let new = runs::NewRun {
        connection: upload.connection_id,
        file: Some(upload.id),
        mode: "file",
        trigger: if upload.connection_id.is_some() { "drop".to_owned() } else { by.to_string() },
        dry_run,
        total_bytes: Some(upload.bytes),
        streams: None,
    };
    let run = runs::make(tx, new).await?.ok_or_else(|| AppError::conflict("this file is being read already"))?;
    let detail = json!({ "upload": upload.id.to_string(), "bytes": upload.bytes, "dry_run": dry_run });
    audit::record(tx, AuditEntry::new(by, "ingestion.file_started").about(run).detail(detail)).await?;
    Ok(run)
}
