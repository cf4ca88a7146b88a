//! The hashed feature vector that every tier-0 head reads: words 1–2 and characters 3–5, two times 2^16 buckets.
//!
//! `eval/features.py` computes the same buckets for training; the reference file in `tests/` holds both sides together.
//! A feature is present or absent, and each half of the vector has unit length, so a head needs two integer sums.

/// Buckets of one half.
pub const BUCKETS: usize = 1 << 16;
/// Characters read from the start and, in longer texts, from the end.
const HEAD: usize = 1500;
const TAIL: usize = 500;

const PRIME: u32 = 16_777_619;
const WORD_SEED: u32 = 0x811C_9DC5;
const CHAR_SEEDS: [(usize, u32); 3] = [(3, 0x9E37_79B1), (4, 0x85EB_CA77), (5, 0xC2B2_AE3D)];

/// Distinct buckets of one text: words below [`BUCKETS`], characters from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    words: Vec<u32>,
    chars: Vec<u32>,
}

impl Features {
    /// The features of a message as it was written.
    pub fn of(text: &str) -> Features {
        let points = normalise(text);
        let mut words = word_hashes(&points);
        let unigrams = words.len();
        for i in 1..unigrams {
            words.push(words[i - 1].wrapping_mul(31) ^ words[i]);
        }
        for hash in &mut words {
            *hash = mix(*hash) & 0xFFFF;
        }
        let mut chars = Vec::with_capacity(points.len() * CHAR_SEEDS.len());
        for (n, seed) in CHAR_SEEDS {
            chars.extend(points.windows(n).map(|window| {
                let hash = window.iter().fold(seed, |h, c| (h ^ c).wrapping_mul(PRIME));
                (mix(hash) & 0xFFFF) + BUCKETS as u32
            }));
        }
        Features { words: distinct(words), chars: distinct(chars) }
    }

    pub fn words(&self) -> &[u32] {
        &self.words
    }

    pub fn chars(&self) -> &[u32] {
        &self.chars
    }

    /// Value of every present word feature; the half has unit length.
    pub fn word_value(&self) -> f32 {
        1.0 / (self.words.len().max(1) as f32).sqrt()
    }

    /// Value of every present character feature.
    pub fn char_value(&self) -> f32 {
        1.0 / (self.chars.len().max(1) as f32).sqrt()
    }

    /// Cosine of two texts, words weighing as much as characters.
    pub fn cosine(&self, other: &Features) -> f32 {
        let words = common(&self.words, &other.words) as f32 * self.word_value() * other.word_value();
        let chars = common(&self.chars, &other.chars) as f32 * self.char_value() * other.char_value();
        f32::midpoint(words, chars)
    }
}

fn distinct(mut buckets: Vec<u32>) -> Vec<u32> {
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

fn common(left: &[u32], right: &[u32]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < left.len() && j < right.len() {
        match left[i].cmp(&right[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    shared
}

fn mix(mut h: u32) -> u32 {
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^ (h >> 12)
}

/// Code points in lower case, digits as 0, one space between words, at most three of a kind in a row.
fn normalise(text: &str) -> Vec<u32> {
    let mut out = vec![0x20];
    let mut run = 0;
    let total = if text.len() > HEAD + TAIL { text.chars().count() } else { 0 };
    if total > HEAD + TAIL {
        let middle = std::iter::once(' ');
        let tail = text.chars().skip(total - TAIL);
        for c in text.chars().take(HEAD).chain(middle).chain(tail) {
            push(&mut out, &mut run, c);
        }
    } else {
        for c in text.chars() {
            push(&mut out, &mut run, c);
        }
    }
    if out.last() != Some(&0x20) {
        out.push(0x20);
    }
    out
}

fn push(out: &mut Vec<u32>, run: &mut u32, c: char) {
    let c = match c {
        c if is_space(u32::from(c)) => 0x20,
        '1'..='9' => 0x30,
        '\u{2019}' => 0x27,
        c if c > '@' => u32::from(c.to_lowercase().next().unwrap_or(c)),
        c => u32::from(c),
    };
    if out.last() == Some(&c) {
        *run += 1;
        if *run >= 3 || c == 0x20 {
            return;
        }
    } else {
        *run = 0;
    }
    out.push(c);
}

fn is_space(c: u32) -> bool {
    c <= 0x20
        || (0x7F..=0xA0).contains(&c)
        || (0x2000..=0x200F).contains(&c)
        || matches!(c, 0x2028 | 0x2029 | 0x202F | 0x3000 | 0xFEFF | 0x1680 | 0x205F)
}

/// Everything that ends a word; written as ranges so that the training script draws the same line.
fn is_symbol(c: u32) -> bool {
    c < 0x30
        || matches!(c,
            0x3A..=0x40 | 0x5B..=0x60 | 0x7B..=0xBF | 0x2000..=0x206F | 0x2190..=0x2BFF | 0x3000..=0x303F
            | 0xFE00..=0xFE0F | 0xFF00..=0xFF0F | 0x1F000..=0x1FAFF)
}

fn word_hashes(points: &[u32]) -> Vec<u32> {
    let mut tokens = Vec::with_capacity(points.len() / 2);
    let step = |h: u32, c: u32| (h ^ c).wrapping_mul(PRIME);
    let mut word: Option<u32> = None;
    for (i, &c) in points.iter().enumerate() {
        let joins = c == 0x27 && word.is_some() && points.get(i + 1).is_some_and(|next| !is_symbol(*next));
        if joins || !is_symbol(c) {
            word = Some(step(word.unwrap_or(WORD_SEED), c));
            continue;
        }
        tokens.extend(word.take());
        if c != 0x20 {
            tokens.push(step(WORD_SEED, c));
        }
    }
    tokens
}
