//! `PUT /v2/session-policy`. It holds for the sessions there are, from the next request on.

use std::net::IpAddr;

use axum::extract::State;
use kernel::audit::{self, AuditEntry};
use kernel::network::Network;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::{AccessList, SessionPolicy};
use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;
use crate::store::policies;

/// The most ranges in a list.
const MOST: usize = 100;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PolicyIn {
    /// Minutes without use after which a session ends, 5 to 43,200 (30 days); null for a week.
    #[schema(example = 480)]
    pub(crate) idle_minutes: Option<i32>,
    /// Minutes after which a session ends however much it is used, 15 to 525,600 (a year); null for the usual.
    #[schema(example = 10080)]
    pub(crate) longest_minutes: Option<i32>,
    /// Addresses and ranges; empty for anywhere. A list without the caller's own address is refused.
    #[serde(default)]
    #[schema(example = json!(["203.0.113.0/24"]))]
    pub(crate) networks: Vec<String>,
}

/// Change how long sessions last and from where the organisation is reached.
#[utoipa::path(put, path = "/v2/session-policy", tag = "auth", request_body = PolicyIn,
    responses((status = 200, body = SessionPolicy), (status = 422, description = "It does not make sense, or would lock out the caller.")))]
pub(crate) async fn put(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(new): Json<PolicyIn>,
) -> Result<Json<SessionPolicy>, AppError> {
    Ok(Json(save(&identity, &by, new, &origin).await?))
}

pub(crate) async fn save(
    identity: &Identity,
    by: &Allowed<ManagePeople>,
    new: PolicyIn,
    origin: &Origin,
) -> Result<SessionPolicy, AppError> {
    by.fresh()?;
    let policy = checked(new, origin.ip)?;
    let mut tx = by.tx().await?;
    let before = policies::get(&mut tx).await?;
    if before != policy {
        policies::set(&mut tx, &policy).await?;
        let entry = AuditEntry::new(by.actor(), "session_policy.changed").about("session policy");
        let (before, after) = audit::difference(&before, &policy).map_err(AppError::internal)?;
        audit::record(&mut tx, entry.change(before, after).from_ip(origin.ip)).await?;
    }
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(policy)
}

fn checked(new: PolicyIn, from: Option<IpAddr>) -> Result<SessionPolicy, AppError> {
    let PolicyIn { idle_minutes, longest_minutes, networks } = new;
    let mut check = Check::default();
    if idle_minutes.is_some_and(|minutes| !(5..=43_200).contains(&minutes)) {
        check.complain("idle_minutes", "must be between 5 and 43,200");
    }
    if longest_minutes.is_some_and(|minutes| !(15..=525_600).contains(&minutes)) {
        check.complain("longest_minutes", "must be between 15 and 525,600");
    }
    if networks.len() > MOST {
        check.complain("networks", "must have at most 100 entries");
    }
    let (mut read, mut wrong) = (Vec::<Network>::new(), false);
    for text in networks.iter().take(MOST) {
        match text.trim().parse() {
            Ok(network) => read.push(network),
            Err(error) => {
                wrong = true;
                check.complain("networks", error.to_string());
            }
        }
    }
    let mut networks: Vec<String> = read.iter().map(ToString::to_string).collect();
    networks.sort_unstable();
    networks.dedup();
    // Of a list that does not read whole, what is missing is not told.
    if !wrong && !AccessList::new(&networks).holds(from) {
        let own = from.map_or_else(|| "which is unknown".to_owned(), |from| from.to_canonical().to_string());
        check.complain("networks", format!("would lock you out: add your own address, {own}"));
    }
    check.done()?;
    Ok(SessionPolicy { idle_minutes, longest_minutes, networks })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(idle: Option<i32>, longest: Option<i32>, networks: &[&str]) -> Result<SessionPolicy, AppError> {
        let networks = networks.iter().map(|text| (*text).to_owned()).collect();
        let new = PolicyIn { idle_minutes: idle, longest_minutes: longest, networks };
        checked(new, Some("203.0.113.7".parse().expect("an address")))
    }

    #[test]
    fn ranges_are_put_in_order_once_each() {
        let saved = policy(Some(5), None, &["203.0.113.7", "10.0.0.0/8", " 203.0.113.7/32 "]).expect("fine");
        assert_eq!(saved.networks, ["10.0.0.0/8", "203.0.113.7"]);
    }

    #[test]
    fn nonsense_and_a_list_without_its_author_are_refused() {
        for wrong in [
            policy(Some(4), None, &[]),
            policy(None, Some(14), &[]),
            policy(None, None, &["203.0.113.7", "x"]),
            policy(None, None, &["198.51.100.0/24"]),
            policy(None, None, &vec!["203.0.113.7"; 101]),
        ] {
            assert_eq!(wrong.expect_err("refused").details().len(), 1);
        }
        let unknown = PolicyIn { idle_minutes: None, longest_minutes: None, networks: vec!["0.0.0.0/0".into()] };
        checked(unknown, None).expect_err("an unknown address is on no list");
    }
}
