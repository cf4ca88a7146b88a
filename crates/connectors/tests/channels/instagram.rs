//! Webhooks of Instagram accounts, as far as they differ from Messenger's.

use connectors::channel::{ChannelKind, Kind, StoryKind};
use serde_json::{Value, json};

use crate::{assert_replayable, message, only};

pub const STORY_REPLY: &str = r#"{"object":"instagram","entry":[{"id":"17841400000000001","time":1787212345678,"messaging":[
 {"sender":{"id":"9087654321001122"},"recipient":{"id":"17841400000000001"},"timestamp":1787212345000,
  "message":{"mid":"aWdfZAG1faXRlbToxOklHTWVz","text":"price?","reply_to":{"story":{"id":"1800000001","url":"https://cdn.example/story.mp4"}}}}]}]}"#;

fn one(message: &Value) -> connectors::channel::Item {
    let event =
        json!({"sender":{"id":"90"},"recipient":{"id":"178"},"timestamp":1_787_212_345_000_i64,"message":message});
    only(crate::meta(&json!({"object":"instagram","entry":[{"id":"178","messaging":[event]}]}).to_string()))
}

#[test]
fn an_answer_to_a_story_names_the_story() {
    let received = crate::meta(STORY_REPLY);
    assert_eq!(received[0].channel, ChannelKind::Instagram);
    assert_replayable(&received, crate::meta);
    let item = only(received);
    let story = message(&item).story.clone().expect("a story");
    assert_eq!((story.kind, story.id.as_deref()), (StoryKind::Reply, Some("1800000001")));
    assert_eq!(message(&item).text.as_deref(), Some("price?"));
}

#[test]
fn a_mention_in_a_story_is_a_message_with_a_story() {
    let item =
        one(&json!({"mid":"m","attachments":[{"type":"story_mention","payload":{"url":"https://cdn.example/s"}}]}));
    let story = message(&item).story.clone().expect("a story");
    assert_eq!((story.kind, story.url.as_deref()), (StoryKind::Mention, Some("https://cdn.example/s")));
}

#[test]
fn unsent_and_unsupported_messages_are_told_apart() {
    assert!(matches!(one(&json!({"mid":"m","is_deleted":true})).kind, Kind::Deleted { mid } if mid == "m"));
    assert!(
        matches!(one(&json!({"mid":"m","is_unsupported":true})).kind, Kind::Unsupported { mid: Some(mid), .. } if mid == "m")
    );
    let ours_unsent = json!({"mid":"m","is_deleted":true,"is_echo":true});
    assert!(matches!(one(&ours_unsent).kind, Kind::Deleted { .. }));
}

#[test]
fn a_read_names_its_message() {
    let event =
        json!({"sender":{"id":"90"},"recipient":{"id":"178"},"timestamp":1_787_212_345_000_i64,"read":{"mid":"m-9"}});
    let item = only(crate::meta(&json!({"object":"instagram","entry":[{"id":"178","messaging":[event]}]}).to_string()));
    assert_eq!(item.kind, Kind::Read { mid: Some("m-9".into()), watermark: None });
    assert_eq!(item.event_key, "read:90:m-9");
}

#[test]
fn the_dashboards_test_event_is_tolerated() {
    let body = r#"{"object":"instagram","entry":[{"id":"0","time":1787212345,"changes":[{"field":"messages","value":
        {"sender":{"id":"12334"},"recipient":{"id":"23245"},"timestamp":"1787212345","message":{"mid":"random_mid","text":"random_text"}}}]}]}"#;
    let received = crate::meta(body);
    assert_eq!(received[0].account_id, "0");
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert_eq!(message(&item).text.as_deref(), Some("random_text"));
    assert_eq!((item.sender_key.as_str(), item.at.timestamp()), ("12334", 1_787_212_345));
}
