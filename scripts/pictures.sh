#!/bin/sh
# Starts a demo of its own, photographs every page of it into pictures/, and stops it. PROFILE=debug takes the program that
# is not optimised, RECOUP=FILE one that is built already.
set -eu
cd "$(dirname "$0")/.."

profile=${PROFILE:-release}
case "${RECOUP:-}:$profile" in
:debug) cargo build --quiet --locked -p recoup ;;
:*) cargo build --quiet --locked --release -p recoup ;;
esac
home=$(mktemp -d)
chmod 755 "$home"
port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close() })')
base=http://127.0.0.1:$port
export RECOUP_DEMO_PASSWORD=pictures-of-the-demo
RECOUP__HTTP__BIND=127.0.0.1:$port RECOUP__DATA_DIR=$home "${RECOUP:-target/$profile/recoup}" demo >"$home/demo.log" 2>&1 &
demo=$!
trap 'kill $demo 2>/dev/null; wait $demo 2>/dev/null; rm -rf "$home"' EXIT INT TERM

# The demo prints its sign-in when it is ready.
until grep -q '@' "$home/demo.log"; do
    kill -0 $demo 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
    sleep 0.2
done
email=$(grep -o '[a-z.]*@[a-z.-]*' "$home/demo.log" | head -1)
site=$(grep -o '[a-z.]*@harbour[a-z.-]*' "$home/demo.log" | head -1)
node scripts/pictures.mjs "$base" "$email" "$RECOUP_DEMO_PASSWORD" pictures "$site"
