//! One question to the domain name system: the TXT records of a name.
//!
//! Asked over TCP: an answer over UDP can be forged by somebody who does not see the question, and this answer decides whose
//! domain it is. A resolver crate would bring caches, UDP, TLS and DNSSEC that nothing here needs.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::secrets;

/// For one server, from the connection to the answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Types and classes (RFC 1035).
const TXT: u16 = 16;
const INTERNET: u16 = 1;
/// "A question, recursion desired": flags of the header.
const ASK: u16 = 0x0100;
const ANSWER: u16 = 0x8000;
const NO_SUCH_NAME: u16 = 3;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DnsError {
    /// The text is no name.
    #[error("this is not a domain name")]
    NotAName,
    /// `/etc/resolv.conf` names none, and none is configured.
    #[error("this machine knows no name server; set RECOUP__SSO__NAMESERVER")]
    NoServer,
    /// Nobody answers over TCP.
    #[error("the name server {0} does not answer over TCP")]
    Away(SocketAddr),
    /// The server answers that it cannot answer.
    #[error("the name server {0} answers with error {1}")]
    Refused(SocketAddr, u16),
    /// The answer is not one.
    #[error("the name server {0} answers nonsense")]
    Nonsense(SocketAddr),
}

/// The TXT records of a name, each with its pieces joined; empty when the name has none or does not exist.
pub(crate) async fn txt(name: &str, server: Option<SocketAddr>) -> Result<Vec<String>, DnsError> {
    let labels = encoded(name).ok_or(DnsError::NotAName)?;
    let servers = if let Some(server) = server {
        vec![server]
    } else {
        listed(&tokio::fs::read_to_string("/etc/resolv.conf").await.unwrap_or_default())
    };
    let mut last = DnsError::NoServer;
    for server in servers.into_iter().take(3) {
        match tokio::time::timeout(PATIENCE, ask(&labels, server)).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => last = error,
            Err(_) => last = DnsError::Away(server),
        }
    }
    Err(last)
}

async fn ask(labels: &[u8], server: SocketAddr) -> Result<Vec<String>, DnsError> {
    let id = secrets::random::<2>().map_err(|_| DnsError::Away(server))?;
    let mut question = Vec::with_capacity(labels.len() + 16);
    question.extend(id);
    for word in [ASK, 1, 0, 0, 0] {
        question.extend(word.to_be_bytes());
    }
    question.extend(labels);
    question.extend([TXT, INTERNET].map(u16::to_be_bytes).concat());
    let answer = exchange(&question, server).await.map_err(|_| DnsError::Away(server))?;
    read(&answer, &question).map_err(|code| match code {
        Some(code) => DnsError::Refused(server, code),
        None => DnsError::Nonsense(server),
    })
}

/// Sends a message and reads one, each behind its length.
async fn exchange(question: &[u8], server: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let mut framed = (question.len() as u16).to_be_bytes().to_vec();
    framed.extend(question);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// The texts in an answer to our question; the error is the server's code, or none when the answer does not read.
fn read(answer: &[u8], question: &[u8]) -> Result<Vec<String>, Option<u16>> {
    let word = |at: usize| answer.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]])).ok_or(None);
    if answer.get(..2) != question.get(..2) || word(2)? & ANSWER == 0 || word(4)? != 1 {
        return Err(None);
    }
    // The question comes back as it was asked, up to the case of its letters.
    let asked = answer.get(12..question.len()).ok_or(None)?;
    if !asked.eq_ignore_ascii_case(&question[12..]) {
        return Err(None);
    }
    match word(2)? & 0x000f {
        0 => {}
        NO_SUCH_NAME => return Ok(Vec::new()),
        code => return Err(Some(code)),
    }
    let mut at = question.len();
    let mut texts = Vec::new();
    for _ in 0..word(6)? {
        at = after_name(answer, at).ok_or(None)?;
        let (kind, class, length) = (word(at)?, word(at + 2)?, usize::from(word(at + 8)?));
        at += 10;
        let data = answer.get(at..at + length).ok_or(None)?;
        at += length;
        if (kind, class) == (TXT, INTERNET) {
            texts.push(joined(data).ok_or(None)?);
        }
    }
    Ok(texts)
}

