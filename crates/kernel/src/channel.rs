//! The kinds of channel that messages come through. It lives here, not in a room, because connectors, the inbox
//! and the ledger all name it; its text form is stored and shown in the API, so a variant is never renamed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

/// What a connected account speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    Facebook,
    Instagram,
    Whatsapp,
    X,
    Webchat,
    Email,
    Voice,
}

impl ChannelKind {
    /// Every kind, in the order pages list them.
    pub const ALL: [Self; 7] =
        [Self::Facebook, Self::Instagram, Self::Whatsapp, Self::X, Self::Webchat, Self::Email, Self::Voice];

    /// The stored and shown form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Whatsapp => "whatsapp",
            Self::X => "x",
            Self::Webchat => "webchat",
            Self::Email => "email",
            Self::Voice => "voice",
        }
    }

    /// Whether a person's id on it is personal by itself: a phone number or an address. Such an id is never kept in the open.
    pub const fn ids_are_personal(self) -> bool {
        matches!(self, Self::Whatsapp | Self::Email | Self::Voice)
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no channel that Recoup knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such channel: {0:?}")]
pub struct UnknownChannel(pub String);

impl FromStr for ChannelKind {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownChannel(text.chars().take(40).collect()))
    }
}

impl Type<Postgres> for ChannelKind {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        <str as Type<Postgres>>::compatible(ty)
    }
}

impl PgHasArrayType for ChannelKind {
    fn array_type_info() -> PgTypeInfo {
        <String as PgHasArrayType>::array_type_info()
    }

    fn array_compatible(ty: &PgTypeInfo) -> bool {
        <String as PgHasArrayType>::array_compatible(ty)
    }
}

impl Encode<'_, Postgres> for ChannelKind {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&str as Encode<Postgres>>::encode(self.as_str(), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for ChannelKind {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(<&str as Decode<Postgres>>::decode(value)?.parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_personal() {
        let personal: Vec<ChannelKind> = ChannelKind::ALL.into_iter().filter(|kind| kind.ids_are_personal()).collect();
        assert_eq!(personal, [ChannelKind::Whatsapp, ChannelKind::Email, ChannelKind::Voice]);
    }

    #[test]
    fn every_kind_has_one_text_form_in_display_parse_and_json() {
        for kind in ChannelKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            let json = serde_json::to_string(&kind).expect("a unit variant serialises");
            assert_eq!(json, format!("\"{kind}\""));
        }
        assert_eq!("Facebook".parse::<ChannelKind>(), Err(UnknownChannel("Facebook".into())));
    }
}
