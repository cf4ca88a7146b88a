//! People writing on WhatsApp, as the `messages` field delivers it.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::customer::{Content, Refusal, Writing};
use crate::delivery::Parcel;
use crate::meta::{GraphError, Media, Meta};
use crate::sign;
use crate::threads::{Author, Platform, Visible};

/// A person writes; gives the message's id.
pub(crate) fn write(meta: &Meta, writing: &Writing) -> Result<String, Refusal> {
    let (number, person) = (&writing.account, &writing.person);
    if !meta.state(|state| state.numbers.contains_key(number)) {
        return Err(Refusal::UnknownAccount);
    }
    let (kind, body) = body(meta, writing)?;
    meta.state(|state| {
        state.meet(number, person, writing.name.as_deref());
    });
    let id = format!("wamid.HBgM{}", meta.shared_dice().word(40));
    let at_ms = meta.now_ms();
    let scoped = person.chars().any(char::is_alphabetic);
    let mut message = json!({ "from": person, "id": id, "timestamp": (at_ms / 1000).to_string(), "type": kind });
    if scoped {
        message["from_user_id"] = json!(person);
    }
    match kind {
        "unsupported" => message["errors"] = body,
        _ => message[kind] = body,
    }
    match &writing.content {
        Content::Text { reply_to: Some(quoted), .. } => message["context"] = json!({ "from": person, "id": quoted }),
        Content::FromAdvert { advert, .. } => message["referral"] = referral(advert),
        _ => {}
    }
    let mut value = json!({ "messages": [message] });
    if kind != "system" {
        value["contacts"] = json!([contact(writing, scoped)]);
    }
    meta.threads.show(Visible {
        number: 0,
        id: id.clone(),
        platform: Platform::WhatsApp,
        account: number.clone(),
        person: person.clone(),
        author: Author::Customer,
        kind: writing.content.kind().to_owned(),
        text: writing.content.words().map(str::to_owned),
        key: None,
        at_ms,
        content: message,
    });
    publish(meta, number, person, value, 0);
    Ok(id)
}

/// Sends a change of the `messages` field, if the business account is subscribed.
pub(super) fn publish(meta: &Meta, number: &str, person: &str, mut value: Value, hold_ms: u64) {
    let found = meta.state(|state| {
        let known = state.numbers.get(number)?;
        let subscribed = state.wabas.get(&known.waba).is_some_and(|waba| waba.subscribed);
        Some((known.waba.clone(), known.display.clone(), subscribed))
    });
    let Some((waba, display, subscribed)) = found else { return };
    if !subscribed {
        meta.count("webhooks.not_subscribed");
        return;
    }
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({ "display_phone_number": display, "phone_number_id": number });
    meta.post(Parcel {
        lane: format!("{number}/{person}"),
        group: "whatsapp_business_account".to_owned(),
        part: json!({ "id": waba, "changes": [{ "field": "messages", "value": value }] }),
        hold_ms,
    });
}

/// The contact: somebody with a user name has no phone number, and the profile may be missing.
fn contact(writing: &Writing, scoped: bool) -> Value {
    let mut contact = if scoped {
        json!({ "user_id": writing.person })
    } else {
        let digits: u64 = writing.person.bytes().fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        json!({ "wa_id": writing.person, "user_id": format!("US.{digits}") })
    };
    if let Some(name) = &writing.name {
        contact["profile"] = json!({ "name": name });
    }
    contact
}

fn referral(advert: &str) -> Value {
    json!({
        "source_url": "https://fb.me/example", "source_id": advert, "source_type": "ad", "headline": "Whiter by Friday",
        "body": "Free first visit", "media_type": "image", "ctwa_clid": format!("clid{advert}"),
    })
}

/// The message's type and its object.
fn body(meta: &Meta, writing: &Writing) -> Result<(&'static str, Value), Refusal> {
    Ok(match &writing.content {
        Content::Text { text, .. } | Content::FromAdvert { text, .. } => ("text", json!({ "body": text })),
        Content::Image { caption } => ("image", media(meta, "image/jpeg", caption.as_deref())),
        Content::Video { caption } => ("video", media(meta, "video/mp4", caption.as_deref())),
        Content::Audio { voice } => {
            let mut body = media(meta, "audio/ogg; codecs=opus", None);
            body["voice"] = json!(voice);
            ("audio", body)
        }
        Content::Document { filename } => {
            let mut body = media(meta, "application/pdf", None);
            body["filename"] = json!(filename);
            ("document", body)
        }
        Content::Sticker => {
            let mut body = media(meta, "image/webp", None);
            body["animated"] = json!(false);
            ("sticker", body)
        }
        Content::Location { latitude, longitude } => {
            ("location", json!({ "latitude": latitude, "longitude": longitude }))
        }
        Content::Reaction { to, emoji } => {
            let mut body = json!({ "message_id": to });
            if let Some(emoji) = emoji {
                body["emoji"] = json!(emoji);
            }
            ("reaction", body)
        }
        Content::Postback { title, payload } => ("button", json!({ "payload": payload, "text": title })),
        Content::ListReply { id, title } => (
            "interactive",
            json!({ "type": "list_reply", "list_reply": { "id": id, "title": title, "description": "" } }),
        ),
        Content::ContactCard { name, phone } => (
            "contacts",
            json!([{ "name": { "formatted_name": name, "first_name": name }, "phones": [{ "phone": phone, "type": "CELL" }] }]),
        ),
        Content::Order { product, quantity } => (
            "order",
            json!({ "catalog_id": "220000000000001", "product_items": [
                { "product_retailer_id": product, "quantity": quantity, "item_price": 49.5, "currency": "USD" },
            ] }),
        ),
        Content::NumberChanged { new } => (
            "system",
            json!({ "body": format!("User changed from {} to {new}", writing.person), "wa_id": new, "type": "user_changed_number" }),
        ),
        Content::Unsupported => ("unsupported", json!([GraphError::webhook_item(131_051)])),
        Content::StoryReply { .. }
        | Content::StoryMention
        | Content::Share
        | Content::Deleted { .. }
        | Content::Edited { .. } => return Err(Refusal::NotOnThisPlatform),
    })
}

fn media(meta: &Meta, mime: &str, caption: Option<&str>) -> Value {
    let id = meta.shared_dice().digits(15);
    let bytes = Bytes::from(format!("sample of {mime} {id}"));
    let mut body = json!({ "id": id, "mime_type": mime, "sha256": sign::sha256_hex(&bytes) });
    if let Some(caption) = caption {
        body["caption"] = json!(caption);
    }
    meta.state(|state| state.media.insert(id, Media { mime: mime.to_owned(), bytes }));
    body
}
