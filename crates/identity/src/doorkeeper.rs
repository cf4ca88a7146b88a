//! Turns a credential into a principal: the shell's [`Authenticator`].
//!
//! What a credential means is kept for [`KEPT_FOR`], so that a busy session costs one query a second. Rules: whatever takes
//! something away from a caller (sign-out, role change, removal, revocation) calls [`Doorkeeper::forget`] after its commit;
//! entries carry the count at which their look-up *began*, so a look-up that raced with the change is not used after it.
//! Other processes notice within [`KEPT_FOR`].

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::Caller;
use kernel::db::system::{self, KeyRow, SessionRow};
use kernel::ids::{KeyId, OrgId, SessionId};
use kernel::ledger::Actor;
use kernel::network::Network;
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
/// That a key came from where it may not is noted at most this often, so that a flood of such requests writes no flood of rows.
const NOTE_MISPLACED_EVERY: Duration = Duration::from_secs(60);

/// Knows who a credential is.
pub struct Doorkeeper {
    kernel: Kernel,
    keys: KeyRing,
    known: Cache<Presented, Known>,
    /// What right tokens say, by their SHA-256: an Ed25519 signature costs more than all the rest of a check.
    verified: Cache<Vec<u8>, Claims>,
    /// The keys whose refusal for their address was noted lately.
    misplaced: Cache<KeyId, ()>,
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
    /// From where the organisation is reached.
    from: AccessList,
    /// The networks a key may come from; from everywhere when there are none.
    allow_from: Arc<[Network]>,
    changes: u64,
}

impl Known {
    /// Whether a key may come from here.
    fn may_come_from(&self, ip: Option<IpAddr>) -> bool {
        self.allow_from.is_empty() || ip.is_some_and(|ip| self.allow_from.iter().any(|network| network.contains(ip)))
    }
}

impl Doorkeeper {
    pub(crate) fn new(kernel: Kernel, keys: KeyRing) -> Self {
        let known = Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        let verified = Cache::builder().max_capacity(KEPT).time_to_live(VERIFIED_FOR).build();
        let misplaced = Cache::builder().max_capacity(KEPT).time_to_live(NOTE_MISPLACED_EVERY).build();
        Self { kernel, keys, known, verified, misplaced, changes: AtomicU64::new(0) }
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

    async fn look_up(&self, presented: &Presented, at: &Caller) -> Result<Option<Known>, AppError> {
        let changes = self.changes.load(Ordering::SeqCst);
        let db = &self.kernel.db;
        match presented {
            Presented::Cookie(hash) => self.session(system::session_by_token(db, hash).await?, changes, at.ip).await,
            Presented::Session(org, id) => {
                self.session(system::session_by_id(db, *org, *id).await?, changes, at.ip).await
            }
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
        Ok(Some(Known { principal, expires_at: Some(ends_at), from, allow_from: Arc::new([]), changes }))
    }

    async fn key(&self, row: Option<KeyRow>, changes: u64, at: &Caller) -> Result<Option<Known>, AppError> {
        let now = self.kernel.clock.now();
        let Some(row) = row.filter(|row| row.expires_at.is_none_or(|end| now < end)) else { return Ok(None) };
        let Some(maker) = maker_permissions(&row)? else { return Ok(None) };
        // What does not read as a network admits nobody; with nothing else in the list, nobody at all.
        let allow_from: Vec<Network> = row.allow_from.iter().filter_map(|network| network.parse().ok()).collect();
        if allow_from.is_empty() && !row.allow_from.is_empty() {
            return Ok(None);
        }
        // A scope that this version does not know gives nothing.
        let scopes: Permissions = row.scopes.iter().filter_map(|word| word.parse::<Permission>().ok()).collect();
        let principal = Principal {
            org: row.org,
            org_name: row.org_name.clone(),
            plan: plan(&row.plan),
            actor: Actor::Key(row.key),
            member: None,
            session: None,
            role: None,
            permissions: scopes.and(maker.for_keys()),
            name: row.name.clone(),
            email: String::new(),
            verified_at: None,
            sso: false,
            factor_due: None,
        };
        let (from, allow_from) = (AccessList::new(&row.networks), allow_from.into());
        let known = Known { principal, expires_at: row.expires_at, from, allow_from, changes };
        let placed = known.may_come_from(at.ip) && known.from.holds(at.ip);
        if placed && row.last_used_at.is_none_or(|used| used + NOTE_EVERY <= now) {
            let ip = at.ip.map(|ip| ip.to_canonical().to_string()).unwrap_or_default();
            system::touch_key(&self.kernel.db, &row, now, &ip).await.can_fail("noting the use of a key");
        }
        Ok(Some(known))
    }
}

impl Doorkeeper {
    /// Puts it into the audit log behind the answer: a key used from elsewhere may be a stolen one.
    fn note_misplaced(&self, principal: &Principal, from: &Caller) {
        let Actor::Key(key) = principal.actor else { return };
        let first = self.misplaced.entry(key).or_insert(()).is_fresh();
        if !first {
            return;
        }
        let (db, org, from) = (self.kernel.db.clone(), principal.org, from.clone());
        tokio::spawn(async move {
            let noted = async {
                let mut tx = db.begin(org).await?.called_from(from);
                audit::record(&mut tx, AuditEntry::new(Actor::Key(key), "key.refused").about(key)).await?;
                tx.commit().await
            };
            noted.await.can_fail("noting in the audit log that a key came from where it may not");
        });
    }
}

#[async_trait]
impl Authenticator for Doorkeeper {
    async fn authenticate(&self, credential: Credential<'_>, from: &Caller) -> Result<Option<Principal>, AppError> {
        let Some(presented) = self.presented(credential).await? else { return Ok(None) };
        let current = |known: &Known| {
            known.changes == self.changes.load(Ordering::SeqCst)
                && known.expires_at.is_none_or(|end| self.kernel.clock.now() < end)
        };
        let known = if let Some(known) = self.known.get(&presented).filter(current) {
            known
        } else {
            let Some(known) = self.look_up(&presented, from).await? else { return Ok(None) };
            self.known.insert(presented, known.clone());
            known
        };
        if !known.may_come_from(from.ip) {
            self.note_misplaced(&known.principal, from);
            return Err(AppError::forbidden("this key may not be used from this address"));
        }
        known.from.check(from.ip)?;
        Ok(Some(known.principal))
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
