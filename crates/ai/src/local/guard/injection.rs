//! Prompt injection: words that address the machine behind the conversation instead of the business.

use super::{Flag, Guardrail};
use crate::local::lexicon::{Hit, List};
use crate::local::reading::Reading;

/// Verb, scope and object must stand within this many bytes of each other.
const REACH: u32 = 70;
/// Probability of the model from which it is worth a flag; chosen for at most 1 % false alarms.
const RULE_RISK: f32 = 0.95;

impl Reading<'_> {
    pub(super) fn guard_injection(&self, guard: &mut Guardrail) {
        if self.injected_by_rule() {
            guard.block(Flag::Injection, RULE_RISK);
        }
        if let Some(risk) = self.injection_suspected() {
            guard.flag(Flag::InjectionSuspected, risk);
        }
    }

    /// Whether a rule finds an injection: a telling phrase, or "ignore … all … instructions" in any order.
    pub fn injected_by_rule(&self) -> bool {
        self.has(List::InjectPhrase) || self.hits.of(List::InjectVerb).any(|verb| self.overrides(verb))
    }

    /// The model's probability where it exceeds the threshold for at most 1 % false alarms.
    pub fn injection_suspected(&self) -> Option<f32> {
        let verdict = self.verdict("injection")?;
        verdict.over_threshold().first().map(|(_, p)| *p)
    }

    /// The model's probability of an injection.
    pub fn injection_probability(&self) -> f32 {
        self.verdict("injection").map_or(0.0, |verdict| verdict.probabilities()[0])
    }

    fn overrides(&self, verb: &Hit) -> bool {
        let near = |hit: &&Hit| {
            hit.language == verb.language && hit.start.max(verb.start) - hit.start.min(verb.start) <= REACH
        };
        let scope = self.hits.of(List::InjectScope).find(near);
        let object = self.hits.of(List::InjectObject).find(near);
        let (Some(scope), Some(object)) = (scope, object) else { return false };
        let (start, end) = (verb.start.min(scope.start).min(object.start), verb.end.max(scope.end).max(object.end));
        let span = &self.folded[start as usize..end as usize];
        // A customer may take back their own words: "ignore my previous instructions for the courier".
        !span.contains(" my ") && !span.contains(" our ")
    }
}
