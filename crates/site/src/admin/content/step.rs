//! What a button of the editor does to a page: a pure decision.

use chrono::{DateTime, Utc};
use shell::AppError;

use super::form::Draft;
use crate::content::{Kind, State};

/// A button of the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Keeps the words; who sees them stays as it is.
    Save,
    Publish,
    Schedule,
    /// Takes it back from visitors.
    Withdraw,
    Archive,
    /// Keeps the words and makes a preview link.
    Link,
}

impl Act {
    /// The button with a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "" | "save" => Self::Save,
            "publish" => Self::Publish,
            "schedule" => Self::Schedule,
            "withdraw" => Self::Withdraw,
            "archive" => Self::Archive,
            "link" => Self::Link,
            _ => return None,
        })
    }
}

/// Who sees a page afterwards, and when it is published.
pub(super) type Next = (State, Option<DateTime<Utc>>);

/// What becomes of the page; none where that stays as it is.
///
/// # Errors
/// 422 at the field that stands in the way.
pub(super) fn next(
    act: Act,
    (kind, was): (Kind, State),
    draft: &Draft,
    now: DateTime<Utc>,
) -> Result<Option<Next>, AppError> {
    let empty = draft.body.trim().is_empty() && matches!(kind, Kind::Post | Kind::CaseStudy);
    if empty && matches!(act, Act::Publish | Act::Schedule) {
        return Err(AppError::field("body", "is empty; write something before it is published"));
    }
    Ok(match (act, was) {
        (Act::Publish, _) => Some((State::Published, None)),
        (Act::Schedule, _) | (Act::Save | Act::Link, State::Scheduled) => {
            Some((State::Scheduled, Some(due(draft.publish_at, now)?)))
        }
        (Act::Withdraw, _) | (Act::Save | Act::Link, State::Draft) => Some((State::Draft, draft.publish_at)),
        (Act::Archive, _) => Some((State::Archived, None)),
        (Act::Save | Act::Link, State::Published | State::Archived) => None,
    })
}

fn due(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, AppError> {
    let at = at.ok_or_else(|| AppError::field("publish_at", "is required to schedule it; or make it a draft"))?;
    if at > now {
        Ok(at)
    } else {
        Err(AppError::field("publish_at", "has passed; choose a later time, or publish it now"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;

    fn draft(body: &str, publish_at: Option<DateTime<Utc>>) -> Draft {
        Draft {
            slug: "a".to_owned(),
            title: "A".to_owned(),
            summary: String::new(),
            body: body.to_owned(),
            fields: json!({}),
            category: String::new(),
            tags: Vec::new(),
            author: None,
            image: None,
            publish_at,
        }
    }

    #[test]
    fn a_page_goes_where_its_button_leads() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let later = Some(now + TimeDelta::hours(1));
        let after = |act, was, at| next(act, (Kind::Post, was), &draft("words", at), now).ok().flatten();
        assert_eq!(after(Act::Publish, State::Archived, later), Some((State::Published, None)));
        assert_eq!(after(Act::Schedule, State::Draft, later), Some((State::Scheduled, later)));
        assert_eq!(after(Act::Save, State::Scheduled, later), Some((State::Scheduled, later)));
        assert_eq!(after(Act::Save, State::Draft, later), Some((State::Draft, later)), "the time is not lost");
        assert_eq!(after(Act::Withdraw, State::Published, None), Some((State::Draft, None)));
        assert_eq!(after(Act::Archive, State::Published, later), Some((State::Archived, None)));
        assert_eq!(after(Act::Save, State::Published, None), None);
    }

    #[test]
    fn nothing_is_scheduled_for_the_past_and_nothing_empty_is_published() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let field = |act, body, at| {
            let refused = next(act, (Kind::Post, State::Draft), &draft(body, at), now).expect_err("refused");
            refused.details()[0].field.clone()
        };
        assert_eq!(field(Act::Schedule, "words", None), "publish_at");
        assert_eq!(field(Act::Schedule, "words", Some(now)), "publish_at");
        assert_eq!(field(Act::Publish, " \n", None), "body");
        let page = next(Act::Publish, (Kind::Page, State::Draft), &draft("", None), now);
        assert!(page.is_ok(), "a page can be all fields");
    }
}
