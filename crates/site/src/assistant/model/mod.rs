//! An answer to a free question: words of the site's pages, worded by a model where there is one and it keeps to them.
//!
//! A model sees the passages that were found and nothing else. What it says is shown sentence by sentence, each once it passed (see
//! [`gate`]); what was shown is what is kept. Where nothing of it may be shown, the quotes stand; a model is hung up on when nobody
//! listens any more.

mod figures;
mod gate;
mod told;

use std::time::Duration;

use ai::answer::{Answer, AnswerKind, BrandVoice, HUMAN_BELOW, Tone, answer};
use ai::decision::Decision;
use ai::gateway::{Ask, Turn};
use ai::local::{Reading, language};
use ai::prompts::{self, Canary, ReplyPrompt};
use ai::retrieval::{Chunk, ChunkKind, Question};
use kernel::CanFail;
use shell::AppError;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use self::gate::{Gate, Objection};
use self::told::{Told, Verdict};
use super::engine::{Quote, Saying};
use super::mouth::Mouth;
use super::passages::{self, Passages};
use crate::core::Core;
use crate::sites::Site;

/// The version of the rules, kept in every decision.
const POLICY: &str = "site-chat/2";
/// Passages given to a model.
const PASSAGES: usize = 5;
/// From this confidence on what was found is shown as what comes closest; below it, it is not shown.
const NEAR: f32 = 0.2;
/// The longest answer that is asked for and the longest quote that is shown, in characters.
const LONGEST: usize = 700;
const LONGEST_QUOTE: usize = 320;
/// A model that goes on beyond this, in bytes, is not listened to any more.
const MOST: usize = 2_400;
/// The most tokens of an answer, and the longest that one is waited for.
const MOST_TOKENS: u32 = 600;
const PATIENCE: Duration = Duration::from_secs(60);

const GUIDELINES: &str = "You speak for the website of a business to a visitor who may become its customer. Say only what the passages \
    say. Promise nothing, and name no price that they do not name. Where they do not answer, say so and offer a person.";
const OFFER: &str = "A person may know more; I can pass this conversation on.";

/// What was found.
pub(super) struct Found {
    pub saying: Saying,
    /// How much of its words was shown already, in bytes.
    pub shown: usize,
}

impl From<Saying> for Found {
    fn from(saying: Saying) -> Self {
        Self { saying, shown: 0 }
    }
}

/// An answer to what a visitor asked, from what the site says. What a model words goes to `mouth` while it comes.
///
/// # Errors
/// When the site's pages cannot be read: nothing was shown then.
pub(super) async fn find(
    core: &Core,
    site: &Site,
    words: &str,
    before: &[Turn],
    mouth: &Mouth<'_>,
) -> Result<Found, AppError> {
    let known = passages::of(core, site).await?;
    let spoken = language::detect(words, None);
    let code = if spoken.is_known() { spoken.code() } else { "en" };
    if !Reading::in_language(words, spoken, None).guard_input().passed {
        return Ok(nothing("I cannot do anything with that.").into());
    }
    let voice = BrandVoice {
        business: site.name.clone(),
        tone: Tone::Professional,
        max_chars: LONGEST,
        ..BrandVoice::default()
    };
    let local = answer(&known.index, &Question::new(words, code), &voice);
    if local.kind == AnswerKind::Smalltalk {
        return Ok(Saying::new(local.text).into());
    }
    if core.gateway().has_providers() {
        let asked = Asked { site, known: &known, words, code, before, voice: &voice, local: &local };
        if let Some(found) = by_model(core, &asked, mouth).await {
            return Ok(found);
        }
    }
    Ok(by_quotes(&known, words, &local).into())
}

/// The answer without a model.
fn by_quotes(known: &Passages, words: &str, local: &Answer) -> Saying {
    if let Some(saying) = asked_before(known, words) {
        return saying;
    }
    if !local.needs_human() {
        return quoted(local, known);
    }
    if local.confidence < NEAR || local.sources.is_empty() {
        return nothing("I found nothing on this site that answers this.");
    }
    let mut saying = quoted(local, known);
    let said = saying.text.trim();
    saying.text = format!("This is what the site says that comes closest:\n\n{said}\n\n{OFFER}");
    saying
}

