// A conversation with the site's assistant. Nothing is sent before the visitor agrees; the key to the conversation stays in this tab.
// Answers come as server-sent events over fetch, because the key travels in a header and never in an address.

const API = "/v2/site/chat";
const KEY = "recoup.chat";
const OPEN = "recoup.chat.open";

let panel, button, token, state = "assistant", busy = false, last = null, listening = null;
const shown = new Map();
const part = (name) => panel.querySelector(`[data-${name}]`);

const keep = (key, value) => {
  try {
    value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value);
  } catch {
    // Storage is off: the conversation lives as long as this page.
  }
};
const kept = (key) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};

// `asked`: somebody pressed the button; otherwise the tab goes on where it was, and the page keeps the focus.
export async function open(from, asked) {
  button = from;
  if (panel && !panel.hidden) return close();
  if (!panel) {
    const response = await fetch(button.dataset.chat, { credentials: "omit" });
    if (!response.ok) throw new Error("no panel");
    const holder = document.createElement("template");
    holder.innerHTML = await response.text();
    document.body.append(holder.content);
    panel = document.querySelector(".chat");
    part("close").addEventListener("click", close);
    part("begin").addEventListener("click", begin);
    part("again").addEventListener("click", again);
    part("say").addEventListener("submit", write);
    part("person").addEventListener("submit", person);
    part("choices").addEventListener("submit", chooseMany);
    panel.addEventListener("keydown", keys);
    token = kept(KEY);
    if (token) await resume();
  }
  panel.hidden = false;
  button.setAttribute("aria-expanded", "true");
  keep(OPEN, "1");
  if (asked) (token ? panel.querySelector("#chat-text") : part("begin")).focus();
  if (state === "people") listen();
}

function close() {
  panel.hidden = true;
  button.setAttribute("aria-expanded", "false");
  keep(OPEN, null);
  listening?.abort();
  button.focus();
}

function keys(event) {
  if (event.key === "Escape") close();
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.id === "chat-text") {
    event.preventDefault();
    part("say").requestSubmit();
  }
}

const call = (path, method, body, signal) =>
  fetch(API + path, {
    method,
    signal,
    credentials: "omit",
    headers: { ...(body && { "content-type": "application/json" }), ...(token && { "x-chat-token": token }) },
    body: body && JSON.stringify(body),
  });

// What the server says went wrong, in words.
async function reason(response) {
  const told = (await response.json().catch(() => null))?.error;
  const details = told?.details?.map((one) => `${one.field} ${one.reason}`).join("; ");
  if (response.status === 429) return "That was a lot at once. Please wait a little; nothing was lost.";
  return details || told?.message || "Something went wrong. Please try once more.";
}

async function begin() {
  part("begin").disabled = true;
  try {
    const response = await call("", "POST", { agreed: true });
    if (!response.ok) throw new Error(await reason(response));
    const chat = await response.json();
    token = chat.token;
    keep(KEY, token);
    talk(chat);
    panel.querySelector("#chat-text").focus();
  } catch (error) {
    say(error.message || "No connection. Please try once more.");
    part("talk").hidden = false;
  } finally {
    part("begin").disabled = false;
  }
}

async function resume() {
  const response = await call("", "GET").catch(() => null);
  if (response?.ok) return talk(await response.json());
  if (response?.status === 404) {
    token = null;
    keep(KEY, null);
  }
}

// Leaves a conversation for a new one; what was said stays with whoever answers.
function again() {
  if (busy) return;
  listening?.abort();
  token = last = null;
  keep(KEY, null);
  state = "assistant";
  shown.clear();
  part("lines").replaceChildren();
  part("choices").hidden = part("person").hidden = true;
  say("");
  part("who").textContent = "Assistant, a program";
  part("talk").hidden = part("again").hidden = true;
  part("agree").hidden = false;
  part("begin").focus();
}

function talk(chat) {
  part("agree").hidden = true;
  part("talk").hidden = part("again").hidden = false;
  set(chat.state);
  chat.messages.forEach(show);
}

function set(now) {
  state = now;
  part("who").textContent = state === "people" ? "People" : "Assistant, a program";
  if (state === "people") {
    part("choices").hidden = true;
    part("person").hidden = true;
    listen();
  }
}

const say = (text) => (part("state").textContent = text);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function line(id, author) {
  let item = shown.get(id);
  if (!item) {
    item = element("div", `chat-line ${author}`);
    item.append(element("span", "visually-hidden", { visitor: "You: ", person: "A person: " }[author] ?? "Assistant: "));
    item.append(element("p", "chat-text"));
    shown.set(id, item);
    part("lines").append(item);
  }
  return item;
}

const toEnd = () => part("lines").scrollTo(0, part("lines").scrollHeight);

// Writes a message, or brings what is there up to date; everything of it is text.
function show(message) {
  const { id, author, text, at, data } = message;
  const known = shown.get(id)?.dataset.whole;
  const item = line(id, author);
  if (!last || at > last) last = at;
  if (known) return;
  item.dataset.whole = "1";
  // Words that came in pieces stand: written again they would be read out again.
  const words = item.querySelector(".chat-text");
  if (words.textContent !== text) words.textContent = text;
  if (data?.byModel) item.append(element("p", "chat-note", "Worded by a model from the pages below."));
  for (const quote of data?.quotes ?? []) item.append(link(`From: ${quote.title}`, quote.href, "chat-source"));
  for (const one of data?.links ?? []) item.append(link(one.label, one.href, "button quiet"));
  if (author === "assistant") offer(data ?? {});
  toEnd();
}

