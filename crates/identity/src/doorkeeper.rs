//! Turns a credential into a principal: the shell's [`Authenticator`].
//!
//! What a credential means is kept for [`KEPT_FOR`], so that a busy session costs one query a second. Rules: whatever takes
//! something away from a caller (sign-out, role change, removal, revocation) calls [`Doorkeeper::forget`] after its commit;
//! entries carry the count at which their look-up *began*, so a look-up that raced with the change is not used after it.
//! Other processes notice within [`KEPT_FOR`].

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::db::system::{self, KeyRow, SessionRow};
use kernel::ids::{OrgId, SessionId};
use kernel::ledger::Actor;
use kernel::{CanFail, Kernel};
use moka::sync::Cache;
use shell::{AppError, Authenticator, Credential, Permission, Permissions, Plan, Principal, Role};

use crate::policy::{self, AccessList};
use crate::secrets;
use crate::sessions::NOTE_EVERY;
use crate::tokens::{Claims, KeyRing};

/// How long an answer may be used without asking again. Below one second: the promise to other processes.
const KEPT_FOR: Duration = Duration::from_millis(900);
/// How long the signature of a token that was found right is not computed again: a key taken off the ring is honoured no longer.
const VERIFIED_FOR: Duration = Duration::from_secs(60);
/// How many answers are kept.
const KEPT: u64 = 50_000;

/// Knows who a credential is.
pub struct Doorkeeper {
    kernel: Kernel,
    keys: KeyRing,
    known: Cache<Presented, Known>,
    /// What right tokens say, by their SHA-256: an Ed25519 signature costs more than all the rest of a check.
    verified: Cache<Vec<u8>, Claims>,
    /// Grows with every change that takes something away.
    changes: AtomicU64,
}

/// What was presented, as it is looked up.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Presented {
    Cookie(Vec<u8>),
    Session(OrgId, SessionId),
    Key(Vec<u8>),
}

#[derive(Clone)]
struct Known {
    principal: Principal,
    expires_at: Option<DateTime<Utc>>,
    /// From where it may be used.
    from: AccessList,
    changes: u64,
}

impl Known {
    /// The principal, for a request from this address.
    fn at(self, from: Option<IpAddr>) -> Result<Principal, AppError> {
        self.from.check(from)?;
        Ok(self.principal)
    }
}

impl Doorkeeper {
    pub(crate) fn new(kernel: Kernel, keys: KeyRing) -> Self {
        let known = Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        let verified = Cache::builder().max_capacity(KEPT).time_to_live(VERIFIED_FOR).build();
        Self { kernel, keys, known, verified, changes: AtomicU64::new(0) }
    }

