//! Facts of visibility besides reviews, as a person or a source measured them: `/v2/scoring/visibility`.

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Listed};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Origin;

/// What can be told by hand; reviews are counted from signals.
const FACTORS: [&str; 6] = ["profile", "on_page", "behaviour", "links", "citations", "social"];

/// A fact: our figure, and the same of rivals. The best rivals are 100; with no rival the figure itself counts as points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisibilityFact {
    /// The place; null: the whole organisation, and every place without a fact of its own.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// `profile`, `on_page`, `behaviour`, `links`, `citations` or `social`.
    pub factor: String,
    /// Our figure, 0 or more.
    pub own: f64,
    /// The figures of rivals, at most 20.
    #[serde(default)]
    pub rivals: Vec<f64>,
    /// `measured` or `assumed`.
    #[serde(default = "measured")]
    pub source: String,
}

fn measured() -> String {
    "measured".to_owned()
}

impl VisibilityFact {
    /// The place as the table holds it.
    pub(super) fn place(&self) -> Uuid {
        self.location_id.map_or_else(Uuid::nil, LocationId::uuid)
    }

    pub(super) fn origin(&self) -> Origin {
        if self.source == "measured" { Origin::Measured } else { Origin::Assumed }
    }

    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let fits = |figure: &f64| figure.is_finite() && (0.0..=1e12).contains(figure);
        if !FACTORS.contains(&self.factor.as_str()) {
            return Some(("factor", "is profile, on_page, behaviour, links, citations or social"));
        }
        if !fits(&self.own) {
            return Some(("own", "is a figure of 0 or more"));
        }
        if self.rivals.len() > 20 || !self.rivals.iter().all(fits) {
            return Some(("rivals", "are at most 20 figures of 0 or more"));
        }
        (!["measured", "assumed"].contains(&self.source.as_str())).then_some(("source", "is measured or assumed"))
    }
}

#[cfg(test)]
impl VisibilityFact {
    pub(super) fn measured(factor: &str, own: f64, rivals: Vec<f64>) -> Self {
        Self { location_id: None, factor: factor.to_owned(), own, rivals, source: measured() }
    }
}

/// Every fact.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<VisibilityFact>, sqlx::Error> {
    let rows: Vec<(Uuid, String, f64, Vec<f64>, String)> = sqlx::query_as(
        "select location_id, factor, own, rivals, source from visibility_facts where org_id = $1 order by location_id, factor",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(place, factor, own, rivals, source)| VisibilityFact {
            location_id: (!place.is_nil()).then(|| LocationId::from_uuid(place)),
            factor,
            own,
            rivals,
            source,
        })
        .collect())
}

/// List the facts of visibility.
#[utoipa::path(get, path = "/v2/scoring/visibility", tag = "scores", responses((status = 200, body = Listed<VisibilityFact>)))]
pub(crate) async fn list_visibility_facts(by: Allowed<View>) -> Result<Json<Listed<VisibilityFact>>, AppError> {
    Ok(Json(Listed::whole(all(&mut by.tx().await?).await?)))
}

/// Tell a fact of visibility; the same factor of the same place is replaced.
#[utoipa::path(put, path = "/v2/scoring/visibility", tag = "scores", request_body = VisibilityFact,
    responses((status = 200, body = VisibilityFact)))]
pub(crate) async fn put_visibility_fact(
    by: Allowed<ManageChannels>,
    Json(given): Json<VisibilityFact>,
) -> Result<Json<VisibilityFact>, AppError> {
    if let Some((field, reason)) = given.problem() {
        return Err(AppError::field(field, reason));
    }
    let mut tx = by.tx().await?;
    if let Some(id) = given.location_id {
        let known: bool = sqlx::query_scalar("select exists (select 1 from locations where org_id = $1 and id = $2)")
            .bind(tx.org())
            .bind(id)
            .fetch_one(tx.conn())
            .await?;
        if !known {
            return Err(AppError::field("location_id", "is not a location of this organisation"));
        }
    }
    sqlx::query(
        "insert into visibility_facts (org_id, location_id, factor, own, rivals, source) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, location_id, factor) do update set own = excluded.own, rivals = excluded.rivals, \
           source = excluded.source, updated_at = now()",
    )
    .bind(tx.org())
    .bind(given.place())
    .bind(&given.factor)
    .bind(given.own)
    .bind(&given.rivals)
    .bind(&given.source)
    .execute(tx.conn())
    .await?;
    let entry = AuditEntry::new(by.actor(), "visibility.changed")
        .about(&given.factor)
        .detail(json!({ "own": given.own, "rivals": given.rivals.len() }));
    super::refresh::refresh(&mut tx, [given.place()].into()).await.map_err(AppError::internal)?;
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Json(given))
}
