//! A streamed answer within the budget: text as it comes, settled at the end or when it is dropped.
//!
//! Providers are tried in their order until one begins; after the first piece there is no other. Dropping the stream
//! closes the connection, and what came so far is what is paid.

use std::time::Instant;

use connectors::openai::failure::{Failure, FailureKind};
use connectors::openai::stream::{ChatStream, Piece};
use serde_json::json;

use super::budget::{self, Claim, Cost};
use super::call::{Answered, Ask, Unanswered, charge, may_be_billed, output, spender};
use super::guard::Guard;
use super::{Gateway, tokens};
use crate::decision::{Decision, ModelCall};

/// A streamed answer being read.
pub struct AnswerStream {
    gateway: Gateway,
    stream: ChatStream,
    guard: Guard,
    ask: Ask,
    provider: usize,
    call: ModelCall,
    begun: Instant,
    most: Cost,
    tokens_in: i64,
    failure: Option<Failure>,
}

impl Gateway {
    /// Begins a streamed answer; hand the stream to [`AnswerStream::finish`] to have it recorded.
    pub async fn stream(&self, decision: &mut Decision, ask: Ask) -> Result<AnswerStream, Unanswered> {
        let begun = Instant::now();
        let mut call = ModelCall::default();
        let begin = self.begin(decision, &ask, &mut call).await;
        match begin {
            Ok((provider, stream, mut guard, most)) => {
                let tokens_in = most.tokens - i64::from(ask.max_tokens);
                guard.at_drop.tokens = tokens_in;
                Ok(AnswerStream {
                    gateway: self.clone(),
                    stream,
                    guard,
                    ask,
                    provider,
                    call,
                    begun,
                    most,
                    tokens_in,
                    failure: None,
                })
            }
            Err(reason) => {
                let output = json!({"unanswered": reason.to_string()});
                decision.push(ask.stage, &ask.prompt, &[], output, begun.elapsed(), Some(call));
                Err(reason)
            }
        }
    }

    async fn begin(
        &self,
        decision: &Decision,
        ask: &Ask,
        call: &mut ModelCall,
    ) -> Result<(usize, ChatStream, Guard, Cost), Unanswered> {
        if self.inner.providers.is_empty() {
            return Err(Unanswered::NoProvider);
        }
        let (mut calls, mut asked) = (1, false);
        for (at, provider) in self.inner.providers.iter().enumerate() {
            let now = self.inner.clock.now();
            if self.inner.rests.is_resting(provider.name(), now) {
                call.failed.push(format!("{}: resting", provider.name()));
                continue;
            }
            let most = ask.most(provider);
            let claim = Claim { cost: most, calls, tools: 0, most_calls: Some(ask.most_calls) };
            let reservation = budget::reserve(&self.inner.db, &spender(decision), claim, now).await?;
            calls = 0;
            let guard = self.guard(reservation);
            let request = ask.request(provider.model(ask.tier));
            call.request = request.body(true, false);
            match provider.client.stream(&request).await {
                Ok(stream) => return Ok((at, stream, guard, most)),
                Err(failure) => {
                    asked |= failure.kind != FailureKind::Resting;
                    self.inner.rests.failed(provider.name(), &failure, now);
                    call.failed.push(format!("{}: {failure}", provider.name()));
                    guard.settle(if may_be_billed(&failure) { most } else { Cost::default() }).await;
                }
            }
        }
        if asked { Err(Unanswered::Failed(call.failed.clone())) } else { Err(Unanswered::AllResting) }
    }
}

impl AnswerStream {
    /// The next piece of text; `None` when the answer is whole or broke off.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await? {
                Ok(Piece::Text(text) | Piece::Refusal(text)) => {
                    // A piece is at least a token, and its bytes are the most it can be.
                    let provider = &self.gateway.inner.providers[self.provider];
                    self.guard.at_drop.tokens =
                        (self.guard.at_drop.tokens + tokens::bound(&text).max(1) as i64).min(self.most.tokens);
                    let out = self.guard.at_drop.tokens - self.tokens_in;
                    self.guard.at_drop.micros = provider.price(self.tokens_in.cast_unsigned(), out.cast_unsigned());
                    return Some(text);
                }
                Ok(Piece::ToolCall | Piece::Finished(_)) => {}
                Err(failure) => {
                    self.failure = Some(failure);
                    return None;
                }
            }
        }
    }

    /// Settles and records the answer; one that broke off is an error, with what came of it in the record.
    pub async fn finish(self, decision: &mut Decision) -> Result<Answered, Unanswered> {
        let Self { gateway, stream, guard, ask, provider, mut call, begun, most, failure, .. } = self;
        let provider = &gateway.inner.providers[provider];
        let completion = stream.answer().clone();
        drop(stream);
        let broke = failure.is_some();
        let cost = if completion.usage.is_none() && broke {
            let cost = guard.at_drop;
            charge(provider, &mut call, None, &completion, cost);
            cost
        } else {
            charge(provider, &mut call, completion.usage, &completion, most)
        };
        guard.settle(cost).await;
        let mut recorded = output(&completion);
        if let Some(failure) = &failure {
            gateway.inner.rests.failed(provider.name(), failure, gateway.inner.clock.now());
            call.failed.push(format!("{}: {failure}", provider.name()));
            recorded["broke_off"] = failure.to_string().into();
        }
        decision.push(ask.stage, &ask.prompt, &[], recorded, begun.elapsed(), Some(call.clone()));
        if broke {
            return Err(Unanswered::Failed(call.failed));
        }
        Ok(Answered { completion, provider: provider.name().to_owned() })
    }
}
