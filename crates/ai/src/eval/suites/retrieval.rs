//! Retrieval: `SciFact`, `XQuAD` by language, and our own businesses.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::eval::bench::{Bench, Suite};
use crate::eval::own_faq::businesses;
use crate::eval::report::Row;
use crate::eval::retrieval::{own_faq, ranked};
use crate::eval::retrieval_sets::{SetDocument, SetQuestion};

const METRIC: &str = "nDCG@10";

pub struct Retrieval;

impl Suite for Retrieval {
    fn name(&self) -> &'static str {
        "retrieval"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let embedder = bench.embedder.as_deref();
        let (value, n) = own_faq(&businesses(embedder)?, embedder);
        let mut rows = vec![Row::new("retrieval", "own FAQs", METRIC, value, n).at_least(bench.gate(0.75, 0.87))];
        let claims = ["test_queries", "holdout_queries", "queries", "train_queries"]
            .map(|name| format!("retrieval_scifact/{name}"));
        let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
        if let (Some(documents), Some(questions)) =
            (bench.public(&["retrieval_scifact/corpus"])?, bench.public(&claims)?)
        {
            let (value, n) = ranked(&documents, &questions, embedder);
            rows.push(Row::new("retrieval", "SciFact", METRIC, value, n).at_least(bench.gate(0.68, 0.725)));
        }
        rows.extend(xquad(bench)?);
        Ok(rows)
    }
}

/// Every language alone, as an organisation's knowledge would be; only German has a gate.
fn xquad(bench: &Bench) -> Result<Vec<Row>> {
    let documents: Option<Vec<SetDocument>> = bench.public(&["retrieval_xquad/docs"])?;
    let questions: Option<Vec<SetQuestion>> = bench.public(&["retrieval_xquad/queries"])?;
    let (Some(documents), Some(questions)) = (documents, questions) else { return Ok(Vec::new()) };
    let languages: BTreeSet<&str> = documents.iter().map(|d| d.lang.as_str()).collect();
    let row = |language: &str| {
        let documents: Vec<SetDocument> = documents.iter().filter(|d| d.lang == language).cloned().collect();
        let questions: Vec<SetQuestion> = questions.iter().filter(|q| q.lang == language).cloned().collect();
        let (value, n) = ranked(&documents, &questions, bench.embedder.as_deref().filter(|_| language == "en"));
        let row = Row::new("retrieval", format!("XQuAD {language}"), METRIC, value, n);
        if language == "de" { row.at_least(0.92) } else { row }
    };
    Ok(languages.into_iter().map(row).collect())
}
