//! One event of Messenger or Instagram in our words. The two differ in few places: Instagram tells reads by message,
//! takes messages back, and knows stories.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::channel::{
    Attachment, AttachmentKind, Echo, Handover, Identity, Item, Kind, Message, Place, Postback, Raw, Reaction,
    Referral, Story, StoryKind, one_of_each,
};
use crate::wire::{each, fingerprint, id, instant, instant_of, key, name, text, words};

/// Where an event came from.
pub(super) struct Origin<'a> {
    pub account: &'a str,
    pub our_app: &'a str,
    pub standby: bool,
    pub fallback_time: DateTime<Utc>,
}

/// A contact's message of nothing but words, as nearly all are. Anything more in it is for [`item()`] to read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    #[serde(borrow)]
    sender: Side<'a>,
    #[serde(borrow)]
    recipient: Side<'a>,
    timestamp: i64,
    #[serde(borrow)]
    message: Words<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words<'a> {
    mid: &'a str,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Reads a message of nothing but words, without a tree of values; none when the event is anything else. Gives what [`item()`]
/// gives.
pub(super) fn plain(source: &str, origin: &Origin<'_>, raw: impl FnOnce() -> Raw) -> Option<Item> {
    // A list would be taken for the fields in their order.
    if source.contains('[') {
        return None;
    }
    let Plain { sender, recipient, timestamp, message } = serde_json::from_str(source).ok()?;
    if sender.id.is_empty() || recipient.id.is_empty() || message.mid.is_empty() || sender.id == origin.account {
        return None;
    }
    let event_key = key("msg", &[message.mid]);
    let message = Message { mid: message.mid.to_owned(), text: words(message.text), ..Message::default() };
    Some(Item {
        event_key,
        sender_key: sender.id.to_owned(),
        at: instant_of(timestamp).unwrap_or(origin.fallback_time),
        contact: Some(Identity { id: sender.id.to_owned(), ..Identity::default() }),
        standby: origin.standby,
        kind: Kind::Message(Box::new(message)),
        raw: raw(),
    })
}

/// Reads one event; `source` is its text, `raw` a body with just this event.
pub(super) fn item(event: &Value, source: &str, origin: &Origin<'_>, raw: Raw) -> Item {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    fn both(source: &str) -> (Option<Item>, Item) {
        let fallback_time = DateTime::from_timestamp(1_787_300_000, 0).expect("an instant");
        let origin = Origin { account: "10", our_app: "1", standby: false, fallback_time };
        let event = wire::read(source).expect("JSON");
        let raw = || wire::compose(source.to_owned());
        (plain(source, &origin, raw), item(&event, source, &origin, raw()))
    }

    fn event(sender: &str, timestamp: &str, message: &str) -> String {
        format!(r#"{{"sender":{sender},"recipient":{{"id":"10"}},"timestamp":{timestamp},"message":{message}}}"#)
    }

    #[test]
    fn words_alone_are_the_same_message_either_way() {
        let texts = [r#""hi""#, r#""""#, r#""a \"quoted\" \u00e9 \ud83d\ude00 \u0000""#, r#""مرحبا \\ 😀""#];
        for (text, time) in texts.iter().flat_map(|text| ["1787212345120", "5", "-1"].map(|time| (text, time))) {
            let source = event(r#"{"id":"78"}"#, time, &format!(r#"{{"mid":"m_1","text":{text}}}"#));
            let (plain, item) = both(&source);
            let plain = plain.expect("a plain message");
            assert_eq!((plain.event_key, plain.sender_key, plain.at), (item.event_key, item.sender_key, item.at));
            assert_eq!((plain.contact, plain.standby, plain.kind), (item.contact, item.standby, item.kind), "{source}");
        }
    }

    #[test]
    fn anything_else_is_left_to_the_other_way() {
        let words = r#"{"mid":"m_1","text":"hi"}"#;
        let them = r#"{"id":"78"}"#;
        for source in [
            event(r#"{"id":"10"}"#, "1", words),
            event(r#"{"id":""}"#, "1", words),
            event(r#"{"id":78}"#, "1", words),
            event(r#"{"id":"7\u0038"}"#, "1", words),
            event(r#"["78"]"#, "1", words),
            event(r#"{"id":"78","name":"Asha"}"#, "1", words),
            event("null", "1", words),
            event(them, "1.5", words),
            event(them, r#""1787212345""#, words),
            event(them, "99999999999999999999", words),
            event(them, "1", r#"{"mid":"m_1"}"#),
            event(them, "1", r#"{"mid":"","text":"hi"}"#),
            event(them, "1", r#"{"mid":5,"text":"hi"}"#),
            event(them, "1", r#"{"mid":"m_1","text":null}"#),
            event(them, "1", r#"{"mid":"m_1","text":5}"#),
            event(them, "1", r#"{"mid":"m_1","text":"half \ud83d"}"#),
            event(them, "1", r#"{"mid":"m_1","text":"hi","is_echo":true}"#),
            event(them, "1", r#"{"mid":"m_1","text":"hi","text":"again"}"#),
            event(them, "1", r#"["m_1","hi"]"#),
            event(them, r#"1,"read":{"watermark":5}"#, words),
        ] {
            assert!(both(&source).0.is_none(), "{source}");
        }
    }
}
