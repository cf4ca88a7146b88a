//! What this process holds of the machine's memory.

use anyhow::Context;
use kernel::CanFail;

/// The most that it held, since its start or since [`forget_peak`].
pub fn peak_mb() -> anyhow::Result<u64> {
    of_status("VmHWM:")
}

/// What it holds now.
pub fn now_mb() -> anyhow::Result<u64> {
    of_status("VmRSS:")
}

/// Begins the peak anew, so that it is that of what follows.
pub fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5")
        .can_fail("beginning the peak of the memory anew; it is that of the whole run");
}

fn of_status(field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("a line of the status is missing")?;
    let kilobytes: u64 = line.split_whitespace().next().context("a number")?.parse()?;
    Ok(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_no_less_than_what_is_held() {
        assert!(now_mb().expect("a figure") > 0);
        assert!(peak_mb().expect("a figure") >= now_mb().expect("a figure") / 2);
    }
}
