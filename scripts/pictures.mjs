// Photographs every page of a running Recoup: light and dark, 360 and 1440 pixels wide, into pictures/.
//
//   node scripts/pictures.mjs http://127.0.0.1:8080 EMAIL PASSWORD [FOLDER] [SITE_EMAIL]
//
// SITE_EMAIL is who signs in at the desk of the public site; without one its desk is left out.
//
// Speaks WebDriver to chromedriver itself, so that nothing has to be installed from a registry. Pages are found by following
// the navigation and the first entry of each list; what no list leads to is named or made. Exits 1 when a page logs an error or
// scrolls sideways.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";

const [base, email, password, folder = "pictures", siteEmail] = process.argv.slice(2);
if (!password) {
  console.error("usage: node scripts/pictures.mjs BASE_URL EMAIL PASSWORD [FOLDER] [SITE_EMAIL]");
  process.exit(2);
}

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const driver = spawn("chromedriver", [`--port=${port}`], { stdio: "ignore" });
const troubles = [];

// Pages that neither the navigation nor an entry of a list leads to.
const aside = [
  "/ingestion/connect/stripe",
  "/ingestion/connect/google_business",
  "/ingestion/connect/rest",
  "/ingestion/connect/webhook",
  "/ingestion/connect/drop",
  "/reports/briefing",
  "/reports/new",
  "/reports/schedules/new",
  "/revenue/scores/lead_leakage/rows",
  "/revenue/scores/revenue_at_risk/rows",
  "/revenue/scores/competitive_visibility/rows",
];

// The public site: its own pages, and the audit's, which are made.
const visits = [
  "/",
  "/solutions",
  "/solutions/dentists",
  "/case-studies",
  "/case-studies/northwind-missed-calls",
  "/pricing",
  "/about",
  "/privacy",
  "/terms",
  "/contact",
  "/contact/thanks",
  "/book",
  "/letters",
  "/audit",
  "/roi",
  "/blog",
  "/blog/left-alone",
  "/blog/author/ruth-castellane",
  "/about/nothing-of-the-kind",
];

try {
  await photographAll();
} finally {
  // It ends its browsers first, which a signal would leave behind.
  await fetch(`http://127.0.0.1:${port}/shutdown`).catch(() => driver.kill());
}
for (const trouble of troubles) console.error(trouble);
process.exit(troubles.length ? 1 : 0);

async function photographAll() {
  await mkdir(folder, { recursive: true });
  const made = await make();
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1440]) {
      const browser = await open(width, theme);
      await photograph(browser, "/sign-in", `sign-in-${theme}-${width}`);
      await signIn(browser, email);
      for (const path of await pages(browser, made)) {
        await photograph(browser, path, `${name(path)}-${theme}-${width}`);
      }
      await call("DELETE", browser);
      await photographSite(theme, width);
    }
  }
}

/** The public site as a stranger sees it, and its desk. */
async function photographSite(theme, width) {
  const visitor = await open(width, theme);
  const shown = (path, file) => photograph(visitor, path, `site-${file}-${theme}-${width}`, path === "/about/nothing-of-the-kind");
  for (const path of visits) await shown(path, path === "/" ? "home" : name(path));
  for (const [file, path] of Object.entries(await audit(visitor))) await shown(path, file);
  await call("DELETE", visitor);
  if (!siteEmail) return;
  const desk = await open(width, theme);
  await signIn(desk, siteEmail);
  const links = () => run(desk, `return [...document.querySelectorAll("main a[href^='/admin'], nav a[href^='/admin']")].map((a) => a.getAttribute("href"))`);
  const found = new Map([["admin", "/admin"]]);
  // One entry of each list stands for all.
  for (const [, path] of found) {
    await go(desk, path);
    for (const href of await links()) if (!/[?#.]/.test(href) && !found.has(name(href))) found.set(name(href), href);
  }
  for (const [file, path] of found) await photograph(desk, path, `${file}-${theme}-${width}`);
  await call("DELETE", desk);
}

/** Hands an audit in and begins another: the addresses of its pages and of the result, by what they are. */
function audit(browser) {
  return run(
    browser,
    `return (async () => {
       const post = (path, body, kind) => fetch(path, { method: "POST", body, headers: { "content-type": kind } });
       const answers = { industry: "dentist", companySize: "6_20", painPoints: ["missed_calls", "no_shows"], currentSystems: ["crm"], kpis: ["inquiries"] };
       const done = await (await post("/v2/audit/submit", JSON.stringify({ ...answers, answers: { volume: 320, answering: "noted" } }), "application/json")).json();
       const form = "application/x-www-form-urlencoded";
       const begun = new URL((await post("/audit/begin", "", form)).url).pathname.replace(/\\/1$/, "");
       const pages = ["q_industry=dentist&q_company_size=6_20&q_channels=phone", "q_systems=crm&q_answering=noted", "q_pains=missed_calls&q_booking=by_hand"];
       for (const [page, fields] of pages.entries()) await post(begun + "/" + (page + 1), fields + "&go=next", form);
       return { "audit-1": begun + "/1", "audit-2": begun + "/2", "audit-3": begun + "/3", "audit-4": begun + "/4", result: new URL(done.reportUrl).pathname };
     })();`,
  );
}

async function open(width, theme) {
  await answering();
  const { sessionId } = await call("POST", "/session", {
    capabilities: {
      alwaysMatch: {
        browserName: "chrome",
        "goog:loggingPrefs": { browser: "SEVERE" },
        "goog:chromeOptions": {
          args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1"],
        },
      },
    },
  });
  const browser = `/session/${sessionId}`;
  const send = (cmd, params) => call("POST", `${browser}/goog/cdp/execute`, { cmd, params });
  await send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }] });
  return browser;
}

