//! Webhooks of X, over both of its APIs.

use connectors::channel::{AttachmentKind, ChannelKind, Kind, Malformed};
use serde_json::json;

use crate::{assert_replayable, items, message, now, only};

pub const RECEIVED: &str = r#"{"data":{"event_uuid":"-6850472171600526495","filter":{"user_id":"1111111111111111111"},"event_type":"dm.received","tag":"tenant-7-dm",
 "payload":{"direct_message_events":[{"type":"message_create","id":"2080765901528535096","created_timestamp":"1787212345678",
   "message_create":{"target":{"recipient_id":"1111111111111111111"},"sender_id":"2222222222222222222",
    "message_data":{"text":"hi, pricing?","entities":{"hashtags":[],"symbols":[],"user_mentions":[],"urls":[]}}}}],
  "users":{"2222222222222222222":{"data":{"username":"buyer_one","name":"Buyer One"}},"3333":{"data":{"username":"someone"}}}}}}"#;

pub const LEGACY: &str = r#"{"for_user_id":"4337869213","direct_message_events":[{"type":"message_create","id":"954491830116155396","created_timestamp":"1787212345000",
 "message_create":{"target":{"recipient_id":"4337869213"},"sender_id":"3001969357","source_app_id":"13090192",
 "message_data":{"text":"Hello","entities":{"hashtags":[],"symbols":[],"user_mentions":[],"urls":[]}}}}],
 "apps":{"13090192":{"id":"13090192","name":"Demo","url":"https://x.com/demo"}},
 "users":{"3001969357":{"id":"3001969357","created_timestamp":"1422556069340","name":"J B","screen_name":"jb","protected":false,"verified":false,"followers_count":2,"friends_count":4,"statuses_count":9}}}"#;

#[test]
fn a_message_over_the_activity_api() {
    let received = crate::x(RECEIVED);
    assert_eq!((received[0].channel, received[0].account_id.as_str()), (ChannelKind::X, "1111111111111111111"));
    assert_replayable(&received, crate::x);
    let item = only(received);
    assert_eq!((item.event_key.as_str(), item.sender_key.as_str()), ("msg:2080765901528535096", "2222222222222222222"));
    assert_eq!(item.at.timestamp_millis(), 1_787_212_345_678);
    let contact = item.contact.as_ref().expect("a contact");
    assert_eq!((contact.username.as_deref(), contact.name.as_deref()), (Some("buyer_one"), Some("Buyer One")));
    assert_eq!(message(&item).text.as_deref(), Some("hi, pricing?"));
    assert!(!item.raw.get().contains("someone"), "another person in {}", item.raw);
}

#[test]
fn the_same_message_over_the_older_api_has_the_same_key() {
    let received = crate::x(LEGACY);
    assert_replayable(&received, crate::x);
    let item = only(received);
    assert_eq!((item.event_key.as_str(), item.sender_key.as_str()), ("msg:954491830116155396", "3001969357"));
    assert_eq!(item.contact.as_ref().and_then(|c| c.username.as_deref()), Some("jb"));
    let newer = LEGACY.replace(
        "\"for_user_id\":\"4337869213\",",
        r#""data":{"event_type":"dm.received","filter":{"user_id":"4337869213"},"payload":{"#,
    ) + "}}";
    assert_eq!(only(crate::x(&newer)).event_key, item.event_key);
}

