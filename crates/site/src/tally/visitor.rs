//! Who visits, as far as it may be known: a network, a browser, where the visit came from. Pure.

use std::net::IpAddr;

use axum::extract::Query;
use axum::http::{HeaderMap, Uri, header};
use ring::hmac;
use serde_json::{Value, json};

use crate::visit::Visit;

/// What programs call themselves that are no visitors, in lower case.
const PROGRAMS: [&str; 16] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "fetch",
    "monitor",
    "curl",
    "wget",
    "python",
    "java/",
    "go-http",
    "headless",
    "lighthouse",
    "scan",
    "+http",
];
/// Characters kept of a word from outside, and of a path.
const WORD: usize = 60;
const PATH: usize = 200;
/// The length of the tokens in our links.
const TOKEN: usize = 26;

/// A visitor in memory, before the day's key makes a digest of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Who {
    /// The first 24 bits of an IPv4 address, or 48 of an IPv6 address.
    network: Vec<u8>,
    agent: String,
    pub(super) source: String,
    pub(super) device: &'static str,
}

impl Who {
    /// Who asks; none where nothing may be counted.
    pub(super) fn of(visit: &Visit) -> Option<Self> {
        let agent = visit.agent();
        if !visit.site.flags.analytics || refuses(&visit.headers) || is_program(agent) {
            return None;
        }
        Some(Self {
            network: visit.ip.map(network).unwrap_or_default(),
            agent: agent.chars().take(PATH).collect(),
            source: short(&Origin::of(visit)),
            device: device(agent),
        })
    }

    /// The visitor of a day, by the day's key.
    pub(super) fn digest(&self, key: &hmac::Key) -> Vec<u8> {
        let mut context = hmac::Context::with_key(key);
        context.update(&self.network);
        context.update(&[0]);
        context.update(self.agent.as_bytes());
        context.sign().as_ref()[..16].to_vec()
    }
}

/// Whether the browser says that it does not want to be counted, or only loads what nobody has asked for yet.
fn refuses(headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| headers.get(name).is_some_and(|value| value.as_bytes() == word.as_bytes());
    let ahead = headers.get("sec-purpose").and_then(|value| value.to_str().ok()).unwrap_or_default();
    says("dnt", "1") || says("sec-gpc", "1") || ahead.contains("prefetch")
}

fn is_program(agent: &str) -> bool {
    // A maker of phones has the word in its name.
    let agent = agent.to_lowercase().replace("cubot", "");
    agent.is_empty() || PROGRAMS.iter().any(|program| agent.contains(program))
}

fn device(agent: &str) -> &'static str {
    let agent = agent.to_lowercase();
    if agent.contains("ipad") || agent.contains("tablet") || (agent.contains("android") && !agent.contains("mobi")) {
        "tablet"
    } else if agent.contains("mobi") || agent.contains("iphone") {
        "phone"
    } else {
        "computer"
    }
}

fn network(ip: IpAddr) -> Vec<u8> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.octets()[..3].to_vec(),
        IpAddr::V6(ip) => ip.octets()[..6].to_vec(),
    }
}

/// Where a visit came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Origin {
    source: String,
    medium: String,
    campaign: String,
    /// The host of another site that linked here.
    referrer: String,
    /// The page of ours they came by.
    landing: String,
}

impl Origin {
    fn of(visit: &Visit) -> Self {
        let referer = visit.headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self::read(&visit.base, (&visit.path, &visit.query), referer)
    }

