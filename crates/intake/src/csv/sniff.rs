//! What a file is written in: its encoding, what stands between cells, whether its first row names the columns.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// What may stand between cells, the usual first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows that are looked at to find the delimiter.
const LOOKED_AT: usize = 200;

/// How the bytes of a file become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The encoding.
    pub encoding: &'static Encoding,
    /// Bytes of the mark at the beginning.
    pub mark: usize,
}

/// Finds the encoding from a file's beginning; `whole` when that is all of it.
pub fn encoding(start: &[u8], whole: bool) -> Written {
    if let Some((encoding, mark)) = Encoding::for_bom(start) {
        return Written { encoding, mark };
    }
    let encoding = if let Some(wide) = wide(start) {
        wide
    } else if is_utf8(start, whole) {
        UTF_8
    } else {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(start, whole);
        detector.guess(None, Utf8Detection::Allow)
    };
    Written { encoding, mark: 0 }
}

/// UTF-16 without a mark: in a table of mostly Latin text every other byte is zero.
fn wide(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = start.chunks_exact(2).take(2_000);
    let (mut all, mut high, mut low) = (0, 0, 0);
    for pair in pairs {
        all += 1;
        high += usize::from(pair[0] == 0);
        low += usize::from(pair[1] == 0);
    }
    if all < 2 {
        return None;
    }
    match (high * 10 > all * 4, low * 10 > all * 4) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// Whether it is UTF-8, apart from a character that the cut may have split.
fn is_utf8(start: &[u8], whole: bool) -> bool {
    match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    }
}

/// What stands between cells: the one that gives the most columns in the same number in the most rows. A comma where nothing
/// tells.
pub fn delimiter(text: &[u8]) -> u8 {
    let score = |delimiter: &u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(*delimiter).has_headers(false).flexible(true).from_reader(text);
        let mut record = csv::ByteRecord::new();
        let (mut rows, mut same, mut first) = (0_usize, 0_usize, 0_usize);
        while rows < LOOKED_AT && reader.read_byte_record(&mut record).unwrap_or(false) {
            if rows == 0 {
                first = record.len();
            }
            rows += 1;
            same += usize::from(record.len() == first);
        }
        if first < 2 { (0, 0) } else { (same * 100 / rows.max(1), first) }
    };
    let best = DELIMITERS.iter().rev().max_by_key(|delimiter| score(delimiter));
    best.copied().filter(|delimiter| score(delimiter).0 > 0).unwrap_or(b',')
}

/// Whether the first row names columns: none of its cells is empty or looks like a value, and they differ from what is below.
pub fn has_header(rows: &[Vec<String>]) -> bool {
    let Some(first) = rows.first() else { return false };
    let filled = first.iter().filter(|cell| !cell.trim().is_empty()).count();
    let values = first.iter().filter(|cell| is_value(cell)).count();
    if filled == 0 || values > 0 {
        return false;
    }
    // A row of words above a row of words: names are short and stand once.
    let Some(second) = rows.get(1) else { return true };
    first.iter().any(|cell| crate::csv::propose::field_of(cell).is_some())
        || second.iter().any(|cell| is_value(cell))
        || first.iter().all(|cell| cell.len() < 40)
            && rows[1..].iter().all(|row| row.iter().zip(first).all(|(cell, name)| cell != name))
}

/// Whether a cell is a number, an amount, a date, an address or an empty word: never the name of a column.
fn is_value(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (digits > 0 && digits * 2 >= cell.len()) || (cell.contains('@') && cell.contains('.'))
}

/// Names that stand once: a second `Amount` is `Amount (2)`, one without a name `Column 3`. Gives the names that stood twice, too.
pub fn unique(header: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut names, mut twice): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (place, given) in header.iter().enumerate() {
        let given = given.trim();
        let base = if given.is_empty() { format!("Column {}", place + 1) } else { given.to_owned() };
        let mut name = base.clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{base} ({count})");
        }
        if count > 1 && !twice.contains(&base) {
            twice.push(base);
        }
        names.push(name);
    }
    (names, twice)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn encodings_are_told_by_mark_by_validity_and_by_letters() {
        assert_eq!(encoding(b"\xef\xbb\xbfa,b", true), Written { encoding: UTF_8, mark: 3 });
        assert_eq!(encoding(b"\xff\xfea\0,\0", true), Written { encoding: UTF_16LE, mark: 2 });
        assert_eq!(encoding(b"n\0a\0m\0e\0,\0b\0", true).encoding, UTF_16LE);
        assert_eq!(encoding(b"\0n\0a\0m\0e\0,\0b", true).encoding, UTF_16BE);
        assert_eq!(encoding("na\u{ef}ve,b".as_bytes(), true).encoding, UTF_8);
        assert_eq!(encoding(&"é".as_bytes()[..1], false).encoding, UTF_8, "a split character");
        assert_eq!(encoding(b"name,city\nJos\xe9,M\xfcnchen\nZo\xeb,K\xf6ln\n", true).encoding, WINDOWS_1252);
        let (japanese, ..) = SHIFT_JIS.encode("名前,電話\n山田太郎,東京都新宿区\n鈴木花子,大阪府大阪市\n");
        assert_eq!(encoding(&japanese, true).encoding, SHIFT_JIS);
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_columns() {
        assert_eq!(delimiter(b"a,b,c\n1,2,3\n"), b',');
        assert_eq!(delimiter(b"a;b;c\n1,5;2;3\n2,5;3;4\n"), b';');
        assert_eq!(delimiter(b"a\tb\n1\t2,3\n"), b'\t');
        assert_eq!(delimiter(b"a|b\n\"x,y,z\"|2\n"), b'|');
        assert_eq!(delimiter(b"email\nsam@example.com\n"), b',', "one column");
        assert_eq!(delimiter(b""), b',');
    }

    #[test]
    fn a_header_is_a_row_of_names() {
        assert!(has_header(&rows("external_id,at,kind\np1,2026-01-02,payment")));
        assert!(has_header(&rows("Order,When,Amount\n17,1.2.2026,3")));
        assert!(!has_header(&rows("p1,2026-01-02,payment\np2,2026-01-03,payment")));
        assert!(!has_header(&rows("sam@example.com,17\nkim@example.com,18")));
        assert!(!has_header(&[]));
    }

    #[test]
    fn names_of_columns_stand_once() {
        let header = ["Amount", "", "Amount", " Amount "].map(str::to_owned);
        let (names, twice) = unique(&header);
        assert_eq!(names, ["Amount", "Column 2", "Amount (2)", "Amount (3)"]);
        assert_eq!(twice, ["Amount"]);
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_encoding_and_a_delimiter(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let written = encoding(&bytes, true);
            let (text, _, _) = written.encoding.decode(&bytes);
            prop_assert!(DELIMITERS.contains(&delimiter(text.as_bytes())));
        }

        #[test]
        fn unique_names_are_unique(header in proptest::collection::vec("[ab ]{0,2}|a \\(2\\)", 0..12)) {
            let (names, _) = unique(&header);
            let distinct: std::collections::HashSet<_> = names.iter().collect();
            prop_assert_eq!(distinct.len(), header.len());
        }
    }
}
