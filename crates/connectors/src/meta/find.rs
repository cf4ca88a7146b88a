//! Asking Messenger and Instagram whether a message of unknown outcome went out. The API gives the last messages of
//! a conversation without our key, so they are told by text, and only if nothing else accounts for them.

use chrono::{DateTime, Duration, Utc};
use kernel::channel::ChannelKind;
use kernel::http::Method;
use serde_json::Value;

use super::graph::{Dialect, Graph, READS};
use crate::channel::{Account, Credentials, Found, Search};
use crate::wire::{each, id, text};

/// Clocks differ: what is this much older than our sending may still be it.
const SKEW: Duration = Duration::minutes(2);

/// Looks for the message in the contact's conversation.
pub async fn find(graph: Graph<'_>, account: &Account, credentials: &Credentials, search: &Search<'_>) -> Found {
    let platform = if account.channel == ChannelKind::Instagram { "instagram" } else { "messenger" };
    let query = [
        ("platform", platform),
        ("user_id", search.recipient.id.as_str()),
        ("fields", "messages.limit(50){id,created_time,from,message}"),
    ];
    let token = credentials.access_token.reveal();
    let request =
        graph.request(Method::GET, account.product, "me/conversations", token).query(&query).safe_to_repeat(READS);
    match graph.call(request, Dialect::Messaging).await {
        Ok(answer) => judge(&answer, search),
        Err(failure) => Found::CannotTell { why: failure.to_string() },
    }
}

fn judge(answer: &Value, search: &Search<'_>) -> Found {
    let Some(wanted) = search.text else { return cannot("a message without text cannot be recognised") };
    let Some(conversation) = each(&answer["data"]).next() else { return cannot("the conversation is not listed") };
    let from = search.since - SKEW;
    let (mut oldest, mut unclear) = (None::<DateTime<Utc>>, false);
    for message in each(&conversation["messages"]["data"]) {
        let at = message["created_time"].as_str().and_then(instant);
        oldest = [oldest, at].into_iter().flatten().min();
        let theirs = id(&message["from"]["id"]).is_some_and(|sender| sender == search.recipient.id);
        let Some(mid) = id(&message["id"]) else { continue };
        if theirs || search.known.contains(&mid) || at.is_some_and(|at| at < from) {
            continue;
        }
        if text(&message["message"]).is_some_and(|text| text.trim() == wanted.trim()) {
            return Found::Sent { platform_id: mid };
        }
        // A message of ours that we cannot place, with no text to compare, may be the one.
        unclear |= text(&message["message"]).is_none();
    }
    let whole = !conversation["messages"]["paging"]["next"].is_string();
    match oldest {
        _ if unclear => cannot("a message of ours has no text"),
        Some(oldest) if whole || oldest < from => Found::NotThere,
        _ => cannot("the list does not reach back far enough"),
    }
}

fn cannot(why: &str) -> Found {
    Found::CannotTell { why: why.to_owned() }
}

/// The Graph writes its offset without a colon.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let parsed =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    Some(parsed.ok()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Recipient;
    use serde_json::json;

    fn search(known: &[String], messages: &Value, text: Option<&str>) -> Found {
        let recipient = Recipient { id: "78".into(), phone: None };
        let since = instant("2026-08-20T10:00:00+0000").expect("an instant");
        judge(&json!({ "data": [{ "messages": messages }] }), &Search { recipient: &recipient, text, since, known })
    }

    fn message(id: &str, from: &str, at: &str, text: &str) -> Value {
        json!({ "id": id, "from": { "id": from }, "created_time": format!("2026-08-20T{at}+0000"), "message": text })
    }

    #[test]
    fn our_text_since_then_is_it_unless_it_is_accounted_for() {
        let list = json!({ "data": [message("m3", "10", "10:00:02", "Yes"), message("m2", "78", "09:59:00", "Yes"), message("m1", "10", "09:00:00", "Yes")] });
        assert_eq!(search(&[], &list, Some("Yes ")), Found::Sent { platform_id: "m3".into() });
        assert_eq!(search(&["m3".into()], &list, Some("Yes")), Found::NotThere);
        assert_eq!(search(&[], &list, Some("No")), Found::NotThere);
    }

    #[test]
    fn doubt_is_said() {
        let page =
            json!({ "data": [message("m3", "10", "10:00:02", "a")], "paging": { "next": "https://example.com" } });
        assert!(matches!(search(&[], &page, Some("b")), Found::CannotTell { .. }), "more pages");
        let picture = json!({ "data": [message("m3", "10", "10:00:02", "")] });
        assert!(matches!(search(&[], &picture, Some("b")), Found::CannotTell { .. }), "a message without text");
        assert!(matches!(search(&[], &json!({ "data": [] }), Some("b")), Found::CannotTell { .. }), "nothing at all");
        assert!(matches!(search(&[], &picture, None), Found::CannotTell { .. }), "nothing to compare");
    }
}
