//! What the business's own documents say.

use std::sync::Arc;

use advisor::{Asked, Citation, Found, Tool};
use ai::answer::BrandVoice;
use ai::knowledge::Retriever;
use ai::local::Embedder;
use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use serde_json::{Value, json};

/// How many pieces are given.
const PIECES: usize = 4;
/// Under this the pieces are not about the question.
const CLOSE: f32 = 0.35;

/// The tool.
pub(super) struct Knowledge {
    retriever: Retriever,
}

impl Knowledge {
    pub(super) fn new(kernel: &Kernel, embedder: Option<Arc<dyn Embedder>>) -> Self {
        Self { retriever: Retriever::new(kernel.db.clone(), embedder) }
    }
}

#[async_trait]
impl Tool for Knowledge {
    fn name(&self) -> &'static str {
        "knowledge"
    }

    fn description(&self) -> &'static str {
        "What the business's own documents say: prices, opening hours, policies, services. Takes words to search for."
    }

    fn properties(&self) -> Value {
        json!({"query": {"type": "string", "description": "words to search for"}})
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "policy",
            "price",
            "cost of",
            "opening",
            "hours",
            "document",
            "knowledge",
            "do we offer",
            "what do we say",
            "cancel",
        ]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let query = asked.arguments["query"].as_str().unwrap_or(&asked.question).to_owned();
        let language = ai::local::language::detect(&query, None);
        let language = if language.is_known() { language.code() } else { "en" };
        let said = self.retriever.ask(tx.org(), &query, language, &BrandVoice::default(), PIECES).await?;
        // What reads like an instruction to a model is shown to none.
        let pieces: Vec<_> = said.chunks.iter().filter(|chunk| !chunk.suspicious && chunk.score >= CLOSE).collect();
        let mut found = Found {
            data: pieces
                .iter()
                .map(|chunk| json!({"document": chunk.title, "heading": chunk.heading, "text": chunk.text}))
                .collect(),
            ..Found::default()
        };
        if let Some(best) = pieces.first() {
            let text: String = best.text.chars().take(400).collect();
            found.sentences.push(format!("Your document \u{201c}{}\u{201d} says: {text}", best.title));
        } else {
            found.sentences.push("Your documents say nothing about it.".to_owned());
        }
        for chunk in pieces {
            let citation = Citation { title: chunk.title.clone(), href: "/knowledge".to_owned() };
            if !found.citations.contains(&citation) {
                found.citations.push(citation);
            }
        }
        Ok(found)
    }
}
