//! Webhooks of Facebook pages.

use connectors::channel::{AttachmentKind, ChannelKind, Handover, Kind, Malformed, Place};
use connectors::meta;
use serde_json::{Value, json};

use crate::{OUR_APP, assert_replayable, items, message, now, only};

pub const MESSAGE: &str = r#"{"object":"page","entry":[{"id":"104500000000001","time":1787212345678,"messaging":[
 {"sender":{"id":"7812345678901234"},"recipient":{"id":"104500000000001"},"timestamp":1787212345120,
  "message":{"mid":"m_Ab3dEfG-1","text":"Do you have a slot on Friday?",
   "quick_reply":{"payload":"ASK_SLOT"},
   "attachments":[{"type":"image","payload":{"url":"https://scontent.example/1.jpg"}}]}}]}]}"#;

pub const MIXED: &str = r#"{"object":"page","entry":[{"id":"104500000000001","time":1787212350000,"messaging":[
 {"sender":{"id":"104500000000001"},"recipient":{"id":"7812345678901234"},"timestamp":1787212349000,
  "message":{"is_echo":true,"app_id":263902037430900,"metadata":"turn-42","mid":"m_Echo-1","text":"Yes, 10:00 or 14:30."}},
 {"sender":{"id":"7812345678901234"},"recipient":{"id":"104500000000001"},"delivery":{"mids":["m_Echo-1"],"watermark":1787212349500}},
 {"sender":{"id":"7812345678901234"},"recipient":{"id":"104500000000001"},"timestamp":1787212352000,"read":{"watermark":1787212351000}},
 {"sender":{"id":"7812345678901234"},"recipient":{"id":"104500000000001"},"timestamp":1787212353000,
  "postback":{"mid":"m_Pb-1","title":"Book","payload":"BOOK_1430"}}]}]}"#;

/// A body with one event from a contact, given what it has besides the usual fields.
fn event(extra: &Value) -> String {
    let mut event = json!({"sender":{"id":"78"},"recipient":{"id":"10"},"timestamp":1_787_212_345_120_i64});
    event.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    json!({"object":"page","entry":[{"id":"10","time":1_787_212_345_678_i64,"messaging":[event]}]}).to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "a literal reads better without a borrow at every call")]
fn one(extra: Value) -> connectors::channel::Item {
    only(crate::meta(&event(&extra)))
}

#[test]
fn a_message_keeps_its_text_button_attachment_and_time() {
    let received = crate::meta(MESSAGE);
    assert_eq!((received[0].channel, received[0].account_id.as_str()), (ChannelKind::Facebook, "104500000000001"));
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert_eq!((item.event_key.as_str(), item.sender_key.as_str()), ("msg:m_Ab3dEfG-1", "7812345678901234"));
    assert_eq!(item.at.timestamp_millis(), 1_787_212_345_120);
    assert_eq!(item.contact.as_ref().map(|c| (c.id.as_str(), c.phone.is_none())), Some(("7812345678901234", true)));
    let message = message(&item);
    assert_eq!(message.text.as_deref(), Some("Do you have a slot on Friday?"));
    assert_eq!(message.quick_reply.as_deref(), Some("ASK_SLOT"));
    assert_eq!(message.attachments[0].kind, AttachmentKind::Image);
    assert_eq!(message.attachments[0].url.as_deref(), Some("https://scontent.example/1.jpg"));
}

