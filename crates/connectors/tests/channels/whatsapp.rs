//! Webhooks of WhatsApp business accounts.

use connectors::channel::{AttachmentKind, ChannelKind, Identity, Item, Kind, StatusState};
use serde_json::{Value, json};

use crate::{assert_replayable, items, message, only};

pub const MESSAGE: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"field":"messages","value":{
 "messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":"106540000000002"},
 "contacts":[{"profile":{"name":"Asha P"},"wa_id":"16505550123","user_id":"US.1234567890123"}],
 "messages":[{"from":"16505550123","id":"wamid.HBgLMTY1MDU1NTAxMjMVAgASGBQz","timestamp":"1787212345","type":"text","text":{"body":"Is the clinic open on Sunday?"}}]}}]}]}"#;

pub const FAILED: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"field":"messages","value":{
 "messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":"106540000000002"},
 "statuses":[{"id":"wamid.OUT1","status":"failed","timestamp":"1787212399","recipient_id":"16505550123",
  "errors":[{"code":131047,"title":"Re-engagement message","message":"Re-engagement message","error_data":{"details":"More than 24 hours since the customer last replied"},"href":"/documentation/business-messaging/whatsapp/support/error-codes"}]}]}}]}]}"#;

/// A body whose value has these fields besides the usual ones.
pub fn value(extra: &Value) -> String {
    let mut value = json!({"messaging_product":"whatsapp","metadata":{"phone_number_id":"106"}});
    value.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    json!({"object":"whatsapp_business_account","entry":[{"id":"102","changes":[{"field":"messages","value":value}]}]})
        .to_string()
}

fn sent(message: &Value) -> Item {
    let mut whole = json!({"from":"16505550123","id":"wamid.1","timestamp":"1787212345"});
    whole.as_object_mut().expect("an object").extend(message.as_object().expect("an object").clone());
    only(crate::meta(&value(
        &json!({"contacts":[{"wa_id":"16505550123","profile":{"name":"Asha"}}],"messages":[whole]}),
    )))
}

#[test]
fn a_message_is_keyed_on_the_business_scoped_id() {
    let received = crate::meta(MESSAGE);
    assert_eq!((received[0].channel, received[0].account_id.as_str()), (ChannelKind::Whatsapp, "106540000000002"));
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert_eq!(item.sender_key, "US.1234567890123");
    assert_eq!(item.at.timestamp(), 1_787_212_345);
    let contact = Identity {
        id: "US.1234567890123".into(),
        also: vec!["16505550123".into()],
        phone: Some("+16505550123".into()),
        name: Some("Asha P".into()),
        username: None,
    };
    assert_eq!(item.contact, Some(contact));
    assert_eq!(message(&item).text.as_deref(), Some("Is the clinic open on Sunday?"));
}

#[test]
fn a_contact_without_number_or_name_is_one_contact() {
    for contacts in [
        json!([{"user_id":"US.9","profile":{"username":"asha"}}]),
        json!([{"user_id":"US.9","wa_id":"","profile":{"username":"asha"}}]),
    ] {
        for from in [json!("US.9"), json!(""), Value::Null] {
            let body = value(
                &json!({"contacts":contacts,"messages":[{"from":from,"id":"wamid.2","timestamp":"1787212345","type":"text","text":{"body":"hi"}}]}),
            );
            let item = only(crate::meta(&body));
            let contact = item.contact.expect("a contact");
            assert_eq!((contact.id.as_str(), contact.phone, contact.name), ("US.9", None, None), "from {from}");
            assert_eq!((contact.username.as_deref(), contact.also), (Some("asha"), vec![]));
        }
    }
    let bare = only(crate::meta(&value(
        &json!({"messages":[{"from":"16505550123","id":"w","type":"text","text":{"body":"hi"}}]}),
    )));
    let contact = bare.contact.expect("a contact");
    assert_eq!((contact.id.as_str(), contact.phone.as_deref()), ("16505550123", Some("+16505550123")));
}

