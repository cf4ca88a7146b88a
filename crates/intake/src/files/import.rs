//! Reads a file into signals: one thread reads and maps, two tasks land what it read, and one batch waits between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use kernel::ids::OrgId;
use kernel::vault::OrgVault;
use tokio::sync::{Mutex, mpsc};

use super::reader::{self, Ahead, Batch, Spot, Text};
use super::unpack::Unpackable;
use super::{look, path_of, store, text_of, unpack};
use crate::core::Core;
use crate::csv::map::Plan;
use crate::rejects;
use crate::runs::store::{self as runs, NewBatch, Run};
use crate::runs::{Ended, STINT};

/// How many batches land at once.
const AT_ONCE: usize = 2;

/// Reads until the file ends, the stint is over, or somebody stops it.
pub(crate) async fn import(core: &Core, org: OrgId, run: &Run) -> anyhow::Result<Ended> {
    let Some(id) = run.file_id else { return Ok(Ended::Failed("it has no file".to_owned())) };
    let mut tx = core.kernel.db.begin(org).await?;
    let upload = store::find(&mut tx, id).await?;
    let zone = store::zone(&mut tx).await?;
    let landed = runs::batches(&mut tx, run.id).await?;
    drop(tx);
    let Some((upload, mapping, answers)) = upload.and_then(|mut upload| {
        let (mapping, answers) = (upload.mapping.take()?.0, upload.answers.take()?.0);
        Some((upload, mapping, answers))
    }) else {
        return Ok(Ended::Failed("the file is not there any more; upload it again".to_owned()));
    };
    let (from, to) = (path_of(core, org, id), text_of(core, org, id));
    let now = core.kernel.clock.now();
    let prepared = tokio::task::spawn_blocking(move || -> anyhow::Result<(look::Look, Text)> {
        let seen = look::look(&from)?;
        let layout = &seen.layout;
        let plain = layout.is_plain();
        if !plain && !to.exists() {
            unpack::to_text(&from, layout.packing, layout.written(), &to)?;
        }
        // The decoder takes the mark off; a file that is read as it lies still has it. Unpacked UTF-8 has it too.
        let mark = if layout.written().encoding == encoding_rs::UTF_8 { layout.mark as u64 } else { 0 };
        let (delimiter, has_header) = (layout.delimiter(), layout.has_header);
        let path = if plain { from } else { to };
        Ok((seen, Text { path, delimiter, has_header, mark }))
    });
    let (seen, text) = match prepared.await? {
        Ok(prepared) => prepared,
        Err(error) if error.is::<Unpackable>() => return Ok(Ended::Failed(error.to_string())),
        Err(error) => return Ok(Ended::Failed(format!("the file cannot be read: {error}"))),
    };
    let plan = match Plan::new(&mapping, &answers, &seen.columns, zone, now) {
        Ok(plan) => plan,
        Err((field, why)) => return Ok(Ended::Failed(format!("{field} {why}"))),
    };
    let size = tokio::fs::metadata(&text.path).await.map_or(upload.bytes, |data| data.len() as i64);
    let scale = upload.bytes as f64 / size.max(1) as f64;
    let (from, ahead) = begin(&landed);
    let land = Land {
        core: core.clone(),
        org,
        run: run.clone(),
        text: Arc::new(text),
        vault: core.kernel.vault.of(org).await?,
        stop: Arc::default(),
        stopped: Arc::default(),
        scale,
    };
    land.work(plan, from, ahead).await
}

/// Behind the first batches without a gap; and those that landed beyond it. Each is its number, where it ends (offset and row)
/// and how many rows it has.
fn begin(landed: &[(i64, i64, i64, i64)]) -> (Spot, BTreeMap<i64, Ahead>) {
    let (mut from, mut ahead) = (Spot::default(), BTreeMap::new());
    for &(seq, offset, row, rows) in landed {
        let end = Spot { seq: seq + 1, offset: offset as u64, row: row as u64 };
        if seq == from.seq {
            from = end;
        } else {
            ahead.insert(seq, Ahead { after: (row - rows) as u64, end });
        }
    }
    (from, ahead)
}

struct Land {
    core: Core,
    org: OrgId,
    run: Run,
    text: Arc<Text>,
    vault: Arc<OrgVault>,
    /// The reader is to stop.
    stop: Arc<AtomicBool>,
    /// Somebody paused or cancelled the run.
    stopped: Arc<AtomicBool>,
    /// Bytes of the file as it came for each of its text.
    scale: f64,
}

