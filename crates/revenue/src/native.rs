//! Signals of our own: what the ledger tells of leads and answers, and under which names contacts are known outside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use connectors::signal::{Signal, SignalKind};
use kernel::Kernel;
use kernel::db::OrgTx;
use kernel::ids::{ContactId, EventId};
use kernel::ledger::{Actor, Event, Fact, Follower, Recorded, Subject, Writer};
use kernel::vault::{OrgVault, VaultError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::people::People;
use crate::signals::{contact_id, land};

/// The source of what the ledger tells; no other may use it.
pub(crate) const SOURCE: &str = "recoup";

/// The follower.
pub struct Native {
    kernel: Kernel,
    people: Arc<dyn People>,
}

impl Native {
    /// Over a kernel; `people` knows the addresses of contacts.
    pub fn new(kernel: &Kernel, people: Arc<dyn People>) -> Self {
        Self { kernel: kernel.clone(), people }
    }
}

#[async_trait]
impl Follower for Native {
    fn name(&self) -> &'static str {
        "revenue.native"
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "lead.created",
            "lead.stage",
            "message.sent",
            "contact.created",
            "contact.changed",
            "contact.merged",
            "contact.unmerged",
            "settings.changed",
        ])
    }

    async fn apply(&self, tx: &mut OrgTx, events: &[Recorded]) -> anyhow::Result<()> {
        let vault = match self.kernel.vault.of(tx.org()).await {
            Ok(vault) => vault,
            // The organisation was erased: nothing of it is kept any more.
            Err(VaultError::NoKey) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let signals: Vec<Signal> = events.iter().filter_map(told).collect();
        if !signals.is_empty() {
            let landed = land(tx, &vault, signals).await?;
            for refused in landed.rejected {
                tracing::warn!(
                    signal = refused.external_id,
                    reason = refused.reason,
                    "a fact of the ledger is no signal"
                );
            }
        }
        // A day is a day of the organisation's time zone.
        if events.iter().any(|event| matches!(&event.fact, Fact::SettingsChanged { group } if group == "organisation"))
        {
            crate::journeys::rebuild_later(tx);
        }
        let mut names = Names::default();
        for event in events {
            names.read(event);
        }
        names.keep(tx, &vault, self.people.as_ref()).await
    }
}

/// The signal of a fact.
fn told(event: &Recorded) -> Option<Signal> {
    match &event.fact {
        Fact::LeadCreated { lead, contact, channel } => {
            let data = json!({ "channel": channel.map(kernel::channel::ChannelKind::as_str) });
            let signal = signal(lead.to_string(), SignalKind::Lead, event, *contact, data);
            Some(Signal { lead: Some(lead.to_string()), ..signal })
        }
        Fact::MessageSent { contact, message, channel, writer, meaningful: true, answered_after_s, .. } => {
            let writer = match writer {
                Writer::Bot => "bot",
                Writer::Human | Writer::NativeApp => "person",
            };
            let data = json!({
                "channel": channel.as_str(), "writer": writer, "reached": true,
                "waited_s": answered_after_s.map(|seconds| seconds.max(0)),
            });
            Some(signal(message.to_string(), SignalKind::Response, event, *contact, data))
        }
        Fact::LeadStage { lead, contact, to, .. } => {
            let (kind, data) = match to.as_str() {
                "contacted" | "qualified" => {
                    (SignalKind::Response, json!({ "stage": to, "reached": true, "writer": "person" }))
                }
                "proposal" => (SignalKind::Quote, json!({ "stage": to })),
                "won" => (SignalKind::Booking, json!({ "stage": to, "outcome": "won" })),
                "lost" => (SignalKind::Response, json!({ "stage": to, "outcome": "lost", "meaningful": false })),
                _ => return None,
            };
            let signal = signal(event.id.to_string(), kind, event, *contact, data);
            Some(Signal { lead: Some(lead.to_string()), ..signal })
        }
        _ => None,
    }
}

fn signal(external_id: String, kind: SignalKind, event: &Recorded, contact: ContactId, data: Value) -> Signal {
    let mut signal = Signal::new(SOURCE, external_id, kind, event.at);
    signal.contact = Some(contact.to_string());
    if let Value::Object(data) = data {
        signal.data = data.into_iter().filter(|(_, value)| !value.is_null()).collect();
    }
    signal
}

