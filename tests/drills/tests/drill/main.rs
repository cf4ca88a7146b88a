//! Drills: what must hold while things go wrong. `RECOUP_DRILL=full` runs them in their full size.

mod crash;
mod takeover;

/// Whether the full size was asked for.
fn is_full() -> bool {
    std::env::var("RECOUP_DRILL").is_ok_and(|size| size == "full")
}
