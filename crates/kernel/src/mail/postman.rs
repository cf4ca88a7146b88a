//! Carries letters to the mail server, one connection a letter.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{BadLetter, Envelope, KIND, Letter, place};
use crate::config::{MailConfig, MailTls};
use crate::ids::LetterId;
use crate::queue::{Handler, Job, JobError};
use crate::{Clock, Kernel, vault::Vault};

/// How long carrying one letter may take, connecting included; below the lane's limit, so that the reason is ours.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(20);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Carries the letters of the queue.
pub struct Postman {
    vault: Vault,
    clock: Clock,
    /// The sender and the way out, or why there is none.
    way: Result<(Mailbox, Transport), String>,
    patience: Duration,
}

impl Postman {
    /// The postman of a process.
    pub fn new(kernel: &Kernel) -> Self {
        Self::with_patience(kernel, PATIENCE)
    }

    /// A postman who gives a letter this long.
    pub fn with_patience(kernel: &Kernel, patience: Duration) -> Self {
        let way = way(&kernel.config.mail);
        Self { vault: kernel.vault.clone(), clock: kernel.clock.clone(), way, patience }
    }

    /// Hands a letter to the mail server now: for jobs that keep count of what became of their letters. Given again under the same
    /// id, the second copy has the same `Message-ID`.
    pub async fn carry(&self, id: LetterId, letter: &Letter) -> Result<(), JobError> {
        let (from, transport) =
            self.way.as_ref().map_err(|reason| JobError::give_up(anyhow::anyhow!(reason.clone())))?;
        let message = message(from, id, letter, self.clock.now().into()).map_err(JobError::give_up)?;
        // The transport's own limit covers the connecting alone.
        match tokio::time::timeout(self.patience, transport.send(message)).await {
            Ok(sent) => sent.map(|_| ()).map_err(|error| failed(&error)),
            Err(_) => Err(JobError::retry(anyhow::anyhow!("the mail server did not answer in time"))),
        }
    }

    async fn opened(&self, job: &Job) -> Result<(LetterId, Letter), JobError> {
        let Envelope { letter, sealed } = job.parse()?;
        let sealed = STANDARD.decode(sealed).map_err(JobError::give_up)?;
        let keys = self.vault.of(job.org).await.map_err(JobError::retry)?;
        let plain = keys.open(&place(letter), &sealed).map_err(JobError::give_up)?;
        Ok((letter, serde_json::from_slice(&plain).map_err(JobError::give_up)?))
    }
}

#[async_trait]
impl Handler for Postman {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// May run again after a crash or a lost answer; the letter then comes twice, with the same `Message-ID`.
    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let (id, letter) = self.opened(job).await?;
        self.carry(id, &letter).await
    }
}

/// Whether the mail server answers and lets us in; the error says what it said.
pub async fn probe(config: &MailConfig) -> Result<(), String> {
    let (_, transport) = way(config)?;
    match tokio::time::timeout(CONNECTING, transport.test_connection()).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("the server closed the connection".to_owned()),
        Ok(Err(error)) => Err(reason(&error)),
        Err(_) => Err("the server does not answer in time".to_owned()),
    }
}

