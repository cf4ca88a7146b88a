//! Runs a decision again from its record and says what differs.
//!
//! Each local stage gets the recorded values of what it took, so that one changed stage shows as itself and not as
//! everything after it. A model's answer is taken from the record, unless [`replay_with_model`] asks again.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Decision, Stage};
use crate::gateway::Gateway;

/// A local stage: from the values it takes, by name, to its output.
pub type StageFn = Box<dyn Fn(&Map<String, Value>) -> anyhow::Result<Value> + Send + Sync>;

/// The local stages that can be run again, by name.
#[derive(Default)]
pub struct Stages {
    known: BTreeMap<String, (String, StageFn)>,
}

impl Stages {
    /// Adds a stage as it runs today.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        version: &str,
        run: impl Fn(&Map<String, Value>) -> anyhow::Result<Value> + Send + Sync + 'static,
    ) -> Self {
        self.known.insert(name.to_owned(), (version.to_owned(), Box::new(run)));
        self
    }
}

/// What a replay found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Replay {
    /// True when nothing that was run again differs.
    pub same: bool,
    /// What differs.
    pub diff: Vec<Difference>,
    /// Stages that were run again.
    pub replayed: Vec<String>,
    /// Stages whose output was taken from the record.
    pub from_record: Vec<String>,
}

/// One value that came out differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// In which stage.
    pub stage: String,
    /// Where in its output, as a JSON pointer.
    pub path: String,
    /// What the record holds; null where it held nothing.
    pub recorded: Value,
    /// What came out now; null where nothing did.
    pub now: Value,
}

/// Runs the local stages again; models are taken from the record.
pub fn replay(decision: &Decision, stages: &Stages) -> Replay {
    let mut replay = Replay::default();
    for stage in &decision.stages {
        match stages.known.get(&stage.name) {
            Some((version, run)) if stage.model.is_none() => {
                replay.replayed.push(stage.name.clone());
                if *version != stage.version {
                    replay.note(stage, "/version", &stage.version.clone().into(), &version.clone().into());
                }
                match taken(decision, stage).and_then(|taken| run(&taken)) {
                    Ok(now) => replay.compare(stage, "", &stage.output, &now),
                    Err(error) => replay.note(stage, "", &stage.output, &format!("failed: {error:#}").into()),
                }
            }
            _ => replay.from_record.push(stage.name.clone()),
        }
    }
    replay.same = replay.diff.is_empty();
    replay
}

/// As [`replay`], and asks the models again with what they were asked; their budget applies.
pub async fn replay_with_model(decision: &Decision, stages: &Stages, gateway: &Gateway) -> Replay {
    let mut replay = replay(decision, stages);
    for stage in &decision.stages {
        let Some(call) = &stage.model else { continue };
        let now = match gateway.ask_again(decision, call).await {
            Ok(answer) => answer,
            Err(reason) => format!("failed: {reason}").into(),
        };
        replay.from_record.retain(|name| *name != stage.name);
        replay.replayed.push(stage.name.clone());
        replay.compare(stage, "", &stage.output, &now);
    }
    replay.same = replay.diff.is_empty();
    replay
}

/// The values a stage took: inputs by their name, or the output of an earlier stage.
fn taken(decision: &Decision, stage: &Stage) -> anyhow::Result<Map<String, Value>> {
    let find = |name: &String| {
        let earlier = || decision.stages.iter().find(|other| other.name == *name).map(|other| &other.output);
        let value = decision.inputs.get(name).or_else(earlier);
        value.map(|value| (name.clone(), value.clone())).ok_or_else(|| anyhow::anyhow!("the record holds no {name}"))
    };
    stage.takes.iter().map(find).collect()
}

impl Replay {
    fn compare(&mut self, stage: &Stage, path: &str, recorded: &Value, now: &Value) {
        match (recorded, now) {
            (Value::Object(before), Value::Object(after)) => {
                for (name, value) in before {
                    let inner = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                    self.compare(stage, &inner, value, after.get(name).unwrap_or(&Value::Null));
                }
                for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
                    self.note(stage, &format!("{path}/{name}"), &Value::Null, value);
                }
            }
            (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
                for (at, (old, new)) in before.iter().zip(after).enumerate() {
                    self.compare(stage, &format!("{path}/{at}"), old, new);
                }
            }
            (before, after) if before != after => self.note(stage, path, before, after),
            _ => {}
        }
    }

    fn note(&mut self, stage: &Stage, path: &str, recorded: &Value, now: &Value) {
        let (recorded, now) = (recorded.clone(), now.clone());
        self.diff.push(Difference { stage: stage.name.clone(), path: path.to_owned(), recorded, now });
    }
}
