//! A question becomes an answer: what it asks for is looked up first, then a model may word it, and nothing is shown whose
//! figures were not looked up.

mod known;
mod model;

use ai::decision::Decision;
use ai::gateway::Turn;
use chrono::{DateTime, NaiveDate, Utc};
use connectors::openai::chat::{Finish, Tool as Function, ToolCall};
use kernel::can_fail::CanFail;
use kernel::ids::OrgId;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::known::Known;
use self::model::{Broken, Said, by_model, repair};
use crate::core::Core;
use crate::period;
use crate::tool::{Action, Asked, Chart, Citation};

/// How many tools a question may ask for before a model is asked.
const FIRST_LOOKS: usize = 3;
/// The version of this way of answering, in decision records.
const POLICY: &str = "advice.1";

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whose data.
    pub org: OrgId,
    /// The question.
    pub text: String,
    /// What was said before, oldest first.
    pub history: Vec<Turn>,
    /// Functions of the caller's own, which it will call itself.
    pub functions: Vec<Function>,
    /// The most tokens of the answer.
    pub max_tokens: u32,
    /// 0 to 2.
    pub temperature: Option<f32>,
}

/// What comes out, in order.
#[derive(Clone, Debug)]
pub enum Step {
    /// More text; every figure in it stands.
    Text(String),
    /// What was said before is withheld: a figure in it is nowhere in the data. What follows is the answer.
    Withheld,
    /// The caller's own functions are to be called.
    Calls(Vec<ToolCall>),
    /// It is over.
    Done(Box<Done>),
}

/// What stands at the end of an answer.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the question and of the answer.
    pub tokens: (u64, u64),
    /// The rows behind it, in the order of their numbers.
    pub citations: Vec<Citation>,
    /// Charts of what was looked up.
    pub charts: Vec<Chart>,
    /// What can be done.
    pub actions: Vec<Action>,
    /// How it was made: for `recoup replay` and the "why".
    pub decision: Option<kernel::ids::DecisionId>,
    /// Whether a model worded it.
    pub by_model: bool,
}

/// Answers; the steps go to `out`, and the answer stops when nobody takes them.
pub async fn answer(core: &Core, question: Question, out: mpsc::Sender<Step>) {
    let mut decision = Decision::new(question.org, "advice", POLICY, &core.kernel.clock);
    decision.input("question", &question.text);
    let mut known = Known::default();
    known.allowed.write_in(ai::local::language::detect(&question.text, None).code());
    known.allowed.add_question(&question.text);
    for turn in question.history.iter().filter(|turn| turn.customer) {
        known.allowed.add_question(&turn.text);
    }
    let (outcome, text) = match look_first(core, &question, &mut known).await {
        Ok(()) => {
            let results: Value = known
                .results
                .iter()
                .map(|(name, result)| (name.clone(), result.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            decision.stage("look", POLICY, &["question"], &results, std::time::Duration::ZERO);
            say(core, &question, &mut known, &mut decision, &out).await
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the advisor cannot read the data");
            let text = "Your data cannot be read at the moment. Nothing was lost; ask again in a minute.".to_owned();
            if out.send(Step::Text(text.clone())).await.is_err() {
                return;
            }
            ("unavailable", text)
        }
    };
    let mut done = std::mem::take(&mut known.done);
    if done.tokens == (0, 0) {
        done.tokens = (estimate(&question.text), estimate(&text));
    }
    decision.conclude(outcome, None, &json!({"text": text}));
    done.decision = keep(core, &decision).await.can_fail("keeping the record of an advice").map(|()| decision.id);
    // Nobody listening is how a closed connection looks: there is no one to tell.
    if out.send(Step::Done(Box::new(done))).await.is_err() {
        tracing::debug!("the answer was not waited for");
    }
}

/// What the question asks for, before any model is asked.
async fn look_first(core: &Core, question: &Question, known: &mut Known) -> anyhow::Result<()> {
    let tools = core.toolbox.meant(&question.text, FIRST_LOOKS);
    let now = core.kernel.clock.now();
    let mut tx = core.kernel.db.begin(question.org).await?;
    let today = today(&mut tx, now).await?;
    let (from, to) = period::meant(&question.text, today);
    for tool in tools {
        let asked = Asked { from, to, now, location: None, question: question.text.clone(), arguments: json!({}) };
        let found = tool.call(&mut tx, &asked).await?;
        known.take(tool.name(), found);
    }
    tx.commit().await?;
    Ok(())
}

/// The organisation's day.
pub(crate) async fn today(tx: &mut kernel::db::OrgTx, now: DateTime<Utc>) -> anyhow::Result<NaiveDate> {
    let zone: Option<String> = sqlx::query_scalar("select time_zone from organisations where id = $1")
        .bind(tx.org())
        .fetch_optional(tx.conn())
        .await?;
    let zone = zone.and_then(|zone| zone.parse::<chrono_tz::Tz>().ok()).unwrap_or(chrono_tz::UTC);
    Ok(now.with_timezone(&zone).date_naive())
}

/// Says what is known; gives the outcome and the text.
async fn say(
    core: &Core,
    question: &Question,
    known: &mut Known,
    decision: &mut Decision,
    out: &mpsc::Sender<Step>,
) -> (&'static str, String) {
    if !core.gateway.has_providers() {
        return say_locally(known, out, "local").await;
    }
    match by_model(core, question, known, decision, out).await {
        Ok(Said::Text(text)) => ("answered", text),
        Ok(Said::Calls) => ("calls", String::new()),
        Err((Broken::Gone, _)) => ("not_waited_for", String::new()),
        Err((Broken::Unanswered(reason), said_something)) => {
            tracing::warn!(%reason, "no model advised; the figures stand for themselves");
            known.done.by_model = false;
            if said_something && out.send(Step::Withheld).await.is_err() {
                return ("not_waited_for", String::new());
            }
            say_locally(known, out, "local").await
        }
        Err((Broken::Stranger(figure), said_something)) => {
            tracing::warn!(decision = %decision.id, "a model's answer held a figure that was not looked up");
            if said_something && out.send(Step::Withheld).await.is_err() {
                return ("not_waited_for", String::new());
            }
            repair(core, question, known, decision, out, &figure).await
        }
    }
}

async fn say_locally(known: &Known, out: &mpsc::Sender<Step>, outcome: &'static str) -> (&'static str, String) {
    let text = known.in_words();
    match out.send(Step::Text(text.clone())).await {
        Ok(()) => (outcome, text),
        Err(_) => ("not_waited_for", text),
    }
}

async fn keep(core: &Core, decision: &Decision) -> anyhow::Result<()> {
    let vault = core.kernel.vault.of(decision.org).await?;
    let row = decision.seal(&vault)?;
    let mut tx = core.kernel.db.begin(decision.org).await?;
    ai::decision::insert_many(&mut tx, &[row]).await?;
    tx.commit().await?;
    Ok(())
}

/// Tokens of a text, where no provider counted them: four bytes each.
fn estimate(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}
