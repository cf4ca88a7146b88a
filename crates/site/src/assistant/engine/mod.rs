//! The dialogue: what is said next, from where the conversation stands and what the visitor said. Pure, and it needs no model.
//!
//! Two ways lead to the same audit: the recovery assessment asks all of its questions and ends with money; the readiness diagnostic
//! asks those that say how things are done and ends with what can be handed to a machine now. What one of them asked, the other does
//! not ask again.

mod ask;
mod plan;
mod said;
mod tell;
mod wish;

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::{InquiryId, MaturityId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::model::{Answers, Config};

pub(super) use plan::{Plan, plans};
pub(super) use said::Said;
pub(super) use tell::result;
use wish::Wish;

/// Which way through the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Run {
    /// The recovery assessment.
    Assessment,
    /// The readiness diagnostic.
    Readiness,
}

impl Run {
    /// Its word, also in what its audit's link is made from.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Assessment => "assessment",
            Self::Readiness => "readiness",
        }
    }
}

/// Where a dialogue stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Flow {
    /// What is being asked; none: nothing.
    pub run: Option<Run>,
    /// The version of the audit that the answers belong to.
    pub version: i32,
    pub answers: Answers,
    /// Questions that were left out.
    pub skipped: BTreeSet<String>,
    /// Questions in the order in which they were answered or left out.
    pub asked: Vec<String>,
    /// What was finished, with its audit.
    pub done: BTreeMap<Run, MaturityId>,
    /// Whether the visitor is choosing among plans.
    pub choosing_plan: bool,
    /// Whether they were asked for their name and address.
    pub offering_person: bool,
    /// Who they are, sealed, once they said so.
    pub person: Option<String>,
    /// The inquiry that asked for a person.
    pub inquiry: Option<InquiryId>,
}

/// What the dialogue knows of its site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The audit's questions.
    pub config: &'a Config,
    pub plans: &'a [Plan],
    pub site: &'a str,
    /// Whether the site has its audit on.
    pub audit: bool,
    /// Whether consultations can be booked.
    pub booking: bool,
}

/// What the assistant says, and what is to be done for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Turn {
    pub lines: Vec<Saying>,
    pub then: Then,
}

/// What is to be done beside saying something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Nothing,
    /// Look for an answer to these words, and go on where it was.
    Look(String),
    /// All is answered: score it, and tell the result.
    Finish(Run),
}

/// One thing the assistant says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Saying {
    pub text: String,
    pub data: Data,
}

/// What a message has beside its words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
#[schema(as = SiteChatData)]
pub(crate) struct Data {
    /// What can be chosen as an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Whether several can be chosen together.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub many: bool,
    /// Pages that lead on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Words of the site's pages, as they stand there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// How many questions are answered, and how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Whether name and address are asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub person_form: bool,
    /// Whether a model worded it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_model: bool,
}

/// Where an assessment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatProgress)]
pub(crate) struct Progress {
    /// Questions that are answered or left out.
    pub done: usize,
    /// All of them.
    pub of: usize,
}

/// An answer that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatChoice)]
pub(crate) struct Choice {
    /// What is sent back.
    #[schema(example = "assess")]
    pub id: String,
    pub label: String,
}

/// A page that leads on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatLink)]
pub(crate) struct Link {
    pub label: String,
    /// A path of the site.
    pub href: String,
}

/// Words of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteChatQuote)]
pub(crate) struct Quote {
    pub text: String,
    /// The page's title.
    pub title: String,
    /// Its path.
    pub href: String,
}

impl Saying {
    /// Words alone.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), data: Data::default() }
    }

    fn offering(mut self, choices: Vec<Choice>) -> Self {
        self.data.choices = choices;
        self
    }

    fn linking(mut self, label: &str, href: &str) -> Self {
        self.data.links.push(Link { label: label.to_owned(), href: href.to_owned() });
        self
    }
}

impl From<Saying> for Turn {
    fn from(saying: Saying) -> Self {
        Self { lines: vec![saying], then: Then::Nothing }
    }
}

/// The first words.
pub(super) fn greeting(known: &Known<'_>) -> Saying {
    let site = known.site;
    let text = format!(
        "Hello. I am the assistant of {site}, a program and not a person. Ask me anything about what is on this site, or choose one of \
         these."
    );
    Saying::new(text).offering(menu(&Flow::default(), known))
}

