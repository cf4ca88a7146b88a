//! An organisation's own intents, learned from the few examples it gives.
//!
//! One classifier, from two examples an intent to hundreds: kernel ridge regression over all examples, among which each
//! intent's name is one. It says when a message belongs to none of the intents: when the examples explain it badly and even
//! the nearest is far.

mod metric;
mod ridge;
mod space;

pub use space::{Space, Vector};

use metric::Metric;
use ridge::Ridge;
use space::Neighbours;

/// A message and the intent a person gave it.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    pub text: &'a str,
    pub intent: &'a str,
}

/// A classifier over one organisation's intents.
pub struct IntentModel {
    space: Space,
    intents: Vec<String>,
    metric: Metric,
    examples: Neighbours,
    ridge: Ridge,
    /// Fit and similarity together under which a message is out of scope.
    needed: f32,
}

/// What the model says about one message.
#[derive(Clone, Debug, PartialEq)]
pub struct IntentGuess<'a> {
    /// `None` when the message is out of scope.
    pub intent: Option<&'a str>,
    /// The best intent even where the message is out of scope.
    pub best: &'a str,
    /// Share of the softmax; compare within one organisation only.
    pub confidence: f32,
    /// Similarity to the nearest example, from 0 to 1.
    pub similarity: f32,
    /// Score of the best intent: how well it explains the message.
    pub fit: f32,
}

impl IntentModel {
    /// Learns from examples; returns `None` when there is not one.
    pub fn learn(space: Space, examples: &[Example<'_>]) -> Option<IntentModel> {
        let mut intents: Vec<String> = Vec::new();
        let mut places = Vec::with_capacity(examples.len());
        for example in examples {
            let place = intents.iter().position(|known| known == example.intent).unwrap_or_else(|| {
                intents.push(example.intent.to_owned());
                intents.len() - 1
            });
            places.push(place);
        }
        if intents.is_empty() {
            return None;
        }
        // With five examples an intent its name is worth two points of accuracy; with ten it still does no harm.
        let names: Vec<String> = intents.iter().map(|name| name.replace(['_', '-', '.'], " ")).collect();
        places.extend(0..names.len());
        let texts = examples.iter().map(|example| example.text).chain(names.iter().map(String::as_str));
        let mut vectors = space.vectors(&texts.collect::<Vec<_>>());
        let sentences: Vec<&[f32]> = vectors.iter().map(|vector| vector.sentence.as_slice()).collect();
        let metric = Metric::learn(&sentences, &places, intents.len());
        for vector in &mut vectors {
            vector.sentence = metric.see(&vector.sentence);
        }
        let examples = Neighbours::new(vectors);
        let ridge = Ridge::fit(&examples, &places, intents.len());
        let needed = space.needed();
        Some(IntentModel { space, intents, metric, examples, ridge, needed })
    }

    /// The intents it knows, in the order their first examples came.
    pub fn intents(&self) -> &[String] {
        &self.intents
    }

    /// Names the intent of one message.
    pub fn guess(&self, text: &str) -> IntentGuess<'_> {
        self.guess_vector(self.space.vectors(&[text]).remove(0))
    }

    /// Names the intents of many messages; an embedder sees them in one batch.
    pub fn guess_all(&self, texts: &[&str]) -> Vec<IntentGuess<'_>> {
        self.space.vectors(texts).into_iter().map(|vector| self.guess_vector(vector)).collect()
    }

    fn guess_vector(&self, mut vector: Vector) -> IntentGuess<'_> {
        vector.sentence = self.metric.see(&vector.sentence);
        let similarities = self.examples.similarities(&vector);
        let scores = self.ridge.scores(&similarities);
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        let shares = super::verdict::softmax(scores.iter().map(|score| score * 8.0));
        let similarity = similarities.iter().copied().fold(0.0, f32::max);
        let best_name = self.intents[best].as_str();
        let intent = (scores[best] + similarity >= self.needed).then_some(best_name);
        IntentGuess { intent, best: best_name, confidence: shares[best], similarity, fit: scores[best] }
    }
}
