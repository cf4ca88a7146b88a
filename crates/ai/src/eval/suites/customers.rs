//! Topic, urgency and tone of customer messages: the project's own, and the public synthetic ones.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, OwnMessage, Suite, own_messages};
use crate::eval::measures::{accuracy, calibration_error, debiased_calibration_error, macro_f1};
use crate::eval::report::Row;
use crate::local::{Language, Topic, Urgency};

pub struct Customers;

#[derive(Deserialize)]
struct Synthetic {
    text: String,
    intent: String,
    urgency: String,
    lang: String,
    sentiment: String,
}

impl Suite for Customers {
    fn name(&self) -> &'static str {
        "customers"
    }

    fn measure(&self, bench: &Bench) -> Result<Vec<Row>> {
        let (mut rows, mut sure) = rows(bench, "own messages", &own_messages(), true);
        if let Some(lines) = bench.public::<Synthetic>(&[
            "synthetic_customer/test",
            "synthetic_customer/holdout",
            "synthetic_customer/messages",
        ])? {
            let messages: Vec<OwnMessage> = lines
                .into_iter()
                .map(|line| {
                    let urgency = if line.urgency == "normal" { "medium".to_owned() } else { line.urgency };
                    OwnMessage {
                        text: line.text,
                        lang: line.lang,
                        topic: line.intent,
                        urgency,
                        sentiment: line.sentiment,
                    }
                })
                .collect();
            let (more, surer) = self::rows(bench, "synthetic customers", &messages, false);
            rows.extend(more);
            sure.topic.extend(surer.topic);
            sure.urgency.extend(surer.urgency);
        }
        for (task, cases) in [("topics", sure.topic), ("urgency", sure.urgency)] {
            let row = |metric, value| Row::new(task, "all customers", metric, value, cases.len());
            rows.push(row("expected calibration error", calibration_error(&cases)));
            rows.push(row("the same, debiased", debiased_calibration_error(&cases)).at_most(0.05));
        }
        Ok(rows)
    }
}

/// How sure the heads were of each message, and whether they were right.
struct Sure {
    topic: Vec<(f32, bool)>,
    urgency: Vec<(f32, bool)>,
}

/// `bookings`: whether the set knows the topic "booking".
fn rows(bench: &Bench, set: &str, messages: &[OwnMessage], bookings: bool) -> (Vec<Row>, Sure) {
    let (mut topics, mut english, mut urgencies, mut tones) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut sure = Sure { topic: Vec::new(), urgency: Vec::new() };
    // The language of the conversation is known by the time a topic is asked for; short lines alone would hide it.
    for message in messages {
        let reading = bench.local.read(&message.text, Language::from_code(&message.lang));
        let (topic, p) = reading.topic_among(|topic| bookings || topic != Topic::Booking);
        let pair = (message.topic.as_str(), topic.name());
        topics.push(pair);
        sure.topic.push((p, pair.0 == pair.1));
        if message.lang == "en" {
            english.push(pair);
        }
        let (urgency, p) = reading.urgency();
        let pair = (message.urgency.as_str(), urgency_name(urgency));
        urgencies.push(pair);
        sure.urgency.push((p, pair.0 == pair.1));
        tones.push((message.sentiment.clone(), format!("{:?}", reading.tone(true).0).to_lowercase()));
    }
    let n = messages.len();
    let rows = vec![
        Row::new("topics", format!("{set}, English"), "accuracy", accuracy(&english), english.len())
            .at_least(bench.gate(0.70, 0.80)),
        Row::new("topics", set, "accuracy", accuracy(&topics), n).at_least(bench.gate(0.60, 0.65)),
        Row::new("urgency", set, "macro F1", macro_f1(&urgencies), n).at_least(bench.gate(0.56, 0.60)),
        Row::new("tone", set, "accuracy", accuracy(&tones), n),
    ];
    (rows, sure)
}

fn urgency_name(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Low => "low",
        Urgency::Medium => "medium",
        Urgency::High => "high",
        Urgency::Critical => "critical",
    }
}
