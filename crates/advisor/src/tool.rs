//! What the advisor can look up: other rooms give it tools, wired in `recoup`.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::db::OrgTx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A query over the organisation's own data.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// `[a-z_]`, at most 64 characters; stable, for it stands in records.
    fn name(&self) -> &'static str;

    /// For the model: what it answers and from what.
    fn description(&self) -> &'static str;

    /// JSON Schema of what else it takes beside `days` and `location`, as properties; an empty object for nothing.
    fn properties(&self) -> Value {
        json!({})
    }

    /// Words of a question that ask for it, folded to lower case; each may be two words.
    fn words(&self) -> &'static [&'static str];

    /// Looks it up.
    ///
    /// # Errors
    /// When the data cannot be read; nothing found is a result that says so.
    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found>;
}

/// What a tool is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The first day, in the organisation's time zone.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The instant of the question.
    pub now: DateTime<Utc>,
    /// A place of business by its name or key, where one was meant.
    pub location: Option<String>,
    /// The question, for tools that search.
    pub question: String,
    /// What else the model gave.
    pub arguments: Value,
}

/// What a tool found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The figures, in the units people use (money in whole units of the currency, not cents).
    pub data: Value,
    /// The same in sentences, with every figure that matters: what is said where no model is.
    pub sentences: Vec<String>,
    /// The rows behind it.
    pub citations: Vec<Citation>,
    /// A small chart, where one helps.
    pub chart: Option<Chart>,
    /// What can be done about it.
    pub actions: Vec<Action>,
}

/// Rows that can be opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// What it is.
    pub title: String,
    /// The page that shows the rows.
    pub href: String,
}

/// Values over days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The unit of the values.
    pub unit: String,
    /// The days or names.
    pub labels: Vec<String>,
    /// One value each; absent where there is none.
    pub values: Vec<Option<f64>>,
}

/// Something to do that a person can turn into a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// What to do, in a few words.
    pub title: String,
    /// Why, with the figures.
    pub reason: String,
    /// What it is expected to be worth in a month, in whole units of the currency; absent where nobody can say.
    pub expected_value: Option<f64>,
    /// Where it is done.
    pub href: String,
}

/// Everything the advisor can look up.
#[derive(Clone, Default)]
pub struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// A box of these tools; the first is asked where a question names none.
    pub fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { tools }
    }

    /// Every tool.
    pub(crate) fn all(&self) -> Vec<Arc<dyn Tool>> {
        self.tools.clone()
    }

    /// The tool of a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// The tools a question asks for, the most meant first, at most `most`; the first of the box where it names none.
    pub(crate) fn meant(&self, question: &str, most: usize) -> Vec<Arc<dyn Tool>> {
        let folded = fold(question);
        let mut scored: Vec<(usize, &Arc<dyn Tool>)> = self
            .tools
            .iter()
            .map(|tool| {
                let hits = tool.words().iter().filter(|word| folded.contains(&format!(" {word}")));
                (hits.map(|word| word.len()).sum(), tool)
            })
            .filter(|(score, _)| *score > 0)
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        if scored.is_empty() {
            return self.tools.first().cloned().into_iter().collect();
        }
        scored.into_iter().take(most).map(|(_, tool)| Arc::clone(tool)).collect()
    }

    /// The tools as a model is told of them.
    pub(crate) fn functions(&self) -> Vec<connectors::openai::chat::Tool> {
        self.tools
            .iter()
            .map(|tool| {
                let mut properties = tool.properties();
                if let Some(fields) = properties.as_object_mut() {
                    fields.insert(
                        "days".into(),
                        json!({"type": "integer", "minimum": 1, "maximum": 366, "description": "how many days up to today; 28 when absent"}),
                    );
                    fields.insert(
                        "location".into(),
                        json!({"type": "string", "description": "the name of one place of business; all when absent"}),
                    );
                }
                let parameters = json!({"type": "object", "properties": properties, "additionalProperties": false});
                connectors::openai::chat::Tool::function(tool.name(), tool.description(), parameters)
            })
            .collect()
    }
}

/// Lower case, words parted by one space, with a space at each end.
pub(crate) fn fold(text: &str) -> String {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}
