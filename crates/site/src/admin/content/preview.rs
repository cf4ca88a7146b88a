//! How the words look while they are written.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Html;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Form, show};

use super::form::Typed;
use crate::content::{images, markdown};

#[derive(Template)]
#[template(path = "site_admin/_content_preview.html")]
struct Preview {
    title: String,
    summary: String,
    body: String,
}

/// `POST /admin/content/preview`: the words of the form, as visitors would read them.
pub(super) async fn show_words(
    by: Allowed<ManageChannels>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Html<String>, AppError> {
    let typed = Typed::sent(&form);
    let mut tx = by.tx().await?;
    let html = images::in_words(&mut tx, markdown::html(&typed.body)).await?;
    // The site may be at another host: its pictures come through the desk.
    let body = html.replace("/media/img_", "/admin/images/img_");
    show(&Preview { title: typed.title, summary: typed.summary, body })
}
