//! Reads the rows of a text in batches, on a thread of its own: from an offset on, mapped, with what was refused.
//!
//! A rule a newcomer would break: nothing here grows with the file. A batch is bounded by its rows and by what they weigh in
//! memory, and of a row that gave a signal its number is kept and not its cells: whoever needs them reads them again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connectors::signal::Signal;
use connectors::source::Rejection;
use csv::ByteRecord;
use tokio::sync::mpsc;

use crate::csv::map::Plan;
use crate::landing::MOST;
use crate::rejects::Reject;

/// A row longer than this is a quotation mark that never closes.
const LONGEST_ROW: u64 = 4 << 20;
/// The most rows of a batch: several are in memory at once, and of fewer a transaction would cost more than it writes.
const ROWS: u64 = 5_000;
const _: () = assert!(ROWS <= MOST as u64);
/// A batch ends behind the row with which it weighs this much in memory: rows may be long.
const HEAVIEST: usize = 4 << 20;
/// What a field of a signal's data takes besides its text, and a cell of a row that was refused.
const FIELD: usize = 128;

/// Where reading begins: behind a batch that landed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    pub seq: i64,
    pub offset: u64,
    pub row: u64,
}

/// A batch that landed although one before it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The row before its first.
    pub after: u64,
    /// Behind its last row.
    pub end: Spot,
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
    /// Its number, and where its first row begins.
    pub begin: Spot,
    /// What the rows say.
    pub signals: Vec<Signal>,
    /// The number of the row that each signal comes from.
    pub rows: Vec<u64>,
    pub rejects: Vec<Reject>,
    pub count: u64,
    /// Behind its last row.
    pub end: Spot,
}

