//! Who we are to an authenticator: the host of the configured public address and its exact origin.

use shell::{App, AppError};

/// The relying party. Authenticators know hosts, not addresses: there is none when people reach us by an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    /// The host, to which passkeys are bound.
    pub(crate) id: String,
    /// What a browser must say the page was: scheme, host and port.
    pub(crate) origin: String,
}

impl Party {
    /// The relying party of this installation, or what the operator has to change.
    pub(crate) fn of(app: &App) -> Result<Self, AppError> {
        Self::at(&app.settings().public_url).ok_or_else(|| {
            AppError::conflict(
                "passkeys need Recoup at https:// and a host name; the operator sets it with RECOUP__HTTP__PUBLIC_URL",
            )
        })
    }

    /// The same from a public address. Browsers offer passkeys on `https` and on this machine itself; a loopback address
    /// stands for `localhost`.
    pub(crate) fn at(public_url: &str) -> Option<Self> {
        let (scheme, rest) = public_url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (authority.as_str(), ""),
        };
        let host = if matches!(host, "127.0.0.1" | "[::1]") { "localhost" } else { host };
        let named = !host.is_empty() && !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err();
        let safe = scheme == "https" || (scheme == "http" && host == "localhost");
        let usual = matches!((scheme, port), ("https", "443") | ("http", "80") | (_, ""));
        let origin = if usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        (named && safe).then(|| Self { id: host.to_owned(), origin })
    }
}

#[cfg(test)]
mod tests {
    use super::Party;

    fn at(url: &str) -> Option<(String, String)> {
        Party::at(url).map(|party| (party.id, party.origin))
    }

    #[test]
    fn the_party_is_the_host_and_the_origin_has_no_usual_port() {
        let pair = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
        assert_eq!(at("https://Recoup.Example"), pair("recoup.example", "https://recoup.example"));
        assert_eq!(at("https://recoup.example:443/x"), pair("recoup.example", "https://recoup.example"));
        assert_eq!(at("https://recoup.example:8443"), pair("recoup.example", "https://recoup.example:8443"));
        assert_eq!(at("http://127.0.0.1:8080"), pair("localhost", "http://localhost:8080"));
        assert_eq!(at("http://localhost:80"), pair("localhost", "http://localhost"));
    }

    #[test]
    fn there_is_none_where_browsers_offer_no_passkeys() {
        for url in
            ["http://recoup.example", "https://192.0.2.1", "https://[2001:db8::1]:8443", "ftp://x", "x", "https://"]
        {
            assert_eq!(at(url), None, "{url}");
        }
    }
}
