//! What the leads room keeps of contacts: the contact itself, its ids at the platforms, merges, leads, activities, and what a CRM
//! holds of them.

use std::collections::HashMap;

use async_trait::async_trait;
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId, LeadId};
use kernel::privacy::{Holder, Marks, Opener, Outside, Removed, Sheet, Traces};
use kernel::vault::OrgVault;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::contacts::{Field, cards, sealing};
use crate::crm;

/// The leads room as a holder.
pub struct People {
    kernel: Kernel,
}

impl People {
    /// Over a kernel.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

#[async_trait]
impl Holder for People {
    fn name(&self) -> &'static str {
        "leads"
    }

    async fn knows(&self, tx: &mut OrgTx, contact: ContactId) -> anyhow::Result<bool> {
        Ok(sqlx::query_scalar("select exists (select 1 from contacts where org_id = $1 and id = $2)")
            .bind(tx.org())
            .bind(contact)
            .fetch_one(tx.conn())
            .await?)
    }

    async fn names(&self, tx: &mut OrgTx, contacts: &[ContactId]) -> anyhow::Result<HashMap<ContactId, String>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let cards = cards(tx, &vault, contacts).await?;
        Ok(cards.into_iter().map(|(id, card)| (id, card.shown_name())).collect())
    }

    async fn gather(&self, tx: &mut OrgTx, traces: &mut Traces) -> anyhow::Result<()> {
        // A merge is one person: whoever was taken in, and into whom, however often.
        let family: Vec<ContactId> = sqlx::query_scalar(
            "with recursive family (id) as (select unnest($2::uuid[]) union \
               select case when c.id = f.id then c.merged_into else c.id end from family f join contacts c \
               on c.org_id = $1 and (c.merged_into = f.id or (c.id = f.id and c.merged_into is not null))) \
             select c.id from contacts c where c.org_id = $1 and c.id = any(array(select id from family))",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .fetch_all(tx.conn())
        .await?;
        traces.contacts.extend(family);
        let vault = self.kernel.vault.of(tx.org()).await?;
        let handles: Vec<(ChannelId, String, Option<Vec<u8>>)> = sqlx::query_as(
            "select channel_id, platform_id, sealed from contact_identities where org_id = $1 and contact_id = any($2) union all \
             select channel_id, platform_id, sealed from hidden_identities where org_id = $1 and contact_id = any($2)",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .fetch_all(tx.conn())
        .await?;
        for (channel, kept, sealed) in handles {
            traces.add_handle(&vault, channel, kept, sealed.as_deref());
        }
        let leads: Vec<LeadId> = sqlx::query_scalar("select id from leads where org_id = $1 and contact_id = any($2)")
            .bind(tx.org())
            .bind(traces.contact_ids())
            .fetch_all(tx.conn())
            .await?;
        traces.leads.extend(leads);
        Ok(())
    }

    async fn hide(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        let now = tx.clock().now();
        let hidden = [
            ("contacts", "erased_at", "id", traces.contact_ids()),
            ("leads", "hidden_at", "contact_id", traces.contact_ids()),
            ("activities", "hidden_at", "lead_id", traces.lead_ids()),
        ];
        for (table, mark, key, ids) in hidden {
            let sql =
                format!("update {table} set {mark} = $3 where org_id = $1 and {key} = any($2) and {mark} is null");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).bind(now).execute(tx.conn()).await?;
        }
        sqlx::query(
            "with gone as (delete from contact_identities where org_id = $1 and contact_id = any($2) \
               returning org_id, channel_id, platform_id, channel_kind, contact_id, created_at, sealed) \
             insert into hidden_identities (org_id, channel_id, platform_id, channel_kind, contact_id, created_at, sealed) \
             select * from gone on conflict do nothing",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn restore(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<()> {
        let hidden = [
            ("contacts", "erased_at", "id", traces.contact_ids()),
            ("leads", "hidden_at", "contact_id", traces.contact_ids()),
            ("activities", "hidden_at", "lead_id", traces.lead_ids()),
        ];
        for (table, mark, key, ids) in hidden {
            let sql = format!("update {table} set {mark} = null where org_id = $1 and {key} = any($2)");
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids).execute(tx.conn()).await?;
        }
        // Who wrote meanwhile under one of these ids is a contact of their own: a person may merge the two.
        sqlx::query(
            "with back as (delete from hidden_identities where org_id = $1 and contact_id = any($2) \
               returning org_id, channel_id, platform_id, channel_kind, contact_id, created_at, sealed) \
             insert into contact_identities (org_id, channel_id, platform_id, channel_kind, contact_id, created_at, sealed) \
             select * from back on conflict do nothing",
        )
        .bind(tx.org())
        .bind(traces.contact_ids())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    async fn export(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Vec<Sheet>> {
        let mut all = vec![self.profile(tx, traces).await?, self.identities(tx, traces).await?];
        let sheets = [
            ("leads", LEADS, traces.contact_ids()),
            ("activities", ACTIVITIES, traces.lead_ids()),
            ("crm", CRM, traces.lead_ids()),
            ("merges", MERGES, traces.contact_ids()),
        ];
        for (name, query, ids) in sheets {
            all.push(Sheet::read(tx, name, query, &ids).await?);
        }
        Ok(all)
    }

    async fn erase(&self, tx: &mut OrgTx, traces: &Traces, erasure: Uuid) -> anyhow::Result<Vec<Removed>> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        crm::forget(tx, &vault, &traces.lead_ids(), erasure).await?;
        let (leads, contacts) = (traces.lead_ids(), traces.contact_ids());
        let order = [
            ("activities", "lead_id = any($2)", &leads),
            ("crm_links", "lead_id = any($2)", &leads),
            ("leads", "(contact_id = any($2) or id = any($3))", &contacts),
            ("contact_identities", "contact_id = any($2)", &contacts),
            ("hidden_identities", "contact_id = any($2)", &contacts),
            ("contact_merges", "(kept_id = any($2) or merged_id = any($2))", &contacts),
            ("contacts", "id = any($2)", &contacts),
        ];
        let mut removed = Vec::with_capacity(order.len());
        for (table, condition, ids) in order {
            let sql = format!("delete from {table} where org_id = $1 and {condition}");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tx.org()).bind(ids);
            let query = if table == "leads" { query.bind(&leads) } else { query };
            removed.push(Removed::new(table, query.execute(tx.conn()).await?.rows_affected()));
        }
        removed.push(Removed::new("tasks", crate::tasks::forget(tx, &Marks::of(traces)).await?));
        Ok(removed)
    }

    async fn outside(&self, tx: &mut OrgTx, erasure: Uuid) -> anyhow::Result<Vec<Outside>> {
        Ok(crm::forgotten(tx, erasure).await?)
    }

    async fn seal(&self, tx: &mut OrgTx, most: i64) -> anyhow::Result<u64> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        sealing::seal(tx, &vault, most).await
    }

    fn openers(&self) -> Vec<Opener> {
        vec![
            Opener::sealed("contacts", "name", |vault, row, sealed| open(Field::Name, vault, row, sealed)),
            Opener::sealed("contacts", "username", |vault, row, sealed| open(Field::Username, vault, row, sealed)),
            Opener::sealed("contacts", "email", |vault, row, sealed| open(Field::Email, vault, row, sealed)),
            Opener::sealed("contacts", "phone", |vault, row, sealed| open(Field::Phone, vault, row, sealed)),
            Opener::index("contacts", "name_index", |vault, text| Field::Name.index(vault, text)),
            Opener::index("contacts", "username_index", |vault, text| Field::Username.index(vault, text)),
            Opener::index("contacts", "email_index", |vault, text| Field::Email.index(vault, text)),
            Opener::index("contacts", "phone_index", |vault, text| Field::Phone.index(vault, text)),
            Opener::marks("contact_identities", "platform_id"),
            Opener::marks("hidden_identities", "platform_id"),
            Opener::marks("contact_merges", "moved"),
            Opener::sealed("contact_identities", "sealed", open_id),
            Opener::sealed("hidden_identities", "sealed", open_id),
            Opener::sealed("crm_erasures", "remote", |vault, row, sealed| {
                vault.open(&crm::erasure_place(row_id(row)?), sealed).ok()
            }),
        ]
    }
}

impl People {
    /// The profile and whoever was merged into it, opened.
    async fn profile(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Sheet> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let ids: Vec<ContactId> = traces.contacts.iter().copied().collect();
        let cards = cards(tx, &vault, &ids).await?;
        let plain: Vec<(ContactId, Value)> =
            sqlx::query_as(PROFILE).bind(tx.org()).bind(traces.contact_ids()).fetch_all(tx.conn()).await?;
        let rows = plain.into_iter().map(|(id, mut row)| {
            if let Some(card) = cards.get(&id) {
                row["name"] = json!(card.profile.name);
                row["username"] = json!(card.profile.username);
                row["email"] = json!(card.profile.email);
                row["phone"] = json!(card.profile.phone);
            }
            row
        });
        Ok(Sheet::new("profile", rows.collect()))
    }

    /// Their ids at the platforms, opened.
    async fn identities(&self, tx: &mut OrgTx, traces: &Traces) -> anyhow::Result<Sheet> {
        let vault = self.kernel.vault.of(tx.org()).await?;
        let kept: Vec<(ChannelId, String, Option<Vec<u8>>, Value)> =
            sqlx::query_as(IDENTITIES).bind(tx.org()).bind(traces.contact_ids()).fetch_all(tx.conn()).await?;
        let mut rows: Vec<Value> = kept
            .into_iter()
            .map(|(channel, kept, sealed, mut row)| {
                row["id_at_the_platform"] = json!(vault.open_id(channel, &kept, sealed.as_deref()));
                row
            })
            .collect();
        rows.sort_by_cached_key(|row| (row["since"].to_string(), row["id_at_the_platform"].to_string()));
        Ok(Sheet::new("identities", rows))
    }
}

fn open(field: Field, vault: &OrgVault, row: &Map<String, Value>, sealed: &[u8]) -> Option<Vec<u8>> {
    field.open(vault, ContactId::from_uuid(row_id(row)?), Some(sealed)).map(String::into_bytes)
}

/// An id at a platform, sealed beside its mark.
fn open_id(vault: &OrgVault, row: &Map<String, Value>, sealed: &[u8]) -> Option<Vec<u8>> {
    let channel = ChannelId::from_uuid(row.get("channel_id")?.as_str()?.parse().ok()?);
    vault.open_id(channel, row.get("platform_id")?.as_str()?, Some(sealed)).map(String::into_bytes)
}

fn row_id(row: &Map<String, Value>) -> Option<Uuid> {
    row.get("id")?.as_str()?.parse().ok()
}

const PROFILE: &str = "select id, jsonb_build_object('id', id, 'name', null, 'username', null, 'email', null, 'phone', null, \
    'company', company, 'language', language, 'first_channel', first_channel, 'custom', custom, 'merged_into', merged_into, \
    'created_at', created_at, 'seen_at', seen_at) from contacts where org_id = $1 and id = any($2) order by id";
const IDENTITIES: &str = "select channel_id, platform_id, sealed, jsonb_build_object('channel', channel_kind, \
    'id_at_the_platform', null, 'contact', contact_id, 'since', created_at) \
    from contact_identities where org_id = $1 and contact_id = any($2)";
const LEADS: &str = "select jsonb_build_object('id', id, 'channel', channel_kind, 'stage', stage, 'score', score, 'tag', tag, \
    'tag_by', tag_by, 'signals', signals, 'topic', topic, 'intent', intent, 'recommended_action', recommended_action, \
    'summary', summary, 'value_minor', value_minor, 'currency', currency, 'created_at', created_at, 'closed_at', closed_at) \
    from leads where org_id = $1 and contact_id = any($2) order by id";
const ACTIVITIES: &str = "select jsonb_build_object('lead', lead_id, 'at', at, 'kind', kind, 'title', title, 'text', body, \
    'starts_at', starts_at, 'ends_at', ends_at) from activities where org_id = $1 and lead_id = any($2) order by at, id";
const CRM: &str = "select jsonb_build_object('system', system, 'lead', lead_id, 'contact_there', remote_contact_id, \
    'deal_there', remote_deal_id, 'note_there', remote_note_id, 'written_at', synced_at) \
    from crm_links where org_id = $1 and lead_id = any($2) order by system, lead_id";
const MERGES: &str = "select jsonb_build_object('at', at, 'kept', kept_id, 'merged', merged_id, 'undone_at', undone_at) \
    from contact_merges where org_id = $1 and (kept_id = any($2) or merged_id = any($2)) order by at, id";