impl Land {
    async fn work(self, plan: Plan, from: Spot, ahead: BTreeMap<i64, Ahead>) -> anyhow::Result<Ended> {
        let begun = Instant::now();
        let this = Arc::new(self);
        let (sender, receiver) = mpsc::channel::<Batch>(1);
        let receiver = Arc::new(Mutex::new(receiver));
        let (stop, text) = (Arc::clone(&this.stop), Arc::clone(&this.text));
        let reader = tokio::task::spawn_blocking(move || reader::read(&text, &plan, from, &ahead, &sender, &stop));
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (this, receiver) = (Arc::clone(&this), Arc::clone(&receiver));
                tokio::spawn(async move { this.take(&receiver, begun).await })
            })
            .collect();
        let mut failed = Ok(());
        for task in tasks {
            failed = failed.and(task.await?);
        }
        // Whoever failed took no more: the reader ends when nobody takes what it reads.
        drop(receiver);
        let read = reader.await?;
        failed?;
        Ok(match read {
            Err(error) => Ended::Failed(format!("the file cannot be read on: {error}; what came before it landed")),
            Ok(_) if this.stopped.load(Ordering::Relaxed) => Ended::Stopped,
            Ok(true) => Ended::Done,
            Ok(false) => Ended::More,
        })
    }

    async fn take(&self, receiver: &Mutex<mpsc::Receiver<Batch>>, begun: Instant) -> anyhow::Result<()> {
        loop {
            let batch = receiver.lock().await.recv().await;
            let Some(batch) = batch else { return Ok(()) };
            if begun.elapsed() > STINT {
                self.stop.store(true, Ordering::Relaxed);
            }
            let landed = self.land(batch).await;
            if !matches!(landed, Ok(true)) {
                self.stop.store(true, Ordering::Relaxed);
                // The reader may wait for a place: nothing that it still sends is taken.
                receiver.lock().await.close();
                return landed.map(|_| self.stopped.store(true, Ordering::Relaxed));
            }
            self.core.announce(self.org, self.run.id);
        }
    }

    /// Lands a batch; false when the run was paused or cancelled.
    async fn land(&self, batch: Batch) -> anyhow::Result<bool> {
        let Batch { begin, signals, rows, mut rejects, count, end } = batch;
        let seq = begin.seq;
        let bytes = (end.offset.saturating_sub(begin.offset) as f64 * self.scale) as i64;
        let mut tx = self.core.kernel.db.begin_by_key(self.org).await?;
        if !runs::goes_on(&mut tx, self.run.id, false).await? {
            return Ok(false);
        }
        let mut new = NewBatch {
            seq,
            end_offset: end.offset as i64,
            end_row: end.row as i64,
            bytes,
            rows_read: count as i64,
            ..NewBatch::default()
        };
        if self.run.dry_run {
            new.landed = signals.len() as i64;
        } else if !signals.is_empty() {
            let landed = self.core.landing.land(&mut tx, signals).await?;
            new.landed = landed.new as i64;
            new.corrected = landed.corrected as i64;
            new.unchanged = landed.unchanged as i64;
            let refused = landed.rejected.into_iter();
            let reasons: BTreeMap<u64, String> =
                refused.filter_map(|(place, reason)| Some((*rows.get(place)?, reason))).collect();
            if !reasons.is_empty() {
                let text = Arc::clone(&self.text);
                let again = tokio::task::spawn_blocking(move || reader::again(&text, begin, reasons));
                rejects.extend(again.await??);
            }
        }
        new.rejected = rejects.len() as i64;
        rejects.sort_unstable_by_key(|reject| reject.row);
        rejects::keep(&mut tx, &self.vault, self.run.id, seq, &rejects).await?;
        runs::add(&mut tx, self.run.id, new).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_goes_on_behind_the_first_batch_that_is_missing() {
        let (from, ahead) = begin(&[(0, 100, 11, 10), (1, 200, 21, 10), (3, 400, 38, 9)]);
        assert_eq!(from, Spot { seq: 2, offset: 200, row: 21 });
        assert_eq!(ahead, BTreeMap::from([(3, Ahead { after: 29, end: Spot { seq: 4, offset: 400, row: 38 } })]));
        let (from, ahead) = begin(&[(1, 200, 21, 10)]);
        assert_eq!(from, Spot::default());
        assert_eq!(ahead.keys().collect::<Vec<_>>(), [&1]);
    }
}
