// The audit's pages: "none of these" and the others take turns, what is wrong is read first, and the address of a result is copied.
// Without it everything works the same.

for (const none of document.querySelectorAll("input[data-none]")) {
  const others = [...none.closest("fieldset").querySelectorAll("input[type=checkbox]")].filter((input) => input !== none);
  none.addEventListener("change", () => {
    if (none.checked) for (const other of others) other.checked = false;
  });
  for (const other of others) {
    other.addEventListener("change", () => {
      if (other.checked) none.checked = false;
    });
  }
}

document.querySelector("#problems")?.focus();

for (const button of document.querySelectorAll("[data-copy]")) {
  const input = document.getElementById(button.dataset.copy);
  const said = input.closest(".field").querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Press Ctrl or ⌘ and C to copy it.";
    }
  });
}
