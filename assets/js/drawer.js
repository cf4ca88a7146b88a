// The right drawer: a link with hx-target="#drawer" fills it, Esc or its own button closes it. Never a modal.
const drawer = document.getElementById("drawer");
let opener = null;

function close() {
  drawer.replaceChildren();
  drawer.classList.remove("open");
  opener?.focus();
  opener = null;
}

if (drawer) {
  const settle = () => drawer.classList.toggle("open", drawer.childElementCount > 0);
  settle();
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === drawer) opener = event.detail.elt;
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== drawer) return;
    settle();
    if (drawer.classList.contains("open")) drawer.focus({ preventScroll: true });
  });
  // A form that is done in the drawer and shows its result elsewhere.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches("[data-then-close-drawer]")) close();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-close-drawer]")) close(); });
  document.addEventListener("keydown", (event) => {
    const busy = document.querySelector("dialog[open]") || event.target.closest("input, textarea, select");
    if (event.key === "Escape" && !busy && drawer.classList.contains("open")) close();
  });
}
