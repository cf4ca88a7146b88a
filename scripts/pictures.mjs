// Photographs every page of a running Recoup: light and dark, 360 and 1440 pixels wide, into pictures/.
//
//   node scripts/pictures.mjs http://127.0.0.1:8080 EMAIL PASSWORD [FOLDER]
//
// Speaks WebDriver to chromedriver itself, so that nothing has to be installed from a registry. Pages are found by following
// the navigation and the first entry of each list. Exits 1 when a page logs an error or scrolls sideways.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";

const [base, email, password, folder = "pictures"] = process.argv.slice(2);
if (!password) {
  console.error("usage: node scripts/pictures.mjs BASE_URL EMAIL PASSWORD [FOLDER]");
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
  for (const theme of ["light", "dark"]) {
    for (const width of [360, 1440]) {
      const browser = await open(width, theme);
      await photograph(browser, "/sign-in", `sign-in-${theme}-${width}`);
      await signIn(browser);
      for (const path of await pages(browser)) {
        await photograph(browser, path, `${name(path)}-${theme}-${width}`);
      }
      await call("DELETE", browser);
    }
  }
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

async function signIn(browser) {
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

/** The pages of the navigation, those their tabs lead to, and the first entry of each list. */
async function pages(browser) {
  const links = (selector) =>
    run(browser, `return [...document.querySelectorAll(arguments[0])].map((a) => a.getAttribute("href"))`, [selector]);
  const own = (href) => href && href.startsWith("/") && !href.startsWith("//") && !/sign-out|\.json|[?#]/.test(href);
  const found = new Set((await links("nav a[href]")).filter(own));
  // What a page adds is visited too.
  for (const path of found) {
    await go(browser, path);
    for (const href of (await links("nav a[href]")).filter(own)) found.add(href);
    const entry = (await links("main a[href]")).filter(own).find((href) => href.startsWith(`${path}/`) && /_[0-9a-z]{26}$|\/scores\//.test(href));
    if (entry) found.add(entry);
  }
  return [...found].sort();
}

async function photograph(browser, path, file) {
  await go(browser, path);
  const wide = await run(browser, "return document.documentElement.scrollWidth - document.documentElement.clientWidth");
  if (wide > 0) troubles.push(`${file}: scrolls sideways by ${wide} px`);
  for (const { message } of await call("POST", `${browser}/se/log`, { type: "browser" })) troubles.push(`${file}: ${message}`);
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
  return path.replace(/_[0-9a-z]{26}/g, "").replace(/^\/|\/$/g, "").replaceAll("/", "-") || "command-centre";
}
