//! What the bot knows of an organisation: its settings, voice and knowledge, cached for a moment in memory.

use std::sync::Arc;
use std::time::Duration;

use ai::answer::BrandVoice as SpokenVoice;
use ai::gateway::Gateway;
use ai::local::{Embedder, Language, Local, Reading};
use ai::retrieval::Index;
use kernel::Kernel;
use kernel::ids::OrgId;
use moka::future::Cache;

use crate::settings::{self, AutoReply, BrandVoice, ChannelRates};

/// The bot's knowledge in a process. Cheap to clone.
#[derive(Clone)]
pub struct Brain {
    kernel: Kernel,
    local: Arc<Local>,
    embedder: Option<Arc<dyn Embedder>>,
    known: Cache<OrgId, Arc<Mind>>,
    knowledge: ai::knowledge::Indexes,
    gateway: Gateway,
}

/// What the bot knows of one organisation.
pub struct Mind {
    /// When it may answer.
    pub auto_reply: AutoReply,
    /// How it sounds.
    pub brand: BrandVoice,
    /// The same, for answers made without a model.
    pub voice: SpokenVoice,
    /// How fast its channels may send.
    pub rates: ChannelRates,
    /// What it may answer from.
    pub index: Arc<Index>,
}

impl Brain {
    /// An empty cache over a kernel and the local models.
    pub fn new(kernel: Kernel, local: Local, embedder: Option<Arc<dyn Embedder>>) -> Self {
        // Short, because another process may change settings; this one forgets at once what it changes itself.
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(2)).build();
        let gateway = Gateway::new(&kernel, embedder.clone());
        Self { kernel, local: Arc::new(local), embedder, known, knowledge: ai::knowledge::Indexes::default(), gateway }
    }

    /// What the bot knows of an organisation.
    pub async fn of(&self, org: OrgId) -> anyhow::Result<Arc<Mind>> {
        if let Some(mind) = self.known.get(&org).await {
            return Ok(mind);
        }
        let mut tx = self.kernel.db.begin(org).await?;
        let auto_reply: AutoReply = settings::load(&mut tx).await?;
        let brand: BrandVoice = settings::load(&mut tx).await?;
        let rates: ChannelRates = settings::load(&mut tx).await?;
        let index = self.knowledge.get(&mut tx).await?;
        let mind = Arc::new(Mind { rates, auto_reply, voice: brand.spoken(), brand, index });
        self.known.insert(org, Arc::clone(&mind)).await;
        Ok(mind)
    }

    /// Forgets an organisation after its settings or knowledge changed here.
    pub async fn forget(&self, org: OrgId) {
        self.known.invalidate(&org).await;
    }

    /// Sentence vectors of texts, where there is an encoder; runs off the async threads, since one takes milliseconds.
    pub async fn vectors(&self, texts: Vec<String>) -> Vec<Option<Vec<f32>>> {
        let Some(embedder) = self.embedder.clone().filter(|_| !texts.is_empty()) else {
            return vec![None; texts.len()];
        };
        let count = texts.len();
        let work = tokio::task::spawn_blocking(move || {
            let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
            embedder.embed(&borrowed)
        });
        match work.await {
            Ok(vectors) if vectors.len() == count => vectors.into_iter().map(Some).collect(),
            // The first tier answers without vectors.
            _ => vec![None; count],
        }
    }

    /// Reads a text, in the conversation's language when its own cannot be told.
    pub fn read<'a>(&self, text: &'a str, conversation: Option<&str>, vector: Option<Vec<f32>>) -> Reading<'a> {
        Reading::in_language(text, crate::pipeline::language_of(text, conversation), vector)
    }

    /// The model providers.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The encoder, for knowledge that is indexed.
    pub fn embedder(&self) -> Option<&Arc<dyn Embedder>> {
        self.embedder.as_ref()
    }

    /// The local models.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// A language's code as the answers expect it: English when it is unknown.
    pub fn answer_language(language: Language) -> &'static str {
        if language.is_known() { language.code() } else { "en" }
    }
}
