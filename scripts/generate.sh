#!/bin/sh
# Writes docs/openapi.json and docs/cli.md from the program. Built as the tests are, so that nothing is compiled twice.
set -eu
cd "$(dirname "$0")/.."

cargo build --quiet --locked --workspace --bins --tests
recoup=target/debug/recoup

# The description needs a migrated database: a private one, made for this run.
unset DATABASE_URL REDIS_URL
home=$(mktemp -d)
chmod 755 "$home"
trap 'rm -rf "$home"' EXIT INT TERM
export RECOUP__DATA_DIR=$home RECOUP__LOG__FILTER=warn
"$recoup" openapi >docs/openapi.json

subcommands() { sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | grep -v '^help$' || true; }

describe() { # the words of one command, then its nested ones
    printf '\n## %s\n\n```\n' "recoup $*"
    "$recoup" "$@" --help
    printf '```\n'
    for nested in $("$recoup" "$@" --help | subcommands); do
        describe "$@" "$nested"
    done
}

{
    echo "# Command line"
    echo
    echo "Written by \`make generate\` from the program itself."
    printf '\n```\n'
    "$recoup" --help
    printf '```\n'
    for command in $("$recoup" --help | subcommands); do
        describe "$command"
    done
} >docs/cli.md
