//! A question becomes an answer: what it asks for is looked up first, then a model may word it, and nothing is shown whose
//! figures were not looked up.

use std::sync::Arc;
use std::time::Instant;

use ai::decision::Decision;
use ai::gateway::{AnswerStream, Ask, Tier, Turn, Unanswered};
use ai::prompts::{self, Canary};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use connectors::openai::chat::{Finish, Message, Tool as Function, ToolCall};
use kernel::can_fail::CanFail;
use kernel::ids::OrgId;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::figures::{Allowed, Gate};
use crate::period;
use crate::tool::{Action, Asked, Chart, Citation, Found, Tool};

/// How many tools a question may ask for before a model is asked.
const FIRST_LOOKS: usize = 3;
/// How often a model may look up more.
const ROUNDS: usize = 3;
/// How many tools may be called in one answer.
const MOST_LOOKS: usize = 8;
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

/// What was looked up.
#[derive(Default)]
struct Known {
    allowed: Allowed,
    results: Vec<(String, Value)>,
    sentences: Vec<String>,
    done: Done,
}

impl Known {
    fn take(&mut self, name: &str, found: Found) -> Value {
        let first = self.done.citations.len() + 1;
        let rows: Vec<Value> = found
            .citations
            .iter()
            .enumerate()
            .map(|(at, citation)| json!({"cite": format!("[{}]", first + at), "rows": citation.title}))
            .collect();
        self.allowed.add(&found.data);
        for text in found.sentences.iter().chain(found.citations.iter().map(|citation| &citation.title)) {
            self.allowed.add_text(text);
        }
        for action in &found.actions {
            self.allowed.add_text(&action.reason);
            self.allowed.add(&json!(action.expected_value));
        }
        let result =
            json!({"result": found.data, "in_words": found.sentences, "rows": rows, "could_do": found.actions});
        let cites: Vec<String> = (first..first + found.citations.len()).map(|n| format!("[{n}]")).collect();
        let cites = cites.concat();
        let mut said = found.sentences;
        if let (Some(last), false) = (said.last_mut(), cites.is_empty()) {
            last.push(' ');
            last.push_str(&cites);
        }
        self.sentences.extend(said);
        self.done.citations.extend(found.citations);
        self.done.charts.extend(found.chart);
        self.done.actions.extend(found.actions);
        self.results.push((name.to_owned(), result.clone()));
        result
    }

    /// The answer without a model: what was found, and the action that is worth most.
    fn in_words(&self) -> String {
        if self.sentences.is_empty() {
            return "There is nothing in your data about this yet. Connect a source or ask about leads, calls, replies or revenue."
                .to_owned();
        }
        let mut text = self.sentences.join(" ");
        let worth = |action: &&Action| action.expected_value.unwrap_or(0.0);
        if let Some(action) = self.done.actions.iter().max_by(|a, b| worth(a).total_cmp(&worth(b))) {
            text.push_str(&format!("\n\nWhat to do first: {}. {}", action.title.trim_end_matches('.'), action.reason));
        }
        text
    }
}