async function signIn(browser, email) {
  await go(browser, "/sign-in");
  await run(
    browser,
    `const [email, password] = arguments;
     document.querySelector('input[name=email]').value = email;
     document.querySelector('input[name=password]').value = password;
     document.querySelector('input[name=password]').form.requestSubmit();`,
    [email, password],
  );
  for (let tries = 0; ; tries++) {
    if (!(await run(browser, "return location.pathname")).startsWith("/sign-in")) return;
    if (tries > 200) throw new Error("signing in did not leave the sign-in page");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Makes what a demo has none of: a file that waits for its answers, a report with a link, a conversation with the advisor, a result of the audit. */
async function make() {
  const browser = await open(1440, "light");
  await signIn(browser, email);
  await go(browser, "/ingestion");
  const paths = await run(
    browser,
    `const csrf = document.querySelector("[name=_csrf]").value, path = (answer) => new URL(answer.url).pathname;
     const send = async (to, fields) => {
       const answer = await fetch(to, { method: "POST", body: fields instanceof FormData ? fields : new URLSearchParams({ _csrf: csrf, ...fields }) });
       if (!answer.ok) throw new Error(to + " answers " + answer.status);
       return answer;
     };
     return (async () => {
       const table = "Nr;Date;Type;Amount;E-Mail\\n1;03.04.2026;Enquiry;;sam@example.com\\n2;04.04.2026;Sale;180,00;sam@example.com\\n";
       const upload = new FormData();
       upload.append("_csrf", csrf);
       upload.append("file", new File([table], "leads.csv", { type: "text/csv" }));
       const file = path(await send("/ingestion/files", upload));
       const report = path(await send("/reports/make", { kind: "performance", format: "pdf" }));
       for (let tries = 0; !(await (await fetch(report)).text()).includes('id="links"'); tries++) {
         if (tries > 200) throw new Error("the report is not made");
         await new Promise((done) => setTimeout(done, 50));
       }
       const links = await (await send(report + "/shares", { days: "7" })).text();
       const thread = path(await send("/advisor/ask", { thread: crypto.randomUUID(), question: "What is our revenue at risk, and why?" }));
       const answers = { industry: "dentist", companySize: "6_20", painPoints: ["missed_calls"], currentSystems: ["crm"], kpis: ["inquiries"], answers: { answering: "noted", booking: "by_hand" } };
       const done = await fetch("/v2/audit/submit", { method: "POST", body: JSON.stringify(answers), headers: { "content-type": "application/json" } });
       await send("/maturity", { auditId: (await done.json()).reportUrl });
       return [file, report, links.match(/\\/shared\\/[^<"\\s]+/)[0], thread];
     })();`,
  );
  await call("DELETE", browser);
  return paths;
}

/** Those that are given, the pages of the navigation, those their tabs lead to, and the first entry of each list. */
async function pages(browser, made) {
  const links = (selector) =>
    run(browser, `return [...document.querySelectorAll(arguments[0])].map((a) => a.getAttribute("href"))`, [selector]);
  const own = (href) => href && href.startsWith("/") && !href.startsWith("//") && !/sign-out|\.json|[?#]/.test(href);
  const found = new Set([...(await links("nav a[href]")).filter(own), ...aside, ...made]);
  // What a page adds is visited too.
  for (const path of found) {
    await go(browser, path);
    for (const href of (await links("nav a[href]")).filter(own)) found.add(href);
    const entries = (await links("main a[href]")).filter(own).filter((href) => href.startsWith(`${path}/`) && /_[0-9a-z]{26}$|\/(scores|plays)\//.test(href));
    // A list of connections and one of runs may stand on the same page.
    const lists = new Map(entries.reverse().map((href) => [href.slice(0, href.lastIndexOf("/")), href]));
    for (const entry of lists.values()) found.add(entry);
  }
  return [...found].sort();
}

async function photograph(browser, path, file, complains = false) {
  await go(browser, path);
  const wide = await run(browser, "return document.documentElement.scrollWidth - document.documentElement.clientWidth");
  if (wide > 0) troubles.push(`${file}: scrolls sideways by ${wide} px`);
  // Where nothing is, the browser says so itself.
  for (const { message } of await call("POST", `${browser}/se/log`, { type: "browser" })) if (!complains) troubles.push(`${file}: ${message}`);
  await writeFile(`${folder}/${file}.png`, Buffer.from(await call("GET", `${browser}/screenshot`), "base64"));
  console.log(`${folder}/${file}.png`);
}

async function go(browser, path) {
  await call("POST", `${browser}/url`, { url: new URL(path, base).href });
  await run(browser, "return document.fonts.ready.then(() => true)");
}

function run(browser, script, args = []) {
  return call("POST", `${browser}/execute/sync`, { script, args });
}

async function call(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (value?.error) throw new Error(`${path}: ${value.message}`);
  return value;
}

async function answering() {
  for (let tries = 0; ; tries++) {
    try {
      if ((await call("GET", "/status")).ready) return;
    } catch (error) {
      if (tries > 200) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** `/` is the command centre; an entry's own page drops its id. */
function name(path) {
  return path.replace(/_[0-9a-z]{26}/g, "").replace(/\/[0-9a-f-]{36}$/, "-one").replace(/^\/shared\/.*/, "/shared").replace(/^\/|\/$/g, "").replaceAll("/", "-") || "command-centre";
}
