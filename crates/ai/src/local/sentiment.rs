//! How the writer feels and how soon somebody must act.

use serde::{Deserialize, Serialize};

use super::lexicon::List;
use super::reading::Reading;
use super::urgency::Urgency;

/// The overall tone; `Mixed` holds clear praise and clear blame together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Positive,
    Negative,
    Neutral,
    Mixed,
}

/// The sentiment stage's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    pub sentiment: Tone,
    /// From −1 (negative) to 1 (positive).
    pub score: f32,
    pub urgency: Urgency,
    /// Most probable first, out of the 27 of `GoEmotions`; empty when nothing stands out.
    pub emotions: Vec<String>,
    /// Calibrated probability of `sentiment`.
    pub confidence: f32,
    /// Whether this is the stand-by answer after a failure.
    #[serde(default)]
    pub failed: bool,
}

impl Sentiment {
    /// What to go on with when the stage failed: neutral, medium, flagged.
    pub fn unknown() -> Sentiment {
        let (sentiment, urgency) = (Tone::Neutral, Urgency::Medium);
        Sentiment { sentiment, score: 0.0, urgency, emotions: Vec::new(), confidence: 0.0, failed: true }
    }
}

impl Reading<'_> {
    /// Tone, urgency and emotions.
    pub fn sentiment(&self) -> Sentiment {
        let (sentiment, score, confidence) = self.tone(true);
        let urgency = self.urgency().0;
        Sentiment { sentiment, score, urgency, emotions: self.emotions(), confidence, failed: false }
    }

    /// Tone, score and calibrated confidence; `with_mixed` is false where only three tones are asked for.
    pub fn tone(&self, with_mixed: bool) -> (Tone, f32, f32) {
        if self.folded.bytes().all(|b| b.is_ascii_whitespace()) {
            return (Tone::Neutral, 0.0, 1.0);
        }
        let name = if self.reads_as_english() { "sentiment" } else { "tone" };
        let Some(verdict) = self.verdict(name) else { return (Tone::Neutral, 0.0, 0.0) };
        let p = verdict.probabilities();
        let mut score = 0.0;
        for (class, p) in verdict.classes().iter().zip(&p) {
            score += match tone_named(class) {
                Tone::Positive => *p,
                Tone::Negative => -p,
                Tone::Neutral | Tone::Mixed => 0.0,
            };
        }
        let (class, confidence) = verdict.decide(|class| with_mixed || class != "mixed");
        let tone = tone_named(&verdict.classes()[class]);
        (tone, score.clamp(-1.0, 1.0), confidence)
    }

    /// Up to three emotions over their thresholds. Other languages than English have only what the word lists say.
    pub fn emotions(&self) -> Vec<String> {
        if !self.reads_as_english() {
            return self.emotions_from_words();
        }
        let Some(verdict) = self.verdict("emotions") else { return Vec::new() };
        let over = verdict.over_threshold();
        over.iter()
            .map(|(class, _)| verdict.classes()[*class].as_str())
            .filter(|name| *name != "neutral")
            .take(3)
            .map(str::to_owned)
            .collect()
    }

    /// Every emotion over its threshold, "neutral" included, most probable first.
    pub(crate) fn emotion_labels(&self) -> Vec<String> {
        let Some(verdict) = self.verdict("emotions") else { return Vec::new() };
        verdict.over_threshold().into_iter().map(|(class, _)| verdict.classes()[class].clone()).collect()
    }

    /// The calibrated probability of every emotion.
    pub(crate) fn emotion_probabilities(&self) -> Vec<(&'static str, f32)> {
        let Some(verdict) = self.verdict("emotions") else { return Vec::new() };
        verdict.classes().iter().map(String::as_str).zip(verdict.probabilities()).collect()
    }

    /// Ekman's groups that are felt, in the order of [`EMOTION_GROUPS`].
    ///
    /// A group's probability is that of its tier-1 head; without one the mean of its own head and of "some member is felt".
    pub fn emotion_groups(&self) -> Vec<&'static str> {
        if let Some(verdict) = self.dense_verdict("emotion_groups") {
            let p = verdict.probabilities();
            let felt = (0..p.len()).filter(|class| verdict.reaches(*class, p[*class]));
            return felt.map(|class| EMOTION_GROUPS[class].0).collect();
        }
        let Some(verdict) = self.verdict("emotion_groups") else { return Vec::new() };
        let (own, members) = (verdict.probabilities(), self.emotion_probabilities());
        let felt = |class: usize, group: &[&str]| {
            let none: f32 = members.iter().filter(|(name, _)| group.contains(name)).map(|(_, p)| 1.0 - p).product();
            verdict.reaches(class, f32::midpoint(own[class], 1.0 - none))
        };
        EMOTION_GROUPS
            .iter()
            .enumerate()
            .filter(|(class, (_, group))| felt(*class, group))
            .map(|(_, (name, _))| *name)
            .collect()
    }

    fn emotions_from_words(&self) -> Vec<String> {
        let names = [
            (List::Thanks, "gratitude"),
            (List::Praise, "admiration"),
            (List::Abuse, "anger"),
            (List::Complaint, "annoyance"),
            (List::Critical, "fear"),
        ];
        names.iter().filter(|(list, _)| self.has(*list)).take(3).map(|(_, name)| (*name).to_owned()).collect()
    }
}

/// Ekman's groups as `GoEmotions` maps its labels to them (Demszky et al. 2020), in the order
/// of the head `emotion_groups`.
pub const EMOTION_GROUPS: [(&str, &[&str]); 7] = [
    ("anger", &["anger", "annoyance", "disapproval"]),
    ("disgust", &["disgust"]),
    ("fear", &["fear", "nervousness"]),
    (
        "joy",
        &[
            "admiration",
            "amusement",
            "approval",
            "caring",
            "desire",
            "excitement",
            "gratitude",
            "joy",
            "love",
            "optimism",
            "pride",
            "relief",
        ],
    ),
    ("sadness", &["disappointment", "embarrassment", "grief", "remorse", "sadness"]),
    ("surprise", &["confusion", "curiosity", "realization", "surprise"]),
    ("neutral", &["neutral"]),
];

fn tone_named(name: &str) -> Tone {
    match name {
        "positive" => Tone::Positive,
        "negative" => Tone::Negative,
        "mixed" => Tone::Mixed,
        _ => Tone::Neutral,
    }
}
