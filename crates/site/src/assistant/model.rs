//! An answer to a free question: words of the site's pages, worded by a model where there is one and it keeps to them.
//!
//! A model sees the passages that were found and nothing else; what it says is shown when all of it came and passed the guardrail,
//! never before. Where it does not, the quotes stand.

use ai::answer::{Answer, AnswerKind, BrandVoice, HUMAN_BELOW, Tone, answer};
use ai::decision::Decision;
use ai::gateway::{Origin, ReplyAsk, Tier, Turn};
use ai::local::{Knowledge, Reading, guard_output, language, pii};
use ai::retrieval::{Chunk, ChunkKind, Question};
use kernel::CanFail;
use shell::AppError;
use uuid::Uuid;

use super::engine::{Quote, Saying};
use super::passages::{self, Passages};
use crate::core::Core;
use crate::sites::Site;

/// The version of the rules, kept in every decision.
const POLICY: &str = "site-chat/1";
/// Passages given to a model.
const PASSAGES: usize = 5;
/// From this confidence on what was found is shown as what comes closest; below it, it is not shown.
const NEAR: f32 = 0.2;
/// The longest answer and the longest quote that are shown, in characters.
const LONGEST: usize = 700;
const LONGEST_QUOTE: usize = 320;

const GUIDELINES: &str = "You speak for the website of a business to a visitor who may become its customer. Say only what the passages \
    say. Promise nothing, and name no price that they do not name. Where they do not answer, say so and offer a person.";

/// An answer to what a visitor asked, from what the site says.
///
/// # Errors
/// When the site's pages cannot be read.
pub(super) async fn find(core: &Core, site: &Site, words: &str, before: &[Turn]) -> Result<Saying, AppError> {
    let known = passages::of(core, site).await?;
    let spoken = language::detect(words, None);
    let code = if spoken.is_known() { spoken.code() } else { "en" };
    if !Reading::in_language(words, spoken, None).guard_input().passed {
        return Ok(nothing("I cannot do anything with that."));
    }
    let voice = BrandVoice {
        business: site.name.clone(),
        tone: Tone::Professional,
        max_chars: LONGEST,
        ..BrandVoice::default()
    };
    let local = answer(&known.index, &Question::new(words, code), &voice);
    if local.kind == AnswerKind::Smalltalk {
        return Ok(Saying::new(local.text));
    }
    if core.gateway().has_providers() {
        let asked = Asked { site, known: &known, words, code, before, voice: &voice, local: &local };
        if let Some(saying) = by_model(core, &asked).await {
            return Ok(saying);
        }
    }
    if let Some(saying) = asked_before(&known, words) {
        return Ok(saying);
    }
    if !local.needs_human() {
        return Ok(quoted(&local, &known));
    }
    if local.confidence < NEAR || local.sources.is_empty() {
        return Ok(nothing("I found nothing on this site that answers this."));
    }
    let mut saying = quoted(&local, &known);
    let said = saying.text.trim();
    saying.text = format!(
        "This is what the site says that comes closest:\n\n{said}\n\nA person may know more; I can pass this conversation on."
    );
    Ok(saying)
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

/// The answer in a model's words; none where no model answers, is unsure, cites nothing, or says what no passage says.
async fn by_model(core: &Core, asked: &Asked<'_>) -> Option<Saying> {
    let Asked { site, known, words, code, before, voice, local } = *asked;
    let hits = known.index.search(&Question::new(words, code), PASSAGES);
    let chunks: Vec<&Chunk> =
        hits.iter().map(|hit| &known.index.chunks()[hit.position]).filter(|chunk| !chunk.suspicious).collect();
    if chunks.is_empty() {
        return None;
    }
    let mut decision = Decision::new(site.org, "site_chat", POLICY, &core.kernel().clock);
    decision.input("text", words);
    let version = format!("site:{}", site.version);
    let ask = ReplyAsk {
        question: words,
        language: code,
        history: before,
        chunks: &chunks,
        voice,
        guidelines: GUIDELINES,
        knowledge_version: &version,
        personal: !pii::find(words).is_empty(),
        local,
        tier: Tier::Fast,
    };
    let reply = core.gateway().reply(&mut decision, &ask).await;
    let cited: Vec<&Chunk> = chunks.iter().copied().filter(|chunk| reply.sources.contains(&chunk.id)).collect();
    let knowledge = Knowledge::new(cited.iter().flat_map(|chunk| [chunk.heading.as_str(), chunk.text.as_str()]));
    let spoken = language::detect(&reply.text, None);
    let stands = reply.origin != Origin::Local
        && reply.confidence >= HUMAN_BELOW
        && !cited.is_empty()
        && guard_output(&reply.text, spoken, &knowledge).passed;
    decision.conclude(if stands { "replied" } else { "quoted" }, Some(reply.confidence), &reply.text);
    keep(core, &decision).await.can_fail("keeping why the assistant of a site answered as it did");
    if !stands {
        return None;
    }
    let mut saying = Saying::new(reply.text.trim());
    saying.data.by_model = true;
    saying.data.quotes = cited.iter().filter_map(|chunk| quote(known, chunk.document_id, &chunk.text)).collect();
    Some(saying)
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
