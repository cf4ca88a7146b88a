//! From a platform's person to a contact: found by the account's own id, or made.

use std::collections::HashMap;

use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;
use uuid::Uuid;

use super::Field;

/// A person as a platform names them.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// The account they wrote to.
    pub channel: ChannelId,
    /// Its kind.
    pub kind: ChannelKind,
    /// Their ids on it, the one to key on first.
    pub ids: Vec<&'a str>,
    /// E.164, where the platform gave one.
    pub phone: Option<&'a str>,
    /// The name they show.
    pub name: Option<&'a str>,
    /// Their handle.
    pub username: Option<&'a str>,
}

/// Whom a person turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The contact.
    pub contact: ContactId,
    /// Whether it was made just now.
    pub created: bool,
}

/// By the ids as rows hold them.
type Known = HashMap<(ChannelId, String), ContactId>;

/// A person's ids as rows hold them, in their order.
type Kept = Vec<String>;

/// An id that is new to a contact.
struct Link {
    channel: ChannelId,
    kind: ChannelKind,
    kept: String,
    sealed: Option<Vec<u8>>,
    contact: ContactId,
}

/// Finds or makes the contact of each person, in order, with a constant number of statements.
pub async fn resolve(tx: &mut OrgTx, vault: &OrgVault, people: &[Person<'_>]) -> anyhow::Result<Vec<Found>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let kept: Vec<Kept> =
        people.iter().map(|person| person.ids.iter().map(|id| vault.kept_id(person.kind, id)).collect()).collect();
    let mut known = known(tx, people, &kept).await?;
    let mut made: HashMap<ContactId, &Person<'_>> = HashMap::new();
    let mut links = Vec::new();
    for (person, kept) in people.iter().zip(&kept) {
        let found = look_up(&known, person, kept);
        let contact = found.unwrap_or_else(|| {
            let id = ContactId::new(tx.clock());
            made.insert(id, person);
            id
        });
        for (id, kept) in person.ids.iter().zip(kept) {
            if known.insert((person.channel, kept.clone()), contact) != Some(contact) {
                let sealed = vault.seal_id(person.kind, person.channel, id)?;
                links.push(Link { channel: person.channel, kind: person.kind, kept: kept.clone(), sealed, contact });
            }
        }
    }
    insert_contacts(tx, vault, &made).await?;
    // Another transaction may have made the same person between the look and the insert: what is linked now counts.
    let all_new = insert_links(tx, &links).await?;
    let now = if all_new { known } else { self::known(tx, people, &kept).await? };
    let found: Vec<Found> = people
        .iter()
        .zip(&kept)
        .map(|(person, kept)| {
            let contact = look_up(&now, person, kept);
            let contact =
                contact.ok_or_else(|| anyhow::anyhow!("an identity vanished while its message was handled"))?;
            Ok(Found { contact, created: made.contains_key(&contact) })
        })
        .collect::<anyhow::Result<_>>()?;
    drop_orphans(tx, &made, &found).await?;
    learn(tx, vault, people, &found).await?;
    announce(tx, people, &found);
    Ok(found)
}

fn look_up(known: &Known, person: &Person<'_>, kept: &[String]) -> Option<ContactId> {
    kept.iter().find_map(|id| known.get(&(person.channel, id.clone())).copied())
}

async fn known(tx: &mut OrgTx, people: &[Person<'_>], kept: &[Kept]) -> Result<Known, sqlx::Error> {
    let pairs = people.iter().zip(kept).flat_map(|(person, kept)| {
        let channel = person.channel.uuid();
        kept.iter().map(move |id| (channel, id.as_str()))
    });
    let (channels, ids): (Vec<Uuid>, Vec<&str>) = pairs.unzip();
    let rows: Vec<(ChannelId, String, ContactId)> = sqlx::query_as(
        "select w.channel_id, w.platform_id, c.id from unnest($2::uuid[], $3::text[]) as w (channel_id, platform_id) \
         cross join lateral (select f.contact_id from contact_identities f \
           where f.org_id = $1 and f.channel_id = w.channel_id and f.platform_id = w.platform_id offset 0) i \
         cross join lateral (select coalesce(f.merged_into, f.id) as id from contacts f \
           where f.org_id = $1 and f.id = i.contact_id offset 0) c",
    )
    .bind(tx.org())
    .bind(channels)
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|(channel, id, contact)| ((channel, id), contact)).collect())
}

