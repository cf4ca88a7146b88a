//! The vectors against an independent implementation (`eval/embedding/minilm.py`).
//!
//! They need the model, which is not in the repository: `RECOUP_MODELS` names the folder that holds `all-MiniLM-L6-v2`.
//! Without it these tests say so and pass; `tests/files.rs` needs nothing.

use std::path::PathBuf;
use std::sync::OnceLock;

use encoder::{DIMS, Encoder, fetch};

static ENCODER: OnceLock<Option<Encoder>> = OnceLock::new();

fn encoder() -> Option<&'static Encoder> {
    let load = || {
        let Some(models) = std::env::var_os("RECOUP_MODELS").map(PathBuf::from) else {
            eprintln!("RECOUP_MODELS is not set: not compared with the reference");
            return None;
        };
        Some(Encoder::load(&models.join(fetch::FOLDER)).expect("the model in RECOUP_MODELS loads"))
    };
    ENCODER.get_or_init(load).as_ref()
}

/// Text, its first four numbers and its last two, from the reference.
const REFERENCE: [(&str, [f32; 4], [f32; 2]); 4] = [
    ("This is an example sentence", [0.067_657, 0.063_496, 0.048_713, 0.079_305], [0.059_965, -0.042_229]),
    ("How much does teeth whitening cost?", [0.022_001, 0.066_908, 0.029_377, 0.027_668], [0.001_2, -0.020_245]),
    ("", [-0.118_838, 0.048_299, -0.002_548, -0.011_011], [0.046_549, -0.015_717]),
    ("Zahnreinigung kostet 80 € 🦷", [-0.054_989, 0.162_388, -0.021_281, 0.035_294], [0.013_166, -0.016_187]),
];

fn near(found: &[f32], expected: &[f32]) -> bool {
    found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-5)
}

#[test]
fn vectors_are_those_of_the_reference() {
    let Some(encoder) = encoder() else { return };
    for (text, head, tail) in REFERENCE {
        let vector = encoder.embed(&[text]).unwrap().remove(0);
        assert_eq!(vector.len(), DIMS);
        assert!(
            near(&vector[..4], &head) && near(&vector[DIMS - 2..], &tail),
            "{text:?}: {:?} {:?}",
            &vector[..4],
            &vector[DIMS - 2..]
        );
        assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
    }
}

#[test]
fn company_in_a_batch_changes_nothing() {
    let Some(encoder) = encoder() else { return };
    let texts: Vec<&str> = REFERENCE.iter().map(|(t, ..)| *t).collect();
    let together = encoder.embed(&texts).unwrap();
    for ((text, head, _), vector) in REFERENCE.iter().zip(&together) {
        assert!(near(&vector[..4], head), "{text:?} differs beside longer texts");
    }
    assert!(encoder.embed(&[]).unwrap().is_empty());
}

#[test]
fn a_long_text_is_read_to_its_limit() {
    let Some(encoder) = encoder() else { return };
    let vector = encoder.embed(&["word ".repeat(600).as_str()]).unwrap().remove(0);
    assert!(near(&vector[..4], &[-0.008_124, -0.095_586, -0.038_673, 0.049_662]), "{:?}", &vector[..4]);
    let huge = "é🦷\0 ".repeat(25_000);
    assert_eq!(encoder.embed(&[huge.as_str()]).unwrap()[0].len(), DIMS);
}
