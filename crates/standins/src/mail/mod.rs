//! A mail server that keeps letters instead of carrying them: RFC 5321 as far as a client of ours may use it, and a page
//! that shows what arrived.
//!
//! It checks the dialogue (order, line ends, sizes, who may send) and the letter (headers once, lines short). The fault plan
//! names a step as `SMTP connect`, `SMTP EHLO`, `SMTP AUTH`, `SMTP MAIL`, `SMTP RCPT`, `SMTP DATA` or `SMTP letter` (the
//! end of the text): `Status` answers with that code, `Hang` never answers, `Close` hangs up, and `LoseAnswer` on `SMTP
//! letter` keeps the letter and hangs up instead of saying so.

mod letter;
mod page;
mod session;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use letter::Letter;

use crate::delivery::Courier;
use crate::server::{Handle, Shared, Standin, locked};

/// How the server is set up.
#[derive(Clone, Debug, Default)]
pub struct MailConfig {
    /// Who may send, by name and password; without it anybody.
    pub login: Option<(String, String)>,
    /// Where letters are taken; port 0 takes a free one.
    pub smtp_port: u16,
}

/// The server's world.
pub struct Mail {
    /// How it was set up.
    pub config: MailConfig,
    shared: Arc<Shared>,
    smtp: SocketAddr,
    kept: Mutex<Vec<Letter>>,
    stop: CancellationToken,
    _stops_with: DropGuard,
}

impl Standin for Mail {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl Mail {
    /// Starts a server: letters on a port of their own, the page on `bind`.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub async fn start(config: MailConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let listener = TcpListener::bind((bind.ip(), config.smtp_port)).await?;
        let stop = CancellationToken::new();
        let mail = Arc::new(Self {
            config,
            shared: Shared::new("mail", 0, wording),
            smtp: listener.local_addr()?,
            kept: Mutex::default(),
            stop: stop.clone(),
            _stops_with: stop.drop_guard(),
        });
        // Holds no strong count: the listener must not keep the world alive that stops it.
        tokio::spawn(session::listen(listener, Arc::downgrade(&mail), mail.stop.clone()));
        Handle::start(bind, Arc::clone(&mail), page::routes(mail)).await
    }

    /// Where letters are taken.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// Every letter, oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        locked(&self.kept).clone()
    }

    /// The letters to one address, oldest first.
    pub fn letters_to(&self, address: &str) -> Vec<Letter> {
        self.letters().into_iter().filter(|letter| letter.to.iter().any(|to| to == address)).collect()
    }

    /// Keeps a letter, or says why a mail server would bounce it.
    fn keep(&self, from: &str, to: &[String], raw: &[u8]) -> Result<(), String> {
        let mut kept = locked(&self.kept);
        let number = kept.len() as u64 + 1;
        kept.push(Letter::read(number, self.shared.clock.now_ms(), from, to, raw)?);
        self.shared.count("letters");
        Ok(())
    }
}

/// The page's own errors are plain.
fn wording(status: u16, name: Option<&str>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    (status, name.unwrap_or("planned").to_owned()).into_response()
}