    /// Makes every later request ask the database again. Call it after the commit.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    async fn presented(&self, credential: Credential<'_>) -> Result<Option<Presented>, AppError> {
        Ok(match credential {
            Credential::Session(token) => Some(Presented::Cookie(secrets::hash(token))),
            Credential::ApiKey(key) => key_presented(key),
            Credential::Bearer(key) if secrets::is_key(key) => key_presented(key),
            Credential::Bearer(token) => {
                self.claims(token).await?.map(|claims| Presented::Session(claims.org, claims.sid))
            }
        })
    }

    /// What a token says that we signed and that has not ended.
    async fn claims(&self, token: &str) -> Result<Option<Claims>, AppError> {
        let hash = secrets::hash(token);
        if let Some(claims) = self.verified.get(&hash) {
            return Ok(Some(claims).filter(|claims| claims.stands(self.kernel.clock.now())));
        }
        let claims = self.keys.verify(token).await?;
        if let Some(claims) = &claims {
            self.verified.insert(hash, claims.clone());
        }
        Ok(claims)
    }

    async fn look_up(&self, presented: &Presented, at: Option<IpAddr>) -> Result<Option<Known>, AppError> {
        let changes = self.changes.load(Ordering::SeqCst);
        let db = &self.kernel.db;
        match presented {
            Presented::Cookie(hash) => self.session(system::session_by_token(db, hash).await?, changes, at).await,
            Presented::Session(org, id) => self.session(system::session_by_id(db, *org, *id).await?, changes, at).await,
            Presented::Key(hash) => self.key(system::key_by_hash(db, hash).await?, changes, at).await,
        }
    }

    async fn session(
        &self,
        row: Option<SessionRow>,
        changes: u64,
        at: Option<IpAddr>,
    ) -> Result<Option<Known>, AppError> {
        let now = self.kernel.clock.now();
        let Some(row) = row.filter(|row| now < policy::ends_at(row)) else { return Ok(None) };
        let (from, ends_at) = (AccessList::new(&row.networks), policy::ends_at(&row));
        // What is tried from elsewhere is no use: it must not keep a session alive.
        if row.seen_at + NOTE_EVERY <= now && from.holds(at) {
            let until = policy::prolonged(&row, now);
            system::touch_session(&self.kernel.db, &row, now, until).await.can_fail("noting the use of a session");
        }
        let role: Role = row.role.parse().map_err(AppError::internal)?;
        let principal = Principal {
            org: row.org,
            org_name: row.org_name,
            plan: plan(&row.plan),
            actor: Actor::User(row.user_id),
            member: Some(row.member),
            session: Some(row.session),
            role: Some(role),
            permissions: role.permissions(),
            name: row.name,
            email: row.email,
            verified_at: row.verified_at,
            sso: row.sso,
            factor_due: row.factor_due,
        };
        Ok(Some(Known { principal, expires_at: Some(ends_at), from, changes }))
    }

    async fn key(&self, row: Option<KeyRow>, changes: u64, at: Option<IpAddr>) -> Result<Option<Known>, AppError> {
        let now = self.kernel.clock.now();
        let Some(row) = row.filter(|row| row.expires_at.is_none_or(|end| now < end)) else { return Ok(None) };
        let Some(maker) = maker_permissions(&row)? else { return Ok(None) };
        let from = AccessList::new(&row.networks);
        if row.last_used_at.is_none_or(|used| used + NOTE_EVERY <= now) && from.holds(at) {
            system::touch_key(&self.kernel.db, row.org, row.key, now).await.can_fail("noting the use of a key");
        }
        // A scope that this version does not know gives nothing.
        let scopes: Permissions = row.scopes.iter().filter_map(|word| word.parse::<Permission>().ok()).collect();
        let principal = Principal {
            org: row.org,
            org_name: row.org_name,
            plan: plan(&row.plan),
            actor: Actor::Key(row.key),
            member: None,
            session: None,
            role: None,
            permissions: scopes.and(maker.for_keys()),
            name: row.name,
            email: String::new(),
            verified_at: None,
            sso: false,
            factor_due: None,
        };
        Ok(Some(Known { principal, expires_at: row.expires_at, from, changes }))
    }
}

#[async_trait]
impl Authenticator for Doorkeeper {
    async fn authenticate(
        &self,
        credential: Credential<'_>,
        from: Option<IpAddr>,
    ) -> Result<Option<Principal>, AppError> {
        let Some(presented) = self.presented(credential).await? else { return Ok(None) };
        let current = |known: &Known| {
            known.changes == self.changes.load(Ordering::SeqCst)
                && known.expires_at.is_none_or(|end| self.kernel.clock.now() < end)
        };
        if let Some(known) = self.known.get(&presented).filter(current) {
            return known.at(from).map(Some);
        }
        let Some(known) = self.look_up(&presented, from).await? else { return Ok(None) };
        self.known.insert(presented, known.clone());
        known.at(from).map(Some)
    }
}

fn key_presented(key: &str) -> Option<Presented> {
    secrets::is_whole_key(key).then(|| Presented::Key(secrets::hash(key)))
}

/// What the maker of a key may do today: a key never has more. None when the maker has left, and the key with them.
fn maker_permissions(row: &KeyRow) -> Result<Option<Permissions>, AppError> {
    match (&row.made_by, &row.maker_role) {
        (None, _) => Ok(Some(Permissions::ALL)),
        (Some(_), None) => Ok(None),
        (Some(_), Some(role)) => Ok(Some(role.parse::<Role>().map_err(AppError::internal)?.permissions())),
    }
}

fn plan(word: &str) -> Plan {
    match word {
        "enterprise" => Plan::Enterprise,
        "pro" => Plan::Pro,
        "starter" => Plan::Starter,
        _ => Plan::Free,
    }
}
