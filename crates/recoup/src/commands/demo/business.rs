//! "Northwind Dental & Aesthetics": the organisation, its people, how it sounds, its accounts and what it knows. Made once.

use std::time::{Duration, Instant};

use ai::knowledge::{self, Content, NewDocument, Offer, Status};
use anyhow::Context;
use identity::members::{self, NewMember};
use identity::registration::{NewOrganisation, register};
use inbox::channels::{NewChannel, connect};
use inbox::settings::{self, AutoReply, BrandVoice, VoiceTone};
use kernel::Kernel;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::db::system;
use kernel::ids::{ChannelId, MemberId, OrgId, UserId};
use kernel::ledger::Actor;
use shell::auth::Role;
use standins::WorldConfig;

use super::{knowledge as texts, world};
use crate::commands::told;

/// Its name.
pub const NAME: &str = "Northwind Dental & Aesthetics";
/// How its owner signs in.
pub const OWNER_EMAIL: &str = "dana@northwind.example";

/// Everybody else who works there.
const PEOPLE: [(&str, &str, Role); 2] =
    [("Sam Okafor", "sam@northwind.example", Role::Agent), ("Priya Raman", "priya@northwind.example", Role::Admin)];

/// The business as the rest of the demo needs it.
#[derive(Clone, Debug)]
pub struct Business {
    /// The organisation.
    pub org: OrgId,
    /// Its members, the owner first.
    pub members: Vec<MemberId>,
    /// Who each of them is, in the same order.
    pub users: Vec<UserId>,
    /// Its accounts, by kind.
    pub channels: Vec<(ChannelKind, ChannelId)>,
}

impl Business {
    /// The account of a kind.
    pub fn channel(&self, kind: ChannelKind) -> Option<ChannelId> {
        self.channels.iter().find(|(known, _)| *known == kind).map(|(_, id)| *id)
    }
}

/// Finds the business, or makes it. What an earlier start left unfinished is completed.
pub async fn ensure(kernel: &Kernel, password: &str) -> anyhow::Result<Business> {
    let known = system::list_organisations(&kernel.db).await?.into_iter().find(|(_, name)| name == NAME);
    let org = match known {
        Some((org, _)) => org,
        None => found(kernel, password).await?,
    };
    set_up(kernel, org).await?;
    let mut tx = kernel.db.begin(org).await?;
    let seats: Vec<(MemberId, UserId)> =
        sqlx::query_as("select id, user_id from members where org_id = $1 order by id")
            .bind(org)
            .fetch_all(tx.conn())
            .await?;
    let (members, users) = seats.into_iter().unzip();
    let channels: Vec<(String, ChannelId)> =
        sqlx::query_as("select kind, id from channels where org_id = $1 order by id")
            .bind(org)
            .fetch_all(tx.conn())
            .await?;
    let channels = channels.into_iter().filter_map(|(kind, id)| Some((kind.parse().ok()?, id))).collect();
    Ok(Business { org, members, users, channels })
}

/// Registers the organisation and brings in its people.
async fn found(kernel: &Kernel, password: &str) -> anyhow::Result<OrgId> {
    let new = NewOrganisation {
        organisation: NAME.to_owned(),
        name: "Dana Whitfield".to_owned(),
        email: OWNER_EMAIL.to_owned(),
        password: password.to_owned(),
    };
    let org = register(kernel, new).await.map_err(told)?.org;
    for (name, email, role) in PEOPLE {
        let new = NewMember { email: email.to_owned(), name: name.to_owned(), password: password.to_owned(), role };
        members::add(kernel, org, new).await.map_err(told)?;
    }
    Ok(org)
}

/// Settings, accounts and knowledge, in one transaction; only what is missing.
async fn set_up(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    let vault = kernel.vault.of(org).await?;
    let mut tx = kernel.db.begin(org).await?;
    let done: bool = sqlx::query_scalar(
        "select exists (select 1 from knowledge_documents where org_id = $1) and exists (select 1 from channels where org_id = $1)",
    )
    .bind(org)
    .fetch_one(tx.conn())
    .await?;
    if done {
        return Ok(());
    }
    let voice = BrandVoice {
        business_name: NAME.to_owned(),
        tone: VoiceTone::Friendly,
        style: "Warm, plain words, short sentences. No medical promises.".to_owned(),
        guidelines:
            "Offer a visit when somebody is in pain. Never diagnose. Prices are from-prices; the dentist confirms them."
                .to_owned(),
        ..BrandVoice::default()
    };
    settings::save(&mut tx, &voice, Actor::System).await?;
    settings::save(&mut tx, &AutoReply::default(), Actor::System).await?;
    for account in world::accounts(&WorldConfig::unlimited()) {
        let new = NewChannel {
            kind: account.kind,
            name: account.name,
            account_id: account.id,
            access_token: Secret::new(account.token),
            access_token_secret: None,
            refresh_token: None,
            expires_at: None,
        };
        connect(&mut tx, &vault, &new, Actor::System).await?;
    }
    for new in documents() {
        knowledge::create(&mut tx, &new).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn documents() -> Vec<NewDocument> {
    let document = |title: &str, content: Content, language: &str| NewDocument {
        title: title.to_owned(),
        content,
        language: Some(language.to_owned()),
        by: Actor::System,
    };
    let texts =
        texts::PAGES.iter().map(|(title, language, text)| document(title, Content::Text((*text).to_owned()), language));
    let faqs = texts::questions().into_iter().map(|asked| {
        let texts::Asked { language, question, answer } = asked;
        document("", Content::Faq { question, answer }, &language)
    });
    let services = texts::SERVICES.iter().map(|(name, description, price)| {
        let offer = Offer {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            price: Some((*price).to_owned()),
        };
        document("", Content::Service(offer), "en")
    });
    let mut all: Vec<NewDocument> = texts.chain(faqs).chain(services).collect();
    // The newest stands first in the list: the handbook then leads it, the questions in English before the others.
    all.reverse();
    all
}

/// Waits until every document has been read, so that the first answers can rest on them.
pub async fn wait_for_knowledge(kernel: &Kernel, org: OrgId) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let mut tx = kernel.db.begin(org).await?;
        let documents = knowledge::list(&mut tx, None, 500).await?;
        drop(tx);
        let waiting = documents.iter().filter(|document| matches!(document.status, Status::Indexing { .. })).count();
        if waiting == 0 {
            return Ok(());
        }
        let patience = Duration::from_secs(120);
        (began.elapsed() < patience)
            .then_some(())
            .with_context(|| format!("{waiting} documents are still unread after {patience:?}"))?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
