// The Advisor: a question is sent as the form it is, the answer is read as events and shown as it comes. Without events the
// form goes on by itself and the page comes back whole.
const form = () => document.querySelector("form[data-advisor]");
const body = () => document.getElementById("advisor-body");

function turn(kind) {
  const article = document.createElement("article");
  article.className = `advisor-turn ${kind}`;
  article.append(Object.assign(document.createElement("div"), { className: "advisor-text" }));
  body().append(article);
  return article;
}

// Paragraphs, and [n] as links once the rows are known.
function write(article, text, links = []) {
  const place = article.querySelector(".advisor-text");
  place.replaceChildren(...text.split("\n\n").filter((one) => one.trim()).map((one) => {
    const paragraph = document.createElement("p");
    paragraph.dir = "auto";
    for (const piece of one.split(/(\[\d{1,3}\])/)) {
      const href = /^\[\d+\]$/.test(piece) && links[Number(piece.slice(1, -1)) - 1];
      if (!href) { paragraph.append(piece); continue; }
      const link = Object.assign(document.createElement("a"), { className: "cite", href, textContent: piece.slice(1, -1) });
      link.setAttribute("aria-label", `Rows behind it, ${link.textContent}`);
      paragraph.append(link);
    }
    return paragraph;
  }));
}

function problem(article, words) {
  article.classList.remove("waiting");
  const place = Object.assign(document.createElement("p"), { className: "field-error", textContent: words });
  article.append(place);
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    kept += value;
    let end;
    while ((end = kept.indexOf("\n\n")) >= 0) {
      const lines = kept.slice(0, end).split("\n");
      kept = kept.slice(end + 2);
      const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
      const data = field("data").join("\n");
      if (data) yield { name: field("event")[0] ?? "message", data: JSON.parse(data) };
    }
  }
}

async function ask(asking) {
  const question = asking.elements.question.value.trim();
  if (!question || asking.dataset.busy) return;
  asking.dataset.busy = "true";
  document.querySelector("[data-advisor-start]")?.remove();
  body().querySelectorAll(".advisor-extras > .advisor-openers").forEach((one) => one.remove());
  write(turn("asked"), question);
  const article = turn("said waiting");
  body().scrollTop = body().scrollHeight;
  let said = "";
  try {
    const response = await fetch(asking.action, { method: "POST", headers: { Accept: "text/event-stream" }, body: new URLSearchParams(new FormData(asking)) });
    if (!response.ok || !response.headers.get("content-type")?.startsWith("text/event-stream")) throw new Error("The question was not taken; it is still in the field.");
    let over = false;
    for await (const { name, data } of events(response)) {
      if (name === "text") { said += data; write(article, said); }
      if (name === "withheld") { said = ""; write(article, ""); }
      if (name === "done") {
        over = true;
        write(article, said, data.links);
        article.insertAdjacentHTML("beforeend", data.html);
        window.htmx?.process(article);
        history.replaceState(null, "", data.href);
      }
      body().scrollTop = body().scrollHeight;
    }
    if (!over) throw new Error("The answer broke off; ask again.");
    asking.elements.question.value = "";
    article.classList.remove("waiting");
  } catch (error) {
    problem(article, error.message);
  } finally {
    delete asking.dataset.busy;
    asking.elements.question.focus();
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-advisor]")) return;
  event.preventDefault();
  ask(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("form[data-advisor] textarea")) return;
  event.preventDefault();
  ask(event.target.form);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-advisor-question]");
  if (!button || !form()) return;
  form().elements.question.value = button.textContent;
  ask(form());
});
