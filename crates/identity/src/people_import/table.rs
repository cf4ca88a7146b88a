//! Reading the table: forgiving about how a spreadsheet writes it, exact about what cannot be understood.

use shell::AppError;

use super::{LARGEST, MOST_ROWS, Row};

/// What a header may call each column, in lower case with single spaces.
const EMAIL: &[&str] =
    &["email", "e-mail", "mail", "email address", "e-mail address", "work email", "user name", "username", "login"];
const NAME: &[&str] = &["name", "full name", "display name", "person"];
const GIVEN: &[&str] = &["first name", "given name", "firstname", "givenname"];
const FAMILY: &[&str] = &["last name", "family name", "surname", "lastname", "familyname"];
const ROLE: &[&str] = &["role", "permission", "permissions"];
const TEAM: &[&str] = &["team", "group", "department"];
/// Columns that our own table of refused rows adds.
const OURS: &[&str] = &["line", "reason"];

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) ignored_columns: Vec<String>,
}

/// Which column is what.
struct Columns {
    email: usize,
    name: Option<usize>,
    given: Option<usize>,
    family: Option<usize>,
    role: Option<usize>,
    team: Option<usize>,
    count: usize,
}

/// Reads a file. What is wrong with the whole of it is an error; what is wrong with a row is in the row.
pub(super) fn read(bytes: &[u8]) -> Result<Table, AppError> {
    // One kind of line end, or lines would be counted wrong.
    let text = text(bytes)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(|error| malformed(&error))?.iter().map(word).collect();
    let (columns, ignored_columns) = columns(&header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MOST_ROWS {
            return Err(wrong(format!("has more than {MOST_ROWS} rows; cut it into several files")));
        }
        rows.push(columns.row(&record));
    }
    if rows.is_empty() {
        return Err(wrong("has a header and no rows"));
    }
    Ok(Table { rows, ignored_columns })
}

fn text(bytes: &[u8]) -> Result<&str, AppError> {
    if bytes.len() > LARGEST {
        return Err(AppError::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(wrong("is UTF-16; save it as “CSV UTF-8” and try again"));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(wrong("is a spreadsheet or an archive; save it as “CSV UTF-8” and try again"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        wrong(format!("is not UTF-8 (line {line}); save it as “CSV UTF-8” and try again"))
    })?;
    if text.contains('\0') {
        return Err(wrong("contains a NUL character; it is not a CSV file"));
    }
    if text.trim().is_empty() {
        return Err(wrong("is empty"));
    }
    Ok(text)
}

/// The sign that parts the header most often; a comma when there is but one column.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let (mut counts, mut in_quotes) = ([0_usize; 3], false);
    for c in header.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => counts[0] += 1,
            ';' if !in_quotes => counts[1] += 1,
            '\t' if !in_quotes => counts[2] += 1,
            _ => {}
        }
    }
    match counts {
        [_, semicolons, tabs] if tabs > counts[0] && tabs > semicolons => b'\t',
        [commas, semicolons, _] if semicolons > commas => b';',
        _ => b',',
    }
}

