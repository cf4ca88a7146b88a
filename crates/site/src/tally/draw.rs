//! Which wording a visitor is shown: by weight, from a keyed digest, the same all day.

use kernel::db::Db;
use kernel::ids::{ExperimentId, OrgId};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;

/// What was drawn for a visitor of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    /// Which wording; 0 is what stands now.
    pub index: u8,
    /// What of the page's fields it says differently.
    pub fields: Option<Value>,
}

/// A wording that is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variant {
    pub name: String,
    /// How many of all weights together see it.
    pub weight: u16,
    /// What of the page's fields it says differently; null for nothing.
    #[serde(default)]
    pub fields: Value,
}

/// An experiment that is running.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) id: ExperimentId,
    pub(super) page: String,
    variants: Vec<Variant>,
}

impl Running {
    /// The wording of a visitor.
    pub(super) fn draw(&self, key: &hmac::Key, visitor: &[u8]) -> Drawn {
        let mut context = hmac::Context::with_key(key);
        context.update(visitor);
        context.update(self.id.uuid().as_bytes());
        let digest = context.sign();
        let index = of_weight(&self.variants, &digest.as_ref()[..8]);
        let fields = self.variants.get(usize::from(index)).map(|variant| variant.fields.clone());
        Drawn { index, fields: fields.filter(Value::is_object) }
    }
}

/// The variant at a place of the weights' sum that eight bytes of chance say.
fn of_weight(variants: &[Variant], chance: &[u8]) -> u8 {
    let sum: u64 = variants.iter().map(|variant| u64::from(variant.weight)).sum();
    let drawn = chance.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let mut left = drawn.checked_rem(sum).unwrap_or_default();
    for (index, variant) in (0_u8..).zip(variants) {
        let weight = u64::from(variant.weight);
        if left < weight {
            return index;
        }
        left -= weight;
    }
    0
}

/// The experiments of a site that are running, the oldest first.
pub(super) async fn running(db: &Db, org: OrgId) -> Result<std::sync::Arc<Vec<Running>>, sqlx::Error> {
    let mut tx = db.begin_site(org, None).await?;
    let rows: Vec<(ExperimentId, String, Json<Vec<Variant>>)> = sqlx::query_as(
        "select id, page, variants from site_experiments where org_id = $1 and state = 'running' order by started_at, id",
    )
    .bind(org)
    .fetch_all(tx.conn())
    .await?;
    let all = rows.into_iter().map(|(id, page, Json(variants))| Running { id, page, variants });
    Ok(std::sync::Arc::new(all.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, weight: u16) -> Variant {
        Variant { name: name.to_owned(), weight, fields: serde_json::json!({ "hero": name }) }
    }

    #[test]
    fn wordings_are_drawn_by_weight_and_stay() {
        let running = Running {
            id: ExperimentId::from_uuid(uuid::Uuid::from_u128(7)),
            page: "home".to_owned(),
            variants: vec![variant("now", 3), variant("new", 1)],
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a day");
        let drawn: Vec<u8> = (0_u32..4_000).map(|n| running.draw(&key, &n.to_be_bytes()).index).collect();
        let again: Vec<u8> = (0_u32..4_000).map(|n| running.draw(&key, &n.to_be_bytes()).index).collect();
        assert_eq!(drawn, again);
        let new = drawn.iter().map(|index| usize::from(*index == 1)).sum::<usize>();
        assert!((850..1_150).contains(&new), "{new} of 4,000 at a weight of a quarter");
    }

    #[test]
    fn a_weight_of_nothing_is_never_drawn() {
        let variants = [variant("now", 0), variant("new", 5)];
        assert!((0_u8..=255).all(|byte| of_weight(&variants, &[byte; 8]) == 1));
        assert_eq!(of_weight(&[], &[9; 8]), 0);
    }
}
