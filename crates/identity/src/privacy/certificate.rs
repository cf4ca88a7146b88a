//! The erase certificate: what was removed, by count, signed with the installation's key. It names nobody and can be checked
//! without the installation.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use kernel::ids::{ContactId, ErasureId, OrgId};
use kernel::privacy::Outside;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use super::run::Erased;
use crate::Identity;

/// A certificate with its signature.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Signed {
    /// JSON, kept as text: the signature covers exactly these bytes.
    pub certificate: String,
    /// Ed25519, base64url.
    pub signature: String,
    /// The name of the key, as at `/.well-known/jwks.json` while it is young.
    pub kid: String,
    /// The key itself, base64url: compare it with the one you were given by the installation.
    pub public_key: String,
}

/// What a certificate says.
#[derive(Debug, Serialize, Deserialize)]
struct Statement {
    kind: String,
    version: u8,
    erasure: ErasureId,
    org: OrgId,
    contact: ContactId,
    requested_at: DateTime<Utc>,
    requested_by: String,
    erased_at: DateTime<Utc>,
    erased_by: String,
    removed: Vec<Erased>,
    outside: Vec<Outside>,
}

#[derive(sqlx::FromRow)]
struct Row {
    contact_id: ContactId,
    at: DateTime<Utc>,
    by_actor: String,
    erased_at: DateTime<Utc>,
    erased_by: String,
    removed: Json<Vec<Erased>>,
    certificate: Option<String>,
}

/// Signs an erasure's certificate when every outside system has answered; again when an answer changed since.
pub(super) async fn issue(identity: &Identity, org: OrgId, id: ErasureId) -> anyhow::Result<bool> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let row: Option<Row> = sqlx::query_as(
        "select contact_id, at, by_actor, erased_at, erased_by, removed, certificate from privacy_erasures \
         where org_id = $1 and id = $2 and state = 'erased' for update",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(false) };
    let mut outside = Vec::new();
    for holder in identity.holders().iter() {
        outside.extend(holder.outside(&mut tx, id.uuid()).await?);
    }
    if outside.iter().any(|one| one.outcome == "waiting") {
        return Ok(false);
    }
    let statement = Statement {
        kind: "recoup.erasure".into(),
        version: 1,
        erasure: id,
        org,
        contact: row.contact_id,
        requested_at: row.at,
        requested_by: row.by_actor,
        erased_at: row.erased_at,
        erased_by: row.erased_by,
        removed: row.removed.0,
        outside,
    };
    let certificate = serde_json::to_string_pretty(&statement)?;
    if row.certificate.as_ref() == Some(&certificate) {
        return Ok(true);
    }
    let stamp = identity.keys().stamp(certificate.as_bytes()).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    sqlx::query(
        "update privacy_erasures set certificate = $3, signature = $4, kid = $5, public_key = $6 where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(certificate)
    .bind(stamp.signature)
    .bind(stamp.kid)
    .bind(stamp.public_key)
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(true)
}

impl Signed {
    pub(super) fn new(certificate: String, signature: &[u8], kid: String, public_key: &[u8]) -> Self {
        let (signature, public_key) = (URL_SAFE_NO_PAD.encode(signature), URL_SAFE_NO_PAD.encode(public_key));
        Self { certificate, signature, kid, public_key }
    }
}

/// Whether a certificate is what its key signed, to the byte. Says nothing about whose key it is: that is compared by its holder.
pub fn verify(signed: &Signed) -> bool {
    let (Ok(signature), Ok(key)) =
        (URL_SAFE_NO_PAD.decode(&signed.signature), URL_SAFE_NO_PAD.decode(&signed.public_key))
    else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key).verify(signed.certificate.as_bytes(), &signature).is_ok()
}
