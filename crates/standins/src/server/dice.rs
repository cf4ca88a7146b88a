//! Seeded randomness: the same seed gives the same ids and the same chances in the same order of asking.

use std::sync::Mutex;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::locked;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The dice of one stand-in.
#[derive(Debug)]
pub struct Dice {
    rng: Mutex<ChaCha8Rng>,
}

impl Dice {
    /// Dice that fall as `seed` says.
    pub fn new(seed: u64) -> Self {
        Self { rng: Mutex::new(ChaCha8Rng::seed_from_u64(seed)) }
    }

    /// Letters and digits, `length` of them.
    pub fn word(&self, length: usize) -> String {
        let mut rng = locked(&self.rng);
        (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
    }

    /// Decimal digits, the first not zero.
    pub fn digits(&self, length: usize) -> String {
        let mut rng = locked(&self.rng);
        (0..length).map(|place| char::from(b'0' + rng.random_range(u8::from(place == 0)..10))).collect()
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&self, length: usize) -> String {
        let mut rng = locked(&self.rng);
        (0..length).map(|_| char::from(b"0123456789abcdef"[rng.random_range(0..16)])).collect()
    }

    /// A random UUID in its usual writing.
    pub fn uuid(&self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// True with the given probability.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && locked(&self.rng).random_bool(probability.clamp(0.0, 1.0))
    }

    /// A number below `limit` (zero when the limit is zero).
    pub fn below(&self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { locked(&self.rng).random_range(0..limit) }
    }
}
