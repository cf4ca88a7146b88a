#!/bin/sh
# Runs every bench of the release build, one after another, and prints `metric: value` lines under the machine they were
# measured on. Takes six to eight minutes.
set -eu
cd "$(dirname "$0")/.."

cargo build --quiet --locked --release -p recoup
printf '# machine\n'
printf 'cores: %s of %s\n' "$(nproc)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
printf 'memory: %s\n' "$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)"
printf 'load before: %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
printf 'commit: %s\n' "$(git rev-parse --short HEAD 2>/dev/null || echo none)"
for bench in ${BENCHES:-start ingest pipeline queue dashboard trust briefing revenue site lighthouse}; do
    printf '\n# %s\n' "$bench"
    case $bench in
    lighthouse) RECOUP=target/release/recoup scripts/lighthouse.sh ;;
    *) target/release/recoup bench "$bench" ;;
    esac
done
