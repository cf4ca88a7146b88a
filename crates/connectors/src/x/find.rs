//! Asking X whether a message of unknown outcome went out: the conversation's last events are read and compared by
//! text, after undoing what X does to links and to `&`, `<`, `>`.

use chrono::{DateTime, Duration, Utc};
use kernel::http::Method;
use serde_json::Value;

use super::api::{Api, READS};
use super::oauth1::percent;
use crate::channel::{Credentials, Found, Search};
use crate::wire::{each, id, text};

/// Clocks differ: what is this much older than our sending may still be it.
const SKEW: Duration = Duration::minutes(2);
const NEWEST: &str =
    "max_results=50&event_types=MessageCreate&dm_event.fields=id,text,sender_id,created_at,event_type,entities";

/// Looks for the message in the contact's conversation.
pub async fn find(api: Api<'_>, credentials: &Credentials, search: &Search<'_>) -> Found {
    let path = format!("/2/dm_conversations/with/{}/dm_events?{NEWEST}", percent(&search.recipient.id));
    let answer = match api.as_user(Method::GET, &path, credentials) {
        // A signature holds for one sending only.
        Ok(request) if credentials.token_secret.is_some() => api.call(request).await,
        Ok(request) => api.call(request.safe_to_repeat(READS)).await,
        Err(failure) => Err(failure),
    };
    match answer {
        Ok(answer) => judge(&answer, search),
        Err(failure) => Found::CannotTell { why: failure.to_string() },
    }
}

fn judge(answer: &Value, search: &Search<'_>) -> Found {
    let cannot = |why: &str| Found::CannotTell { why: why.to_owned() };
    let Some(wanted) = search.text.map(comparable) else {
        return cannot("a message without text cannot be recognised");
    };
    let from = search.since - SKEW;
    let mut oldest = None::<DateTime<Utc>>;
    for event in each(&answer["data"]) {
        let at = event["created_at"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        let at = at.map(|at| at.with_timezone(&Utc));
        oldest = [oldest, at].into_iter().flatten().min();
        let theirs = id(&event["sender_id"]).is_some_and(|sender| sender == search.recipient.id);
        let Some(mid) = id(&event["id"]) else { continue };
        if theirs || search.known.contains(&mid) || at.is_some_and(|at| at < from) {
            continue;
        }
        if text(&event["text"]).is_some_and(|text| comparable(&text) == wanted) {
            return Found::Sent { platform_id: mid };
        }
    }
    let whole = !answer["meta"]["next_token"].is_string();
    match oldest {
        Some(oldest) if whole || oldest < from => Found::NotThere,
        _ => cannot("the list does not reach back far enough"),
    }
}

/// The text without what X changes: every link is the same link, and characters are themselves.
fn comparable(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let word = |word: &str| if word.contains("://") { "<link>".to_owned() } else { word.to_owned() };
    plain.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Recipient;
    use serde_json::json;

    fn search(answer: &Value, text: &str, known: &[String]) -> Found {
        let recipient = Recipient { id: "2".into(), phone: None };
        let since = DateTime::parse_from_rfc3339("2026-08-20T10:00:00Z").expect("an instant").with_timezone(&Utc);
        judge(answer, &Search { recipient: &recipient, text: Some(text), since, known })
    }

    fn event(id: &str, sender: &str, at: &str, text: &str) -> Value {
        json!({ "id": id, "sender_id": sender, "event_type": "MessageCreate", "created_at": format!("2026-08-20T{at}.000Z"), "text": text })
    }

    #[test]
    fn a_message_is_known_in_spite_of_what_x_does_to_its_text() {
        let answer = json!({ "data": [event("9", "1", "10:00:01", "Tea &amp; cake: https://t.co/abc"), event("8", "2", "09:00:00", "hi")] });
        assert_eq!(
            search(&answer, "Tea & cake: https://example.com/menu", &[]),
            Found::Sent { platform_id: "9".into() }
        );
        assert_eq!(search(&answer, "Tea & cake: https://example.com/menu", &["9".into()]), Found::NotThere);
        assert_eq!(search(&answer, "hi", &[]), Found::NotThere, "the contact's own text is not ours");
    }

    #[test]
    fn a_list_that_may_go_on_leaves_doubt() {
        let answer = json!({ "data": [event("9", "1", "10:00:01", "a")], "meta": { "next_token": "n" } });
        assert!(matches!(search(&answer, "b", &[]), Found::CannotTell { .. }));
        assert!(matches!(search(&json!({}), "b", &[]), Found::CannotTell { .. }));
    }
}
