//! One file a command.

pub mod audit;
pub mod bench;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod key;
pub mod migrate;
pub mod models;
pub mod openapi;
pub mod org;
pub mod privacy;
pub mod rebuild;
pub mod replay;
pub mod serve;
pub mod sim;
pub mod up;
pub mod user;
pub mod vault;

/// An error of the web's edge, as the command line tells it.
#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn told(error: shell::AppError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
