//! What a person sees and does in a real browser.

mod desk;
mod pages;
mod passkeys;

/// Where the evidence of a failure goes.
const EVIDENCE: &str = env!("CARGO_TARGET_TMPDIR");
