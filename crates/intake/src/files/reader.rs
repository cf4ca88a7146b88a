//! Reads the rows of a text in batches, on a thread of its own: from an offset on, mapped, with what was refused.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connectors::signal::Signal;
use csv::ByteRecord;
use tokio::sync::mpsc;

use crate::csv::map::Plan;
use crate::landing::MOST;
use crate::rejects::Reject;

/// A row longer than this is a quotation mark that never closes.
const LONGEST_ROW: u64 = 8 << 20;
/// A batch ends behind the row that makes it longer than this: rows may be long, and several batches are in memory at once.
const HEAVIEST: u64 = 8 << 20;

/// Where reading begins: behind a batch that landed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spot {
    pub seq: i64,
    pub offset: u64,
    pub row: u64,
}

/// What is to be read, and how.
pub struct Text {
    pub path: PathBuf,
    pub delimiter: u8,
    pub has_header: bool,
    /// Bytes of the mark at the beginning.
    pub mark: u64,
}

/// Rows that land together.
pub struct Batch {
    pub seq: i64,
    /// Where its first row begins.
    pub begin: u64,
    /// What the rows say, each with the row it comes from.
    pub signals: Vec<Signal>,
    pub rows: Vec<(u64, ByteRecord)>,
    pub rejects: Vec<Reject>,
    pub count: u64,
    /// Behind its last row.
    pub end: Spot,
}

/// Reads batches into `out` until the text ends, `stop` is set or nobody takes them. Says whether the text ended. Batches of
/// `landed` are passed over.
pub fn read(
    text: &Text,
    plan: &Plan,
    from: Spot,
    landed: &HashSet<i64>,
    out: &mpsc::Sender<Batch>,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<bool> {
    let mut file = File::open(&text.path)?;
    let begin = if from.offset == 0 { text.mark } else { from.offset };
    file.seek(SeekFrom::Start(begin))?;
    let read_so_far = Rc::new(Cell::new(0));
    let row_began = Rc::new(Cell::new(0));
    let watched = Watched { inner: file, read: Rc::clone(&read_so_far), began: Rc::clone(&row_began) };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(text.delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(256 << 10)
        .from_reader(watched);
    let mut record = ByteRecord::new();
    let mut row = from.row;
    if from.offset == 0 && text.has_header {
        reader.read_byte_record(&mut record)?;
        row += 1;
    }
    let mut seq = from.seq;
    loop {
        let began = reader.position().byte();
        let mut batch = Batch {
            seq,
            begin: begin + began,
            signals: Vec::with_capacity(MOST),
            rows: Vec::with_capacity(MOST),
            rejects: Vec::new(),
            count: 0,
            end: Spot::default(),
        };
        let mut ended = false;
        while batch.count < MOST as u64 && reader.position().byte() - began < HEAVIEST {
            if !reader.read_byte_record(&mut record)? {
                ended = true;
                break;
            }
            row_began.set(reader.position().byte());
            row += 1;
            batch.count += 1;
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            match plan.signal(&record) {
                Ok(signal) => {
                    batch.signals.push(signal);
                    batch.rows.push((row, record.clone()));
                }
                Err(rejection) => batch.rejects.push(Reject::of_row(row, &record, rejection)),
            }
        }
        seq += 1;
        batch.end = Spot { seq, offset: begin + reader.position().byte(), row };
        let empty = batch.count == 0;
        if !empty && !landed.contains(&batch.seq) && (stop.load(Ordering::Relaxed) || out.blocking_send(batch).is_err())
        {
            return Ok(false);
        }
        if ended {
            return Ok(true);
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
    }
}

/// A file whose rows must end.
struct Watched {
    inner: File,
    read: Rc<Cell<u64>>,
    /// Where the row under way began.
    began: Rc<Cell<u64>>,
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read.get() > self.began.get() + LONGEST_ROW {
            return Err(io::Error::other("a quotation mark is never closed"));
        }
        let read = self.inner.read(into)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::csv::columns;
    use crate::csv::mapping::Answers;

    #[test]
    fn long_rows_make_short_batches_and_none_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.file");
        let mut file = File::create(&path).expect("a file");
        let long = "x".repeat(1 << 20);
        for row in 0..20 {
            writeln!(file, "n{row},2026-05-01T10:00:00Z,lead,{long}").expect("room");
        }
        let names = [("Id", "n1"), ("When", "2026-05-01T10:00:00Z"), ("What", "lead"), ("Note", "x")];
        let columns: Vec<_> = names.iter().map(|(name, cell)| columns::look(name, &[*cell])).collect();
        let mapping =
            serde_json::json!({"external_id": {"column": "Id"}, "at": {"column": "When"}, "kind": {"column": "What"}});
        let mapping = serde_json::from_value(mapping).expect("a mapping");
        let now = chrono::DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let plan = Plan::new(&mapping, &Answers::default(), &columns, chrono_tz::Tz::UTC, now).expect("a plan");
        let text = Text { path, delimiter: b',', has_header: false, mark: 0 };
        let (sender, mut receiver) = mpsc::channel(100);
        let ended = read(&text, &plan, Spot::default(), &HashSet::new(), &sender, &Arc::default()).expect("readable");
        drop(sender);
        let mut counts = Vec::new();
        while let Ok(batch) = receiver.try_recv() {
            counts.push(batch.count);
        }
        assert!(ended && counts.len() >= 2 && counts.iter().all(|count| *count <= 9), "{counts:?}");
        assert_eq!(counts.iter().sum::<u64>(), 20);
    }
}
