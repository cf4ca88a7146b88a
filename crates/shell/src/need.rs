//! What a signed-in or half-signed-in caller has to do before a request is served.
//!
//! A program reads the code and the details and calls what they name; a person is led to the page for it.

use axum::http::StatusCode;

/// Something that comes before what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The person proves again who they are: the last proof is older than [`crate::auth::FRESH`].
    Verify,
    /// The password was right; the second step of the sign-in is outstanding.
    SecondFactor,
    /// The organisation asks everybody for a second factor, and this person has none.
    SetUpFactor,
}

impl Need {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::SecondFactor => StatusCode::UNAUTHORIZED,
            Self::Verify | Self::SetUpFactor => StatusCode::FORBIDDEN,
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Verify => "step_up_required",
            Self::SecondFactor => "second_factor_required",
            Self::SetUpFactor => "second_factor_setup_required",
        }
    }

    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Verify => {
                "this needs a fresh proof that it is you; nothing was changed: prove it and repeat the step"
            }
            Self::SecondFactor => "the password is right; now the second factor",
            Self::SetUpFactor => "your organisation asks everybody for a second factor; set one up to go on",
        }
    }

    /// What a program does about it.
    pub(crate) const fn hint(self) -> (&'static str, &'static str) {
        match self {
            Self::Verify => ("verify", "POST /v2/auth/verify"),
            Self::SecondFactor => ("second_factor", "POST /v2/auth/login/second-factor"),
            Self::SetUpFactor => ("second_factor", "POST /v2/auth/totp or POST /v2/auth/passkeys/options"),
        }
    }

    /// The page where a person does it; those that lead back take `?next=`.
    pub(crate) const fn page(self) -> (&'static str, bool) {
        match self {
            Self::Verify => ("/verify", true),
            Self::SecondFactor => ("/sign-in/second-factor", false),
            Self::SetUpFactor => ("/settings/profile", false),
        }
    }
}
