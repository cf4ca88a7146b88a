#!/bin/sh
# Runs every bench of the release build, one after another, and prints `metric: value` lines.
set -eu
cd "$(dirname "$0")/.."

cargo build --quiet --locked --release -p recoup
for bench in ${BENCHES:-ingest pipeline queue dashboard}; do
    printf '\n# %s\n' "$bench"
    target/release/recoup bench "$bench"
done
