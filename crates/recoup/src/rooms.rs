//! The rooms of Recoup, wired to one another: here, and only here, one room answers what another asks.

use std::collections::HashMap;
use std::sync::Arc;

use ai::local::Embedder;
use async_trait::async_trait;
use axum::Router;
use identity::Identity;
use inbox::contacts::{ContactBook, ContactCard, Person, Resolved};
use kernel::config::{Config, EncoderUse};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, TaskId, UserId};
use kernel::ledger::{Actor, Follower, Tag};
use kernel::privacy::{Holders, Machine};
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;
use kernel::{CanFail, Kernel};
use shell::{App, Settings};
use uuid::Uuid;

use crate::measured::MeasuredFigures;
use crate::reach::Reach;
use crate::visitors::Visitors;
use crate::visitors_desk::{ChatDoor, VisitorsDesk};

/// The rooms over one kernel.
pub struct Rooms {
    kernel: Kernel,
    identity: Identity,
    inbox: inbox::Core,
    leads: leads::Core,
    intake: intake::Core,
    advisor: advisor::Core,
    reports: reports::Core,
    site: site::Core,
    styleguide: bool,
}

impl Rooms {
    /// Opens every room.
    pub async fn open(kernel: &Kernel) -> anyhow::Result<Self> {
        let identity = Identity::open(kernel).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let identity = identity.with_holders(holders(kernel));
        let contacts = Arc::new(Contacts { kernel: kernel.clone() });
        let embedder = embedder(&kernel.config);
        let inbox = inbox::Core::new(kernel.clone(), contacts, embedder.clone());
        let inbox = inbox.with_webchat(Arc::new(ChatDoor::new(kernel.clone())));
        let leads = leads::Core::new(kernel.clone());
        let intake = intake::Core::new(kernel.clone(), Arc::new(crate::landing::Signals(kernel.clone())));
        let toolbox = crate::tools::toolbox(kernel, embedder.clone());
        let advisor = advisor::Core::new(kernel.clone(), embedder, toolbox, Arc::new(crate::tools::TaskList));
        let reports = reports::Core::new(kernel.clone(), Arc::new(crate::figures::RevenueFigures::new(people(kernel))));
        let (visitors, desk) = (Arc::new(Visitors(kernel.clone())), Arc::new(VisitorsDesk::new(inbox.clone())));
        let site = site::Core::new(kernel.clone(), inbox.brain.gateway().clone(), visitors, desk);
        let kernel = kernel.clone();
        Ok(Self { kernel, identity, inbox, leads, intake, advisor, reports, site, styleguide: false })
    }

    /// Serves the style guide too: development and demo.
    #[must_use]
    pub fn with_styleguide(mut self) -> Self {
        self.styleguide = true;
        self
    }

    /// The identity room.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The inbox.
    pub fn inbox(&self) -> &inbox::Core {
        &self.inbox
    }

    /// The leads.
    pub fn leads(&self) -> &leads::Core {
        &self.leads
    }

    /// The intake.
    pub fn intake(&self) -> &intake::Core {
        &self.intake
    }

    /// The public sites.
    pub fn site(&self) -> &site::Core {
        &self.site
    }

    /// The background work of every room.
    pub fn handlers(&self, handlers: &mut Handlers) {
        handlers.add(Arc::new(kernel::mail::Postman::new(&self.kernel)));
        identity::handlers(&self.kernel, handlers);
        inbox::handlers(&self.inbox, handlers);
        leads::handlers(&self.leads, handlers);
        revenue::handlers(&self.kernel, handlers);
        revenue::outreach(&self.kernel, Arc::new(Reach), Some(handlers));
        reports::handlers(&self.reports, handlers);
        intake::handlers(&self.intake, handlers);
        site::handlers(&self.site, handlers);
        identity::privacy::handlers(&self.identity, handlers);
        handlers.add(Arc::new(ai::knowledge::Indexer::new(&self.kernel, self.inbox.brain.embedder().cloned())));
    }

