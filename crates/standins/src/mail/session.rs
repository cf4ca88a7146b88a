//! One client's dialogue (RFC 5321, 8BITMIME and AUTH of RFC 4954).

use std::sync::{Arc, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::Mail;
use crate::server::faults::Fault;

/// The longest command line, with its end (RFC 5321, 4.5.3.1.4; credentials may be longer).
const LONGEST_LINE: u64 = 12_288;
/// The largest letter.
const LARGEST: usize = 1 << 20;
/// The most recipients of one letter.
const MOST: usize = 100;

/// Takes connections until the stand-in ends.
pub(super) async fn listen(listener: TcpListener, mail: Weak<Mail>, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (Ok((stream, _)), Some(mail)) = (stream, mail.upgrade()) else { return };
        let stop = stop.clone();
        tokio::spawn(async move {
            let shared = Arc::clone(&mail.shared);
            tokio::select! {
                () = stop.cancelled() => {}
                ended = Session::new(mail, stream).run() => if let Err(End::Broken(error)) = ended {
                    shared.count("broken");
                    tracing::debug!(%error, "standin.smtp_broken");
                }
            }
        });
    }
}

/// Why a dialogue ends.
enum End {
    /// By the plan, or after `QUIT`.
    Closed,
    /// The connection broke.
    Broken(std::io::Error),
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error)
    }
}

struct Session {
    mail: Arc<Mail>,
    stream: BufReader<TcpStream>,
    greeted: bool,
    known: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(mail: Arc<Mail>, stream: TcpStream) -> Self {
        let known = mail.config.login.is_none();
        Self { mail, stream: BufReader::new(stream), greeted: false, known, from: None, to: Vec::new() }
    }

