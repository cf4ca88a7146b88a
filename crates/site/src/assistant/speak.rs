//! A visitor says something: it is kept, the dialogue moves on, and what follows is handed over piece by piece.
//!
//! Order that must not change: what was said is committed before anything is looked up, scored or asked of a model; what is said to it
//! is committed before it is shown as a whole. Words of a model are shown while they come, and committed as they were shown. No
//! transaction is open while a model is asked.

use std::sync::Arc;

use ai::gateway::Turn;
use kernel::db::OrgTx;
use kernel::ids::{ChatId, MessageId, encode};
use kernel::vault::OrgVault;
use ring::digest::{SHA256, digest};
use serde_json::json;
use shell::AppError;
use tokio::sync::mpsc;

use super::engine::{self, Data, Known, Run, Said, Saying, Then};
use super::hand_over;
use super::model::{self, Found};
use super::mouth::{Mouth, Step, tell};
use super::passages;
use super::store::{self, Author, Chat, Line, NewLine, State};
use crate::audit::model::Config;
use crate::audit::{config, store as audits, submit};
use crate::core::Core;
use crate::tally::Reach;
use crate::visit::Visit;

/// The most that is said in one chat.
const MOST_LINES: i64 = 400;
/// Lines before the last one that a model is shown.
const BEFORE: usize = 6;

/// What was heard, and what is to be done about it.
pub(super) struct Heard {
    said: Line,
    lines: Vec<Line>,
    then: Then,
    state: State,
    before: Vec<Turn>,
}

/// Keeps what a visitor said and moves the dialogue on, in one transaction.
///
/// # Errors
/// 404 without a chat of that token, 409 when it is full.
pub(super) async fn hear(core: &Core, visit: &Visit, token: &str, given: &Said) -> Result<Heard, AppError> {
    let site = &visit.site;
    let vault = core.kernel().vault.of(site.org).await?;
    let known = passages::of(core, site).await?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(token)).await?;
    let mut chat = store::held(&mut tx, token).await?.ok_or_else(|| AppError::not_found("chat"))?;
    if store::count(&mut tx, chat.id).await? >= MOST_LINES {
        let text =
            "this conversation is full; nothing of it was lost. Begin a new one, or write to us on the contact page";
        return Err(AppError::conflict(text));
    }
    let earlier = store::lines(&mut tx, &vault, chat.id, None).await?;
    let text = in_words(given, &earlier);
    let said = write(&mut tx, &vault, chat.id, Author::Visitor, Saying::new(text)).await?;
    let mut heard = Heard { said, lines: Vec::new(), then: Then::Nothing, state: chat.state, before: turns(&earlier) };
    if chat.state == State::Assistant {
        let questions = questions(&mut tx, &mut chat).await?;
        let known = Known {
            config: &questions,
            plans: &known.plans,
            site: &site.name,
            audit: site.flags.audit,
            booking: site.flags.booking,
        };
        let turn = engine::step(&mut chat.flow, given, &known);
        for saying in turn.lines {
            heard.lines.push(write(&mut tx, &vault, chat.id, Author::Assistant, saying).await?);
        }
        heard.then = turn.then;
    } else {
        tx.enqueue(hand_over::job(chat.id));
    }
    store::keep(&mut tx, chat.id, chat.state, &chat.flow).await?;
    tx.commit().await?;
    Ok(heard)
}

/// Does what is left to do, and hands over what follows. What is said is kept whether anybody still listens or not; only a model is
/// not listened to for nobody.
pub(super) async fn go_on(core: Core, visit: Visit, token: String, heard: Heard, out: mpsc::Sender<Step>) {
    let Heard { said, lines, then, state, before } = heard;
    for line in std::iter::once(said).chain(lines) {
        tell(&out, Step::Line(line.into())).await;
    }
    let more = match then {
        Then::Nothing => Ok(state),
        Then::Look(words) => look(&core, &visit, &token, &words, &before, &out).await,
        Then::Finish(run) => finish(&core, &visit, &token, run, &out).await,
    };
    let last = match more {
        Ok(state) => Step::Done(state),
        Err(error) => {
            // What was said is kept; the visitor can say it again.
            tracing::warn!(error = %error, code = error.code(), "the assistant of a site could not answer");
            Step::Failed("Something went wrong on our side. What you wrote is kept; please try once more.".to_owned())
        }
    };
    tell(&out, last).await;
}

