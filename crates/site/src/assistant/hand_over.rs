//! From the assistant to people: an inquiry with who it is, the chat in the hands of people, and a job that brings it into the inbox.

use async_trait::async_trait;
use kernel::ids::ChatId;
use kernel::queue::{Handler, Job, JobError, Lane, NewJob};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};
use shell::AppError;

use super::api::PersonIn;
use super::engine::{Flow, Run, Saying};
use super::speak;
use super::store::{self, Author, Line, State};
use crate::core::Core;
use crate::inquiries::{self, NewInquiry, rate};
use crate::ports::{Person, Said};
use crate::tally::{self, Reach};
use crate::visit::Visit;

/// The kind of the jobs.
const KIND: &str = "site.chat";
/// How often one address may ask for a person in an hour.
const ASKED_AN_HOUR: u32 = 20;
/// How much of what the visitor said goes into the inquiry, in characters; all of it is in the conversation.
const LONGEST: usize = 1_500;

/// Which chat to bring in.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    chat: ChatId,
}

/// The visitor as the chat keeps them, sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    name: String,
    email: String,
    phone: String,
    company: String,
}

/// The job that brings what was said before people; those of one chat in their order.
pub(super) fn job(chat: ChatId) -> NewJob {
    NewJob::new(Lane::Inbound, KIND, &Payload { chat }).key(chat)
}

/// Gives a chat to people: keeps who it is and says what happens next. Asked again it changes nothing.
///
/// # Errors
/// 404 without a chat of that token; what is wrong with which field.
pub(super) async fn ask(core: &Core, visit: &Visit, token: &str, given: PersonIn) -> Result<Line, AppError> {
    rate::check(core, visit, "chat_person", ASKED_AN_HOUR).await?;
    let site = &visit.site;
    let vault = core.kernel().vault.of(site.org).await?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(token)).await?;
    let mut chat = store::held(&mut tx, token).await?.ok_or_else(|| AppError::not_found("chat"))?;
    let lines = store::lines(&mut tx, &vault, chat.id, None).await?;
    if chat.state == State::People
        && let Some(told) = lines.iter().rfind(|line| line.author == Author::Assistant)
    {
        return Ok(told.clone());
    }
    let PersonIn { name, email, phone, company } = given;
    let [name, email, phone, company] = [name, email, phone, company].map(|text| text.trim().to_owned());
    let person = Person { name, email, phone, company };
    let new = NewInquiry {
        kind: inquiries::Kind::Chat,
        topic: "Chat on the site".to_owned(),
        person: person.clone(),
        message: gist(&lines),
        letters: None,
        audit: [Run::Assessment, Run::Readiness].iter().find_map(|run| chat.flow.done.get(run)).copied(),
        guard: None,
        source: tally::source(visit),
    };
    let kept = inquiries::keep(core, visit, &mut tx, new).await?;
    chat.flow.inquiry = Some(kept.id);
    chat.flow.person = Some(seal(&vault, chat.id, person)?);
    (chat.flow.run, chat.flow.offering_person, chat.flow.choosing_plan) = (None, false, false);
    let text = "Thank you. This conversation is with people now, and they answer here as soon as they can. You may close this; if you \
                have left by then, they write to the address you gave.";
    let line = speak::write(&mut tx, &vault, chat.id, Author::Assistant, Saying::new(text)).await?;
    store::keep(&mut tx, chat.id, State::People, &chat.flow).await?;
    tx.enqueue(job(chat.id));
    tx.commit().await?;
    core.tally().reached(visit, Reach::Contact);
    Ok(line)
}

/// What the visitor said last, for the lead's story.
fn gist(lines: &[Line]) -> String {
    let said = lines.iter().filter(|line| line.author == Author::Visitor).map(|line| line.text.as_str());
    let all = said.collect::<Vec<_>>().join("\n");
    let plain = |character: &char| *character == '\n' || !is_turn(*character);
    let plain: String = all.chars().filter(plain).collect();
    let too_many = plain.chars().count().saturating_sub(LONGEST);
    plain.chars().skip(too_many).collect()
}

/// Controls, and what turns the direction of writing: none of it belongs in an inquiry.
fn is_turn(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn seal(vault: &OrgVault, chat: ChatId, person: Person) -> Result<String, AppError> {
    let Person { name, email, phone, company } = person;
    let plain = serde_json::to_string(&Known { name, email, phone, company }).map_err(AppError::internal)?;
    Ok(hex::encode(vault.seal_text(&place(chat), &plain)?))
}

/// Who writes in a chat, as they said.
fn person(vault: &OrgVault, chat: ChatId, flow: &Flow) -> anyhow::Result<Person> {
    let Some(sealed) = &flow.person else { return Ok(Person::default()) };
    let plain = vault.open_text(&place(chat), &hex::decode(sealed)?)?;
    let Known { name, email, phone, company } = serde_json::from_str(&plain)?;
    Ok(Person { name, email, phone, company })
}

fn place(chat: ChatId) -> String {
    format!("site_chats/{chat}/person")
}

/// Brings chats before people.
pub(super) struct HandOver {
    core: Core,
}

impl HandOver {
    pub(super) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn bring(&self, job: &Job, payload: &Payload) -> anyhow::Result<()> {
        let vault = self.core.kernel().vault.of(job.org).await?;
        let mut tx = self.core.kernel().db.begin(job.org).await?;
        let Some(chat) = store::find(&mut tx, payload.chat).await? else { return Ok(()) };
        if let Some(inquiry) = chat.flow.inquiry
            && inquiries::store::find(&mut tx, &vault, inquiry).await?.is_some_and(|one| one.state == "spam")
        {
            // Kept among the spam: what is said after the desk said it is none brings all of it.
            return Ok(());
        }
        let said: Vec<Said> = store::lines(&mut tx, &vault, chat.id, None)
            .await?
            .into_iter()
            .filter(|line| line.author != Author::Person)
            .map(|line| Said {
                id: line.id,
                by_assistant: line.author == Author::Assistant,
                text: line.text,
                at: line.at,
            })
            .collect();
        let person = person(&vault, chat.id, &chat.flow)?;
        let conversation = self.core.desk().hand_over(&mut tx, chat.id, &person, &said).await?;
        store::joined(&mut tx, chat.id, conversation).await?;
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }
}

#[async_trait]
impl Handler for HandOver {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let payload: Payload = job.parse()?;
        self.bring(job, &payload).await.map_err(JobError::Retry)
    }
}

#[cfg(test)]
mod tests {
    use kernel::ids::MessageId;

    use super::*;

    #[test]
    fn the_gist_is_what_the_visitor_said_last_without_what_does_harm() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let line = |author, text: &str| Line { id: MessageId::at(at), author, text: text.to_owned(), data: None, at };
        let lines = [
            line(Author::Visitor, "We lose calls\u{202e}\u{0}"),
            line(Author::Assistant, "Tell me more"),
            line(Author::Visitor, "In the evening"),
        ];
        assert_eq!(gist(&lines), "We lose calls\nIn the evening");
        let long = [line(Author::Visitor, &"x".repeat(5_000)), line(Author::Visitor, "the end")];
        assert_eq!(gist(&long).chars().count(), LONGEST);
        assert!(gist(&long).ends_with("the end"));
    }
}
