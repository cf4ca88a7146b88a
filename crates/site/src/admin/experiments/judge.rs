//! What an experiment says, and when. Pure.

use stats::{difference, is_uneven};

use crate::tally::Variant;

/// A wording with its visitors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arm {
    pub name: String,
    pub shown: u64,
    pub reached: u64,
    /// How far from what stands now, in shares: the ends of the interval and the estimate between them. None before there are enough,
    /// and for what stands now.
    pub apart: Option<(f64, f64, f64)>,
}

/// What can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// So many visitors are missing of the wording that has the fewest.
    TooEarly { missing: u64 },
    /// The groups are not as large as the draw makes them: something else decides who sees what.
    Uneven,
    /// All differences may be chance.
    NoDifference,
    /// The wording at this place does better.
    Better(usize),
    /// None does better, and the wording at this place does worse.
    Worse(usize),
}

/// What an experiment says, from each wording's visitors and those of them who reached the goal.
pub(super) fn judge(variants: &[Variant], counts: &[(u64, u64)], needed: u64) -> (Vec<Arm>, Verdict) {
    let count = |place: usize| counts.get(place).copied().unwrap_or_default();
    let sizes: Vec<(u64, f64)> =
        variants.iter().enumerate().map(|(place, variant)| (count(place).0, f64::from(variant.weight))).collect();
    let fewest = sizes.iter().map(|(shown, _)| *shown).min().unwrap_or_default();
    let missing = needed.saturating_sub(fewest);
    let comparisons = variants.len().saturating_sub(1) as u32;
    let arms: Vec<Arm> = variants
        .iter()
        .enumerate()
        .map(|(place, variant)| {
            let (shown, reached) = count(place);
            let first = (count(0).1, count(0).0);
            let apart = (place > 0 && missing == 0).then(|| difference(first, (reached, shown), comparisons)).flatten();
            Arm { name: variant.name.clone(), shown, reached, apart }
        })
        .collect();
    let verdict = verdict(&arms, &sizes, missing);
    (arms, verdict)
}

fn verdict(arms: &[Arm], sizes: &[(u64, f64)], missing: u64) -> Verdict {
    if is_uneven(sizes) {
        return Verdict::Uneven;
    }
    if missing > 0 {
        return Verdict::TooEarly { missing };
    }
    let known = || arms.iter().enumerate().filter_map(|(place, arm)| Some((place, arm.apart?)));
    let better = known().filter(|(_, (low, _, _))| *low > 0.0).max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
    let worse = known().filter(|(_, (_, _, high))| *high < 0.0).min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
    match (better, worse) {
        (Some((place, _)), _) => Verdict::Better(place),
        (None, Some((place, _))) => Verdict::Worse(place),
        (None, None) => Verdict::NoDifference,
    }
}

impl Verdict {
    /// It in words, and the tone of the notice that says it.
    pub(super) fn words(&self, arms: &[Arm]) -> (&'static str, String) {
        let name = |place: usize| arms.get(place).map(|arm| arm.name.as_str()).unwrap_or_default();
        match self {
            Self::TooEarly { missing } => {
                let count = shell::page::count(*missing as i64);
                ("info", format!("Too early to say. {count} more visitors are needed of the wording that has the fewest."))
            }
            Self::Uneven => (
                "risk",
                "The groups are not as large as the draw makes them, so their shares cannot be compared. Something else decides who \
                 sees which wording: stop the experiment and look for it."
                    .to_owned(),
            ),
            Self::NoDifference => {
                ("info", "No difference was found that chance does not explain. Keep what stands now.".to_owned())
            }
            Self::Better(place) => {
                ("won", format!("“{}” does better than what stands now. Stop the experiment and write it into the page.", name(*place)))
            }
            Self::Worse(place) => ("wait", format!("“{}” does worse than what stands now, and none does better.", name(*place))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(count: usize) -> Vec<Variant> {
        (0..count)
            .map(|n| Variant { name: format!("wording {n}"), weight: 1, fields: serde_json::Value::Null })
            .collect()
    }

    #[test]
    fn nothing_is_said_before_there_are_enough() {
        let (arms, verdict) = judge(&variants(2), &[(1_000, 100), (990, 300)], 1_000);
        assert_eq!(verdict, Verdict::TooEarly { missing: 10 });
        assert!(arms.iter().all(|arm| arm.apart.is_none()));
        assert_eq!(judge(&variants(2), &[], 50).1, Verdict::TooEarly { missing: 50 });
    }

    #[test]
    fn a_difference_is_found_and_chance_is_not() {
        let (arms, verdict) = judge(&variants(2), &[(1_000, 100), (1_000, 180)], 1_000);
        assert_eq!(verdict, Verdict::Better(1));
        assert!(verdict.words(&arms).1.contains("“wording 1” does better"));
        assert_eq!(judge(&variants(2), &[(1_000, 100), (1_000, 105)], 1_000).1, Verdict::NoDifference);
        assert_eq!(judge(&variants(2), &[(1_000, 180), (1_000, 100)], 1_000).1, Verdict::Worse(1));
    }

    #[test]
    fn several_wordings_share_the_chance_of_an_error() {
        let counts = [(1_000, 100), (1_000, 129), (1_000, 100), (1_000, 100)];
        assert_eq!(judge(&variants(2), &counts[..2], 1_000).1, Verdict::Better(1));
        assert_eq!(judge(&variants(4), &counts, 1_000).1, Verdict::NoDifference);
    }

    #[test]
    fn groups_that_the_draw_did_not_make_stop_it() {
        assert_eq!(judge(&variants(2), &[(2_000, 100), (1_000, 180)], 1_000).1, Verdict::Uneven);
    }
}
