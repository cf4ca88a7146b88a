//! Places of business: made by a person, or by the first signal that names one.

use std::collections::{BTreeSet, HashMap};

use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Listed, Patch, Path};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::Revenue;

/// The most places of an organisation.
const MOST: i64 = 5_000;

/// A place of business.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// How sources name it: lower case.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Its time zone; null: the organisation's.
    pub time_zone: Option<String>,
    /// Bookings a month it can take; null: unknown.
    pub monthly_capacity: Option<i32>,
}

/// A new place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocationIn {
    /// What people call it, 1–120 characters.
    name: String,
    /// How sources name it; the name when absent.
    key: Option<String>,
    /// A name of the time zone database; the organisation's when absent.
    time_zone: Option<String>,
    /// Bookings a month it can take, 1–1,000,000.
    monthly_capacity: Option<i32>,
}

/// What changes of a place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocationPatch {
    /// Absent keeps it.
    name: Option<String>,
    /// Absent keeps it, null takes the organisation's.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    time_zone: Patch<String>,
    /// Absent keeps it, null says that it is unknown.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    monthly_capacity: Patch<i32>,
}

/// The routes.
pub(crate) fn api() -> OpenApiRouter<Revenue> {
    OpenApiRouter::new().routes(routes!(list_locations, create_location)).routes(routes!(change_location))
}

/// List the places of business.
#[utoipa::path(get, path = "/v2/locations", tag = "scores", responses((status = 200, body = Listed<Location>)))]
pub(crate) async fn list_locations(by: Allowed<View>) -> Result<Json<Listed<Location>>, AppError> {
    Ok(Json(Listed::whole(all(&mut by.tx().await?).await?)))
}

/// Make a place of business.
#[utoipa::path(post, path = "/v2/locations", tag = "scores", request_body = LocationIn, responses((status = 200, body = Location)))]
pub(crate) async fn create_location(
    by: Allowed<ManageChannels>,
    Json(given): Json<LocationIn>,
) -> Result<Json<Location>, AppError> {
    let name = named(&given.name)?;
    let key = key_of(given.key.as_deref().unwrap_or(&name));
    if !(1..=200).contains(&key.chars().count()) {
        return Err(AppError::field("key", "is 1 to 200 characters"));
    }
    let time_zone = given.time_zone.map(zoned).transpose()?;
    let monthly_capacity = given.monthly_capacity.map(capacity).transpose()?;
    let mut tx = by.tx().await?;
    let count: i64 = sqlx::query_scalar("select count(*) from locations where org_id = $1")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await?;
    if count >= MOST {
        return Err(AppError::conflict("there are 5,000 places already, and there can be no more"));
    }
    let location = Location { id: LocationId::new(tx.clock()), key, name, time_zone, monthly_capacity };
    let made = sqlx::query(
        "insert into locations (org_id, id, key, name, time_zone, monthly_capacity) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id, key) do nothing",
    )
    .bind(tx.org())
    .bind(location.id)
    .bind(&location.key)
    .bind(&location.name)
    .bind(&location.time_zone)
    .bind(location.monthly_capacity)
    .execute(tx.conn())
    .await?;
    if made.rows_affected() == 0 {
        return Err(AppError::conflict("a place with this key is there already"));
    }
    let entry =
        AuditEntry::new(by.actor(), "location.created").about(location.id).detail(json!({ "key": location.key }));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Json(location))
}

/// Change a place of business. A new time zone moves its days: the scores are made anew.
#[utoipa::path(patch, path = "/v2/locations/{id}", tag = "scores", request_body = LocationPatch, responses((status = 200, body = Location)))]
pub(crate) async fn change_location(
    by: Allowed<ManageChannels>,
    Path(id): Path<LocationId>,
    Json(given): Json<LocationPatch>,
) -> Result<Json<Location>, AppError> {
    let mut tx = by.tx().await?;
    crate::signals::hold(&mut tx, true).await?;
    let before: Option<Location> = sqlx::query_as(
        "select id, key, name, time_zone, monthly_capacity from locations where org_id = $1 and id = $2 for update",
    )
    .bind(tx.org())
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let before = before.ok_or_else(|| AppError::not_found("location"))?;
    let mut after = before.clone();
    if let Some(name) = &given.name {
        after.name = named(name)?;
    }
    after.time_zone = given.time_zone.or(before.time_zone.clone()).map(zoned).transpose()?;
    after.monthly_capacity = given.monthly_capacity.or(before.monthly_capacity).map(capacity).transpose()?;
    if after == before {
        return Ok(Json(after));
    }
    sqlx::query("update locations set name = $3, time_zone = $4, monthly_capacity = $5 where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .bind(&after.name)
        .bind(&after.time_zone)
        .bind(after.monthly_capacity)
        .execute(tx.conn())
        .await?;
    if after.time_zone != before.time_zone {
        crate::journeys::rebuild_later(&mut tx);
    }
    let entry = AuditEntry::new(by.actor(), "location.changed").about(id).change(shown(&before), shown(&after));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Json(after))
}

