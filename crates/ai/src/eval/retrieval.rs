//! How well the right chunk is found.

use uuid::Uuid;

use super::own_faq::{Business, holds};
use super::retrieval_sets::{SetDocument, SetQuestion, mean_by, ndcg_at_10};
use crate::local::embedder::Embedder;
use crate::retrieval::{Chunk, Index, Question};

/// Mean nDCG@10 with how many questions went in.
pub type Score = (f64, usize);

/// Our own businesses, each asked only what it can answer.
pub fn own_faq(businesses: &[Business], embedder: Option<&dyn Embedder>) -> Score {
    let mut values = Vec::new();
    for business in businesses {
        let index = Index::build(business.chunks.clone());
        for asked in &business.asked {
            let Some(gold) = asked.a.as_deref() else { continue };
            let vector = embedder.filter(|_| business.language == "en").and_then(|e| e.embed(&[&asked.q]).pop());
            let question = Question { text: &asked.q, language: &business.language, vector: vector.as_deref() };
            let hits = index.search(&question, 10);
            let names: Vec<String> = hits.iter().map(|h| h.position.to_string()).collect();
            let relevant: Vec<String> =
                index.chunks().iter().enumerate().filter(|(_, c)| holds(c, gold)).map(|(n, _)| n.to_string()).collect();
            values.push(((), ndcg_at_10(names.iter().map(String::as_str), &relevant)));
        }
    }
    mean_by(values).remove(&()).unwrap_or_default()
}

/// Each question against all of the documents; both in one language.
pub fn ranked(documents: &[SetDocument], questions: &[SetQuestion], embedder: Option<&dyn Embedder>) -> Score {
    let mut chunks: Vec<Chunk> =
        documents.iter().map(|d| Chunk::passage(Uuid::nil(), &d.lang, d.text.clone())).collect();
    if let Some(embedder) = embedder {
        let texts: Vec<&str> = documents.iter().map(|d| d.text.as_str()).collect();
        for (chunk, vector) in chunks.iter_mut().zip(embedder.embed(&texts)) {
            chunk.vector = Some(vector);
        }
    }
    let index = Index::build(chunks);
    let values = questions.iter().map(|q| {
        let vector = embedder.and_then(|e| e.embed(&[&q.query]).pop());
        let question = Question { text: &q.query, language: &q.lang, vector: vector.as_deref() };
        let hits = index.search(&question, 10);
        ((), ndcg_at_10(hits.iter().map(|h| documents[h.position].id.as_str()), &q.relevant))
    });
    mean_by(values).remove(&()).unwrap_or_default()
}
