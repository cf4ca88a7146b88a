//! What the site keeps of people who made themselves known: inquiries with their notes, audits and the copy of one, consultations, chats.
//!
//! An inquiry belongs to the contact it became. One that became nobody (spam, an address that was not confirmed) is found by the
//! fingerprint of its address, and is the contact's from the moment the contact is hidden.

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ChatId, InquiryId, MessageId};
use kernel::privacy::{Holder, Opener, Removed, Sheet, Traces};
use kernel::vault::OrgVault;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::inquiries::store::{Letter, place};

/// The sites as a holder.
pub struct Visitors(Kernel);

impl Visitors {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self(kernel)
    }

    /// What they asked, opened.
    async fn inquiries(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Sheet> {
        let vault = self.0.vault.of(tx.org()).await?;
        let kept: Vec<(InquiryId, Vec<u8>, Value)> =
            sqlx::query_as(INQUIRIES).bind(tx.org()).bind(traces.contact_ids()).fetch_all(tx.conn()).await?;
        let rows = kept.into_iter().map(|(id, sealed, mut row)| {
            let Letter { name, email, phone, company, message, letters } = Letter::open(&vault, id, &sealed);
            row["name"] = json!(name);
            row["email"] = json!(email);
            row["phone"] = json!(phone);
            row["company"] = json!(company);
            row["message"] = json!(message);
            row["asked_for_letters"] = json!(letters);
            row
        });
        Ok(Sheet::new("site_inquiries", rows.collect()))
    }

    /// What they said to the site's assistant, opened.
    async fn chats(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Sheet> {
        let vault = self.0.vault.of(tx.org()).await?;
        let chats = chats_of(tx, traces).await?;
        let kept: Vec<(ChatId, MessageId, Vec<u8>, Value)> =
            sqlx::query_as(CHATS).bind(tx.org()).bind(chats).fetch_all(tx.conn()).await?;
        let rows = kept.into_iter().map(|(chat, message, sealed, mut row)| {
            row["text"] = json!(vault.open_text(&place_of_line(chat, message), &sealed).ok());
            row
        });
        Ok(Sheet::new("site_chats", rows.collect()))
    }
}

/// Their inquiries, as far as the transaction sees.
async fn inquiries_of(tx: &mut OrgTx, traces: &Traces) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select id from site_inquiries where org_id = $1 and contact_id = any($2)")
        .bind(tx.org())
        .bind(traces.contact_ids())
        .fetch_all(tx.conn())
        .await
}

/// Their chats: those that became conversations of theirs, and those from which they wrote an inquiry.
async fn chats_of(tx: &mut OrgTx, traces: &Traces) -> Result<Vec<Uuid>, sqlx::Error> {
    let inquiries = inquiries_of(tx, traces).await?;
    let named: Vec<String> = inquiries.into_iter().map(|id| InquiryId::from_uuid(id).to_string()).collect();
    sqlx::query_scalar(
        "select id from site_chats where org_id = $1 and (conversation_id = any($2) or flow ->> 'inquiry' = any($3))",
    )
    .bind(tx.org())
    .bind(traces.conversation_ids())
    .bind(named)
    .fetch_all(tx.conn())
    .await
}

