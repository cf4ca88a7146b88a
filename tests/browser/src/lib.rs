//! A real Chromium over a running product: what a person at the desk sees, clicks and writes.
//!
//! A test runs inside [`watch`]: when it fails, for whatever reason, a screenshot and the page's console are kept and named
//! in the failure, and the browser is gone afterwards. Nothing here sleeps for a fixed time: everything waits for what it
//! wants to see. WebDriver is spoken by `wire`, because the kept crates for it change how the whole workspace is built: see
//! `docs/decisions/crates.md`.

mod axe;
mod browser;
mod driver;
mod fetched;
pub mod key;
mod look;
mod page;
mod wire;

pub use browser::{Browser, watch};
pub use fetched::Fetched;
pub use look::Look;