#[test]
fn echoes_deliveries_reads_and_postbacks_belong_to_the_contacts_conversation() {
    let received = crate::meta(MIXED);
    assert_replayable(&received, crate::meta);
    let items = items(received);
    assert!(items.iter().all(|item| item.sender_key == "7812345678901234"));
    let Kind::Echo(echo) = &items[0].kind else { panic!("an echo: {:?}", items[0].kind) };
    assert_eq!((echo.mid.as_str(), echo.metadata.as_deref(), echo.ours), ("m_Echo-1", Some("turn-42"), true));
    let Kind::Delivered { mids, watermark } = &items[1].kind else { panic!("a delivery") };
    assert_eq!(
        (mids.as_slice(), watermark.map(|at| at.timestamp_millis())),
        (&["m_Echo-1".to_owned()][..], Some(1_787_212_349_500))
    );
    assert_eq!(items[1].at.timestamp_millis(), 1_787_212_350_000, "a delivery has no time of its own");
    assert!(matches!(&items[2].kind, Kind::Read { mid: None, watermark: Some(_) }));
    let Kind::Postback(postback) = &items[3].kind else { panic!("a postback") };
    assert_eq!((postback.title.as_deref(), postback.payload.as_deref()), (Some("Book"), Some("BOOK_1430")));
}

#[test]
fn an_echo_of_another_application_or_of_none_is_not_ours() {
    for app_id in [json!(1), json!("1"), Value::Null] {
        let item = one(
            json!({"sender":{"id":"10"},"recipient":{"id":"78"},"message":{"is_echo":true,"mid":"m","app_id":app_id}}),
        );
        assert!(matches!(&item.kind, Kind::Echo(echo) if !echo.ours), "{app_id}");
        assert_eq!(item.sender_key, "78");
    }
    let ours = one(json!({"message":{"is_echo":true,"mid":"m","app_id":OUR_APP}}));
    assert!(matches!(&ours.kind, Kind::Echo(echo) if echo.ours), "an id as text");
}

#[test]
fn a_sticker_sent_twice_in_one_message_is_one() {
    let payload = json!({"url":"https://scontent.example/like.png","sticker_id":369_239_263_222_822_i64});
    let item = one(
        json!({"message":{"mid":"m","attachments":[{"type":"image","payload":payload},{"type":"sticker","payload":payload}]}}),
    );
    let attachments = &message(&item).attachments;
    assert_eq!(attachments.len(), 1);
    assert_eq!(
        (attachments[0].kind, attachments[0].media_id.as_deref()),
        (AttachmentKind::Sticker, Some("369239263222822"))
    );
}

#[test]
fn places_links_and_unknown_attachments_are_kept() {
    let item = one(json!({"message":{"mid":"m","attachments":[
        {"type":"location","title":"Home","payload":{"coordinates":{"lat":48.2,"long":16.4}}},
        {"type":"fallback","title":"A page","url":"https://example.com/a","payload":null},
        {"type":"hologram","payload":{"url":"https://example.com/h"}}]}}));
    let attachments = &message(&item).attachments;
    assert_eq!(attachments[0].place, Some(Place { latitude: 48.2, longitude: 16.4 }));
    assert_eq!((attachments[1].kind, attachments[1].title.as_deref()), (AttachmentKind::Share, Some("A page")));
    assert_eq!(
        (attachments[2].kind, attachments[2].url.as_deref()),
        (AttachmentKind::Other, Some("https://example.com/h"))
    );
}

#[test]
fn the_rarer_kinds_are_told_apart() {
    assert!(
        matches!(one(json!({"reaction":{"action":"react","emoji":"❤","mid":"m"}})).kind, Kind::Reaction(r) if !r.removed && r.mid == "m")
    );
    assert!(
        matches!(one(json!({"reaction":{"action":"unreact","reaction":"love","mid":"m"}})).kind, Kind::Reaction(r) if r.removed)
    );
    assert!(
        matches!(one(json!({"message_edit":{"mid":"m","text":"new","num_edit":1}})).kind, Kind::Edited { text: Some(t), .. } if t == "new")
    );
    assert!(
        matches!(one(json!({"referral":{"ref":"summer","source":"ADS","ad_id":"6"}})).kind, Kind::Referred(r) if r.reference.as_deref() == Some("summer"))
    );
    assert!(matches!(one(json!({"pass_thread_control":{"new_owner_app_id":263_902_i64,"metadata":"x"}})).kind,
        Kind::Handover(Handover::Passed { to: Some(to), .. }) if to == "263902"));
    assert!(
        matches!(one(json!({"policy_enforcement":{"action":"block","reason":"spam"}})).kind, Kind::PolicyEnforcement { action: Some(a), .. } if a == "block")
    );
    assert!(matches!(one(json!({"game_play":{"game_id":"1"}})).kind, Kind::Unknown { field } if field == "game_play"));
    let optin = one(json!({"sender":null,"optin":{"ref":"checkout","user_ref":"u-1"}}));
    assert!(matches!(&optin.kind, Kind::OptIn { user_ref: Some(user), .. } if user == "u-1"));
    assert_eq!((optin.sender_key.as_str(), optin.contact.is_none()), ("u-1", true));
}

