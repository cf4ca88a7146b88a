//! Retrieval sets and the measure they are judged by.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One text that may be found.
#[derive(Debug, Clone, Deserialize)]
pub struct SetDocument {
    /// Name within the set.
    pub id: String,
    /// The text.
    pub text: String,
    /// ISO 639-1 code.
    #[serde(default = "english")]
    pub lang: String,
}

/// One question, and the documents that answer it.
#[derive(Debug, Clone, Deserialize)]
pub struct SetQuestion {
    /// What is asked.
    pub query: String,
    /// ISO 639-1 code.
    #[serde(default = "english")]
    pub lang: String,
    /// Names of the documents that answer it.
    pub relevant: Vec<String>,
    /// The words of the answer, where the set has them.
    #[serde(default)]
    pub answer: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}

/// Reads one JSON value a line from a gzipped file.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = std::fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).with_context(|| format!("unpacking {}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("reading a line of {}", path.display())))
        .collect()
}

/// Normalised discounted cumulative gain at 10 with binary relevance (Järvelin and Kekäläinen 2002).
pub fn ndcg_at_10<'a>(ranked: impl IntoIterator<Item = &'a str>, relevant: &[String]) -> f64 {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let found: f64 = ranked
        .into_iter()
        .take(10)
        .enumerate()
        .filter(|(_, id)| relevant.iter().any(|r| r == id))
        .map(|(rank, _)| gain(rank))
        .sum();
    let best: f64 = (0..relevant.len().min(10)).map(gain).sum();
    if best > 0.0 { found / best } else { 0.0 }
}

/// The mean of a measure by some key, with how many went in.
pub fn mean_by<K: std::hash::Hash + Eq>(values: impl IntoIterator<Item = (K, f64)>) -> HashMap<K, (f64, usize)> {
    let mut sums: HashMap<K, (f64, usize)> = HashMap::new();
    for (key, value) in values {
        let entry = sums.entry(key).or_default();
        entry.0 += value;
        entry.1 += 1;
    }
    for (sum, count) in sums.values_mut() {
        *sum /= *count as f64;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measure_rewards_early_answers() {
        let relevant = ["a".to_owned(), "b".to_owned()];
        assert!((ndcg_at_10(["a", "b", "x"], &relevant) - 1.0).abs() < 1e-9);
        let late = ndcg_at_10(["x", "a", "b"], &relevant);
        let expected = (1.0 / 3f64.log2() + 0.5) / (1.0 + 1.0 / 3f64.log2());
        assert!((late - expected).abs() < 1e-9);
        assert!(ndcg_at_10(["x"], &relevant).abs() < 1e-9 && ndcg_at_10(["x"], &[]).abs() < 1e-9);
    }

    #[test]
    fn means_are_kept_apart() {
        let means = mean_by([("de", 1.0), ("en", 0.5), ("de", 0.0)]);
        assert_eq!(means["de"], (0.5, 2));
        assert_eq!(means["en"], (0.5, 1));
    }
}