/// A header's word: lower case, single spaces, without the signs that spreadsheets and forms put around it.
fn word(cell: &str) -> String {
    let spaced: String = cell.chars().map(|c| if c == '_' { ' ' } else { c }).collect();
    let bare = spaced.trim_matches(|c: char| !c.is_alphanumeric());
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn columns(header: &[String]) -> Result<(Columns, Vec<String>), AppError> {
    let find = |names: &[&str]| -> Result<Option<usize>, AppError> {
        let mut found = header.iter().enumerate().filter(|(_, word)| names.contains(&word.as_str()));
        match (found.next(), found.next()) {
            (Some((_, one)), Some((_, other))) => {
                Err(wrong(format!("has two columns for one thing: {one} and {other}; keep one of them")))
            }
            (found, _) => Ok(found.map(|(place, _)| place)),
        }
    };
    let Some(email) = find(EMAIL)? else {
        return Err(wrong("has no column “email”; the first line names the columns: email, name, role, team"));
    };
    let known = [EMAIL, NAME, GIVEN, FAMILY, ROLE, TEAM, OURS];
    let unknown = |word: &&String| !word.is_empty() && !known.iter().any(|names| names.contains(&word.as_str()));
    let ignored = header.iter().filter(unknown).cloned().collect();
    let columns = Columns {
        email,
        name: find(NAME)?,
        given: find(GIVEN)?,
        family: find(FAMILY)?,
        role: find(ROLE)?,
        team: find(TEAM)?,
        count: header.len(),
    };
    Ok((columns, ignored))
}

impl Columns {
    fn row(&self, record: &csv::StringRecord) -> Row {
        let written = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default();
        let cell = |place: Option<usize>| shell::csv::plain(written(place)).trim();
        let name = match cell(self.name) {
            "" => [cell(self.given), cell(self.family)].join(" ").trim().to_owned(),
            name => name.to_owned(),
        };
        let surplus = record.iter().skip(self.count).any(|cell| !cell.is_empty());
        Row {
            line: record.position().map_or(0, csv::Position::line),
            email: cell(Some(self.email)).to_owned(),
            name,
            role: cell(self.role).to_owned(),
            team: cell(self.team).to_owned(),
            broken: if surplus { "has more cells than the header has columns".to_owned() } else { String::new() },
        }
    }
}

fn wrong(reason: impl Into<String>) -> AppError {
    AppError::field("file", reason)
}

fn malformed(error: &csv::Error) -> AppError {
    wrong(format!("cannot be read as CSV: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, String, String, String, String)> {
        let table = read(text.as_bytes()).expect("a table");
        table.rows.into_iter().map(|row| (row.line, row.email, row.name, row.role, row.team)).collect()
    }

    fn refused(bytes: &[u8]) -> String {
        match read(bytes) {
            Ok(table) => panic!("read as {table:?}"),
            Err(error) => error.details().first().map_or_else(|| error.to_string(), |detail| detail.reason.clone()),
        }
    }

    #[test]
    fn headers_are_read_as_spreadsheets_and_forms_write_them() {
        let expected = vec![(2, "sam@example.com".into(), "Sam Okafor".into(), "agent".into(), "Front desk".into())];
        for text in [
            "email,name,role,team\nsam@example.com,Sam Okafor,agent,Front desk\n",
            "\u{feff}Email;Name;Role;Team\r\nsam@example.com;Sam Okafor;agent;Front desk\r\n",
            "E-Mail Address:\tFull_Name\tROLE\tDepartment\nsam@example.com\tSam Okafor\tagent\tFront desk",
            "\"team\",\"role\",\"last name\",\"first name\",\"e-mail\"\nFront desk, agent ,Okafor,Sam, sam@example.com ",
            "*email* ,name,role,team\n sam@example.com ,\"Sam Okafor\",agent,Front desk\n\n,,,\n",
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
        assert_eq!(rows("mail\na@example.com\nb@example.com").len(), 2);
        let table = read(b"email,shoe size,reason,line\na@example.com,44,x,7").expect("a table");
        assert_eq!(table.ignored_columns, ["shoe size"]);
    }

    #[test]
    fn what_we_guarded_is_read_as_it_was_and_odd_rows_say_so() {
        assert_eq!(rows("email,name\na@example.com,'=1+1")[0].2, "=1+1");
        let table = read(b"email,name\na@example.com,A,b,c\nb@example.com").expect("a table");
        assert_eq!((table.rows[0].broken.is_empty(), table.rows[1].broken.is_empty()), (false, true));
        let quoted = "email,name\n\"a@example.com\",\"A\nB\"\nc@example.com,C";
        assert_eq!(rows(quoted).into_iter().map(|row| row.0).collect::<Vec<_>>(), [2, 4], "lines, not rows");
    }

    #[test]
    fn what_is_no_such_table_is_refused_with_what_to_do() {
        for (bytes, expected) in [
            (&b""[..], "is empty"),
            (b" \n\n", "is empty"),
            (b"email,name\n", "has a header and no rows"),
            (b"name,role\nSam,agent", "has no column “email”"),
            (b"email,mail\na@example.com,b@example.com", "two columns for one thing"),
            (b"email,name\na@example.com,\xff", "is not UTF-8 (line 2)"),
            (b"\xff\xfee\0m\0", "is UTF-16"),
            (b"PK\x03\x04rest", "is a spreadsheet"),
            (b"email\na\0b@example.com", "NUL"),
        ] {
            assert!(refused(bytes).contains(expected), "{bytes:?}: {}", refused(bytes));
        }
        let many = format!("email\n{}", "a@example.com\n".repeat(MOST_ROWS + 1));
        assert!(refused(many.as_bytes()).contains("more than 10000 rows"));
        assert!(refused(&vec![b'a'; LARGEST + 1]).contains("larger than"));
    }

    mod any {
        use proptest::prelude::*;

        use super::super::read;

        proptest! {
            #[test]
            fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
                if let Ok(table) = read(&bytes) {
                    prop_assert!(!table.rows.is_empty());
                }
            }

            #[test]
            fn what_was_written_is_read(cells in prop::collection::vec(("[a-z]{1,8}", "[ -~]{0,20}"), 1..20)) {
                let mut made = shell::csv::Csv::new(&["email", "name"]);
                for (email, name) in &cells {
                    made.row(&[email, name]);
                }
                let table = read(made.text().as_bytes()).expect("a table");
                prop_assert_eq!(table.rows.len(), cells.len());
                for (row, (email, name)) in table.rows.iter().zip(&cells) {
                    prop_assert_eq!(&row.email, email);
                    // Cells are trimmed; of one that looks guarded already, one guard is ours.
                    let guarded = format!("'{}", row.name);
                    prop_assert!([row.name.as_str(), guarded.as_str()].contains(&name.trim()));
                }
            }
        }
    }
}
