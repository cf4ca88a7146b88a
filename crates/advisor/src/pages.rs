//! `/advisor`: ask, read the answer as it comes, open the rows behind it, make an action of it.
//!
//! Without script the form answers with the whole page; with it, `assets/js/advisor.js` reads the same route as events.

use std::convert::Infallible;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use kernel::audit::{self, AuditEntry};
use kernel::ids::MemberId;
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::{Reply, RunReports};
use shell::chart::{Line, Svg, Tone};
use shell::{Allowed, AppError, Form, Frame, Path, Toast, show};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::answer::{Done, Question, Step};
use crate::api::{gathered, remember, set_going};
use crate::core::Core;
use crate::threads::{self, Kept, Thread};
use crate::tool::{Action, Chart, Citation};
use ai::gateway::Turn;

/// The longest question of the page, in characters.
const LONGEST: usize = 4_000;

/// Questions to begin with.
const OPENERS: [&str; 6] = [
    "What is our revenue at risk, and why?",
    "Where do we lose leads?",
    "How fast do we answer, compared with last month?",
    "Which calls did we miss this week?",
    "What did the plays win back?",
    "What should we do first today?",
];

#[derive(Template)]
#[template(path = "advisor/show.html")]
struct Show {
    frame: Frame,
    csrf: String,
    thread: Uuid,
    known: bool,
    turns: Vec<ShownTurn>,
    threads: Vec<Listed>,
    openers: Vec<&'static str>,
}

struct Listed {
    href: String,
    title: String,
    at: DateTime<Utc>,
    active: bool,
}

struct ShownTurn {
    asked: bool,
    paragraphs: Vec<Vec<Piece>>,
    extras: Extras,
}

/// Text, or the number of a citation with where it leads.
struct Piece {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "advisor/_extras.html")]
struct Extras {
    csrf: String,
    citations: Vec<Numbered>,
    charts: Vec<Svg>,
    actions: Vec<Action>,
    decision: String,
    next: Vec<&'static str>,
}

struct Numbered {
    n: usize,
    title: String,
    href: String,
}

/// A question from the form.
#[derive(Deserialize)]
pub(crate) struct AskForm {
    question: String,
    thread: Uuid,
}

/// An action that becomes a task.
#[derive(Deserialize)]
pub(crate) struct TaskForm {
    title: String,
    reason: String,
}

/// A new conversation.
pub(crate) async fn new(by: Allowed<RunReports>, State(core): State<Core>) -> Result<Html<String>, AppError> {
    page(&by, &core, kernel::ids::uuid_at(by.now()), Vec::new(), false).await
}

/// A kept one.
pub(crate) async fn thread(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    Path(thread): Path<Uuid>,
) -> Result<Html<String>, AppError> {
    let kept = threads::read(&core, by.org(), member(&by)?, thread).await?;
    let kept = kept.ok_or_else(|| AppError::not_found("conversation"))?;
    page(&by, &core, thread, kept, true).await
}

fn member(by: &Allowed<RunReports>) -> Result<MemberId, AppError> {
    by.member()
        .ok_or_else(|| AppError::forbidden("conversations are kept for people; a key asks /v2/ai/chat/completions"))
}

async fn page(
    by: &Allowed<RunReports>,
    core: &Core,
    thread: Uuid,
    kept: Vec<Kept>,
    known: bool,
) -> Result<Html<String>, AppError> {
    // A key keeps no conversations.
    let list = match by.member() {
        Some(member) => threads::list(core, by.org(), member).await?,
        None => Vec::new(),
    };
    let frame = by.frame("Advisor");
    let csrf = frame.csrf.clone();
    let count = kept.len();
    let turns = kept.into_iter().enumerate().map(|(at, turn)| shown(turn, &csrf, at + 1 == count)).collect();
    let listed = |Thread { id, title, updated_at }: Thread| Listed {
        href: format!("/advisor/{id}"),
        title,
        at: updated_at,
        active: id == thread,
    };
    let threads = list.into_iter().map(listed).collect();
    show(&Show { frame, csrf, thread, known, turns, threads, openers: OPENERS.to_vec() })
}

fn shown(kept: Kept, csrf: &str, last: bool) -> ShownTurn {
    let Kept { asked, text, citations, charts, actions, decision } = kept;
    let paragraphs = paragraphs(&text, &citations);
    let extras = extras(csrf, &citations, &charts, actions, decision, last && !asked);
    ShownTurn { asked, paragraphs, extras }
}

fn extras(
    csrf: &str,
    citations: &[Citation],
    charts: &[Chart],
    actions: Vec<Action>,
    decision: Option<Uuid>,
    last: bool,
) -> Extras {
    Extras {
        csrf: csrf.to_owned(),
        citations: citations
            .iter()
            .zip(1..)
            .map(|(citation, n)| Numbered { n, title: citation.title.clone(), href: citation.href.clone() })
            .collect(),
        charts: charts.iter().map(drawn).collect(),
        actions,
        decision: decision.map(|id| kernel::ids::DecisionId::from_uuid(id).to_string()).unwrap_or_default(),
        next: if last { OPENERS[..3].to_vec() } else { Vec::new() },
    }
}

fn drawn(chart: &Chart) -> Svg {
    let values = chart.values.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    Line::new(&chart.title, &chart.unit, chart.labels.clone()).series(&chart.title, Tone::Accent, values).draw()
}

/// The text in paragraphs, citations as links.
fn paragraphs(text: &str, citations: &[Citation]) -> Vec<Vec<Piece>> {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| pieces(paragraph, citations)).collect()
}

