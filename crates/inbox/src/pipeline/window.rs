//! The burst window: how long to wait for the rest of what somebody is saying (INB-5).
//!
//! A whole sentence is answered at once; a fragment waits a moment, longer when the contact is writing fast. A fixed delay
//! would make everybody wait for the few who write in pieces.

use chrono::TimeDelta;

/// How long to wait before answering a text. `since_last` is the time since the contact's message before it.
pub fn burst_window(text: &str, since_last: Option<TimeDelta>) -> TimeDelta {
    let rapid = since_last.is_some_and(|gap| gap >= TimeDelta::zero() && gap < TimeDelta::seconds(8));
    let wait_ms = match (is_whole(text), rapid) {
        (true, false) => 0,
        (true, true) => 400,
        (false, false) => 800,
        (false, true) => 1_500,
    };
    TimeDelta::milliseconds(wait_ms)
}

/// Whether a text reads like something complete: it ends as a sentence does, or says enough to be one.
fn is_whole(text: &str) -> bool {
    let text = text.trim_end();
    let ended = text.ends_with(['?', '!', '.', '…', '？', '！', '。', '؟', '।']);
    let words = text.split_whitespace().count();
    // Scripts without spaces between words: count characters instead.
    let dense = text.chars().count() >= 10 && words <= 2 && !text.is_ascii();
    (ended && (words >= 2 || !text.is_ascii())) || words >= 5 || dense
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_answered_at_once_and_a_fragment_waits() {
        assert_eq!(burst_window("Do you have a slot on Friday?", None), TimeDelta::zero());
        assert_eq!(burst_window("你们周五还有空位吗？", None), TimeDelta::zero());
        assert!(burst_window("hi", None) > TimeDelta::zero());
        assert!(burst_window("and also", Some(TimeDelta::seconds(2))) > burst_window("and also", None));
        assert!(burst_window("Do you have a slot on Friday?", Some(TimeDelta::hours(2))).is_zero());
    }
}
