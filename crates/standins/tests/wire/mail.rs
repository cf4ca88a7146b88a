//! The mail server, spoken to by hand.

use std::net::{Ipv4Addr, SocketAddr};

use standins::mail::{Mail, MailConfig};
use standins::{Fault, Handle, Rule};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const LETTER: &str = "From: a@example.com\r\nTo: b@example.com\r\nSubject: Hello\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n..A dot, then <b>words</b>.\r\n.\r\n";

async fn server(login: Option<(&str, &str)>) -> Handle<Mail> {
    let login = login.map(|(name, password)| (name.to_owned(), password.to_owned()));
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Mail::start(MailConfig { login, smtp_port: 0 }, free).await.expect("loopback ports are free")
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(mail: &Handle<Mail>) -> Self {
        let mut client = Self(BufReader::new(TcpStream::connect(mail.smtp()).await.unwrap()));
        assert_eq!(client.answer().await, "220");
        client
    }

    /// The code of an answer, all its lines read; empty when the server hung up.
    async fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return String::new();
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return line[..3].to_owned();
            }
        }
    }

    async fn raw(&mut self, text: &str) -> String {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
        self.answer().await
    }

    async fn say(&mut self, line: &str) -> String {
        self.raw(&format!("{line}\r\n")).await
    }

    async fn up_to_data(&mut self) -> String {
        self.say("EHLO example.com").await;
        self.say("MAIL FROM:<a@example.com>").await;
        self.say("RCPT TO:<b@example.com>").await;
        self.say("DATA").await
    }
}

#[tokio::test]
async fn a_letter_is_kept_and_shown_and_markup_in_it_is_only_words() {
    let mail = server(None).await;
    let mut client = Client::new(&mail).await;
    assert_eq!(client.up_to_data().await, "354");
    assert_eq!(client.raw(LETTER).await, "250");
    assert_eq!(client.say("QUIT").await, "221");
    let letters = mail.letters_to("b@example.com");
    assert_eq!((letters.len(), letters[0].text.as_str()), (1, ".A dot, then <b>words</b>."));
    assert_eq!((letters[0].from.as_str(), letters[0].subject()), ("a@example.com", "Hello"));
    let page = crate::http().get(mail.base_url()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Hello") && page.contains("&lt;b&gt;words"), "{page}");
    let (status, list) = crate::answer(crate::http().get(format!("{}/letters", mail.base_url()))).await;
    assert_eq!((status, list["data"][0]["to"][0].as_str()), (200, Some("b@example.com")));
}

#[tokio::test]
async fn the_order_of_the_dialogue_is_checked() {
    let mail = server(None).await;
    let mut client = Client::new(&mail).await;
    for (line, code) in [
        ("MAIL FROM:<a@example.com>", "503"),
        ("EHLO", "501"),
        ("EHLO example.com", "250"),
        ("RCPT TO:<b@example.com>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:a@example.com", "501"),
        ("MAIL FROM:<a@example.com> BODY=8BITMIME", "250"),
        ("MAIL FROM:<a@example.com>", "503"),
        ("RCPT TO:<b>", "501"),
        ("RCPT TO:<b@example.com>", "250"),
        ("AUTH PLAIN AAAA", "502"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("VRFY b", "500"),
        ("NOOP", "250"),
    ] {
        assert_eq!(client.say(line).await, code, "{line}");
    }
    assert!(mail.letters().is_empty());
}

#[tokio::test]
async fn bare_line_ends_bounce_and_hang_up() {
    let mail = server(None).await;
    let mut client = Client::new(&mail).await;
    client.up_to_data().await;
    assert_eq!(client.raw(&LETTER.replacen("\r\n", "\n", 1)).await, "554");
    assert_eq!(client.raw("NOOP\n").await, "500");
    assert_eq!(client.0.read(&mut [0; 8]).await.unwrap(), 0, "hung up");
    assert!(mail.letters().is_empty());
}

#[tokio::test]
async fn who_may_send_is_asked_by_either_mechanism() {
    let mail = server(Some(("recoup", "secret"))).await;
    let mut client = Client::new(&mail).await;
    client.say("EHLO example.com").await;
    assert_eq!(client.say("MAIL FROM:<a@example.com>").await, "530");
    // "\0recoup\0wrong" and "\0recoup\0secret"
    assert_eq!(client.say("AUTH PLAIN AHJlY291cAB3cm9uZw==").await, "535");
    assert_eq!(client.say("AUTH PLAIN AHJlY291cABzZWNyZXQ=").await, "235");
    assert_eq!(client.say("MAIL FROM:<a@example.com>").await, "250");
    let mut client = Client::new(&mail).await;
    client.say("EHLO example.com").await;
    assert_eq!(client.say("AUTH LOGIN").await, "334");
    assert_eq!(client.say("cmVjb3Vw").await, "334");
    assert_eq!(client.say("c2VjcmV0").await, "235");
}

#[tokio::test]
async fn the_plan_refuses_hangs_up_and_loses_the_answer() {
    let mail = server(None).await;
    let refuse = |status| Fault::Status { status, retry_after: None };
    mail.fail(Rule::next("SMTP RCPT", 1, refuse(451)));
    let mut client = Client::new(&mail).await;
    client.say("EHLO example.com").await;
    client.say("MAIL FROM:<a@example.com>").await;
    assert_eq!(client.say("RCPT TO:<b@example.com>").await, "451");
    assert_eq!(client.say("RCPT TO:<b@example.com>").await, "250");
    mail.fail(Rule::next("SMTP letter", 1, refuse(552)));
    assert_eq!(client.say("DATA").await, "354");
    assert_eq!(client.raw(LETTER).await, "552");
    assert!(mail.letters().is_empty());
    mail.fail(Rule::next("SMTP letter", 1, Fault::LoseAnswer));
    let mut client = Client::new(&mail).await;
    client.up_to_data().await;
    assert_eq!(client.raw(LETTER).await, "", "no answer");
    assert_eq!(mail.letters().len(), 1, "and yet kept");
    mail.fail(Rule::next("SMTP EHLO", 1, Fault::Close));
    let mut client = Client::new(&mail).await;
    assert_eq!(client.say("EHLO example.com").await, "");
}
