// Stands in the head of every public page and runs before anything of it is shown: the colours somebody chose, without a flash of the
// others. All other scripts are loaded once the page has been seen, so that no phone waits for them.
{
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem("theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {
    // Storage is off: the system chooses.
  }
  let begun = false;
  const load = () => {
    if (begun) return;
    begun = true;
    const modules = [...document.querySelectorAll('meta[name="module"]')].map((meta) => import(meta.content));
    Promise.allSettled(modules).then(() => root.setAttribute("data-scripts", ""));
  };
  const whole = () => (document.readyState === "loading" ? addEventListener("DOMContentLoaded", load, { once: true }) : load());
  try {
    new PerformanceObserver((list, observer) => {
      observer.disconnect();
      whole();
    }).observe({ type: "paint", buffered: true });
  } catch {
    whole();
  }
  // A tab in the background shows nothing yet; who is quick does not wait.
  addEventListener("load", () => setTimeout(load, 2000), { once: true });
  addEventListener("pointerdown", whole, { once: true, capture: true });
  addEventListener("keydown", whole, { once: true, capture: true });
}
