//! As much of SOQL as readers of changes need: SELECT fields FROM object WHERE conditions ORDER BY fields.

use serde_json::Value;

/// A query.
#[derive(Debug)]
pub(super) struct Query {
    pub fields: Vec<String>,
    pub object: String,
    condition: Option<Condition>,
    order: Vec<String>,
}

#[derive(Debug)]
enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Is(String, String, String),
    In(String, Vec<String>),
}

/// Words, signs and quoted texts (which keep their quote in front, so that they are told from words).
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\n' => {}
            '(' | ')' | ',' => tokens.push(c.to_string()),
            '<' | '>' | '=' | '!' => {
                let mut sign = c.to_string();
                if chars.peek() == Some(&'=') {
                    sign.extend(chars.next());
                }
                tokens.push(sign);
            }
            '\'' => {
                let mut quoted = "'".to_owned();
                while let Some(c) = chars.next() {
                    match c {
                        '\'' => break,
                        '\\' => quoted.extend(chars.next()),
                        c => quoted.push(c),
                    }
                }
                tokens.push(quoted);
            }
            c => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| !" \n(),<>=!'".contains(*c)) {
                    word.push(c);
                }
                tokens.push(word);
            }
        }
    }
    tokens
}

struct Reader {
    tokens: std::vec::IntoIter<String>,
}

impl Reader {
    fn peek(&self) -> &str {
        self.tokens.as_slice().first().map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        self.tokens.next().unwrap_or_default()
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.next().eq_ignore_ascii_case(word).then_some(())
    }

    fn is(&self, word: &str) -> bool {
        self.peek().eq_ignore_ascii_case(word)
    }

    fn list(&mut self) -> Vec<String> {
        let mut items = vec![self.next()];
        while self.peek() == "," {
            self.next();
            items.push(self.next());
        }
        items
    }

    fn any(&mut self) -> Option<Condition> {
        let mut parts = vec![self.all()?];
        while self.is("or") {
            self.next();
            parts.push(self.all()?);
        }
        Some(Condition::Any(parts))
    }

    fn all(&mut self) -> Option<Condition> {
        let mut parts = vec![self.one()?];
        while self.is("and") {
            self.next();
            parts.push(self.one()?);
        }
        Some(Condition::All(parts))
    }

    fn one(&mut self) -> Option<Condition> {
        if self.peek() == "(" {
            self.next();
            let inner = self.any()?;
            self.word(")")?;
            return Some(inner);
        }
        let field = self.next();
        if self.is("in") {
            self.next();
            self.word("(")?;
            let items = self.list();
            self.word(")")?;
            return Some(Condition::In(field, items));
        }
        let sign = self.next();
        let known = ["=", "!=", ">", "<", ">=", "<="].contains(&sign.as_str());
        known.then(|| Condition::Is(field, sign, self.next()))
    }
}

/// Reads a query; `None` when it is malformed.
pub(super) fn read(text: &str) -> Option<Query> {
    let mut reader = Reader { tokens: tokens(text).into_iter() };
    reader.word("select")?;
    let fields = reader.list();
    reader.word("from")?;
    let object = reader.next();
    let mut condition = None;
    if reader.is("where") {
        reader.next();
        condition = Some(reader.any()?);
    }
    let mut order = Vec::new();
    if reader.is("order") {
        reader.next();
        reader.word("by")?;
        loop {
            order.push(reader.next());
            if reader.is("asc") {
                reader.next();
            }
            if reader.peek() != "," {
                break;
            }
            reader.next();
        }
    }
    reader.peek().is_empty().then_some(Query { fields, object, condition, order })
}

/// A value as it is compared: instants by their milliseconds, everything else as text.
fn key(text: &str) -> String {
    let text = text.strip_prefix('\'').unwrap_or(text);
    let at = chrono::DateTime::parse_from_rfc3339(text)
        .or_else(|_| chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    at.map_or_else(|_| text.to_owned(), |at| format!("{:020}", at.timestamp_millis()))
}

fn held(record: &Value, field: &str) -> String {
    key(record[field].as_str().unwrap_or_default())
}

impl Condition {
    fn holds(&self, record: &Value) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(record)),
            Self::All(parts) => parts.iter().all(|part| part.holds(record)),
            Self::In(field, items) => items.iter().any(|item| key(item) == held(record, field)),
            Self::Is(field, sign, value) => {
                let order = held(record, field).cmp(&key(value));
                match sign.as_str() {
                    "=" => order.is_eq(),
                    "!=" => order.is_ne(),
                    ">" => order.is_gt(),
                    "<" => order.is_lt(),
                    ">=" => order.is_ge(),
                    _ => order.is_le(),
                }
            }
        }
    }
}

impl Query {
    /// The records it selects, in order.
    pub(super) fn run(&self, mut records: Vec<Value>) -> Vec<Value> {
        records.retain(|record| self.condition.as_ref().is_none_or(|condition| condition.holds(record)));
        records.sort_by_cached_key(|record| self.order.iter().map(|field| held(record, field)).collect::<Vec<_>>());
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stamps_ids_and_lists() {
        let records = vec![
            json!({"Id": "b", "SystemModstamp": "2026-10-01T10:00:00.000+0000"}),
            json!({"Id": "a", "SystemModstamp": "2026-10-01T10:00:00.000+0000"}),
            json!({"Id": "c", "SystemModstamp": "2026-10-01T09:00:00.000+0000"}),
        ];
        let ids = |soql: &str| -> Vec<String> {
            let found = read(soql).expect("a query").run(records.clone());
            found.iter().filter_map(|record| record["Id"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!(
            ids(
                "SELECT Id FROM Lead WHERE SystemModstamp >= 2026-10-01T10:00:00.000Z ORDER BY SystemModstamp ASC, Id ASC"
            ),
            ["a", "b"]
        );
        let after =
            "(SystemModstamp > 2026-10-01T10:00:00.000Z OR (SystemModstamp = 2026-10-01T10:00:00.000Z AND Id > 'a'))";
        assert_eq!(ids(&format!("SELECT Id,Name FROM Lead WHERE {after} ORDER BY Id ASC")), ["b"]);
        assert_eq!(ids("SELECT Id FROM Lead WHERE Id IN ('c','a') ORDER BY Id ASC"), ["a", "c"]);
        assert!(read("SELECT Id FROM Lead WHERE Id LIKE 'x'").is_none() && read("DELETE FROM Lead").is_none());
    }
}
