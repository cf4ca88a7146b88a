//! What the kernel itself keeps of contacts: the ledger's payloads, jobs, dead letters and their archive.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::{Holder, Marks, Opener, Removed, Sheet, Traces};
use crate::db::OrgTx;
use crate::db::system::RECEIPTS;
use crate::ids::OrgId;
use crate::vault::OrgVault;
use crate::{Kernel, mail};

/// The kernel as a holder.
pub struct Machine {
    kernel: Kernel,
}

impl Machine {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Holder for Machine {
    fn name(&self) -> &'static str {
        "kernel"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    /// Jobs that wait find nothing of the hidden and end; they carry ids, so nothing of them shows.
    async fn hide(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn restore(&self, _tx: &mut OrgTx, _traces: &Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let facts = Sheet::read(
            tx,
            "facts",
            "select jsonb_build_object('at', at, 'kind', kind, 'about', subject_kind, 'detail', payload) from events \
             where org_id = $1 and subject_kind in ('contact', 'conversation', 'lead') and subject_id = any($2) order by id",
            &traces.subjects(),
        )
        .await?;
        Ok(vec![facts])
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let marks = Marks::of(traces);
        let vault = self.kernel.vault.of(tx.org()).await?;
        let redacted: i64 =
            sqlx::query_scalar("select recoup_redact_events($1)").bind(traces.subjects()).fetch_one(tx.conn()).await?;
        let mut removed = vec![Removed::new("events (personal parts)", redacted.unsigned_abs())];
        for table in ["jobs", "dead_letters"] {
            removed.push(Removed::new(table, forget_work(tx, table, &marks, &vault).await?));
        }
        let archive = self.kernel.config.data_dir.0.join("archive");
        removed.push(Removed::new("archive", clean_archive(&archive, tx.org(), &marks, Some(&vault)).await?));
        Ok(removed)
    }

    fn openers(&self) -> Vec<Opener> {
        let both = |table| [Opener::inside(table, "payload", mail::opened), Opener::marks(table, "key")];
        ["jobs", "dead_letters"].into_iter().flat_map(both).collect()
    }

    async fn seal(&self, tx: &mut OrgTx, most: i64) -> anyhow::Result<u64> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let mut done = 0;
        for table in ["jobs", "dead_letters"] {
            done += mark_keys(tx, table, &vault, most).await?;
        }
        Ok(done)
    }
}

/// Puts the mark of the sender in the place of their id in the order keys of deliveries.
async fn mark_keys(tx: &mut OrgTx, table: &'static str, vault: &OrgVault, most: i64) -> Result<u64, sqlx::Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select id, key from {table} where org_id = $1 and kind = 'inbound.receive' and key like '%:_%' and key not like '%:~%' \
         limit $2"
    )))
    .bind(tx.org())
    .bind(most)
    .fetch_all(tx.conn())
    .await?;
    let marked = |key: &str| {
        let (channel, id) = key.split_once(':').unwrap_or(("", key));
        format!("{channel}:{}", vault.mark(id))
    };
    let (ids, keys): (Vec<Uuid>, Vec<String>) = rows.iter().map(|(id, key)| (*id, marked(key))).unzip();
    let sql = format!(
        "update {table} t set key = n.key from unnest($2::uuid[], $3::text[]) as n (id, key) where t.org_id = $1 and t.id = n.id"
    );
    let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).bind(keys).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}

/// Removes the jobs or dead letters that name the person. One that is for the deliveries of many people holds ids of those alone,
/// and what an error said of somebody: that goes, and the others' deliveries stay.
async fn forget_work(tx: &mut OrgTx, table: &'static str, marks: &Marks, vault: &OrgVault) -> Result<u64, sqlx::Error> {
    let error = if table == "jobs" { "last_error" } else { "error" };
    let rows: Vec<(Uuid, String, String, Value)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "select id, kind, concat_ws(' ', key, {error}), payload from {table} where org_id = $1"
    )))
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    let (mut theirs, mut shared) = (Vec::new(), Vec::new());
    for (id, kind, text, payload) in rows {
        if kind == RECEIPTS {
            shared.extend(marks.are_in(&text).then_some(id));
        } else if marks.are_in(&text) || names(&payload, marks, Some(vault)) {
            theirs.push(id);
        }
    }
    let silence = format!("update {table} set {error} = '' where org_id = $1 and id = any($2)");
    sqlx::query(sqlx::AssertSqlSafe(silence)).bind(tx.org()).bind(shared).execute(tx.conn()).await?;
    let remove = format!("delete from {table} where org_id = $1 and id = any($2)");
    let done = sqlx::query(sqlx::AssertSqlSafe(remove)).bind(tx.org()).bind(theirs).execute(tx.conn()).await?;
    Ok(done.rows_affected())
}

/// Whether a payload names the person, a sealed letter in it opened.
fn names(payload: &Value, marks: &Marks, vault: Option<&OrgVault>) -> bool {
    let letter = vault.and_then(|vault| mail::opened(vault, payload)).unwrap_or_default();
    marks.are_in(&payload.to_string()) || marks.are_in(&String::from_utf8_lossy(&letter))
}

/// Writes the archived dead letters anew without the lines of the organisation that name the person.
async fn clean_archive(archive: &Path, org: OrgId, marks: &Marks, vault: Option<&OrgVault>) -> anyhow::Result<u64> {
    let org = org.to_string();
    let is_theirs = |line: &str| {
        let letter: Value = serde_json::from_str(line).unwrap_or_default();
        line.contains(&org) && (marks.are_in(line) || names(&letter["payload"], marks, vault))
    };
    let mut removed = 0;
    for path in archived(archive).await? {
        let text = tokio::fs::read_to_string(&path).await?;
        let kept: Vec<&str> = text.lines().filter(|line| !is_theirs(line)).collect();
        let gone = text.lines().count() - kept.len();
        if gone > 0 {
            let fresh = path.with_extension("new");
            let body = kept.iter().flat_map(|line| [line, "\n"]).collect::<String>();
            tokio::fs::write(&fresh, body).await?;
            tokio::fs::rename(&fresh, &path).await?;
            removed += gone as u64;
        }
    }
    Ok(removed)
}

async fn archived(archive: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut listing = match tokio::fs::read_dir(archive).await {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    while let Some(entry) = listing.next_entry().await? {
        if entry.path().extension().is_some_and(|end| end == "jsonl") {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::ids::ContactId;

    #[tokio::test]
    async fn the_archive_keeps_what_is_somebody_elses() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let (ours, theirs, contact) = (OrgId::new(&clock), OrgId::new(&clock), ContactId::new(&clock));
        let line = |org: OrgId, what: &str| format!(r#"{{"org_id":"{org}","payload":"{what}"}}"#);
        let file = folder.path().join("dead-letters-2026-01-01.jsonl");
        let text = [
            line(ours, &contact.to_string()),
            line(theirs, &contact.to_string()),
            line(ours, "contact_01h455vb4pex5vsknk084sn02q"),
        ]
        .join("\n");
        tokio::fs::write(&file, format!("{text}\n")).await.expect("written");
        let marks = Marks::of(&Traces::of(contact));
        assert_eq!(clean_archive(folder.path(), ours, &marks, None).await.expect("cleaned"), 1);
        let left = tokio::fs::read_to_string(&file).await.expect("read");
        assert_eq!(left.lines().count(), 2);
        assert!(!left.contains(&line(ours, &contact.to_string())));
        assert_eq!(clean_archive(&folder.path().join("none"), ours, &marks, None).await.expect("no archive"), 0);
    }
}