#[test]
fn a_thread_that_another_application_owns_is_marked() {
    let body = event(&json!({"message":{"mid":"m","text":"hi"}})).replace("\"messaging\"", "\"standby\"");
    let received = crate::meta(&body);
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert!(item.standby && message(&item).text.as_deref() == Some("hi"));
}

#[test]
fn a_batch_over_many_pages_is_sorted_by_page_and_keeps_order() {
    let event = |page: &str, mid: &str| json!({"id":page,"time":1,"messaging":[{"sender":{"id":"7"},"recipient":{"id":page},"message":{"mid":mid}}]});
    let body = json!({"object":"page","entry":[event("1","a"),event("2","b"),event("1","c")]}).to_string();
    let received = crate::meta(&body);
    let shape: Vec<(&str, Vec<&str>)> = received
        .iter()
        .map(|b| (b.account_id.as_str(), b.items.iter().map(|i| i.event_key.as_str()).collect()))
        .collect();
    assert_eq!(shape, [("1", vec!["msg:a", "msg:c"]), ("2", vec!["msg:b"])]);
    assert_eq!(received[0].items[0].at, now(), "an implausible time is not believed");
}

#[test]
fn one_unreadable_event_costs_no_other() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"10","time":1,"messaging":[{{"x":{deep}}},{{"sender":{{"id":"7"}},"message":{{"mid":"m","text":5}}}}]}},{{"id":"11","messaging":"?"}},{{"id":"12","changes":[{{"field":"feed","value":{{"item":"comment"}}}}]}}]}}"#
    );
    let received = crate::meta(&body);
    let kinds: Vec<&Kind> = received.iter().flat_map(|batch| &batch.items).map(|item| &item.kind).collect();
    assert!(matches!(kinds[0], Kind::Unknown { field } if field == "messaging"));
    assert!(matches!(kinds[1], Kind::Message(message) if message.text.is_none() && message.mid == "m"));
    assert!(matches!(kinds[2], Kind::Unknown { field } if field == "entry"));
    assert!(matches!(kinds[3], Kind::Unknown { field } if field == "feed"));
}

#[test]
fn what_is_no_event_is_refused() {
    let parse = |body: &[u8]| meta::webhook::parse(body, OUR_APP, now()).map(|_| ());
    for body in [&b""[..], b"{", b"hello", b"\xff\xfe", br#"{"object":"page","entry":[}"#] {
        assert_eq!(parse(body), Err(Malformed::NotJson), "{body:?}");
    }
    for body in [&b"[]"[..], b"null", b"{}", br#"{"object":"user","entry":[]}"#, br#"{"object":"page","entry":7}"#] {
        assert_eq!(parse(body), Err(Malformed::NotAnEvent), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn long_odd_and_right_to_left_texts_arrive_whole() {
    for words in ["x".repeat(100_000), "مرحبا 👩‍👩‍👧 \u{202e}x".to_owned(), "a\0b".to_owned()] {
        let item = one(json!({"message":{"mid":"m","text":words}}));
        assert_eq!(message(&item).text.as_deref(), Some(words.replace('\0', "\u{fffd}").as_str()));
    }
}
