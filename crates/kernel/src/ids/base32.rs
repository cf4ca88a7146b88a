//! Crockford base32 of 128 bits: 26 characters, lower case, no i, l, o or u.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes 128 bits as 26 characters that sort as the bits do.
pub fn encode(bits: u128) -> String {
    (0..26).map(|place| ALPHABET[(bits >> ((25 - place) * 5)) as usize & 31] as char).collect()
}

/// Reads 26 characters back; `None` for another length, another letter or a value over 128 bits.
pub fn decode(text: &str) -> Option<u128> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
        Some((bits << 5) | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_the_extremes() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef] {
            assert_eq!(decode(&encode(bits)), Some(bits));
        }
        assert_eq!(decode("80000000000000000000000000"), None);
        assert_eq!(decode("é0000000000000000000000000"), None);
    }
}
