//! Ranges of addresses, as access lists name them: `203.0.113.0/24`, `2001:db8::/32`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses. An IPv4 address inside IPv6 (`::ffff:…`) counts as the IPv4 address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// The first address; the bits behind the prefix are zero.
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// It does not read.
    #[error("is not an address or a range such as 203.0.113.0/24")]
    Unreadable,
    /// An address inside the range was given instead of its first.
    #[error("has bits behind the prefix; the range begins at {0}")]
    NotTheFirst(IpAddr),
}

impl Network {
    /// Whether an address lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && masked(address, self.prefix) == self.base
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let given: IpAddr = address.parse().map_err(|_| NotANetwork::Unreadable)?;
        let address = given.to_canonical();
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            // `+8` and `08` read as numbers and are slips.
            Some(digits) if digits.len() > 1 && digits.starts_with(['0', '+']) => return Err(NotANetwork::Unreadable),
            Some(digits) => digits.parse::<u8>().map_err(|_| NotANetwork::Unreadable)?,
        };
        // A prefix of a mapped address counts IPv6's bits; nobody means that.
        if prefix > longest || (given != address && text.contains('/')) {
            return Err(NotANetwork::Unreadable);
        }
        let base = masked(address, prefix);
        if base == address { Ok(Self { base, prefix }) } else { Err(NotANetwork::NotTheFirst(base)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.prefix == if self.base.is_ipv4() { 32 } else { 128 };
        if whole { write!(f, "{}", self.base) } else { write!(f, "{}/{}", self.base, self.prefix) }
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap_or_else(|error| panic!("{text} {error}"))
    }

    #[test]
    fn a_range_holds_its_own_addresses_and_no_others() {
        for (range, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("0.0.0.0/0", "198.51.100.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "2001:db8::1", "198.51.100.1"),
            ("198.51.100.0/31", "::ffff:198.51.100.1", "198.51.100.2"),
            ("::ffff:198.51.100.1", "198.51.100.1", "::1"),
        ] {
            let range = network(range);
            assert!(range.contains(inside.parse().expect("an address")), "{range} {inside}");
            assert!(!range.contains(outside.parse().expect("an address")), "{range} {outside}");
            assert_eq!(network(&range.to_string()), range);
        }
    }

    #[test]
    fn slips_are_refused_with_a_reason() {
        for slip in [
            "",
            "203.0.113",
            "203.0.113.0/33",
            "2001:db8::/129",
            "203.0.113.0/",
            "203.0.113.0/08",
            "a/8",
            "1.2.3.4/-1",
            "::ffff:10.0.0.0/104",
            "010.0.0.1",
        ] {
            assert_eq!(slip.parse::<Network>(), Err(NotANetwork::Unreadable), "{slip}");
        }
        let error = "203.0.113.7/24".parse::<Network>().expect_err("not the first");
        assert_eq!(error.to_string(), "has bits behind the prefix; the range begins at 203.0.113.0");
    }

    proptest! {
        #[test]
        fn the_range_of_an_address_holds_it(bits in any::<u128>(), v6 in any::<bool>(), prefix in 0u8..=128) {
            let address = if v6 { IpAddr::V6(bits.into()) } else { IpAddr::V4((bits as u32).into()) };
            let address = address.to_canonical();
            let prefix = if address.is_ipv4() { prefix % 33 } else { prefix };
            let range = network(&format!("{}/{prefix}", masked(address, prefix)));
            prop_assert!(range.contains(address));
        }
    }
}