    /// The views that rooms keep from the ledger.
    pub fn followers(&self) -> Vec<Arc<dyn Follower>> {
        let mut all = leads::followers(&self.leads);
        all.extend([
            Arc::new(inbox::LeadMarks) as Arc<dyn Follower>,
            Arc::new(inbox::ContactMerges),
            Arc::new(inbox::ConsentMarks),
            Arc::new(inbox::HandoffLetters),
        ]);
        all.extend(revenue::followers(&self.kernel, Arc::new(Contacts { kernel: self.kernel.clone() })));
        all.extend(identity::privacy::followers());
        all
    }

    /// What rooms do by the clock.
    pub fn reconcilers(&self) -> Vec<Arc<dyn Reconciler>> {
        let mut all = inbox::reconcilers(&self.inbox);
        all.extend(self.identity.reconcilers());
        all.extend(operations::reconcilers(&self.kernel));
        all.extend(reports::reconcilers(&self.reports));
        all.extend(intake::reconcilers(&self.intake));
        all.extend(site::reconcilers(&self.site));
        all.extend(revenue::reconcilers(&self.kernel));
        all.push(revenue::outreach(&self.kernel, Arc::new(Reach), None));
        all.extend(identity::privacy::reconcilers(&self.identity));
        all
    }

    /// The web: the frame's state and the router of every room.
    pub fn web(&self) -> (App, Router) {
        let config = &self.kernel.config;
        let settings = Settings {
            public_url: config.http.base_url(),
            trust_proxy: config.http.trust_proxy,
            styleguide: self.styleguide,
            redis_url: config.redis_url.clone(),
            ..Settings::default()
        };
        let app = App::new(self.kernel.clone(), self.identity.authenticator(), settings);
        let rooms = self.plug(&app);
        let inside = shell::assemble(&app, rooms);
        let router = site::front(&self.site, inside, site::public(&self.site, &app));
        (app, router)
    }

    /// What every room plugs into the web frame.
    pub fn plug(&self, app: &App) -> Vec<shell::Room> {
        vec![
            self.identity.room(app),
            inbox::room(&self.inbox, app),
            leads::room(&self.leads, app),
            operations::room(app),
            revenue::room(app, Arc::new(Contacts { kernel: self.kernel.clone() })),
            intake::room(&self.intake, app),
            advisor::room(&self.advisor, app),
            reports::room(&self.reports, app),
            site::room(&self.site, app, Arc::new(MeasuredFigures)),
        ]
    }
}

/// Who names contacts and members to the revenue room.
pub fn people(kernel: &Kernel) -> Arc<dyn revenue::People> {
    Arc::new(Contacts { kernel: kernel.clone() })
}

/// The rooms that keep something of contacts; the one that knows contacts comes first.
pub fn holders(kernel: &Kernel) -> Holders {
    Holders::new(vec![
        Arc::new(leads::privacy::People::new(kernel.clone())),
        Arc::new(inbox::privacy::Threads::new(kernel.clone())),
        Arc::new(ai::privacy::Records::new(kernel.clone())),
        Arc::new(revenue::privacy::Views),
        Arc::new(advisor::privacy::Conversations),
        Arc::new(intake::privacy::Leftovers::new(kernel.clone())),
        Arc::new(site::privacy::Visitors::new(kernel.clone())),
        Arc::new(identity::privacy::Requests),
        Arc::new(shell::KeptAnswers::new(kernel.clone())),
        Arc::new(Machine::new(kernel.clone())),
    ])
}

/// The local encoder, where its files are there and it is not switched off.
pub fn embedder(config: &Config) -> Option<Arc<dyn Embedder>> {
    if config.ai.encoder == EncoderUse::Off {
        return None;
    }
    let folder = config.ai.models_dir.clone().unwrap_or_else(|| config.data_dir.0.join("models"));
    // Where `recoup models fetch` puts it, or the folder itself.
    let fetched = folder.join(encoder::fetch::FOLDER);
    let folder = if fetched.exists() { fetched } else { folder };
    if !folder.join("model.safetensors").exists() {
        return None;
    }
    let encoder = encoder::Encoder::load(&folder).can_fail("loading the encoder; the first tier answers alone")?;
    Some(Arc::new(LocalEncoder(encoder)))
}