    fn read(base: &str, (path, query): (&str, &str), referer: &str) -> Self {
        let own = base.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        let from = referer.parse::<Uri>().ok();
        let inside = from.as_ref().filter(|uri| uri.host() == Some(own.as_str()));
        let outside = from.as_ref().filter(|_| inside.is_none()).and_then(Uri::host).unwrap_or_default();
        // A form is sent from a page of ours, whose own address says how somebody came to it.
        let here = Uri::builder().path_and_query(format!("/?{query}")).build().ok();
        let words =
            [here.as_ref(), inside].into_iter().flatten().map(pairs).find(|pairs| pairs.iter().any(is_campaign));
        let word = |name: &str| {
            let found = words.iter().flatten().find(|(key, _)| key == name);
            found.map(|(_, value)| clean(value)).unwrap_or_default()
        };
        Self {
            source: word("utm_source"),
            medium: word("utm_medium"),
            campaign: word("utm_campaign"),
            referrer: clean(outside.trim_start_matches("www.")),
            landing: place(inside.map_or(path, Uri::path)),
        }
    }
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

fn is_campaign((name, _): &(String, String)) -> bool {
    name.starts_with("utm_")
}

/// One line for it: the campaign, or the site that linked here; empty for those who came by themselves.
fn short(origin: &Origin) -> String {
    match (origin.source.as_str(), origin.campaign.as_str()) {
        ("", "") => origin.referrer.clone(),
        ("", word) | (word, "") => word.to_owned(),
        (source, campaign) => format!("{source} / {campaign}"),
    }
}

/// Where a visit came from, as inquiries and audits keep it.
pub(crate) fn source(visit: &Visit) -> Value {
    let Origin { source, medium, campaign, referrer, landing } = Origin::of(visit);
    json!({ "source": source, "medium": medium, "campaign": campaign, "referrer": referrer, "landing": landing })
}

/// A word from outside, short and without what could not be shown.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(WORD).collect();
    text.trim().to_lowercase()
}

/// The page of an address, without what would say whose it is. However it was written, it is one page.
pub(super) fn place(path: &str) -> String {
    let path = decoded(path);
    let is_token = |part: &str| part.len() == TOKEN && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let parts: Vec<&str> = path.split('/').map(|part| if is_token(part) { "…" } else { part }).collect();
    let path: String = parts.join("/").chars().filter(|letter| !letter.is_control()).take(PATH).collect();
    if path.is_empty() { "/".to_owned() } else { path }
}

/// A path with the bytes that its percent signs stand for.
fn decoded(path: &str) -> String {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let (bytes, mut out, mut at) = (path.as_bytes(), Vec::with_capacity(path.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match (*byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4) | low);
                at += 3;
            }
            (other, _, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://audit.test";

    #[test]
    fn programs_and_phones_are_told_apart() {
        let phone = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36";
        assert!(!is_program(phone));
        assert!(!is_program("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/99 Mobile"));
        assert!(is_program("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
        assert!(is_program(""));
        assert!(is_program("curl/8.5.0"));
        assert_eq!(device(phone), "phone");
        assert_eq!(device("Mozilla/5.0 (iPad; CPU OS 17_0)"), "tablet");
        assert_eq!(device("Mozilla/5.0 (X11; Linux x86_64)"), "computer");
    }

    #[test]
    fn a_network_is_a_part_of_an_address() {
        let short = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(short("203.0.113.9"), short("203.0.113.200"));
        assert_ne!(short("203.0.113.9"), short("203.0.114.9"));
        assert_eq!(short("::ffff:203.0.113.9"), short("203.0.113.1"));
        assert_eq!(short("2001:db8:1:2::1"), short("2001:db8:1:ffff::9"));
    }

    #[test]
    fn a_visit_knows_the_site_that_linked_here_and_the_campaign() {
        let linked = Origin::read(BASE, ("/roi", ""), "https://www.Example.org/some/page?q=private");
        assert_eq!((linked.referrer.as_str(), short(&linked).as_str()), ("example.org", "example.org"));
        let campaign = Origin::read(BASE, ("/", "utm_source=News&utm_campaign=June%0A"), "");
        assert_eq!(short(&campaign), "news / june");
        let sent = Origin::read(BASE, ("/contact", ""), "https://audit.test/audit?utm_source=partner");
        assert_eq!((sent.referrer.as_str(), sent.landing.as_str(), short(&sent).as_str()), ("", "/audit", "partner"));
        assert_eq!(short(&Origin::read(BASE, ("/", ""), "https://audit.test/about")), "");
    }

    #[test]
    fn a_page_is_counted_without_the_token_in_its_address() {
        assert_eq!(place("/audit/01jz4m6k2v8q3r5t7w9x1y3z5a/2"), "/audit/…/2");
        assert_eq!(place("/blog/a-long-title-of-a-post-about-calls"), "/blog/a-long-title-of-a-post-about-calls");
        assert_eq!(place(""), "/");
        assert_eq!(place("/%61udit/%301jz4m6k2v8q3r5t7w9x1y3z5a"), "/audit/…", "in other writing it is no other page");
        assert_eq!(place("/blog/tag/%E4%BA%88%E7%B4%84"), "/blog/tag/予約");
        assert_eq!(place("/%zz%4"), "/%zz%4");
    }
}
