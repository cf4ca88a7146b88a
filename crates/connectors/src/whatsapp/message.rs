//! One WhatsApp message in our words. Whatever has words in it gets a `text`, so that everything after the parser
//! can work on text alone: captions, button titles, orders.

use serde_json::Value;

use crate::channel::{Attachment, AttachmentKind, Kind, Message, Place, Reaction, Referral};
use crate::wire::{each, id, key, name, text};

/// The kind of a message of type `value["type"]`, and its key.
pub(super) fn kind(value: &Value, mid: String) -> (Kind, String) {
    let event_key = key("msg", &[&mid]);
    if value["group_id"].is_string() {
        // An answer to one member would be read by nobody else, and one to all may embarrass.
        return (Kind::Unsupported { mid: Some(mid), why: "a message in a group".to_owned() }, event_key);
    }
    let word = value["type"].as_str().unwrap_or_default();
    let content = &value[word];
    let mut message =
        Message { reply_to: id(&value["context"]["id"]), referral: referral(&value["referral"]), ..Message::default() };
    match word {
        "text" => message.text = text(&content["body"]),
        "image" | "video" | "audio" | "document" | "sticker" => {
            message.text = text(&content["caption"]);
            message.attachments.push(media(word, content));
        }
        "location" => message.attachments.push(location(content)),
        "contacts" => message.attachments.extend(each(content).map(card)),
        "order" => {
            message.text = text(&content["text"]);
            message.attachments.push(order(content));
        }
        "button" => (message.text, message.quick_reply) = (text(&content["text"]), text(&content["payload"])),
        "interactive" => pressed(content, &mut message),
        "reaction" => {
            let emoji = text(&content["emoji"]);
            let to = id(&content["message_id"]).unwrap_or_default();
            let reaction = Reaction { mid: to, removed: emoji.is_none(), emoji };
            return (Kind::Reaction(reaction), key("reaction", &[&mid]));
        }
        "system" => return system(content, &mid),
        "edit" => {
            let original = id(&content["original_message_id"]).unwrap_or_default();
            let words = text(&content["message"]["text"]["body"]);
            return (Kind::Edited { mid: original, text: words }, key("edited", &[&mid]));
        }
        "revoke" => {
            let original = id(&content["original_message_id"]).unwrap_or_default();
            return (Kind::Deleted { mid: original }, key("deleted", &[&mid]));
        }
        _ => return (Kind::Unsupported { mid: Some(mid), why: why(value, word) }, event_key),
    }
    message.mid = mid;
    (Kind::Message(Box::new(message)), event_key)
}

fn why(value: &Value, word: &str) -> String {
    let error = each(&value["errors"]).next();
    let told = error.and_then(|error| text(&error["error_data"]["details"]).or_else(|| text(&error["title"])));
    told.unwrap_or_else(|| format!("a message of type {:?}", word.chars().take(32).collect::<String>()))
}

fn system(content: &Value, mid: &str) -> (Kind, String) {
    let event_key = key("system", &[mid]);
    let new_id = text(&content["user_id"]).or_else(|| id(&content["wa_id"])).or_else(|| id(&content["new_wa_id"]));
    match new_id {
        Some(new_id) => (Kind::IdentityChanged { new_id, text: text(&content["body"]) }, event_key),
        None => (Kind::Unknown { field: "system".to_owned() }, event_key),
    }
}

fn pressed(content: &Value, message: &mut Message) {
    let word = content["type"].as_str().unwrap_or_default();
    let reply = &content[word];
    message.text = text(&reply["title"]).or_else(|| text(&reply["body"]));
    // A flow answers with a JSON text instead of an id.
    message.quick_reply = id(&reply["id"]).or_else(|| text(&reply["response_json"]));
}

fn media(word: &str, content: &Value) -> Attachment {
    let kind = match word {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" if content["voice"] == true => AttachmentKind::Voice,
        "audio" => AttachmentKind::Audio,
        "sticker" => AttachmentKind::Sticker,
        _ => AttachmentKind::File,
    };
    Attachment {
        kind,
        url: text(&content["url"]),
        media_id: id(&content["id"]),
        mime: text(&content["mime_type"]),
        filename: name(&content["filename"]),
        sha256: text(&content["sha256"]),
        ..Attachment::default()
    }
}

fn location(content: &Value) -> Attachment {
    let degrees = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let place = || Some(Place { latitude: degrees(&content["latitude"])?, longitude: degrees(&content["longitude"])? });
    let title =
        [name(&content["name"]), name(&content["address"])].into_iter().flatten().collect::<Vec<_>>().join(", ");
    Attachment {
        kind: AttachmentKind::Location,
        url: text(&content["url"]),
        title: Some(title).filter(|title| !title.is_empty()),
        place: place(),
        ..Attachment::default()
    }
}

fn card(contact: &Value) -> Attachment {
    let phone = each(&contact["phones"]).find_map(|phone| text(&phone["phone"]));
    let title = [name(&contact["name"]["formatted_name"]), name(&contact["org"]["company"]), phone];
    let title = title.into_iter().flatten().collect::<Vec<_>>().join(", ");
    Attachment {
        kind: AttachmentKind::ContactCard,
        title: Some(title).filter(|t| !t.is_empty()),
        ..Attachment::default()
    }
}

fn order(content: &Value) -> Attachment {
    let line = |item: &Value| {
        let product = id(&item["product_retailer_id"])?;
        let quantity = id(&item["quantity"]).unwrap_or_else(|| "1".to_owned());
        let price =
            id(&item["item_price"]).map(|price| format!(" at {price} {}", text(&item["currency"]).unwrap_or_default()));
        Some(format!("{quantity} × {product}{}", price.unwrap_or_default()).trim_end().to_owned())
    };
    let lines: Vec<String> = each(&content["product_items"]).filter_map(line).take(30).collect();
    Attachment {
        kind: AttachmentKind::Order,
        media_id: id(&content["catalog_id"]),
        title: Some(lines.join("; ")).filter(|title| !title.is_empty()),
        ..Attachment::default()
    }
}

fn referral(value: &Value) -> Option<Referral> {
    value.is_object().then(|| Referral {
        source: text(&value["source_type"]),
        source_id: id(&value["source_id"]),
        source_url: text(&value["source_url"]),
        headline: name(&value["headline"]),
        body: text(&value["body"]),
        reference: None,
        click_id: text(&value["ctwa_clid"]),
    })
}
