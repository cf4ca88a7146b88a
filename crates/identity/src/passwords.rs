//! Passwords: what may be chosen, and Argon2id away from the asynchronous threads.
//!
//! What may be chosen is estimated offline by `zxcvbn`: it knows the tens of thousands of passwords that leaks share, words and
//! names of English, keyboard rows, dates and repetitions, and we add what belongs to the person. A password that is guessed
//! within [`Score::Three`]'s hundred million tries is refused, with what makes it easy.
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
use zxcvbn::Score;
use zxcvbn::feedback::{Feedback, Warning};

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
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cmVjb3VwIG5vYm9keSAwMQ$q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA";

/// The hash of an account that has no password: whoever tries one costs the same work and never fits.
pub(crate) const NO_PASSWORD: &str = NOBODY;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// A password as typed. Never printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// A password somebody chooses; the error finishes "the password …". `about` is what belongs to the person.
    pub fn chosen(text: &str, about: &[&str]) -> Result<Self, String> {
        if text.chars().count() < SHORTEST {
            return Err("must have at least 8 characters".to_owned());
        }
        if text.len() > LONGEST {
            return Err("must have at most 512 bytes".to_owned());
        }
        let guess = zxcvbn::zxcvbn(text, about);
        if guess.score() < Score::Three {
            return Err(easy(guess.feedback().and_then(Feedback::warning)));
        }
        Ok(Self(text.to_owned()))
    }

    /// A password somebody claims to be theirs; whatever cannot have been chosen simply does not fit.
    pub(crate) fn given(text: &str) -> Self {
        Self(if text.len() > LONGEST { String::new() } else { text.to_owned() })
    }
}

/// Why a password is guessed easily, and what to do.
fn easy(why: Option<Warning>) -> String {
    let why = match why {
        Some(Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess) => {
            "is a row of keys"
        }
        Some(Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess) => {
            "repeats itself"
        }
        Some(Warning::SequencesLikeAbcAreEasyToGuess) => "is a sequence",
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => "is built around a date",
        Some(
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword,
        ) => "is among those that were leaked and are tried first, or close to one",
        Some(Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess) => {
            "is a name"
        }
        Some(Warning::AWordByItselfIsEasyToGuess) => "is a single word",
        None => "is guessed too easily",
    };
    format!("{why}; take a few words that do not belong together")
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
        let stored = hasher.hash(Password::chosen("correct horse", &[]).expect("allowed")).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the parameters of NOBODY");
        assert!(hasher.fits(Password::given("correct horse"), Some(stored.clone())).await.expect("compared"));
        assert!(!hasher.fits(Password::given("correct house"), Some(stored)).await.expect("compared"));
        let before = hasher.work();
        assert!(!hasher.fits(Password::given("anything"), None).await.expect("compared"));
        assert_eq!(hasher.work() - before, 1);
    }

    #[test]
    fn what_is_guessed_first_is_refused_with_the_reason() {
        let about = ["dana.whitfield@northwind.example", "dana.whitfield", "Dana Whitfield"];
        let long = "x1".repeat(300);
        for (bad, why) in [
            ("short", "at least 8 characters"),
            (long.as_str(), "at most 512 bytes"),
            ("Password", "leaked"),
            ("Password1!", "leaked"),
            ("P@ssw0rd2024", "leaked"),
            ("aaaaaaaaaaaa", "repeats itself"),
            ("abcabcabcabc", "repeats itself"),
            ("qwertyuiop[]", "row of keys"),
            ("12345678", "leaked"),
            ("dana.whitfield", "guessed too easily"),
            ("Dana Whitfield", "guessed too easily"),
            ("dana.whitfield1", "guessed too easily"),
        ] {
            let reason = Password::chosen(bad, &about).map(|_| ()).expect_err(bad);
            assert!(reason.contains(why), "{bad}: {reason}");
        }
        for good in ["correct horse", "pässwörd-Ünïcode", "a new passphrase", "vK3#qLz!9w", "sieben blaue Schafe"] {
            assert!(Password::chosen(good, &about).is_ok(), "{good}");
        }
        assert_eq!(format!("{:?}", Password::given("hush")), "(password)");
    }
}
