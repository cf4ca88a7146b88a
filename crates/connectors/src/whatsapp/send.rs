//! Sending over WhatsApp: texts with buttons, media, templates, read marks.

use kernel::http::Method;
use serde_json::{Value, json};

use crate::channel::{
    Account, Action, AttachmentKind, Choice, Content, Credentials, Failure, Media, MediaSource, Outgoing, Product,
    Recipient, Refusal, SendOutcome, Sent, Template, TemplateHeader, TemplateValue,
};
use crate::meta::graph::{Dialect, Graph, required_id};

/// Up to so many choices are buttons, more are rows of a list.
const BUTTONS: usize = 3;
const ROWS: usize = 10;
const BUTTON_CHARS: usize = 20;
const ROW_CHARS: usize = 24;
/// What the list's own button says.
const LIST_LABEL: &str = "…";

/// Sends a message once.
pub async fn send(
    graph: Graph<'_>,
    account: &Account,
    credentials: &Credentials,
    recipient: &Recipient,
    outgoing: &Outgoing,
) -> SendOutcome {
    let body = body(recipient, outgoing)?;
    let answer = post(graph, account, credentials, &body).await?;
    Ok(Sent { platform_id: required_id(&answer["messages"][0]["id"], "message id")? })
}

/// Marks a message read, with a typing sign if wished. WhatsApp has neither without a message to mark.
pub async fn act(
    graph: Graph<'_>,
    account: &Account,
    credentials: &Credentials,
    action: &Action,
) -> Result<(), Failure> {
    let (mid, typing) = match action {
        Action::Typing { mid } => (mid, true),
        Action::Seen { mid } => (mid, false),
    };
    let Some(mid) = mid else { return Err(invalid("WhatsApp marks messages, not conversations")) };
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": mid });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    post(graph, account, credentials, &body).await.map(drop)
}

async fn post(graph: Graph<'_>, account: &Account, credentials: &Credentials, body: &Value) -> Result<Value, Failure> {
    let path = format!("{}/messages", account.id);
    let request = graph.request(Method::POST, Product::Usual, &path, credentials.access_token.reveal());
    graph.call(request.json(body), Dialect::Whatsapp).await
}

fn body(recipient: &Recipient, outgoing: &Outgoing) -> Result<Value, Failure> {
    let (kind, content) = match &outgoing.content {
        Content::Text { text, choices } if choices.is_empty() => {
            ("text", json!({ "body": text, "preview_url": false }))
        }
        Content::Text { text, choices } => ("interactive", interactive(text, choices)),
        Content::Media(media) => file(media)?,
        Content::Template(wanted) => ("template", template(wanted)),
    };
    let to = recipient.phone.as_deref().map_or(recipient.id.as_str(), |phone| phone.trim_start_matches('+'));
    let mut body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": kind,
        "biz_opaque_callback_data": outgoing.key,
    });
    body[kind] = content;
    if let Some(mid) = &outgoing.reply_to {
        body["context"] = json!({ "message_id": mid });
    }
    Ok(body)
}

fn interactive(text: &str, choices: &[Choice]) -> Value {
    let title = |choice: &Choice, most: usize| choice.title.chars().take(most).collect::<String>();
    let action = if choices.len() <= BUTTONS {
        let button =
            |c: &Choice| json!({ "type": "reply", "reply": { "id": c.payload, "title": title(c, BUTTON_CHARS) } });
        json!({ "buttons": choices.iter().map(button).collect::<Vec<_>>() })
    } else {
        let row = |c: &Choice| json!({ "id": c.payload, "title": title(c, ROW_CHARS) });
        let rows: Vec<Value> = choices.iter().take(ROWS).map(row).collect();
        json!({ "button": LIST_LABEL, "sections": [{ "rows": rows }] })
    };
    let kind = if choices.len() <= BUTTONS { "button" } else { "list" };
    json!({ "type": kind, "body": { "text": text }, "action": action })
}

fn file(media: &Media) -> Result<(&'static str, Value), Failure> {
    let kind = kind(media.kind).ok_or_else(|| invalid("this kind of attachment cannot be sent"))?;
    let mut content = source(&media.source);
    if let (Some(caption), "image" | "video" | "document") = (&media.caption, kind) {
        content["caption"] = json!(caption);
    }
    if let (Some(filename), "document") = (&media.filename, kind) {
        content["filename"] = json!(filename);
    }
    Ok((kind, content))
}

