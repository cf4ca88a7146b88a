#!/bin/sh
# Runs every test and leaves nothing running. What they print is also in target/test.log.
set -eu
cd "$(dirname "$0")/.."
mkdir -p target

run() {
    if command -v cargo-nextest >/dev/null; then
        cargo nextest run --locked --workspace ${CI:+--profile ci}
    else
        echo "cargo-nextest is not installed: cargo test does the same, slower (cargo install --locked cargo-nextest)"
        cargo test --locked --workspace --no-fail-fast
    fi
}

# A pipe has the exit status of its last part: the first part's goes through a file.
{ run 2>&1 && echo 0 >target/test.status || echo 1 >target/test.status; } | tee target/test.log

# The shared test cluster stays up between test processes. The last one out stops it: the lock is free when nobody uses it.
home=target/tmp/postgres
if [ -f "$home/data/postmaster.pid" ] && command -v flock >/dev/null; then
    flock --nonblock --exclusive "$home/users.lock" kill -INT "$(head -1 "$home/data/postmaster.pid")" || true
fi
exit "$(cat target/test.status)"
