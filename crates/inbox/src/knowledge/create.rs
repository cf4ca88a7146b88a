//! `POST /v2/knowledge/documents`: a text, a page of the web, a question with its answer, or a file.

use ai::knowledge::{self, Content, CreateError, NewDocument, Offer};
use ai::local::Language;
use axum::extract::{FromRequest, Request, State};
use axum::http::{Method, StatusCode, header};
use kernel::ids::DocumentId;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::documents::DocumentOut;
use super::upload::Upload;
use crate::core::Core;
use crate::web::Desk;

/// A document to add: one of `text`, `url`, `faq`, `product` or `service`. A file is sent as `multipart/form-data` with
/// the fields `file` and, if wanted, `title`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentIn {
    /// Its title; the one it gives itself when it is empty.
    #[serde(default)]
    pub title: String,
    /// Text, read as Markdown.
    pub text: Option<String>,
    /// A public address; it is read in the background.
    pub url: Option<String>,
    /// A question with its answer.
    pub faq: Option<FaqIn>,
    /// Something that is sold.
    pub product: Option<OfferIn>,
    /// Something that is done.
    pub service: Option<OfferIn>,
    /// ISO 639-1, when you know; otherwise it is detected.
    pub language: Option<String>,
}

/// A question with its answer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaqIn {
    /// What is asked.
    pub question: String,
    /// What is answered.
    pub answer: String,
}

/// A product or a service.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferIn {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its price, as customers should read it.
    pub price: Option<String>,
}

impl OfferIn {
    fn offer(self) -> Offer {
        let Self { name, description, price } = self;
        Offer { name, description, price }
    }
}

impl DocumentIn {
    /// What is to be added; refuses none and more than one.
    fn content(self) -> Result<(String, Content, Option<String>), AppError> {
        let Self { title, text, url, faq, product, service, language } = self;
        if let Some(code) = &language
            && Language::from_code(code).is_none()
        {
            return Err(AppError::field("language", "is not a language code that Recoup knows"));
        }
        let given = [
            text.map(Content::Text),
            url.map(|url| Content::Url(url.trim().to_owned())),
            faq.map(|faq| Content::Faq { question: faq.question, answer: faq.answer }),
            product.map(|offer| Content::Product(offer.offer())),
            service.map(|offer| Content::Service(offer.offer())),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(content), None) => Ok((title, content, language)),
            (Some(_), Some(_)) => Err(AppError::field("text", "give one of text, url, faq, product and service")),
            (None, _) => Err(AppError::field("text", "give one of text, url, faq, product and service, or a file")),
        }
    }
}

/// Adds a document and forgets what the bot knew.
pub(crate) async fn add(by: &Allowed<ManageChannels>, core: &Core, given: DocumentIn) -> Result<DocumentId, AppError> {
    let (title, content, language) = given.content()?;
    check(core, &title, &content)?;
    keep(by, core, NewDocument { title, content, language, by: by.actor() }).await
}

fn check(core: &Core, title: &str, content: &Content) -> Result<(), AppError> {
    if title.chars().count() > 300 {
        return Err(AppError::field("title", "may have 300 characters"));
    }
    let required = |field: &str, text: &str| {
        if text.trim().is_empty() { Err(AppError::field(field, "must not be empty")) } else { Ok(()) }
    };
    match content {
        Content::Text(text) => required("text", text),
        Content::Faq { question, answer } => required("question", question).and_then(|()| required("answer", answer)),
        Content::Product(offer) | Content::Service(offer) => required("name", &offer.name),
        // Private addresses are refused at once here, and again after every redirect when it is read.
        Content::Url(url) => core
            .kernel
            .http
            .public(Method::GET, url)
            .map(drop)
            .map_err(|forbidden| AppError::field("url", forbidden.to_string())),
        Content::File { name, .. } => required("file", name),
    }
}

/// Writes a checked document with the job that reads it.
async fn keep(by: &Allowed<ManageChannels>, core: &Core, new: NewDocument) -> Result<DocumentId, AppError> {
    let mut tx = by.tx().await?;
    let id = knowledge::create(&mut tx, &new).await.map_err(|error| match error {
        CreateError::Document(problem) => AppError::field("file", problem.to_string()),
        CreateError::Database(error) => error.into(),
    })?;
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok(id)
}

impl Upload {
    /// Adds the file.
    pub(crate) async fn add(self, by: &Allowed<ManageChannels>, core: &Core) -> Result<DocumentId, AppError> {
        let Self { title, name, bytes } = self;
        let content = Content::File { name, bytes };
        check(core, &title, &content)?;
        keep(by, core, NewDocument { title, content, language: None, by: by.actor() }).await
    }
}

/// Add a document. It is read in the background; ask for it until its status is `ready`.
#[utoipa::path(post, path = "/v2/knowledge/documents", tag = "knowledge", request_body = DocumentIn, responses((status = 201, body = DocumentOut)))]
pub(crate) async fn create_document(
    by: Allowed<ManageChannels>,
    State(desk): State<Desk>,
    request: Request,
) -> Result<(StatusCode, Json<DocumentOut>), AppError> {
    let core = desk.core();
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = if kind.starts_with("multipart/form-data") {
        Upload::from_request(request, &desk).await?.add(&by, core).await?
    } else {
        let Json(given) = Json::<DocumentIn>::from_request(request, &desk).await?;
        add(&by, core, given).await?
    };
    let mut tx = by.tx().await?;
    let made = knowledge::show(&mut tx, id).await?.ok_or_else(|| AppError::not_found("document"))?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
