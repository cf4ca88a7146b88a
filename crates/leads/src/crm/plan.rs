//! What the CRM should hold of a lead: a pure function of the lead, its contact, the mapping and what the CRM holds already.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use connectors::hubspot::objects::{LONGEST_NOTE, Properties};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, LeadId};
use kernel::ledger::Signal;
use kernel::vault::OrgVault;
use ring::digest;
use sqlx::types::Json;
use uuid::Uuid;

use super::SYSTEM;
use super::connect::{CONTACT_KEY, DEAL_KEY};
use super::mapping::Mapping;
use crate::contacts::{self, Card, Profile};
use crate::desk::{signal_label, spaced};

/// A lead with what the CRM holds of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Source {
    pub id: LeadId,
    pub contact_id: ContactId,
    stage: String,
    score: i32,
    tag: String,
    signals: Json<Vec<Signal>>,
    topic: Option<String>,
    intent: Option<String>,
    summary: Option<String>,
    channel_kind: Option<String>,
    value_minor: Option<i64>,
    created_at: DateTime<Utc>,
    company: Option<String>,
    pub remote_contact_id: Option<String>,
    pub remote_deal_id: Option<String>,
    pub remote_note_id: Option<String>,
    note_started_at: Option<DateTime<Utc>>,
    synced_hash: Option<String>,
}

impl Source {
    /// Notes begun from now on are this run's own.
    pub(super) fn had_begun_a_note(&self) -> bool {
        self.note_started_at.is_some()
    }
}

/// What to write of one lead.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub source: Source,
    pub email: Option<String>,
    pub contact: Properties,
    /// For hot leads, and for those that have a deal already.
    pub deal: Option<Properties>,
    /// None when a note was begun and its answer lost.
    pub note: Option<String>,
    pub hash: String,
}

impl Wanted {
    /// Whether the CRM holds exactly this already.
    pub(super) fn is_unchanged(&self) -> bool {
        self.source.synced_hash.as_ref() == Some(&self.hash)
    }

    /// The lead status written with it.
    pub(super) fn status(&self) -> Option<&str> {
        self.contact.get("hs_lead_status").map(String::as_str)
    }

    /// Our key of the contact.
    pub(super) fn contact_key(&self) -> String {
        self.source.contact_id.to_string()
    }
}

/// Loads leads with their links and plans each; one that is gone or whose contact was erased is missing.
pub(super) async fn load(
    tx: &mut OrgTx,
    vault: &OrgVault,
    leads: &[LeadId],
    mapping: &Mapping,
    base_url: &str,
) -> Result<HashMap<LeadId, Wanted>, sqlx::Error> {
    let ids: Vec<Uuid> = leads.iter().map(|id| id.uuid()).collect();
    let sources: Vec<Source> = sqlx::query_as(
        "select l.id, l.contact_id, l.stage, l.score, l.tag, l.signals, l.topic, l.intent, l.summary, l.channel_kind, l.value_minor, \
         l.created_at, c.company, k.remote_contact_id, k.remote_deal_id, k.remote_note_id, k.note_started_at, k.synced_hash \
         from leads l join contacts c on c.org_id = l.org_id and c.id = l.contact_id and c.erased_at is null \
         left join crm_links k on k.org_id = l.org_id and k.lead_id = l.id and k.system = $3 \
         where l.org_id = $1 and l.id = any($2)",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(SYSTEM)
    .fetch_all(tx.conn())
    .await?;
    let contacts: Vec<ContactId> = sources.iter().map(|source| source.contact_id).collect();
    let cards = contacts::cards(tx, vault, &contacts).await?;
    let plan = |source: Source| {
        let card = cards.get(&source.contact_id)?;
        Some((source.id, wanted(source, card, mapping, base_url)))
    };
    Ok(sources.into_iter().filter_map(plan).collect())
}

fn wanted(source: Source, card: &Card, mapping: &Mapping, base_url: &str) -> Wanted {
    let contact = contact_of(&source, &card.profile, mapping);
    let deal = (source.tag == "HOT" || source.remote_deal_id.is_some()).then(|| deal_of(&source, card, mapping));
    let note = note_of(&source, base_url);
    let hash = hash(&contact, deal.as_ref(), &note);
    let lost = source.note_started_at.is_some() && source.remote_note_id.is_none();
    Wanted { email: card.profile.email.clone(), contact, deal, note: (!lost).then_some(note), hash, source }
}

fn contact_of(source: &Source, profile: &Profile, mapping: &Mapping) -> Properties {
    let mut properties = Properties::new();
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            properties.insert(name.to_owned(), value.to_owned());
        }
    };
    let shown = profile.name.as_deref().or(profile.username.as_deref()).unwrap_or_default().trim();
    let (first, last) = shown.rsplit_once(' ').unwrap_or((shown, ""));
    set("firstname", Some(first));
    set("lastname", Some(last));
    set("email", profile.email.as_deref());
    set("phone", profile.phone.as_deref());
    set("company", source.company.as_deref());
    set("hs_lead_status", mapping.status_of(&source.tag));
    set(CONTACT_KEY, Some(&source.contact_id.to_string()));
    properties
}

