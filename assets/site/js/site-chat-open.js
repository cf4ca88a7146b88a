// The button of the assistant: the conversation itself is loaded when somebody opens it, or comes back to one in this tab.

const button = document.querySelector("[data-chat]");
let opening;

function open(event) {
  event?.preventDefault();
  opening ??= import("./site-chat.js");
  opening.then((chat) => chat.open(button, Boolean(event))).catch(() => {
    // Without the script there is still the contact page.
    location.href = button.href;
  });
}

if (button) {
  button.setAttribute("role", "button");
  button.addEventListener("click", open);
  button.addEventListener("keydown", (event) => {
    if (event.key === " ") open(event);
  });
  try {
    if (sessionStorage.getItem("recoup.chat.open")) open();
  } catch {
    // Storage is off: a conversation lives as long as its page.
  }
}
