//! The mail server that carries our letters: resets, invitations, notices.

use lettre::message::Mailbox;
use serde::Deserialize;

use super::Secret;

/// How letters leave. Without a host none do, and the pages say so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `RECOUP__MAIL__HOST`: the server that takes our letters; empty, no mail is sent.
    pub host: String,
    /// `RECOUP__MAIL__PORT`: by default what belongs to the kind of encryption.
    pub port: Option<u16>,
    /// `RECOUP__MAIL__USERNAME`: who we sign in as; empty, the server takes letters without.
    pub username: String,
    /// `RECOUP__MAIL__PASSWORD`: its password.
    pub password: Secret,
    /// `RECOUP__MAIL__TLS`: how the connection is encrypted.
    pub tls: MailTls,
    /// `RECOUP__MAIL__FROM`: the sender, such as `Recoup <recoup@example.com>`.
    pub from: String,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Begins in the clear and must switch to TLS before anything is said.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all: for a server on this machine or in a network of one's own.
    None,
}

impl MailConfig {
    /// Whether letters can be sent.
    pub fn is_set(&self) -> bool {
        !self.host.is_empty()
    }

    /// The port that is spoken to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::StartTls => 587,
            MailTls::Implicit => 465,
            MailTls::None => 25,
        })
    }

    /// The sender.
    pub(crate) fn sender(&self) -> Option<Mailbox> {
        self.from.parse().ok()
    }

    /// What contradicts itself, in words.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !self.is_set() {
            return Ok(());
        }
        if self.sender().is_none() {
            return Err("RECOUP__MAIL__FROM must be an address, such as `Recoup <recoup@example.com>`");
        }
        if self.username.is_empty() != self.password.is_empty() {
            return Err("RECOUP__MAIL__USERNAME and RECOUP__MAIL__PASSWORD go together");
        }
        if self.tls == MailTls::None && !self.username.is_empty() && !self.is_near() {
            return Err(
                "RECOUP__MAIL__TLS is `none`, which would send the password readable; use `starttls` or `implicit`",
            );
        }
        Ok(())
    }

    /// Whether the server is on this machine.
    fn is_near(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn a_server_needs_a_sender_both_credentials_and_encryption_for_them() {
        let host = ("RECOUP__MAIL__HOST", "smtp.example.com");
        let from = ("RECOUP__MAIL__FROM", "Recoup <recoup@example.com>");
        let (name, password) = (("RECOUP__MAIL__USERNAME", "recoup"), ("RECOUP__MAIL__PASSWORD", "1234"));
        assert!(!Config::from_vars([]).expect("nothing set").mail.is_set());
        assert_eq!(Config::from_vars([host, from]).expect("a relay").mail.port(), 587);
        let port = ("RECOUP__MAIL__PORT", "2525");
        let whole = Config::from_vars([host, from, name, password, port]).expect("all of it");
        assert_eq!((whole.mail.port(), whole.mail.password.reveal()), (2525, "1234"));
        assert!(!format!("{whole:?}").contains("1234"));
        let refused = |error: super::super::ConfigError| error.to_string();
        assert!(refused(Config::from_vars([host]).expect_err("no sender")).contains("FROM"));
        let bad = ("RECOUP__MAIL__FROM", "Recoup <a@example.com>\r\nBcc: b@example.com");
        assert!(refused(Config::from_vars([host, bad]).expect_err("a header")).contains("FROM"));
        assert!(refused(Config::from_vars([host, from, name]).expect_err("half")).contains("go together"));
        let open = ("RECOUP__MAIL__TLS", "none");
        assert!(refused(Config::from_vars([host, from, name, password, open]).expect_err("readable")).contains("TLS"));
        let near = ("RECOUP__MAIL__HOST", "127.0.0.1");
        Config::from_vars([near, from, name, password, open]).expect("the password stays on this machine");
    }
}
