// Measures pages with Lighthouse as a phone sees them. Prints one JSON line a page; exits 1 where a category is not 100 or the largest
// paint is not within a second.
//
//   node run.mjs http://127.0.0.1:8080/ http://127.0.0.1:8080/audit …
//
// CHROME_PATH names the browser where it is not found by itself. FOLDER, where given, takes the reports as pages.
import { writeFile } from "node:fs/promises";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

/** The best of so many counts: what a busy machine adds is not the page's. */
const TRIES = 3;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
/** Milliseconds. */
const LARGEST_PAINT = 1000;

const { FOLDER: folder } = process.env;
const addresses = process.argv.slice(2);
if (!addresses.length) {
  console.error("usage: node run.mjs ADDRESS…");
  process.exit(2);
}

const chrome = await launch({
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--disable-background-networking"],
});
let missed = false;
try {
  for (const address of addresses) {
    let best = null;
    for (let tries = 0; tries < TRIES && !(best && holds(best)); tries++) {
      const measured = await measure(address);
      if (!best || sum(measured) > sum(best)) best = measured;
    }
    missed ||= !holds(best);
    console.log(JSON.stringify(best));
  }
} finally {
  await chrome.kill();
}
process.exit(missed ? 1 : 0);

async function measure(address) {
  const options = { port: chrome.port, onlyCategories: CATEGORIES, output: "html", logLevel: "error" };
  const { lhr, report } = await lighthouse(address, options);
  if (lhr.runtimeError) throw new Error(`${address}: ${lhr.runtimeError.message}`);
  const scores = Object.fromEntries(CATEGORIES.map((name) => [name, Math.round((lhr.categories[name].score ?? 0) * 100)]));
  const value = (audit) => Math.round(lhr.audits[audit]?.numericValue ?? 0);
  // What kept a category from 100, with its first places.
  const lost = CATEGORIES.flatMap((name) => lhr.categories[name].auditRefs)
    .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 1)
    .map(({ id }) => {
      const places = (lhr.audits[id].details?.items ?? []).slice(0, 3).map((item) => item.node?.snippet ?? item.url ?? item.description ?? "");
      return `${id}: ${lhr.audits[id].displayValue ?? lhr.audits[id].title} ${places.join(" ")}`.trim();
    });
  if (folder) await writeFile(`${folder}/lighthouse-${new URL(address).pathname.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "home"}.html`, report);
  return {
    address,
    ...scores,
    largest_paint_ms: value("largest-contentful-paint"),
    first_byte_ms: value("server-response-time"),
    layout_shift: Number((lhr.audits["cumulative-layout-shift"]?.numericValue ?? 0).toFixed(4)),
    blocking_ms: value("total-blocking-time"),
    bytes: value("total-byte-weight"),
    lost,
  };
}

function holds(page) {
  return CATEGORIES.every((name) => page[name] === 100) && page.largest_paint_ms < LARGEST_PAINT;
}

function sum(page) {
  return CATEGORIES.reduce((all, name) => all + page[name], 0) - page.largest_paint_ms / 1e6;
}
