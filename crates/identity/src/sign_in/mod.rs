//! Signing in with email and password.
//!
//! Rules: known and unknown emails take the same path — the same look-ups, one Argon2id each, the same words back — and the
//! door closes by email whether or not anybody has it. What only a known email causes (rows in the audit log) happens after
//! the answer.

pub(crate) mod api;
pub(crate) mod page;
pub(crate) mod second;
pub(crate) mod second_page;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::CanFail;
use kernel::audit::{self, AuditEntry};
use kernel::db::system::{self, DoorRule, Named, Person, Seat};
use kernel::ids::{OrgId, UserId};
use kernel::ledger::Actor;
use serde_json::json;
use shell::AppError;

use crate::origin::Origin;
use crate::passwords::Password;
use crate::{Identity, secrets};

/// Four refusals are free, the fifth closes the door for half a minute, each further one twice as long, up to 15 minutes.
/// After an hour of quiet counting starts again.
pub(crate) const RULE: DoorRule = DoorRule { free: 5, first_s: 30.0, longest_s: 900.0, forget_s: 3_600.0 };
/// Refusals are forgotten for good after this long.
const REFUSALS_KEPT: TimeDelta = TimeDelta::days(1);
/// A person of many organisations has a refused sign-in noted in this many of them.
const NOTED_IN: usize = 10;

/// A person who proved to be who they say.
pub(crate) struct Proven {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// Proves a person by their password.
pub(crate) async fn prove(
    identity: &Identity,
    email: &str,
    password: &str,
    origin: &Origin,
) -> Result<Proven, AppError> {
    let db = &identity.kernel().db;
    let email = email.trim().to_lowercase();
    let door = secrets::hash(&email);
    let now = identity.kernel().clock.now();
    if let Some(until) = system::door_closed_until(db, &door, now).await? {
        return Err(closed(until, now));
    }
    let person = system::user_by_email(db, &email).await?;
    let stored = person.as_ref().map(|person| person.password_hash.clone());
    let fits = identity.hasher().fits(Password::given(password), stored).await?;
    // Asked again after the work: of many guesses at once, those that finish after the door closed do not count.
    let now = identity.kernel().clock.now();
    match person {
        Some(Person { id, email, name, .. }) if fits => match system::open_door(db, &door, now).await? {
            Some(until) => Err(closed(until, now)),
            None => Ok(Proven { id, name, email }),
        },
        person => {
            system::count_refusal(db, &door, now, RULE).await?;
            note_refusal(identity, person.map(|person| person.id), origin, "password");
            Err(refused())
        }
    }
}

/// The place a person signs in to: the one they ask for, else the one they used last.
pub(crate) async fn seat(identity: &Identity, user: UserId, wanted: Option<OrgId>) -> Result<Seat, AppError> {
    let seats = system::seats_of(&identity.kernel().db, user).await?;
    match wanted {
        Some(org) => seats.into_iter().find(|seat| seat.org == org).ok_or_else(|| AppError::not_found("organisation")),
        None => seats
            .into_iter()
            .next()
            .ok_or_else(|| AppError::forbidden("you are not a member of any organisation; ask for an invitation")),
    }
}

/// The name and email of somebody who proved to be this person.
pub(crate) async fn named(identity: &Identity, user: UserId) -> Result<Named, AppError> {
    let named = system::person_named(&identity.kernel().db, user).await?;
    named.ok_or_else(|| AppError::unauthenticated("this account is gone"))
}

/// The one answer to a wrong password, an unknown email and nonsense.
fn refused() -> AppError {
    AppError::unauthenticated("the email or the password is not right")
}

pub(crate) fn closed(until: DateTime<Utc>, now: DateTime<Utc>) -> AppError {
    // Rounded up: whoever waits exactly as long as they are told finds the door open.
    let seconds = (until - now).num_milliseconds().max(1).unsigned_abs().div_ceil(1_000);
    AppError::too_many(Duration::from_secs(seconds))
}

/// Writes the refusal into the audit logs of the person's organisations, if there is such a person, after the answer.
pub(crate) fn note_refusal(identity: &Identity, user: Option<UserId>, origin: &Origin, step: &'static str) {
    let (kernel, origin) = (identity.kernel().clone(), origin.clone());
    tokio::spawn(async move {
        let noted = async {
            system::forget_refusals(&kernel.db, kernel.clock.now() - REFUSALS_KEPT).await?;
            let Some(user) = user else { return Ok(()) };
            for seat in system::seats_of(&kernel.db, user).await?.into_iter().take(NOTED_IN) {
                let mut tx = kernel.db.begin(seat.org).await?;
                let entry = AuditEntry::new(Actor::System, "sign_in.refused").about(user).from_ip(origin.ip);
                audit::record(&mut tx, entry.detail(json!({ "step": step }))).await?;
                tx.commit().await?;
            }
            Ok::<_, sqlx::Error>(())
        };
        noted.await.can_fail("noting a refused sign-in");
    });
}
