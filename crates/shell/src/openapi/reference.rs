//! The reference page: the API description as a person reads it, made once, when somebody first asks for it.

use askama::Template;
use axum::response::Html;
use serde_json::Value;

use super::schema::{FieldRow, example, fields, kind, resolve, text};
use crate::AppError;
use crate::auth::MaybeSignedIn;
use crate::edge::RequestInfo;
use crate::page::{Frame, show};

/// The whole reference.
pub(super) struct Reference {
    about: String,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    about: String,
    operations: Vec<Operation>,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    parameters: Vec<FieldRow>,
    body: Vec<FieldRow>,
    request: String,
    responses: Vec<Answer>,
}

struct Answer {
    status: String,
    about: String,
    fields: Vec<FieldRow>,
    example: String,
}

#[derive(Template)]
#[template(path = "shell/reference.html")]
struct ReferencePage<'a> {
    frame: Frame,
    reference: &'a Reference,
}

impl Reference {
    pub(super) fn new(document: &Value) -> Self {
        let groups = document.get("tags").and_then(Value::as_array).into_iter().flatten();
        let groups = groups.map(|tag| group(document, &text(tag, "name"), text(tag, "description"))).collect();
        Self { about: text(&document["info"], "description"), groups }
    }

    pub(super) fn page(&self, info: &RequestInfo, caller: MaybeSignedIn) -> Result<Html<String>, AppError> {
        let mut frame = Frame::signed_out(info, "API reference");
        frame.org = caller.0.map(|principal| principal.org_name).unwrap_or_default();
        show(&ReferencePage { frame, reference: self })
    }

    fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.about.split("\n\n")
    }
}

fn group(document: &Value, name: &str, about: String) -> Group {
    let mut operations = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tags = operation.get("tags").and_then(Value::as_array);
            if tags.is_some_and(|tags| tags.iter().any(|tag| tag == name)) {
                operations.push(read(document, path, method, operation));
            }
        }
    }
    Group { name: name.to_owned(), about, operations }
}

fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let body = operation.pointer("/requestBody/content").and_then(Value::as_object).and_then(|all| all.values().next());
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    Operation {
        anchor: format!("{method}-{}", path.trim_matches('/').replace(['/', '{', '}'], "-")),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        about: text(operation, "description"),
        parameters: parameters.map(|parameter| parameter_row(document, parameter)).collect(),
        body: body.map(|body| fields(document, &body["schema"])).unwrap_or_default(),
        request: body.map(|body| pretty(document, body)).unwrap_or_default(),
        responses: responses.map(|(status, response)| answer(document, status, response)).collect(),
    }
}

fn parameter_row(document: &Value, parameter: &Value) -> FieldRow {
    FieldRow {
        path: text(parameter, "name"),
        kind: format!("{} in {}", kind(document, &parameter["schema"]), text(parameter, "in")),
        required: parameter.get("required").and_then(Value::as_bool).unwrap_or(false),
        about: text(parameter, "description"),
    }
}

fn answer(document: &Value, status: &str, response: &Value) -> Answer {
    let response = resolve(document, response);
    let content = response.get("content").and_then(Value::as_object).and_then(|all| all.values().next());
    let error = status == "default";
    Answer {
        status: if error { "4xx, 5xx".to_owned() } else { status.to_owned() },
        about: text(response, "description"),
        // The error is the same everywhere; it is described once, in the introduction.
        fields: content.filter(|_| !error).map(|body| fields(document, &body["schema"])).unwrap_or_default(),
        example: content.filter(|_| !error).map(|body| pretty(document, body)).unwrap_or_default(),
    }
}

fn pretty(document: &Value, body: &Value) -> String {
    let given = body.get("example").cloned();
    let value = given.unwrap_or_else(|| example(document, &body["schema"], 6));
    serde_json::to_string_pretty(&value).unwrap_or_default()
}
