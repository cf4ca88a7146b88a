//! Who knows whom: the leads and contacts that must be folded together, and the one name of each contact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::TryStreamExt;
use kernel::db::OrgTx;
use uuid::Uuid;

use super::told::Told;
use super::{Journey, store};
use crate::signals::stored::{Row, STORY};

/// The name that counts for each contact that has several.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(HashMap<Uuid, Uuid>);

impl Names {
    /// From pairs of alias and contact. Where one address is of several contacts, the oldest of them counts.
    pub(super) fn of(pairs: Vec<(Uuid, Uuid)>) -> Self {
        let mut names: HashMap<Uuid, Uuid> = HashMap::new();
        for (alias, contact) in pairs {
            let name = names.entry(alias).or_insert(contact);
            *name = (*name).min(contact);
        }
        Self(names)
    }

    /// The one name of a contact. A merged contact of a merged contact is followed to its end.
    pub(super) fn name(&self, contact: Uuid) -> Uuid {
        let mut name = contact;
        for _ in 0..8 {
            match self.0.get(&name) {
                Some(next) if *next != name => name = *next,
                _ => break,
            }
        }
        name
    }
}

/// Everything that must be folded together.
pub(super) struct Circle {
    /// The signals, each once.
    pub(super) told: Vec<Told>,
    /// The journeys as they stand.
    pub(super) journeys: BTreeMap<Uuid, Journey>,
}

/// Widens leads and contacts until nobody is missing, and reads their signals.
pub(super) async fn gather(tx: &mut OrgTx, leads: BTreeSet<Uuid>, contacts: BTreeSet<Uuid>) -> anyhow::Result<Circle> {
    let mut circle = Circle { told: Vec::new(), journeys: BTreeMap::new() };
    let (mut known_leads, mut known_contacts) = (BTreeSet::new(), BTreeSet::new());
    let (mut new_leads, mut new_contacts) = (leads, contacts);
    let mut sources = HashMap::new();
    while !(new_leads.is_empty() && new_contacts.is_empty()) {
        let contacts: Vec<Uuid> = family(tx, &new_contacts).await?.into_iter().collect();
        let leads: Vec<Uuid> = new_leads.iter().copied().collect();
        known_leads.append(&mut new_leads);
        known_contacts.append(&mut new_contacts);
        known_contacts.extend(contacts.iter().copied());
        for journey in store::of(tx, &leads, &contacts).await? {
            new_leads.insert(journey.id);
            new_contacts.extend(journey.contact);
            circle.journeys.insert(journey.id, journey);
        }
        for told in of_leads(tx, &leads, &mut sources).await? {
            new_contacts.extend(told.contact);
            circle.told.push(told);
        }
        circle.told.extend(of_contacts(tx, &contacts, &mut sources).await?);
        new_leads.retain(|id| !known_leads.contains(id));
        new_contacts.retain(|id| !known_contacts.contains(id));
    }
    let names = names(tx, &known_contacts).await?;
    for told in &mut circle.told {
        told.contact = told.contact.map(|contact| names.name(contact));
    }
    Ok(circle)
}

/// The contacts with every other name that they have.
async fn family(tx: &mut OrgTx, contacts: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let mut all: BTreeSet<Uuid> = contacts.clone();
    let mut new: Vec<Uuid> = contacts.iter().copied().collect();
    while !new.is_empty() {
        let found: Vec<Uuid> = sqlx::query_scalar(
            "select contact from contact_aliases where org_id = $1 and alias = any($2) \
             union select alias from contact_aliases where org_id = $1 and contact = any($2)",
        )
        .bind(tx.org())
        .bind(&new)
        .fetch_all(tx.conn())
        .await?;
        new = found.into_iter().filter(|id| all.insert(*id)).collect();
    }
    Ok(all)
}

async fn names(tx: &mut OrgTx, contacts: &BTreeSet<Uuid>) -> Result<Names, sqlx::Error> {
    let pairs = sqlx::query_as("select alias, contact from contact_aliases where org_id = $1 and alias = any($2)")
        .bind(tx.org())
        .bind(contacts.iter().copied().collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await?;
    Ok(Names::of(pairs))
}

/// Every alias of the organisation.
pub(super) async fn all_names(tx: &mut OrgTx) -> Result<Names, sqlx::Error> {
    let pairs = sqlx::query_as("select alias, contact from contact_aliases where org_id = $1")
        .bind(tx.org())
        .fetch_all(tx.conn())
        .await?;
    Ok(Names::of(pairs))
}

/// What names the leads.
pub(super) async fn of_leads(
    tx: &mut OrgTx,
    leads: &[Uuid],
    sources: &mut HashMap<String, Arc<str>>,
) -> Result<Vec<Told>, sqlx::Error> {
    let sql = format!("select {STORY} from signals s where s.org_id = $1 and s.lead = any($2)");
    read(tx, sql, leads, sources).await
}

/// What names the contacts and no lead.
pub(super) async fn of_contacts(
    tx: &mut OrgTx,
    contacts: &[Uuid],
    sources: &mut HashMap<String, Arc<str>>,
) -> Result<Vec<Told>, sqlx::Error> {
    let sql = format!(
        "select {STORY} from signals s where s.org_id = $1 and s.contact = any($2) and s.lead is null and s.contact is not null"
    );
    read(tx, sql, contacts, sources).await
}

async fn read(
    tx: &mut OrgTx,
    sql: String,
    ids: &[Uuid],
    sources: &mut HashMap<String, Arc<str>>,
) -> Result<Vec<Told>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (org, mut told) = (tx.org(), Vec::new());
    let mut rows = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql)).bind(org).bind(ids).fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        let signal = row.into_stored();
        told.extend(signal.and_then(|signal| Told::of(&signal, |source| interned(sources, source))));
    }
    Ok(told)
}

/// One copy of each source's name.
pub(super) fn interned(sources: &mut HashMap<String, Arc<str>>, source: &str) -> Arc<str> {
    if let Some(known) = sources.get(source) {
        return Arc::clone(known);
    }
    let made: Arc<str> = source.into();
    sources.insert(source.to_owned(), Arc::clone(&made));
    made
}
