//! Email domains: claimed, then proved by a TXT record or by the operator's word.
//!
//! Only a proved domain lets a provider vouch for people, so the proof is asked of the domain name system itself and each
//! organisation has its own token: a record that proves one organisation proves no other.

pub(crate) mod api;

use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::OrgId;
use kernel::ledger::Actor;
use serde_json::json;
use shell::AppError;

use super::dns;
use crate::input::Email;
use crate::origin::Origin;
use crate::secrets;
use crate::store::sso::domains::{self, Domain};

/// What a record begins with; the organisation's token follows.
const RECORD: &str = "recoup-verification=";

/// The record to put into the domain name system.
pub(crate) fn record(domain: &Domain) -> String {
    format!("{RECORD}{}", domain.token)
}

/// A domain as it is kept: in lower case, without what an address bar would add.
pub(crate) fn parse(text: &str) -> Result<String, AppError> {
    let text = text.trim().trim_start_matches('@').trim_end_matches('.').to_lowercase();
    match Email::parse(&format!("x@{text}")) {
        Ok(_) if !text.contains(['/', ':', '?', '#', '_', '%', '\\', '[']) => Ok(text),
        _ => Err(AppError::field("domain", "is not an email domain, such as example.com")),
    }
}

/// Claims a domain for the organisation.
pub(crate) async fn claim(tx: &mut OrgTx, domain: &str, by: Actor, origin: &Origin) -> Result<Domain, AppError> {
    let domain = parse(domain)?;
    if domains::claim(tx, &domain, &secrets::fresh("")?).await? {
        let entry = AuditEntry::new(by, "sso.domain_claimed").about("sso").detail(json!({ "domain": domain }));
        audit::record(tx, entry.from_ip(origin.ip)).await?;
    }
    domains::find(tx, &domain).await?.ok_or_else(|| AppError::not_found("domain"))
}

/// Looks for the record; the error says what was found instead.
pub(crate) async fn look_up(kernel: &Kernel, domain: &Domain) -> Result<(), AppError> {
    let found = dns::txt(&domain.name, kernel.config.sso.nameserver).await;
    let found = found.map_err(|error| AppError::unprocessable(error.to_string()))?;
    if found.iter().any(|text| text.trim() == record(domain)) {
        return Ok(());
    }
    let name = &domain.name;
    Err(AppError::unprocessable(if found.iter().any(|text| text.starts_with(RECORD)) {
        format!("{name} has a {RECORD} record with another value; put in the one shown here")
    } else if found.is_empty() {
        format!("{name} has no TXT record yet; it can take some minutes until it is seen")
    } else {
        format!("{name} has {} TXT records, and ours is not among them yet", found.len())
    }))
}

/// Marks a claimed domain as proved.
pub(crate) async fn proved(
    tx: &mut OrgTx,
    domain: &str,
    how: &str,
    by: Actor,
    origin: &Origin,
) -> Result<(), AppError> {
    if domains::verify(tx, domain, how).await? {
        let entry = AuditEntry::new(by, "sso.domain_verified").about("sso");
        audit::record(tx, entry.detail(json!({ "domain": domain, "by": how })).from_ip(origin.ip)).await?;
    }
    Ok(())
}

/// Takes the operator's word that a domain is an organisation's own, claiming it first when need be: for machines without
/// the domain name system of the outside.
pub async fn verify(kernel: &Kernel, org: OrgId, domain: &str) -> Result<(), AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let claimed = claim(&mut tx, domain, Actor::System, &Origin::default()).await?;
    proved(&mut tx, &claimed.name, "operator", Actor::System, &Origin::default()).await?;
    tx.commit().await?;
    Ok(())
}
