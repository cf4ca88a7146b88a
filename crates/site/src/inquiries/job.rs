//! What becomes of an inquiry: contact, lead, story and task, a fact, and letters, all in one transaction that ends the job. Run again
//! it finds that it was done and does no more than what is new: a word about letters.

use async_trait::async_trait;
use kernel::db::OrgTx;
use kernel::ids::{InquiryId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::mail::{Letter, post};
use kernel::queue::{Handler, Job, JobError};
use kernel::vault::OrgVault;
use serde::{Deserialize, Serialize};

use super::letters::Sender;
use super::store::{self, Inquiry};
use super::{Kind, story};
use crate::audit::store::Audit;
use crate::audit::{self, Outcome};
use crate::booking;
use crate::booking::slots::{next_business_day, zone_of};
use crate::booking::store::Booking;
use crate::core::Core;
use crate::ports::Story;
use crate::sites::{self, Site};

/// The kind of the jobs.
pub(super) const ARRIVAL: &str = "site.inquiry";
/// Letters an hour to one address: a form must not be a way to flood somebody else.
const LETTERS: i64 = 3;
/// The most members who are told.
const MEMBERS: i64 = 20;
/// How notes say what letters went out.
const ASKED: &str = "asked_to_confirm";
const WELCOMED: &str = "welcomed";

/// Which inquiry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub inquiry: InquiryId,
}

/// Sees to inquiries.
pub(super) struct Arrival {
    core: Core,
}

#[async_trait]
impl Handler for Arrival {
    fn kind(&self) -> &'static str {
        ARRIVAL
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let Payload { inquiry } = job.parse()?;
        self.see_to(job, inquiry).await.map_err(JobError::retry)
    }
}

/// What is known when an inquiry is seen to.
struct Seen<'a> {
    site: &'a Site,
    inquiry: &'a Inquiry,
    outcome: Option<&'a Outcome>,
    booking: Option<&'a Booking>,
    /// The result of the audit as a file.
    report: Option<&'a [u8]>,
}

impl Arrival {
    pub(super) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn see_to(&self, job: &Job, id: InquiryId) -> anyhow::Result<()> {
        let kernel = self.core.kernel();
        let vault = kernel.vault.of(job.org).await?;
        let (outcome, report) = self.result(job.org, &vault, id).await?;
        let mut tx = kernel.db.begin(job.org).await?;
        let Some(site) = sites::read(&mut tx).await? else { return Ok(()) };
        let Some(inquiry) = store::held(&mut tx, &vault, id).await? else { return Ok(()) };
        let booking = match inquiry.kind {
            Kind::Booking if inquiry.state != "spam" => booking::certain(&mut tx, &site, inquiry.id).await?,
            _ => None,
        };
        let seen = Seen {
            site: &site,
            inquiry: &inquiry,
            outcome: outcome.as_ref(),
            booking: booking.as_ref(),
            report: report.as_deref(),
        };
        match inquiry.state.as_str() {
            "spam" => {}
            "unconfirmed" => self.ask_to_confirm(&mut tx, &seen).await?,
            _ if inquiry.contact.is_none() => self.arrive(&mut tx, &seen).await?,
            _ => self.hear(&mut tx, &seen).await?,
        }
        tx.finish(job);
        tx.commit().await?;
        Ok(())
    }

    /// The audit's outcome, and where its result was asked for by letter, the file of it: made while no transaction is open.
    async fn result(
        &self,
        org: OrgId,
        vault: &OrgVault,
        id: InquiryId,
    ) -> anyhow::Result<(Option<Outcome>, Option<Vec<u8>>)> {
        let mut tx = self.core.kernel().db.begin(org).await?;
        let Some(inquiry) = store::find(&mut tx, vault, id).await? else { return Ok((None, None)) };
        let Some(audit) = inquiry.audit else { return Ok((None, None)) };
        let Some(audit) = audit::store::find(&mut tx, audit).await? else { return Ok((None, None)) };
        let Some(site) = sites::read(&mut tx).await? else { return Ok((None, None)) };
        drop(tx);
        let wanted = inquiry.kind == Kind::Audit && inquiry.contact.is_none();
        let report = if wanted { self.report(site, audit.clone()).await? } else { None };
        Ok((audit.outcome, report))
    }

    /// The result as a file; none where the audit was not handed in.
    async fn report(&self, site: Site, audit: Audit) -> anyhow::Result<Option<Vec<u8>>> {
        let (Some(outcome), Some(done_at)) = (audit.outcome, audit.done_at) else { return Ok(None) };
        let link = format!("{}/audit", self.sender(&site).base);
        let made = tokio::task::spawn_blocking(move || {
            audit::paper::pdf(&site, &outcome, audit.words.as_ref(), done_at, &link)
        });
        Ok(Some(made.await??))
    }

    /// A new inquiry: whom it makes known, and who hears of it.
    async fn arrive(&self, tx: &mut OrgTx, seen: &Seen<'_>) -> anyhow::Result<()> {
        let inquiry = seen.inquiry;
        let story = story::of(inquiry, seen.site, seen.outcome, seen.booking);
        let arrived = self.core.crm().arrived(tx, &inquiry.letter.person(), &story).await?;
        store::became(tx, inquiry.id, arrived.contact, arrived.lead).await?;
        let fact = Fact::InquiryArrived {
            inquiry: inquiry.id,
            inquiry_kind: inquiry.kind.as_str().to_owned(),
            contact: arrived.contact,
            lead: Some(arrived.lead),
        };
        tx.append(Event::new(Subject::Contact(arrived.contact), Actor::Contact(arrived.contact), fact));
        self.tell_members(tx, seen, &story).await?;
        self.answer(tx, seen).await?;
        if inquiry.consent {
            self.welcome(tx, seen).await?;
        } else if inquiry.letter.letters == Some(true) {
            self.ask_to_confirm(tx, seen).await?;
        }
        Ok(())
    }

