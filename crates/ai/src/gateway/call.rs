//! One call of a model: budget, provider by provider, one retry each, recorded in the decision.

use std::time::{Duration, Instant};

use connectors::openai::chat::{ChatRequest, Completion, Message, ResponseFormat, SchemaFormat, Tool, Usage};
use connectors::openai::failure::{Failure, FailureKind};
use serde_json::{Value, json};

use super::budget::{self, Claim, Cost, OverBudget, Reservation, ReserveError, Spender};
use super::providers::{LONGEST_PAUSE, Provider, Tier};
use super::{Gateway, tokens};
use crate::decision::{Decision, ModelCall};

/// A message is answered with at most this many model calls, one after the other.
pub const MOST_CALLS_A_MESSAGE: i64 = 2;
/// The pause before the one retry, where the provider asked for none.
const PAUSE: Duration = Duration::from_millis(250);
/// No call goes on to another attempt or provider after this.
const PATIENCE: Duration = Duration::from_secs(45);

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Names the stage in the decision.
    pub stage: &'static str,
    /// The version of the prompt.
    pub prompt: String,
    /// How good it must be.
    pub tier: Tier,
    /// The conversation with the model.
    pub messages: Vec<Message>,
    /// The most tokens of the answer.
    pub max_tokens: u32,
    /// 0 to 2.
    pub temperature: Option<f32>,
    /// A name and a JSON Schema that the answer must meet.
    pub schema: Option<(&'static str, Value)>,
    /// Functions it may call.
    pub tools: Vec<Tool>,
    /// The most calls of this turn.
    pub most_calls: i64,
}

impl Ask {
    /// A question about a customer's message, within the calls of one message.
    pub fn new(stage: &'static str, prompt: &str, messages: Vec<Message>, max_tokens: u32) -> Self {
        Self {
            stage,
            prompt: prompt.to_owned(),
            tier: Tier::Fast,
            messages,
            max_tokens,
            temperature: Some(0.2),
            schema: None,
            tools: Vec::new(),
            most_calls: MOST_CALLS_A_MESSAGE,
        }
    }

    pub(super) fn request(&self, model: &str) -> ChatRequest {
        let format = self.schema.as_ref().map(|(name, schema)| ResponseFormat::JsonSchema {
            json_schema: SchemaFormat { name: (*name).to_owned(), schema: schema.clone(), strict: true },
        });
        ChatRequest {
            model: model.to_owned(),
            messages: self.messages.clone(),
            max_completion_tokens: Some(self.max_tokens),
            temperature: self.temperature,
            response_format: format,
            tools: self.tools.clone(),
            ..ChatRequest::default()
        }
    }

    fn tokens_in(&self) -> u64 {
        tokens::bound_of(&self.messages, &self.tools, self.schema.as_ref().map(|(_, schema)| schema)) as u64
    }

    /// The most it can cost at a provider.
    pub(super) fn most(&self, provider: &Provider) -> Cost {
        let (tokens_in, tokens_out) = (self.tokens_in(), u64::from(self.max_tokens));
        Cost { tokens: (tokens_in + tokens_out).cast_signed(), micros: provider.price(tokens_in, tokens_out) }
    }
}

/// Why no model answered. The local answer is used then.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unanswered {
    /// No provider is configured.
    #[error("no provider is configured")]
    NoProvider,
    /// A limit is used up.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// Every provider's breaker is open or it rests; nothing was sent.
    #[error("every provider is resting")]
    AllResting,
    /// Every provider that was asked failed.
    #[error("no provider answered: {}", .0.join("; "))]
    Failed(Vec<String>),
    /// The model would not answer.
    #[error("the model refused: {0}")]
    Refused(String),
    /// The answer does not meet its schema, even after the repair.
    #[error("the answer does not meet its schema: {0}")]
    Invalid(String),
    /// The answer repeats our instructions.
    #[error("the answer leaks the instructions")]
    Leaked,
    /// The budget could not be read, so nothing may be spent.
    #[error("the budget cannot be read: {0}")]
    Database(String),
}

impl From<ReserveError> for Unanswered {
    fn from(error: ReserveError) -> Self {
        match error {
            ReserveError::Over(over) => Self::OverBudget(over),
            ReserveError::Database(error) => Self::Database(error.to_string()),
        }
    }
}

/// An answer and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What it said.
    pub completion: Completion,
    /// Who.
    pub provider: String,
}

impl Gateway {
    /// Asks the providers in their order until one answers; the call and its failures stand in `decision` either way.
    pub async fn ask(&self, decision: &mut Decision, ask: &Ask) -> Result<Answered, Unanswered> {
        let begun = Instant::now();
        let mut call = ModelCall::default();
        let answered = self.try_providers(&spender(decision), ask, &mut call).await;
        let output = match &answered {
            Ok(answered) => output(&answered.completion),
            Err(reason) => json!({"unanswered": reason.to_string()}),
        };
        decision.push(ask.stage, &ask.prompt, &[], output, begun.elapsed(), Some(call));
        answered
    }

