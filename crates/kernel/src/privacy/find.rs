//! Looks for something of a person in everything an organisation has: every column of every table, opened where it is sealed,
//! and the files of the data directory. What it does not find is not there in any form this program could read.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Kernel;
use crate::db::{OrgTx, system};
use crate::ids::{self, OrgId};
use crate::vault::OrgVault;

/// Rows read at once.
const STRIDE: usize = 500;
/// The largest file that is looked into.
const LARGEST: u64 = 256 << 20;
/// Folders of the data directory that hold no files of ours with contents: the private cluster, whose rows are searched as
/// tables, and models.
const SKIPPED: [&str; 2] = ["postgres", "models"];
/// Fewer digits than this are no phone number.
const FEWEST_DIGITS: usize = 7;

/// How a column that shows nothing by itself is compared.
#[derive(Clone, Copy)]
pub struct Opener {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// How.
    pub read: Read,
}

/// Reads a sealed value, given the other columns of its row.
type Unseal = fn(&OrgVault, &Map<String, Value>, &[u8]) -> Option<Vec<u8>>;

/// Reads what is sealed inside a value that is JSON.
type Reveal = fn(&OrgVault, &Value) -> Option<Vec<u8>>;

/// How a column is compared.
#[derive(Clone, Copy)]
pub enum Read {
    /// Decrypted.
    Sealed(Unseal),
    /// With what is sealed inside it.
    Inside(Reveal),
    /// The fingerprint that a value would have.
    Index(fn(&OrgVault, &str) -> Vec<u8>),
    /// The same as a word, which may stand among others.
    Mark(fn(&OrgVault, &str) -> String),
}

impl Opener {
    /// A sealed column.
    pub fn sealed(table: &'static str, column: &'static str, open: Unseal) -> Self {
        Self { table, column, read: Read::Sealed(open) }
    }

    /// A column of JSON with something sealed inside.
    pub fn inside(table: &'static str, column: &'static str, open: Reveal) -> Self {
        Self { table, column, read: Read::Inside(open) }
    }

    /// A column of fingerprints.
    pub fn index(table: &'static str, column: &'static str, of: fn(&OrgVault, &str) -> Vec<u8>) -> Self {
        Self { table, column, read: Read::Index(of) }
    }

    /// A column with marks of people's ids at platforms.
    pub fn marks(table: &'static str, column: &'static str) -> Self {
        Self { table, column, read: Read::Mark(OrgVault::mark) }
    }
}

/// Something to look for: a name, an address, a number, an id, words of a message.
#[derive(Clone, Debug)]
pub struct Probe {
    given: String,
    lower: String,
    words: Vec<String>,
    digits: Option<String>,
    uuid: Option<String>,
}

impl Probe {
    /// A probe; none when there is nothing in it to look for.
    pub fn new(text: &str) -> Option<Self> {
        let given = text.trim();
        if given.is_empty() {
            return None;
        }
        let lower = given.to_lowercase();
        let digits: String = given.chars().filter(char::is_ascii_digit).collect();
        let is_number = digits.len() >= FEWEST_DIGITS && given.chars().all(is_of_number);
        let words: Vec<String> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let uuid = given
            .rsplit_once('_')
            .and_then(|(_, rest)| ids::decode(rest))
            .map(|bits| Uuid::from_u128(bits).to_string());
        Some(Self { given: given.to_owned(), lower, words, digits: is_number.then_some(digits), uuid })
    }

    /// Whether it stands in a text.
    pub fn is_in(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        lower.contains(&self.lower)
            || self.uuid.as_ref().is_some_and(|uuid| lower.contains(uuid))
            || self.digits.as_ref().is_some_and(|digits| has_number(text, digits))
            // The words of a search column stand apart, in quotes.
            || (self.words.len() > 1 && self.words.iter().all(|word| lower.contains(&format!("'{word}'"))))
    }
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.' | '/')
}

/// Whether a number stands in a text, however it is grouped.
fn has_number(text: &str, digits: &str) -> bool {
    text.split(|c| !is_of_number(c)).any(|run| {
        run.len() >= digits.len() && run.chars().filter(char::is_ascii_digit).collect::<String>().contains(digits)
    })
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// `messages.body`, or a file.
    pub place: String,
    /// Which probe.
    pub probe: String,
    /// In how many rows.
    pub rows: u64,
    /// One of them.
    pub example: String,
}

/// Hits while they are counted.
#[derive(Default)]
struct Tally(BTreeMap<(String, String), (u64, String)>);