async fn insert_contacts(
    tx: &mut OrgTx,
    vault: &OrgVault,
    made: &HashMap<ContactId, &Person<'_>>,
) -> anyhow::Result<()> {
    if made.is_empty() {
        return Ok(());
    }
    let mut ids = Vec::new();
    let mut kinds = Vec::new();
    let mut columns: [Vec<Option<Vec<u8>>>; 6] = Default::default();
    for (id, person) in made {
        ids.push(id.uuid());
        kinds.push(person.kind.as_str());
        let given = [(Field::Name, person.name), (Field::Username, person.username), (Field::Phone, person.phone)];
        for (place, (field, value)) in given.into_iter().enumerate() {
            let (sealed, index) = value.map(|value| field.seal(vault, *id, value)).transpose()?.unzip();
            columns[place * 2].push(sealed);
            columns[place * 2 + 1].push(index);
        }
    }
    let [names, name_indexes, usernames, username_indexes, phones, phone_indexes] = columns;
    sqlx::query(
        "insert into contacts (org_id, id, first_channel, name, name_index, username, username_index, phone, phone_index) \
         select $1, * from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[])",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(kinds)
    .bind(names)
    .bind(name_indexes)
    .bind(usernames)
    .bind(username_indexes)
    .bind(phones)
    .bind(phone_indexes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Links platform ids with contacts; whether none of them was linked already.
async fn insert_links(tx: &mut OrgTx, links: &[Link]) -> Result<bool, sqlx::Error> {
    if links.is_empty() {
        return Ok(true);
    }
    let linked = sqlx::query(
        "insert into contact_identities (org_id, channel_id, platform_id, channel_kind, contact_id, sealed) \
         select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bytea[]) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(links.iter().map(|link| link.channel.uuid()).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.kept.as_str()).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.kind.as_str()).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.contact.uuid()).collect::<Vec<_>>())
    .bind(links.iter().map(|link| link.sealed.as_deref()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(linked.rows_affected() == links.len() as u64)
}

/// Removes contacts that lost the race for their identity.
async fn drop_orphans(
    tx: &mut OrgTx,
    made: &HashMap<ContactId, &Person<'_>>,
    found: &[Found],
) -> Result<(), sqlx::Error> {
    let orphans: Vec<Uuid> =
        made.keys().filter(|id| found.iter().all(|found| found.contact != **id)).map(|id| id.uuid()).collect();
    if orphans.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from contacts where org_id = $1 and id = any($2)")
        .bind(tx.org())
        .bind(orphans)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Learns a name, handle or phone that a known contact did not have yet.
async fn learn(tx: &mut OrgTx, vault: &OrgVault, people: &[Person<'_>], found: &[Found]) -> anyhow::Result<()> {
    let telling: Vec<(&Person<'_>, ContactId)> = people
        .iter()
        .zip(found)
        .filter(|(person, found)| {
            !found.created && (person.name.is_some() || person.username.is_some() || person.phone.is_some())
        })
        .map(|(person, found)| (person, found.contact))
        .collect();
    if telling.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = telling.iter().map(|(_, contact)| contact.uuid()).collect();
    let lacking: Vec<(ContactId, bool, bool, bool)> = sqlx::query_as(
        "select id, name is null, username is null, phone is null from contacts where org_id = $1 and id = any($2) \
         and (name is null or username is null or phone is null) and erased_at is null order by id",
    )
    .bind(tx.org())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let told: HashMap<ContactId, &Person<'_>> =
        telling.into_iter().rev().map(|(person, contact)| (contact, person)).collect();
    let mut ids = Vec::new();
    let mut columns: [Vec<Option<Vec<u8>>>; 6] = Default::default();
    for (contact, name, username, phone) in lacking {
        let Some(person) = told.get(&contact) else { continue };
        let news = [
            (Field::Name, person.name.filter(|_| name)),
            (Field::Username, person.username.filter(|_| username)),
            (Field::Phone, person.phone.filter(|_| phone)),
        ];
        if news.iter().all(|(_, value)| value.is_none()) {
            continue;
        }
        ids.push(contact.uuid());
        for (place, (field, value)) in news.into_iter().enumerate() {
            let (sealed, index) = value.map(|value| field.seal(vault, contact, value)).transpose()?.unzip();
            columns[place * 2].push(sealed);
            columns[place * 2 + 1].push(index);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let [names, name_indexes, usernames, username_indexes, phones, phone_indexes] = columns;
    sqlx::query(
        "update contacts c set name = coalesce(c.name, n.name), name_index = coalesce(c.name_index, n.name_index), \
           username = coalesce(c.username, n.username), username_index = coalesce(c.username_index, n.username_index), \
           phone = coalesce(c.phone, n.phone), phone_index = coalesce(c.phone_index, n.phone_index) \
         from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[]) \
           as n (id, name, name_index, username, username_index, phone, phone_index) \
         where c.org_id = $1 and c.id = any($2) and c.id = n.id",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(names)
    .bind(name_indexes)
    .bind(usernames)
    .bind(username_indexes)
    .bind(phones)
    .bind(phone_indexes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn announce(tx: &mut OrgTx, people: &[Person<'_>], found: &[Found]) {
    let mut told = Vec::new();
    for (person, found) in people.iter().zip(found) {
        if found.created && !told.contains(&found.contact) {
            told.push(found.contact);
            let fact = Fact::ContactCreated { contact: found.contact, channel: Some(person.kind) };
            tx.append(Event::new(Subject::Contact(found.contact), Actor::Contact(found.contact), fact));
        }
    }
}
