//! The personal fields of a contact, sealed and fingerprinted.

use kernel::ids::ContactId;
use kernel::vault::{OrgVault, VaultError};

/// A personal field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name they show.
    Name,
    /// Their handle.
    Username,
    /// E-mail address.
    Email,
    /// Phone number, E.164.
    Phone,
}

impl Field {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Username => "username",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// The form in which equal values are equal: case and decoration do not matter.
    pub fn normalised(self, value: &str) -> String {
        match self {
            Self::Phone => value.chars().filter(char::is_ascii_digit).collect(),
            Self::Username => value.trim().trim_start_matches('@').to_lowercase(),
            Self::Name | Self::Email => value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
        }
    }

    /// Seals a value for a contact's row and gives its fingerprint.
    pub fn seal(self, vault: &OrgVault, contact: ContactId, value: &str) -> Result<(Vec<u8>, Vec<u8>), VaultError> {
        let sealed = vault.seal_text(&self.place(contact), value)?;
        Ok((sealed, self.index(vault, value)))
    }

    /// The fingerprint of a value.
    pub fn index(self, vault: &OrgVault, value: &str) -> Vec<u8> {
        vault.blind_index(self.word(), &self.normalised(value))
    }

    /// Opens a sealed value of a contact's row.
    pub fn open(self, vault: &OrgVault, contact: ContactId, sealed: Option<&[u8]>) -> Option<String> {
        // A value that does not open was erased with its key: the contact shows without it.
        vault.open_text(&self.place(contact), sealed?).ok()
    }

    fn place(self, contact: ContactId) -> String {
        format!("contacts/{contact}/{}", self.word())
    }
}

/// A contact's personal fields, opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name they show.
    pub name: Option<String>,
    /// Their handle.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_people_have_equal_fingerprints_whatever_the_spelling() {
        assert_eq!(Field::Phone.normalised("+1 (555) 010-0199"), "15550100199");
        assert_eq!(Field::Email.normalised(" Asha@Example.com "), "asha@example.com");
        assert_eq!(Field::Username.normalised("@Asha_P"), "asha_p");
    }
}