fn shown(location: &Location) -> Value {
    json!({ "name": location.name, "time_zone": location.time_zone, "monthly_capacity": location.monthly_capacity })
}

fn named(name: &str) -> Result<String, AppError> {
    let name = name.trim();
    if (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(AppError::field("name", "is 1 to 120 characters"))
}

fn zoned(zone: String) -> Result<String, AppError> {
    match zone.parse::<chrono_tz::Tz>() {
        Ok(_) => Ok(zone),
        Err(_) => Err(AppError::field("time_zone", "is not a time zone such as Europe/Berlin")),
    }
}

fn capacity(bookings: i32) -> Result<i32, AppError> {
    if (1..=1_000_000).contains(&bookings) {
        return Ok(bookings);
    }
    Err(AppError::field("monthly_capacity", "is 1 to 1,000,000"))
}

/// How a place is found: case and decoration do not matter.
pub(crate) fn key_of(named: &str) -> String {
    named.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Every place, by name.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<Location>, sqlx::Error> {
    sqlx::query_as(
        "select id, key, name, time_zone, monthly_capacity from locations where org_id = $1 order by name, id",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await
}

/// The places of names, by key; unknown ones are made. Says whether any was.
pub(crate) async fn resolve(
    tx: &mut OrgTx,
    names: &BTreeSet<&str>,
) -> Result<(HashMap<String, Uuid>, bool), sqlx::Error> {
    if names.is_empty() {
        return Ok((HashMap::new(), false));
    }
    let mut by_key: HashMap<String, &str> = HashMap::new();
    for name in names {
        by_key.entry(key_of(name)).or_insert_with(|| name.trim());
    }
    let mut found = known(tx, &by_key).await?;
    let mut missing: Vec<(&String, &&str)> =
        by_key.iter().filter(|(key, _)| !found.contains_key(*key) && key.parse::<LocationId>().is_err()).collect();
    // In one order, so that two batches that make the same places wait for one another instead of each other.
    missing.sort_unstable_by_key(|(key, _)| *key);
    if missing.is_empty() {
        return Ok((found, false));
    }
    let ids: Vec<Uuid> = missing.iter().map(|_| LocationId::new(tx.clock()).uuid()).collect();
    sqlx::query(
        "insert into locations (org_id, id, key, name) \
         select $1, * from unnest($2::uuid[], $3::text[], $4::text[]) on conflict (org_id, key) do nothing",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(missing.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>())
    .bind(missing.iter().map(|(_, name)| **name).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    found.extend(known(tx, &by_key).await?);
    Ok((found, true))
}

/// The known ones: by key, or by our own id.
async fn known(tx: &mut OrgTx, by_key: &HashMap<String, &str>) -> Result<HashMap<String, Uuid>, sqlx::Error> {
    let ids: HashMap<Uuid, &String> =
        by_key.keys().filter_map(|key| key.parse::<LocationId>().ok().map(|id| (id.uuid(), key))).collect();
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("select id, key from locations where org_id = $1 and (key = any($2) or id = any($3))")
            .bind(tx.org())
            .bind(by_key.keys().map(String::as_str).collect::<Vec<_>>())
            .bind(ids.keys().copied().collect::<Vec<_>>())
            .fetch_all(tx.conn())
            .await?;
    let mut found = HashMap::new();
    for (id, key) in rows {
        if let Some(named) = ids.get(&id) {
            found.insert((*named).clone(), id);
        }
        found.insert(key, id);
    }
    Ok(found)
}
