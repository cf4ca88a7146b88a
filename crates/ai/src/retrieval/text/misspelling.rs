//! Slips of the thumb: close enough to be the same word.

/// One letter more, fewer, other or swapped, in words of five letters or more that begin alike.
pub fn is_misspelling(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() < 5 || long.len() - short.len() > 1 || short[0] != long[0] || short.iter().any(char::is_ascii_digit)
    {
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
}