/// "Company – topic – date". The stage is set when the deal is made and when the lead is won or lost; between them it is the
/// sales people's.
fn deal_of(source: &Source, card: &Card, mapping: &Mapping) -> Properties {
    let company = source.company.clone().unwrap_or_else(|| card.shown_name());
    let topic = spaced(source.topic.as_deref().unwrap_or("enquiry"));
    let name = format!("{company} – {topic} – {}", source.created_at.format("%Y-%m-%d"));
    let mut properties =
        Properties::from([("dealname".to_owned(), name), (DEAL_KEY.to_owned(), source.id.to_string())]);
    if let Some(minor) = source.value_minor {
        properties.insert("amount".to_owned(), format!("{}.{:02}", minor / 100, minor.abs() % 100));
    }
    let ended = match source.stage.as_str() {
        "won" => Some("closedwon"),
        "lost" => Some("closedlost"),
        _ => None,
    };
    let begins = mapping.deal_stage.as_deref().filter(|_| source.remote_deal_id.is_none());
    if let Some(stage) = ended.filter(|stage| mapping.has_stage(stage)).or(begins) {
        properties.insert("dealstage".to_owned(), stage.to_owned());
    }
    properties
}

/// The summary of the conversation as a note, HTML as HubSpot wants it.
fn note_of(source: &Source, base_url: &str) -> String {
    let mut lines = vec![format!("{} lead, score {} of 100", source.tag, source.score)];
    if let Some(summary) = &source.summary {
        lines.push(summary.clone());
    }
    if let Some(channel) = &source.channel_kind {
        lines.push(format!("Wrote on {channel}"));
    }
    if let Some(topic) = &source.topic {
        lines.push(format!("Topic: {}", spaced(topic)));
    }
    if let Some(intent) = &source.intent {
        lines.push(format!("Intent: {}", spaced(intent)));
    }
    lines.extend(source.signals.iter().map(|signal| format!("{:+} {}", signal.points, signal_label(&signal.name))));
    lines.push(format!("{base_url}/leads/{}", source.id));
    let body: String = lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>");
    body.chars().take(LONGEST_NOTE).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The stage of a deal is left out: once made it is not ours, and a deal that appears must not look like a change.
fn hash(contact: &Properties, deal: Option<&Properties>, note: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |part: &str| {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    };
    let deal: BTreeMap<_, _> = deal
        .into_iter()
        .flatten()
        .filter(|(name, value)| *name != "dealstage" || value.starts_with("closed"))
        .collect();
    for (name, value) in contact.iter().chain(deal) {
        add(name);
        add(value);
    }
    add(note);
    hex::encode(context.finish())
}
