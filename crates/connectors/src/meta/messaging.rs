//! One event of Messenger or Instagram in our words. The two differ in few places: Instagram tells reads by message,
//! takes messages back, and knows stories.

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::channel::{
    Attachment, AttachmentKind, Echo, Handover, Identity, Item, Kind, Message, Place, Postback, Reaction, Referral,
    Story, StoryKind, one_of_each,
};
use crate::wire::{each, fingerprint, id, instant, key, name, text};

/// Where an event came from.
pub(super) struct Origin<'a> {
    pub account: &'a str,
    pub our_app: &'a str,
    pub standby: bool,
    pub fallback_time: DateTime<Utc>,
}

/// Reads one event; `source` is its text, `raw` a body with just this event.
pub(super) fn item(event: &Value, source: &str, origin: &Origin<'_>, raw: Box<RawValue>) -> Item {
    let echo = event["message"]["is_echo"] == true;
    let (sender, recipient) = (id(&event["sender"]["id"]), id(&event["recipient"]["id"]));
    let from_us = echo || (sender.as_deref() == Some(origin.account) && recipient.as_deref() != Some(origin.account));
    let (them, profile) = if from_us { (recipient, &event["recipient"]) } else { (sender, &event["sender"]) };
    let told = instant(&event["timestamp"]);
    let (kind, event_key) = kind(event, source, origin, echo, them.as_deref().unwrap_or_default());
    let contact = them.clone().map(|id| Identity {
        id,
        name: name(&profile["name"]),
        username: name(&profile["username"]),
        ..Identity::default()
    });
    Item {
        event_key,
        sender_key: them.or_else(|| text(&event["optin"]["user_ref"])).unwrap_or_default(),
        at: told.unwrap_or(origin.fallback_time),
        contact,
        standby: origin.standby,
        kind,
        raw,
    }
}

/// The kind of an event, and its key.
fn kind(event: &Value, source: &str, origin: &Origin<'_>, echo: bool, them: &str) -> (Kind, String) {
    let stamp = event["timestamp"].to_string();
    let of = |field: &str| Some(&event[field]).filter(|value| value.is_object());
    if let Some(message) = of("message") {
        return message_kind(message, source, origin.our_app, echo);
    }
    if let Some(edit) = of("message_edit") {
        let mid = id(&edit["mid"]).unwrap_or_else(|| fingerprint(source));
        let event_key = key("edited", &[&mid, &edit["num_edit"].to_string(), &stamp]);
        return (Kind::Edited { mid, text: text(&edit["text"]) }, event_key);
    }
    if let Some(reaction) = of("reaction") {
        let mid = id(&reaction["mid"]).unwrap_or_default();
        let removed = reaction["action"] == "unreact";
        let emoji = text(&reaction["emoji"]).or_else(|| text(&reaction["reaction"]));
        let event_key =
            key("reaction", &[&mid, them, if removed { "-" } else { "+" }, emoji.as_deref().unwrap_or(""), &stamp]);
        return (Kind::Reaction(Reaction { mid, emoji, removed }), event_key);
    }
    if let Some(postback) = of("postback") {
        let mid = id(&postback["mid"]);
        let event_key =
            mid.as_ref().map_or_else(|| key("postback", &[&fingerprint(source)]), |mid| key("postback", &[mid]));
        let (title, payload) = (text(&postback["title"]), text(&postback["payload"]));
        let referral = referral(&postback["referral"]);
        return (Kind::Postback(Box::new(Postback { mid, title, payload, referral })), event_key);
    }
    if let Some(delivery) = of("delivery") {
        let mids = each(&delivery["mids"]).filter_map(id).collect();
        let event_key =
            key("delivered", &[them, &delivery["watermark"].to_string(), &fingerprint(&delivery.to_string())]);
        return (Kind::Delivered { mids, watermark: instant(&delivery["watermark"]) }, event_key);
    }
    if let Some(read) = of("read") {
        let mid = id(&read["mid"]);
        let mark = mid.clone().unwrap_or_else(|| read["watermark"].to_string());
        return (Kind::Read { mid, watermark: instant(&read["watermark"]) }, key("read", &[them, &mark]));
    }
    rarer_kind(event, source)
}

