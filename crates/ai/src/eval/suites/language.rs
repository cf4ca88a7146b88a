//! Language of short commands (`xSID`) and of questions (`XQuAD`), in the sixteen languages with word lists.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite, own_messages};
use crate::eval::measures::accuracy;
use crate::eval::report::Row;
use crate::local::Language;
use crate::local::language::detect;

pub struct Languages;

#[derive(Deserialize)]
struct Spoken {
    #[serde(alias = "query")]
    text: String,
    lang: String,
}

impl Suite for Languages {
    fn name(&self) -> &'static str {
        "language"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let own: Vec<Spoken> = own_messages().into_iter().map(|m| Spoken { text: m.text, lang: m.lang }).collect();
        let mut rows = vec![row("own messages", own)];
        if let Some(lines) = bench.public(&["langid/xsid_test", "langid/xsid_valid"])? {
            rows.push(row("xSID short commands", lines).at_least(0.925));
        }
        if let Some(lines) = bench.public(&["langid/xquad_questions", "retrieval_xquad/queries"])? {
            rows.push(row("XQuAD questions", lines).at_least(0.995));
        }
        Ok(rows)
    }
}

fn row(set: &str, lines: Vec<Spoken>) -> Row {
    let known = |code: &str| Language::from_code(code).and_then(Language::index).is_some();
    let pairs: Vec<(String, String)> = lines
        .into_iter()
        .filter(|l| known(&l.lang))
        .map(|l| (l.lang, detect(&l.text, None).code().to_owned()))
        .collect();
    Row::new("language", set, "accuracy", accuracy(&pairs), pairs.len())
}
