//! Keeps URLs that customers give us away from private networks and cloud metadata services. The check is made on
//! the resolved addresses, by the resolver that the connection then uses, so that a name cannot point elsewhere
//! between check and use. An address is refused unless it is known to be public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Why a customer's URL is refused; safe to show to the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("this is not a URL")]
    NotAUrl,
    #[error("only http and https URLs can be used")]
    Scheme,
    #[error("a URL with a user name or password cannot be used")]
    Credentials,
    #[error("this address is not on the public internet")]
    PrivateAddress,
}

/// Checks what can be seen in the URL itself; its host name is checked when it is resolved.
pub fn check(url: &str, allow_private: bool) -> Result<Url, Forbidden> {
    let url = Url::parse(url).map_err(|_| Forbidden::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Forbidden::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Forbidden::Credentials);
    }
    // `Url` has brought decimal, octal and hexadecimal forms of an address into the usual one.
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) if !allow_private && !is_public(address) => Err(Forbidden::PrivateAddress),
        _ => Ok(url),
    }
}

/// Resolves a URL's host and refuses it unless every address is public. For a check before the URL is stored; each
/// request is checked again by [`super::Http::public`].
pub async fn resolves_to_public(url: &str) -> Result<(), Forbidden> {
    let url = check(url, false)?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Forbidden::NotAUrl);
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    // A name that cannot be resolved now may be later; the request itself will tell.
    let Ok(mut addresses) = tokio::net::lookup_host((host, port)).await else { return Ok(()) };
    if addresses.all(|address| is_public(address.ip())) { Ok(()) } else { Err(Forbidden::PrivateAddress) }
}

/// True for an address that is reachable on the public internet and is no cloud's metadata service.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Azure's host endpoint: a public address that every virtual machine there can reach.
const AZURE_HOST: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special && address != AZURE_HOST
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // IPv4 in disguise: mapped, translated by NAT64,
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // and 6to4, which carries it in front.
        | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarking, ORCHID, documentation.
        [0x2001, 0 | 0xdb8 | 0x10..=0x3f, ..] | [0x2001, 2, 0, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Of the rest only global unicast is public.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

/// Resolves names to public addresses only.
#[derive(Clone, Debug)]
pub(super) struct PublicResolver {
    allow_private: bool,
}

impl PublicResolver {
    pub(super) fn new(allow_private: bool) -> Arc<Self> {
        Arc::new(Self { allow_private })
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            // One private address among public ones is an attack on a retry, not a mistake.
            if !allow_private && addresses.iter().any(|address| !is_public(address.ip())) {
                return Err(Forbidden::PrivateAddress.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1:8080/x",
            "http://169.254.169.254/latest/meta-data",
            "http://100.100.100.200/",
            "http://192.0.0.192/",
            "http://168.63.129.16/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:db8::1]/",
            "http://[::]/",
            "http://198.18.0.1/",
        ] {
            assert_eq!(check(url, false), Err(Forbidden::PrivateAddress), "{url}");
            assert!(check(url, true).is_ok(), "{url} when the operator allows it");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for url in
            ["https://8.8.8.8/hook", "https://[2606:4700::1111]/", "https://example.com/hook?x=1", "http://172.32.0.1/"]
        {
            assert!(check(url, false).is_ok(), "{url}");
        }
    }

    #[test]
    fn other_schemes_and_credentials_are_refused() {
        assert_eq!(check("file:///etc/passwd", false), Err(Forbidden::Scheme));
        assert_eq!(check("gopher://example.com/", false), Err(Forbidden::Scheme));
        assert_eq!(check("https://me:pw@example.com/", false), Err(Forbidden::Credentials));
        assert_eq!(check("not a url", false), Err(Forbidden::NotAUrl));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        assert_eq!(resolves_to_public("http://localhost:1/").await, Err(Forbidden::PrivateAddress));
    }
}