fn rarer_kind(event: &Value, source: &str) -> (Kind, String) {
    let of = |field: &str| Some(&event[field]).filter(|value| value.is_object());
    let event_key = |word: &str| key(word, &[&fingerprint(source)]);
    if let Some(optin) = of("optin") {
        let reference = text(&optin["ref"]).or_else(|| text(&optin["payload"]));
        return (Kind::OptIn { reference, user_ref: text(&optin["user_ref"]) }, event_key("optin"));
    }
    if let Some(referral) = referral(&event["referral"]) {
        return (Kind::Referred(Box::new(referral)), event_key("referred"));
    }
    if let Some(passed) = of("pass_thread_control") {
        let handover = Handover::Passed { to: id(&passed["new_owner_app_id"]), metadata: text(&passed["metadata"]) };
        return (Kind::Handover(handover), event_key("handover"));
    }
    if let Some(taken) = of("take_thread_control") {
        let handover =
            Handover::Taken { from: id(&taken["previous_owner_app_id"]), metadata: text(&taken["metadata"]) };
        return (Kind::Handover(handover), event_key("handover"));
    }
    if let Some(asked) = of("request_thread_control") {
        let handover =
            Handover::Requested { by: id(&asked["requested_owner_app_id"]), metadata: text(&asked["metadata"]) };
        return (Kind::Handover(handover), event_key("handover"));
    }
    if let Some(policy) = of("policy_enforcement").or_else(|| of("policy-enforcement")) {
        let kind = Kind::PolicyEnforcement { action: text(&policy["action"]), reason: text(&policy["reason"]) };
        return (kind, event_key("policy"));
    }
    let known = |name: &&String| !matches!(name.as_str(), "sender" | "recipient" | "timestamp");
    let field = event.as_object().and_then(|fields| fields.keys().find(known)).map_or("event", String::as_str);
    (Kind::Unknown { field: field.chars().take(64).collect() }, event_key("unknown"))
}

fn message_kind(message: &Value, source: &str, our_app: &str, echo: bool) -> (Kind, String) {
    // A message without an id cannot be told from its repetition except by its whole text.
    let mid = id(&message["mid"]).unwrap_or_else(|| fingerprint(source));
    if message["is_deleted"] == true {
        let event_key = key("deleted", &[&mid]);
        return (Kind::Deleted { mid }, event_key);
    }
    let attachments = one_of_each(each(&message["attachments"]).map(attachment).collect());
    if echo {
        let app_id = id(&message["app_id"]);
        let ours = !our_app.is_empty() && app_id.as_deref() == Some(our_app);
        let event_key = key("echo", &[&mid]);
        let (words, metadata) = (text(&message["text"]), text(&message["metadata"]));
        return (Kind::Echo(Echo { mid, text: words, attachments, app_id, metadata, ours }), event_key);
    }
    let event_key = key("msg", &[&mid]);
    if message["is_unsupported"] == true {
        let why = "the platform does not hand this kind of message to applications".to_owned();
        return (Kind::Unsupported { mid: Some(mid), why }, event_key);
    }
    let message = Message {
        mid,
        text: text(&message["text"]),
        quick_reply: text(&message["quick_reply"]["payload"]),
        reply_to: id(&message["reply_to"]["mid"]),
        story: story(message, &attachments),
        referral: referral(&message["referral"]),
        attachments,
    };
    (Kind::Message(Box::new(message)), event_key)
}

fn story(message: &Value, attachments: &[Attachment]) -> Option<Story> {
    let answered = &message["reply_to"]["story"];
    if answered.is_object() {
        return Some(Story { kind: StoryKind::Reply, id: id(&answered["id"]), url: text(&answered["url"]) });
    }
    let mention = attachments.iter().find(|attachment| attachment.kind == AttachmentKind::StoryMention)?;
    Some(Story { kind: StoryKind::Mention, id: mention.media_id.clone(), url: mention.url.clone() })
}

fn attachment(value: &Value) -> Attachment {
    let payload = &value["payload"];
    let kind = match value["type"].as_str().unwrap_or_default() {
        "image" | "animated_image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" => AttachmentKind::Audio,
        "file" => AttachmentKind::File,
        "sticker" | "like_heart" => AttachmentKind::Sticker,
        "location" => AttachmentKind::Location,
        "template" => AttachmentKind::Template,
        "story_mention" | "ig_story" => AttachmentKind::StoryMention,
        "fallback" | "share" | "post" | "ig_post" | "reel" | "ig_reel" => AttachmentKind::Share,
        _ => AttachmentKind::Other,
    };
    let point = &payload["coordinates"];
    let place = || Some(Place { latitude: point["lat"].as_f64()?, longitude: point["long"].as_f64()? });
    Attachment {
        kind,
        url: text(&payload["url"]).or_else(|| text(&value["url"])),
        media_id: id(&payload["sticker_id"]).or_else(|| id(&payload["id"])),
        title: name(&payload["title"]).or_else(|| name(&value["title"])),
        place: place(),
        ..Attachment::default()
    }
}

fn referral(value: &Value) -> Option<Referral> {
    value.is_object().then(|| {
        let ad = &value["ads_context_data"];
        Referral {
            source: text(&value["source"]).or_else(|| text(&value["type"])),
            source_id: id(&value["ad_id"]).or_else(|| id(&ad["post_id"])),
            source_url: text(&value["referer_uri"]).or_else(|| text(&value["source_url"])),
            headline: name(&ad["ad_title"]),
            body: None,
            reference: text(&value["ref"]),
            click_id: text(&value["ctwa_clid"]),
        }
    })
}