    async fn try_providers(&self, spender: &Spender, ask: &Ask, call: &mut ModelCall) -> Result<Answered, Unanswered> {
        if self.inner.providers.is_empty() {
            return Err(Unanswered::NoProvider);
        }
        let begun = Instant::now();
        let mut calls = 1;
        let mut asked = false;
        for provider in &self.inner.providers {
            if self.inner.rests.is_resting(provider.name(), self.inner.clock.now()) {
                call.failed.push(format!("{}: resting", provider.name()));
                continue;
            }
            for attempt in 1..=2 {
                if begun.elapsed() > PATIENCE {
                    return Err(Unanswered::Failed(call.failed.clone()));
                }
                let claim = Claim { cost: ask.most(provider), calls, tools: 0, most_calls: Some(ask.most_calls) };
                let reservation = budget::reserve(&self.inner.db, spender, claim, self.inner.clock.now()).await?;
                calls = 0;
                let result = self.attempt(provider, ask, reservation, call).await;
                let failure = match result {
                    Ok(completion) => return Ok(Answered { completion, provider: provider.name().to_owned() }),
                    Err(failure) => failure,
                };
                asked |= failure.kind != FailureKind::Resting;
                call.failed.push(format!("{}: {failure}", provider.name()));
                match pause(&failure) {
                    Some(pause) if attempt == 1 => tokio::time::sleep(pause).await,
                    _ => break,
                }
            }
        }
        if asked { Err(Unanswered::Failed(call.failed.clone())) } else { Err(Unanswered::AllResting) }
    }

    async fn attempt(
        &self,
        provider: &Provider,
        ask: &Ask,
        reservation: Reservation,
        call: &mut ModelCall,
    ) -> Result<Completion, Failure> {
        let request = ask.request(provider.model(ask.tier));
        call.request = request.body(false, false);
        let guard = self.guard(reservation);
        let result = provider.client.chat(&request).await;
        let now = self.inner.clock.now();
        match result {
            Ok(answered) => {
                self.inner.rests.answered(provider.name());
                let usage = answered.value.usage;
                let cost = charge(provider, call, usage, &answered.value, reservation.cost);
                guard.settle(cost).await;
                Ok(answered.value)
            }
            Err(failure) => {
                self.inner.rests.failed(provider.name(), &failure, now);
                guard.settle(if may_be_billed(&failure) { reservation.cost } else { Cost::default() }).await;
                Err(failure)
            }
        }
    }

    /// Asks a recorded question again, for a replay; gives the output as a stage records it.
    pub(crate) async fn ask_again(&self, decision: &Decision, call: &ModelCall) -> Result<Value, Unanswered> {
        let messages = serde_json::from_value(call.request["messages"].clone())
            .map_err(|error| Unanswered::Invalid(format!("the recorded messages: {error}")))?;
        let max_tokens = call.request["max_completion_tokens"].as_u64().unwrap_or(512) as u32;
        let mut ask = Ask::new("replay", "", messages, max_tokens);
        ask.temperature = call.request["temperature"].as_f64().map(|value| value as f32);
        let mut again = Decision::new(decision.org, "replay", &decision.policy, &self.inner.clock);
        let answered = self.ask(&mut again, &ask).await?;
        Ok(output(&answered.completion))
    }
}

/// What an answer cost; one without a usage costs what its text can cost at most.
pub(super) fn charge(
    provider: &Provider,
    call: &mut ModelCall,
    usage: Option<Usage>,
    completion: &Completion,
    most: Cost,
) -> Cost {
    let out = tokens::bound(completion.text().unwrap_or_default()) as u64;
    let bounds = (most.tokens.cast_unsigned().saturating_sub(out), out);
    let told = usage.filter(|usage| usage.total() > 0);
    let (tokens_in, tokens_out) =
        told.map_or(bounds, |usage| (u64::from(usage.prompt_tokens), u64::from(usage.completion_tokens)));
    provider.name().clone_into(&mut call.provider);
    call.model.clone_from(&completion.model);
    call.tokens_in = tokens_in;
    call.tokens_out = tokens_out;
    let micros = provider.price(tokens_in, tokens_out);
    call.cost_micros = micros.max(0).cast_unsigned();
    Cost { tokens: (tokens_in + tokens_out).cast_signed(), micros }
}

/// What of an answer stands in the record.
pub(super) fn output(completion: &Completion) -> Value {
    let choice = completion.choices.first();
    json!({
        "text": completion.text(),
        "refusal": completion.refusal(),
        "tool_calls": choice.map(|choice| &choice.message.tool_calls).filter(|calls| !calls.is_empty()),
        "finish": choice.map(|choice| choice.finish_reason),
    })
}

/// For whom a decision's calls are made.
pub(super) fn spender(decision: &Decision) -> Spender {
    Spender { org: decision.org, conversation: decision.subject.conversation, turn: Some(decision.turn()) }
}

/// How long to wait before the same provider is asked again; `None` when that is no use.
fn pause(failure: &Failure) -> Option<Duration> {
    let wait = failure.retry_after.unwrap_or(PAUSE);
    (failure.is_retryable() && wait <= LONGEST_PAUSE).then_some(wait)
}

/// True when the provider may have worked for us although no answer came.
pub(super) fn may_be_billed(failure: &Failure) -> bool {
    let lost = matches!(failure.kind, FailureKind::TimedOut | FailureKind::Interrupted | FailureKind::Malformed);
    (failure.status.is_none() && lost) || failure.kind == FailureKind::ContentFiltered
}