    /// An inquiry that was seen to before: what it says of letters is all that can be new.
    async fn hear(&self, tx: &mut OrgTx, seen: &Seen<'_>) -> anyhow::Result<()> {
        let story = story::of(seen.inquiry, seen.site, seen.outcome, seen.booking);
        if story.letters.is_some() {
            self.core.crm().arrived(tx, &seen.inquiry.letter.person(), &story).await?;
        }
        if seen.inquiry.consent { self.welcome(tx, seen).await } else { Ok(()) }
    }

    /// The letter to whoever wrote.
    async fn answer(&self, tx: &mut OrgTx, seen: &Seen<'_>) -> anyhow::Result<()> {
        let (inquiry, zone) = (seen.inquiry, zone_of(seen.site));
        let sender = self.sender(seen.site);
        let letter = match inquiry.kind {
            Kind::Contact => {
                let by = next_business_day(&seen.site.settings.hours, zone, inquiry.at);
                sender.receipt(inquiry, by, zone)
            }
            Kind::Audit => {
                let Some(outcome) = seen.outcome else { return Ok(()) };
                sender.result(inquiry, outcome.total, seen.report)
            }
            Kind::Booking => {
                let Some(booking) = seen.booking else { return Ok(()) };
                sender.consultation(inquiry, booking)
            }
            // Those of letters are told by the letters themselves; of a chat, where they wrote.
            Kind::Letters | Kind::Chat => return Ok(()),
        };
        self.send(tx, inquiry, letter).await
    }

    /// Asks whether the address is theirs, once.
    async fn ask_to_confirm(&self, tx: &mut OrgTx, seen: &Seen<'_>) -> anyhow::Result<()> {
        let inquiry = seen.inquiry;
        if inquiry.confirmed_at.is_some()
            || !first(tx, inquiry, ASKED, "A letter asked whether the address is theirs.").await?
        {
            return Ok(());
        }
        self.send(tx, inquiry, self.sender(seen.site).confirm(inquiry)).await
    }

    /// Says that letters will come and how they are stopped, once.
    async fn welcome(&self, tx: &mut OrgTx, seen: &Seen<'_>) -> anyhow::Result<()> {
        let inquiry = seen.inquiry;
        if !first(tx, inquiry, WELCOMED, "A letter said that letters will come, and how they are stopped.").await? {
            return Ok(());
        }
        self.send(tx, inquiry, self.sender(seen.site).welcome(inquiry)).await
    }

    /// Has a letter to a visitor sent, where letters can be sent and the address did not get several already.
    async fn send(&self, tx: &mut OrgTx, inquiry: &Inquiry, letter: Letter) -> anyhow::Result<()> {
        let kernel = self.core.kernel();
        if !kernel.config.mail.is_set() {
            return Ok(());
        }
        let of_address: i64 = sqlx::query_scalar(
            "select count(*) from site_inquiries where org_id = $1 and at > $3 and state <> 'spam' \
             and email_index = (select email_index from site_inquiries where org_id = $1 and id = $2)",
        )
        .bind(tx.org())
        .bind(inquiry.id)
        .bind(inquiry.at - chrono::Duration::hours(1))
        .fetch_one(tx.conn())
        .await?;
        if of_address > LETTERS {
            store::note(
                tx,
                inquiry.id,
                "not_sent",
                "Several letters went to this address within an hour: this one stayed here.",
            )
            .await?;
            return Ok(());
        }
        post(tx, &kernel.vault, &letter).await?;
        Ok(())
    }

    async fn tell_members(&self, tx: &mut OrgTx, seen: &Seen<'_>, story: &Story) -> anyhow::Result<()> {
        let kernel = self.core.kernel();
        if !kernel.config.mail.is_set() || seen.inquiry.kind == Kind::Letters {
            return Ok(());
        }
        for to in readers(tx, &seen.site.settings.notify).await? {
            let letter = Sender::told(&to, seen.inquiry, story, &kernel.config.http.base_url());
            post(tx, &kernel.vault, &letter).await?;
        }
        Ok(())
    }

    fn sender<'a>(&self, site: &'a Site) -> Sender<'a> {
        Sender::new(site, &self.core.kernel().config.http.base_url())
    }
}

/// Whether something is done for the first time; it is noted.
async fn first(tx: &mut OrgTx, inquiry: &Inquiry, kind: &str, body: &str) -> Result<bool, sqlx::Error> {
    let done: bool = sqlx::query_scalar(
        "select exists (select from site_inquiry_notes where org_id = $1 and inquiry_id = $2 and kind = $3)",
    )
    .bind(tx.org())
    .bind(inquiry.id)
    .bind(kind)
    .fetch_one(tx.conn())
    .await?;
    if !done {
        store::note(tx, inquiry.id, kind, body).await?;
    }
    Ok(!done)
}

/// The addresses of the members who are told: of those that the site names, whoever is a member still.
async fn readers(tx: &mut OrgTx, named: &[String]) -> Result<Vec<String>, sqlx::Error> {
    let ids: Vec<uuid::Uuid> =
        named.iter().filter_map(|text| text.parse().ok()).map(kernel::ids::MemberId::uuid).collect();
    sqlx::query_scalar(
        "select u.email from members m join users u on u.id = m.user_id \
         where m.org_id = $1 and m.suspended_at is null and (m.id = any($2) or lower(u.email) = any($3)) \
         order by m.id limit $4",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(named.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>())
    .bind(MEMBERS)
    .fetch_all(tx.conn())
    .await
}
