//! The table that is read: written once to the disk, sent piece by piece, and copied plainly for comparison; or made while it is
//! sent, where it is very large.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use kernel::ids::OrgId;
use sqlx::{Connection, PgConnection};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::super::place::Place;

/// Signals of one lead: it asks, is answered, books and pays.
const OF_A_LEAD: u64 = 4;
/// Days that the table covers.
const DAYS: i64 = 90;
/// How much is sent and copied at a time.
const PIECE: usize = 256 << 10;
/// What stands between the parts of the form.
const LINE: &str = "a-table-for-the-bench";
const HEADER: &str = "external_id,at,kind,source,location,contact,lead,value,currency";

/// A table on the disk.
pub struct Table {
    path: PathBuf,
    url: String,
}

/// Writes a table of so many rows.
pub fn write(place: &Place, rows: u64) -> anyhow::Result<Table> {
    let path = place.kernel.config.data_dir.0.join("bench").join("revenue.csv");
    let begin = begin(place);
    let mut file = BufWriter::new(std::fs::File::create(&path)?);
    writeln!(file, "{HEADER}")?;
    let leads = leads(rows);
    let mut line = String::new();
    for row in 0..rows {
        line.clear();
        one(&mut line, row, leads, begin)?;
        file.write_all(line.as_bytes())?;
    }
    file.flush()?;
    Ok(Table { path, url: place.url.clone() })
}

/// The form that sends a table of so many rows, each made when it is asked for.
pub fn made(place: &Place, rows: u64) -> (String, Body) {
    let (begin, leads) = (begin(place), leads(rows));
    let pieces = stream::unfold(Some(0), move |at| async move {
        let mut row = at?;
        let mut piece = String::with_capacity(PIECE + 512);
        if row == 0 {
            piece.push_str(&head());
            piece.push_str(HEADER);
            piece.push('\n');
        }
        while row < rows && piece.len() < PIECE {
            if let Err(error) = one(&mut piece, row, leads, begin) {
                return Some((Err(std::io::Error::other(error)), None));
            }
            row += 1;
        }
        if row == rows {
            piece.push_str(&tail());
        }
        Some((Ok(piece), (row < rows).then_some(row)))
    });
    (kind(), Body::from_stream(pieces))
}

/// How many rows make about so many bytes, by leads from all over such a table.
pub fn rows_of(place: &Place, bytes: u64) -> anyhow::Result<u64> {
    Ok(rows_from(begin(place), bytes)?)
}

fn rows_from(begin: DateTime<Utc>, bytes: u64) -> Result<u64, std::fmt::Error> {
    const LEADS: u64 = 250;
    let rows = bytes / 100;
    let mut sample = String::new();
    for lead in (0..LEADS).map(|number| number * (rows / OF_A_LEAD) / LEADS) {
        for step in 0..OF_A_LEAD {
            one(&mut sample, lead * OF_A_LEAD + step, leads(rows), begin)?;
        }
    }
    Ok((bytes * LEADS * OF_A_LEAD / sample.len() as u64).max(1))
}

/// Where the days of the table begin.
fn begin(place: &Place) -> DateTime<Utc> {
    place.kernel.clock.now() - TimeDelta::days(DAYS)
}

/// The leads of so many rows.
fn leads(rows: u64) -> u64 {
    rows.div_ceil(OF_A_LEAD).max(1)
}

/// What stands before the table in its form.
fn head() -> String {
    format!(
        "--{LINE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"bench.csv\"\r\ncontent-type: text/csv\r\n\r\n"
    )
}

/// What stands behind it: it is to be read at once.
fn tail() -> String {
    format!("\r\n--{LINE}\r\ncontent-disposition: form-data; name=\"start\"\r\n\r\ntrue\r\n--{LINE}--\r\n")
}

/// The form's content type.
fn kind() -> String {
    format!("multipart/form-data; boundary={LINE}")
}

/// One row: four of them are a lead's.
fn one(line: &mut String, row: u64, leads: u64, begin: DateTime<Utc>) -> std::fmt::Result {
    let (lead, step) = (row / OF_A_LEAD, row % OF_A_LEAD);
    let arrived = DAYS * 86_400 * lead as i64 / leads as i64;
    let (kind, source, later, value) = match step {
        0 => ("lead", ["website", "google_ads", "instagram"][lead as usize % 3], 0, String::new()),
        1 => ("response", "website", 40 + (lead as i64 * 7_919) % 20_000, String::new()),
        2 => ("booking", "desk", 30_000 + (lead as i64 * 104_729) % 90_000, format!("{}.00", 90 + lead % 700)),
        _ => ("payment", "till", 200_000 + (lead as i64 * 1_299_709) % 300_000, format!("{}.50", 90 + lead % 700)),
    };
    // The last ones end with the present.
    let at = begin + TimeDelta::seconds((arrived + later).min(DAYS * 86_400 - 1));
    let place = ["North", "South", "West"][lead as usize % 3];
    let currency = if value.is_empty() { "" } else { "USD" };
    writeln!(
        line,
        "r{row},{},{kind},{source},{place},p{lead}@example.com,l{lead},{value},{currency}",
        at.format("%Y-%m-%dT%H:%M:%SZ")
    )
}

