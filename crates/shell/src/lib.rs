//! The web frame rooms plug into: router, request context, errors, pages, assets, live updates, OpenAPI.
//!
//! A room makes a [`Room`] from its routers and gives it to [`assemble()`]. Handlers take [`Allowed`] for who and what
//! may, [`Json`], [`Query`], [`Path`], [`Form`] and [`Page`] for what comes in, and return `Result<_, AppError>`.
//! Templates extend `shell/frame.html` and import `shell/ui.html`. See the crate's README for a room in forty lines.

// Templates name the shell by its crate name, here and in the rooms.
extern crate self as shell;

mod app;
mod assemble;
pub mod assets;
pub mod auth;
pub mod chart;
pub mod csv;
mod edge;
mod error;
mod idempotency;
mod input;
mod limits;
mod live;
mod need;
mod openapi;
pub mod page;
mod styleguide;
#[cfg(feature = "testing")]
pub mod testing;

pub use app::{App, NavGroup, NavItem, Room, Search, Settings};
pub use assemble::{assemble, describe, public};
pub use assets::asset;
pub use auth::cookies::has_session;
pub use auth::{Allowed, Authenticator, Credential, MaybeSignedIn, Permission, Permissions, Plan, Principal, Role};
pub use edge::{NoAddress, RequestInfo, policy_with};
pub use error::{AppError, Detail, ErrorBody, ErrorOut, error_of};
pub use idempotency::{KeptAnswers, Sender, idempotency_key, once};
pub use input::{Form, Json, Listed, Page, PageParams, Patch, Path, Query, known_day};
pub use limits::{Limiter, Rate, neighbourhood};
pub use need::Need;
pub use page::{FieldErrors, Frame, Tab, Toast, show};