fn pieces(text: &str, citations: &[Citation]) -> Vec<Piece> {
    let plain = |text: &str| Piece { text: text.to_owned(), href: String::new() };
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some(open) = rest.find('[') {
        let after = &rest[open + 1..];
        let cited = after.find(']').and_then(|close| {
            let n: usize = after[..close].parse().ok()?;
            Some((close, n, citations.get(n.checked_sub(1)?)?))
        });
        let Some((close, n, citation)) = cited else {
            all.push(plain(&rest[..=open]));
            rest = after;
            continue;
        };
        all.push(plain(&rest[..open]));
        all.push(Piece { text: n.to_string(), href: citation.href.clone() });
        rest = &after[close + 1..];
    }
    all.push(plain(rest));
    all
}

/// Asks: events for the page's script, the whole page without it.
pub(crate) async fn ask(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    headers: HeaderMap,
    Form(form): Form<AskForm>,
) -> Result<Response, AppError> {
    let text = form.question.trim().to_owned();
    if text.is_empty() || text.chars().count() > LONGEST {
        return Err(AppError::field("question", "must have 1 to 4,000 characters"));
    }
    let member = member(&by)?;
    let kept = threads::read(&core, by.org(), member, form.thread).await?.unwrap_or_default();
    let history = kept.into_iter().map(|kept| Turn { customer: kept.asked, text: kept.text }).collect();
    let question = Question {
        org: by.org(),
        text: text.clone(),
        history,
        functions: Vec::new(),
        max_tokens: 800,
        temperature: None,
    };
    let steps = set_going(&core, question);
    let wants_events =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
    if !wants_events {
        let (answer, _, done, _) = gathered(steps).await;
        remember(&core, by.org(), member, form.thread, &text, &answer, &done).await;
        return Ok(Redirect::to(&format!("/advisor/{}", form.thread)).into_response());
    }
    let csrf = by.frame("").csrf;
    let kept = Keeping { core, org: by.org(), member, thread: form.thread, question: text, csrf };
    let pieces = stream::unfold(Some((steps, kept, String::new())), |state| async move {
        let (steps, kept, said) = state?;
        next_event(steps, kept, said).await
    });
    let mut response = Sse::new(pieces).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What a streamed answer is kept with.
struct Keeping {
    core: Core,
    org: kernel::ids::OrgId,
    member: MemberId,
    thread: Uuid,
    question: String,
    csrf: String,
}

type Flow = (mpsc::Receiver<Step>, Keeping, String);

async fn next_event(
    mut steps: mpsc::Receiver<Step>,
    kept: Keeping,
    mut said: String,
) -> Option<(Result<Event, Infallible>, Option<Flow>)> {
    let event = |name: &str, data: &Value| Ok(Event::default().event(name).data(data.to_string()));
    loop {
        match steps.recv().await? {
            Step::Text(text) => {
                said.push_str(&text);
                return Some((event("text", &json!(text)), Some((steps, kept, said))));
            }
            Step::Withheld => {
                said.clear();
                return Some((event("withheld", &json!(null)), Some((steps, kept, said))));
            }
            // The page brings no functions of its own.
            Step::Calls(_) => {}
            Step::Done(done) => {
                let data = finished(&kept, &said, *done).await;
                return Some((event("done", &data), None));
            }
        }
    }
}

/// Keeps the answer and gives what stands under it.
async fn finished(kept: &Keeping, said: &str, done: Done) -> Value {
    remember(&kept.core, kept.org, kept.member, kept.thread, &kept.question, said, &done).await;
    let decision = done.decision.map(kernel::ids::DecisionId::uuid);
    let under = extras(&kept.csrf, &done.citations, &done.charts, done.actions, decision, true);
    let links: Vec<&str> = done.citations.iter().map(|citation| citation.href.as_str()).collect();
    json!({
        "html": under.render().unwrap_or_default(),
        "links": links,
        "href": format!("/advisor/{}", kept.thread),
    })
}

/// Makes a task of an action.
pub(crate) async fn make_task(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Form(form): Form<TaskForm>,
) -> Result<Response, AppError> {
    let (title, reason) = (form.title.trim(), form.reason.trim());
    if title.is_empty() || title.chars().count() > 200 || reason.chars().count() > 2_000 {
        return Err(AppError::field("title", "must have 1 to 200 characters, the reason at most 2,000"));
    }
    let mut tx = by.tx().await?;
    let href = core.tasks.make(&mut tx, by.actor(), by.member(), title, reason).await?;
    let entry = AuditEntry::new(by.actor(), "advisor.task_created").detail(json!({"title": title}));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    if by.request().fragment {
        return Ok((
            Toast::done("It is a task now"),
            Html(format!("<a class=\"button\" href=\"{href}\">Open the task</a>")),
        )
            .into_response());
    }
    Ok((Toast::done("It is a task now").on_next_page(), Redirect::to(&href)).into_response())
}

/// Forgets a conversation.
pub(crate) async fn forget(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    Path(thread): Path<Uuid>,
) -> Result<Response, AppError> {
    if !threads::forget(&core, by.org(), member(&by)?, thread).await? {
        return Err(AppError::not_found("conversation"));
    }
    Ok((Toast::done("Forgotten").on_next_page(), Redirect::to("/advisor")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_become_links_and_other_brackets_stay() {
        let citations = [Citation { title: "48 leads".to_owned(), href: "/leads".to_owned() }];
        let said: Vec<(String, String)> = pieces("Lost 48 [1], not [2] nor [x", &citations)
            .into_iter()
            .map(|piece| (piece.text, piece.href))
            .collect();
        let whole: String = said.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(whole, "Lost 48 1, not [2] nor [x");
        assert!(said.iter().any(|(text, href)| text == "1" && href == "/leads"));
    }
}
