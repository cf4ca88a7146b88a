//! `POST /scim/v2/.search`: users and groups in one list, users first.

use axum::extract::State;
use shell::Allowed;
use shell::auth::permission::Scim;

use super::answer::{self, Answer, Object};
use super::query::Query;
use super::{Base, groups, users};

pub(crate) async fn post(State(base): State<Base>, by: Allowed<Scim>, Object(body): Object) -> Answer {
    let query = Query::of_body(&body)?;
    let mut tx = by.tx().await?;
    let (users_total, mut found) = users::page(&mut tx, &query, query.skip, query.count, &base).await?;
    // What is left of the window falls on the groups.
    let before = usize::try_from(users_total).unwrap_or(usize::MAX);
    let (skip, count) = (query.skip.saturating_sub(before), query.count - found.len());
    let (groups_total, groups) = groups::page(&mut tx, &query, skip, count, &base).await?;
    found.extend(groups);
    Ok(answer::list(users_total + groups_total, query.skip, &found))
}
