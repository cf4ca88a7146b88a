//! Topic, urgency and tone of customer messages: the project's own, and the public synthetic ones.

use anyhow::Result;
use serde::Deserialize;

use crate::eval::bench::{Bench, OwnMessage, Suite, own_messages};
use crate::eval::measures::{accuracy, calibration_error, macro_f1};
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
        let mut rows = rows(bench, "own messages", &own_messages(), true);
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
            rows.extend(self::rows(bench, "synthetic customers", &messages, false));
        }
        Ok(rows)
    }
}

/// `bookings`: whether the set knows the topic "booking".
fn rows(bench: &Bench, set: &str, messages: &[OwnMessage], bookings: bool) -> Vec<Row> {
    let (mut topics, mut english, mut urgencies, mut tones) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut sure_topic, mut sure_urgency) = (Vec::new(), Vec::new());
    // The language of the conversation is known by the time a topic is asked for; short lines alone would hide it.
    for message in messages {
        let reading = bench.local.read(&message.text, Language::from_code(&message.lang));
        let (topic, p) = reading.topic_among(|topic| bookings || topic != Topic::Booking);
        let pair = (message.topic.as_str(), topic.name());
        topics.push(pair);
        sure_topic.push((p, pair.0 == pair.1));
        if message.lang == "en" {
            english.push(pair);
        }
        let (urgency, p) = reading.urgency();
        let pair = (message.urgency.as_str(), urgency_name(urgency));
        urgencies.push(pair);
        sure_urgency.push((p, pair.0 == pair.1));
        tones.push((message.sentiment.clone(), format!("{:?}", reading.tone(true).0).to_lowercase()));
    }
    let n = messages.len();
    vec![
        Row::new("topics", format!("{set}, English"), "accuracy", accuracy(&english), english.len())
            .at_least(bench.gate(0.70, 0.80)),
        Row::new("topics", set, "accuracy", accuracy(&topics), n).at_least(bench.gate(0.60, 0.65)),
        Row::new("topics", set, "expected calibration error", calibration_error(&sure_topic), n),
        Row::new("urgency", set, "macro F1", macro_f1(&urgencies), n).at_least(bench.gate(0.56, 0.60)),
        Row::new("urgency", set, "expected calibration error", calibration_error(&sure_urgency), n),
        Row::new("tone", set, "accuracy", accuracy(&tones), n),
    ]
}

fn urgency_name(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Low => "low",
        Urgency::Medium => "medium",
        Urgency::High => "high",
        Urgency::Critical => "critical",
    }
}