/// Answers a free question, and asks again what stood open.
async fn look(
    core: &Core,
    visit: &Visit,
    token: &str,
    words: &str,
    before: &[Turn],
    out: &mpsc::Sender<Step>,
) -> Result<State, AppError> {
    let site = &visit.site;
    let mouth = Mouth { id: MessageId::new(&core.kernel().clock), out };
    let Found { mut saying, shown } = model::find(core, site, words, before, &mouth).await?;
    let known = passages::of(core, site).await?;
    let vault = core.kernel().vault.of(site.org).await?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(token)).await?;
    let Some(mut chat) = store::held(&mut tx, token).await? else { return Ok(State::Closed) };
    let with_people = chat.state != State::Assistant;
    if with_people {
        // People were asked meanwhile: the assistant is silent, but what was shown was said.
        saying.text.truncate(shown);
        if shown == 0 {
            return Ok(chat.state);
        }
        tx.enqueue(hand_over::job(chat.id));
    }
    let questions = questions(&mut tx, &mut chat).await?;
    let known = Known {
        config: &questions,
        plans: &known.plans,
        site: &site.name,
        audit: site.flags.audit,
        booking: site.flags.booking,
    };
    let open = engine::resume(&chat.flow, &known).filter(|_| !with_people);
    if open.is_none() && !with_people {
        saying.data.choices = engine::menu(&chat.flow, &known);
    }
    let answer = write_as(&mut tx, &vault, chat.id, mouth.id, Author::Assistant, saying).await?;
    let open = match open {
        Some(open) => Some(write(&mut tx, &vault, chat.id, Author::Assistant, open).await?),
        None => None,
    };
    store::keep(&mut tx, chat.id, chat.state, &chat.flow).await?;
    tx.commit().await?;
    mouth.say_all(&answer.text[shown..]).await;
    for line in std::iter::once(answer).chain(open) {
        tell(out, Step::Line(line.into())).await;
    }
    Ok(chat.state)
}

/// Scores what was answered, as an audit like every other, and tells the result.
async fn finish(
    core: &Core,
    visit: &Visit,
    token: &str,
    run: Run,
    out: &mpsc::Sender<Step>,
) -> Result<State, AppError> {
    let site = &visit.site;
    let vault = core.kernel().vault.of(site.org).await?;
    let known = passages::of(core, site).await?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(token)).await?;
    let Some(mut chat) = store::by_token(&mut tx, token).await? else { return Ok(State::Closed) };
    let questions = questions(&mut tx, &mut chat).await?;
    drop(tx);
    let link = audit_token(token, run);
    let outcome = submit::outcome(&questions, chat.flow.version, &chat.flow.answers, &site.settings.currency);
    let done = match &outcome {
        None => None,
        Some(outcome) => {
            let mut tx = core.kernel().db.begin_site(site.org, Some(&link)).await?;
            let id = match audits::held(&mut tx, &link).await? {
                Some(audit) => audit.id,
                None => audits::begin(&mut tx, &link, chat.flow.version, &chat.source).await?,
            };
            audits::keep(&mut tx, id, &chat.flow.answers, submit::last_step(&questions)).await?;
            submit::hand_in(core, &mut tx, id, outcome).await?;
            tx.commit().await?;
            core.tally().reached(visit, Reach::Result);
            Some(id)
        }
    };
    let mut tx = core.kernel().db.begin_site(site.org, Some(token)).await?;
    let Some(mut chat) = store::held(&mut tx, token).await? else { return Ok(State::Closed) };
    chat.flow.run = chat.flow.run.filter(|now| *now != run);
    if let Some(id) = done {
        chat.flow.done.insert(run, id);
    }
    let known = Known {
        config: &questions,
        plans: &known.plans,
        site: &site.name,
        audit: site.flags.audit,
        booking: site.flags.booking,
    };
    let sayings = match &outcome {
        // People were asked meanwhile: the assistant is silent, and the result is where it always is.
        _ if chat.state != State::Assistant => Vec::new(),
        Some(outcome) => engine::result(run, &chat.flow, outcome, &format!("/audit/results/{link}"), &known),
        None => vec![too_little(&chat, &known)],
    };
    let mut lines = Vec::with_capacity(sayings.len());
    for saying in sayings {
        lines.push(write(&mut tx, &vault, chat.id, Author::Assistant, saying).await?);
    }
    store::keep(&mut tx, chat.id, chat.state, &chat.flow).await?;
    tx.commit().await?;
    for line in lines {
        tell(out, Step::Line(line.into())).await;
    }
    Ok(chat.state)
}