impl Tally {
    fn add(&mut self, place: &str, probe: &Probe, example: &str) {
        let entry = self.0.entry((place.to_owned(), probe.given.clone())).or_default();
        entry.0 += 1;
        if entry.1.is_empty() {
            entry.1 = example.to_owned();
        }
    }
}

/// Looks for probes in everything of an organisation, in what the installation keeps for all, and in the data directory.
pub async fn find(kernel: &Kernel, org: OrgId, probes: &[Probe], openers: &[Opener]) -> anyhow::Result<Vec<Hit>> {
    let vault = kernel.vault.of(org).await?;
    let looker = Looker { probes, openers, vault: &vault };
    let mut tally = Tally::default();
    let mut tx = kernel.db.begin(org).await?;
    tx.see_hidden().await?;
    for table in tables(&mut tx).await? {
        looker.table(&mut tx, &table, &mut tally).await?;
    }
    drop(tx);
    for (table, row) in system::common_rows(&kernel.db).await? {
        looker.row(&table, &row, &mut tally);
    }
    let folder = kernel.config.data_dir.0.clone();
    let wanted = probes.to_vec();
    let in_files = tokio::task::spawn_blocking(move || files(&folder, &wanted)).await??;
    let mut hits: Vec<Hit> = tally
        .0
        .into_iter()
        .map(|((place, probe), (rows, example))| Hit { place, probe, rows, example })
        .chain(in_files)
        .collect();
    hits.sort();
    Ok(hits)
}

/// Every table with an organisation in it, by the catalogue: a new one is searched without being named here.
async fn tables(tx: &mut OrgTx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') \
         and not c.relispartition and has_table_privilege(c.oid, 'select') and exists (select 1 from pg_attribute a \
           where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) order by 1",
    )
    .fetch_all(tx.conn())
    .await
}

struct Looker<'a> {
    probes: &'a [Probe],
    openers: &'a [Opener],
    vault: &'a OrgVault,
}

impl Looker<'_> {
    async fn table(&self, tx: &mut OrgTx, table: &str, tally: &mut Tally) -> Result<(), sqlx::Error> {
        // `json`, not `jsonb`: a raw delivery keeps its escapes. The name comes from the catalogue.
        let declare = format!("declare looked_at no scroll cursor for select row_to_json(t)::text from \"{table}\" t");
        sqlx::query(sqlx::AssertSqlSafe(declare)).execute(tx.conn()).await?;
        loop {
            let fetch = format!("fetch {STRIDE} from looked_at");
            let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(fetch)).fetch_all(tx.conn()).await?;
            for row in &rows {
                self.row(table, row, tally);
            }
            if rows.len() < STRIDE {
                break;
            }
        }
        sqlx::query("close looked_at").execute(tx.conn()).await?;
        Ok(())
    }

    fn row(&self, table: &str, row: &str, tally: &mut Tally) {
        let Ok(Value::Object(columns)) = serde_json::from_str(row) else { return };
        let name = ["id", "name", "kid"].iter().find_map(|key| columns.get(*key)).map(Value::to_string);
        let name = name.unwrap_or_default();
        for (column, value) in &columns {
            let mut texts = Vec::new();
            flatten(value, &mut texts);
            let opened = self.opened(table, column, &columns, value);
            texts.extend(opened.iter().flat_map(|bytes| readings(bytes)));
            for probe in self.probes {
                let found = texts.iter().any(|text| probe.is_in(text))
                    || self.is_fingerprint(table, column, value, probe)
                    || self.is_marked(table, column, &texts, probe);
                if found {
                    tally.add(&format!("{table}.{column}"), probe, &name);
                }
            }
        }
    }

    /// The bytes of a binary column, and what they say when they are opened.
    fn opened(&self, table: &str, column: &str, row: &Map<String, Value>, value: &Value) -> Vec<Vec<u8>> {
        let opener = self.openers.iter().find(|opener| opener.table == table && opener.column == column);
        let read = opener.map(|opener| opener.read);
        if let Some(Read::Inside(open)) = read {
            return open(self.vault, value).into_iter().collect();
        }
        let Some(bytes) = binary(value) else { return Vec::new() };
        let opened = match read {
            Some(Read::Sealed(open)) => open(self.vault, row, &bytes),
            _ => None,
        };
        std::iter::once(bytes).chain(opened).collect()
    }

    fn is_marked(&self, table: &str, column: &str, texts: &[String], probe: &Probe) -> bool {
        self.openers.iter().filter(|opener| opener.table == table && opener.column == column).any(|opener| {
            let Read::Mark(of) = opener.read else { return false };
            let mark = of(self.vault, &probe.given);
            texts.iter().any(|text| text.contains(&mark))
        })
    }

    fn is_fingerprint(&self, table: &str, column: &str, value: &Value, probe: &Probe) -> bool {
        let Some(bytes) = binary(value) else { return false };
        self.openers
            .iter()
            .filter(|opener| opener.table == table && opener.column == column)
            .any(|opener| matches!(opener.read, Read::Index(of) if of(self.vault, &probe.given) == bytes))
    }
}

