//! Reads a source page by page. A page, the cursor behind it and its rejects land together or not at all.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use connectors::source::{Cursor, Page, Reading, Source, SourceError};
use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, OrgId};
use kernel::vault::OrgVault;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::store::{self, NewBatch, Run};
use super::{Ended, STINT};
use crate::connections::store as connections;
use crate::core::Core;
use crate::kinds::Kind;
use crate::landing::MOST;
use crate::rejects::{self, Reject};
use crate::{drops, sources};

/// How far back the first reading goes, unless the connection says otherwise.
const BACK: TimeDelta = TimeDelta::days(400);
/// How long to wait where a system says that it is too much and not for how long.
const WAIT: Duration = Duration::from_secs(60);
/// However long it asks us to wait: after this it is asked again, because the run keeps its connection busy.
const MOST_WAIT: Duration = Duration::from_hours(1);
/// Empty pages in a row that still promise more.
const MOST_EMPTY: u32 = 50;

/// How far a run came, besides the cursors of its connection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// Streams that were read to their end.
    pub done: Vec<String>,
    /// How far a backfill or a dry run came, by stream.
    pub cursors: BTreeMap<String, Value>,
    /// A digest of the page before.
    pub last: Option<String>,
    /// Batches so far.
    pub seq: i64,
    /// Empty pages in a row.
    pub empty: u32,
    /// Pages of the stream so far.
    pub pages: u64,
    /// A digest of the last page whose number was a power of two: pages that go round come to it again, however long the round.
    pub landmark: Option<String>,
}

/// What a page came to.
enum Turn {
    Next,
    StreamDone,
    Stopped,
    Failed(String),
}

/// Reads until everything was read, the stint is over, or something stops it.
pub(crate) async fn read(core: &Core, org: OrgId, run: &Run) -> anyhow::Result<Ended> {
    let begun = Instant::now();
    let Some(id) = run.connection_id else { return Ok(Ended::Failed("it has no connection".to_owned())) };
    let mut tx = core.kernel.db.begin(org).await?;
    let Some(connection) = connections::find(&mut tx, id).await? else {
        return Ok(Ended::Failed("its connection was removed".to_owned()));
    };
    drop(tx);
    if connection.kind == Kind::Sftp {
        return drops::poll(core, org, run, &connection).await;
    }
    let source = match sources::open(core, org, &connection, "read").await {
        Ok(source) => source,
        Err(error) => return ended_by(error),
    };
    let streams = match source.discover().await {
        Ok(streams) => streams,
        Err(error) => return ended_by(error),
    };
    let since = connection.settings.get("since").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let now = core.kernel.clock.now();
    let mut reader = Reader {
        core,
        org,
        run,
        connection: id,
        source,
        progress: run.progress.0.clone(),
        vault: core.kernel.vault.of(org).await?,
    };
    let wanted = |name: &String| run.streams.as_ref().is_none_or(|only| only.contains(name));
    for stream in streams.into_iter().filter(|stream| wanted(&stream.name)) {
        while !reader.progress.done.contains(&stream.name) {
            if begun.elapsed() > STINT {
                return Ok(Ended::More);
            }
            let cursor = Cursor(reader.cursor(&stream.name).await?);
            let reading = Reading { stream: &stream.name, cursor: &cursor, since: since.unwrap_or(now - BACK), now };
            let page = match reader.source.read(reading).await {
                Ok(page) => page,
                Err(error) => return ended_by(error),
            };
            match reader.keep(&stream.name, &cursor, page).await? {
                Turn::Next | Turn::StreamDone => core.announce(org, run.id),
                Turn::Stopped => return Ok(Ended::Stopped),
                Turn::Failed(why) => return Ok(Ended::Failed(why)),
            }
        }
    }
    Ok(Ended::Done)
}

/// What an error of a source means for the run.
pub(crate) fn ended_by(error: SourceError) -> anyhow::Result<Ended> {
    Ok(match error {
        SourceError::Reconnect(why) => Ended::Reconnect(why),
        SourceError::RateLimited { retry_after } => {
            Ended::Wait(retry_after.unwrap_or(WAIT).clamp(Duration::from_secs(1), MOST_WAIT))
        }
        SourceError::Unavailable(_) => return Err(error.into()),
        SourceError::Malformed(_) | SourceError::Refused(_) => Ended::Failed(error.to_string()),
    })
}

struct Reader<'a> {
    core: &'a Core,
    org: OrgId,
    run: &'a Run,
    connection: ConnectionId,
    source: Box<dyn Source>,
    progress: Progress,
    vault: std::sync::Arc<OrgVault>,
}

