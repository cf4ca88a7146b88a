//! How the conversations went: scripted people wrote, the pipeline read and answered, a person took over where it asked.

use ai::answer::{Answer, answer, holding_reply};
use ai::local::{LeadSignal, LeadWeights, Reading, SenderHistory, lead_score};
use ai::retrieval::Question;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use inbox::pipeline::{Conversation, Escalation, NextStep, Read, decide, language_of, understand};
use kernel::channel::ChannelKind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use standins::Platform;
use standins::people::{Persona, Story, Wish};

use super::super::replies;
use super::{Clinic, DAYS, SEED};

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The person outside.
    Contact,
    /// The pipeline.
    Bot,
    /// A member of the business, by number.
    Member(usize),
}

/// One message of the past.
pub struct Line {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: By,
    /// The words.
    pub text: String,
    /// Whether it answers something.
    pub meaningful: bool,
    /// Seconds the person had waited for it.
    pub answered_after_s: Option<i64>,
    /// What the pipeline read in it, for a person's line.
    pub read: Option<Read>,
    /// What a bot's line rests on.
    pub answer: Option<Answer>,
    /// Why a person was asked for, after this line.
    pub escalated: Option<Escalation>,
}

/// A conversation of the past.
pub struct Told {
    /// Who it was with.
    pub persona: Persona,
    /// On which kind of channel.
    pub kind: ChannelKind,
    /// Its messages in order.
    pub lines: Vec<Line>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// Where it stands.
    pub status: &'static str,
    /// Who took it over.
    pub member: Option<usize>,
    /// Since when an answer is missing.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Unsure answers in a row.
    pub unresolved: i32,
    /// Whether the person was told that somebody will answer.
    pub held_back: bool,
    /// The signals of a possible sale, each once.
    pub signals: Vec<LeadSignal>,
    /// What became of the sale.
    pub stage: &'static str,
    /// What it is worth, in cents.
    pub value_minor: i64,
}

impl Told {
    /// The score of its signals.
    pub fn score(&self) -> i32 {
        i32::from(lead_score(&self.signals, &LeadWeights::default()).score)
    }

    /// Whether somebody wished for something that can be sold.
    pub fn is_lead(&self) -> bool {
        self.signals.iter().any(|signal| {
            matches!(
                signal,
                LeadSignal::PriceOrBuying
                    | LeadSignal::Availability
                    | LeadSignal::DemoOrTrial
                    | LeadSignal::ProductInquiry
                    | LeadSignal::Features
                    | LeadSignal::FirstContactWithInterest
            )
        })
    }

    /// The last line read by the pipeline.
    pub fn last_read(&self) -> Option<&Read> {
        self.lines.iter().rev().find_map(|line| line.read.as_ref())
    }

    /// The line that says most about the wish, the first of equals.
    pub fn strongest_read(&self) -> Option<&Read> {
        self.lines.iter().rev().filter_map(|line| line.read.as_ref()).max_by_key(|read| read.intent.signals.len())
    }
}

/// The conversations of so many people in the days before an instant, in the order of their first message.
pub fn all(clinic: &Clinic<'_>, people: usize, now: DateTime<Utc>) -> Vec<Told> {
    let midnight = now.with_time(chrono::NaiveTime::MIN).single().unwrap_or(now);
    let start = midnight - TimeDelta::days(i64::from(DAYS) - 1);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let story = Story { people, days: DAYS, seed: SEED };
    story.tell().into_iter().filter_map(|persona| one(clinic, persona, start, now, &mut rng)).collect()
}

fn one(
    clinic: &Clinic<'_>,
    persona: Persona,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
    rng: &mut ChaCha8Rng,
) -> Option<Told> {
    let kind = kind_of(persona.platform);
    // Drawn for everybody alike, so that the instant of making changes nobody else's story.
    let (delay_s, fate, member) = (rng.random_range(90..1_500), rng.random_range(0..100), rng.random_range(0..2) + 1);
    let mut told = Told {
        kind,
        lines: Vec::new(),
        language: None,
        status: "open",
        member: None,
        waiting_since: None,
        unresolved: 0,
        held_back: false,
        signals: Vec::new(),
        stage: "new",
        value_minor: value_of(persona.wish),
        persona,
    };
    let script: Vec<(DateTime<Utc>, String)> =
        told.persona.script.iter().map(|turn| (start + TimeDelta::seconds(turn.at_s), turn.text.clone())).collect();
    for (number, (at, text)) in script.iter().enumerate() {
        if *at >= now {
            break;
        }
        hear(clinic, &mut told, *at, text);
        let next = script.get(number + 1).map_or(now, |(at, _)| *at).min(now);
        let due = working_time(*at + TimeDelta::seconds(delay_s));
        if told.status == "needs_human" && due < next {
            take_over(&mut told, due, member);
        }
    }
    // Whoever still waits is answered by a person, unless that is yet to come.
    if told.waiting_since.is_some() {
        let due = working_time(told.lines.last()?.at + TimeDelta::seconds(delay_s));
        if due < now {
            take_over(&mut told, due, member);
        }
    }
    let last = told.lines.last()?.at;
    settle(&mut told, last, now, fate);
    Some(told)
}

