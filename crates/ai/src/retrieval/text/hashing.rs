//! A quick hash for the words of our own lists.
//!
//! Nobody outside chooses the keys of these maps, so they need no protection from chosen ones. A map that takes its keys from
//! knowledge or messages keeps the hasher of the standard library.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map from words to something.
pub(crate) type WordMap<K, V> = HashMap<K, V, BuildHasherDefault<WordHasher>>;
/// A set of words.
pub(crate) type WordSet<K> = HashSet<K, BuildHasherDefault<WordHasher>>;

/// Eight bytes at a time, each mixed in by a rotation and a multiplication.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct WordHasher(u64);

const FACTOR: u64 = 0x517c_c1b7_2722_0a95;

impl WordHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.mix(u64::from_le_bytes(*eight));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(last));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // The multiplication mixes upwards; a table looks at the low bits too.
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn words_spread_over_a_table() {
        let state = BuildHasherDefault::<WordHasher>::default();
        let mut seen: HashSet<u64> = HashSet::new();
        for number in 0..4_096_u32 {
            seen.insert(state.hash_one(format!("word{number}").as_str()) & 0xFFFF);
        }
        assert!(seen.len() > 3_500, "{}", seen.len());
        assert_eq!(state.hash_one("whitening"), state.hash_one("whitening"));
    }
}
