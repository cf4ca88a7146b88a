//! How visitors are shared out between wordings: whole percents that add up to 100, for what stands now first. Pure.

use std::cmp::Reverse;

use shell::Detail;

/// The percents of weights, whatever these add up to: what rounding leaves over goes where most was cut off, the first of equals first.
pub(super) fn percents(weights: &[u16]) -> Vec<u16> {
    let sum: u32 = weights.iter().copied().map(u32::from).sum();
    if sum == 0 {
        return weights.to_vec();
    }
    let mut parts: Vec<u16> = weights.iter().map(|weight| (u32::from(*weight) * 100 / sum) as u16).collect();
    let left = 100_u16.saturating_sub(parts.iter().sum());
    let mut places: Vec<usize> = (0..weights.len()).collect();
    places.sort_by_key(|place| Reverse(u32::from(weights[*place]) * 100 % sum));
    for place in places.into_iter().take(usize::from(left)) {
        parts[place] += 1;
    }
    parts
}

/// All alike, as far as whole percents go.
pub(super) fn even(count: usize) -> Vec<u16> {
    percents(&vec![1; count])
}

/// The percents that were typed, by the numbers of their fields, that of the page as it is first. With none typed all are alike; the
/// page as it is may be left open, and gets what the others leave.
pub(super) fn read(given: &[(u8, &str)], wrong: &mut Vec<Detail>) -> Vec<u16> {
    let even = even(given.len());
    let Some(((_, own), others)) = given.split_first() else { return even };
    if given.iter().all(|(_, text)| text.trim().is_empty()) {
        return even;
    }
    let before = wrong.len();
    let mut shares = vec![0];
    for (place, text) in others {
        shares.push(percent(&format!("share_{place}"), text, wrong));
    }
    let sum: u32 = shares.iter().copied().map(u32::from).sum();
    if !own.trim().is_empty() {
        shares[0] = percent("share_0", own, wrong);
        let all = sum + u32::from(shares[0]);
        if wrong.len() == before && all != 100 {
            wrong.push(Detail::new("share_0", format!("and the other shares add up to {all}, not to 100")));
        }
    } else if sum < 100 {
        shares[0] = (100 - sum) as u16;
    } else {
        wrong.push(Detail::new("share_0", format!("has nothing left: the other shares add up to {sum}")));
    }
    if wrong.len() == before { shares } else { even }
}

fn percent(field: &str, text: &str, wrong: &mut Vec<Detail>) -> u16 {
    let number = text.trim().trim_end_matches('%').trim().parse::<u16>().ok();
    number.filter(|number| (1..=99).contains(number)).unwrap_or_else(|| {
        wrong.push(Detail::new(field, "is a whole number of percent from 1 to 99"));
        1
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(given: &[&str]) -> Result<Vec<u16>, String> {
        let mut wrong = Vec::new();
        let given: Vec<(u8, &str)> = (0..).zip(given.iter().copied()).collect();
        let shares = read(&given, &mut wrong);
        wrong.first().map_or(Ok(shares), |first| Err(first.field.clone()))
    }

    #[test]
    fn shares_are_typed_left_open_or_all_alike() {
        assert_eq!(typed(&["", ""]), Ok(vec![50, 50]));
        assert_eq!(typed(&["", "", ""]), Ok(vec![34, 33, 33]));
        assert_eq!(typed(&["80", " 20 % "]), Ok(vec![80, 20]));
        assert_eq!(typed(&["", "20", "5"]), Ok(vec![75, 20, 5]));
        for (given, field) in [
            (&["80", "30"][..], "share_0"),
            (&["", "60", "40"][..], "share_0"),
            (&["50", ""][..], "share_1"),
            (&["50", "25", "12.5"][..], "share_2"),
            (&["100", "0"][..], "share_1"),
            (&["many", "10"][..], "share_0"),
        ] {
            assert_eq!(typed(given), Err(field.to_owned()), "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn percents_add_up_and_stay_near_their_weights(weights in proptest::collection::vec(1_u16..=1_000, 1..5)) {
            let parts = percents(&weights);
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            prop_assert_eq!(parts.iter().sum::<u16>(), 100);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((f64::from(*part) - f64::from(*weight) * 100.0 / sum).abs() < 1.0);
            }
            prop_assert_eq!(percents(&parts), parts);
        }
    }
}
