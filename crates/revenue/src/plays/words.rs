//! A play's reading in words: what is known, what is not, and what it would take.

use shell::page::{amount, count};
use stats::experiment::{ARM_MIN, Effect, Known, PAYERS_MIN, TooFew};

/// The sentence over the read-out. An increase is claimed only where the whole interval lies above zero.
pub(super) fn sentence(effect: &Effect, currency: &str) -> String {
    match effect.known {
        Ok(known) => told(&known, currency),
        Err(TooFew::Units) => {
            let (treated, held) = (effect.treated.units as i64, effect.held.units as i64);
            format!(
                "Too early to say: {} leads were treated and {} held back, and each side needs {ARM_MIN}.",
                count(treated),
                count(held)
            )
        }
        Err(TooFew::Payers) => {
            let payers = effect.treated.payers + effect.held.payers;
            format!("Too early to say: {payers} of the leads paid so far, and {PAYERS_MIN} are needed.")
        }
        Err(TooFew::Spread) => "Every lead paid the same, so that no difference can be measured.".to_owned(),
    }
}

fn told(known: &Known, currency: &str) -> String {
    let money = |value: f64| amount(value.round() as i64, currency);
    let between = format!("between {} and {} (95 %)", money(known.low), money(known.high));
    if known.is_increase() {
        format!("The play brought in {} more than would have come without it, {between}.", money(known.total))
    } else if known.high < 0.0 {
        format!("The play brought in less than would have come without it: {}, {between}.", money(known.total))
    } else {
        format!(
            "No effect is shown yet: the difference is {}, {between}. With as many leads, a true effect of {} would be found \
             four times of five.",
            money(known.total),
            money(known.detectable)
        )
    }
}

#[cfg(test)]
mod tests {
    use stats::experiment::{Arm, Effect, Known, TooFew};

    use super::sentence;

    fn effect(known: Result<Known, TooFew>) -> Effect {
        let arm = |units, payers| Arm { units, payers, total: 1_000.0 };
        Effect { treated: arm(900, 90), held: arm(100, 8), known }
    }

    fn known(low: f64, high: f64) -> Known {
        let total = f64::midpoint(low, high);
        Known { total, low, high, standard_error: 1.0, detectable: 280_000.0, theta: 0.0, strata: 3 }
    }

    #[test]
    fn nothing_is_claimed_that_the_interval_does_not_say() {
        let open = sentence(&effect(Ok(known(-50_000.0, 90_000.0))), "USD");
        assert!(open.starts_with("No effect is shown yet") && open.contains("$2,800"), "{open}");
        assert!(!open.contains("more than"), "{open}");
        let won = sentence(&effect(Ok(known(50_000.0, 90_000.0))), "USD");
        assert!(won.contains("$700 more") && won.contains("between $500 and $900"), "{won}");
        assert!(sentence(&effect(Ok(known(-90_000.0, -50_000.0))), "USD").contains("less than"));
        assert!(sentence(&effect(Err(TooFew::Units)), "USD").contains("Too early"));
    }
}
