//! What a person sees and does in a real browser.

mod advice;
mod desk;
mod links;
mod money;
mod pages;
mod passkeys;
mod site;
mod table;

/// Where the evidence of a failure goes.
const EVIDENCE: &str = env!("CARGO_TARGET_TMPDIR");