/// The next words, to what the visitor said.
pub(super) fn step(flow: &mut Flow, said: &Said, known: &Known<'_>) -> Turn {
    match said.control() {
        Some("assess") if known.audit => return ask::begin(flow, Run::Assessment, known),
        Some("ready") if known.audit => return ask::begin(flow, Run::Readiness, known),
        Some("plan") if !known.plans.is_empty() => return plan::begin(flow, known),
        Some("person") => return person(flow),
        Some("no") if flow.offering_person => return not_now(flow, known),
        _ => {}
    }
    if flow.run.is_some() {
        return ask::answer(flow, said, known);
    }
    if flow.choosing_plan
        && let Some(turn) = plan::choose(flow, said, known)
    {
        return turn;
    }
    match said.wish() {
        Some(Wish::Person) => person(flow),
        Some(Wish::Book) => book(flow, known),
        Some(Wish::Assess) if known.audit => ask::begin(flow, Run::Assessment, known),
        Some(Wish::Ready) if known.audit => ask::begin(flow, Run::Readiness, known),
        Some(Wish::Plan) if !known.plans.is_empty() => plan::begin(flow, known),
        Some(Wish::Price) if !known.plans.is_empty() => plan::prices(flow, known),
        Some(Wish::Stop) => stop(flow, known),
        _ if said.text().is_empty() => Saying::new("What would you like to do?").offering(menu(flow, known)).into(),
        _ => Turn { lines: Vec::new(), then: Then::Look(said.text().to_owned()) },
    }
}

/// What is said after an answer to a free question: the question that stands open, or nothing.
pub(super) fn resume(flow: &Flow, known: &Known<'_>) -> Option<Saying> {
    flow.run.and_then(|run| ask::current(flow, run, known)).map(|question| ask::saying(flow, question, known))
}

/// What can be done now.
pub(super) fn menu(flow: &Flow, known: &Known<'_>) -> Vec<Choice> {
    let entries = [
        (
            known.audit && !flow.done.contains_key(&Run::Assessment),
            "assess",
            "What are we losing? (recovery assessment)",
        ),
        (known.audit && !flow.done.contains_key(&Run::Readiness), "ready", "How ready are we? (readiness diagnostic)"),
        (!known.plans.is_empty(), "plan", "Which plan fits us?"),
        (true, "person", "Talk to a person"),
    ];
    entries.into_iter().filter(|(shown, _, _)| *shown).map(|(_, id, label)| choice(id, label)).collect()
}

/// Asks before anything is passed on: for whom it would be, what would be seen, and how to be reached.
fn person(flow: &mut Flow) -> Turn {
    flow.offering_person = true;
    let text = "A person can take over here. They will read this conversation. Please say who you are, so that they can write to you if \
                you have left; nothing is passed on before you send it.";
    let mut saying = Saying::new(text).offering(vec![choice("no", "Not now")]);
    saying.data.person_form = true;
    saying.into()
}

/// Where a time can be chosen; a person where it cannot.
fn book(flow: &mut Flow, known: &Known<'_>) -> Turn {
    flow.choosing_plan = false;
    if known.booking {
        let text = "You choose a time that suits you, and it is yours at once.";
        return Saying::new(text).linking("Choose a time", "/book").offering(menu(flow, known)).into();
    }
    let mut turn = person(flow);
    turn.lines[0].text = format!("Times cannot be chosen on this site. {}", turn.lines[0].text);
    turn
}

/// Says no more until something is asked.
fn stop(flow: &mut Flow, known: &Known<'_>) -> Turn {
    (flow.offering_person, flow.choosing_plan) = (false, false);
    let text = "All right, I am silent. Nothing is sent to you from this conversation; letters you asked for have a link that ends them. \
                Write whenever you like.";
    Saying::new(text).offering(menu(flow, known)).into()
}

fn not_now(flow: &mut Flow, known: &Known<'_>) -> Turn {
    flow.offering_person = false;
    let mut turn = Turn::from(Saying::new("All right, nothing was passed on."));
    match resume(flow, known) {
        Some(open) => turn.lines.push(open),
        None => turn.lines[0].data.choices = menu(flow, known),
    }
    turn
}

fn choice(id: &str, label: &str) -> Choice {
    Choice { id: id.to_owned(), label: label.to_owned() }
}

#[cfg(test)]
mod tests;
