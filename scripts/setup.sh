#!/bin/sh
# Installs what is missing for `make run` (PostgreSQL 15+, a C compiler) and `make test` (also Redis, Chromium with its
# driver, Python's venv, Node with npm, xmlsec1, oathtool). On Debian and Ubuntu as root or with sudo; elsewhere it says what
# to install.
set -eu

purpose=${1:?run or test}
missing=

needs() { # package, then the command that succeeds when it is there
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

has() { command -v "$1"; }

has_any() { for name in "$@"; do has "$name" && return; done; return 1; }

has_postgresql() {
    for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin "$(pg_config --bindir 2>/dev/null)"; do
        [ -x "$bin/initdb" ] || continue
        major=$("$bin/postgres" --version | sed 's/.*(PostgreSQL) \([0-9]*\).*/\1/')
        [ "$major" -ge 15 ] && return
    done
    return 1
}

if ! has cargo >/dev/null; then
    echo "Rust is missing: install 1.94 or newer from https://rustup.rs" >&2
    exit 1
fi

needs gcc has_any cc gcc clang
needs postgresql has_postgresql
if [ "$purpose" = test ]; then
    needs redis-server has redis-server
    needs "chromium fonts-liberation" has_any chromium chromium-browser google-chrome
    needs chromium-driver has chromedriver
    needs nodejs has node
    needs npm has npm
    needs xmlsec1 has xmlsec1
    needs oathtool has oathtool
    needs python3-venv python3 -c 'import venv, ensurepip'
fi
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
if has apt-get >/dev/null && { [ -z "$as_root" ] || has sudo >/dev/null; }; then
    # Without a terminal there is nobody to type a password.
    if [ -n "$as_root" ] && [ ! -t 0 ]; then as_root="sudo -n"; fi
    echo "Installing:$missing"
    log=$(mktemp)
    if $as_root apt-get update >"$log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev $missing >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        tail -20 "$log" >&2
        rm -f "$log"
        echo "The installation failed. By hand: apt-get install$missing" >&2
        exit 1
    fi
    if ! has_postgresql; then
        echo "This distribution's PostgreSQL is older than 15: see https://www.postgresql.org/download/" >&2
        exit 1
    fi
    exit 0
fi

cat >&2 <<END
Missing:$missing

Install it and try again:
  Debian, Ubuntu (as root)   apt-get install$missing
  Fedora                     dnf install gcc postgresql-server$([ "$purpose" = test ] && echo " redis chromium chromedriver python3 nodejs npm xmlsec1 xmlsec1-openssl oathtool")
  macOS                      brew install postgresql@17$([ "$purpose" = test ] && echo " redis chromedriver python node libxmlsec1 oath-toolkit; brew install --cask chromium")
END
exit 1