/// Where a name ends: at its empty label, or at a pointer to an earlier one.
fn after_name(answer: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *answer.get(at)? {
            0 => return Some(at + 1),
            length if length >= 0xc0 => return Some(at + 2),
            length if length < 0x40 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}

fn joined(mut data: &[u8]) -> Option<String> {
    let mut text = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (piece, after) = rest.split_at_checked(usize::from(*length))?;
        text.extend(piece);
        data = after;
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// A name as the wire has it; letters outside ASCII as punycode.
fn encoded(name: &str) -> Option<Vec<u8>> {
    let url = kernel::http::Url::parse(&format!("http://{name}/")).ok()?;
    let host = url.host_str().filter(|host| host.parse::<IpAddr>().is_err())?;
    let mut wire = Vec::with_capacity(host.len() + 2);
    for label in host.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?;
        wire.push(length);
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    (wire.len() <= 255).then_some(wire)
}

/// The servers a `resolv.conf` names.
fn listed(text: &str) -> Vec<SocketAddr> {
    let addresses = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    addresses.filter_map(|rest| Some(SocketAddr::new(rest.trim().parse().ok()?, 53))).collect()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A name server for one question, answering with the given code and records after `name`.
    async fn server(code: u16, records: Vec<(u16, Vec<u8>)>, meddle: fn(&mut Vec<u8>)) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let length = stream.read_u16().await.expect("a length");
            let mut question = vec![0; usize::from(length)];
            stream.read_exact(&mut question).await.expect("a question");
            let mut answer = question.clone();
            answer[2..4].copy_from_slice(&(0x8180 | code).to_be_bytes());
            answer[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
            for (kind, data) in records {
                answer.extend([0xc0, 12]);
                answer.extend([kind, INTERNET].map(u16::to_be_bytes).concat());
                answer.extend([0, 0, 0, 60]);
                answer.extend((data.len() as u16).to_be_bytes());
                answer.extend(data);
            }
            meddle(&mut answer);
            stream.write_all(&(answer.len() as u16).to_be_bytes()).await.expect("sent");
            stream.write_all(&answer).await.expect("sent");
        });
        address
    }

    fn text(pieces: &[&str]) -> Vec<u8> {
        pieces.iter().flat_map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat()).collect()
    }

    #[tokio::test]
    async fn the_texts_of_a_name_are_found_among_other_records() {
        let alias = (5, b"\x03www\x07example\x03com\x00".to_vec());
        let records = vec![alias, (TXT, text(&["v=spf1 -all"])), (TXT, text(&["recoup-", "verification=x"]))];
        let at = server(0, records, |_| {}).await;
        assert_eq!(txt("Example.COM", Some(at)).await, Ok(vec!["v=spf1 -all".into(), "recoup-verification=x".into()]));
        let at = server(NO_SUCH_NAME, Vec::new(), |_| {}).await;
        assert_eq!(txt("example.com", Some(at)).await, Ok(Vec::new()));
        let at = server(2, Vec::new(), |_| {}).await;
        assert_eq!(txt("example.com", Some(at)).await, Err(DnsError::Refused(at, 2)));
    }

    #[tokio::test]
    async fn an_answer_to_another_question_or_cut_short_is_nonsense() {
        let meddlings: [fn(&mut Vec<u8>); 4] = [
            |answer| answer[0] ^= 1,
            |answer| answer[13] = b'x',
            |answer| answer.truncate(answer.len() - 1),
            |answer| answer[2] = 0,
        ];
        for meddle in meddlings {
            let at = server(0, vec![(TXT, text(&["a"]))], meddle).await;
            assert_eq!(txt("example.com", Some(at)).await, Err(DnsError::Nonsense(at)));
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
        assert_eq!(txt("example.com", Some(gone)).await, Err(DnsError::Away(gone)));
    }

    #[test]
    fn names_are_encoded_and_servers_read() {
        assert_eq!(encoded("müller.example"), Some(b"\x0dxn--mller-kva\x07example\x00".to_vec()));
        for bad in ["", "127.0.0.1", "a..b", "a b.example", &"x".repeat(64)] {
            assert_eq!(encoded(bad), None, "{bad}");
        }
        let found = listed("# x\nsearch a\nnameserver 9.9.9.9\nnameserver ::1\nnameserver nonsense");
        assert_eq!(found, ["9.9.9.9:53".parse().expect("v4"), "[::1]:53".parse().expect("v6")]);
    }
}