    async fn run(mut self) -> Result<(), End> {
        self.mail.shared.count("connections");
        if self.planned("connect", "").await? {
            return Ok(());
        }
        self.say("220 standin.invalid ESMTP").await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let (verb, rest) = (verb.to_ascii_uppercase(), rest.trim().to_owned());
            if self.planned(&verb, &rest).await? {
                continue;
            }
            match verb.as_str() {
                "EHLO" => self.ehlo(&rest).await?,
                "HELO" => self.helo(&rest).await?,
                "AUTH" => self.auth(&rest).await?,
                "MAIL" => self.mail_from(&rest).await?,
                "RCPT" => self.rcpt_to(&rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.say("250 forgotten").await?;
                }
                "NOOP" => self.say("250 fine").await?,
                "QUIT" => {
                    self.say("221 goodbye").await?;
                    return Ok(());
                }
                _ => self.say("500 unknown command").await?,
            }
        }
    }

    /// Plays what the plan has for a step; whether it answered for us.
    async fn planned(&mut self, step: &str, about: &str) -> Result<bool, End> {
        match self.mail.shared.faults.draw("SMTP", step) {
            Some(Fault::Status { status, .. }) => {
                // Real servers repeat what they refuse.
                self.say(&format!("{status} 5.0.0 {about} is not wanted")).await?;
                Ok(true)
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Close | Fault::LoseAnswer) => Err(End::Closed),
            _ => Ok(false),
        }
    }

    async fn ehlo(&mut self, name: &str) -> Result<(), End> {
        if name.is_empty() {
            return self.say("501 say who you are").await;
        }
        self.greeted = true;
        self.forget();
        let auth = if self.mail.config.login.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
        self.say(&format!("250-standin.invalid\r\n250-8BITMIME\r\n{auth}250 SIZE {LARGEST}")).await
    }

    async fn helo(&mut self, name: &str) -> Result<(), End> {
        self.greeted = !name.is_empty();
        self.say(if self.greeted { "250 standin.invalid" } else { "501 say who you are" }).await
    }

    async fn auth(&mut self, rest: &str) -> Result<(), End> {
        let Some((name, password)) = self.mail.config.login.clone() else {
            return self.say("502 nobody needs to sign in").await;
        };
        if self.known || !self.greeted {
            return self.say("503 not now").await;
        }
        let (kind, first) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match kind.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer = if first.is_empty() { self.ask("").await? } else { first.to_owned() };
                let text = decoded(&answer);
                let mut parts = text.splitn(3, '\0').skip(1);
                (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned())
            }
            "LOGIN" => {
                let name = if first.is_empty() { self.ask("VXNlcm5hbWU6").await? } else { first.to_owned() };
                (decoded(&name), decoded(&self.ask("UGFzc3dvcmQ6").await?))
            }
            _ => return self.say("504 PLAIN or LOGIN").await,
        };
        self.known = given == (name, password);
        self.mail.shared.count(if self.known { "signed_in" } else { "refused" });
        self.say(if self.known { "235 welcome" } else { "535 5.7.8 name or password is wrong" }).await
    }

    async fn mail_from(&mut self, rest: &str) -> Result<(), End> {
        if !self.greeted || self.from.is_some() {
            return self.say("503 not now").await;
        }
        if !self.known {
            return self.say("530 5.7.0 sign in first").await;
        }
        let Some(address) = path(rest, "FROM:") else { return self.say("501 no address").await };
        self.from = Some(address);
        self.say("250 who to?").await
    }

    async fn rcpt_to(&mut self, rest: &str) -> Result<(), End> {
        if self.from.is_none() {
            return self.say("503 from whom?").await;
        }
        if self.to.len() == MOST {
            return self.say("452 too many").await;
        }
        match path(rest, "TO:").filter(|address| address.contains('@')) {
            Some(address) => {
                self.to.push(address);
                self.say("250 noted").await
            }
            None => self.say("501 no address").await,
        }
    }

    async fn data(&mut self) -> Result<(), End> {
        if self.to.is_empty() {
            return self.say("503 to whom?").await;
        }
        self.say("354 go on, end with a dot").await?;
        let raw = self.text().await?;
        let fault = self.mail.shared.faults.draw("SMTP", "letter");
        match fault {
            Some(Fault::Status { status, .. }) => return self.say(&format!("{status} 5.0.0 not this letter")).await,
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Close) => return Err(End::Closed),
            _ => {}
        }
        let from = self.from.take().unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        match raw.and_then(|raw| self.mail.keep(&from, &to, &raw)) {
            Ok(()) if matches!(fault, Some(Fault::LoseAnswer)) => Err(End::Closed),
            Ok(()) => self.say("250 kept").await,
            Err(reason) => {
                self.mail.shared.count("bounced");
                self.say(&format!("554 5.6.0 {reason}")).await
            }
        }
    }

    /// The text of a letter up to the lone dot, its doubled dots single again. What breaks the rules is read to the end too.
    async fn text(&mut self) -> Result<Result<Vec<u8>, String>, End> {
        let (mut raw, mut wrong) = (Vec::new(), None);
        loop {
            let mut line = Vec::new();
            let read = (&mut self.stream).take(LARGEST as u64).read_until(b'\n', &mut line).await?;
            if read == 0 {
                return Err(End::Closed);
            }
            if line == b".\r\n" {
                return Ok(wrong.map_or(Ok(raw), Err));
            }
            let bare = !line.ends_with(b"\r\n") || line[..line.len() - 2].contains(&b'\r');
            if bare {
                wrong.get_or_insert_with(|| "a line ends without CR and LF".to_owned());
            }
            if line.len() > 1000 {
                wrong.get_or_insert_with(|| "a line is longer than 998 characters".to_owned());
            }
            if raw.len() + line.len() > LARGEST {
                wrong.get_or_insert_with(|| "too large".to_owned());
            } else {
                raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn ask(&mut self, challenge: &str) -> Result<String, End> {
        self.say(&format!("334 {challenge}")).await?;
        self.line().await
    }

    async fn line(&mut self) -> Result<String, End> {
        let mut line = Vec::new();
        let read = (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Err(End::Closed);
        }
        let Some(line) = line.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\r')) else {
            self.mail.shared.count("bare_line_ends");
            self.say("500 lines end with CR and LF").await?;
            return Err(End::Closed);
        };
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    async fn say(&mut self, words: &str) -> Result<(), End> {
        Ok(self.stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await?)
    }
}

/// The address in `FROM:<…>` or `TO:<…>`, whatever parameters follow it.
fn path(rest: &str, word: &str) -> Option<String> {
    let (head, rest) = rest.split_at_checked(word.len())?;
    let (address, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let plain = !address.contains(|c: char| c.is_whitespace() || c == '<');
    (head.eq_ignore_ascii_case(word) && plain).then(|| address.to_owned())
}

fn decoded(answer: &str) -> String {
    STANDARD.decode(answer).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