function link(label, href, className) {
  const made = element("a", className, label);
  // Paths of this site and nothing else.
  made.href = href.startsWith("/") && !href.startsWith("//") ? href : "/";
  return made;
}

function offer({ choices = [], many = false, progress, personForm = false }) {
  const form = part("choices");
  form.replaceChildren();
  form.hidden = choices.length === 0 || state === "people";
  part("person").hidden = !personForm || state === "people";
  if (progress) form.append(element("p", "chat-progress", `Question ${progress.done + 1} of ${progress.of}`));
  const pressed = (choice) => many && choice.id.startsWith("a:");
  for (const choice of choices) {
    if (pressed(choice)) {
      const label = element("label", "chat-check");
      const box = element("input");
      box.type = "checkbox";
      box.name = "choice";
      box.value = choice.id;
      label.append(box, element("span", "", choice.label));
      form.append(label);
    } else {
      const press = element("button", choice.id.includes(":") ? "chat-choice" : "chat-choice plain", choice.label);
      press.type = "button";
      press.addEventListener("click", () => send({ choices: [choice.id] }));
      form.append(press);
    }
  }
  if (choices.some(pressed)) {
    const done = element("button", "button chat-done", "Go on");
    done.type = "submit";
    form.insertBefore(done, form.querySelector(".plain"));
  }
}

function chooseMany(event) {
  event.preventDefault();
  const choices = [...part("choices").querySelectorAll("input:checked")].map((box) => box.value);
  if (choices.length) send({ choices });
  else say("Choose at least one, or write your own answer.");
}

function write(event) {
  event.preventDefault();
  const field = panel.querySelector("#chat-text");
  const text = field.value.trim();
  if (text) send({ text }, field);
}

async function send(what, field) {
  if (busy) return;
  busy = true;
  panel.setAttribute("aria-busy", "true");
  say(state === "people" ? "" : "…");
  let heard = false, over = false;
  try {
    const response = await call("/messages", "POST", what);
    if (!response.ok) throw new Error(await reason(response));
    // It is kept now: the field may go.
    heard = true;
    if (field) field.value = "";
    say(state === "people" ? "" : "Looking …");
    let failed = "";
    await read(response, (event, data) => {
      if (event === "message") show(data);
      if (event === "piece") piece(data);
      if (event === "done") set(data.state);
      if (event === "failed") failed = data.message;
      over ||= event === "done" || event === "failed";
    });
    if (!over) throw new TypeError("cut off");
    say(failed);
  } catch (error) {
    const lost = heard ? "The connection broke off. What was said is kept." : "No connection. What you wrote is still here; please try once more.";
    say(error instanceof TypeError ? lost : error.message);
  } finally {
    unfinished();
    // What was kept of an answer that broke off on its way is fetched.
    if (heard && !over) await resume();
    busy = false;
    panel.removeAttribute("aria-busy");
    if (!panel.hidden && field) field.focus();
  }
}

// More of an answer that comes: added behind what stands, so that it alone is read out.
function piece({ id, text }) {
  say("");
  line(id, "assistant").querySelector(".chat-text").append(text);
  toEnd();
}

// Takes away what was begun and never kept: on a failure nothing stands that is not in the conversation.
function unfinished() {
  for (const [id, item] of shown) {
    if (item.dataset.whole) continue;
    item.remove();
    shown.delete(id);
  }
}

async function person(event) {
  event.preventDefault();
  const form = part("person"), error = part("person-error"), press = form.querySelector("button");
  press.disabled = true;
  error.hidden = true;
  try {
    const response = await call("/person", "POST", Object.fromEntries(new FormData(form)));
    if (!response.ok) throw new Error(await reason(response));
    const chat = await response.json();
    set(chat.state);
    chat.messages.forEach(show);
    panel.querySelector("#chat-text").focus();
  } catch (problem) {
    error.textContent = problem instanceof TypeError ? "No connection. Please try once more." : problem.message;
    error.hidden = false;
  } finally {
    press.disabled = false;
  }
}

// Hears what people answer while the panel is open; the server closes the line now and then, and it is opened again.
async function listen() {
  if (listening && !listening.signal.aborted) return;
  const mine = (listening = new AbortController());
  let wait = 500;
  while (!mine.signal.aborted && state === "people" && !panel.hidden) {
    try {
      const since = last ? `?since=${encodeURIComponent(last)}` : "";
      const response = await call(`/stream${since}`, "GET", undefined, mine.signal);
      if (response.status === 404) break;
      if (!response.ok) throw new Error("later");
      wait = 500;
      await read(response, (event, data) => event === "message" && show(data));
    } catch {
      if (mine.signal.aborted) break;
      wait = Math.min(wait * 2, 30000);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  mine.abort();
}

// The events of a response, in order.
async function read(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const block = rest.slice(0, end);
      rest = rest.slice(end + 2);
      let event = "message", data = "";
      for (const row of block.split("\n")) {
        if (row.startsWith("event:")) event = row.slice(6).trim();
        if (row.startsWith("data:")) data += row.slice(5).trimStart();
      }
      if (data) take(event, JSON.parse(data));
    }
  }
}
