//! Slips of the thumb: close enough to be the same word.

/// One letter more, fewer, other or swapped, in words of five letters or more that begin alike.
pub fn is_misspelling(a: &str, b: &str) -> bool {
    // Most pairs of words end here: one slip changes the length by one character, which has at most four bytes.
    if a.as_bytes().first() != b.as_bytes().first() || a.len().min(b.len()) < 5 || a.len().abs_diff(b.len()) > 4 {
        return false;
    }
    if a.is_ascii() && b.is_ascii() {
        return is_slip(a.as_bytes(), b.as_bytes(), u8::is_ascii_digit);
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    is_slip(&a, &b, char::is_ascii_digit)
}

fn is_slip<T: PartialEq>(a: &[T], b: &[T], is_digit: fn(&T) -> bool) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < 5 || long.len() - short.len() > 1 || short[0] != long[0] || short.iter().any(is_digit) {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = |skip: usize| {
        short.iter().rev().zip(long.iter().rev()).take(short.len() - skip).take_while(|(x, y)| x == y).count()
    };
    if short.len() < long.len() {
        return head + tail(head) >= short.len();
    }
    let differing = short.len() - head - tail(head);
    differing == 1 || differing == 2 && short[head] == long[head + 1] && short[head + 1] == long[head]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_misspelling;

    #[test]
    fn one_slip_is_a_misspelling_and_two_are_not() {
        assert!(
            is_misspelling("whitening", "whitning")
                && is_misspelling("insurance", "insurence")
                && is_misspelling("dentist", "dnetist")
        );
        assert!(
            !is_misspelling("price", "prize2")
                && !is_misspelling("cat", "car")
                && !is_misspelling("whitening", "whtnng")
        );
        assert!(!is_misspelling("botox", "detox"));
    }

    /// The rule without shortcuts: the same first letter, no digit in the shorter, and one edit apart.
    fn slowly(a: &str, b: &str) -> bool {
        let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        if short.len() < 5 || short[0] != long[0] || short.iter().any(char::is_ascii_digit) {
            return false;
        }
        if short.len() == long.len() {
            let other: Vec<usize> = (0..short.len()).filter(|at| short[*at] != long[*at]).collect();
            return match other[..] {
                [_] => true,
                [x, y] => y == x + 1 && short[x] == long[y] && short[y] == long[x],
                _ => false,
            };
        }
        (0..long.len()).any(|at| [&long[..at], &long[at + 1..]].concat() == short)
    }

    proptest! {
        #[test]
        fn shortcuts_change_nothing(a in "[abé€𝒶1]{0,8}", b in "[abé€𝒶1]{0,8}") {
            prop_assert_eq!(is_misspelling(&a, &b), slowly(&a, &b));
        }

        #[test]
        fn slips_are_seen_in_any_script(a in "[abé€𝒶1]{4,8}", at in 0_usize..8, other in "[abé𝒶]?") {
            let chars: Vec<char> = a.chars().collect();
            let at = at.min(chars.len() - 1);
            let head: String = chars[..at].iter().collect();
            let tail: String = chars[at + 1..].iter().collect();
            let b = format!("{head}{other}{tail}");
            prop_assert_eq!(is_misspelling(&a, &b), slowly(&a, &b));
        }
    }
}
