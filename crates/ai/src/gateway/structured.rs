//! Answers with a form: a schema, a check, and one repair.

use connectors::openai::chat::Message;
use serde_json::Value;

use super::call::{Answered, Ask, Unanswered};
use super::{Gateway, Schema, Tier};
use crate::decision::Decision;
use crate::prompts::{self, Canary};

/// What is asked.
#[derive(Debug, Clone)]
pub struct StructuredAsk<'a> {
    /// Names the stage in the decision.
    pub stage: &'static str,
    /// What to find out; our own words, never a customer's.
    pub task: &'a str,
    /// What customers or documents say, each with its name; reaches the model as quoted data.
    pub data: &'a [(&'a str, &'a str)],
    /// The form of the answer.
    pub schema: &'a Schema,
    /// How good it must be.
    pub tier: Tier,
    /// The most tokens of the answer.
    pub max_tokens: u32,
}

/// An answer that meets its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Structured {
    /// The answer.
    pub value: Value,
    /// Who gave it.
    pub provider: String,
    /// Whether it took the repair.
    pub repaired: bool,
}

impl Gateway {
    /// Asks for an answer that meets a schema. An answer that does not is given back once with what is wrong; that is the
    /// second and last call of a message.
    pub async fn structured(&self, decision: &mut Decision, ask: &StructuredAsk<'_>) -> Result<Structured, Unanswered> {
        let canary = Canary::of(decision.id);
        let mut call =
            Ask::new(ask.stage, prompts::TASK.version, prompts::task(ask.task, ask.data, &canary), ask.max_tokens);
        call.tier = ask.tier;
        self.checked(decision, call, ask.schema, &canary).await
    }

    pub(super) async fn checked(
        &self,
        decision: &mut Decision,
        mut ask: Ask,
        schema: &Schema,
        canary: &Canary,
    ) -> Result<Structured, Unanswered> {
        ask.temperature = Some(0.0);
        ask.schema = Some((schema.name(), schema.source().clone()));
        let first = self.ask(decision, &ask).await?;
        let text = text_of(&first)?;
        if canary.leaked_in(&text) {
            return Err(Unanswered::Leaked);
        }
        let wrong = match schema.read(&text) {
            Ok(value) => return Ok(Structured { value, provider: first.provider, repaired: false }),
            Err(wrong) => wrong,
        };
        ask.messages.push(Message::Assistant { content: Some(text), tool_calls: Vec::new() });
        ask.messages.push(Message::user(prompts::repair(&wrong)));
        let second = self.ask(decision, &ask).await.map_err(|_| Unanswered::Invalid(wrong))?;
        let text = text_of(&second)?;
        if canary.leaked_in(&text) {
            return Err(Unanswered::Leaked);
        }
        let value = schema.read(&text).map_err(Unanswered::Invalid)?;
        Ok(Structured { value, provider: second.provider, repaired: true })
    }
}

fn text_of(answered: &Answered) -> Result<String, Unanswered> {
    let completion = &answered.completion;
    match (completion.refusal(), completion.text()) {
        (Some(refusal), _) => Err(Unanswered::Refused(refusal.to_owned())),
        (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(Unanswered::Invalid("the answer is empty".to_owned())),
    }
}