#[async_trait]
impl Holder for Visitors {
    fn name(&self) -> &'static str {
        "site"
    }

    async fn gather(&self, _tx: &mut OrgTx, _traces: &mut Traces) -> anyhow::Result<()> {
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        let now = tx.clock().now();
        sqlx::query(
            "update site_inquiries i set contact_id = $3 where i.org_id = $1 and i.contact_id is null and i.email_index = \
             any(array(select c.email_index from contacts c where c.org_id = $1 and c.id = any($2) and c.email_index is not null))",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .bind(traces.contact)
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "update site_inquiries set hidden_at = $3 where org_id = $1 and contact_id = any($2) and hidden_at is null",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .bind(now)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        // What had become nobody's lead becomes nobody's again.
        sqlx::query(
            "update site_inquiries set hidden_at = null, contact_id = case when lead_id is null then null else contact_id end \
             where org_id = $1 and contact_id = any($2)",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let inquiries = inquiries_of(tx, traces).await?;
        Ok(vec![
            self.inquiries(tx, traces).await?,
            Sheet::read(tx, "site_inquiry_notes", NOTES, &inquiries).await?,
            Sheet::read(tx, "site_audits", AUDITS, &inquiries).await?,
            Sheet::read(tx, "maturity_results", TAKEN, &inquiries).await?,
            Sheet::read(tx, "site_bookings", BOOKINGS, &inquiries).await?,
            self.chats(tx, traces).await?,
        ])
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, _erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let chats = chats_of(tx, traces).await?;
        let inquiries = inquiries_of(tx, traces).await?;
        let taken = format!("audit_id = any(array(select id from site_audits where org_id = $1 and {THEIR_AUDITS}))");
        let order = [
            ("site_chats", "id = any($2)", &chats),
            (
                "site_booking_quarters",
                "booking_id = any(array(select id from site_bookings where org_id = $1 and inquiry_id = any($2)))",
                &inquiries,
            ),
            ("site_bookings", "inquiry_id = any($2)", &inquiries),
            ("maturity_results", taken.as_str(), &inquiries),
            ("site_audits", THEIR_AUDITS, &inquiries),
            ("site_inquiry_notes", "inquiry_id = any($2)", &inquiries),
            ("site_inquiries", "id = any($2)", &inquiries),
        ];
        let mut removed = Vec::with_capacity(order.len());
        for (table, condition, ids) in order {
            let sql = format!("delete from {table} where org_id = $1 and {condition}");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
            removed.push(Removed::new(table, done.rows_affected()));
        }
        Ok(removed)
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::sealed("site_inquiries", "sealed", |vault, row, sealed| {
                vault.open(&place(InquiryId::from_uuid(uuid(row, "id")?)), sealed).ok()
            }),
            Opener::index("site_inquiries", "email_index", email_index),
            Opener::sealed("site_chat_messages", "sealed", |vault, row, sealed| {
                let (chat, line) = (uuid(row, "chat_id")?, uuid(row, "id")?);
                vault.open(&place_of_line(ChatId::from_uuid(chat), MessageId::from_uuid(line)), sealed).ok()
            }),
        ]
    }
}

fn email_index(vault: &OrgVault, text: &str) -> Vec<u8> {
    crate::inquiries::email_index(vault, text)
}

/// What a line of a chat is bound to: the assistant seals it there.
fn place_of_line(chat: ChatId, line: MessageId) -> String {
    format!("site_chats/{chat}/{line}")
}

fn uuid(row: &Map<String, Value>, column: &str) -> Option<Uuid> {
    row.get(column)?.as_str()?.parse().ok()
}

const INQUIRIES: &str = "select id, sealed, jsonb_build_object('at', at, 'kind', kind, 'about', topic, 'name', null, 'email', null, \
    'phone', null, 'company', null, 'message', null, 'asked_for_letters', null, 'letters', consent, 'confirmed_at', confirmed_at, \
    'state', state, 'came_from', source, 'spoke_for_spam', spam) \
    from site_inquiries where org_id = $1 and contact_id = any($2) order by at, id";
const NOTES: &str = "select jsonb_build_object('at', at, 'kind', kind, 'text', body) \
    from site_inquiry_notes where org_id = $1 and inquiry_id = any($2) order by at, id";
const AUDITS: &str = "select jsonb_build_object('begun_at', begun_at, 'done_at', done_at, 'answers', answers, 'result', result, \
    'score', score, 'in_a_models_words', words, 'came_from', source) \
    from site_audits where org_id = $1 and (inquiry_id = any($2) or id = any(array(select audit_id from site_inquiries \
    where org_id = $1 and id = any($2) and audit_id is not null))) order by begun_at, id";
/// One that is somebody else's, and was only sent on to them, is not theirs.
const THEIR_AUDITS: &str = "(inquiry_id = any($2) or (inquiry_id is null and id = any(array(select audit_id from site_inquiries \
    where org_id = $1 and id = any($2) and audit_id is not null))))";
const TAKEN: &str = "select jsonb_build_object('taken_at', taken_at, 'done_at', done_at, 'answers', answers) \
    from maturity_results where org_id = $1 and audit_id = any(array(select id from site_audits where org_id = $1 \
    and (inquiry_id = any($2) or id = any(array(select audit_id from site_inquiries \
    where org_id = $1 and id = any($2) and audit_id is not null)))))";
const BOOKINGS: &str = "select jsonb_build_object('at', at, 'starts_at', starts_at, 'ends_at', ends_at, 'time_zone', time_zone, \
    'state', state, 'moved', moved) from site_bookings where org_id = $1 and inquiry_id = any($2) order by at, id";
const CHATS: &str = "select chat_id, id, sealed, jsonb_build_object('at', at, 'author', author, 'text', null) \
    from site_chat_messages where org_id = $1 and chat_id = any($2) order by at, id";
