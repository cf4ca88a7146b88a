#!/bin/sh
# Measures the public site of a demo of its own with Lighthouse, as a phone sees it: home, audit, result, a post of the blog. Prints
# `metric: value` lines; fails where a category is not 100 or the largest paint takes a second. RECOUP=FILE takes a program that is
# built already.
set -eu
cd "$(dirname "$0")/.."

for needed in node npm; do
    command -v $needed >/dev/null || { echo "lighthouse: skipped, $needed is not installed (scripts/setup.sh test)"; exit 0; }
done
for name in chromium chromium-browser google-chrome; do
    CHROME_PATH=${CHROME_PATH:-$(command -v $name || true)}
done
[ -n "$CHROME_PATH" ] || { echo "lighthouse: skipped, Chromium is not installed (scripts/setup.sh test)"; exit 0; }
export CHROME_PATH

tools=target/tmp/lighthouse-bench
mkdir -p "$tools"
cp tests/lighthouse/package.json tests/lighthouse/package-lock.json tests/lighthouse/run.mjs "$tools"
if ! cmp -s "$tools/package-lock.json" "$tools/installed"; then
    (cd "$tools" && npm ci --no-audit --no-fund --ignore-scripts >/dev/null)
    cp "$tools/package-lock.json" "$tools/installed"
fi

[ -n "${RECOUP:-}" ] || cargo build --quiet --locked --release -p recoup
home=$(mktemp -d)
chmod 755 "$home"
port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close() })')
base=http://127.0.0.1:$port
RECOUP__HTTP__BIND=127.0.0.1:$port RECOUP__DATA_DIR=$home "${RECOUP:-target/release/recoup}" demo --people 20 --every 0 >"$home/demo.log" 2>&1 &
demo=$!
trap 'kill $demo 2>/dev/null; wait $demo 2>/dev/null; rm -rf "$home"' EXIT INT TERM

# The demo prints its sign-in, and the site's address with it, when it is ready.
until grep -q '@' "$home/demo.log"; do
    kill -0 $demo 2>/dev/null || { cat "$home/demo.log" >&2; exit 1; }
    sleep 0.2
done
addresses=$(node -e '
(async () => {
  const [base] = process.argv.slice(1), headers = { "content-type": "application/json" };
  const answers = { industry: "dentist", companySize: "6_20", painPoints: ["missed_calls"], currentSystems: ["crm"], kpis: ["inquiries"] };
  const audit = await fetch(`${base}/v2/audit/submit`, { method: "POST", headers, body: JSON.stringify(answers) });
  const result = new URL((await audit.json()).reportUrl).pathname;
  const post = (await (await fetch(`${base}/blog`)).text()).match(/href="(\/blog\/[a-z0-9-]+)"/)[1];
  for (const path of ["/", "/audit", result, post]) console.log(base + path);
})();' "$base")

status=0
# Addresses hold no blanks.
node "$tools/run.mjs" $addresses >"$home/measured" || status=$?
node -e '
const names = ["home", "audit", "result", "post"];
require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").filter(Boolean).forEach((line, number) => {
  const { address, lost, ...values } = JSON.parse(line);
  for (const [name, value] of Object.entries(values)) console.log(`lighthouse_${names[number]}_${name.replace("-", "_")}: ${value}`);
  for (const reason of lost) console.log(`# ${names[number]}: ${reason}`);
});' "$home/measured"
exit $status
