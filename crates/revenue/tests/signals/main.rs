//! Signals through the whole router and the followers: told, corrected, folded, scored; made anew; forgotten.

mod api;
mod benchmarks;
mod forgetting;
mod ledger;
mod measured;
mod ninety_days;
mod streams;
mod support;