fn kind(kind: AttachmentKind) -> Option<&'static str> {
    Some(match kind {
        AttachmentKind::Image => "image",
        AttachmentKind::Video => "video",
        AttachmentKind::Audio | AttachmentKind::Voice => "audio",
        AttachmentKind::File => "document",
        AttachmentKind::Sticker => "sticker",
        _ => return None,
    })
}

fn source(source: &MediaSource) -> Value {
    match source {
        MediaSource::Url(url) => json!({ "link": url }),
        MediaSource::Id(id) => json!({ "id": id }),
    }
}

fn template(template: &Template) -> Value {
    let mut components = Vec::new();
    match &template.header {
        Some(TemplateHeader::Text(text)) => {
            components.push(json!({ "type": "header", "parameters": [{ "type": "text", "text": text }] }));
        }
        Some(TemplateHeader::Media(of, from)) => {
            let kind = kind(*of).unwrap_or("document");
            let mut parameter = json!({ "type": kind });
            parameter[kind] = source(from);
            components.push(json!({ "type": "header", "parameters": [parameter] }));
        }
        None => {}
    }
    if !template.body.is_empty() {
        let parameters: Vec<Value> = template.body.iter().map(variable).collect();
        components.push(json!({ "type": "body", "parameters": parameters }));
    }
    for (index, kind, value) in &template.buttons {
        let parameter = if kind == "quick_reply" {
            json!({ "type": "payload", "payload": value })
        } else {
            json!({ "type": "text", "text": value })
        };
        components
            .push(json!({ "type": "button", "sub_type": kind, "index": index.to_string(), "parameters": [parameter] }));
    }
    json!({ "name": template.name, "language": { "code": template.language }, "components": components })
}

fn variable(value: &TemplateValue) -> Value {
    let mut parameter = json!({ "type": "text", "text": value.text });
    if let Some(name) = &value.name {
        parameter["parameter_name"] = json!(name);
    }
    parameter
}

fn invalid(message: &str) -> Failure {
    Failure::Refused { class: Refusal::Invalid, code: "content".to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(content: Content, phone: Option<&str>) -> Value {
        let recipient = Recipient { id: "US.1".into(), phone: phone.map(str::to_owned) };
        let outgoing = Outgoing { content, reply_to: Some("wamid.0".into()), human_agent: false, key: "msg_1".into() };
        body(&recipient, &outgoing).expect("a body")
    }

    #[test]
    fn a_text_goes_to_the_number_or_else_to_the_id_and_carries_our_key() {
        let text = || Content::Text { text: "Hi".into(), choices: vec![] };
        let body = made(text(), Some("+15550100001"));
        assert_eq!(
            (body["to"].as_str(), body["biz_opaque_callback_data"].as_str()),
            (Some("15550100001"), Some("msg_1"))
        );
        assert_eq!(
            (body["text"]["body"].as_str(), body["context"]["message_id"].as_str()),
            (Some("Hi"), Some("wamid.0"))
        );
        assert_eq!(made(text(), None)["to"], "US.1");
    }

    #[test]
    fn three_choices_are_buttons_and_more_are_a_list() {
        let choices =
            |n: usize| (0..n).map(|i| Choice { title: format!("Choice {i}"), payload: i.to_string() }).collect();
        let few = made(Content::Text { text: "Which?".into(), choices: choices(3) }, None);
        assert_eq!(few["interactive"]["action"]["buttons"][2]["reply"]["id"], "2");
        let many = made(Content::Text { text: "Which?".into(), choices: choices(12) }, None);
        assert_eq!(many["interactive"]["action"]["sections"][0]["rows"].as_array().map(Vec::len), Some(10));
    }

    #[test]
    fn a_template_has_its_variables_in_their_places() {
        let template = Template {
            name: "reminder".into(),
            language: "en".into(),
            header: Some(TemplateHeader::Media(AttachmentKind::Image, MediaSource::Id("9".into()))),
            body: vec![
                TemplateValue { name: None, text: "Asha".into() },
                TemplateValue { name: Some("day".into()), text: "Friday".into() },
            ],
            buttons: vec![(0, "quick_reply".into(), "YES".into()), (1, "url".into(), "abc".into())],
        };
        let parts = made(Content::Template(template), None)["template"]["components"].clone();
        assert_eq!(parts[0]["parameters"][0], json!({ "type": "image", "image": { "id": "9" } }));
        assert_eq!(parts[1]["parameters"][1], json!({ "type": "text", "text": "Friday", "parameter_name": "day" }));
        assert_eq!(parts[2]["parameters"][0]["payload"], "YES");
        assert_eq!((parts[3]["index"].as_str(), parts[3]["sub_type"].as_str()), (Some("1"), Some("url")));
    }
}
