//! `/knowledge`: the documents, adding one, and a question to try.

use ai::knowledge::{self, Document, DocumentKind, Status};
use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::ids::DocumentId;
use serde::Deserialize;
use shell::auth::Permits;
use shell::auth::permission::{ManageChannels, View};
use shell::page::percent;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Permission, Toast, show};

use super::Nothing;
use crate::core::Core;
use crate::knowledge::{Asked, DocumentIn, FaqIn, Upload, add as add_document, ask, remove as remove_document};

/// More documents than this are not on one page; the API lists all.
const MOST: i64 = 500;

#[derive(Template)]
#[template(path = "knowledge/show.html")]
struct KnowledgePage {
    frame: Frame,
    documents: String,
    forms: String,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "knowledge/_documents.html")]
struct Documents {
    rows: Vec<Row>,
    indexing: bool,
    may_change: bool,
}

struct Row {
    id: DocumentId,
    title: String,
    icon: &'static str,
    about: String,
    status: &'static str,
    tone: &'static str,
    error: String,
    is_indexing: bool,
    progress: u8,
    at: chrono::DateTime<chrono::Utc>,
}

#[derive(Template, Default)]
#[template(path = "knowledge/_add.html")]
struct Add {
    form: AddForm,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "knowledge/_asked.html")]
struct Answered {
    question: String,
    asked: Asked,
    sure: String,
    tone: &'static str,
}

/// What the forms of the page send; the empty ones are absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AddForm {
    title: String,
    text: String,
    url: String,
    question: String,
    answer: String,
}

/// A question to try.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestForm {
    question: String,
}

pub(super) async fn page(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let may_change = by.may(Permission::ManageChannels);
    let documents = list(&by).await?.render()?;
    let forms = Add::default().render()?;
    show(&KnowledgePage { frame: by.frame("Knowledge"), documents, forms, may_change })
}

pub(super) async fn documents(by: Allowed<View>) -> Result<Html<String>, AppError> {
    show(&list(&by).await?)
}

pub(super) async fn add(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(form): Form<AddForm>,
) -> Result<Response, AppError> {
    let given = |text: &str| Some(text.replace("\r\n", "\n")).filter(|text| !text.trim().is_empty());
    let faq = (!form.question.is_empty() || !form.answer.is_empty())
        .then(|| FaqIn { question: form.question.clone(), answer: form.answer.clone() });
    let document = DocumentIn {
        title: form.title.clone(),
        text: given(&form.text),
        url: given(&form.url),
        faq,
        ..DocumentIn::default()
    };
    match add_document(&by, &core, document).await {
        Ok(_) => added(&by),
        Err(error) if error.details().is_empty() || !by.request().fragment => Err(error),
        Err(error) => Ok(show(&Add { form, errors: FieldErrors::from(&error) })?.into_response()),
    }
}

pub(super) async fn upload(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    upload: Upload,
) -> Result<Response, AppError> {
    upload.add(&by, &core).await?;
    added(&by)
}

fn added(by: &Allowed<ManageChannels>) -> Result<Response, AppError> {
    let toast = Toast::done("Added. It is being read now.");
    if !by.request().fragment {
        return Ok((toast.on_next_page(), Redirect::to("/knowledge")).into_response());
    }
    Ok((toast.and_event("knowledge:changed", serde_json::json!({})), show(&Add::default())?).into_response())
}

pub(super) async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<DocumentId>,
) -> Result<Response, AppError> {
    remove_document(&by, &core, id).await?;
    Ok((Toast::done("Removed. Answers do not rest on it any more."), show(&list(&by).await?)?).into_response())
}

pub(super) async fn read_again(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<DocumentId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    if !knowledge::reindex(&mut tx, id).await? {
        return Err(AppError::not_found("document"));
    }
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok((Toast::done("It is being read again"), show(&list(&by).await?)?).into_response())
}

pub(super) async fn test(
    by: Allowed<View>,
    State(core): State<Core>,
    Form(form): Form<TestForm>,
) -> Result<Html<String>, AppError> {
    let asked = ask(&core, by.org(), &form.question).await?;
    let tone = if asked.answer.needs_person { "wait" } else { "won" };
    let sure = format!("{} sure", percent(asked.answer.confidence.into()));
    show(&Answered { question: form.question, asked, sure, tone })
}

async fn list<P: Permits>(by: &Allowed<P>) -> Result<Documents, AppError> {
    let mut tx = by.tx().await?;
    let rows: Vec<Row> = knowledge::list(&mut tx, None, MOST).await?.into_iter().map(row).collect();
    Ok(Documents {
        indexing: rows.iter().any(|row| row.is_indexing),
        rows,
        may_change: by.may(Permission::ManageChannels),
    })
}

fn row(document: Document) -> Row {
    let Document { id, title, kind, location, language, status, chunk_count, created_at: _, updated_at } = document;
    let (icon, word) = match kind {
        DocumentKind::Text => ("file-text", "Text"),
        DocumentKind::File => ("paperclip", "File"),
        DocumentKind::Url => ("globe", "Web page"),
        DocumentKind::Faq => ("circle-help", "Question"),
        DocumentKind::Product => ("tag", "Product"),
        DocumentKind::Service => ("hand", "Service"),
    };
    let pieces =
        if chunk_count == 1 { "1 piece".to_owned() } else { format!("{} pieces", shell::page::count(chunk_count)) };
    let about = [
        Some(word.to_owned()),
        Some(location).filter(|text| !text.is_empty() && *text != title),
        Some(pieces),
        language,
    ];
    let (status, tone, error, is_indexing, progress) = match status {
        Status::Ready => ("ready", "won", String::new(), false, 100),
        Status::Indexing { progress } => ("being read", "wait", String::new(), true, progress),
        Status::Failed { error } => ("not readable", "risk", error, false, 0),
    };
    Row {
        id,
        title,
        icon,
        about: about.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        status,
        tone,
        error,
        is_indexing,
        progress,
        at: updated_at,
    }
}
