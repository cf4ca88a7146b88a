//! Networks by address and prefix (`192.0.2.0/24`), for lists of who may come from where.
//!
//! An IPv4 address written as IPv6 (`::ffff:192.0.2.1`), as a server listening on both sees it, is that IPv4 address: lists
//! and callers are both brought to the one form, so that neither slips past the other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It does not read.
    #[error("{0:?} is no address and no network such as 192.0.2.0/24 or 2001:db8::/32")]
    Unreadable(String),
    /// Bits are set beyond the prefix: it is not plain whether the one address or the whole network is meant.
    #[error("{given} is an address within {network}; write that, or the address alone")]
    HostBits {
        /// What was written.
        given: String,
        /// The network it lies in.
        network: Network,
    },
}

impl Network {
    /// Whether an address lies in it.
    pub fn contains(self, address: IpAddr) -> bool {
        Self::of(address.to_canonical(), self.prefix) == Some(self)
    }

    /// The network of an address; none when the prefix is longer than the address.
    fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(v4) => {
                let beyond = 32u32.checked_sub(u32::from(prefix))?;
                let mask = u32::MAX.checked_shl(beyond).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => {
                let beyond = 128u32.checked_sub(u32::from(prefix))?;
                let mask = u128::MAX.checked_shl(beyond).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
            }
        };
        Some(Self { address, prefix })
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let unreadable = || NetworkError::Unreadable(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let written: IpAddr = address.parse().map_err(|_| unreadable())?;
        let whole = if written.is_ipv4() { 32 } else { 128 };
        let mut prefix = match prefix {
            None => whole,
            // Digits alone: `parse` would take a sign.
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u8>().ok().filter(|prefix| *prefix <= whole).ok_or_else(unreadable)?
            }
            Some(_) => return Err(unreadable()),
        };
        let mut address = written;
        // A prefix shorter than 96 reaches beyond the IPv4 addresses: then it stays a network of IPv6.
        if written.is_ipv6() && written.to_canonical().is_ipv4() && prefix >= 96 {
            (address, prefix) = (written.to_canonical(), prefix - 96);
        }
        let network = Self::of(address, prefix).ok_or_else(unreadable)?;
        if network.address != address {
            return Err(NetworkError::HostBits { given: text.to_owned(), network });
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix == whole { write!(f, "{}", self.address) } else { write!(f, "{}/{}", self.address, self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect(text)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn an_address_is_in_the_networks_around_it() {
        for (net, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
            ("10.0.0.0/8", "::ffff:10.9.8.7", "::ffff:11.0.0.0"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.0"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"),
            ("::/0", "::1", "127.0.0.1"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ] {
            assert!(network(net).contains(ip(inside)), "{net} {inside}");
            assert!(!network(net).contains(ip(outside)), "{net} {outside}");
        }
    }

    #[test]
    fn what_is_not_plain_is_refused_with_what_to_write() {
        for wrong in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "::/129",
            "ten",
            "10.0.0/8",
            "1.1.1.1/8/8",
            " 10.0.0.1",
        ] {
            assert!(matches!(wrong.parse::<Network>(), Err(NetworkError::Unreadable(_))), "{wrong}");
        }
        let error = "10.1.2.3/8".parse::<Network>().expect_err("host bits");
        assert_eq!(error.to_string(), "10.1.2.3/8 is an address within 10.0.0.0/8; write that, or the address alone");
    }

    proptest! {
        #[test]
        fn a_network_reads_back_and_holds_its_own_addresses(bits: u128, prefix in 0u8..=128, v4: bool, other: u128) {
            let shrink = |bits: u128| bits as u32;
            let (address, prefix, other) = if v4 {
                (IpAddr::V4(Ipv4Addr::from_bits(shrink(bits))), prefix % 33, IpAddr::V4(Ipv4Addr::from_bits(shrink(other))))
            } else {
                (IpAddr::V6(Ipv6Addr::from_bits(bits)), prefix, IpAddr::V6(Ipv6Addr::from_bits(other)))
            };
            prop_assume!(address.to_canonical() == address && other.to_canonical() == other);
            let network = Network::of(address, prefix).expect("a network");
            prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            prop_assert!(network.contains(address));
            let whole = if v4 { 32 } else { 128 };
            let common = match (address, other) {
                (IpAddr::V4(one), IpAddr::V4(two)) => (one.to_bits() ^ two.to_bits()).leading_zeros(),
                (IpAddr::V6(one), IpAddr::V6(two)) => (one.to_bits() ^ two.to_bits()).leading_zeros(),
                _ => 0,
            };
            prop_assert_eq!(network.contains(other), common.min(whole) >= u32::from(prefix));
        }
    }
}
