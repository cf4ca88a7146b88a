#!/bin/sh
# Runs every test and leaves nothing running. The last line is the summary.
set -eu
cd "$(dirname "$0")/.."

status=0
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --locked --workspace ${CI:+--profile ci} || status=$?
else
    echo "cargo-nextest is not installed: cargo test does the same, slower (cargo install --locked cargo-nextest)"
    cargo test --locked --workspace --no-fail-fast || status=$?
fi

# The shared test cluster stays up between test processes. The last one out stops it: the lock is free when nobody uses it.
home=target/tmp/postgres
if [ -f "$home/data/postmaster.pid" ] && command -v flock >/dev/null; then
    flock --nonblock --exclusive "$home/users.lock" kill -INT "$(head -1 "$home/data/postmaster.pid")" || true
fi
exit "$status"
