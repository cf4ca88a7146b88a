// The command palette: Ctrl/⌘ K, or any element with data-open="palette".
import { switchTheme } from "./theme.js";

const palette = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");

export function openPalette(text = "") {
  if (!palette || palette.open) return;
  palette.showModal();
  input.value = text;
  filter();
  input.focus();
}

const items = () => [...list.children];
const shown = () => items().filter((item) => !item.hidden);

function filter() {
  const words = input.value.trim().toLowerCase();
  for (const item of items()) {
    if (item.dataset.search) {
      item.hidden = words.length < 2;
      item.querySelector("q").textContent = input.value.trim();
    } else {
      const text = `${item.querySelector("span").textContent} ${item.dataset.words ?? ""}`.toLowerCase();
      item.hidden = !words.split(/\s+/).every((word) => text.includes(word));
    }
  }
  palette.querySelector(".palette-none").hidden = shown().length > 0;
  choose(shown()[0]);
}

function choose(item) {
  for (const other of items()) other.setAttribute("aria-selected", String(other === item));
  if (!item) return input.removeAttribute("aria-activedescendant");
  item.id ||= `palette-${items().indexOf(item)}`;
  input.setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = shown();
  const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
  choose(all[(at + by + all.length) % all.length]);
}

function run(item) {
  if (!item) return;
  palette.close();
  if (item.dataset.href) location.assign(item.dataset.href);
  else if (item.dataset.search) location.assign(item.dataset.search + encodeURIComponent(input.value.trim()));
  else if (item.dataset.action === "theme") switchTheme();
  else if (item.dataset.action === "keys") document.getElementById("keys")?.showModal();
  else item.dispatchEvent(new CustomEvent("command", { bubbles: true }));
}

if (palette) {
  input.addEventListener("input", filter);
  palette.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); move(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
    else if (event.key === "Enter") { event.preventDefault(); run(shown().find((item) => item.getAttribute("aria-selected") === "true")); }
  });
  list.addEventListener("click", (event) => run(event.target.closest(".palette-item")));
  list.addEventListener("pointermove", (event) => { const item = event.target.closest(".palette-item"); if (item) choose(item); });
}