fn way(config: &MailConfig) -> Result<(Mailbox, Transport), String> {
    if !config.is_set() {
        return Err("no mail server is configured: set RECOUP__MAIL__HOST and RECOUP__MAIL__FROM".to_owned());
    }
    let from = config.sender().ok_or("RECOUP__MAIL__FROM is not an address")?;
    let parameters = || TlsParameters::new_rustls(config.host.clone()).map_err(|error| format!("TLS: {error}"));
    let tls = match config.tls {
        MailTls::StartTls => Tls::Required(parameters()?),
        MailTls::Implicit => Tls::Wrapper(parameters()?),
        MailTls::None => Tls::None,
    };
    let mut builder = Transport::builder_dangerous(&config.host)
        .port(config.port())
        .tls(tls)
        .timeout(Some(CONNECTING))
        .hello_name(ClientId::Domain(from.email.domain().to_owned()));
    if !config.username.is_empty() {
        let credentials = Credentials::new(config.username.clone(), config.password.reveal().to_owned());
        builder = builder.credentials(credentials).authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok((from, builder.build()))
}

fn message(from: &Mailbox, id: LetterId, letter: &Letter, at: SystemTime) -> Result<Message, BadLetter> {
    letter.check()?;
    // Told to programs that answer by themselves: do not (RFC 3834).
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let part = |kind, body: String| SinglePart::builder().header(kind).body(body);
    let said = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, letter.text.clone()))
        .singlepart(part(ContentType::TEXT_HTML, letter.page()));
    let mut whole = if letter.files.is_empty() { said } else { MultiPart::mixed().multipart(said) };
    for file in &letter.files {
        let kind = ContentType::parse(&file.kind).map_err(|_| BadLetter::Unwritable)?;
        whole = whole.singlepart(Attachment::new(file.name.clone()).body(file.bytes()?, kind));
    }
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, letter.address()?))
        .subject(letter.subject.clone())
        .date(at)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .raw_header(automatic)
        .multipart(whole)
        .map_err(|_| BadLetter::Unwritable)
}

/// What the server refused for good is not tried again, unless it refused us and not the letter: an operator mends that.
fn failed(error: &lettre::transport::smtp::Error) -> JobError {
    let words = anyhow::anyhow!("the mail server did not take the letter: {}", reason(error));
    let code = error.status().map_or(0, u16::from);
    let ours = matches!(code, 530 | 534 | 535 | 538);
    if error.is_permanent() && !ours { JobError::GiveUp(words) } else { JobError::Retry(words) }
}

/// An error with its causes, on one line, without addresses: it rests readable among the dead letters.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = cause.source();
    }
    without_addresses(&super::one_line(&words, 400))
}

fn without_addresses(text: &str) -> String {
    text.split(' ').map(|word| if word.contains('@') { "(address)" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_each_header_once_and_the_letters_own_id() {
        let from: Mailbox = "Recoup <recoup@example.com>".parse().expect("a sender");
        let id = LetterId::new(&Clock::system());
        let letter = Letter::new("dana@example.com", "Grüße").say("Guten Tag");
        let raw = message(&from, id, &letter, SystemTime::UNIX_EPOCH).expect("a message").formatted();
        let raw = String::from_utf8(raw).expect("seven bits");
        let head = raw.split("\r\n\r\n").next().expect("a head");
        for name in ["From: Recoup <recoup@example.com>", "To: dana@example.com", "Auto-Submitted: auto-generated"] {
            assert_eq!(head.matches(name).count(), 1, "{name} in {head}");
        }
        assert!(head.contains(&format!("Message-ID: <{id}@example.com>")), "{head}");
        assert!(head.contains("Date: Thu, 01 Jan 1970 00:00:00"), "{head}");
        assert!(raw.is_ascii());
    }

    #[test]
    fn a_file_goes_beside_what_is_said() {
        let from: Mailbox = "recoup@example.com".parse().expect("a sender");
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let file = crate::mail::Attachment::new("briefing.pdf", "application/pdf", &bytes);
        let letter = Letter::new("dana@example.com", "Briefing").say("Good morning").attach(file);
        let id = LetterId::new(&Clock::system());
        let raw = message(&from, id, &letter, SystemTime::UNIX_EPOCH).expect("a message").formatted();
        let raw = String::from_utf8(raw).expect("seven bits");
        for part in ["multipart/mixed", "multipart/alternative", "Content-Type: application/pdf", "briefing.pdf"] {
            assert!(raw.contains(part), "{part}: {raw}");
        }
        assert!(raw.contains(&STANDARD.encode(&bytes)[..60]), "{raw}");
    }

    #[test]
    fn a_reason_names_no_address() {
        assert_eq!(without_addresses("550 <dana@example.com>: no such user"), "550 (address) no such user");
    }
}
