//! A document of the knowledge, as people see it and as it is stored.

use chrono::{DateTime, Utc};
use documents::{Block, DocumentError, FileKind};
use kernel::ids::DocumentId;
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};

/// Where a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Typed or pasted.
    Text,
    /// Uploaded.
    File,
    /// Read from a web address.
    Url,
    /// One question with its answer.
    Faq,
    /// Something the organisation sells.
    Product,
    /// Something the organisation does.
    Service,
}

impl DocumentKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::File => "file",
            Self::Url => "url",
            Self::Faq => "faq",
            Self::Product => "product",
            Self::Service => "service",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "file" => Self::File,
            "url" => Self::Url,
            "faq" => Self::Faq,
            "product" => Self::Product,
            "service" => Self::Service,
            _ => Self::Text,
        }
    }
}

/// How far the reading of a document is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// It is being read.
    Indexing {
        /// Per cent.
        progress: u8,
    },
    /// Answers may be based on it.
    Ready,
    /// It could not be read.
    Failed {
        /// Why, for the person who added it.
        error: String,
    },
}

/// A document without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    /// Its identity.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// Where it came from.
    pub kind: DocumentKind,
    /// File name or address; empty for the other kinds.
    pub location: String,
    /// ISO 639-1 code, once read.
    pub language: Option<String>,
    /// How far it is.
    #[serde(flatten)]
    pub status: Status,
    /// Chunks made from it.
    pub chunk_count: i32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a new document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, read as Markdown.
    Text(String),
    /// An uploaded file.
    File {
        /// Its name, which says its kind.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A public web address; it is fetched when it is indexed.
    Url(String),
    /// One question with its answer.
    Faq {
        /// What is asked.
        question: String,
        /// What is answered.
        answer: String,
    },
    /// Something that is sold.
    Product(Offer),
    /// Something that is done.
    Service(Offer),
}

/// A product or a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its price, as customers should read it.
    pub price: Option<String>,
}

/// A document to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Its title; empty to take the one it gives itself.
    pub title: String,
    /// What it holds.
    pub content: Content,
    /// ISO 639-1 code, when the person knows; otherwise it is detected.
    pub language: Option<String>,
    /// Who adds it.
    pub by: Actor,
}

#[derive(Serialize, Deserialize)]
struct StoredFaq {
    question: String,
    answer: String,
}

/// A document's content as its row keeps it.
pub(super) struct Stored {
    pub kind: DocumentKind,
    pub location: String,
    pub content: Option<Vec<u8>>,
}

impl Content {
    /// Splits the content into columns. A file of a kind that cannot be read is refused here, before it is kept.
    pub(super) fn store(&self) -> Result<Stored, DocumentError> {
        let (kind, location, content) = match self {
            Self::Text(text) => (DocumentKind::Text, String::new(), Some(text.clone().into_bytes())),
            Self::File { name, bytes } => {
                FileKind::detect(name, bytes)?;
                (DocumentKind::File, name.clone(), Some(bytes.clone()))
            }
            Self::Url(url) => (DocumentKind::Url, url.clone(), None),
            Self::Faq { question, answer } => {
                let faq = StoredFaq { question: question.clone(), answer: answer.clone() };
                (DocumentKind::Faq, String::new(), Some(json(&faq)))
            }
            Self::Product(offer) => (DocumentKind::Product, String::new(), Some(json(offer))),
            Self::Service(offer) => (DocumentKind::Service, String::new(), Some(json(offer))),
        };
        if content.as_ref().is_some_and(|c| c.len() > documents::MAX_FILE) {
            return Err(DocumentError::TooLarge);
        }
        Ok(Stored { kind, location, content })
    }

    /// The title of a document that was given none.
    pub(super) fn default_title(&self) -> String {
        let title = match self {
            Self::Text(text) => {
                text.lines().find(|l| !l.trim().is_empty()).unwrap_or("Text").trim_start_matches('#').trim()
            }
            Self::File { name, .. } => name,
            Self::Url(url) => url,
            Self::Faq { question, .. } => question,
            Self::Product(offer) | Self::Service(offer) => &offer.name,
        };
        title.chars().take(200).collect()
    }
}

impl Stored {
    /// Reads the content into blocks.
    pub(super) fn read(&self) -> Result<documents::Document, DocumentError> {
        let bytes = self.content.as_deref().unwrap_or_default();
        let damaged = |e: serde_json::Error| DocumentError::Malformed(e.to_string());
        match self.kind {
            DocumentKind::Text => documents::parse(FileKind::Markdown, bytes),
            DocumentKind::File => documents::parse(FileKind::detect(&self.location, bytes)?, bytes),
            DocumentKind::Url => documents::parse(url_kind(&self.location, bytes), bytes),
            DocumentKind::Faq => {
                let faq: StoredFaq = serde_json::from_slice(bytes).map_err(damaged)?;
                Ok(one(Block::Faq { question: faq.question, answer: faq.answer }))
            }
            DocumentKind::Product | DocumentKind::Service => {
                let offer: Offer = serde_json::from_slice(bytes).map_err(damaged)?;
                let price = offer.price.map(|p| format!("\n{}: {p}", offer.name)).unwrap_or_default();
                Ok(one(Block::Section { headings: vec![offer.name], text: format!("{}{price}", offer.description) }))
            }
        }
    }
}

/// A web address may serve a file; anything else is a page.
fn url_kind(url: &str, bytes: &[u8]) -> FileKind {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    FileKind::detect(path, bytes).unwrap_or(FileKind::Html)
}

fn one(block: Block) -> documents::Document {
    documents::Document { title: None, blocks: vec![block] }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("a struct of texts is representable as JSON")
}
