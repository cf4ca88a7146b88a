//! Pictures for the web, from bytes that strangers could have made.
//!
//! Rules: what a file is, its content says and never its name; sizes are known before anything is decoded; nothing of an upload is
//! passed on, every file that leaves here was written here. Functions are pure: the same bytes give the same files.

mod card;
mod letters;
mod read;
mod write;

pub use card::share_card;
pub use read::{LARGEST_UPLOAD, Refusal};
pub use write::{Format, Made, Picture, WIDTHS, prepare};
