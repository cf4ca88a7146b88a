//! `/inbox/{id}/decisions/{decision}`: why the AI said what it said, from the record of its decision.

use ai::decision::{Decision, DecisionRow, Stage};
use askama::Template;
use axum::extract::State;
use axum::response::Html;
use kernel::ids::{ConversationId, DecisionId};
use serde_json::Value;
use shell::auth::permission::View;
use shell::page::percent;
use shell::{Allowed, AppError, Path, show};

use super::{place, spoken};
use crate::core::Core;

/// Facts of one stage that are worth a line.
const MOST_FACTS: usize = 8;

#[derive(Template)]
#[template(path = "inbox/_why.html")]
struct Why {
    decision: DecisionId,
    policy: String,
    outcome: String,
    facts: Vec<(&'static str, String)>,
    sources: Vec<Quoted>,
    stages: Vec<Step>,
}

struct Quoted {
    place: String,
    quote: String,
}

struct Step {
    name: String,
    took: String,
    facts: Vec<(String, String)>,
    open: bool,
}

/// The record, in the drawer.
pub(super) async fn drawer(
    by: Allowed<View>,
    State(core): State<Core>,
    Path((id, decision)): Path<(ConversationId, DecisionId)>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let row = ai::decision::load(&mut tx, decision).await?.filter(|row| row.conversation_id == Some(id));
    let row = row.ok_or_else(|| AppError::not_found("decision"))?;
    let vault = core.kernel.vault.of(by.org()).await?;
    let opened = row.open(&vault).map_err(AppError::internal)?;
    show(&explained(&row, &opened))
}

fn explained(row: &DecisionRow, decision: &Decision) -> Why {
    let outcome = match row.outcome.as_str() {
        "replied" => "Recoup was sure enough and answered.".to_owned(),
        "needs_human" => "Recoup asked for a person.".to_owned(),
        "suggested" => "Recoup suggested an answer to a person.".to_owned(),
        other => format!("Recoup said nothing: {}.", spoken(other)),
    };
    let model = if row.model.is_empty() {
        "none, from your knowledge alone".to_owned()
    } else {
        format!("{} ({})", row.model, row.provider)
    };
    let mut facts = vec![
        ("Confidence", row.confidence.map_or_else(|| "not measured".to_owned(), |sure| percent(sure.into()))),
        ("Model", model),
    ];
    if row.cost_micros > 0 {
        facts.push(("Cost", format!("${:.5}", row.cost_micros as f64 / 1e6)));
    }
    facts.push(("Took", duration(row.latency_us.cast_unsigned())));
    let answer = decision.stages.iter().rev().find(|stage| stage.name == "answer");
    let sources = answer.and_then(|stage| stage.output.get("sources")).and_then(Value::as_array);
    Why {
        decision: row.id,
        policy: row.policy.clone(),
        outcome,
        facts,
        sources: sources.into_iter().flatten().map(quoted).collect(),
        stages: decision.stages.iter().map(step).collect(),
    }
}

fn quoted(source: &Value) -> Quoted {
    let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Quoted { place: place(&text("title"), &text("heading")), quote: text("quote") }
}

fn step(stage: &Stage) -> Step {
    let facts = match &stage.output {
        Value::Object(fields) => {
            fields.iter().filter_map(|(name, value)| Some((spoken(name), word(value)?))).take(MOST_FACTS).collect()
        }
        other => word(other).map(|word| ("result".to_owned(), next_step(&word))).into_iter().collect(),
    };
    let took = if stage.micros == 0 { String::new() } else { duration(stage.micros) };
    Step { name: spoken(&stage.name), took, facts, open: stage.name == "decide" }
}

/// What happens next, as the record has it, in a person's words.
fn next_step(recorded: &str) -> String {
    let inside = |open: &str| recorded.strip_prefix(open).and_then(|rest| rest.strip_suffix(')'));
    if recorded.starts_with("Reply") {
        return "answer".to_owned();
    }
    if let Some(reason) = inside("Escalate(") {
        let words =
            reason.chars().flat_map(|c| if c.is_uppercase() { vec![' ', c.to_ascii_lowercase()] } else { vec![c] });
        return format!("ask for a person:{}", words.collect::<String>());
    }
    inside("Silent(")
        .map_or_else(|| recorded.to_owned(), |why| format!("say nothing: {}", spoken(why.trim_matches('"'))))
}

/// A value that fits a line.
fn word(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number
            .as_f64()
            .filter(|_| !number.is_i64() && !number.is_u64())
            .map_or_else(|| number.to_string(), |number| format!("{number:.2}")),
        Value::String(text) => spoken(text),
        Value::Array(items) => items.iter().filter_map(word).collect::<Vec<_>>().join(", "),
    };
    (!text.is_empty()).then(|| text.chars().take(240).collect())
}

fn duration(micros: u64) -> String {
    if micros < 1_000 { format!("{micros} µs") } else { format!("{:.1} ms", micros as f64 / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_words() {
        assert_eq!(word(&json!(true)).as_deref(), Some("yes"));
        assert_eq!(word(&json!(0.123_4)).as_deref(), Some("0.12"));
        assert_eq!(word(&json!(7)).as_deref(), Some("7"));
        assert_eq!(word(&json!(["price_question", "booking"])).as_deref(), Some("price question, booking"));
        assert_eq!(word(&json!({"a": 1})), None);
        assert_eq!(next_step("Reply { meaningful: true, resolves: true }"), "answer");
        assert_eq!(next_step("Escalate(LowConfidence)"), "ask for a person: low confidence");
        assert_eq!(next_step("Silent(\"opted_out\")"), "say nothing: opted out");
        assert_eq!(duration(800), "800 µs");
        assert_eq!(duration(1_840), "1.8 ms");
    }
}