impl Table {
    /// The form that sends it, as a stream from the disk.
    pub async fn form(&self) -> anyhow::Result<(String, Body)> {
        let file = tokio::fs::File::open(&self.path).await?;
        let parts = stream::unfold((Some(head()), Some(file), Some(tail())), |(head, file, tail)| async move {
            if let Some(head) = head {
                return Some((Ok(head.into_bytes()), (None, file, tail)));
            }
            if let Some(mut file) = file {
                let mut piece = vec![0; PIECE];
                match file.read(&mut piece).await {
                    Ok(0) => {}
                    Ok(read) => {
                        piece.truncate(read);
                        return Some((Ok(piece), (None, Some(file), tail)));
                    }
                    Err(error) => return Some((Err(error), (None, None, None))),
                }
            }
            tail.map(|tail| (Ok(tail.into_bytes()), (None, None, None)))
        });
        Ok((kind(), Body::from_stream(parts)))
    }

    /// The same rows by a plain `COPY` into a table of the shape of the signals, with its indexes; the time it took.
    pub async fn copied(&self) -> anyhow::Result<Duration> {
        let mut owner = PgConnection::connect(&self.url).await?;
        sqlx::query("create table bench_signals (like signals including all)").execute(&mut owner).await?;
        let (org, batch) = (OrgId::from_uuid(Uuid::from_u128(1)).uuid(), Uuid::from_u128(2));
        let mut rows = BufReader::new(std::fs::File::open(&self.path)?).lines();
        // The header.
        rows.next().transpose()?;
        let began = Instant::now();
        let statement = "copy bench_signals (org_id, id, batch, external_id, at, kind, source, lead, contact, minor) from stdin (format csv)";
        let mut copy = owner.copy_in_raw(statement).await?;
        let mut piece = String::with_capacity(PIECE + 512);
        for (number, row) in rows.enumerate() {
            let row = row?;
            let cells: Vec<&str> = row.split(',').collect();
            let [id, at, kind, source, _, _, _, value, _] = cells[..] else {
                anyhow::bail!("a row of other cells: {row}")
            };
            let number = number as u128;
            // Ids as scattered as digests are.
            let key = Uuid::from_u128((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
            let lead =
                Uuid::from_u128((number / u128::from(OF_A_LEAD) + 1).wrapping_mul(0xd1b5_4a32_d192_ed03_9e37_79b9));
            let minor = value.replace('.', "");
            writeln!(piece, "{org},{key},{batch},{id},{at},{kind},{source},{lead},{lead},{minor}")?;
            if piece.len() >= PIECE {
                copy.send(piece.as_bytes()).await?;
                piece.clear();
            }
        }
        copy.send(piece.as_bytes()).await?;
        copy.finish().await?;
        let took = began.elapsed();
        sqlx::query("drop table bench_signals").execute(&mut owner).await?;
        owner.close().await?;
        Ok(took)
    }

    /// Removes it from the disk.
    pub fn remove(self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.path)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_rows_make_so_many_bytes() {
        let begin: DateTime<Utc> = "2026-08-01T00:00:00Z".parse().expect("an instant");
        let rows = rows_from(begin, 2_000_000).expect("a number");
        let mut lines = String::new();
        for row in 0..rows {
            one(&mut lines, row, leads(rows), begin).expect("written");
        }
        assert!((1_900_000..2_100_000).contains(&lines.len()), "{} bytes in {rows} rows", lines.len());
    }

    #[test]
    fn rows_are_of_one_width_and_in_the_past() {
        let begin: DateTime<Utc> = "2026-08-01T00:00:00Z".parse().expect("an instant");
        let mut lines = String::new();
        for row in 0..400 {
            one(&mut lines, row, 100, begin).expect("written");
        }
        for line in lines.lines() {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 9, "{line}");
            let at: DateTime<Utc> = cells[1].parse().expect("an instant");
            assert!(at >= begin && at < begin + TimeDelta::days(DAYS), "{line}");
        }
    }
}