/// The answer to a question that a page asks itself, in the same words.
fn asked_before(known: &Passages, words: &str) -> Option<Saying> {
    let bare = |text: &str| -> String {
        text.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let asked = bare(words);
    let chunk = known
        .index
        .chunks()
        .iter()
        .find(|chunk| chunk.kind == ChunkKind::Faq && !chunk.suspicious && bare(&chunk.heading) == asked)?;
    let mut saying = Saying::new(chunk.text.trim());
    saying.data.quotes = quote(known, chunk.document_id, &chunk.text).into_iter().collect();
    Some(saying)
}

struct Asked<'a> {
    site: &'a Site,
    known: &'a Passages,
    words: &'a str,
    code: &'a str,
    before: &'a [Turn],
    voice: &'a BrandVoice,
    local: &'a Answer,
}

/// How an answer of a model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All of its words came.
    Whole,
    /// It says itself that a person should answer.
    Unsure,
    /// Something in it may not be shown.
    Withheld(Objection),
    /// It broke off, or came to no end.
    Broke,
    /// Nobody listens any more.
    Left,
}

impl End {
    /// The word of the decision's record.
    fn outcome(self, shown: bool) -> &'static str {
        match self {
            Self::Left => "not_waited_for",
            _ if !shown => "quoted",
            Self::Whole | Self::Unsure => "replied",
            Self::Withheld(_) => "withheld",
            Self::Broke => "broke_off",
        }
    }

    /// What is said behind what was shown.
    fn tail(self, sure: bool) -> String {
        match self {
            Self::Left => String::new(),
            Self::Whole if sure => String::new(),
            Self::Whole | Self::Unsure => format!("\n\n{OFFER}"),
            Self::Withheld(_) => format!("\n\nThe rest I leave out: it went beyond what this site says. {OFFER}"),
            Self::Broke => format!("\n\nThe answer broke off here. {OFFER}"),
        }
    }
}

/// The answer in a model's words, as far as they may be shown; none where nothing was.
async fn by_model(core: &Core, asked: &Asked<'_>, mouth: &Mouth<'_>) -> Option<Found> {
    let Asked { site, known, words, code, before, voice, local } = *asked;
    let hits = known.index.search(&Question::new(words, code), PASSAGES);
    let chunks: Vec<&Chunk> =
        hits.iter().map(|hit| &known.index.chunks()[hit.position]).filter(|chunk| !chunk.suspicious).collect();
    if chunks.is_empty() {
        return None;
    }
    let mut decision = Decision::new(site.org, "site_chat", POLICY, &core.kernel().clock);
    decision.input("text", words);
    let canary = Canary::of(decision.id);
    let prompt = ReplyPrompt {
        voice,
        guidelines: GUIDELINES,
        language: code,
        chunks: &chunks,
        history: before,
        question: words,
    };
    let mut ask = Ask::new("reply", prompts::REPLY.version, prompts::reply(&prompt, &canary), MOST_TOKENS);
    ask.temperature = Some(0.0);
    ask.schema = Some(("reply", told::form()));
    let href = |chunk: &Chunk| known.page(chunk.document_id).map_or("", |page| page.href.as_str());
    let found: Vec<(&Chunk, &str)> = chunks.iter().map(|chunk| (*chunk, href(chunk))).collect();
    let spoken = language::detect(words, None);
    let mut gate = Gate::new(&found, spoken, &canary);
    let (told, end) = listen(core, &mut decision, ask, &mut gate, mouth).await;
    let shown = gate.shown(told.reply());
    let cited: Vec<&Chunk> = gate.cited().collect();
    let verdict = told.verdict().unwrap_or_default();
    for chunk in &cited {
        decision.chunk(chunk.id, &chunk.text);
    }
    decision.conclude(end.outcome(!shown.is_empty()), verdict.confidence, shown);
    keep(core, &decision).await.can_fail("keeping why the assistant of a site answered as it did");
    if let End::Withheld(why) = end {
        tracing::warn!(decision = %decision.id, why = ?why, "a model's answer to a visitor went beyond the site's pages");
    }
    if shown.is_empty() {
        return None;
    }
    let mut saying = Saying::new(format!("{shown}{}", end.tail(is_sure(&verdict))));
    saying.data.by_model = true;
    saying.data.quotes = cited.iter().filter_map(|chunk| quote(known, chunk.document_id, &chunk.text)).collect();
    if matches!(end, End::Withheld(_) | End::Broke) && !local.needs_human() {
        let more = quoted(local, known).data.quotes.into_iter();
        let more: Vec<Quote> = more.filter(|one| !saying.data.quotes.contains(one)).collect();
        saying.data.quotes.extend(more);
    }
    Some(Found { saying, shown: shown.len() })
}

