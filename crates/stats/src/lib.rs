//! Statistics and anomaly detection as pure functions: no tenant, no clock, no hidden chance.
//!
//! Every function that draws takes a seed; every formula names its source. Money is given as floating numbers here because it is
//! estimated with; sums that must agree to the cent are made elsewhere, with integers.

pub mod backtest;
mod binomial;
mod bootstrap;
mod chance;
mod cuped;
pub mod detect;
mod difference;
pub mod experiment;
pub mod normal;
mod order;
mod power;
mod proportion;

pub use bootstrap::{bootstrap_difference_interval, bootstrap_mean_interval};
pub use chance::Chance;
pub use cuped::{Cuped, cuped, slope_within};
pub use difference::{difference, is_uneven, observations_needed};
pub use order::{median, quantile, quantile_of_sorted, robust_spread};
pub use power::{detectable_with, minimum_detectable_effect, power, power_with};
pub use proportion::{STRENGTH_UNKNOWN, fit_strength, shrink, wilson};
