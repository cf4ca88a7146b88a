//! What arrived, for people (`/`) and for programs (`/letters`).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Letter, Mail};

pub(super) fn routes(mail: Arc<Mail>) -> Router {
    Router::new().route("/", get(page)).route("/letters", get(letters)).with_state(mail)
}

async fn letters(State(mail): State<Arc<Mail>>) -> Json<Value> {
    Json(json!({ "data": mail.letters() }))
}

async fn page(State(mail): State<Arc<Mail>>) -> Html<String> {
    let letters: String = mail.letters().iter().rev().map(shown).collect();
    let none = if letters.is_empty() { "<p>No letter yet. Reload to look again.</p>" } else { "" };
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Letters</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>:root{{color-scheme:light dark}}\
         body{{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}}\
         pre{{white-space:pre-wrap;overflow-wrap:anywhere}}article{{border-top:1px solid;padding:1rem 0}}</style></head>\
         <body><h1>Letters</h1><p>What Recoup would have sent. Nothing leaves this machine.</p>{none}{letters}</body></html>"
    ))
}

fn shown(letter: &Letter) -> String {
    let at = crate::server::clock::iso(letter.at_ms);
    let text: Vec<String> = letter.text.split('\n').map(linked).collect();
    format!(
        "<article><h2>{}</h2><p>to {} · {at}</p><pre>{}</pre></article>",
        escaped(letter.subject()),
        escaped(&letter.to.join(", ")),
        text.join("\n")
    )
}

/// A line of text; one that is an address alone becomes a link.
fn linked(line: &str) -> String {
    let text = escaped(line);
    let whole = !line.contains(char::is_whitespace) && (line.starts_with("http://") || line.starts_with("https://"));
    if whole { format!("<a href=\"{text}\">{text}</a>") } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
