//! `/inbox/{id}/templates`: WhatsApp's approved templates in the drawer, to fill in and send when free text may not go out.
//!
//! The platform is asked each time, also at sending: a template can be paused between the two, and what is stored is the text
//! that the contact reads.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use connectors::channel::{Template as Filled, TemplateHeader, TemplateValue};
use connectors::whatsapp::account::TemplateInfo;
use kernel::ids::{ChannelId, ConversationId};
use serde::Deserialize;
use shell::auth::permission::Reply;
use shell::{Allowed, AppError, Form, Path, Toast, show};

use super::actions::answer;
use super::spoken;
use crate::channels::templates_of;
use crate::conversations::{self, MessageIn, write_reply};
use crate::core::Core;

/// The longest value of a variable, in characters; the platform takes about a thousand for the whole text.
const LONGEST_VALUE: usize = 900;

#[derive(Template)]
#[template(path = "inbox/_templates.html")]
struct Drawer {
    id: ConversationId,
    csrf: String,
    templates: Vec<Shown>,
    waiting: usize,
}

/// A template as the drawer shows it.
struct Shown {
    name: String,
    title: String,
    language: String,
    category: String,
    header: Option<String>,
    header_variable: bool,
    body: String,
    footer: Option<String>,
    buttons: Vec<String>,
    variables: Vec<String>,
    /// Why it can't be sent from here.
    obstacle: Option<&'static str>,
}

impl Shown {
    fn of(template: TemplateInfo) -> Self {
        let obstacle = obstacle(&template);
        let TemplateInfo { name, language, category, header, body, footer, buttons, variables, .. } = template;
        let header = header.and_then(|(_, text)| text);
        Self {
            title: spoken(&name),
            name,
            language,
            category: category.unwrap_or_default().to_lowercase(),
            header_variable: header.as_deref().is_some_and(has_variable),
            header,
            body,
            footer,
            buttons: buttons.into_iter().map(|(_, text)| text).collect(),
            variables,
            obstacle,
        }
    }
}

/// What a person filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateForm {
    name: String,
    language: String,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    value: Vec<String>,
}

/// The templates of the conversation's account.
pub(super) async fn drawer(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let channel = channel_of(&by, id).await?;
    let all = templates_of(&by, &core, channel).await?;
    let (approved, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|template| template.status == "APPROVED");
    let templates = approved.into_iter().map(Shown::of).collect();
    show(&Drawer { id, csrf: by.frame("").csrf, templates, waiting: others.len() })
}

/// Sends a filled-in template.
pub(super) async fn send(
    by: Allowed<Reply>,
    State(core): State<Core>,
    Path(id): Path<ConversationId>,
    Form(form): Form<TemplateForm>,
) -> Result<Response, AppError> {
    let channel = channel_of(&by, id).await?;
    let template = templates_of(&by, &core, channel)
        .await?
        .into_iter()
        .find(|template| template.name == form.name && template.language == form.language)
        .ok_or_else(|| AppError::unprocessable("WhatsApp has no such template any more; choose another"))?;
    let (filled, text) = fill(&template, &form)?;
    let template = Some(serde_json::to_value(&filled).map_err(AppError::internal)?);
    write_reply(&by, id, MessageIn { text, template, ..MessageIn::default() }).await?;
    Ok((Toast::done("The template is on its way"), answer(&by, &core, id, None).await?).into_response())
}

async fn channel_of(by: &Allowed<Reply>, id: ConversationId) -> Result<ChannelId, AppError> {
    let mut tx = by.tx().await?;
    let row = conversations::one(&mut tx, id).await?.ok_or_else(|| AppError::not_found("conversation"))?;
    Ok(row.channel_id)
}

/// The template with its values, and the text that the contact will read.
fn fill(template: &TemplateInfo, form: &TemplateForm) -> Result<(Filled, String), AppError> {
    if template.status != "APPROVED" {
        return Err(AppError::unprocessable("WhatsApp has paused or rejected this template; choose another"));
    }
    if let Some(obstacle) = obstacle(template) {
        return Err(AppError::unprocessable(obstacle));
    }
    if form.value.len() != template.variables.len() {
        return Err(AppError::field("value", "the template changed meanwhile; open the list again"));
    }
    let mut body = template.body.clone();
    let mut values = Vec::new();
    for (name, value) in template.variables.iter().zip(&form.value) {
        let value = checked(value)?;
        body = put(&body, name, value);
        // Numbered variables go by their order, named ones by their name.
        let named = !name.bytes().all(|byte| byte.is_ascii_digit());
        values.push(TemplateValue { name: named.then(|| name.clone()), text: value.to_owned() });
    }
    let header_text = template.header.as_ref().and_then(|(_, text)| text.as_deref());
    let header = match header_text.filter(|text| has_variable(text)) {
        Some(_) => Some(TemplateHeader::Text(checked(form.header.as_deref().unwrap_or_default())?.to_owned())),
        None => None,
    };
    let head = match (&header, header_text) {
        (Some(TemplateHeader::Text(value)), Some(text)) => Some(put_any(text, value)),
        (_, text) => text.map(str::to_owned),
    };
    let text = [head, Some(body), template.footer.clone()].into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let (name, language) = (template.name.clone(), template.language.clone());
    Ok((Filled { name, language, header, body: values, buttons: Vec::new() }, text))
}

