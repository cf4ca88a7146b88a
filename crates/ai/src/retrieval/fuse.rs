//! Two rankings into one.

/// Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): Σ weight / (k + rank). Chunks that score nothing in a
/// ranking get nothing from it.
pub fn fuse_ranks(rankings: &[(&[f32], f32)], k: f32) -> Vec<f32> {
    let len = rankings.first().map_or(0, |(scores, _)| scores.len());
    let mut fused = vec![0.0; len];
    for (scores, weight) in rankings {
        let mut order: Vec<usize> = (0..scores.len()).filter(|i| scores[*i] > 0.0).collect();
        order.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        for (rank, position) in order.into_iter().enumerate() {
            fused[position] += weight / (k + rank as f32 + 1.0);
        }
    }
    fused
}

/// Weighted sum after stretching each ranking to 0–1.
pub fn fuse_min_max(rankings: &[(&[f32], f32)]) -> Vec<f32> {
    let len = rankings.first().map_or(0, |(scores, _)| scores.len());
    let mut fused = vec![0.0; len];
    for (scores, weight) in rankings {
        let (low, high) = scores.iter().fold((f32::MAX, f32::MIN), |(l, h), s| (l.min(*s), h.max(*s)));
        let span = high - low;
        if span <= f32::EPSILON {
            continue;
        }
        for (sum, score) in fused.iter_mut().zip(*scores) {
            *sum += weight * (score - low) / span;
        }
    }
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_reward_agreement() {
        let fused = fuse_ranks(&[(&[3.0, 2.0, 0.0], 1.0), (&[0.1, 0.9, 0.5], 1.0)], 10.0);
        assert!((fused[0] - (1.0 / 11.0 + 1.0 / 13.0)).abs() < 1e-6);
        assert!(fused[1] > fused[0] && fused[0] > fused[2]);
    }

    #[test]
    fn stretching_ignores_a_flat_ranking() {
        assert_eq!(fuse_min_max(&[(&[1.0, 3.0, 2.0], 0.5), (&[7.0, 7.0, 7.0], 0.5)]), [0.0, 0.5, 0.25]);
        assert!(fuse_min_max(&[]).is_empty());
    }
}