#[test]
fn our_own_message_is_an_echo_in_the_contacts_conversation() {
    let sent = RECEIVED
        .replace("dm.received", "dm.sent")
        .replace(r#""recipient_id":"1111111111111111111""#, r#""recipient_id":"2222222222222222222""#)
        .replace(r#""sender_id":"2222222222222222222""#, r#""sender_id":"1111111111111111111""#);
    let received = crate::x(&sent);
    assert_replayable(&received, crate::x);
    let item = only(received);
    assert_eq!(item.sender_key, "2222222222222222222");
    assert!(matches!(&item.kind, Kind::Echo(echo) if echo.mid == "2080765901528535096" && !echo.ours));
}

#[test]
fn links_are_whole_and_media_has_no_link_in_the_text() {
    let body = json!({"for_user_id":"1","direct_message_events":[{"type":"message_create","id":"5","created_timestamp":"1787212345000",
        "message_create":{"target":{"recipient_id":"1"},"sender_id":"2","message_data":{"text":"see https://t.co/a https://t.co/m",
        "entities":{"urls":[{"url":"https://t.co/a","expanded_url":"https://example.com/offer"},{"url":"https://t.co/m","expanded_url":"https://x.com/p/1"}]},
        "attachment":{"type":"media","media":{"id":7,"type":"photo","url":"https://t.co/m","media_url_https":"https://ton.example/7.jpg"}}}}}]});
    let item = only(crate::x(&body.to_string()));
    assert_eq!(message(&item).text.as_deref(), Some("see https://example.com/offer"));
    assert_eq!(message(&item).attachments[0].kind, AttachmentKind::Image);
    assert_eq!(message(&item).attachments[0].media_id.as_deref(), Some("7"));
}

#[test]
fn typing_reads_revocations_and_the_rest() {
    let body = json!({"for_user_id":"1","direct_message_indicate_typing_events":[{"created_timestamp":"1787212345000","sender_id":"2","target":{"recipient_id":"1"}}],
        "direct_message_mark_read_events":[{"created_timestamp":"1787212345000","sender_id":"2","target":{"recipient_id":"1"},"last_read_event_id":"9"}],
        "tweet_create_events":[{"id":1}],"user_has_blocked":false});
    let received = crate::x(&body.to_string());
    assert_replayable(&received, crate::x);
    let items = items(received);
    assert_eq!(items.len(), 3);
    assert!(items.iter().any(|item| item.kind == Kind::Typing && item.sender_key == "2"));
    assert!(items.iter().any(|item| matches!(&item.kind, Kind::Read { mid: Some(mid), .. } if mid == "9")));
    assert!(items.iter().any(|item| matches!(&item.kind, Kind::Unknown { field } if field == "tweet_create_events")));
    let revoke = r#"{"user_event":{"revoke":{"date_time":"2026-08-01","target":{"app_id":"1"},"source":{"user_id":"63046977"}}}}"#;
    let received = crate::x(revoke);
    assert_eq!(received[0].account_id, "63046977");
    assert_replayable(&received, crate::x);
    assert_eq!(only(received).kind, Kind::Revoked);
}

#[test]
fn encrypted_chat_is_said_to_be_unreadable() {
    let body = json!({"data":{"event_uuid":"u-1","filter":{"user_id":"1"},"event_type":"chat.received","payload":{"blob":"AAAA"}}}).to_string();
    let received = crate::x(&body);
    assert_replayable(&received, crate::x);
    let item = only(received);
    assert!(matches!(&item.kind, Kind::Unsupported { mid: Some(mid), .. } if mid == "u-1"));
    let like = json!({"data":{"event_uuid":"u-2","filter":{"user_id":"1"},"event_type":"like.create","payload":{}}})
        .to_string();
    assert!(matches!(only(crate::x(&like)).kind, Kind::Unknown { field } if field == "like.create"));
}

#[test]
fn what_is_no_event_is_refused() {
    let parse = |body: &str| connectors::x::webhook::parse(body.as_bytes(), now()).map(|_| ());
    for (body, why) in [
        ("", Malformed::NotJson),
        ("{", Malformed::NotJson),
        ("[]", Malformed::NotAnEvent),
        ("{}", Malformed::NotAnEvent),
        (r#"{"data":7}"#, Malformed::NotAnEvent),
        (r#"{"data":{}}"#, Malformed::NotAnEvent),
        (r#"{"user_event":{}}"#, Malformed::NotAnEvent),
    ] {
        assert_eq!(parse(body), Err(why), "{body}");
    }
}
