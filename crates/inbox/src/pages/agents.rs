//! `/agents`: how the bot sounds and when it answers by itself.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::channel::ChannelKind;
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Frame, Toast, show};

use super::{Choice, channel_name};
use crate::core::Core;
use crate::settings::{AutoReply, BrandVoice, QuietHours, Setting, VoiceTone, load, save};

/// The channels on which the bot answers.
const ANSWERED: [ChannelKind; 4] =
    [ChannelKind::Facebook, ChannelKind::Instagram, ChannelKind::Whatsapp, ChannelKind::X];

#[derive(Template)]
#[template(path = "agents/show.html")]
struct AgentsPage {
    frame: Frame,
    voice: String,
    replies: String,
}

#[derive(Template)]
#[template(path = "agents/_voice.html")]
struct VoiceCard {
    csrf: String,
    voice: BrandVoice,
    tones: Vec<Choice>,
    languages: String,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "agents/_replies.html")]
struct RepliesCard {
    csrf: String,
    replies: AutoReply,
    sure: String,
    quiet: QuietHours,
    is_quiet: bool,
    channels: Vec<Choice>,
    errors: FieldErrors,
}

/// The voice as its form sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceForm {
    business_name: String,
    tone: VoiceTone,
    style: String,
    guidelines: String,
    #[serde(default)]
    emoji: bool,
    max_length: u32,
    languages: String,
    sign_off: String,
}

/// The automatic answers as their form sends them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RepliesForm {
    #[serde(default)]
    enabled: bool,
    sure: f32,
    #[serde(default)]
    is_quiet: bool,
    from: String,
    to: String,
    time_zone: String,
    #[serde(default)]
    channels: Vec<ChannelKind>,
}

pub(super) async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let (voice, replies) = (load(&mut tx).await?, load(&mut tx).await?);
    let voice = voice_card(&by, voice, FieldErrors::default()).render()?;
    let replies = replies_card(&by, replies, FieldErrors::default()).render()?;
    show(&AgentsPage { frame: by.frame("Agents"), voice, replies })
}

pub(super) async fn voice(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(form): Form<VoiceForm>,
) -> Result<Response, AppError> {
    let VoiceForm { business_name, tone, style, guidelines, emoji, max_length, languages, sign_off } = form;
    let lines = |text: String| text.replace("\r\n", "\n");
    let languages = languages
        .split([',', ' ', ';'])
        .map(|code| code.trim().to_lowercase())
        .filter(|code| !code.is_empty())
        .collect();
    let voice = BrandVoice {
        business_name,
        tone,
        style: lines(style),
        guidelines: lines(guidelines),
        emoji,
        max_length,
        languages,
        sign_off,
    };
    let errors = keep(&by, &core, &voice, voice.problem()).await?;
    let saved = errors.is_empty();
    answer(&by, saved, &voice_card(&by, voice, errors))
}

pub(super) async fn replies(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(form): Form<RepliesForm>,
) -> Result<Response, AppError> {
    let RepliesForm { enabled, sure, is_quiet, from, to, time_zone, channels } = form;
    let replies = AutoReply {
        enabled,
        min_confidence: sure / 100.0,
        quiet_hours: is_quiet.then_some(QuietHours { from, to, time_zone }),
        // All of them means also those that are connected later.
        channels: (channels.len() < ANSWERED.len()).then_some(channels),
    };
    let errors = keep(&by, &core, &replies, replies.problem()).await?;
    let saved = errors.is_empty();
    answer(&by, saved, &replies_card(&by, replies, errors))
}

/// Saves a group of settings unless something is wrong with it.
async fn keep<S: Setting>(
    by: &Allowed<ManageChannels>,
    core: &Core,
    setting: &S,
    problem: Option<(&'static str, String)>,
) -> Result<FieldErrors, AppError> {
    if let Some((field, reason)) = problem {
        return Ok(FieldErrors::from(vec![Detail::new(field, reason)]));
    }
    let mut tx = by.tx().await?;
    save(&mut tx, setting, by.actor()).await?;
    tx.commit().await?;
    core.brain.forget(by.org()).await;
    Ok(FieldErrors::default())
}

fn answer(by: &Allowed<ManageChannels>, saved: bool, card: &impl Template) -> Result<Response, AppError> {
    let toast = saved.then(|| Toast::done("Saved. It holds from the next message on."));
    if !by.request().fragment && saved {
        return Ok((toast.map(Toast::on_next_page), Redirect::to("/agents")).into_response());
    }
    Ok((toast, show(card)?).into_response())
}

fn voice_card(by: &Allowed<ManageChannels>, voice: BrandVoice, errors: FieldErrors) -> VoiceCard {
    let current = match voice.tone {
        VoiceTone::Friendly => "friendly",
        VoiceTone::Professional => "professional",
        VoiceTone::Concise => "concise",
    };
    let tones = [
        ("friendly", "Friendly: warm and informal"),
        ("professional", "Professional: polite and neutral"),
        ("concise", "Concise: as short as can be"),
    ];
    VoiceCard {
        csrf: by.frame("").csrf,
        tones: tones.map(|(value, label)| Choice::new(value, label, current)).into(),
        languages: voice.languages.join(", "),
        voice,
        errors,
    }
}

fn replies_card(by: &Allowed<ManageChannels>, replies: AutoReply, errors: FieldErrors) -> RepliesCard {
    let quiet = replies.quiet_hours.clone();
    let chosen = |kind: &ChannelKind| replies.channels.as_ref().is_none_or(|channels| channels.contains(kind));
    let channels = ANSWERED
        .iter()
        .map(|kind| Choice {
            value: kind.to_string(),
            label: channel_name(kind.as_str()).to_owned(),
            chosen: chosen(kind),
        })
        .collect();
    RepliesCard {
        csrf: by.frame("").csrf,
        sure: format!("{:.0}", replies.min_confidence * 100.0),
        is_quiet: quiet.is_some(),
        quiet: quiet.unwrap_or_else(|| QuietHours {
            from: "21:00".into(),
            to: "08:00".into(),
            time_zone: "UTC".into(),
        }),
        channels,
        replies,
        errors,
    }
}
