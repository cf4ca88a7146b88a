//! From a file as it came to text in UTF-8: gzip and zip are unpacked within a limit, other encodings are decoded.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use anyhow::Context;
use encoding_rs::{CoderResult, UTF_8};
use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::upload::LARGEST;
use crate::csv::sniff::Written;

/// Text that unpacks to less is never refused for its size.
const SMALL: u64 = 64 << 20;
/// Tables of words pack to a twentieth, rarely to a fiftieth; beyond this it is a bomb.
const MOST_RATIO: u64 = 100;
const BUFFER: usize = 128 << 10;
/// The most files of an archive that is looked at; a table comes with a handful of others at most.
const MOST_ENTRIES: u64 = 1_000;
/// Where an archive's last records are, from its end: the longest comment and what stands before it.
const END: u64 = (1 << 16) + 256;

/// How a file is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// A zip archive with one table in it.
    Zip,
}

/// Why a packed file is not read; safe to show.
#[derive(Debug, thiserror::Error)]
pub enum Unpackable {
    /// More comes out than any table packs to.
    #[error(
        "it unpacks to more than a hundred times its size, or to more than 50 GB; unpack it and upload the table in parts"
    )]
    Bomb,
    /// Not one table.
    #[error("the archive has {0} files in it; it must have one table")]
    NotOne(usize),
    /// Locked or broken.
    #[error("the archive cannot be unpacked: {0}")]
    Broken(String),
}

/// Tells how a file is packed from its first bytes.
pub fn packing(start: &[u8]) -> Packing {
    match start {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Packing::Zip,
        _ => Packing::None,
    }
}

/// Gives a file's unpacked bytes to `then`, as a stream.
pub fn with_plain<T>(
    path: &Path,
    packing: Packing,
    then: impl FnOnce(&mut dyn Read) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut file = File::open(path).context("the file is not there any more; upload it again")?;
    let size = file.metadata()?.len();
    let most = SMALL.max(size.saturating_mul(MOST_RATIO)).min(LARGEST.max(size));
    match packing {
        Packing::None => then(&mut BufReader::with_capacity(BUFFER, file)),
        Packing::Gzip => {
            let inner = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
            then(&mut Limited { inner, left: most })
        }
        Packing::Zip => {
            let entries = entries(&mut file, size)?;
            if entries > MOST_ENTRIES {
                return Err(Unpackable::NotOne(usize::try_from(entries).unwrap_or(usize::MAX)).into());
            }
            file.rewind()?;
            let mut archive = zip::ZipArchive::new(file).map_err(|error| Unpackable::Broken(error.to_string()))?;
            let tables: Vec<usize> = (0..archive.len())
                .filter(|&place| {
                    archive
                        .by_index_raw(place)
                        .is_ok_and(|one| one.is_file() && !one.name_raw().starts_with(b"__MACOSX"))
                })
                .collect();
            let [table] = tables[..] else { return Err(Unpackable::NotOne(tables.len()).into()) };
            let inner = archive.by_index(table).map_err(|error| Unpackable::Broken(error.to_string()))?;
            then(&mut Limited { inner, left: most })
        }
    }
}

/// How many files an archive says it has, by the records at its end; whoever reads the archive keeps something of each in memory.
/// Where several records say something, the highest counts.
fn entries(file: &mut File, size: u64) -> anyhow::Result<u64> {
    let end = tail(file, size.saturating_sub(END), END)?;
    let mut most = 0;
    if places(&end, b"PK\x05\x06").next().is_none() {
        return Err(Unpackable::Broken("its end is missing".to_owned()).into());
    }
    for at in places(&end, b"PK\x05\x06") {
        let said = little(&end, at + 10, 2);
        // That many are counted in the wider record.
        most = most.max(if said == 0xffff { 0 } else { said });
    }
    for at in places(&end, b"PK\x06\x06") {
        most = most.max(little(&end, at + 32, 8));
    }
    for at in places(&end, b"PK\x06\x07") {
        let record = tail(file, little(&end, at + 8, 8), 56)?;
        most = most.max(little(&record, 32, 8));
    }
    Ok(most)
}

/// At most `most` bytes from a place on; none behind the end.
fn tail(file: &mut File, from: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(io::SeekFrom::Start(from.min(i64::MAX as u64)))?;
    Read::by_ref(file).take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where a mark stands.
fn places<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(mark.len()).enumerate().filter(move |(_, window)| *window == mark).map(|(at, _)| at)
}

