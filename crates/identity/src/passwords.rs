//! Passwords: what may be chosen, and Argon2id away from the asynchronous threads.
//!
//! One verification takes about 20 ms and 19 MiB, so only [`AT_ONCE`] run at a time in the process: a storm of sign-ins waits
//! in line and cannot starve the rest. An unknown account costs exactly the work of a known one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use shell::AppError;
use tokio::sync::Semaphore;

use crate::secrets;

/// How many hashes are computed at the same time.
const AT_ONCE: usize = 2;
/// How long a request waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(8);
/// Fewer characters are refused.
const SHORTEST: usize = 8;
/// More bytes are refused: nobody types them, and hashing them costs.
const LONGEST: usize = 512;

/// A hash of nothing anybody knows, with the parameters of today's hashes.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmVjb3VwIG5vYm9keSAwMQ$q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA";

/// The hash of an account that has no password: whoever tries one costs the same work and never fits.
pub(crate) const NO_PASSWORD: &str = NOBODY;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// The passwords that guessing begins with, in lower case; all have the least length.
const COMMON: [&str; 24] = [
    "12345678",
    "123456789",
    "1234567890",
    "password",
    "password1",
    "password123",
    "passw0rd",
    "qwertyuiop",
    "qwerty123",
    "iloveyou",
    "11111111",
    "00000000",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "welcome1",
    "letmein1",
    "whatever",
    "computer",
    "admin123",
    "changeme",
];

/// A password as typed. Never printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password somebody chooses; the error finishes "the password …".
    pub fn chosen(text: &str) -> Result<Self, &'static str> {
        if text.chars().count() < SHORTEST {
            return Err("must have at least 8 characters");
        }
        if text.len() > LONGEST {
            return Err("must have at most 512 bytes");
        }
        if COMMON.contains(&text.to_lowercase().as_str()) || text.chars().all(|c| text.starts_with(c)) {
            return Err("is one of the first that are guessed; choose another");
        }
        Ok(Self(text.to_owned()))
    }

    /// A password somebody claims to be theirs; whatever cannot have been chosen simply does not fit.
    pub(crate) fn given(text: &str) -> Self {
        Self(if text.len() > LONGEST { String::new() } else { text.to_owned() })
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(password)")
    }
}

/// Hashes and compares passwords, and counts the work.
#[derive(Clone, Debug, Default)]
pub struct Hasher {
    work: Arc<AtomicU64>,
}

impl Hasher {
    /// How many times Argon2id ran so far.
    pub fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    /// The PHC string to store for a password.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, AppError> {
        let salt = SaltString::encode_b64(&secrets::random::<16>()?).map_err(not_hashed)?;
        self.turn(move || {
            Argon2::default()
                .hash_password(password.0.as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(not_hashed)
        })
        .await?
    }

    /// Whether a password fits a stored hash; with none stored, the same work and no.
    pub(crate) async fn fits(&self, password: Password, stored: Option<String>) -> Result<bool, AppError> {
        self.turn(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let hash = PasswordHash::new(&stored).map_err(not_hashed)?;
            Ok(Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let busy =
            || AppError::unavailable("too many people are signing in at this moment; try again in a few seconds");
        let turn = tokio::time::timeout(PATIENCE, TURNS.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())?;
        self.work.fetch_add(1, Ordering::Relaxed);
        // The turn moves into the thread: a request that goes away does not free it while the work still runs.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(AppError::internal)
    }
}

fn not_hashed(error: argon2::password_hash::Error) -> AppError {
    AppError::internal(anyhow::anyhow!("Argon2id failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only_and_nobody_costs_the_same() {
        let hasher = Hasher::default();
        let stored = hasher.hash(Password::chosen("correct horse").expect("allowed")).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters of NOBODY");
        assert!(hasher.fits(Password::given("correct horse"), Some(stored.clone())).await.expect("compared"));
        assert!(!hasher.fits(Password::given("correct house"), Some(stored)).await.expect("compared"));
        let before = hasher.work();
        assert!(!hasher.fits(Password::given("anything"), None).await.expect("compared"));
        assert_eq!(hasher.work() - before, 1);
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for bad in ["short", "Password", "aaaaaaaaaaaa", "12345678", &"x1".repeat(300)] {
            assert!(Password::chosen(bad).is_err(), "{bad}");
        }
        for good in ["correct horse", "pässwörd-Ünïcode", "8chars!!", "two words"] {
            assert!(Password::chosen(good).is_ok(), "{good}");
        }
        assert_eq!(format!("{:?}", Password::given("hush")), "(password)");
    }
}