fn too_little(chat: &Chat, known: &Known<'_>) -> Saying {
    let text = "That was too little to score anything. You can begin again and answer at least how inquiries are answered, or what \
                is in use.";
    let mut saying = Saying::new(text);
    saying.data.choices = engine::menu(&chat.flow, known);
    saying
}

/// The questions that the chat's answers belong to: those it began with, or today's where it has none.
async fn questions(tx: &mut OrgTx, chat: &mut Chat) -> Result<Arc<Config>, AppError> {
    if !chat.flow.asked.is_empty()
        && let Some(begun_with) = config::read(tx, chat.flow.version).await?
    {
        return Ok(begun_with);
    }
    let (version, current) = config::current(tx).await?;
    chat.flow.version = version;
    Ok(current)
}

/// Writes a line, and gives it as it stands there.
pub(super) async fn write(
    tx: &mut OrgTx,
    vault: &OrgVault,
    chat: ChatId,
    author: Author,
    saying: Saying,
) -> Result<Line, AppError> {
    let id = MessageId::new(tx.clock());
    write_as(tx, vault, chat, id, author, saying).await
}

/// The same under an id that is known already: words of it were shown.
async fn write_as(
    tx: &mut OrgTx,
    vault: &OrgVault,
    chat: ChatId,
    id: MessageId,
    author: Author,
    saying: Saying,
) -> Result<Line, AppError> {
    let at = tx.clock().now();
    let Saying { text, data } = saying;
    let data = (data != Data::default()).then_some(data);
    store::insert(tx, vault, chat, &NewLine { id, author, text: &text, data: data.as_ref() }).await?;
    Ok(Line { id, author, text, data, at })
}

/// What was said, in words: the labels of what was chosen among what was offered last, and what was written.
fn in_words(said: &Said, earlier: &[Line]) -> String {
    let offered = earlier.iter().rev().find(|line| line.author == Author::Assistant && line.data.is_some());
    let choices = offered.and_then(|line| line.data.as_ref()).map(|data| data.choices.as_slice()).unwrap_or_default();
    let label = |id: &String| {
        let found = choices.iter().find(|choice| choice.id == *id).map(|choice| choice.label.clone());
        found.unwrap_or_else(|| id.clone())
    };
    let mut parts: Vec<String> = said.choices().iter().map(label).collect();
    if !said.text().is_empty() {
        parts.push(said.text().to_owned());
    }
    parts.join(", ")
}

/// The last of what was said, for a model.
fn turns(lines: &[Line]) -> Vec<Turn> {
    let last = lines.len().saturating_sub(BEFORE);
    let turn = |line: &Line| Turn { customer: line.author == Author::Visitor, text: line.text.clone() };
    lines[last..].iter().map(turn).collect()
}

/// The token of the audit that a chat's answers become: made from the chat's own, so that a chat that is repeated makes no second one.
fn audit_token(chat: &str, run: Run) -> String {
    let made = digest(&SHA256, json!(["audit of a chat", run.word(), chat]).to_string().as_bytes());
    let mut bits = [0; 16];
    for (bit, byte) in bits.iter_mut().zip(made.as_ref()) {
        *bit = *byte;
    }
    encode(u128::from_be_bytes(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_of_a_chat_has_one_link_for_each_way_and_it_tells_nothing_of_the_chats() {
        let chat = encode(7);
        let link = audit_token(&chat, Run::Assessment);
        assert_eq!(link, audit_token(&chat, Run::Assessment));
        assert_ne!(link, audit_token(&chat, Run::Readiness));
        assert_ne!(link, audit_token(&encode(8), Run::Assessment));
        assert!(kernel::ids::decode(&link).is_some() && link != chat);
    }
}
