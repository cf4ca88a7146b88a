//! A WhatsApp business account: its numbers, its templates, and whether its events come to us.

use kernel::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::channel::{Failure, Product};
use crate::meta::graph::{Dialect, Graph};
use crate::wire::{each, id, name, text};

/// A phone number of a business account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// The phone number id: our account id.
    pub id: String,
    pub display: Option<String>,
    pub name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// Such as `TIER_1K`: how many people a day may be written to first.
    pub tier: Option<String>,
}

/// A message template, as far as it can be shown and filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateInfo {
    pub id: Option<String>,
    pub name: String,
    pub language: String,
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`.
    pub status: String,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: Option<String>,
    /// The format of the header (`TEXT`, `IMAGE`, …) and its text.
    pub header: Option<(String, Option<String>)>,
    pub body: String,
    pub footer: Option<String>,
    /// Each button's type and text.
    pub buttons: Vec<(String, String)>,
    /// The names of the body's variables in order: numbers, unless the template names them.
    pub variables: Vec<String>,
}

/// Sends the account's events to us.
pub async fn subscribe(graph: Graph<'_>, business_id: &str, token: &str) -> Result<(), Failure> {
    let request = graph.request(Method::POST, Product::Usual, &format!("{business_id}/subscribed_apps"), token);
    graph.call(request.json(&json!({})).safe_to_repeat(3), Dialect::Whatsapp).await.map(drop)
}

/// Stops the account's events.
pub async fn unsubscribe(graph: Graph<'_>, business_id: &str, token: &str) -> Result<(), Failure> {
    let request = graph.request(Method::DELETE, Product::Usual, &format!("{business_id}/subscribed_apps"), token);
    graph.call(request.safe_to_repeat(3), Dialect::Whatsapp).await.map(drop)
}

/// The numbers of the account.
pub async fn numbers(graph: Graph<'_>, business_id: &str, token: &str) -> Result<Vec<Number>, Failure> {
    let fields = "id,display_phone_number,verified_name,quality_rating,messaging_limit_tier";
    let list =
        graph.list(&format!("{business_id}/phone_numbers"), token, &[("fields", fields)], Dialect::Whatsapp).await?;
    let number = |value: &Value| {
        Some(Number {
            id: id(&value["id"])?,
            display: text(&value["display_phone_number"]),
            name: name(&value["verified_name"]),
            quality: text(&value["quality_rating"]),
            tier: text(&value["messaging_limit_tier"]),
        })
    };
    Ok(list.iter().filter_map(number).collect())
}

/// Registers a number for the Cloud API with its two-step PIN.
pub async fn register(graph: Graph<'_>, phone_number_id: &str, token: &str, pin: &str) -> Result<(), Failure> {
    let request = graph.request(Method::POST, Product::Usual, &format!("{phone_number_id}/register"), token);
    let body = json!({ "messaging_product": "whatsapp", "pin": pin });
    graph.call(request.json(&body), Dialect::Whatsapp).await.map(drop)
}

/// All templates of the account, whatever their status.
pub async fn templates(graph: Graph<'_>, business_id: &str, token: &str) -> Result<Vec<TemplateInfo>, Failure> {
    let list =
        graph.list(&format!("{business_id}/message_templates"), token, &[("limit", "100")], Dialect::Whatsapp).await?;
    Ok(list.iter().filter_map(template).collect())
}

fn template(value: &Value) -> Option<TemplateInfo> {
    let part = |wanted: &str| {
        each(&value["components"]).find(|part| part["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(wanted)))
    };
    let body = part("BODY").and_then(|part| text(&part["text"])).unwrap_or_default();
    let button = |button: &Value| Some((text(&button["type"])?, text(&button["text"]).unwrap_or_default()));
    Some(TemplateInfo {
        id: id(&value["id"]),
        name: text(&value["name"])?,
        language: text(&value["language"])?,
        status: text(&value["status"]).unwrap_or_else(|| "UNKNOWN".to_owned()),
        category: text(&value["category"]),
        header: part("HEADER").and_then(|part| Some((text(&part["format"])?, text(&part["text"])))),
        footer: part("FOOTER").and_then(|part| text(&part["text"])),
        buttons: part("BUTTONS").map(|part| each(&part["buttons"]).filter_map(button).collect()).unwrap_or_default(),
        variables: variables(&body),
        body,
    })
}

/// The names between double braces, each once, in the order of their first use.
fn variables(body: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in body.split("{{").skip(1) {
        let Some((name, _)) = piece.split_once("}}") else { continue };
        let name = name.trim();
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_can_be_shown_and_filled_in() {
        let value = json!({"id":"12","name":"reminder","language":"en","status":"APPROVED","category":"UTILITY","components":[
            {"type":"HEADER","format":"IMAGE"},{"type":"BODY","text":"Hi {{1}}, see you {{2}}. {{1}}!"},
            {"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Yes"}]}]});
        let template = template(&value).expect("a template");
        assert_eq!(template.variables, ["1", "2"]);
        assert_eq!(template.header, Some(("IMAGE".into(), None)));
        assert_eq!(template.buttons, [("QUICK_REPLY".to_owned(), "Yes".to_owned())]);
    }

    #[test]
    fn odd_braces_are_no_variables() {
        assert_eq!(variables("{{name}} {{ day }} {{}} {{open"), ["name", "day"]);
    }
}
