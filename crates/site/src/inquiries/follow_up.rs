//! Nobody is forgotten: an inquiry whose day of following up has come, and one that nobody has answered in a business day, become a
//! task. Each once.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, system};
use kernel::ids::{InquiryId, LeadId, MemberId, OrgId};
use kernel::schedule::Reconciler;

use super::{Kind, store};
use crate::booking::slots::{next_business_day, zone_of};
use crate::core::Core;
use crate::ports::Reminder;
use crate::sites;

/// Inquiries of one organisation in one look.
const MOST: i64 = 200;
/// How a note says that nobody had answered.
const OVERDUE: &str = "overdue";

/// Looks for inquiries that somebody should see to.
pub(super) struct FollowUps {
    core: Core,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: InquiryId,
    kind: String,
    lead_id: LeadId,
    assignee: Option<MemberId>,
    at: DateTime<Utc>,
}

impl FollowUps {
    pub(super) fn new(core: &Core) -> Self {
        Self { core: core.clone() }
    }

    async fn look(&self, org: OrgId) -> anyhow::Result<()> {
        let mut tx = self.core.kernel().db.begin(org).await?;
        let Some(site) = sites::read(&mut tx).await? else { return Ok(()) };
        let now = tx.clock().now();
        for row in due(&mut tx, now).await? {
            self.remind(
                &mut tx,
                &row,
                "Follow up on an inquiry of the site",
                "The day that was set for it has come.",
                now,
            )
            .await?;
            forget_day(&mut tx, row.id).await?;
        }
        let (hours, zone) = (&site.settings.hours, zone_of(&site));
        for row in unanswered(&mut tx, now).await? {
            let by = next_business_day(hours, zone, row.at);
            if by < now {
                let kind = Kind::from_word(&row.kind).unwrap_or(Kind::Contact);
                let title = match kind {
                    Kind::Audit => "A result of the maturity audit waits for a word",
                    _ => "An inquiry of the site waits for an answer",
                };
                self.remind(&mut tx, &row, title, "A business day has passed since it arrived.", now).await?;
                store::note(&mut tx, row.id, OVERDUE, "Nobody had answered after a business day: a task was made.")
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn remind(
        &self,
        tx: &mut OrgTx,
        row: &Row,
        title: &str,
        why: &str,
        due_at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let key = format!("{}:again", row.id);
        let body = format!("{why} All of it: /admin/inquiries/{}", row.id);
        let reminder = Reminder { key: &key, title, body: &body, assignee: row.assignee, due_at };
        self.core.crm().remind(tx, row.lead_id, &reminder).await?;
        Ok(())
    }
}

/// Those whose day has come.
async fn due(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select id, kind, lead_id, assignee, at from site_inquiries where org_id = $1 and follow_up_at <= $2 \
         and state not in ('closed', 'spam') and lead_id is not null order by follow_up_at limit $3 for update",
    )
    .bind(tx.org())
    .bind(now)
    .bind(MOST)
    .fetch_all(tx.conn())
    .await
}

/// Those that nobody has looked at, not told of before.
async fn unanswered(tx: &mut OrgTx, now: DateTime<Utc>) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select id, kind, lead_id, assignee, at from site_inquiries i where org_id = $1 and state = 'new' \
         and kind in ('contact', 'audit', 'chat') and lead_id is not null and at < $2 - interval '1 day' \
         and not exists (select from site_inquiry_notes n where n.org_id = $1 and n.inquiry_id = i.id and n.kind = $3) \
         order by at, id limit $4 for update",
    )
    .bind(tx.org())
    .bind(now)
    .bind(OVERDUE)
    .bind(MOST)
    .fetch_all(tx.conn())
    .await
}

async fn forget_day(tx: &mut OrgTx, id: InquiryId) -> Result<(), sqlx::Error> {
    sqlx::query("update site_inquiries set follow_up_at = null where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[async_trait]
impl Reconciler for FollowUps {
    fn name(&self) -> &'static str {
        "site.follow_ups"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(300)
    }

    async fn run(&self) -> anyhow::Result<()> {
        for (org, _) in system::list_organisations(&self.core.kernel().db).await? {
            self.look(org).await?;
        }
        Ok(())
    }
}