/// Lets a model's answer through to the visitor while it comes, until it ends or is of no use any more.
async fn listen(core: &Core, decision: &mut Decision, ask: Ask, gate: &mut Gate<'_>, mouth: &Mouth<'_>) -> (Told, End) {
    let mut told = Told::default();
    let begun = tokio::select! {
        biased;
        () = mouth.left() => return (told, End::Left),
        begun = core.gateway().stream(decision, ask) => begun,
    };
    let mut stream = match begun {
        Ok(stream) => stream,
        Err(reason) => {
            tracing::info!(%reason, "no model answered a visitor; the quotes stand");
            return (told, End::Broke);
        }
    };
    let until = Instant::now() + PATIENCE;
    let end = loop {
        let piece = tokio::select! {
            biased;
            () = mouth.left() => break End::Left,
            () = sleep_until(until) => break End::Broke,
            piece = stream.next() => piece,
        };
        let Some(piece) = piece else {
            break if told.is_whole() { End::Whole } else { End::Broke };
        };
        told.push(&piece);
        if !is_sure(&told.head()) {
            break End::Unsure;
        }
        let (text, objection) = gate.pass(told.reply(), told.is_whole());
        mouth.say(text).await;
        if let Some(objection) = objection {
            break End::Withheld(objection);
        }
        if told.is_too_long() || told.reply().len() > MOST {
            break End::Broke;
        }
    };
    // Settles what it cost, keeps what it said, and hangs up.
    if let Err(reason) = stream.finish(decision).await {
        tracing::info!(%reason, "a model's answer to a visitor broke off");
    }
    let verdict = told.verdict().unwrap_or_default();
    if end == End::Whole && is_sure(&verdict) {
        mouth.say(gate.vouch(told.reply(), &verdict.sources)).await;
    }
    (told, end)
}

/// Whether a model stands by its answer.
fn is_sure(verdict: &Verdict) -> bool {
    !verdict.needs_human && verdict.confidence.is_none_or(|confidence| confidence >= HUMAN_BELOW)
}

async fn keep(core: &Core, decision: &Decision) -> anyhow::Result<()> {
    let vault = core.kernel().vault.of(decision.org).await?;
    let row = decision.seal(&vault)?;
    let mut tx = core.kernel().db.begin(decision.org).await?;
    ai::decision::insert_many(&mut tx, &[row]).await?;
    tx.commit().await?;
    Ok(())
}

/// The words of the pages themselves.
fn quoted(local: &Answer, known: &Passages) -> Saying {
    let mut saying = Saying::new(local.text.trim());
    saying.data.quotes =
        local.sources.iter().filter_map(|source| quote(known, source.document_id, &source.quote)).collect();
    saying
}

fn quote(known: &Passages, document: Uuid, text: &str) -> Option<Quote> {
    let page = known.page(document)?;
    let text: String = text.trim().chars().take(LONGEST_QUOTE).collect();
    Some(Quote { text, title: page.title.clone(), href: page.href.clone() })
}

fn nothing(what: &str) -> Saying {
    Saying::new(format!("{what} A person may know; I can pass this conversation on."))
}
