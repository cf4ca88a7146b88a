//! The page frame and its pieces, for templates that extend `shell/frame.html` and import `shell/ui.html`.
//!
//! A room's page template is a struct with a field `frame: Frame` (from `Allowed::frame`); its handler ends with
//! `shell::show(&page)`. Nothing inline: the content policy refuses inline scripts and style attributes.

mod error_page;
mod format;
mod frame;
mod theme;
mod toast;

use askama::Template;
use axum::response::Html;

pub(crate) use error_page::ErrorPage;
pub use format::{
    amount, bytes_size, clock_time, count, day, hue, initials, machine_time, marked, percent, url_encoded,
};
pub use frame::{Frame, NavLink, Person, Tab};
pub use theme::Theme;
pub use toast::Toast;

use crate::AppError;
use crate::error::Detail;

/// Renders a page or a fragment.
pub fn show(template: &impl Template) -> Result<Html<String>, AppError> {
    Ok(Html(template.render()?))
}

/// What is wrong with the fields of a form, for its template: `errors.on("email")`.
#[derive(Clone, Debug, Default)]
pub struct FieldErrors(Vec<Detail>);

impl FieldErrors {
    /// The complaint about a field; empty for none.
    pub fn on(&self, field: &str) -> &str {
        self.0.iter().find(|detail| detail.field == field).map_or("", |detail| &detail.reason)
    }

    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&AppError> for FieldErrors {
    fn from(error: &AppError) -> Self {
        Self(error.details().to_vec())
    }
}

impl From<Vec<Detail>> for FieldErrors {
    fn from(details: Vec<Detail>) -> Self {
        Self(details)
    }
}