/// WhatsApp refuses line breaks, tabs and long runs of spaces within a variable.
fn checked(value: &str) -> Result<&str, AppError> {
    let value = value.trim();
    if value.is_empty() {
        return Err(AppError::field("value", "fill in every gap of the template"));
    }
    if value.chars().any(char::is_control) || value.contains("     ") {
        return Err(AppError::field("value", "WhatsApp takes no line breaks, tabs or runs of spaces in a gap"));
    }
    if value.chars().count() > LONGEST_VALUE {
        return Err(AppError::field("value", "is longer than WhatsApp takes"));
    }
    Ok(value)
}

/// What this form has no field for.
fn obstacle(template: &TemplateInfo) -> Option<&'static str> {
    let media = template.header.as_ref().is_some_and(|(format, _)| !format.eq_ignore_ascii_case("text"));
    let codes = template.category.as_deref() == Some("AUTHENTICATION")
        || template.buttons.iter().any(|(kind, _)| matches!(kind.as_str(), "OTP" | "COPY_CODE" | "FLOW"));
    match (media, codes) {
        (true, _) => Some("It needs a picture or a file in its head: send it through the API."),
        (_, true) => Some("It carries a code or a form: send it through the API."),
        _ => None,
    }
}

fn has_variable(text: &str) -> bool {
    text.contains("{{")
}

/// The text with a variable's value in every place of it.
fn put(text: &str, name: &str, value: &str) -> String {
    replace(text, value, |found| found == name)
}

fn put_any(text: &str, value: &str) -> String {
    replace(text, value, |_| true)
}

fn replace(text: &str, value: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + value.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        if wanted(name.trim()) {
            out.push_str(value);
        } else {
            out.push_str(&format!("{{{{{name}}}}}"));
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(body: &str, variables: &[&str]) -> TemplateInfo {
        TemplateInfo {
            id: None,
            name: "reminder".to_owned(),
            language: "en".to_owned(),
            status: "APPROVED".to_owned(),
            category: Some("UTILITY".to_owned()),
            header: Some(("TEXT".to_owned(), Some("For {{1}}".to_owned()))),
            body: body.to_owned(),
            footer: Some("Northwind".to_owned()),
            buttons: Vec::new(),
            variables: variables.iter().map(ToString::to_string).collect(),
        }
    }

    fn form(values: &[&str]) -> TemplateForm {
        TemplateForm {
            name: "reminder".to_owned(),
            language: "en".to_owned(),
            header: Some("Mara".to_owned()),
            value: values.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn gaps_are_filled_by_number_or_name_and_the_contacts_text_is_known() {
        let (filled, text) =
            fill(&template("Hi {{1}}, {{2}}. {{1}}!", &["1", "2"]), &form(&["Mara", "see {{1}}"])).expect("filled in");
        assert_eq!(text, "For Mara\n\nHi Mara, see {{1}}. Mara!\n\nNorthwind");
        assert_eq!(filled.body.iter().map(|value| value.name.clone()).collect::<Vec<_>>(), [None, None]);
        assert_eq!(filled.header, Some(TemplateHeader::Text("Mara".to_owned())));
        let (filled, text) = fill(&template("Hi {{ who }}.", &["who"]), &form(&["Mara"])).expect("filled in");
        assert!(text.contains("Hi Mara."));
        assert_eq!(filled.body[0].name.as_deref(), Some("who"));
    }

    #[test]
    fn what_whatsapp_would_refuse_is_refused_here() {
        let whole = template("Hi {{1}}.", &["1"]);
        for value in ["", "  ", "two\nlines", "a\ttab", "a      run"] {
            assert!(fill(&whole, &form(&[value])).is_err(), "{value:?}");
        }
        assert!(fill(&whole, &form(&[])).is_err());
        assert!(fill(&TemplateInfo { status: "PAUSED".to_owned(), ..whole.clone() }, &form(&["Mara"])).is_err());
        let picture = TemplateInfo { header: Some(("IMAGE".to_owned(), None)), ..whole };
        assert!(fill(&picture, &form(&["Mara"])).is_err());
    }
}