/// What a batch of facts says of the names of contacts.
#[derive(Default)]
struct Names {
    /// Whose addresses are to be looked up.
    known: BTreeSet<ContactId>,
    /// Merged contacts, and into whom; none: no more.
    merged: BTreeMap<ContactId, Option<ContactId>>,
}

impl Names {
    fn read(&mut self, event: &Recorded) {
        match &event.fact {
            Fact::ContactCreated { contact, .. } | Fact::ContactChanged { contact, .. } => {
                self.known.insert(*contact);
            }
            Fact::ContactMerged { kept, merged } => {
                self.known.insert(*kept);
                self.merged.insert(*merged, Some(*kept));
            }
            Fact::ContactUnmerged { kept, restored } => {
                self.known.extend([*kept, *restored]);
                self.merged.insert(*restored, None);
            }
            _ => {}
        }
    }

    async fn keep(self, tx: &mut OrgTx, vault: &OrgVault, people: &dyn People) -> anyhow::Result<()> {
        if self.known.is_empty() && self.merged.is_empty() {
            return Ok(());
        }
        let contacts: Vec<ContactId> = self.known.into_iter().collect();
        let addresses: HashMap<ContactId, Vec<String>> = people.addresses(tx, &contacts).await?;
        let mut pairs: Vec<(Uuid, Uuid)> = addresses
            .iter()
            .flat_map(|(contact, all)| all.iter().map(|address| (contact_id(vault, address), contact.uuid())))
            .collect();
        pairs.extend(self.merged.iter().filter_map(|(merged, kept)| Some((merged.uuid(), (*kept)?.uuid()))));
        let restored: Vec<Uuid> =
            self.merged.iter().filter(|(_, kept)| kept.is_none()).map(|(restored, _)| restored.uuid()).collect();
        let touched = changed(tx, &pairs, &restored).await?;
        Ok(fold_later(tx, &touched).await?)
    }
}

/// Writes new pairs and removes those of restored contacts; gives everybody whose names changed.
async fn changed(tx: &mut OrgTx, pairs: &[(Uuid, Uuid)], restored: &[Uuid]) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let mut touched = BTreeSet::new();
    if !restored.is_empty() {
        // What led to the restored contact's addresses through the one it was merged into leads to it again.
        let gone: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "delete from contact_aliases a where a.org_id = $1 and (a.alias = any($2) \
               or exists (select 1 from unnest($3::uuid[], $4::uuid[]) as n (alias, contact) \
                 where n.alias = a.alias and n.contact <> a.contact and n.contact = any($2))) returning alias, contact",
        )
        .bind(tx.org())
        .bind(restored)
        .bind(pairs.iter().map(|(alias, _)| *alias).collect::<Vec<_>>())
        .bind(pairs.iter().map(|(_, contact)| *contact).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
        touched.extend(gone.into_iter().flat_map(|(alias, contact)| [alias, contact]));
    }
    let new: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "insert into contact_aliases (org_id, alias, contact) select distinct $1::uuid, n.* \
         from unnest($2::uuid[], $3::uuid[]) as n (alias, contact) where n.alias <> n.contact \
         on conflict do nothing returning alias, contact",
    )
    .bind(tx.org())
    .bind(pairs.iter().map(|(alias, _)| *alias).collect::<Vec<_>>())
    .bind(pairs.iter().map(|(_, contact)| *contact).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await?;
    touched.extend(new.into_iter().flat_map(|(alias, contact)| [alias, contact]));
    Ok(touched)
}

/// Has contacts folded anew, as a batch of no signals.
async fn fold_later(tx: &mut OrgTx, contacts: &BTreeSet<Uuid>) -> Result<(), sqlx::Error> {
    if contacts.is_empty() {
        return Ok(());
    }
    let batch = EventId::new(tx.clock()).uuid();
    sqlx::query(
        "insert into signal_batches (org_id, id, rows, sums, leads, contacts) values ($1, $2, 0, '[]', '{}', $3)",
    )
    .bind(tx.org())
    .bind(batch)
    .bind(contacts.iter().copied().collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    let org = tx.org();
    tx.append(Event::new(Subject::Org(org), Actor::System, Fact::SignalsLanded { batch, count: 0 }));
    Ok(())
}
