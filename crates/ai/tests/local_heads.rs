//! The heads in the repository against the sums the training script computed in full precision.

use ai::local::{Features, Language, Local};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    text: String,
    lang: String,
    features: usize,
    checksum: u32,
    concepts: Vec<usize>,
    sums: std::collections::BTreeMap<String, Vec<f32>>,
}

fn references() -> Vec<Reference> {
    include_str!("heads_reference.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("the training script writes one JSON value a line"))
        .collect()
}

/// Features in Rust and in `eval/features.py` are the same buckets.
#[test]
fn features_match_the_training_script() {
    for reference in references() {
        let features = Features::of(&reference.text);
        let buckets = features.words().iter().chain(features.chars());
        let checksum = buckets.clone().fold(0u32, |sum, bucket| sum ^ bucket.wrapping_mul(2_654_435_761));
        assert_eq!((buckets.count(), checksum), (reference.features, reference.checksum), "{}", reference.text);
    }
}

/// The word lists are searched alike in Rust and in `eval/words.py`, where the language is recognised.
#[test]
fn concepts_match_the_training_script() {
    let local = Local::new();
    for reference in references() {
        let reading = local.read(&reference.text, Language::from_code(&reference.lang));
        if reading.language.code() != reference.lang {
            continue;
        }
        let touched: Vec<usize> = (0..ai::local::CONCEPTS).filter(|i| reading.concepts().0[*i] > 0.5).collect();
        assert_eq!(touched, reference.concepts, "{}", reference.text);
    }
}

/// Eight bits cost less than the margin by which decisions are made.
#[test]
fn int8_heads_match_the_reference() {
    let local = Local::new();
    let (mut total, mut count, mut flipped, mut decisions) = (0.0f32, 0usize, 0usize, 0usize);
    for reference in references() {
        let reading = local.read(&reference.text, Language::from_code(&reference.lang));
        if reading.language.code() != reference.lang {
            continue;
        }
        for (head, expected) in &reference.sums {
            let sums = reading.sums_of(head).expect("every head of the reference is shipped");
            for (sum, expected) in sums.iter().zip(expected) {
                let error = (sum - expected).abs();
                assert!(error < 0.8, "{head} on {}: {sum} instead of {expected}", reference.text);
                total += error;
                count += 1;
            }
            decisions += 1;
            flipped += usize::from(top(&sums) != top(expected));
        }
    }
    assert!(total / (count as f32) < 0.08, "mean error {}", total / count as f32);
    assert!(flipped * 50 < decisions, "{flipped} of {decisions} decisions differ");
}

fn top(values: &[f32]) -> usize {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
}