/// Reads batches into `out` until the text ends, `stop` is set or nobody takes them. Says whether the text ended. Batches that
/// landed `ahead` are passed over, and the one before them ends where they begin, however long batches are now.
pub fn read(
    text: &Text,
    plan: &Plan,
    from: Spot,
    ahead: &BTreeMap<i64, Ahead>,
    out: &mpsc::Sender<Batch>,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<bool> {
    let mut rows = Rows::open(text, from)?;
    loop {
        while let Some(landed) = ahead.get(&rows.seq) {
            rows = Rows::open(text, landed.end)?;
        }
        let until = ahead.get(&(rows.seq + 1)).map(|next| next.after);
        let (batch, ended) = rows.batch(plan, until)?;
        let empty = batch.count == 0;
        if !empty && (stop.load(Ordering::Relaxed) || out.blocking_send(batch).is_err()) {
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

/// Reads rows of a batch again that were refused only when it landed: each by its number, with the reason.
pub fn again(text: &Text, begin: Spot, mut reasons: BTreeMap<u64, String>) -> anyhow::Result<Vec<Reject>> {
    let mut rows = Rows::open(text, begin)?;
    let mut record = ByteRecord::new();
    let mut rejects = Vec::with_capacity(reasons.len());
    while !reasons.is_empty() {
        anyhow::ensure!(rows.read(&mut record)?, "the file is shorter than it was");
        if let Some(reason) = reasons.remove(&rows.row) {
            rejects.push(Reject::of_row(rows.row, &record, Rejection { field: None, reason }));
        }
    }
    Ok(rejects)
}

/// The rows of a text from a spot on.
struct Rows {
    reader: csv::Reader<Watched>,
    /// Where in the file reading began.
    from: u64,
    /// The batch under way.
    seq: i64,
    /// Rows read so far, with those before the spot.
    row: u64,
    /// Where the row under way began.
    began: Rc<Cell<u64>>,
}

impl Rows {
    fn open(text: &Text, at: Spot) -> anyhow::Result<Self> {
        let mut file = File::open(&text.path)?;
        let from = if at.offset == 0 { text.mark } else { at.offset };
        file.seek(SeekFrom::Start(from))?;
        let began = Rc::new(Cell::new(0));
        let watched = Watched { inner: file, read: 0, began: Rc::clone(&began) };
        let reader = csv::ReaderBuilder::new()
            .delimiter(text.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(256 << 10)
            .from_reader(watched);
        let mut rows = Self { reader, from, seq: at.seq, row: at.row, began };
        if at.offset == 0 && text.has_header {
            rows.read(&mut ByteRecord::new())?;
        }
        Ok(rows)
    }

    /// The next row; false at the end of the text.
    fn read(&mut self, record: &mut ByteRecord) -> csv::Result<bool> {
        let found = self.reader.read_byte_record(record)?;
        if found {
            self.began.set(self.reader.position().byte());
            self.row += 1;
        }
        Ok(found)
    }

    fn spot(&self) -> Spot {
        Spot { seq: self.seq, offset: self.from + self.reader.position().byte(), row: self.row }
    }

    /// The next batch, and whether the text ended with it. With `until` it ends behind that row and nowhere else: what was
    /// read at once before is no more than lands at once.
    fn batch(&mut self, plan: &Plan, until: Option<u64>) -> csv::Result<(Batch, bool)> {
        let begin = self.spot();
        let (mut signals, mut rows) = (Vec::with_capacity(ROWS as usize), Vec::with_capacity(ROWS as usize));
        let (mut rejects, mut count, mut weight, mut ended) = (Vec::new(), 0, 0, false);
        // A record of its own for each batch: what a long row once took is given back.
        let mut record = ByteRecord::new();
        while until.map_or(count < ROWS && weight < HEAVIEST, |last| self.row < last) {
            if !self.read(&mut record)? {
                ended = true;
                break;
            }
            count += 1;
            weight += record.as_slice().len();
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            match plan.signal(&record) {
                Ok(signal) => {
                    weight += size_of::<Signal>() + FIELD * signal.data.len();
                    signals.push(signal);
                    rows.push(self.row);
                }
                Err(rejection) => {
                    let reject = Reject::of_row(self.row, &record, rejection);
                    weight += FIELD * reject.cells.len();
                    rejects.push(reject);
                }
            }
        }
        self.seq += 1;
        Ok((Batch { begin, signals, rows, rejects, count, end: self.spot() }, ended))
    }
}

/// A file whose rows must end.
struct Watched {
    inner: File,
    read: u64,
    /// Where the row under way began.
    began: Rc<Cell<u64>>,
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read > self.began.get() + LONGEST_ROW {
            return Err(io::Error::other("a quotation mark is never closed"));
        }
        let read = self.inner.read(into)?;
        self.read += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::csv::columns;
    use crate::csv::mapping::Answers;

    /// A text of four columns without a header, and how it is read.
    fn world(table: &str) -> (tempfile::TempDir, Text, Plan) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.file");
        std::fs::write(&path, table).expect("room");
        let names = [("Id", "n1"), ("When", "2026-05-01T10:00:00Z"), ("What", "lead"), ("Note", "x")];
        let columns: Vec<_> = names.iter().map(|(name, cell)| columns::look(name, &[*cell])).collect();
        let mapping =
            serde_json::json!({"external_id": {"column": "Id"}, "at": {"column": "When"}, "kind": {"column": "What"}});
        let mapping = serde_json::from_value(mapping).expect("a mapping");
        let now = chrono::DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let plan = Plan::new(&mapping, &Answers::default(), &columns, chrono_tz::Tz::UTC, now).expect("a plan");
        (folder, Text { path, delimiter: b',', has_header: false, mark: 0 }, plan)
    }

    fn table(rows: u64, note: &str) -> String {
        (0..rows).fold(String::new(), |mut table, row| {
            writeln!(table, "n{row},2026-05-01T10:00:00Z,lead,{note}").expect("a string");
            table
        })
    }

    fn batches(text: &Text, plan: &Plan, from: Spot, ahead: &BTreeMap<i64, Ahead>) -> Vec<Batch> {
        let (sender, mut receiver) = mpsc::channel(100);
        assert!(read(text, plan, from, ahead, &sender, &Arc::default()).expect("readable"), "to the end");
        drop(sender);
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    #[test]
    fn long_rows_make_short_batches_and_none_is_lost() {
        let (_folder, text, plan) = world(&table(20, &"x".repeat(1 << 20)));
        let batches = batches(&text, &plan, Spot::default(), &BTreeMap::new());
        let counts: Vec<u64> = batches.iter().map(|batch| batch.count).collect();
        assert!(counts.iter().all(|count| *count <= 4), "{counts:?}");
        assert_eq!(counts.iter().sum::<u64>(), 20);
    }

    #[test]
    fn what_many_small_cells_take_ends_a_batch_too() {
        let (_folder, text, plan) = world(&format!("a{}\n", ",b".repeat(1_500)).repeat(200));
        let batches = batches(&text, &plan, Spot::default(), &BTreeMap::new());
        assert!(batches.iter().all(|batch| batch.rejects.len() <= 40), "rows of very many cells are heavy");
        assert_eq!(batches[0].rejects[0].cells.len(), 1_000, "no table has more columns");
        assert_eq!(batches.iter().map(|batch| batch.rejects.len()).sum::<usize>(), 200);
    }

    #[test]
    fn a_batch_before_one_that_landed_ends_where_that_begins() {
        let table = table(22_000, "x");
        let (_folder, text, plan) = world(&table);
        let offset = |row: usize| table.match_indices('\n').nth(row - 1).map_or(0, |(at, _)| at as u64 + 1);
        // As batches of 10,000 were read once: the first is missing, the second landed.
        let end = Spot { seq: 2, offset: offset(20_000), row: 20_000 };
        let batches = batches(&text, &plan, Spot::default(), &BTreeMap::from([(1, Ahead { after: 10_000, end })]));
        let read: Vec<_> = batches.iter().map(|batch| (batch.begin.seq, batch.begin.row, batch.count)).collect();
        assert_eq!(read, [(0, 0, 10_000), (2, 20_000, 2_000)]);
        assert_eq!(batches[1].signals[0].external_id, "n20000");
        assert_eq!(batches[1].rows[0], 20_001);
    }

    #[test]
    fn rows_that_are_refused_later_are_read_again() {
        let (_folder, text, plan) = world(&table(12_000, "x"));
        let batches = batches(&text, &plan, Spot::default(), &BTreeMap::new());
        let second = &batches[1];
        assert_eq!((second.begin.row, second.signals[7].external_id.as_str()), (5_000, "n5007"));
        let reasons = BTreeMap::from([(second.rows[7], "no".to_owned()), (second.rows[9], "never".to_owned())]);
        let rejects = again(&text, second.begin, reasons).expect("readable");
        let told: Vec<_> = rejects.iter().map(|one| (one.row, one.cells[0].as_str(), one.reason.as_str())).collect();
        assert_eq!(told, [(5_008, "n5007", "no"), (5_010, "n5009", "never")]);
        assert!(again(&text, second.begin, BTreeMap::from([(12_001, String::new())])).is_err(), "beyond the end");
    }
}
