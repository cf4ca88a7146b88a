//! Choosing a tool: the one whose name or description shares the most words with the question.

use serde_json::{Value, json};

use super::ApiError;
use super::schema::{self, Ink};
use super::think::words;

const MOST: usize = 128;

/// Checks the tools' form.
pub(super) fn check(tools: &[Value]) -> Result<(), ApiError> {
    if tools.len() > MOST {
        return Err(ApiError::invalid("tools", "Too many tools."));
    }
    for tool in tools {
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        let fits = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if tool["type"] != "function" || !fits {
            return Err(ApiError::invalid(
                "tools[0].function.name",
                "Invalid tool: expected a function with a name matching ^[a-zA-Z0-9_-]+$.",
            ));
        }
    }
    Ok(())
}

/// The calls to make, if any.
pub(super) fn calls(tools: &[Value], choice: &Value, ink: &Ink<'_>, id: &str) -> Vec<Value> {
    let forced = choice["function"]["name"].as_str();
    let chosen = match (choice.as_str(), forced) {
        (Some("none"), _) => None,
        (_, Some(name)) => tools.iter().find(|tool| tool["function"]["name"] == name),
        (Some("required"), _) => best(tools, ink.question).or_else(|| tools.first()),
        _ => best(tools, ink.question),
    };
    let call = chosen.map(|tool| {
        let function = &tool["function"];
        let arguments = schema::fill(&function["parameters"], ink);
        json!({ "id": id, "type": "function", "function": { "name": function["name"], "arguments": arguments.to_string() } })
    });
    call.into_iter().collect()
}

fn best<'a>(tools: &'a [Value], question: &str) -> Option<&'a Value> {
    let asked = words(question);
    let shared = |tool: &Value| {
        let function = &tool["function"];
        let name = function["name"].as_str().unwrap_or_default().replace(['_', '-'], " ");
        let about = format!("{name} {}", function["description"].as_str().unwrap_or_default());
        words(&about).intersection(&asked).count()
    };
    tools
        .iter()
        .map(|tool| (shared(tool), tool))
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
        .map(|(_, tool)| tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, about: &str) -> Value {
        json!({ "type": "function", "function": { "name": name, "description": about,
            "parameters": { "type": "object", "properties": { "day": { "type": "string" } } } } })
    }

    fn named(question: &str, choice: &Value) -> Option<String> {
        let tools = [tool("book_appointment", "Book a visit"), tool("send_invoice", "Send a bill")];
        let ink = Ink { question, answer: "a" };
        calls(&tools, choice, &ink, "call_1").first().map(|call| call["function"]["name"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_tool_is_called_when_the_question_names_it() {
        assert_eq!(named("Please book an appointment", &json!("auto")).as_deref(), Some("book_appointment"));
        assert_eq!(named("where is my invoice", &Value::Null).as_deref(), Some("send_invoice"));
        assert_eq!(named("good morning", &json!("auto")), None);
    }

    #[test]
    fn the_choice_can_be_forced_or_forbidden() {
        assert_eq!(named("good morning", &json!("required")).as_deref(), Some("book_appointment"));
        assert_eq!(named("book", &json!("none")), None);
        let forced = json!({ "type": "function", "function": { "name": "send_invoice" } });
        assert_eq!(named("book", &forced).as_deref(), Some("send_invoice"));
    }

    #[test]
    fn names_have_a_form() {
        assert!(check(&[tool("ok_name", "")]).is_ok());
        assert!(check(&[tool("not ok", "")]).is_err());
        assert!(check(&vec![tool("a", ""); 129]).is_err());
    }
}