/// The contact wrote: read, decided, answered.
fn hear(clinic: &Clinic<'_>, told: &mut Told, at: DateTime<Utc>, text: &str) {
    let reading = Reading::in_language(text, language_of(text, told.language.as_deref()), None);
    let count = told.lines.iter().filter(|line| line.by == By::Contact).count() as u32 + 1;
    let read = understand(&reading, SenderHistory { messages: count, first_contact: count == 1, follows: false });
    if read.language.len() == 2 {
        told.language = Some(read.language.clone());
    }
    for signal in &read.intent.signals {
        if !told.signals.contains(signal) {
            told.signals.push(*signal);
        }
    }
    let language = told.language.clone().unwrap_or_else(|| "en".to_owned());
    let found = answer(clinic.index, &Question { text, language: &language, vector: None }, clinic.voice);
    let state = Conversation {
        kind: told.kind,
        bot_holds: told.member.is_none(),
        held_back: told.held_back,
        unresolved: told.unresolved,
        opted_out: false,
    };
    let step = decide(&read, &found, &state, clinic.auto_reply);
    let silent = matches!(step, NextStep::Silent(_));
    if !silent {
        told.waiting_since.get_or_insert(at);
    }
    let mut line = Line {
        at,
        by: By::Contact,
        text: text.to_owned(),
        meaningful: true,
        answered_after_s: None,
        read: Some(read),
        answer: None,
        escalated: None,
    };
    let reply_at = at + TimeDelta::milliseconds(900 + i64::from(count) * 350);
    match step {
        NextStep::Reply { meaningful, resolves } if !told.held_back => {
            told.unresolved = if resolves { 0 } else { told.unresolved + 1 };
            told.lines.push(line);
            say(told, reply_at, By::Bot, found.text.clone(), meaningful, Some(found));
        }
        NextStep::Escalate(reason) => {
            told.status = "needs_human";
            line.escalated = Some(reason);
            told.lines.push(line);
            if reason.tells_contact() && told.member.is_none() && !told.held_back {
                told.held_back = true;
                say(told, reply_at, By::Bot, holding_reply(&language, clinic.voice), false, None);
            }
        }
        NextStep::Reply { .. } | NextStep::Silent(_) => told.lines.push(line),
    }
}

fn say(told: &mut Told, at: DateTime<Utc>, by: By, text: String, meaningful: bool, answer: Option<Answer>) {
    let answered_after_s = told.waiting_since.filter(|_| meaningful).map(|since| (at - since).num_seconds());
    if meaningful {
        told.waiting_since = None;
    }
    told.lines.push(Line { at, by, text, meaningful, answered_after_s, read: None, answer, escalated: None });
}

fn take_over(told: &mut Told, at: DateTime<Utc>, member: usize) {
    told.member = Some(member);
    told.status = "open";
    told.held_back = false;
    let text = replies::of(told.persona.language, told.persona.wish).to_owned();
    say(told, at, By::Member(member), text, true, None);
}

/// What is settled stays settled: old threads are closed, old sales won or lost.
fn settle(told: &mut Told, last: DateTime<Utc>, now: DateTime<Utc>, fate: u32) {
    let age = now - last;
    if age > TimeDelta::days(2) && told.waiting_since.is_none() {
        told.status = "closed";
    }
    told.stage = match (age.num_days(), fate) {
        (6.., 0..46) => "won",
        (6.., 46..76) | (28.., _) => "lost",
        (6.., 76..88) => "proposal",
        (1.., _) if told.member.is_some() => "qualified",
        (1.., _) => "contacted",
        _ => "new",
    };
}

/// People answer between 8 and 18 o'clock.
fn working_time(at: DateTime<Utc>) -> DateTime<Utc> {
    let opens = |day: DateTime<Utc>| {
        day.with_time(chrono::NaiveTime::MIN).single().unwrap_or(day)
            + TimeDelta::minutes(485 + i64::from(at.minute()) / 2)
    };
    match at.hour() {
        0..8 => opens(at),
        8..18 => at,
        _ => opens(at + TimeDelta::days(1)),
    }
}

fn kind_of(platform: Platform) -> ChannelKind {
    match platform {
        Platform::Messenger => ChannelKind::Facebook,
        Platform::Instagram => ChannelKind::Instagram,
        Platform::WhatsApp => ChannelKind::Whatsapp,
        Platform::X => ChannelKind::X,
    }
}

fn value_of(wish: Wish) -> i64 {
    match wish {
        Wish::Price => 96_000,
        Wish::Booking => 14_000,
        Wish::Pain => 38_000,
        Wish::Aesthetics => 52_000,
        Wish::Change | Wish::Hours | Wish::Complaint => 0,
    }
}
