//! The pages of the scores, analytics and the command centre through the whole router.

mod analytics;
mod centre;
mod pages;
mod support;
