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
    /// Not before: we set none, and honour one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

/// How far the clocks of two processes may be apart, in seconds.
const SKEW: i64 = 60;

impl Claims {
    /// A token's claims from now on.
    pub fn new(user: UserId, org: OrgId, session: SessionId, now: DateTime<Utc>) -> Self {
        let exp = (now + ACCESS_LASTS).timestamp();
        Self { iss: ISSUER.to_owned(), sub: user, org, sid: session, iat: now.timestamp(), exp, nbf: None }
    }

    /// Whether we issued it, it has begun and it has not ended.
    pub(crate) fn stands(&self, now: DateTime<Utc>) -> bool {
        let now = now.timestamp();
        self.iss == ISSUER && now < self.exp && self.iat <= now + SKEW && self.nbf.is_none_or(|from| from <= now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn a_token_stands_from_its_beginning_to_its_end() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
        let id = |n: u128| uuid::Uuid::from_u128(n);
        let claims = Claims::new(UserId::from_uuid(id(1)), OrgId::from_uuid(id(2)), SessionId::from_uuid(id(3)), now);
        assert!(claims.stands(now) && claims.stands(now + ACCESS_LASTS - Duration::seconds(1)));
        assert!(!claims.stands(now + ACCESS_LASTS), "ended");
        assert!(claims.stands(now - Duration::seconds(SKEW)), "another process's clock");
        assert!(!claims.stands(now - Duration::seconds(SKEW + 1)), "issued in the future");
        let later = Claims { nbf: Some(now.timestamp() + 1), ..claims.clone() };
        assert!(!later.stands(now) && later.stands(now + Duration::seconds(1)), "not before");
        let foreign = Claims { iss: "elsewhere".into(), ..claims };
        assert!(!foreign.stands(now));
    }
}