/// Why a model's answer is not shown.
enum Broken {
    /// A figure nobody gave, or our instructions.
    Stranger(String),
    /// No model answered, or it broke off.
    Unanswered(Unanswered),
    /// Nobody listens any more.
    Gone,
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

/// What a model came to.
enum Said {
    Text(String),
    Calls,
}

/// A streamed answer, with more looked up where the model asks for it. The flag of an error says that text was shown.
async fn by_model(
    core: &Core,
    question: &Question,
    known: &mut Known,
    decision: &mut Decision,
    out: &mpsc::Sender<Step>,
) -> Result<Said, (Broken, bool)> {
    let canary = Canary::of(decision.id);
    let mut messages = first_messages(question, known, &canary);
    let (mut looks, mut shown) = (known.results.len(), false);
    for round in 0..=ROUNDS {
        let mut functions = if round < ROUNDS { core.toolbox.functions() } else { Vec::new() };
        functions.extend(question.functions.iter().cloned());
        let ask = ask(question, messages.clone(), functions);
        let mut stream =
            core.gateway.stream(decision, ask).await.map_err(|reason| (Broken::Unanswered(reason), shown))?;
        let mut gate = Gate::default();
        let broken = pour(&mut stream, &mut gate, known, &canary, out, &mut shown).await;
        let answered = stream.finish(decision).await;
        if let Some(broken) = broken {
            return Err((broken, shown));
        }
        let answered = answered.map_err(|reason| (Broken::Unanswered(reason), shown))?;
        let completion = answered.completion;
        if let Some(usage) = completion.usage {
            known.done.tokens.0 += u64::from(usage.prompt_tokens);
            known.done.tokens.1 += u64::from(usage.completion_tokens);
        }
        known.done.by_model = true;
        known.done.finish = completion.finish();
        let calls = completion.tool_calls().to_vec();
        if calls.is_empty() {
            if gate.text().trim().is_empty() {
                return Err((Broken::Unanswered(Unanswered::Refused("an empty answer".to_owned())), shown));
            }
            return Ok(Said::Text(gate.text().to_owned()));
        }
        let own =
            |call: &ToolCall| question.functions.iter().any(|function| function.function.name == call.function.name);
        if calls.iter().any(own) {
            known.done.finish = Finish::ToolCalls;
            let theirs = calls.into_iter().filter(own).collect();
            out.send(Step::Calls(theirs)).await.map_err(|_| (Broken::Gone, shown))?;
            return Ok(Said::Calls);
        }
        looks += calls.len();
        if looks > MOST_LOOKS {
            break;
        }
        core.gateway
            .use_tools(decision, calls.len() as u32)
            .await
            .map_err(|reason| (Broken::Unanswered(reason), shown))?;
        messages.push(Message::Assistant { content: None, tool_calls: calls.clone() });
        for call in calls {
            let name = call.function.name.clone();
            let content = match look_more(core, question, &call, known).await {
                Ok(result) => canary.quoted_result(&name, &result.to_string()),
                Err(error) => format!("{name} gave nothing: {error:#}"),
            };
            messages.push(Message::Tool { tool_call_id: call.id, content });
        }
    }
    Err((Broken::Unanswered(Unanswered::Refused("it went on looking things up".to_owned())), shown))
}

fn first_messages(question: &Question, known: &Known, canary: &Canary) -> Vec<Message> {
    let language = ai::local::language::detect(&question.text, None);
    let language = if language.is_known() { language.code() } else { "en" };
    let results: Vec<(String, String)> =
        known.results.iter().map(|(name, result)| (format!("Result of {name}"), result.to_string())).collect();
    let results: Vec<(&str, &str)> = results.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    prompts::advice(&question.text, language, &question.history, &results, canary)
}

fn ask(question: &Question, messages: Vec<Message>, functions: Vec<Function>) -> Ask {
    let mut ask = Ask::new("advise", prompts::ADVICE.version, messages, question.max_tokens);
    ask.tier = Tier::Quality;
    ask.temperature = question.temperature.or(ask.temperature);
    ask.tools = functions;
    // The rounds, and the repair.
    ask.most_calls = ROUNDS as i64 + 2;
    ask
}

/// Lets a streamed answer through the gate.
async fn pour(
    stream: &mut AnswerStream,
    gate: &mut Gate,
    known: &Known,
    canary: &Canary,
    out: &mpsc::Sender<Step>,
    shown: &mut bool,
) -> Option<Broken> {
    loop {
        let piece = stream.next().await;
        let released = match &piece {
            Some(piece) => gate.push(piece, &known.allowed),
            None => gate.finish(&known.allowed),
        };
        if canary.leaked_in(gate.text()) {
            return Some(Broken::Stranger("our instructions".to_owned()));
        }
        let (text, stranger) = match released {
            Ok(text) => (text, None),
            Err((text, figure)) => (text, Some(figure)),
        };
        if let Some(figure) = stranger {
            return Some(Broken::Stranger(figure.text));
        }
        if !text.is_empty() {
            if out.send(Step::Text(text)).await.is_err() {
                return Some(Broken::Gone);
            }
            *shown = true;
        }
        piece?;
    }
}

/// What a model asked for.
async fn look_more(core: &Core, question: &Question, call: &ToolCall, known: &mut Known) -> anyhow::Result<Value> {
    let tool: Arc<dyn Tool> =
        core.toolbox.named(&call.function.name).cloned().ok_or_else(|| anyhow::anyhow!("there is no such function"))?;
    let arguments: Value =
        serde_json::from_str(&call.function.arguments).map_err(|_| anyhow::anyhow!("the arguments are not JSON"))?;
    let now = core.kernel.clock.now();
    let mut tx = core.kernel.db.begin(question.org).await?;
    let to = today(&mut tx, now).await?;
    let days = arguments["days"].as_i64().unwrap_or(period::USUAL.cast_signed()).clamp(1, 366);
    let asked = Asked {
        from: to - TimeDelta::days(days - 1),
        to,
        now,
        location: arguments["location"].as_str().map(str::to_owned),
        question: question.text.clone(),
        arguments,
    };
    let found = tool.call(&mut tx, &asked).await?;
    tx.commit().await?;
    Ok(known.take(tool.name(), found))
}

/// One more try, told what was wrong; else the figures for themselves.
async fn repair(
    core: &Core,
    question: &Question,
    known: &mut Known,
    decision: &mut Decision,
    out: &mpsc::Sender<Step>,
    stranger: &str,
) -> (&'static str, String) {
    let canary = Canary::of(decision.id);
    let mut messages = first_messages(question, known, &canary);
    messages.push(Message::system(format!(
        "Your last answer was withheld: \"{}\" stands in no query result. Answer again with figures from the results alone.",
        stranger.chars().filter(|c| !c.is_control()).take(40).collect::<String>()
    )));
    let begun = Instant::now();
    let again = core.gateway.ask(decision, &ask(question, messages, Vec::new())).await;
    if let Ok(answered) = again
        && let Some(text) = answered.completion.text()
        && !text.trim().is_empty()
        && known.allowed.first_stranger(text).is_none()
        && !canary.leaked_in(text)
    {
        decision.stage("repair", POLICY, &["question"], &json!({"withheld": stranger}), begun.elapsed());
        return match out.send(Step::Text(text.to_owned())).await {
            Ok(()) => ("repaired", text.to_owned()),
            Err(_) => ("not_waited_for", text.to_owned()),
        };
    }
    known.done.by_model = false;
    say_locally(known, out, "withheld").await
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
