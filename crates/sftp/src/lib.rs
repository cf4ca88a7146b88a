//! Files over SFTP: fetched from a server, and dropped at one of our own.
//!
//! Rules a newcomer would break: a client checks the server's key against the one that was seen first; our own server gives
//! nothing back: who drops a file sees names and sizes, and nobody reads, changes or removes one.

pub mod client;
pub mod host;

use std::path::Path;

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey, PublicKey};

/// A server's or a person's key pair.
#[derive(Clone, Debug)]
pub struct KeyPair(PrivateKey);

impl KeyPair {
    /// From 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(PrivateKey::from(Ed25519Keypair::from_seed(seed)))
    }

    /// From the file, or made from the seed and written to it, for nobody but us.
    pub fn kept(path: &Path, seed: &[u8; 32]) -> anyhow::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self(PrivateKey::from_openssh(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made = Self::from_seed(seed);
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                write_private(path, &made.to_openssh()?)?;
                Ok(made)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// As OpenSSH writes private keys.
    pub fn to_openssh(&self) -> anyhow::Result<String> {
        Ok(self.0.to_openssh(LineEnding::LF)?.to_string())
    }

    /// The public half as one line, as in `authorized_keys`.
    pub fn public(&self) -> anyhow::Result<String> {
        Ok(self.0.public_key().to_openssh()?)
    }

    /// The fingerprint of the public half: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        self.0.public_key().fingerprint(HashAlg::Sha256).to_string()
    }
}

/// The fingerprint of a public key as `authorized_keys` has it; none when it cannot be read.
pub fn fingerprint_of(line: &str) -> Option<String> {
    Some(PublicKey::from_openssh(line.trim()).ok()?.fingerprint(HashAlg::Sha256).to_string())
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
