//! X's webhook events, in the Activity form and, for users subscribed the old way, in the Account Activity form.

use serde_json::{Value, json};

use super::X;
use crate::delivery::Parcel;
use crate::threads::{Author, Visible};

/// One `message_create` item, the same in both forms.
fn item(x: &X, message: &Visible) -> Value {
    let from_person = message.author == Author::Customer;
    let (sender, recipient) =
        if from_person { (&message.person, &message.account) } else { (&message.account, &message.person) };
    let mut data = json!({
        "text": message.text.as_deref().unwrap_or_default(),
        "entities": { "hashtags": [], "symbols": [], "user_mentions": [], "urls": [] },
    });
    if message.kind == "image" {
        let url = format!("{}/media/{}.jpg", x.shared.base_url(), message.id);
        data["attachment"] =
            json!({ "type": "media", "media": { "id_str": message.id, "type": "photo", "media_url_https": url } });
    }
    json!({
        "type": "message_create", "id": message.id, "created_timestamp": message.at_ms.to_string(),
        "message_create": { "target": { "recipient_id": recipient }, "sender_id": sender, "message_data": data },
    })
}

/// A person wrote.
pub(super) fn received(x: &X, message: &Visible) {
    let payload = json!({ "direct_message_events": [item(x, message)], "users": { message.person.as_str(): { "data": profile(x, message) } } });
    publish(x, message, "dm.received", &payload, 0);
    publish_old(x, message, 0);
}

/// The business wrote, by us or by hand; the person may read it.
pub(super) fn sent(x: &X, message: &Visible) {
    let manners = x.courier.manners();
    if manners.echoes {
        let payload = json!({ "direct_message_events": [item(x, message)], "users": {} });
        publish(x, message, "dm.sent", &payload, manners.echo_delay_ms);
        publish_old(x, message, manners.echo_delay_ms);
    }
    if manners.receipts && manners.reads {
        let read = json!({ "direct_message_mark_read_events": [{
            "created_timestamp": (message.at_ms + 1).to_string(), "sender_id": message.person,
            "target": { "recipient_id": message.account }, "last_read_event_id": message.id,
        }] });
        publish(x, message, "dm.read", &read, manners.receipt_delay_ms);
    }
}

fn profile(x: &X, message: &Visible) -> Value {
    let name = x.state(|state| state.people.get(&message.person).and_then(|person| person.name.clone()));
    let name = name.unwrap_or_else(|| format!("User {}", message.person));
    let username: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    json!({
        "username": username, "name": name, "description": "",
        "public_metrics": { "followers_count": 2, "following_count": 4, "tweet_count": 9, "listed_count": 0 },
    })
}

fn publish(x: &X, message: &Visible, event: &str, payload: &Value, hold_ms: u64) {
    let user = &message.account;
    let tag = x.state(|state| {
        state
            .subscriptions
            .values()
            .find(|kept| kept.event_type == event && kept.user == *user)
            .map(|kept| kept.tag.clone())
    });
    let Some(tag) = tag else {
        x.shared.count("webhooks.not_subscribed");
        return;
    };
    let uuid = format!("-{}", x.shared.dice.digits(19));
    let data = json!({
        "event_uuid": uuid, "filter": { "user_id": user }, "event_type": event, "tag": tag, "payload": payload,
    });
    post(x, message, event, json!({ "data": data }), hold_ms);
}

/// The old form, which adds the sending app and fuller users.
fn publish_old(x: &X, message: &Visible, hold_ms: u64) {
    if !x.state(|state| state.all_activity.contains(&message.account)) {
        return;
    }
    let mut event = item(x, message);
    let mut body = json!({ "for_user_id": message.account });
    if message.author == Author::App {
        event["message_create"]["source_app_id"] = json!("13090192");
        body["apps"] = json!({ "13090192": { "id": "13090192", "name": "Recoup", "url": "https://example.com" } });
    }
    body["direct_message_events"] = json!([event]);
    let profile = profile(x, message);
    body["users"] = json!({ message.person.as_str(): {
        "id": message.person, "created_timestamp": "1422556069340", "name": profile["name"], "screen_name": profile["username"],
        "protected": false, "verified": false, "followers_count": 2, "friends_count": 4, "statuses_count": 9,
    } });
    post(x, message, "account_activity", body, hold_ms);
}

fn post(x: &X, message: &Visible, group: &str, part: Value, hold_ms: u64) {
    x.courier.send(Parcel {
        lane: format!("{}/{}", message.account, message.person),
        group: group.to_owned(),
        part,
        hold_ms,
    });
}
