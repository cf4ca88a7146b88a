//! Ties: programs that name a lead by the `external_id` of the signal that opened it, instead of a key on both.
//!
//! A rule a newcomer would break: in whatever order the two are told, and told again, they come to the same lead. What stands under
//! an id of its own stays there, and what follows is led to it; an opening that comes after what names it takes their key.

use std::collections::{BTreeMap, HashMap, HashSet};

use connectors::signal::SignalKind;
use kernel::db::OrgTx;
use kernel::vault::OrgVault;
use uuid::Uuid;

use super::{StoredSignal, lead_id};

/// Ties the rows of a batch. `named`: for each row that names a lead, the id that an opening signal of the same source would have if
/// the name were its external id.
pub(super) async fn tie(
    tx: &mut OrgTx,
    vault: &OrgVault,
    rows: &mut BTreeMap<Uuid, StoredSignal>,
    named: &HashMap<Uuid, Uuid>,
) -> Result<(), sqlx::Error> {
    let keys: HashMap<Uuid, Uuid> = rows
        .values()
        .filter(|row| row.lead == Some(row.id))
        .map(|row| (row.id, lead_id(vault, &row.external_id)))
        .collect();
    if keys.is_empty() && named.is_empty() {
        return Ok(());
    }
    let alone: Vec<Uuid> =
        sqlx::query_scalar("select id from signals where org_id = $1 and id = any($2) and lead = id")
            .bind(tx.org())
            .bind(keys.keys().chain(named.values()).copied().collect::<Vec<_>>())
            .fetch_all(tx.conn())
            .await?;
    let alone: HashSet<Uuid> = alone.into_iter().collect();
    let told = under(tx, &keys).await?;
    let in_batch = rows.values().filter(|row| named.contains_key(&row.id) && row.kind != SignalKind::Lead);
    let mut following: HashSet<(String, Uuid)> =
        in_batch.filter_map(|row| Some((row.source.clone(), row.lead?))).collect();
    let mut there: HashSet<Uuid> = HashSet::new();
    for (id, source, kind, lead) in told {
        there.insert(id);
        if kind != SignalKind::Lead.as_str() {
            following.insert((source, lead));
        }
    }
    for row in rows.values_mut() {
        if let Some(key) = keys.get(&row.id) {
            let followed = there.contains(&row.id) || following.contains(&(row.source.clone(), *key));
            if followed && !alone.contains(&row.id) {
                row.lead = Some(*key);
            }
        } else if let Some(opening) = named.get(&row.id)
            && row.kind != SignalKind::Lead
            && alone.contains(opening)
        {
            row.lead = Some(*opening);
        }
    }
    Ok(())
}

/// What was told of leads under the keys: id, source, kind, lead.
async fn under(tx: &mut OrgTx, keys: &HashMap<Uuid, Uuid>) -> Result<Vec<(Uuid, String, String, Uuid)>, sqlx::Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "select id, source, kind, lead from signals where org_id = $1 and lead = any($2) and lead is not null",
    )
    .bind(tx.org())
    .bind(keys.values().copied().collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}