#[test]
fn in_a_batch_every_message_has_its_own_contact_and_no_other() {
    let body = value(&json!({
        "contacts":[{"wa_id":"15550100001","profile":{"name":"A"}},{"wa_id":"15550100002","user_id":"AT.2","profile":{"name":"B"}}],
        "messages":[{"from":"15550100002","id":"w2","timestamp":"1787212345","type":"text","text":{"body":"b"}},
                    {"from":"15550100001","id":"w1","timestamp":"1787212345","type":"text","text":{"body":"a"}}]}));
    let received = crate::meta(&body);
    assert_replayable(&received, crate::meta);
    let items = items(received);
    assert_eq!(items[0].contact.as_ref().map(|c| (c.id.as_str(), c.name.as_deref())), Some(("AT.2", Some("B"))));
    assert_eq!(items[1].contact.as_ref().map(|c| (c.id.as_str(), c.name.as_deref())), Some(("15550100001", Some("A"))));
    assert!(!items[0].raw.get().contains("15550100001"), "another person's number in {}", items[0].raw);
}

#[test]
fn every_type_has_its_words_and_its_attachment() {
    let with = |message: Value| {
        let item = sent(&message);
        let message = message_of(&item);
        (message.text, message.attachments.first().map(|a| a.kind), message.quick_reply)
    };
    let media = |kind: &str| json!({"type":kind, kind:{"id":"900","mime_type":"x/y","sha256":"s","caption":"look","filename":"f.pdf"}});
    assert_eq!(with(media("image")), (Some("look".into()), Some(AttachmentKind::Image), None));
    assert_eq!(with(media("video")).1, Some(AttachmentKind::Video));
    assert_eq!(with(media("document")).1, Some(AttachmentKind::File));
    assert_eq!(with(media("sticker")).1, Some(AttachmentKind::Sticker));
    assert_eq!(with(media("audio")).1, Some(AttachmentKind::Audio));
    assert_eq!(with(json!({"type":"audio","audio":{"id":"1","voice":true}})).1, Some(AttachmentKind::Voice));
    assert_eq!(
        with(json!({"type":"location","location":{"latitude":"48.2","longitude":16.4}})).1,
        Some(AttachmentKind::Location)
    );
    assert_eq!(
        with(json!({"type":"button","button":{"payload":"YES","text":"Yes"}})),
        (Some("Yes".into()), None, Some("YES".into()))
    );
    let list = json!({"type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"r1","title":"Friday","description":"10:00"}}});
    assert_eq!(with(list), (Some("Friday".into()), None, Some("r1".into())));
    let flow = json!({"type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"{\"a\":1}"}}});
    assert_eq!(with(flow), (Some("Sent".into()), None, Some("{\"a\":1}".into())));
    let order = json!({"type":"order","order":{"catalog_id":"c","text":"asap","product_items":[{"product_retailer_id":"sku","quantity":2,"item_price":9.5,"currency":"EUR"}]}});
    let item = sent(&order);
    assert_eq!(message_of(&item).attachments[0].title.as_deref(), Some("2 × sku at 9.5 EUR"));
    let card =
        json!({"type":"contacts","contacts":[{"name":{"formatted_name":"Ben"},"phones":[{"phone":"+1 555 0100"}]}]});
    assert_eq!(message_of(&sent(&card)).attachments[0].title.as_deref(), Some("Ben, +1 555 0100"));
}

fn message_of(item: &Item) -> connectors::channel::Message {
    message(item).clone()
}

#[test]
fn quotes_ads_and_what_is_no_message() {
    let item = sent(&json!({"type":"text","text":{"body":"this?"},"context":{"from":"1555","id":"wamid.0"},
        "referral":{"source_type":"ad","source_id":"6","headline":"Summer","ctwa_clid":"c"}}));
    let words = message_of(&item);
    assert_eq!(words.reply_to.as_deref(), Some("wamid.0"));
    assert_eq!(words.referral.as_ref().and_then(|r| r.click_id.as_deref()), Some("c"));
    assert!(
        matches!(sent(&json!({"type":"reaction","reaction":{"message_id":"w","emoji":"👍"}})).kind, Kind::Reaction(r) if !r.removed)
    );
    assert!(
        matches!(sent(&json!({"type":"reaction","reaction":{"message_id":"w","emoji":""}})).kind, Kind::Reaction(r) if r.removed)
    );
    assert!(
        matches!(sent(&json!({"type":"system","system":{"body":"changed","wa_id":"15550100009","type":"user_changed_number"}})).kind,
        Kind::IdentityChanged { new_id, .. } if new_id == "15550100009")
    );
    let unsupported = json!({"type":"unsupported","errors":[{"code":131_051,"title":"t","error_data":{"details":"Message type is not supported."}}]});
    assert!(
        matches!(sent(&unsupported).kind, Kind::Unsupported { mid: Some(_), why } if why == "Message type is not supported.")
    );
    assert!(
        matches!(sent(&json!({"type":"hologram"})).kind, Kind::Unsupported { why, .. } if why.contains("hologram"))
    );
    assert!(matches!(sent(&json!({"type":"text","group_id":"g","text":{"body":"x"}})).kind, Kind::Unsupported { .. }));
}

#[test]
fn a_failed_status_carries_its_code_and_our_key() {
    let received = crate::meta(FAILED);
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert_eq!((item.event_key.as_str(), item.sender_key.as_str()), ("status:wamid.OUT1:failed", "16505550123"));
    let Kind::Status(status) = &item.kind else { panic!("a status") };
    assert_eq!(
        (status.state.clone(), status.error.as_ref().and_then(|e| e.code)),
        (StatusState::Failed, Some(131_047))
    );
    let body = value(
        &json!({"statuses":[{"id":"w","status":"sent","timestamp":"1787212399","recipient_id":"1555","biz_opaque_callback_data":"msg_1"},
        {"id":"w","status":"delivered","timestamp":"1787212399","recipient_id":"1555"},{"id":"w","status":"warped","recipient_id":"1555"}]}),
    );
    let items = items(crate::meta(&body));
    assert!(
        matches!(&items[0].kind, Kind::Status(s) if s.callback_data.as_deref() == Some("msg_1") && s.state == StatusState::Sent)
    );
    assert!(matches!(&items[2].kind, Kind::Status(s) if s.state == StatusState::Other("warped".into())));
    assert_eq!(items.iter().map(|i| &i.event_key).collect::<std::collections::BTreeSet<_>>().len(), 3);
}

#[test]
fn faults_templates_and_the_phone_app_are_told() {
    let fault = only(crate::meta(&value(&json!({"errors":[{"code":130_429,"title":"Rate limit hit"}]}))));
    assert!(matches!(fault.kind, Kind::AccountError(error) if error.code == Some(130_429)));
    let template = r#"{"object":"whatsapp_business_account","entry":[{"id":"102","changes":[{"field":"message_template_status_update",
        "value":{"event":"APPROVED","message_template_id":12,"message_template_name":"reminder","message_template_language":"en","reason":"NONE"}}]}]}"#;
    let received = crate::meta(template);
    assert_eq!(received[0].account_id, "102");
    assert_replayable(&received, crate::meta);
    assert!(
        matches!(only(received).kind, Kind::TemplateStatus { name: Some(name), event: Some(event), .. } if name == "reminder" && event == "APPROVED")
    );
    let echo = value(&json!({"message_echoes":[{"from":"15550001111","to":"16505550123","id":"wamid.E","timestamp":"1787212345","type":"text","text":{"body":"On my way"}}]}))
        .replace("\"messages\"", "\"smb_message_echoes\"");
    let received = crate::meta(&echo);
    assert_replayable(&received, crate::meta);
    let item = only(received);
    assert_eq!(item.sender_key, "16505550123");
    assert!(matches!(item.kind, Kind::Echo(echo) if !echo.ours && echo.text.as_deref() == Some("On my way")));
}
