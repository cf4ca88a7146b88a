// Keyboard: Ctrl/⌘ K, ?, Esc, sequences of the rail (data-keys="g i"), and the page's own single keys.
//
// A page names its keys on the elements they press: <button data-key="e" data-key-label="Close">. They are listed under ?
// and do nothing while somebody types. Lists with data-key-list move their current row with j and k.
import { openPalette } from "./palette.js";

const apple = /mac|iphone|ipad/i.test(navigator.platform);
for (const hint of document.querySelectorAll("[data-command-key]")) hint.textContent = apple ? "⌘ K" : "Ctrl K";

const dialog = document.getElementById("keys");
let pending = "";
let forget = 0;

const typing = (target) => target.closest("input, textarea, select, [contenteditable=true]") !== null;

function listPageKeys() {
  const section = dialog?.querySelector("[data-page-keys]");
  if (!section) return;
  const rows = [...document.querySelectorAll("[data-key][data-key-label]")].map((element) => [element.dataset.key, element.dataset.keyLabel]);
  if (document.querySelector("[data-key-list]")) rows.unshift(["j / k", "Next, previous"]);
  const list = section.querySelector("dl");
  list.replaceChildren(...[...new Map(rows)].map(([key, label]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    row.append(term, Object.assign(document.createElement("dd"), { textContent: label }));
    return row;
  }));
  section.hidden = rows.length === 0;
}

export function openKeys() {
  listPageKeys();
  if (dialog && !dialog.open) dialog.showModal();
}

function press(element) {
  if (element.matches("input, textarea, select")) element.focus();
  else element.click();
}

function moveInList(by) {
  const list = document.querySelector("[data-key-list]");
  if (!list) return false;
  const rows = [...list.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.getAttribute("aria-current") === "true" || row === document.activeElement);
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
  if (!next) return true;
  for (const row of rows) row.setAttribute("aria-current", String(row === next));
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  if (list.dataset.keyList === "open") next.click();
  return true;
}

function sequence(key) {
  clearTimeout(forget);
  const keys = pending ? `${pending} ${key}` : key;
  const link = document.querySelector(`[data-keys="${CSS.escape(keys).replaceAll("\\ ", " ")}"]`);
  pending = "";
  if (link) { link.click(); return true; }
  if ([...document.querySelectorAll("[data-keys]")].some((one) => one.dataset.keys.startsWith(`${keys} `))) {
    pending = keys;
    forget = setTimeout(() => { pending = ""; }, 900);
    return true;
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openPalette();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") { event.preventDefault(); return openKeys(); }
  if ((event.key === "j" || event.key === "k") && moveInList(event.key === "j" ? 1 : -1)) return event.preventDefault();
  if (event.key.length === 1 && sequence(event.key)) return event.preventDefault();
  const element = event.key.length === 1 && document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (element) { event.preventDefault(); press(element); }
  else if (event.key === "/") { event.preventDefault(); openPalette(); }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener?.dataset.open === "palette") openPalette();
  else if (opener?.dataset.open === "keys") openKeys();
  event.target.closest("[data-close]")?.closest("dialog")?.close();
  // A click beside a dialog closes it.
  if (event.target instanceof HTMLDialogElement) event.target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
