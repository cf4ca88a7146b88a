//! Taking a result over: read as a visitor with its token reads it, kept as a copy.

use kernel::audit::{self, AuditEntry};
use kernel::ids::{MaturityId, decode};
use serde_json::{Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError};

use super::store::{self, Kept};
use crate::audit::{config, store as audits};
use crate::core::Core;

/// The name of the field in forms and in the API.
pub(super) const FIELD: &str = "auditId";

/// Copies the result that an address or an id names into the caller's organisation, in place of the one before.
///
/// # Errors
/// When nothing can be found in the text; when no such result is there; when the audit was not handed in yet.
pub(super) async fn take(core: &Core, by: &Allowed<ManageChannels>, pasted: &str) -> Result<Kept, AppError> {
    let named = named(pasted).ok_or_else(|| {
        AppError::field(
            FIELD,
            "is neither the address of a result, such as …/audit/results/…, nor its id of 26 characters",
        )
    })?;
    let taken = read(core, by, &named).await?;
    let mut tx = by.tx().await?;
    let before = store::find(&mut tx).await?.map(|before| before.audit);
    store::keep(&mut tx, &taken, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "site.maturity_taken").about(taken.audit);
    audit::record(&mut tx, entry.change(of(before), of(Some(taken.audit)))).await?;
    tx.commit().await?;
    Ok(taken)
}

/// Forgets the result that was taken over.
///
/// # Errors
/// When there is none.
pub(super) async fn remove(by: &Allowed<ManageChannels>) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let gone = store::remove(&mut tx).await?.ok_or_else(none)?;
    let entry = AuditEntry::new(by.actor(), "site.maturity_removed").about(gone);
    audit::record(&mut tx, entry.change(of(Some(gone)), Value::Null)).await?;
    tx.commit().await?;
    Ok(())
}

/// The complaint where nothing was taken over.
pub(super) fn none() -> AppError {
    AppError::NotFound("no result of a maturity audit was taken over yet: send the address or the id of yours".into())
}

fn unknown() -> AppError {
    AppError::NotFound("no result is there: open it, copy the whole of its address, and send that".into())
}

fn of(audit: Option<MaturityId>) -> Value {
    audit.map_or(Value::Null, |audit| json!({ "audit": audit }))
}

/// The result as its site shows it to whoever has its token: with the site's role, and nothing is counted or written there.
async fn read(core: &Core, by: &Allowed<ManageChannels>, named: &Named) -> Result<Kept, AppError> {
    let site = core.hosts().find(&named.host).await?.filter(|site| site.flags.audit).ok_or_else(unknown)?;
    let mut tx = core.kernel().db.begin_site(site.org, Some(&named.token)).await?;
    let found = audits::by_token(&mut tx, &named.token).await?.ok_or_else(unknown)?;
    let Some(done_at) = found.done_at.filter(|_| found.outcome.is_some()) else {
        return Err(AppError::conflict("this audit was begun and not handed in yet: answer its last page first"));
    };
    let config = config::read(&mut tx, found.config_version).await?.ok_or_else(unknown)?;
    Ok(Kept {
        audit: found.id,
        config_version: found.config_version,
        config: config.as_ref().clone(),
        answers: found.answers,
        done_at,
        taken_at: by.now(),
    })
}

/// What somebody pasted.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    /// Of the site; empty for the installation's own.
    host: String,
    token: String,
}

/// The host and the token in an address of a result, or a token alone.
fn named(pasted: &str) -> Option<Named> {
    let text = pasted.trim();
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let (has_scheme, rest) = text.split_once("://").map_or((false, text), |(_, rest)| (true, rest));
    let (first, path) = rest.split_once('/').unwrap_or(("", rest));
    // Without a scheme the first part is a host where it looks like one.
    let is_host = has_scheme || first.contains(['.', ':']);
    let token = path.split('/').find(|part| decode(part).is_some())?;
    Some(Named { host: if is_host { first.to_owned() } else { String::new() }, token: token.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "01h455vb4pex5vsknk084sn02q";

    fn found(pasted: &str) -> Option<(String, String)> {
        named(pasted).map(|named| (named.host, named.token))
    }

    #[test]
    fn an_address_is_read_with_whatever_hangs_on_it() {
        for (pasted, host) in [
            (TOKEN.to_owned(), ""),
            (format!(" {TOKEN}\n"), ""),
            (format!("/audit/results/{TOKEN}"), ""),
            (format!("audit/results/{TOKEN}"), ""),
            (format!("https://audit.example.com/audit/results/{TOKEN}?inquiries=3#forecast"), "audit.example.com"),
            (format!("http://127.0.0.1:8080/audit/results/{TOKEN}/report.pdf"), "127.0.0.1:8080"),
            (format!("audit.example.com/audit/{TOKEN}/4"), "audit.example.com"),
            (format!("localhost:8080/v2/audit/results/{TOKEN}"), "localhost:8080"),
        ] {
            assert_eq!(found(&pasted), Some((host.to_owned(), TOKEN.to_owned())), "{pasted}");
        }
    }

    #[test]
    fn what_names_no_result_is_none() {
        let long = format!("{TOKEN}0");
        let elsewhere = format!("https://audit.example.com/?id={TOKEN}");
        for pasted in [
            "",
            " ",
            "https://audit.example.com/audit",
            "maturity",
            long.as_str(),
            elsewhere.as_str(),
            "https://",
            "://",
        ] {
            assert_eq!(found(pasted), None, "{pasted}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,120}") {
            if let Some(named) = named(&text) {
                prop_assert!(decode(&named.token).is_some() && text.contains(&named.token));
            }
        }
    }
}