/// Bytes as they may be read: as text, and as JSON whose escapes hide letters.
fn readings(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut all = Vec::new();
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        flatten(&value, &mut all);
    }
    all.push(text);
    all
}

/// A `bytea` as JSON shows it.
fn binary(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.as_str()?.strip_prefix("\\x")?).ok()
}

fn flatten(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            out.push(text.clone());
            // JSON kept as text: its escapes hide letters.
            if text.starts_with('{')
                && let Ok(inner) = serde_json::from_str::<Value>(text)
            {
                flatten(&inner, out);
            }
        }
        Value::Number(number) => out.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|item| flatten(item, out)),
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            out.push(key.clone());
            flatten(item, out);
        }),
        Value::Bool(_) | Value::Null => {}
    }
}

fn files(folder: &Path, probes: &[Probe]) -> std::io::Result<Vec<Hit>> {
    let mut waiting = vec![folder.to_owned()];
    let mut hits = Vec::new();
    while let Some(folder) = waiting.pop() {
        let Ok(listing) = std::fs::read_dir(&folder) else { continue };
        for entry in listing {
            let path = entry?.path();
            if path.is_dir() {
                if !path.file_name().is_some_and(|name| SKIPPED.iter().any(|skipped| name == *skipped)) {
                    waiting.push(path);
                }
            } else {
                hits.extend(in_file(&path, probes)?);
            }
        }
    }
    Ok(hits)
}

fn in_file(path: &Path, probes: &[Probe]) -> std::io::Result<Vec<Hit>> {
    let meta = std::fs::metadata(path)?;
    let shown = path.display().to_string();
    if !meta.is_file() || meta.len() > LARGEST {
        return Ok(Vec::new());
    }
    let bytes = std::fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().flat_map(|line| readings(line.as_bytes())).collect();
    let hit = |probe: &Probe| {
        let rows = lines.iter().filter(|line| probe.is_in(line)).count() as u64;
        (rows > 0 || probe.is_in(&shown)).then(|| Hit {
            place: shown.clone(),
            probe: probe.given.clone(),
            rows: rows.max(1),
            example: String::new(),
        })
    };
    Ok(probes.iter().filter_map(hit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(text: &str) -> Probe {
        Probe::new(text).expect("something to look for")
    }

    #[test]
    fn a_probe_is_found_in_every_spelling() {
        assert!(probe("Asha Pärnänen").is_in("Dear asha pärnänen,"));
        assert!(probe("+1 (555) 010-0199").is_in("call 15550100199 now"));
        assert!(probe("15550100199").is_in("+1 555-010-0199"));
        assert!(!probe("15550100199").is_in("1555 x 0100199"));
        assert!(probe("red bicycle").is_in("'bicycle':4 'red':3"));
        assert!(!probe("red bicycle").is_in("'bicycle':4 'blue':3"));
        assert!(
            probe("contact_01h455vb4pex5vsknk084sn02q")
                .is_in(&Uuid::from_u128(ids::decode("01h455vb4pex5vsknk084sn02q").expect("an id")).to_string())
        );
        assert!(!probe("asha").is_in("sasha".replace('s', "z").as_str()));
        assert!(Probe::new("  ").is_none());
    }

    #[test]
    fn escapes_and_files_hide_nothing() {
        let mut texts = Vec::new();
        flatten(&serde_json::json!({"raw": "{\"n\":\"P\\u00e4rn\"}"}), &mut texts);
        assert!(texts.iter().any(|text| probe("Pärn").is_in(text)), "{texts:?}");
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("archive");
        std::fs::create_dir_all(&deep).expect("made");
        std::fs::create_dir_all(folder.path().join("postgres")).expect("made");
        std::fs::write(deep.join("a.jsonl"), "{\"n\":\"P\\u00e4rn\"}\n").expect("written");
        std::fs::write(folder.path().join("postgres").join("page"), "Pärn").expect("written");
        let hits = files(folder.path(), &[probe("Pärn")]).expect("read");
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert!(hits[0].place.ends_with("a.jsonl"));
    }
}
