//! The answer in a model's words, as far as its figures stand.

use std::sync::Arc;
use std::time::Instant;

use ai::decision::Decision;
use ai::gateway::{AnswerStream, Ask, Tier, Unanswered};
use ai::prompts::{self, Canary};
use chrono::TimeDelta;
use connectors::openai::chat::{Finish, Message, Tool as Function, ToolCall};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::known::Known;
use super::{POLICY, Question, Step, say_locally, today};
use crate::core::Core;
use crate::figures::Gate;
use crate::period;
use crate::tool::{Asked, Tool};

/// How often a model may look up more.
const ROUNDS: usize = 3;
/// How many tools may be called in one answer.
const MOST_LOOKS: usize = 8;

/// Why a model's answer is not shown.
pub(super) enum Broken {
    /// A figure nobody gave, or our instructions.
    Stranger(String),
    /// No model answered, or it broke off.
    Unanswered(Unanswered),
    /// Nobody listens any more.
    Gone,
}

/// What a model came to.
pub(super) enum Said {
    Text(String),
    Calls,
}

/// A streamed answer, with more looked up where the model asks for it. The flag of an error says that text was shown.
pub(super) async fn by_model(
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
pub(super) async fn repair(
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
