#!/bin/sh
# What must hold before a change is shared: quick checks first.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$1"; }

step "format"
cargo fmt --all --check

step "arrows, licences, bans, unused dependencies, budgets, documents"
cargo test --quiet -p house

if command -v cargo-deny >/dev/null; then
    step "advisories"
    cargo deny check advisories
fi

step "lints"
cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

step "documentation"
# Private items are documented too, so links to them lead somewhere.
RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --quiet --locked --workspace --no-deps --document-private-items

step "generated files are fresh"
scripts/generate.sh
if ! git diff --exit-code --stat -- docs/openapi.json docs/cli.md; then
    echo "Generated files changed: look at them and commit them." >&2
    exit 1
fi
echo "All checks passed."
