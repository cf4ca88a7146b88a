//! How and when the person behind a session proved who they are.

use chrono::{DateTime, Utc};

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "single sign-on opens its sessions by this")]
pub(crate) enum Came {
    /// By their password, and their second factor if they have one.
    Password,
    /// By a passkey alone.
    Passkey,
    /// By the word of an organisation's identity provider, which counts for that organisation alone.
    Sso,
}

impl Came {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Sso => "sso",
        }
    }
}

/// When.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProvedAt {
    /// Just now.
    Now,
    /// In the session this one comes from.
    Before(Option<DateTime<Utc>>),
}

/// What a session rests on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    pub(crate) by: Came,
    pub(crate) at: ProvedAt,
}

impl Proof {
    /// A proof given just now.
    pub(crate) const fn now(by: Came) -> Self {
        Self { by, at: ProvedAt::Now }
    }
}
