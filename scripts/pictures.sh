#!/bin/sh
# Starts a demo of its own, photographs every page of it into pictures/, and stops it.
set -eu
cd "$(dirname "$0")/.."

cargo build --quiet --locked --release -p recoup
home=$(mktemp -d)
chmod 755 "$home"
port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close() })')
base=http://127.0.0.1:$port
RECOUP__HTTP__BIND=127.0.0.1:$port RECOUP__DATA_DIR=$home target/release/recoup demo >"$home/demo.log" 2>&1 &
demo=$!
trap 'kill $demo 2>/dev/null; wait $demo 2>/dev/null; rm -rf "$home"' EXIT INT TERM

# The demo prints its sign-in when it is ready.
until grep -q '@' "$home/demo.log"; do
    kill -0 $demo 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
    sleep 0.2
done
email=$(grep -o '[a-z.]*@[a-z.-]*' "$home/demo.log" | head -1)
password=$(sed -n 's/.*[Pp]assword[^[:alnum:]]*\([^[:space:]]*\).*/\1/p' "$home/demo.log" | head -1)
node scripts/pictures.mjs "$base" "$email" "$password" pictures
