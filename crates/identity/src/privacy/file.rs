//! Making an export's file, in the background.

use std::io::{Cursor, Write};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{ContactId, ExportId, OrgId};
use kernel::privacy::Sheet;
use kernel::queue::{Handler, Job, JobError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::csv::Csv;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::exports::{Format, link_secret};
use crate::{Identity, secrets};

/// How long a link works.
pub(super) const LINK_LASTS: Duration = Duration::hours(24);

/// Which export to make.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExportJob {
    pub export: ExportId,
}

/// Where a file is sealed.
pub(super) fn file_place(id: ExportId) -> String {
    format!("privacy_exports/{id}")
}

/// Makes exports.
pub(super) struct MakeExport {
    identity: Identity,
}

impl MakeExport {
    pub(super) fn new(identity: Identity) -> Self {
        Self { identity }
    }
}

#[async_trait]
impl Handler for MakeExport {
    fn kind(&self) -> &'static str {
        "privacy.export"
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let ExportJob { export } = job.parse()?;
        match self.make(job.org, export).await {
            Ok(()) => Ok(()),
            Err(error) if job.is_last_attempt() => {
                self.end(job.org, export, "it could not be made; the operator finds the reason among the dead letters")
                    .await?;
                Err(JobError::GiveUp(error))
            }
            Err(error) => Err(JobError::Retry(error)),
        }
    }
}

impl MakeExport {
    async fn make(&self, org: OrgId, id: ExportId) -> anyhow::Result<()> {
        let kernel = self.identity.kernel();
        let holders = self.identity.holders();
        let mut tx = kernel.db.begin(org).await?;
        let row: Option<(ContactId, String, String)> = sqlx::query_as(
            "select contact_id, format, by_actor from privacy_exports where org_id = $1 and id = $2 and state = 'waiting'",
        )
        .bind(org)
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
        let Some((contact, format, by)) = row else { return Ok(()) };
        if !holders.know(&mut tx, contact).await? {
            drop(tx);
            self.end(org, id, "the contact was erased meanwhile").await?;
            return Ok(());
        }
        let traces = holders.gather(&mut tx, contact).await?;
        let mut sheets = Vec::new();
        for holder in holders.iter() {
            sheets.extend(holder.export(&mut tx, &traces).await?);
        }
        drop(tx);
        let now = kernel.clock.now();
        let format = Format::of(&format);
        let plain = tokio::task::spawn_blocking(move || file(format, contact, now, &sheets)).await??;
        let vault = kernel.vault.of(org).await?;
        let sealed = vault.seal(&file_place(id), &plain)?;
        let mut tx = kernel.db.begin(org).await?;
        sqlx::query(
            "update privacy_exports set state = 'ready', ready_at = $3, link_hash = $4, link_until = $5, size = $6, content = $7 \
             where org_id = $1 and id = $2 and state = 'waiting'",
        )
        .bind(org)
        .bind(id)
        .bind(now)
        .bind(secrets::hash(&link_secret(&vault, id, &by)))
        .bind(now + LINK_LASTS)
        .bind(plain.len() as i64)
        .bind(sealed)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn end(&self, org: OrgId, id: ExportId, why: &str) -> Result<(), sqlx::Error> {
        let mut tx = self.identity.kernel().db.begin(org).await?;
        sqlx::query("update privacy_exports set state = 'failed', error = $3 where org_id = $1 and id = $2 and state = 'waiting'")
            .bind(org)
            .bind(id)
            .bind(why)
            .execute(tx.conn())
            .await?;
        tx.commit().await
    }
}

/// The bytes of a file.
fn file(format: Format, contact: ContactId, at: DateTime<Utc>, sheets: &[Sheet]) -> anyhow::Result<Vec<u8>> {
    let mut whole = json!({ "contact": contact, "exported_at": at });
    for sheet in sheets {
        whole[sheet.name] = Value::Array(sheet.rows.clone());
    }
    let whole = serde_json::to_vec_pretty(&whole)?;
    if format == Format::Json {
        return Ok(whole);
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    if format == Format::Zip {
        zip.start_file("contact.json", options)?;
        zip.write_all(&whole)?;
    }
    for sheet in sheets {
        zip.start_file(format!("{}.csv", sheet.name), options)?;
        zip.write_all(table(&sheet.rows).as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Rows as CSV: a column for each name that any row has, in the order in which they appear.
fn table(rows: &[Value]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut table = Csv::new(&columns);
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|name| cell(row.get(name))).collect();
        table.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    table.text().to_owned()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn sheets() -> Vec<Sheet> {
        vec![
            Sheet::new(
                "messages",
                vec![json!({"text": "=HYPERLINK(\"http://x\")", "n": -5}), json!({"text": "a,\"b\"\nc", "more": [1]})],
            ),
            Sheet::new("notes", Vec::new()),
        ]
    }

    #[test]
    fn a_table_is_safe_in_a_spreadsheet_and_a_zip_holds_both_forms() {
        let csv = table(&sheets()[0].rows);
        let lines: Vec<&str> = csv.split("\r\n").collect();
        let columns: Vec<&str> = lines[0].trim_start_matches('\u{feff}').split(',').collect();
        assert_eq!(columns.len(), 3, "{csv}");
        assert!(csv.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "no cell begins like a formula: {csv}");
        assert!(csv.contains("\"a,\"\"b\"\"\nc\"") && csv.contains("[1]"), "{csv}");
        assert_eq!(table(&[]).trim(), "\u{feff}");

        let contact = ContactId::at(DateTime::UNIX_EPOCH);
        let bytes = file(Format::Zip, contact, DateTime::UNIX_EPOCH, &sheets()).expect("a file");
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
        let mut names: Vec<String> = zip.file_names().map(|name| name.expect("a name").into_owned()).collect();
        names.sort();
        assert_eq!(names, ["contact.json", "messages.csv", "notes.csv"]);
        let mut text = String::new();
        zip.by_name("contact.json").expect("there").read_to_string(&mut text).expect("text");
        let whole: Value = serde_json::from_str(&text).expect("json");
        assert_eq!(whole["messages"][0]["text"], "=HYPERLINK(\"http://x\")", "JSON needs no protection");
        let only = file(Format::Json, contact, DateTime::UNIX_EPOCH, &sheets()).expect("a file");
        assert_eq!(serde_json::from_slice::<Value>(&only).expect("json")["contact"], json!(contact));
    }
}