/// A number of some bytes, the lowest first; 0 where there are none.
fn little(bytes: &[u8], at: usize, width: usize) -> u64 {
    let digits = bytes.get(at..at + width).unwrap_or_default();
    digits.iter().rev().fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

/// Writes a file's text in UTF-8 beside it, whole or not at all.
pub fn to_text(from: &Path, packing: Packing, written: Written, to: &Path) -> anyhow::Result<()> {
    let part = to.with_extension("part");
    let done = with_plain(from, packing, |plain| {
        let mut out = BufWriter::with_capacity(BUFFER, File::create(&part)?);
        if written.encoding == UTF_8 {
            io::copy(plain, &mut out).map_err(said)?;
        } else {
            decode(plain, written, &mut out)?;
        }
        out.flush()?;
        Ok(())
    });
    if let Err(error) = done {
        drop(std::fs::remove_file(&part));
        return Err(error);
    }
    std::fs::rename(&part, to)?;
    Ok(())
}

fn decode(plain: &mut dyn Read, written: Written, out: &mut impl Write) -> anyhow::Result<()> {
    let mut decoder = written.encoding.new_decoder_with_bom_removal();
    let (mut bytes, mut text) = (vec![0; BUFFER], vec![0; BUFFER * 4]);
    loop {
        let read = plain.read(&mut bytes).map_err(said)?;
        let last = read == 0;
        let mut rest = &bytes[..read];
        loop {
            let (result, taken, made, _) = decoder.decode_to_utf8(rest, &mut text, last);
            out.write_all(&text[..made])?;
            rest = &rest[taken..];
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if last {
            return Ok(());
        }
    }
}

/// An error of a limit is ours; anything else says that the archive is broken.
fn said(error: io::Error) -> anyhow::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Unpackable>()) {
        Some(Unpackable::Bomb) => Unpackable::Bomb.into(),
        _ if error.kind() == io::ErrorKind::InvalidData
            || error.kind() == io::ErrorKind::InvalidInput
            || error.kind() == io::ErrorKind::UnexpectedEof =>
        {
            Unpackable::Broken(error.to_string()).into()
        }
        _ => error.into(),
    }
}

/// Gives no more than a number of bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Unpackable::Bomb))?;
        Ok(read)
    }
}

/// The first bytes of a file's text, unpacked and not decoded; and whether that is all of it.
pub fn beginning(path: &Path, packing: Packing, most: usize) -> anyhow::Result<(Vec<u8>, bool)> {
    with_plain(path, packing, |plain| {
        let mut start = Vec::new();
        plain.take(most as u64 + 1).read_to_end(&mut start).map_err(said)?;
        let whole = start.len() <= most;
        start.truncate(most);
        Ok((start, whole))
    })
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::csv::sniff;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn text(bytes: &[u8]) -> anyhow::Result<String> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("a.file"), folder.path().join("a.text"));
        std::fs::write(&from, bytes)?;
        let packing = packing(bytes);
        let (start, whole) = beginning(&from, packing, 1 << 16)?;
        to_text(&from, packing, sniff::encoding(&start, whole), &to)?;
        Ok(std::fs::read_to_string(&to)?)
    }

    #[test]
    fn packed_and_foreign_text_becomes_plain() {
        assert_eq!(text("a,b\né,2\n".as_bytes()).expect("plain"), "a,b\né,2\n");
        assert_eq!(text(&gzip(b"a,b\n1,2\n")).expect("gzip"), "a,b\n1,2\n");
        assert_eq!(
            text(b"name,city\nJos\xe9,M\xfcnchen\nZo\xeb,K\xf6ln\n").expect("latin"),
            "name,city\nJosé,München\nZoë,Köln\n"
        );
        assert_eq!(text(b"\xff\xfea\0,\0b\0\n\0").expect("wide"), "a,b\n");
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        archive.start_file("table.csv", zip::write::SimpleFileOptions::default()).expect("a file");
        archive.write_all(b"a,b\n").expect("memory");
        assert_eq!(text(&archive.finish().expect("memory").into_inner()).expect("zip"), "a,b\n");
    }

    #[test]
    fn an_archive_of_very_many_files_is_refused_before_they_are_listed() {
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for file in 0..=MOST_ENTRIES {
            archive.start_file(file.to_string(), zip::write::SimpleFileOptions::default()).expect("a file");
        }
        let error = text(&archive.finish().expect("memory").into_inner()).expect_err("too many");
        assert!(matches!(error.downcast_ref(), Some(Unpackable::NotOne(1_001))), "{error}");
        let wide = [b"PK\x06\x06".as_slice(), &[0; 28], &5_000_000_u64.to_le_bytes(), &[0; 16]].concat();
        let narrow = [b"PK\x05\x06".as_slice(), &[0; 4], &[0xff; 4], &[0; 10]].concat();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.zip");
        std::fs::write(&path, [wide, narrow].concat()).expect("room");
        let size = std::fs::metadata(&path).expect("a file").len();
        assert_eq!(entries(&mut File::open(&path).expect("a file"), size).expect("readable"), 5_000_000);
    }

    #[test]
    fn bombs_and_broken_archives_are_refused() {
        let bomb = gzip(&vec![b'0'; (SMALL as usize) + (1 << 20)]);
        assert!(matches!(text(&bomb).expect_err("a bomb").downcast_ref(), Some(Unpackable::Bomb)));
        let whole = gzip(&b"a,b\n1,2\n".repeat(1_000));
        assert!(text(&whole[..whole.len() / 2]).is_err(), "cut off");
        assert!(text(b"PK\x03\x04 nothing").is_err());
    }
}