/// The encoder as the local models ask for it.
struct LocalEncoder(encoder::Encoder);

impl Embedder for LocalEncoder {
    fn dims(&self) -> usize {
        encoder::DIMS
    }

    fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        self.0.embed(texts).can_fail("embedding texts; the first tier answers alone").unwrap_or_default()
    }
}

/// The leads room's contacts as the inbox asks for them.
struct Contacts {
    kernel: Kernel,
}

#[async_trait]
impl ContactBook for Contacts {
    async fn resolve(&self, tx: &mut OrgTx, people: &[Person]) -> anyhow::Result<Vec<Resolved>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let people: Vec<leads::contacts::Person<'_>> = people
            .iter()
            .map(|person| leads::contacts::Person {
                channel: person.channel,
                kind: person.kind,
                ids: std::iter::once(person.platform_id.as_str())
                    .chain(person.also.iter().map(String::as_str))
                    .collect(),
                phone: person.phone.as_deref(),
                name: person.name.as_deref(),
                username: person.username.as_deref(),
            })
            .collect();
        let found = leads::contacts::resolve(tx, &vault, &people).await?;
        Ok(found.into_iter().map(|found| Resolved { contact: found.contact, created: found.created }).collect())
    }

    async fn cards(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, ContactCard>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let cards = leads::contacts::cards(tx, &vault, contacts).await?;
        Ok(cards.into_iter().map(|(id, card)| (id, shown(card))).collect())
    }

    async fn find(&self, tx: &mut OrgTx, query: &str, limit: i64) -> anyhow::Result<Vec<ContactId>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        Ok(leads::contacts::find(tx, &vault, query, limit).await?)
    }
}

#[async_trait]
impl revenue::People for Contacts {
    async fn names(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let cards = leads::contacts::cards(tx, &vault, contacts).await?;
        Ok(cards.into_iter().map(|(id, card)| (id, card.shown_name())).collect())
    }

    async fn addresses(
        &self,
        tx: &mut OrgTx,
        contacts: &[ContactId],
    ) -> anyhow::Result<HashMap<ContactId, Vec<String>>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let cards = leads::contacts::cards(tx, &vault, contacts).await?;
        let of = |card: leads::contacts::Card| [card.profile.email, card.profile.phone].into_iter().flatten().collect();
        Ok(cards.into_iter().map(|(id, card)| (id, of(card))).collect())
    }

    async fn agents(&self, tx: &mut OrgTx, people: &[UserId]) -> anyhow::Result<HashMap<UserId, String>> {
        let rows: Vec<(UserId, String)> = sqlx::query_as(
            "select u.id, u.name from members m join users u on u.id = m.user_id where m.org_id = $1 and u.id = any($2)",
        )
        .bind(tx.org())
        .bind(people.iter().map(|id| id.uuid()).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
        Ok(rows.into_iter().collect())
    }

    async fn make_task(&self, tx: &mut OrgTx, by: Actor, task: revenue::NewTask<'_>) -> anyhow::Result<Uuid> {
        let revenue::NewTask { title, body, href, key } = task;
        let made =
            leads::tasks::NewTask { title, body, href, source: "action", source_key: Some(key), ..Default::default() };
        Ok(leads::tasks::make(tx, by, &made).await?.uuid())
    }

    async fn take_back_task(&self, tx: &mut OrgTx, task: Uuid) -> anyhow::Result<bool> {
        Ok(leads::tasks::take_back(tx, TaskId::from_uuid(task)).await?)
    }
}

fn shown(card: leads::contacts::Card) -> ContactCard {
    let tag = card
        .tag
        .as_deref()
        .and_then(|word| [Tag::Hot, Tag::Warm, Tag::Cold].into_iter().find(|tag| tag.word() == word));
    ContactCard {
        id: card.id,
        name: card.shown_name(),
        is_named: card.profile.name.is_some(),
        username: card.profile.username,
        email: card.profile.email,
        phone: card.profile.phone,
        tag,
        score: card.score,
    }
}
