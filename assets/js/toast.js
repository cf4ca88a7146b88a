// Short messages after an action, with an undo. The server sends them in HX-Trigger (see page/toast.rs).
const box = document.getElementById("toasts");

export function toast({ tone = "done", text, undo }) {
  if (!box) return;
  const element = document.createElement("div");
  element.className = `toast ${tone}`;
  element.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (undo) element.append(undoButton(undo, element));
  const close = Object.assign(document.createElement("button"), { type: "button", className: "toast-close", textContent: "×" });
  close.setAttribute("aria-label", "Dismiss");
  close.addEventListener("click", () => leave(element));
  element.append(close);
  box.append(element);
  while (box.children.length > 4) box.firstElementChild.remove();
  stay(element, undo ? 9000 : tone === "problem" ? 8000 : 4500);
}

function undoButton(undo, element) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "toast-undo", textContent: "Undo" });
  button.addEventListener("click", () => {
    button.disabled = true;
    htmx.ajax(undo.method, undo.href, { target: "body", swap: "none" }).then(() => leave(element));
  });
  return button;
}

// A toast stays while it is looked at.
function stay(element, time) {
  let timer = setTimeout(() => leave(element), time);
  const hold = () => clearTimeout(timer);
  const go = () => { timer = setTimeout(() => leave(element), 2500); };
  element.addEventListener("pointerenter", hold);
  element.addEventListener("pointerleave", go);
  element.addEventListener("focusin", hold);
  element.addEventListener("focusout", go);
}

function leave(element) {
  element.classList.add("leaving");
  setTimeout(() => element.remove(), 180);
}

// One that a redirect carried over.
const carried = document.cookie.split("; ").find((pair) => pair.startsWith("toast="))?.slice(6);
if (carried) {
  document.cookie = "toast=; Path=/; Max-Age=0";
  try { toast(JSON.parse(decodeURIComponent(carried))); } catch { /* not ours */ }
}

document.body.addEventListener("toast", (event) => toast(event.detail));
document.body.addEventListener("htmx:sendError", () =>
  toast({ tone: "problem", text: "No connection to the server. Nothing was changed; try again." }));
document.body.addEventListener("htmx:responseError", (event) => {
  // The server sends its own words with most errors.
  if (!event.detail.xhr.getResponseHeader("HX-Trigger") && event.detail.xhr.status !== 401) {
    toast({ tone: "problem", text: "That did not work. Nothing was changed; try again." });
  }
});