impl Reader<'_> {
    /// Whether cursors are the run's own until a stream ends.
    fn apart(&self) -> bool {
        self.run.dry_run || self.run.mode == "backfill"
    }

    async fn cursor(&self, stream: &str) -> anyhow::Result<Value> {
        if let Some(own) = self.progress.cursors.get(stream) {
            return Ok(own.clone());
        }
        if self.run.mode == "backfill" {
            return Ok(Value::Null);
        }
        let mut tx = self.core.kernel.db.begin(self.org).await?;
        Ok(store::cursor(&mut tx, self.connection, stream).await?)
    }

    async fn keep(&mut self, stream: &str, before: &Cursor, page: Page) -> anyhow::Result<Turn> {
        let digest = digest_of(&page.records);
        let stands = page.next == *before && !page.done;
        let known = |kept: &Option<String>| kept.as_ref() == Some(&digest);
        let again = stands || known(&self.progress.last) || known(&self.progress.landmark);
        if !page.records.is_empty() && again && !page.done {
            return Ok(Turn::Failed(
                "the system sent the same page twice and promised more: what came before it is kept, the reading was stopped so \
                 that it does not go round for ever. Run it again; if it repeats, ask the system's support."
                    .to_owned(),
            ));
        }
        self.progress.empty = if page.records.is_empty() { self.progress.empty + 1 } else { 0 };
        if !page.done && self.progress.empty > MOST_EMPTY {
            return Ok(Turn::Failed(
                "the system promised more and sent nothing, fifty times; what came is kept".to_owned(),
            ));
        }
        let (signals, origins, mut rejects) = self.map(stream, &page.records);
        let mut tx = self.core.kernel.db.begin_by_key(self.org).await?;
        if !store::goes_on(&mut tx, self.run.id, true).await? {
            return Ok(Turn::Stopped);
        }
        let seq = self.progress.seq;
        let mut batch = NewBatch { seq, rows_read: page.records.len() as i64, ..NewBatch::default() };
        if self.run.dry_run {
            batch.landed = signals.len() as i64;
        } else {
            let mut from = 0;
            let mut rest = signals;
            while !rest.is_empty() {
                let later = rest.split_off(rest.len().min(MOST));
                let count = rest.len();
                let landed = self.core.landing.land(&mut tx, std::mem::replace(&mut rest, later)).await?;
                batch.landed += landed.new as i64;
                batch.corrected += landed.corrected as i64;
                batch.unchanged += landed.unchanged as i64;
                for (place, reason) in landed.rejected {
                    let record = origins.get(from + place).copied().unwrap_or_default();
                    let rejection = connectors::source::Rejection { field: None, reason };
                    rejects.push(Reject::of_record(self.row(record), &page.records[record], rejection));
                }
                from += count;
            }
        }
        batch.rejected = rejects.len() as i64;
        rejects::keep(&mut tx, &self.vault, self.run.id, seq, &rejects).await?;
        store::add(&mut tx, self.run.id, batch).await?;
        self.advance(&mut tx, stream, &page, digest).await?;
        tx.commit().await?;
        Ok(if page.done { Turn::StreamDone } else { Turn::Next })
    }

    /// Writes the cursor behind a page, with the page.
    async fn advance(&mut self, tx: &mut OrgTx, stream: &str, page: &Page, digest: String) -> anyhow::Result<()> {
        self.progress.seq += 1;
        self.progress.pages += 1;
        if self.progress.pages.is_power_of_two() && !page.records.is_empty() {
            self.progress.landmark = Some(digest.clone());
        }
        self.progress.last = Some(digest);
        if self.apart() {
            self.progress.cursors.insert(stream.to_owned(), page.next.0.clone());
        }
        if !self.run.dry_run && (page.done || !self.apart()) {
            store::set_cursor(tx, self.connection, stream, &page.next.0).await?;
        }
        if page.done {
            self.progress.done.push(stream.to_owned());
            self.progress.last = None;
            self.progress.landmark = None;
            self.progress.pages = 0;
        }
        store::progress(tx, self.run.id, &self.progress, page.total.map(|total| total as i64)).await
    }

    /// A number for a record, unique within the run.
    fn row(&self, record: usize) -> u64 {
        self.progress.seq as u64 * 100_000 + record as u64 + 1
    }

    fn map(&self, stream: &str, records: &[Value]) -> (Vec<connectors::signal::Signal>, Vec<usize>, Vec<Reject>) {
        let (mut signals, mut origins, mut rejects) = (Vec::new(), Vec::new(), Vec::new());
        for (place, record) in records.iter().enumerate() {
            match self.source.map(stream, record) {
                Ok(made) => {
                    origins.extend(std::iter::repeat_n(place, made.len()));
                    signals.extend(made);
                }
                Err(rejection) => rejects.push(Reject::of_record(self.row(place), record, rejection)),
            }
        }
        (signals, origins, rejects)
    }
}

fn digest_of(records: &[Value]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for record in records {
        context.update(record.to_string().as_bytes());
    }
    hex::encode(&context.finish().as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_a_run_wait_for_days() {
        for (told, waits) in [(None, 60), (Some(7), 7), (Some(0), 1), (Some(7 * 86_400), 3_600)] {
            let error = SourceError::RateLimited { retry_after: told.map(Duration::from_secs) };
            let ended = ended_by(error).expect("no failure");
            assert!(matches!(ended, Ended::Wait(wait) if wait == Duration::from_secs(waits)), "{ended:?}");
        }
    }
}
