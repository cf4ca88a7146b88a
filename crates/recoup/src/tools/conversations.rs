//! Who waits for an answer now.

use advisor::{Action, Asked, Citation, Found, Tool};
use async_trait::async_trait;
use inbox::waiting::{Waiting, waits};
use kernel::db::OrgTx;
use serde_json::{Value, json};

use super::words;

/// The tool.
pub(super) struct Conversations;

#[async_trait]
impl Tool for Conversations {
    fn name(&self) -> &'static str {
        "conversations"
    }

    fn description(&self) -> &'static str {
        "Conversations of the inbox as they stand now: how many wait for an answer and for how long, how many need a person, how many \
         were answered today."
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "wait",
            "conversation",
            "inbox",
            "unanswered",
            "needs a person",
            "need a person",
            "answered today",
            "message",
            "chat",
        ]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let waits = waits(tx, asked.now).await?;
        let seconds = |one: &Waiting| (asked.now - one.since).num_seconds().max(0) as f64;
        let longest: Vec<Value> = waits
            .longest
            .iter()
            .map(|one| json!({"channel": one.channel, "waits": words::wait(seconds(one)), "needs_a_person": one.needs_person}))
            .collect();
        let mut found = Found {
            data: json!({
                "waiting_now": waits.waiting, "need_a_person": waits.need_person, "waiting_an_hour_or_longer": waits.over_an_hour,
                "hours": 1, "answered_today": waits.answered_today, "longest": longest,
            }),
            ..Found::default()
        };
        let Some(first) = waits.longest.first() else {
            found.sentences.push(format!("Nobody waits for an answer now. {}", today(waits.answered_today)));
            found.citations.push(Citation { title: "The inbox".to_owned(), href: "/inbox".to_owned() });
            return Ok(found);
        };
        let longest = words::wait(seconds(first));
        found.sentences.push(match waits.waiting {
            1 => format!("One conversation waits for an answer now, for {longest}."),
            n => format!("{} conversations wait for an answer now, the longest for {longest}.", words::count(n)),
        });
        if waits.need_person > 0 {
            found.sentences.push(format!("{} of those open need a person.", words::count(waits.need_person)));
        }
        found.sentences.push(today(waits.answered_today));
        let href = format!("/inbox/{}", first.conversation);
        found.citations.push(Citation { title: "The one that waits longest".to_owned(), href: href.clone() });
        if waits.need_person > 0 {
            let href = "/inbox?view=needs_human".to_owned();
            found.citations.push(Citation { title: "Those that need a person".to_owned(), href });
        }
        found.actions.push(Action {
            title: "Answer whoever waits longest".to_owned(),
            reason: format!("They have waited for {longest}."),
            expected_value: None,
            href,
        });
        Ok(found)
    }
}

fn today(answered: i64) -> String {
    match answered {
        0 => "None was answered today.".to_owned(),
        1 => "One was answered today.".to_owned(),
        n => format!("{} were answered today.", words::count(n)),
    }
}
