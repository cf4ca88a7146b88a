//! Sentiment in three and four tones, and emotions one by one and in seven groups, on `GoEmotions`.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, Suite};
use crate::eval::measures::{calibration_error, macro_f1, macro_f1_many, macro_recall};
use crate::eval::report::Row;
use crate::local::{EMOTION_GROUPS, Tone};

pub struct Sentiment;
pub struct Emotions;

#[derive(Deserialize)]
struct Comment {
    text: String,
    #[serde(default)]
    emotions: Vec<String>,
    sentiment: Option<String>,
}

const FILES: [&str; 3] = ["goemotions/test", "goemotions/holdout", "goemotions/valid"];

fn name(tone: Tone) -> &'static str {
    match tone {
        Tone::Positive => "positive",
        Tone::Negative => "negative",
        Tone::Neutral => "neutral",
        Tone::Mixed => "mixed",
    }
}

impl Suite for Sentiment {
    fn name(&self) -> &'static str {
        "sentiment"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let Some(comments) = bench.public::<Comment>(&FILES)? else { return Ok(Vec::new()) };
        let comments: Vec<&Comment> = comments.iter().filter(|c| c.sentiment.is_some()).collect();
        let (mut three, mut four, mut sure) = (Vec::new(), Vec::new(), Vec::new());
        bench.read_each(comments.iter().map(|c| c.text.as_str()), |i, reading| {
            let gold = comments[i].sentiment.as_deref().unwrap_or_default();
            let (tone, _, confidence) = reading.tone(true);
            four.push((gold, name(tone)));
            sure.push((confidence, gold == name(tone)));
            if gold != "mixed" {
                three.push((gold, name(reading.tone(false).0)));
            }
        });
        Ok(vec![
            Row::new("sentiment", "GoEmotions, 3 tones", "macro recall", macro_recall(&three), three.len())
                .at_least(bench.gate(0.70, 0.72)),
            Row::new("sentiment", "GoEmotions, 4 tones", "macro F1", macro_f1(&four), four.len())
                .at_least(bench.gate(0.56, 0.58)),
            Row::new(
                "sentiment",
                "GoEmotions, 4 tones",
                "expected calibration error",
                calibration_error(&sure),
                sure.len(),
            )
            .at_most(0.05),
        ])
    }
}

impl Suite for Emotions {
    fn name(&self) -> &'static str {
        "emotions"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let Some(comments) = bench.public::<Comment>(&FILES)? else { return Ok(Vec::new()) };
        let names: Vec<&str> = EMOTION_GROUPS.iter().flat_map(|(_, members)| members.iter().copied()).collect();
        let mut single = vec![Vec::new(); names.len()];
        let mut grouped = vec![Vec::new(); EMOTION_GROUPS.len()];
        let mut sure = Vec::new();
        bench.read_each(comments.iter().map(|c| c.text.as_str()), |i, reading| {
            let gold = &comments[i].emotions;
            let guess = reading.emotion_labels();
            let has = |labels: &[String], name: &str| labels.iter().any(|label| label == name);
            for (column, name) in single.iter_mut().zip(&names) {
                column.push((has(gold, name), has(&guess, name)));
            }
            let groups = reading.emotion_groups();
            for (column, (group, members)) in grouped.iter_mut().zip(&EMOTION_GROUPS) {
                column.push((members.iter().any(|m| has(gold, m)), groups.contains(group)));
            }
            sure.extend(reading.emotion_probabilities().into_iter().map(|(name, p)| (p, has(gold, name))));
        });
        let texts = comments.len();
        Ok(vec![
            Row::new("emotions", "GoEmotions, 28", "macro F1", macro_f1_many(&single), texts)
                .at_least(bench.gate(0.45, 0.47)),
            Row::new("emotions", "GoEmotions, 7 groups", "macro F1", macro_f1_many(&grouped), texts)
                .at_least(bench.gate(0.58, 0.60)),
            Row::new("emotions", "GoEmotions, 28", "expected calibration error", calibration_error(&sure), texts)
                .at_most(0.05),
        ])
    }
}
