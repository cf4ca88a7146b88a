//! The measures the gates are written in.

use std::collections::BTreeSet;

/// Share of equal pairs.
pub fn accuracy<T: PartialEq>(pairs: &[(T, T)]) -> f64 {
    ratio(pairs.iter().filter(|(gold, guess)| gold == guess).count(), pairs.len())
}

/// Mean recall over the classes that occur in the gold labels.
pub fn macro_recall<T: Ord + Copy>(pairs: &[(T, T)]) -> f64 {
    let classes: BTreeSet<T> = pairs.iter().map(|(gold, _)| *gold).collect();
    let total: f64 = classes
        .iter()
        .map(|class| {
            let of_class = pairs.iter().filter(|(gold, _)| gold == class);
            ratio(of_class.clone().filter(|(_, guess)| guess == class).count(), of_class.count())
        })
        .sum();
    total / classes.len().max(1) as f64
}

/// Mean F1 over the classes that occur in gold or guess.
pub fn macro_f1<T: Ord + Copy>(pairs: &[(T, T)]) -> f64 {
    let classes: BTreeSet<T> = pairs.iter().flat_map(|(gold, guess)| [*gold, *guess]).collect();
    let total: f64 = classes
        .iter()
        .map(|class| {
            let hits = pairs.iter().filter(|(gold, guess)| gold == class && guess == class).count();
            let golds = pairs.iter().filter(|(gold, _)| gold == class).count();
            let guesses = pairs.iter().filter(|(_, guess)| guess == class).count();
            f1(hits, golds, guesses)
        })
        .sum();
    total / classes.len().max(1) as f64
}

/// Mean F1 over labels where a text may carry several; `labels` columns of `(gold, guess)`.
pub fn macro_f1_many(columns: &[Vec<(bool, bool)>]) -> f64 {
    let total: f64 = columns
        .iter()
        .map(|column| {
            let hits = column.iter().filter(|(gold, guess)| *gold && *guess).count();
            f1(hits, column.iter().filter(|c| c.0).count(), column.iter().filter(|c| c.1).count())
        })
        .sum();
    total / columns.len().max(1) as f64
}

/// Expected calibration error over ten bins of `(probability, was right)` (Guo et al. 2017).
pub fn calibration_error(cases: &[(f32, bool)]) -> f64 {
    let mut bins = [(0.0f64, 0usize, 0usize); 10];
    for (p, right) in cases {
        let bin = &mut bins[((f64::from(*p) * 10.0) as usize).min(9)];
        bin.0 += f64::from(*p);
        bin.1 += usize::from(*right);
        bin.2 += 1;
    }
    bins.iter().map(|(sum, right, _)| (sum - *right as f64).abs()).sum::<f64>() / cases.len().max(1) as f64
}

/// Calibration error without what chance adds: the root mean square over ten bins of `(probability, was right)`, less the
/// variance each bin has by its size alone (Kumar, Liang and Ma 2019). A hundred texts judged by a perfectly honest model
/// have an expected calibration error of about 0.06 and one of about 0 by this measure.
pub fn debiased_calibration_error(cases: &[(f32, bool)]) -> f64 {
    let mut bins = [(0.0f64, 0.0f64, 0.0f64); 10];
    for (p, right) in cases {
        let bin = &mut bins[((f64::from(*p) * 10.0) as usize).min(9)];
        bin.0 += f64::from(*p);
        bin.1 += f64::from(u8::from(*right));
        bin.2 += 1.0;
    }
    let squared = |(sum, right, n): &(f64, f64, f64)| {
        let (sure, share) = (sum / n, right / n);
        n * ((sure - share).powi(2) - share * (1.0 - share) / (n - 1.0))
    };
    let total: f64 = bins.iter().filter(|bin| bin.2 > 1.0).map(squared).sum();
    (total / cases.len().max(1) as f64).max(0.0).sqrt()
}

/// The value that a share of the sorted values does not exceed; `share` from 0 to 1.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((values.len() as f64 - 1.0) * share).ceil().max(0.0) as usize;
    values.get(place).copied().unwrap_or(0.0)
}

/// A share; 0 of nothing.
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn f1(hits: usize, golds: usize, guesses: usize) -> f64 {
    ratio(2 * hits, golds + guesses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_on_a_case_worked_out_by_hand() {
        let pairs = [('a', 'a'), ('a', 'a'), ('a', 'b'), ('b', 'b'), ('c', 'b')];
        assert!((accuracy(&pairs) - 0.6).abs() < 1e-9);
        assert!((macro_recall(&pairs) - (2.0 / 3.0 + 1.0 + 0.0) / 3.0).abs() < 1e-9);
        assert!((macro_f1(&pairs) - (0.8 + 0.5 + 0.0) / 3.0).abs() < 1e-9);
        assert!(
            (macro_f1_many(&[vec![(true, true), (false, true)], vec![(true, false)]]) - (2.0 / 3.0) / 2.0).abs() < 1e-9
        );
    }

    #[test]
    fn honest_probabilities_have_no_calibration_error() {
        let mut cases = vec![(0.25, true)];
        cases.extend([(0.25, false); 3]);
        assert!(calibration_error(&cases) < 1e-9);
        assert!((calibration_error(&[(1.0, false)]) - 1.0).abs() < 1e-9);
        assert!(calibration_error(&[]).abs() < 1e-9);
    }

    #[test]
    fn small_samples_of_an_honest_model_have_no_debiased_error() {
        // 12 of 20 right at 0.6, 17 of 20 at 0.8: off by one from honest, as chance has it.
        let mut cases: Vec<(f32, bool)> = (0..20).map(|i| (0.6, i < 12)).collect();
        cases.extend((0..20).map(|i| (0.8, i < 17)));
        assert!(calibration_error(&cases) > 0.02 && debiased_calibration_error(&cases) < 1e-9);
        let sure: Vec<(f32, bool)> = (0..100).map(|i| (0.95, i < 70)).collect();
        assert!((debiased_calibration_error(&sure) - 0.2457).abs() < 0.001, "{}", debiased_calibration_error(&sure));
        assert!(debiased_calibration_error(&[(0.5, true)]).abs() < 1e-9);
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        assert!((percentile(&mut [3.0, 1.0, 2.0], 0.5) - 2.0).abs() < 1e-9);
        assert!((percentile(&mut [3.0, 1.0, 2.0], 0.95) - 3.0).abs() < 1e-9);
        assert!(percentile(&mut [], 0.5).abs() < 1e-9);
    }
}
