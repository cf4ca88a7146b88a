//! What an access token says.

use chrono::{DateTime, Utc};
use kernel::ids::{OrgId, SessionId, UserId};
use serde::{Deserialize, Serialize};

use super::ACCESS_LASTS;

/// Who issues our tokens.
const ISSUER: &str = "recoup";

/// What an access token says: whose session, in which organisation, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The person.
    pub sub: UserId,
    /// The organisation.
    pub org: OrgId,
    /// The session.
    pub sid: SessionId,
    iat: i64,
    exp: i64,
}

impl Claims {
    /// A token's claims from now on.
    pub fn new(user: UserId, org: OrgId, session: SessionId, now: DateTime<Utc>) -> Self {
        let exp = (now + ACCESS_LASTS).timestamp();
        Self { iss: ISSUER.to_owned(), sub: user, org, sid: session, iat: now.timestamp(), exp }
    }

    /// Whether we issued it and it has not ended.
    pub(super) fn stands(&self, now: DateTime<Utc>) -> bool {
        self.iss == ISSUER && now.timestamp() < self.exp
    }
}
